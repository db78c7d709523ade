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
        | Action::LayOutImport { .. }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::samples::{ADULT, CAMPAIGN};
    use crate::book::{LinePurpose, Places, StaffNumber};
    use crate::ids::{HelpId, HoldId, ImportId, OpeningId, ReservationId, ReservationNumber, SlotId};
    use crate::time::UnixMillis;
    use crate::vaccine::DoseNumber;
    use crate::waiting_room::admission::Calls;
    use crate::waiting_room::steering::Steering;

    const PERSON: Person = Person(1);
    /// The person, another citizen, a proxy, an agent, clinic staff, an operator, the system itself.
    const ACTORS: [(char, Actor); 7] = [
        ('c', Actor::Citizen(PERSON)),
        ('o', Actor::Citizen(Person(2))),
        ('p', Actor::Proxy(Person(2))),
        ('a', Actor::Agent(StaffNumber(1))),
        ('s', Actor::ClinicStaff(StaffNumber(1))),
        ('r', Actor::Operator(StaffNumber(1))),
        ('y', Actor::System),
    ];

    /// Asserts that exactly these actors may ask.
    #[track_caller]
    fn check_actors(action: &Action, expected: &str) {
        let may: String =
            ACTORS.iter().filter(|(_, actor)| check(action, *actor).is_ok()).map(|(letter, _)| letter).collect();
        assert_eq!(may, expected, "{action:?}");
    }

    #[test]
    fn each_command_is_for_those_who_may_ever_ask_it() {
        let (person, campaign, opening, facts) = (PERSON, CAMPAIGN, OpeningId(0), ADULT);
        let (hold, reservation, import, dose) = (HoldId(0), ReservationId(0), ImportId(0), DoseNumber::First);
        let (now, places) = (UnixMillis(0), Places { first: SlotId(0), second: None });
        let number = ReservationNumber::from_random(0);
        let end = |wish| Action::EndVisit { person, campaign, generation: 1, wish };
        let (steering, note) = (Box::new(Steering::Drain), "why".into());
        let rows = [
            (Action::ErasePerson { person }, "cpary"),
            (Action::Arrive { person, campaign, facts, began_at: now, purpose: LinePurpose::Reserve }, "cpary"),
            (Action::LeaveLine { person, campaign }, "cpary"),
            (Action::StartVisit { person, campaign, facts }, "cpary"),
            (end(EndWish::SignOut), "cpary"),
            (end(EndWish::OurFault), "ry"),
            (Action::ReleaseHold { person, hold }, "cpas"),
            (Action::Cancel { person, reservation }, "cpasr"),
            (Action::CheckIn { reservation, dose }, "s"),
            (Action::Administer { reservation, dose }, "s"),
            (Action::NoShow { reservation, dose }, "sy"),
            (Action::LayOutImport { import, slots_max: 1 }, "ry"),
            (Action::ActivateImport { import }, "ry"),
            (Action::DiscardImport { import }, "ry"),
            (Action::AcceptClock, "ry"),
            (Action::Steer { campaign, opening, steering, note, rehearsal: false }, "ry"),
            (Action::Call { campaign, opening, calls: Calls::default() }, "y"),
            (Action::NoteOutage { gap_ms: 1 }, "y"),
            (Action::EndHelp { person, help: HelpId(0) }, "cry"),
            (Action::LookUpCaller { person: None }, "a"),
        ];
        rows.iter().for_each(|(action, expected)| check_actors(action, expected));

        // What takes a place, with a visit of the person's own and with the authority of staff.
        for (authority, reserves, reschedules) in
            [(Authority::Visit { generation: 1 }, "cpas", "cpar"), (Authority::Staff, "as", "ar")]
        {
            check_actors(&Action::Hold { person, campaign, authority, facts, places }, reserves);
            check_actors(&Action::ExtendHold { person, hold, authority }, reserves);
            check_actors(&Action::Confirm { person, hold, authority, number }, reserves);
            check_actors(&Action::ReserveAtOnce { person, campaign, authority, facts, places, number }, reserves);
            check_actors(&Action::Reschedule { person, reservation, authority, facts, places }, reschedules);
        }
    }
}
