//! Room: ledger/audit. Who got past the door: places had without a visit, visits without a call. From the journal alone:
//! `charye audit bypass`. Called by the command. Must never name a person beyond their number.

use std::ops::ControlFlow;

use charye_domain::law::{Bypass, Checker};
use charye_engine::ports::{JournalReader, ReadFailure};

use crate::audit::Findings;

/// What was found in a whole journal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BypassReport {
    /// Sequence number of the last entry that was read.
    pub last_seq: u64,
    /// Places held, reserved or moved by somebody who was not inside.
    pub places_without_visit: u64,
    /// Visits begun by somebody whom the door had not called.
    pub visits_without_call: u64,
    /// Each of them, bounded.
    pub findings: Findings,
}

impl BypassReport {
    /// Nobody got past the door.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }
}

/// Reads a journal from its first row and lists who got past the door. Staff act by their own right and are not listed.
///
/// # Errors
/// The journal cannot be read.
pub fn bypass(reader: &mut dyn JournalReader) -> Result<BypassReport, ReadFailure> {
    let mut laws = Checker::new();
    let mut report = BypassReport::default();
    reader.read(1, &mut |row| {
        for (seq, entry) in (row.first_seq..).zip(row.entries.iter()) {
            for violation in laws.check(seq, row.at, entry) {
                match violation.bypass {
                    Some(Bypass::PlaceWithoutVisit) => report.places_without_visit += 1,
                    Some(Bypass::VisitWithoutCall) => report.visits_without_call += 1,
                    None => continue,
                }
                report.findings.add("I9", Some(violation.seq), violation.what);
            }
        }
        report.last_seq = row.last_seq();
        ControlFlow::Continue(())
    })?;
    Ok(report)
}

#[cfg(test)]
mod tests {
    use charye_domain::book::samples::{Sample, opens_at};
    use charye_domain::book::{Actor, Entry, Event};
    use charye_domain::time::UnixMillis;
    use charye_domain::vaccine::DoseTwoPolicy;
    use charye_domain::waiting_room::admission::Calls;

    use super::*;
    use crate::data_folder::DataFolder;
    use crate::journal::{SqliteJournal, SqliteJournalReader};
    use crate::suite::story::{append_story, story_campaign_reader, story_options};

    /// Two people arrive, are called, come in and reserve.
    fn evening() -> Vec<(UnixMillis, Entry)> {
        use charye_domain::book::Action;
        use charye_domain::book::samples::CAMPAIGN;
        let mut sample = Sample::with_line(DoseTwoPolicy::Together, 20);
        let people = [1, 2].map(|key| sample.citizen(key));
        sample.now = opens_at();
        sample.pass_time(0);
        for person in people {
            sample.arrive(person, sample.now);
        }
        let calls = Calls { line: 2, ..Calls::default() };
        let opening = charye_domain::ids::OpeningId(0);
        sample.ask(Actor::System, Action::Call { campaign: CAMPAIGN, opening, calls });
        let places = sample.single("C1");
        people.iter().for_each(|person| {
            sample.reserve(*person, places);
        });
        sample.journal
    }

    fn report(told: &[(UnixMillis, Entry)]) -> BypassReport {
        let temporary = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(temporary.path().join("data")).unwrap();
        append_story(&mut SqliteJournal::open(&folder, story_options()).unwrap(), told);
        bypass(&mut SqliteJournalReader::new(folder.journal(), story_campaign_reader())).unwrap()
    }

    #[test]
    fn nobody_is_listed_who_came_by_the_door() {
        let told = evening();
        let report = report(&told);
        assert!(report.is_clean(), "{report:?}");
        assert_eq!(report.last_seq, told.len() as u64);
    }

    #[test]
    fn who_came_in_without_a_call_and_who_reserved_without_coming_in_are_listed() {
        let mut uncalled = evening();
        uncalled.retain(|(_, entry)| !matches!(entry.event, Event::Called { .. }));
        let found = report(&uncalled);
        assert_eq!((found.visits_without_call, found.places_without_visit), (2, 0));
        let mut outside = evening();
        outside.retain(|(_, entry)| !matches!(entry.event, Event::VisitStarted { .. } | Event::VisitEnded { .. }));
        let found = report(&outside);
        assert_eq!((found.visits_without_call, found.places_without_visit), (0, 2));
        assert_eq!(found.findings.kept().len(), 2);
    }
}
