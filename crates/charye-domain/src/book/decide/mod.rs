//! Room: domain/book. The judge: which facts follow from a command, or why none. One file for each group of commands; in
//! each, the checks run in the order of [`Rejection`]'s variants. Pure: reads the book, changes nothing.

mod citizen;
mod clinic_day;
mod doses;
mod draw;
mod help;
mod hold;
mod import;
mod line;
mod permission;
mod reservation;
mod steer;
mod steer_provider;
mod visit;

use crate::book::campaigns::CampaignState;
use crate::book::command::{Action, Command};
use crate::book::people::PersonRow;
use crate::book::{Actor, Authority, Book, EndOfVisit, Event, Events, Rejection};
use crate::citizen::CitizenFacts;
use crate::eligibility::{self, Eligibility};
use crate::ids::{CampaignId, CohortId, OpeningId, Person};
use crate::reservation::DoseState;
use crate::time::UnixMillis;
use crate::weakness::Defence;

/// Who asks, by what right, and when.
#[derive(Clone, Copy)]
struct Asking {
    person: Person,
    actor: Actor,
    now: UnixMillis,
    /// The command carries a key: even an answer that changes nothing is recorded.
    keyed: bool,
}

impl Book {
    /// What follows from a command at `now`: a few facts and an answer, or the first rule that says no.
    ///
    /// # Errors
    /// A rule's [`Rejection`]. Repetitions are not looked for here; [`Book::record`] does that.
    pub fn decide(&self, command: &Command, now: UnixMillis) -> Result<Events, Rejection> {
        let actor = command.by.actor;
        let asking = |person: Person| Asking { person, actor, now, keyed: command.operation.is_some() };
        permission::check(&command.action, actor)?;
        if let Actor::Proxy(helper) = actor {
            self.check_consent(helper, &command.action, now)?;
        }
        match &command.action {
            Action::RegisterCitizen { key_id, key, former } => {
                self.register_citizen((*key_id, *key), former, command.operation.is_some())
            }
            Action::ErasePerson { person } => self.erase_person(asking(*person)),

            Action::StartVisit { person, campaign, facts } => self.start_visit(asking(*person), *campaign, facts),
            Action::EndVisit { person, campaign, generation, wish } => {
                self.end_visit(asking(*person), *campaign, *generation, *wish)
            }

            Action::InviteHelper { helped, scheme, challenge, proof } => {
                self.invite_helper((*helped, *scheme), (*challenge, *proof), now)
            }
            Action::AcceptHelp { help, helper, proof } => self.accept_help(*helper, *help, *proof, now),
            Action::AttestGuardian { helper, helped, scheme, campaign, facts } => {
                self.attest_guardian((*helper, *helped), (*campaign, *scheme), facts, now)
            }
            Action::EndHelp { person, help } => self.end_help(asking(*person), *help),
            Action::LookUpCaller { person } => self.look_up_caller(*person, command.by.reason),

            Action::CommitDraw { campaign, opening, key_id, commitments } => {
                self.commit_draw((*campaign, *opening), *key_id, commitments, now)
            }
            Action::CloseDraw { campaign, opening, closing } => self.close_draw((*campaign, *opening), closing, now),
            Action::RevealDraw { campaign, opening, secret, public_value } => {
                self.reveal_draw((*campaign, *opening), secret, public_value)
            }
            Action::PlaceDrawn { campaign, opening, from, places } => {
                self.place_drawn((*campaign, *opening), *from, places)
            }
            Action::Arrive { person, campaign, facts, began_at, purpose } => {
                self.arrive(asking(*person), *campaign, facts, *began_at, *purpose)
            }
            Action::LeaveLine { person, campaign } => self.leave_line(asking(*person), *campaign),
            Action::Call { campaign, opening, calls } => self.call(*campaign, *opening, *calls, now),
            Action::Steer { campaign, opening, steering, note, rehearsal } => {
                let (campaign, opening, rehearsal) = (*campaign, *opening, *rehearsal);
                self.steer(&steer::Steerer { campaign, opening, actor, note, rehearsal, now }, steering)
            }

            Action::Hold { person, campaign, authority, facts, places } => {
                self.hold_places(asking(*person), (*campaign, *authority), facts, *places)
            }
            Action::ExtendHold { person, hold, authority } => self.extend_hold(asking(*person), *hold, *authority),
            Action::ReleaseHold { person, hold } => self.release_hold(asking(*person), *hold),
            Action::Confirm { person, hold, authority, number } => {
                self.confirm_hold(asking(*person), *hold, *authority, *number)
            }
            Action::ReserveAtOnce { person, campaign, authority, facts, places, number } => {
                self.reserve_at_once(asking(*person), (*campaign, *authority), facts, *places, *number)
            }
            Action::Reschedule { person, reservation, authority, facts, places } => {
                self.reschedule_reservation(asking(*person), (*reservation, *authority), facts, *places)
            }
            Action::Cancel { person, reservation } => self.cancel_reservation(asking(*person), *reservation),
            Action::CheckIn { reservation, dose } => self.check_in(actor, *reservation, *dose),
            Action::Administer { reservation, dose } => self.administer(actor, *reservation, *dose),
            Action::NoShow { reservation, dose } => self.mark_no_show(actor, *reservation, *dose, now),

            Action::PublishCampaign { campaign, text } => self.publish_campaign(campaign, text),
            Action::StageClinics { import, clinics } => self.stage_clinics(*import, clinics),
            Action::StageSessions { import, campaign, sessions } => self.stage_sessions(*import, *campaign, sessions),
            Action::LayOutImport { import, slots_max } => self.lay_out_import(*import, *slots_max),
            Action::ActivateImport { import } => self.activate_import(*import),
            Action::DiscardImport { import } => self.discard_import(*import),
            Action::BlockSlots { block, mask } => self.block_slots(*block, *mask),
            Action::UnblockSlots { block, mask } => self.unblock_slots(*block, *mask),

            Action::SteerProvider { order } => self.steer_provider(order),
            Action::NoteDelivered { messages } => import::note_delivered(messages),
            Action::NoteOutage { gap_ms } => Ok(Events::outside().and(Event::OutageNoted { gap_ms: *gap_ms })),
            Action::AcceptClock => Ok(Events::outside().and(Event::ClockAccepted)),
        }
    }

