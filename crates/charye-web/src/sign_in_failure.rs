//! Room: web. What a sign-in that does not go on is told as, by pages and API alike: one problem for each reason, counted
//! here, with words that say what to do next. Must never show what a provider said, nor which check of ours it was that a
//! forged answer failed, beyond its code.

use std::time::Duration;

use charye_engine::identity::SignInFailure;
use charye_engine::ports::SignInRefusal;

use crate::problem::{FieldError, Problem};

/// Counts the attempt, and makes a problem of it.
pub(crate) fn turned_back(failure: &SignInFailure) -> Problem {
    metrics::counter!("charye_sign_in_turned_back_total", "code" => failure.code()).increment(1);
    let mut problem = Problem { recorded: Some(false), ..Problem::new(failure.code()) };
    problem.retry_after = retry_after_of(failure);
    match failure {
        SignInFailure::Refused(SignInRefusal::ParameterMissing(name)) => problem.fields = of_field(name, "missing"),
        SignInFailure::Refused(SignInRefusal::ParameterDoubled(name)) => problem.fields = of_field(name, "twice"),
        SignInFailure::Refused(SignInRefusal::ParameterUnfit(name)) => problem.fields = of_field(name, "malformed"),
        SignInFailure::Refused(SignInRefusal::DetailMissing(name)) => problem.fields = of_field(name, "missing"),
        SignInFailure::InLine { ahead, .. } => {
            problem.more.insert("ahead".into(), (*ahead).into());
        }
        SignInFailure::LeftAlone { light, .. } => {
            problem.more.insert("light".into(), light.code().into());
        }
        _ => {}
    }
    problem
}

/// When asking again makes sense.
pub(crate) fn retry_after_of(failure: &SignInFailure) -> Option<Duration> {
    match failure {
        SignInFailure::LeftAlone { retry_after, .. } | SignInFailure::Busy { retry_after } => Some(*retry_after),
        SignInFailure::InLine { about, .. } => Some(*about),
        SignInFailure::Refused(_) | SignInFailure::ProviderFault(_) => None,
    }
}

fn of_field(name: &'static str, code: &'static str) -> Vec<FieldError> {
    vec![FieldError { field: name.into(), code }]
}

#[cfg(test)]
mod tests {
    use charye_domain::identity::TrafficLight;
    use charye_engine::ports::ProviderFault;

    use super::*;

    #[test]
    fn every_reason_is_a_problem_of_its_own() {
        use SignInRefusal as Refusal;
        let refusals = [
            (Refusal::UnknownProvider, 404),
            (Refusal::NotForCampaign, 422),
            (Refusal::NotBegunHere, 422),
            (Refusal::Expired, 422),
            (Refusal::OtherProvider, 422),
            (Refusal::StateMismatch, 422),
            (Refusal::AlreadyUsed, 422),
            (Refusal::ParameterMissing("code"), 422),
            (Refusal::ParameterDoubled("code"), 422),
            (Refusal::ParameterUnfit("code"), 422),
            (Refusal::Cancelled, 422),
            (Refusal::IssuerMismatch, 422),
            (Refusal::CodeRefused, 422),
            (Refusal::NonceMismatch, 422),
            (Refusal::Forged, 422),
            (Refusal::DetailMissing("name"), 422),
            (Refusal::NotFound, 422),
            (Refusal::TooOften, 429),
        ];
        let refusals = refusals.map(|(refusal, status)| (SignInFailure::Refused(refusal), status));
        let secs = Duration::from_secs;
        let others = [
            (SignInFailure::InLine { ahead: 3, about: secs(2), place: None }, 503),
            (SignInFailure::LeftAlone { light: TrafficLight::Closed, retry_after: secs(5) }, 503),
            (SignInFailure::Busy { retry_after: secs(5) }, 503),
            (SignInFailure::ProviderFault(ProviderFault::TimedOut), 502),
        ];
        for (failure, status) in refusals.into_iter().chain(others) {
            let problem = turned_back(&failure);
            assert_eq!((problem.kind.code, problem.kind.status), (failure.code(), status));
            assert_eq!(problem.retry_after.is_some(), status == 503, "{}", failure.code());
        }
    }
}
