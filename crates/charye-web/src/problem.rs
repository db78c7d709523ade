//! Room: web. The one place where failures become HTTP: a status, an RFC 9457 problem for the API, words for a page.
//!
//! Every code stands once in [`KINDS`]; titles and advice stand in the translations as `problem-CODE-title` and
//! `problem-CODE-advice`. Must never show a cause, a name or a path of ours.

use std::borrow::Cow;
use std::time::Duration;

use charye_domain::book::Rejection;
use charye_domain::eligibility::Ineligible;
use charye_domain::ids::OperationKey;
use charye_domain::time::UnixMillis;
use charye_engine::failure::Failure;
use charye_engine::ports::Random;
use serde_json::{Map, json};

use crate::gate::Refusal;
use crate::locale::Language;

/// A kind of problem: its stable code and its status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProblemKind {
    pub code: &'static str,
    pub status: u16,
}

/// Every problem there is, in the order of the reference page.
pub const KINDS: &[ProblemKind] = &[
    // The request itself.
    ProblemKind { code: "not_found", status: 404 },
    ProblemKind { code: "method_not_allowed", status: 405 },
    ProblemKind { code: "request_malformed", status: 400 },
    ProblemKind { code: "request_invalid", status: 422 },
    ProblemKind { code: "request_too_large", status: 413 },
    ProblemKind { code: "request_too_slow", status: 408 },
    ProblemKind { code: "media_type_unsupported", status: 415 },
    ProblemKind { code: "idempotency_key_missing", status: 400 },
    ProblemKind { code: "form_stale", status: 403 },
    ProblemKind { code: "other_site", status: 403 },
    // The gate.
    ProblemKind { code: "sign_in_first", status: 401 },
    ProblemKind { code: "identity_not_accepted", status: 403 },
    ProblemKind { code: "identity_too_weak", status: 403 },
    ProblemKind { code: "wait_first", status: 403 },
    ProblemKind { code: "operators_only", status: 401 },
    ProblemKind { code: "agents_only", status: 401 },
    ProblemKind { code: "acting_for_another", status: 409 },
    ProblemKind { code: "caller_not_found", status: 404 },
    ProblemKind { code: "child_not_found", status: 404 },
    // Identity providers.
    ProblemKind { code: "unknown_provider", status: 404 },
    ProblemKind { code: "not_for_campaign", status: 422 },
    ProblemKind { code: "not_begun_here", status: 422 },
    ProblemKind { code: "sign_in_expired", status: 422 },
    ProblemKind { code: "other_provider", status: 422 },
    ProblemKind { code: "state_mismatch", status: 422 },
    ProblemKind { code: "already_used", status: 422 },
    ProblemKind { code: "parameter_missing", status: 422 },
    ProblemKind { code: "parameter_doubled", status: 422 },
    ProblemKind { code: "parameter_unfit", status: 422 },
    ProblemKind { code: "cancelled", status: 422 },
    ProblemKind { code: "issuer_mismatch", status: 422 },
    ProblemKind { code: "code_refused", status: 422 },
    ProblemKind { code: "nonce_mismatch", status: 422 },
    ProblemKind { code: "forged", status: 422 },
    ProblemKind { code: "detail_missing", status: 422 },
    ProblemKind { code: "nobody_found", status: 422 },
    ProblemKind { code: "too_often", status: 429 },
    ProblemKind { code: "in_line", status: 503 },
    ProblemKind { code: "left_alone", status: 503 },
    ProblemKind { code: "provider_fault", status: 502 },
    // Rules: the book's rejections.
    ProblemKind { code: "key_reused", status: 422 },
    ProblemKind { code: "not_allowed", status: 403 },
    ProblemKind { code: "person_unknown", status: 401 },
    ProblemKind { code: "help_not_standing", status: 403 },
    ProblemKind { code: "help_unknown", status: 404 },
    ProblemKind { code: "help_code_wrong", status: 422 },
    ProblemKind { code: "help_limit", status: 409 },
    ProblemKind { code: "helpers_enough", status: 409 },
    ProblemKind { code: "not_a_child", status: 422 },
    ProblemKind { code: "campaign_unknown", status: 404 },
    ProblemKind { code: "campaign_version_stale", status: 409 },
    ProblemKind { code: "not_in_cohort", status: 403 },
    ProblemKind { code: "opening_not_yet", status: 403 },
    ProblemKind { code: "openings_over", status: 403 },
    ProblemKind { code: "draw_out_of_turn", status: 409 },
    ProblemKind { code: "notice_too_short", status: 422 },
    ProblemKind { code: "terms_unsound", status: 422 },
    ProblemKind { code: "line_closed", status: 409 },
    ProblemKind { code: "not_called", status: 409 },
    ProblemKind { code: "no_place", status: 404 },
    ProblemKind { code: "no_visit", status: 403 },
    ProblemKind { code: "visit_moved", status: 403 },
    ProblemKind { code: "already_reserved", status: 409 },
    ProblemKind { code: "hold_open", status: 409 },
    ProblemKind { code: "hold_unknown", status: 404 },
    ProblemKind { code: "hold_expired", status: 410 },
    ProblemKind { code: "hold_extended_too_often", status: 409 },
    ProblemKind { code: "slot_unknown", status: 404 },
    ProblemKind { code: "slot_of_other_campaign", status: 422 },
    ProblemKind { code: "slot_of_other_dose", status: 422 },
    ProblemKind { code: "slot_past", status: 409 },
    ProblemKind { code: "slot_blocked", status: 409 },
    ProblemKind { code: "second_dose_missing", status: 422 },
    ProblemKind { code: "second_dose_not_wanted", status: 422 },
    ProblemKind { code: "second_dose_elsewhere", status: 422 },
    ProblemKind { code: "interval_not_allowed", status: 422 },
    ProblemKind { code: "sold_out", status: 409 },
    ProblemKind { code: "second_dose_sold_out", status: 409 },
    ProblemKind { code: "reservation_unknown", status: 404 },
    ProblemKind { code: "move_not_allowed", status: 409 },
    ProblemKind { code: "too_late", status: 409 },
    ProblemKind { code: "reservation_active", status: 409 },
    ProblemKind { code: "import_unknown", status: 404 },
    ProblemKind { code: "import_invalid", status: 422 },
    ProblemKind { code: "limit_reached", status: 409 },
    // Busy: ask later.
    ProblemKind { code: "busy", status: 503 },
    ProblemKind { code: "clock_unsure", status: 503 },
    ProblemKind { code: "storage_low", status: 503 },
    ProblemKind { code: "draining", status: 503 },
    ProblemKind { code: "saturated", status: 503 },
    ProblemKind { code: "tried_too_often", status: 429 },
    // Ours.
    ProblemKind { code: "fault", status: 500 },
    ProblemKind { code: "outcome_unknown", status: 500 },
];