    fn person(&self, person: Person) -> Result<&PersonRow, Rejection> {
        self.people.known(person).ok_or(Rejection::PersonUnknown)
    }

    fn in_force(&self, campaign: CampaignId) -> Result<&CampaignState, Rejection> {
        self.campaign_state(campaign).ok_or(Rejection::CampaignUnknown)
    }

    /// Laws I9 and, for another device's pass, I15: a current visit of the right generation, or a member of staff (that
    /// the actor is one, `permission` has seen to).
    fn check_inside(&self, asking: Asking, campaign: CampaignId, authority: Authority) -> Result<(), Rejection> {
        let Authority::Visit { generation } = authority else { return Ok(()) };
        let visit = self.visits.of(asking.person).filter(|visit| visit.campaign == campaign);
        let current = visit.filter(|visit| asking.now < self.visits.ends_at(visit));
        match current {
            Some(visit) if visit.generation == generation || Defence::Generation.is_off() => Ok(()),
            Some(_) => Err(Rejection::VisitMoved),
            None if Defence::Visit.is_off() => Ok(()),
            None => Err(Rejection::NoVisit),
        }
    }

    /// Who has what they came for makes room: the end of their visit, if they have one in this campaign.
    fn visit_fulfilled(&self, person: Person, campaign: CampaignId) -> Option<Event> {
        let visit = self.visits.of(person).filter(|visit| visit.campaign == campaign)?;
        Some(Event::VisitEnded { person, generation: visit.generation, cause: EndOfVisit::Reserved })
    }

    /// Whether the person still has to come for, or is at the clinic for, any dose.
    fn has_places_to_come(&self, row: &PersonRow) -> bool {
        self.reservations
            .chain(row.newest_reservation())
            .flat_map(|(_, reservation)| reservation.places())
            .any(|(.., state)| matches!(state, DoseState::Reserved | DoseState::CheckedIn))
    }
}

/// Law I8: cohort and opening at the time of the decision.
fn check_eligible(
    campaign: &CampaignState,
    facts: &CitizenFacts,
    now: UnixMillis,
) -> Result<(OpeningId, CohortId), Rejection> {
    match eligibility::decide(&campaign.campaign, facts, now) {
        Eligibility::Eligible { opening, cohort, .. } => Ok((opening, cohort)),
        Eligibility::Ineligible(why) => Err(Rejection::Ineligible(why)),
    }
}
