//! Room: ledger. What an operator's order says, in the few words that SQL tables and the audit share. Called by `projection`
//! and `audit`. Must never say who gave it: that stands beside the words.

use charye_domain::identity::OperatorWord;
use charye_domain::waiting_room::admission::PauseReason;
use charye_domain::waiting_room::steering::Steering;

/// What an order about a line says beyond its name; empty if its name says everything.
pub(crate) fn detail_of(steering: &Steering) -> String {
    match steering {
        Steering::Terms { hard_cap, rate_min_per_min, rate_max_per_min } => {
            format!("cap {hard_cap}, {rate_min_per_min} to {rate_max_per_min} a minute")
        }
        Steering::Pause(PauseReason::Operator) => "by an operator".to_owned(),
        Steering::Pause(PauseReason::NothingLeft) => "nothing left".to_owned(),
        Steering::Pause(PauseReason::GateInTrouble) => "gate in trouble".to_owned(),
        Steering::OpenAt(opens_at) => format!("{} ms", opens_at.0),
        Steering::Message(Some(message)) => format!("{} / {}", message.ko, message.en),
        Steering::Message(None)
        | Steering::Resume
        | Steering::CloseToArrivals
        | Steering::ReopenToArrivals
        | Steering::Drain => String::new(),
    }
}

/// Questions at once that a cap leaves an identity provider; `None` if the word is no cap.
pub(crate) fn cap_of(word: OperatorWord) -> Option<u16> {
    match word {
        OperatorWord::Capped(at_once_max) => Some(at_once_max),
        OperatorWord::Open | OperatorWord::Closed => None,
    }
}