/// One problem, ready to be told.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    pub kind: &'static ProblemKind,
    /// Whether the refusal is on record. `Some(false)`: nothing happened and nothing will unless asked again.
    pub recorded: Option<bool>,
    pub retry_after: Option<Duration>,
    /// Under which our log tells the cause.
    pub incident: Option<Box<str>>,
    /// When asking makes sense at all: the opening's start, or the moment until which it could have been done.
    pub at: Option<UnixMillis>,
    /// What was wrong with which field; pages show it beside the field.
    pub fields: Vec<FieldError>,
    /// More members of the JSON object, such as `alternatives`.
    pub more: Map<String, serde_json::Value>,
    /// The operation it is about, once the request made sense.
    pub operation: Option<Box<OperationAnswered>>,
}

/// An operation that an answer is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperationAnswered {
    /// As the journal has it, if it has it.
    pub key: OperationKey,
    /// Whether this answer had been given before.
    pub replayed: bool,
}

/// What was wrong with one field of a form or a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The field's name, or a JSON pointer.
    pub field: Cow<'static, str>,
    /// The text is `field-error-CODE`.
    pub code: &'static str,
}

impl Problem {
    /// A problem by its code. Codes come from our own code; an unknown one is a `fault`.
    pub fn new(code: &str) -> Self {
        let kind = KINDS.iter().find(|kind| kind.code == code).unwrap_or(&FAULT);
        Self {
            kind,
            recorded: None,
            retry_after: None,
            incident: None,
            at: None,
            fields: Vec::new(),
            more: Map::new(),
            operation: None,
        }
    }

    /// Fields that do not say what they should.
    pub fn invalid(fields: Vec<FieldError>) -> Self {
        Self { fields, recorded: Some(false), ..Self::new("request_invalid") }
    }

    /// One field that does not say what it should.
    pub fn invalid_field(field: impl Into<Cow<'static, str>>, code: &'static str) -> Self {
        Self::invalid(vec![FieldError { field: field.into(), code }])
    }

    /// A rule said no.
    pub fn rejected(rejection: Rejection, recorded: bool) -> Self {
        let at = match rejection {
            Rejection::Ineligible(Ineligible::OpeningNotYet { opens_at, .. }) => Some(opens_at),
            Rejection::Ineligible(Ineligible::OpeningsOver { closed_at }) => Some(closed_at),
            Rejection::TooLate { until } => Some(until),
            _ => None,
        };
        Self { recorded: Some(recorded), at, ..Self::new(rejection.code()) }
    }

