//! Room: ledger/audit. Who ordered what of the installation, when and why, as the journal tells it: `charye audit orders`.
//! Called by the command. Must never tell of a citizen, and never keep the list: it is handed on line by line.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use charye_domain::book::{Actor, Channel, Entry, Event, Provenance};
use charye_domain::campaign::Campaign;
use charye_domain::ids::{CampaignId, OpeningId};
use charye_domain::waiting_room::steering::Steering;
use charye_engine::ports::{JournalReader, ReadFailure};

use super::show::{StoryLine, line, time};
use crate::order_words::{cap_of, detail_of};

/// Tells every order of an operator, or by the command line, in order, and says how many there were. What Charye did to a line
/// by itself is no order; the parts of an import are told with its activation.
///
/// # Errors
/// The journal cannot be read; orders before the row that cannot have been told.
pub fn orders(reader: &mut dyn JournalReader, tell: &mut dyn FnMut(StoryLine)) -> Result<u64, ReadFailure> {
    let mut codes = Codes::default();
    let mut count = 0;
    reader.read(1, &mut |row| {
        for (seq, entry) in (row.first_seq..).zip(row.entries.iter()) {
            if let Event::CampaignPublished { campaign, .. } = &entry.event {
                codes.note(campaign);
            }
            if let Some(text) = is_order(entry.by).then(|| text_of(entry, &codes)).flatten() {
                count += 1;
                tell(line(seq, row.at, entry, text));
            }
        }
        ControlFlow::Continue(())
    })?;
    Ok(count)
}

/// Codes of the campaigns published so far.
#[derive(Default)]
struct Codes(BTreeMap<CampaignId, String>);

impl Codes {
    fn note(&mut self, campaign: &Campaign) {
        self.0.insert(campaign.id, campaign.code.clone());
    }

    /// Such as `kr-2021-18-49, opening 0`.
    fn opening(&self, entry: &Entry, opening: OpeningId) -> String {
        let code = entry.under.and_then(|(campaign, _)| self.0.get(&campaign)).map_or("no campaign", String::as_str);
        format!("{code}, opening {}", opening.0)
    }
}

fn is_order(by: Provenance) -> bool {
    matches!(by.actor, Actor::Operator(_)) || by.channel == Channel::CommandLine
}

/// The order in words; `None` for what is told with another entry.
fn text_of(entry: &Entry, codes: &Codes) -> Option<String> {
    Some(match &entry.event {
        Event::Steered { opening, steering, note } => {
            let what = steering.code();
            let detail = match &**steering {
                Steering::OpenAt(opens_at) => time(*opens_at),
                steering => detail_of(steering),
            };
            let space = if detail.is_empty() { "" } else { " " };
            format!("{}: {what}{space}{detail}: {}", codes.opening(entry, *opening), in_one_line(note))
        }
        Event::ProviderSteered { order } => {
            let cap = cap_of(order.word).map_or_else(String::new, |cap| format!(" at {cap} questions at once"));
            format!("identity provider {}: {}{cap}: {}", order.provider, order.word.code(), in_one_line(&order.note))
        }
        Event::CampaignPublished { campaign, .. } => {
            format!("campaign {} published, version {}", campaign.code, campaign.version.0)
        }
        Event::ImportActivated { import } => format!("import {} activated", import.0),
        Event::ImportDiscarded { import } => format!("import {} discarded", import.0),
        Event::SlotsBlocked { block, mask } => format!("{} slots of block {} blocked", mask.count_ones(), block.0),
        Event::SlotsUnblocked { block, mask } => format!("{} slots of block {} unblocked", mask.count_ones(), block.0),
        Event::ClockAccepted => "the clock as it is now accepted".to_owned(),
        Event::DrawRevealed { opening, .. } => format!("{}: draw revealed", codes.opening(entry, *opening)),
        Event::Refused { rejection } => format!("refused: {}", rejection.code()),
        _ => return None,
    })
}

/// What somebody typed, without what would begin a line of its own or steer a terminal.
fn in_one_line(note: &str) -> String {
    note.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use charye_domain::book::Action;
    use charye_domain::book::samples::{CAMPAIGN, OPERATOR, Sample, opens_at};
    use charye_domain::identity::{IdentityProviderId, OperatorWord, ProviderOrder};
    use charye_domain::vaccine::DoseTwoPolicy;
    use charye_domain::waiting_room::admission::PauseReason;
    use charye_engine::ports::Journal as _;

    use super::*;
    use crate::data_folder::DataFolder;
    use crate::journal::SqliteJournal;
    use crate::suite::story::{append_story, story_options};

    #[test]
    fn every_order_is_told_with_who_and_why_and_nothing_that_charye_did_by_itself_nor_a_citizen() {
        let mut sample = Sample::with_line(DoseTwoPolicy::Together, 20);
        let person = sample.citizen(1);
        sample.now = opens_at();
        sample.pass_time(0);
        sample.arrive(person, sample.now);
        let mut steer = |actor, steering, note: &str| {
            let (campaign, opening, steering) = (CAMPAIGN, OpeningId(0), Box::new(steering));
            sample.ask(actor, Action::Steer { campaign, opening, steering, note: note.into(), rehearsal: false });
        };
        steer(OPERATOR, Steering::Pause(PauseReason::Operator), "a burst\n\u{1b}[2Jpipe");
        steer(OPERATOR, Steering::Resume, "mended");
        steer(Actor::System, Steering::Pause(PauseReason::NothingLeft), "no places are left");
        let provider = IdentityProviderId::parse("pass").unwrap();
        let order = ProviderOrder { provider, word: OperatorWord::Capped(40), note: "they asked us to".into() };
        sample.ask(OPERATOR, Action::SteerProvider { order: Box::new(order) });

        let temporary = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(temporary.path().join("data")).unwrap();
        let mut journal = SqliteJournal::open(&folder, story_options()).unwrap();
        append_story(&mut journal, &sample.journal);
        let mut told = Vec::new();
        let count = orders(&mut *journal.reader(), &mut |line| told.push(line)).unwrap();
        assert_eq!(count, told.len() as u64);
        assert!(told.iter().all(|line| line.actor == "operator 1"), "{told:?}");
        let texts: Vec<_> = told.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(
            texts,
            [
                "campaign sample published, version 1",
                "import 1 activated",
                "sample, opening 0: pause by an operator: a burst  [2Jpipe",
                "sample, opening 0: resume: mended",
                "identity provider pass: capped at 40 questions at once: they asked us to",
            ]
        );
    }
}
