//! Room: domain. The life of a hold and a reservation: states, and who may move them. Never knows slots or stock.
//!
//! One table, asked by the book before every move; what else must hold (a visit, a free place, enough notice) is the
//! book's to ask. Never decides whose reservation it is: that too is the book's.

use crate::book::Actor;

/// State of one dose of a reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DoseState {
    Reserved,
    CheckedIn,
    Administered,
    NoShow,
    Cancelled,
}

/// Why a hold ended without a reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndOfHold {
    Released,
    Expired,
    /// Its visit ended.
    VisitEnded,
}

/// Where one dose of a person stands between the first claim on a place and the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// A place is held, not yet confirmed.
    Held,
    /// The hold ended without a reservation.
    HoldEnded,
    Dose(DoseState),
}

/// A step in the life of a hold or a reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Move {
    ExtendHold,
    ReleaseHold,
    /// Its time ran out, or its visit ended.
    ExpireHold,
    Confirm,
    /// To other places; the reservation stays what it is.
    Reschedule,
    Cancel,
    CheckIn,
    Administer,
    MarkNoShow,
}

/// Who asks, without saying which of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ActorKind {
    Citizen,
    Proxy,
    Agent,
    ClinicStaff,
    Operator,
    System,
}

impl From<Actor> for ActorKind {
    fn from(actor: Actor) -> Self {
        match actor {
            Actor::Citizen(_) => Self::Citizen,
            Actor::Proxy(_) => Self::Proxy,
            Actor::Agent(_) => Self::Agent,
            Actor::ClinicStaff(_) => Self::ClinicStaff,
            Actor::Operator(_) => Self::Operator,
            Actor::System => Self::System,
        }
    }
}

/// Why a move is not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAllowed {
    /// Nobody of this kind may make this move, in whatever stage.
    #[error("this kind of actor never makes this move")]
    NotThisActor,
    /// The move does not start from this stage.
    #[error("this move does not start from here")]
    NotFromHere,
}

