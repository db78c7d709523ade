//! Room: ledger/audit. The story of one reservation, as the journal tells it: `charye audit show`. Called by the command
//! and by the situation room. Must never show a name, a phone number, a citizen key or another reservation's number.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use charye_domain::book::{Actor, Book, Channel, Entry, Event, Room};
use charye_domain::ids::{HoldId, Person, ReservationId, ReservationNumber, SlotId};
use charye_domain::reservation::EndOfHold;
use charye_domain::time::UnixMillis;
use charye_engine::ports::{JournalReader, ReadFailure};

/// Everything that happened to one reservation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReservationStory {
    pub reservation: ReservationId,
    pub lines: Vec<StoryLine>,
}

/// One entry that touched it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoryLine {
    pub seq: u64,
    pub at: UnixMillis,
    /// Who did it, such as `citizen (person 17)` or `clinic staff 3`.
    pub actor: String,
    /// By which way, such as `page`.
    pub channel: &'static str,
    /// Code of the reason, 0 for none.
    pub reason: u16,
    /// What happened, in words.
    pub text: String,
}

/// What makes the reservation: where its story begins.
struct Birth {
    reservation: ReservationId,
    hold: Option<HoldId>,
}

/// Tells the story of the reservation with this number, by reading the journal twice. `None` if there is none.
///
/// # Errors
/// The journal cannot be read.
pub fn story_of(
    reader: &mut dyn JournalReader,
    number: ReservationNumber,
) -> Result<Option<ReservationStory>, ReadFailure> {
    let mut birth = None;
    reader.read(1, &mut |row| {
        birth = row.entries.iter().find_map(|entry| birth_of(&entry.event, number));
        if birth.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    let Some(birth) = birth else {
        return Ok(None);
    };
    let mut book = Book::with_room_for(Room::default());
    let mut lines = Vec::new();
    let mut told: BTreeSet<u64> = BTreeSet::new();
    reader.read(1, &mut |row| {
        for (seq, entry) in (row.first_seq..).zip(row.entries.iter()) {
            if let Some(text) = text_of(&entry.event, &birth, &book, &told) {
                told.insert(seq);
                lines.push(line(seq, row.at, entry, text));
            }
            book.apply(entry, row.at);
        }
        ControlFlow::Continue(())
    })?;
    Ok(Some(ReservationStory { reservation: birth.reservation, lines }))
}

fn birth_of(event: &Event, wanted: ReservationNumber) -> Option<Birth> {
    match event {
        Event::Reserved { reservation, number, .. } if *number == wanted => {
            Some(Birth { reservation: *reservation, hold: None })
        }
        Event::Confirmed { reservation, hold, number, .. } if *number == wanted => {
            Some(Birth { reservation: *reservation, hold: Some(*hold) })
        }
        _ => None,
    }
}

/// What an event says of the reservation, or of the hold it came from; `None` if it does not touch it.
fn text_of(event: &Event, birth: &Birth, book: &Book, told: &BTreeSet<u64>) -> Option<String> {
    let of_hold = |hold: &HoldId| birth.hold == Some(*hold);
    let of_reservation = |reservation: &ReservationId| birth.reservation == *reservation;
    Some(match event {
        Event::Held { hold, first, second, expires_at, .. } if of_hold(hold) => {
            format!("held {} until {}", places(book, *first, *second), time(*expires_at))
        }
        Event::HoldExtended { hold, expires_at, .. } if of_hold(hold) => {
            format!("hold extended until {}", time(*expires_at))
        }
        Event::HoldEnded { hold, cause, .. } if of_hold(hold) => match cause {
            EndOfHold::Released => "hold given back".to_owned(),
            EndOfHold::Expired => "hold ran out".to_owned(),
            EndOfHold::VisitEnded => "hold ended with its visit".to_owned(),
        },
        Event::Confirmed { reservation, .. } if of_reservation(reservation) => "hold confirmed".to_owned(),
        Event::Reserved { reservation, first, second, .. } if of_reservation(reservation) => {
            format!("reserved {}", places(book, *first, *second))
        }
        Event::Rescheduled { reservation, first, second, .. } if of_reservation(reservation) => {
            format!("moved to {}", places(book, *first, *second))
        }
        Event::Cancelled { reservation, .. } if of_reservation(reservation) => "cancelled".to_owned(),
        Event::CheckedIn { reservation, dose } if of_reservation(reservation) => {
            format!("arrived for dose {}", dose.value())
        }
        Event::Administered { reservation, dose } if of_reservation(reservation) => {
            format!("dose {} given", dose.value())
        }
        Event::MarkedNoShow { reservation, dose } if of_reservation(reservation) => {
            format!("did not come for dose {}", dose.value())
        }
        Event::Delivered { messages } => {
            let of_it: Vec<_> =
                messages.iter().filter(|message| told.contains(&message.0)).map(ToString::to_string).collect();
            if of_it.is_empty() {
                return None;
            }
            format!("message about {} handed over", of_it.join(", "))
        }
        _ => return None,
    })
}

pub(super) fn line(seq: u64, at: UnixMillis, entry: &Entry, text: String) -> StoryLine {
    let person = |person: Person| format!("person {person}");
    let actor = match entry.by.actor {
        Actor::Citizen(citizen) => format!("citizen ({})", person(citizen)),
        Actor::Proxy(helper) => format!("helper ({})", person(helper)),
        Actor::Agent(staff) => format!("agent {}", staff.0),
        Actor::ClinicStaff(staff) => format!("clinic staff {}", staff.0),
        Actor::Operator(staff) => format!("operator {}", staff.0),
        Actor::System => "Charye".to_owned(),
    };
    let channel = match entry.by.channel {
        Channel::Page => "page",
        Channel::Api => "API",
        Channel::Call => "call",
        Channel::Clinic => "clinic",
        Channel::CommandLine => "command line",
        Channel::Internal => "internal",
    };
    StoryLine { seq, at, actor, channel, reason: entry.by.reason, text }
}

fn places(book: &Book, first: SlotId, second: Option<SlotId>) -> String {
    match second {
        None => place(book, first),
        Some(second) => format!("{} and {}", place(book, first), place(book, second)),
    }
}

/// Such as `C1 on 2021-08-30 at 09:00 (dose 1)`.
fn place(book: &Book, slot: SlotId) -> String {
    let found = book.slot_place(slot).and_then(|(row, day, start)| {
        let clinic = book.clinics().get(row.clinic.0 as usize)?;
        let date = book.campaign(row.campaign)?.date(day);
        Some(format!("{} on {date} at {start} (dose {})", clinic.code, row.dose.value()))
    });
    found.unwrap_or_else(|| format!("slot {}", slot.0))
}

/// An instant as ISO 8601 in UTC; numbers beyond the calendar as they are.
pub(super) fn time(instant: UnixMillis) -> String {
    jiff::Timestamp::from_millisecond(instant.0).map_or_else(|_| format!("{} ms", instant.0), |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use charye_engine::ports::Journal as _;

    use super::*;
    use crate::data_folder::DataFolder;
    use crate::journal::SqliteJournal;
    use crate::suite::story::{append_story, first_number, story, story_options};

    #[test]
    fn the_story_of_a_reservation_is_told_in_words_without_anybody_named() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(temporary.path().join("data")).unwrap();
        let mut journal = SqliteJournal::open(&folder, story_options()).unwrap();
        append_story(&mut journal, &story().journal);
        let told = story_of(&mut *journal.reader(), first_number()).unwrap().unwrap();
        let lines: Vec<_> =
            told.lines.iter().map(|line| format!("{}, {}: {}", line.actor, line.channel, line.text)).collect();
        assert_eq!(
            lines,
            [
                "citizen (person 0), page: reserved C1 on 2021-08-30 at 09:00 (dose 1) and C1 on 2021-09-20 at 09:00 (dose 2)",
                "agent 9, page: moved to C2 on 2021-08-31 at 09:00 (dose 1) and C2 on 2021-09-22 at 09:00 (dose 2)",
                "clinic staff 2, page: arrived for dose 1",
                "clinic staff 2, page: dose 1 given",
            ]
        );
        assert_eq!(story_of(&mut *journal.reader(), ReservationNumber::from_random(1)).unwrap(), None);
    }
}
