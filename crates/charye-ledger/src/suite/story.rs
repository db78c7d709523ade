//! Room: ledger/suite. A small, true story: citizens reserve, change, cancel and let holds run out, decided by the book
//! itself. Called by the tests of journal, snapshots and audits, which need entries that fit together.

use std::sync::Arc;

use charye_domain::book::samples::{ADULT, CAMPAIGN, CLINIC_STAFF, PAIRED, Sample, WITH_LINE, campaign, line_plan};
use charye_domain::book::{Action, Actor, Authority, Entry, Outcome, Places, StaffNumber};
use charye_domain::campaign::Campaign;
use charye_domain::ids::{Person, ReservationId, ReservationNumber, SlotId};
use charye_domain::time::UnixMillis;
use charye_domain::vaccine::{DoseNumber, DoseTwoPolicy};
use charye_engine::ports::{Batch, Journal};

use crate::journal::{CampaignReader, JournalOptions};

/// Citizens of the story.
pub const CITIZENS: u8 = 24;

/// Reads the campaign of the story, and the sample's one with a line.
pub fn story_campaign_reader() -> CampaignReader {
    Arc::new(|text, id, version| {
        let line = (text == WITH_LINE).then(line_plan);
        Ok(Campaign { id, version, line, ..campaign(DoseTwoPolicy::Together) })
    })
}

/// How to open a journal that holds the story.
pub fn story_options() -> JournalOptions {
    JournalOptions { campaigns: story_campaign_reader(), crash_hook: None }
}

/// The story, told to its end. Operation keys: 1,000 + the citizen's number for the hold, 2,000 + for the confirmation
/// or the reservation at once; 3,000 for a refusal.
pub fn story() -> Sample {
    let mut sample = Sample::open(DoseTwoPolicy::Together, 10);
    for number in 0..CITIZENS {
        let person = sample.citizen(number + 1);
        let actor = Actor::Citizen(person);
        let authority = sample.inside(person);
        let clinic = if number % 2 == 0 { "C1" } else { "C2" };
        let places = sample.pair(clinic);
        let key = u128::from(number);
        if number % 3 == 0 {
            let number = sample.number();
            let action = Action::ReserveAtOnce { person, campaign: CAMPAIGN, authority, facts: ADULT, places, number };
            sample.ask_keyed(actor, (2_000 + key, 7), action);
            continue;
        }
        let action = Action::Hold { person, campaign: CAMPAIGN, authority, facts: ADULT, places };
        let Outcome::Held { hold, .. } = sample.ask_keyed(actor, (1_000 + key, 7), action) else {
            continue;
        };
        match number % 3 {
            1 => {
                sample.ask(actor, Action::ExtendHold { person, hold, authority });
                let number = sample.number();
                sample.ask_keyed(actor, (2_000 + key, 7), Action::Confirm { person, hold, authority, number });
            }
            _ => sample.pass_time(400),
        }
    }
    let first = Person(0);
    let day = |dose, day| sample.slot("C2", PAIRED, dose, day, 0);
    let other =
        Places { first: day(DoseNumber::First, 5).unwrap_or(SlotId(u32::MAX)), second: day(DoseNumber::Second, 27) };
    let reservation = ReservationId(0);
    sample.ask(
        Actor::Agent(StaffNumber(9)),
        Action::Reschedule { person: first, reservation, authority: Authority::Staff, facts: ADULT, places: other },
    );
    sample.ask(CLINIC_STAFF, Action::CheckIn { reservation, dose: DoseNumber::First });
    sample.ask(CLINIC_STAFF, Action::Administer { reservation, dose: DoseNumber::First });
    let second = Person(1);
    sample.ask(Actor::Citizen(second), Action::Cancel { person: second, reservation: ReservationId(1) });
    let again = sample.pair("C1");
    let number = sample.number();
    let authority = sample.inside(first);
    let action =
        Action::ReserveAtOnce { person: first, campaign: CAMPAIGN, authority, facts: ADULT, places: again, number };
    sample.ask_keyed(Actor::Citizen(first), (3_000, 7), action);
    sample
}

/// The number of the story's first reservation: made at once, rescheduled, begun to be given.
pub fn first_number() -> ReservationNumber {
    ReservationNumber::from_random(7_919)
}

/// Appends entries that were recorded in turn: one batch for each moment.
///
/// # Panics
/// If an append fails.
pub fn append_story(journal: &mut dyn Journal, entries: &[(UnixMillis, Entry)]) {
    for moment in entries.chunk_by(|left, right| left.0 == right.0) {
        for part in moment.chunks(5) {
            let entries = part.iter().map(|(_, entry)| entry.clone()).collect();
            let batch = Batch { first_seq: journal.head().next_seq, epoch: journal.epoch(), at: part[0].0, entries };
            let appended = journal.append(&batch);
            assert!(appended.is_ok(), "{appended:?}");
        }
    }
}
