//! Room: domain/book/decide. Who may ask for what at all, whatever the state of the book: the first check of every command.
//! What a move of a reservation needs beyond this stands in the table of `domain/reservation`.

use crate::book::decide::help;
use crate::book::{Action, Actor, Authority, EndWish, Rejection};
use crate::ids::Person;
use crate::reservation::{ActorKind, Move, NotAllowed, Stage, may_move};

/// Refuses who may never ask this.
pub(super) fn check(action: &Action, actor: Actor) -> Result<(), Rejection> {
    if may_ask(action, actor) { Ok(()) } else { Err(Rejection::NotAllowed) }
}

fn may_ask(action: &Action, actor: Actor) -> bool {
    let system = actor == Actor::System;
    let operator = matches!(actor, Actor::Operator(_));
    let clinic_staff = matches!(actor, Actor::ClinicStaff(_));
    match action {
        Action::RegisterCitizen { .. } => true,
        // That a failure was ours is ours to say: it lets the person in again.
        Action::EndVisit { wish: EndWish::OurFault, .. } => system || operator,
        Action::ErasePerson { person }
        | Action::Arrive { person, .. }
        | Action::LeaveLine { person, .. }
        | Action::StartVisit { person, .. }
        | Action::EndVisit { person, wish: EndWish::SignOut, .. } => {
            system || (speaks_for(actor, *person) && !clinic_staff)
        }
        Action::Hold { person, authority, .. }
        | Action::ReserveAtOnce { person, authority, .. }
        | Action::ExtendHold { person, authority, .. }
        | Action::Confirm { person, authority, .. } => {
            !operator && speaks_for(actor, *person) && has(actor, *authority)
        }
        Action::Reschedule { person, authority, .. } => {
            ever(Move::Reschedule, actor) && speaks_for(actor, *person) && has(actor, *authority)
        }
        Action::ReleaseHold { person, .. } => ever(Move::ReleaseHold, actor) && speaks_for(actor, *person),
        Action::Cancel { person, .. } => ever(Move::Cancel, actor) && speaks_for(actor, *person),
        Action::CheckIn { .. } => ever(Move::CheckIn, actor),
        Action::Administer { .. } => ever(Move::Administer, actor),
        Action::NoShow { .. } => ever(Move::MarkNoShow, actor),
        Action::PublishCampaign { .. }
        | Action::StageClinics { .. }
        | Action::StageSessions { .. }
        | Action::ActivateImport { .. }
        | Action::DiscardImport { .. }
        | Action::AcceptClock => operator || system,
        Action::BlockSlots { .. } | Action::UnblockSlots { .. } => clinic_staff || operator || system,
        Action::Steer { .. } => operator || system,
        // Lights are measured; what people say of a provider is said by people.
        Action::SteerProvider { .. } => operator,
        Action::InviteHelper { .. }
        | Action::AcceptHelp { .. }
        | Action::AttestGuardian { .. }
        | Action::EndHelp { .. }
        | Action::LookUpCaller { .. } => help::may_ask(action, actor),
        Action::CommitDraw { .. }
        | Action::CloseDraw { .. }
        | Action::RevealDraw { .. }
        | Action::PlaceDrawn { .. }
        | Action::Call { .. }
        | Action::NoteDelivered { .. }
        | Action::NoteOutage { .. } => system,
    }
}

/// A citizen speaks for themselves only. For whom a helper speaks, `help` asks the book; staff speak for whom
/// they serve, on the record.
fn speaks_for(actor: Actor, person: Person) -> bool {
    match actor {
        Actor::Citizen(citizen) => citizen == person,
        Actor::Proxy(_) | Actor::Agent(_) | Actor::ClinicStaff(_) | Actor::Operator(_) => true,
        Actor::System => false,
    }
}

/// Staff authority is for staff.
fn has(actor: Actor, authority: Authority) -> bool {
    match authority {
        Authority::Visit { .. } => true,
        Authority::Staff => matches!(actor, Actor::Agent(_) | Actor::ClinicStaff(_) | Actor::Operator(_)),
    }
}

/// Whether this kind of actor makes this move in any stage.
fn ever(step: Move, actor: Actor) -> bool {
    may_move(Stage::HoldEnded, step, ActorKind::from(actor)) != Err(NotAllowed::NotThisActor)
}