/// The stage a move leads to, if this kind of actor may make it from here.
///
/// # Errors
/// [`NotAllowed::NotThisActor`] before [`NotAllowed::NotFromHere`]: who may never do it learns nothing of the stage.
pub fn may_move(from: Stage, step: Move, by: ActorKind) -> Result<Stage, NotAllowed> {
    use ActorKind::{Agent, Citizen, ClinicStaff, Operator, Proxy, System};
    use DoseState::{Administered, Cancelled, CheckedIn, NoShow, Reserved};
    use Stage::{Dose, Held, HoldEnded};

    let (actors, to): (&[ActorKind], Option<Stage>) = match step {
        Move::ExtendHold => (&[Citizen, Proxy, Agent, ClinicStaff], (from == Held).then_some(Held)),
        Move::ReleaseHold => (&[Citizen, Proxy, Agent, ClinicStaff], (from == Held).then_some(HoldEnded)),
        Move::ExpireHold => (&[System], (from == Held).then_some(HoldEnded)),
        // Staff of a clinic reserve for who stands before them: a leftover dose has no other way in.
        Move::Confirm => (&[Citizen, Proxy, Agent, ClinicStaff], (from == Held).then_some(Dose(Reserved))),
        // An operator moves the reservations of a clinic that closes; a person may be moved only while still to come.
        Move::Reschedule => (&[Citizen, Proxy, Agent, Operator], (from == Dose(Reserved)).then_some(Dose(Reserved))),
        Move::Cancel => {
            (&[Citizen, Proxy, Agent, ClinicStaff, Operator], (from == Dose(Reserved)).then_some(Dose(Cancelled)))
        }
        // Who was marked absent and comes after all is checked in like anyone else.
        Move::CheckIn => (&[ClinicStaff], matches!(from, Dose(Reserved | NoShow)).then_some(Dose(CheckedIn))),
        Move::Administer => (&[ClinicStaff], (from == Dose(CheckedIn)).then_some(Dose(Administered))),
        Move::MarkNoShow => (&[ClinicStaff, System], (from == Dose(Reserved)).then_some(Dose(NoShow))),
    };
    if !actors.contains(&by) {
        return Err(NotAllowed::NotThisActor);
    }
    to.ok_or(NotAllowed::NotFromHere)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAGES: [(Stage, &str); 7] = [
        (Stage::Held, "held"),
        (Stage::HoldEnded, "ended"),
        (Stage::Dose(DoseState::Reserved), "reserved"),
        (Stage::Dose(DoseState::CheckedIn), "checked-in"),
        (Stage::Dose(DoseState::Administered), "administered"),
        (Stage::Dose(DoseState::NoShow), "no-show"),
        (Stage::Dose(DoseState::Cancelled), "cancelled"),
    ];
    const MOVES: [(Move, &str); 9] = [
        (Move::ExtendHold, "extend"),
        (Move::ReleaseHold, "release"),
        (Move::ExpireHold, "expire"),
        (Move::Confirm, "confirm"),
        (Move::Reschedule, "reschedule"),
        (Move::Cancel, "cancel"),
        (Move::CheckIn, "check in"),
        (Move::Administer, "administer"),
        (Move::MarkNoShow, "mark no-show"),
    ];
    const ACTORS: [(ActorKind, char); 6] = [
        (ActorKind::Citizen, 'c'),
        (ActorKind::Proxy, 'p'),
        (ActorKind::Agent, 'a'),
        (ActorKind::ClinicStaff, 's'),
        (ActorKind::Operator, 'o'),
        (ActorKind::System, '!'),
    ];

    /// Every move that exists, as it stands in the specification: from, move, to, by whom. All else is refused.
    const ALLOWED: &str = "
        held         | extend       | held         | cpas
        held         | release      | ended        | cpas
        held         | expire       | ended        | !
        held         | confirm      | reserved     | cpas
        reserved     | reschedule   | reserved     | cpao
        reserved     | cancel       | cancelled    | cpaso
        reserved     | check in     | checked-in   | s
        no-show      | check in     | checked-in   | s
        checked-in   | administer   | administered | s
        reserved     | mark no-show | no-show      | s!
    ";

    fn expected(from: &str, step: &str, by: char) -> Result<String, NotAllowed> {
        let rows: Vec<Vec<&str>> =
            ALLOWED.trim().lines().map(|line| line.split('|').map(str::trim).collect()).collect();
        let of_move = |row: &&Vec<&str>| row[1] == step;
        if !rows.iter().filter(of_move).any(|row| row[3].contains(by)) {
            return Err(NotAllowed::NotThisActor);
        }
        let row = rows.iter().filter(of_move).find(|row| row[0] == from).ok_or(NotAllowed::NotFromHere)?;
        Ok(row[2].to_owned())
    }

    #[test]
    fn every_stage_move_and_actor_agrees_with_the_table_of_the_specification() {
        let mut allowed = 0;
        for (stage, from) in STAGES {
            for (step, step_name) in MOVES {
                for (actor, by) in ACTORS {
                    let got = may_move(stage, step, actor)
                        .map(|to| STAGES.iter().find(|(stage, _)| *stage == to).unwrap().1.to_owned());
                    assert_eq!(got, expected(from, step_name, by), "{from}, {step_name}, by {by}");
                    allowed += usize::from(got.is_ok());
                }
            }
        }
        assert_eq!(allowed, 4 + 4 + 1 + 4 + 4 + 5 + 1 + 1 + 1 + 2);
    }

    #[test]
    fn nothing_leads_out_of_an_end() {
        for end in [Stage::HoldEnded, Stage::Dose(DoseState::Administered), Stage::Dose(DoseState::Cancelled)] {
            assert!(MOVES.iter().all(|(step, _)| ACTORS.iter().all(|(by, _)| may_move(end, *step, *by).is_err())));
        }
    }
}
