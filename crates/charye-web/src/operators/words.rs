//! Room: web/operators. The last automatic decision in words: what was done, what kept it from more, and why the rate is what
//! it is. Numbers come from the domain's explanation; nothing here reckons.

use charye_domain::waiting_room::admission::{Explanation, Limit, PauseReason, RateReason};

use crate::locale::{Language, Value};

/// Three sentences.
pub(super) fn decision_words(explanation: &Explanation, language: Language) -> String {
    let say = |key: &str, values: &[(&'static str, Value<'_>)]| language.text_with(key, values).into_owned();
    let count = |number: u32| Value::Number(i64::from(number));
    let whole = |number: f64| Value::Number(number.round() as i64);

    let calls = explanation.calls;
    let done = match calls.total() {
        0 => say("decision-none", &[]),
        total => say(
            "decision-called",
            &[("total", count(total)), ("overtaken", count(calls.overtaken)), ("returners", count(calls.returners))],
        ),
    };
    let limit = match explanation.limit {
        Limit::Paused(PauseReason::Operator) => say("decision-paused-operator", &[]),
        Limit::Paused(PauseReason::NothingLeft) => say("decision-paused-nothing-left", &[]),
        Limit::Paused(PauseReason::GateInTrouble) => say("decision-paused-gate", &[]),
        Limit::NobodyWaits => say("decision-nobody-waits", &[]),
        Limit::Seats => {
            say("decision-seats", &[("free", count(explanation.seats_free)), ("kept", count(explanation.seats_kept))])
        }
        Limit::Rate => say("decision-rate", &[("show_up", whole(explanation.show_up * 100.0))]),
    };
    let per_min = ("per_min", whole(explanation.rate_per_min));
    let rate = match explanation.rate_reason {
        RateReason::NotMeasured => say("decision-rate-not-measured", &[per_min]),
        RateReason::Falling { commit_ms_p99, queued_ms_p99 } => say(
            "decision-rate-falling",
            &[per_min, ("commit_ms", count(commit_ms_p99)), ("queued_ms", count(queued_ms_p99))],
        ),
        RateReason::Steady => say("decision-rate-steady", &[per_min]),
        RateReason::Rising => say("decision-rate-rising", &[per_min]),
        RateReason::AtHighest => say("decision-rate-highest", &[per_min]),
    };
    format!("{done} {limit} {rate}")
}

#[cfg(test)]
mod tests {
    use charye_domain::time::UnixMillis;
    use charye_domain::waiting_room::admission::Calls;

    use super::*;

    #[test]
    fn every_decision_has_words_in_both_languages() {
        let limits = [
            Limit::Paused(PauseReason::Operator),
            Limit::Paused(PauseReason::NothingLeft),
            Limit::Paused(PauseReason::GateInTrouble),
            Limit::NobodyWaits,
            Limit::Seats,
            Limit::Rate,
        ];
        let reasons = [
            RateReason::NotMeasured,
            RateReason::Falling { commit_ms_p99: 71, queued_ms_p99: 5 },
            RateReason::Steady,
            RateReason::Rising,
            RateReason::AtHighest,
        ];
        for language in Language::ALL {
            for limit in limits {
                for rate_reason in reasons {
                    for line in [0, 4] {
                        let explanation = Explanation {
                            at: UnixMillis(0),
                            calls: Calls { overtaken: 0, returners: 1.min(line), line },
                            limit,
                            rate_per_min: 1_234.4,
                            rate_reason,
                            show_up: 0.62,
                            seats_free: 9,
                            seats_kept: 2,
                            waiting: 100,
                            returners_waiting: 3,
                        };
                        let words = decision_words(&explanation, language);
                        assert!(!words.contains('[') && !words.contains('{'), "{words}");
                        assert!(words.contains("1,234"), "{words}");
                    }
                }
            }
        }
    }
}