    /// A use case's failure. A fault is logged here, once, under an incident id that the citizen is told.
    pub fn from_failure(failure: Failure, random: &dyn Random) -> Self {
        match failure {
            Failure::Rejected { rejection, recorded } => Self::rejected(rejection, recorded),
            Failure::Busy { retry_after, cause } => {
                let retry_after = Some(jittered(retry_after, random));
                Self { recorded: Some(false), retry_after, ..Self::new(cause.code()) }
            }
            Failure::Fault(fault) => {
                let incident = incident_id(random);
                tracing::error!(incident, error = &fault as &dyn std::error::Error, "a fault reached a caller");
                let code = if fault.outcome_unknown { "outcome_unknown" } else { "fault" };
                Self { incident: Some(incident.into()), ..Self::new(code) }
            }
        }
    }

    /// Nothing happened; ask again in a moment.
    pub fn busy(random: &dyn Random) -> Self {
        let retry_after = Some(jittered(Duration::from_secs(1), random));
        Self { recorded: Some(false), retry_after, ..Self::new("busy") }
    }

    /// The gate's refusal.
    pub fn refused(refusal: Refusal) -> Self {
        let code = match refusal {
            Refusal::SignInFirst => "sign_in_first",
            Refusal::WaitFirst => "wait_first",
            Refusal::OperatorsOnly => "operators_only",
            Refusal::AgentsOnly => "agents_only",
        };
        Self { recorded: Some(false), ..Self::new(code) }
    }

    /// What it is called.
    pub fn title(&self, language: Language) -> Cow<'static, str> {
        language.text(&format!("problem-{}-title", self.key()))
    }

    /// What the citizen can do about it.
    pub fn advice(&self, language: Language) -> Cow<'static, str> {
        language.text(&format!("problem-{}-advice", self.key()))
    }

    /// The RFC 9457 object.
    pub fn json(&self, language: Language) -> serde_json::Value {
        let mut object = Map::new();
        object.insert("type".into(), json!(format!("/problems#{}", self.kind.code)));
        object.insert("title".into(), json!(self.title(language)));
        object.insert("status".into(), json!(self.kind.status));
        object.insert("detail".into(), json!(self.advice(language)));
        object.insert("code".into(), json!(self.kind.code));
        if let Some(recorded) = self.recorded {
            object.insert("recorded".into(), json!(recorded));
        }
        if let Some(retry_after) = self.retry_after {
            object.insert("retry_after_secs".into(), json!(retry_after_secs(retry_after)));
        }
        if let Some(incident) = &self.incident {
            object.insert("incident".into(), json!(incident));
        }
        if let Some(at) = self.at {
            object.insert("at_ms".into(), json!(at.0));
        }
        if !self.fields.is_empty() {
            let fields = self.fields.iter().map(|error| json!({ "field": error.field, "code": error.code }));
            object.insert("errors".into(), fields.collect());
        }
        object.extend(self.more.clone());
        serde_json::Value::Object(object)
    }

    fn key(&self) -> String {
        self.kind.code.replace('_', "-")
    }
}

const FAULT: ProblemKind = ProblemKind { code: "fault", status: 500 };

/// Whole seconds for a `Retry-After` header, rounded up, at least 1.
pub fn retry_after_secs(retry_after: Duration) -> u64 {
    u64::try_from(retry_after.as_millis().div_ceil(1_000)).unwrap_or(u64::MAX).max(1)
}

/// A quarter more or less, so that a wave that is told to come back does not come back as a wave.
fn jittered(retry_after: Duration, random: &dyn Random) -> Duration {
    let per_mille = 750 + random.bits() % 751;
    retry_after * u32::try_from(per_mille).unwrap_or(1_000) / 1_000
}

/// Eight letters and digits that are easy to read out on the telephone.
fn incident_id(random: &dyn Random) -> String {
    const ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    let bits = random.bits();
    (0..8).map(|index| char::from(ALPHABET[(bits >> (index * 5) & 31) as usize])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_has_words_in_both_languages() {
        for kind in KINDS {
            let key = kind.code.replace('_', "-");
            for language in Language::ALL {
                assert!(language.has_text(&format!("problem-{key}-title")), "{} {}", language.tag(), kind.code);
                assert!(language.has_text(&format!("problem-{key}-advice")), "{} {}", language.tag(), kind.code);
            }
        }
    }

    #[test]
    fn codes_are_unique() {
        let mut codes: Vec<_> = KINDS.iter().map(|kind| kind.code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), KINDS.len());
    }

    #[test]
    fn a_refusal_for_good_never_asks_to_be_tried_again() {
        let later = [
            ["in_line", "left_alone", "provider_fault", "busy", "clock_unsure"],
            ["storage_low", "draining", "saturated", "fault", "outcome_unknown"],
        ];
        for kind in KINDS {
            assert_eq!(kind.status >= 500, later.as_flattened().contains(&kind.code), "{}", kind.code);
        }
    }

    #[test]
    fn retry_after_is_never_zero() {
        assert_eq!(retry_after_secs(Duration::ZERO), 1);
        assert_eq!(retry_after_secs(Duration::from_millis(1_001)), 2);
    }
}
