//! Room: domain/book/tests. Imports laid out in parts: nobody sees them, nobody waits for them, and a break loses nothing.

use proptest::prelude::*;

use super::*;
use crate::book::samples::{OPERATOR, PAIRED, SINGLE, book_in, clinic, image_of, session};
use crate::book::{Event, SlotCounts};
use crate::clinic::Clinic;
use crate::ids::{BlockId, ImportId, SlotId};
use crate::slot::ClinicSession;
use crate::vaccine::DoseNumber;

const CODES: [&str; 4] = ["C3", "C4", "C5", "C6"];

fn stage(sample: &mut Sample, import: u32, codes: &[&str], sessions: Vec<ClinicSession>) {
    let clinics: Vec<Clinic> = codes.iter().map(|code| clinic(code)).collect();
    let import = ImportId(import);
    assert_eq!(said(sample.ask(OPERATOR, Action::StageClinics { import, clinics: clinics.into() })), "ok");
    let action = Action::StageSessions { import, campaign: CAMPAIGN, sessions: sessions.into() };
    assert_eq!(said(sample.ask(OPERATOR, action)), "ok");
}

/// Two slots on three days at each of four new clinics.
fn stage_new_clinics(sample: &mut Sample, import: u32) {
    let sessions = CODES.map(|code| session(code, SINGLE, DoseNumber::First, (4, 6), 3));
    stage(sample, import, &CODES, sessions.to_vec());
}

/// One clinic a part.
fn lay_out_one(sample: &mut Sample, import: u32) -> Outcome {
    sample.ask(OPERATOR, Action::LayOutImport { import: ImportId(import), slots_max: 1 })
}

fn activate(sample: &mut Sample, import: u32) -> &'static str {
    said(sample.ask(OPERATOR, Action::ActivateImport { import: ImportId(import) }))
}

/// Every slot that can be found, with its places.
fn seen(sample: &Sample) -> Vec<(SlotId, SlotCounts)> {
    let blocks = 0..sample.book.blocks().len() as u32;
    let slots = blocks.flat_map(|block| (0..64).map(move |index| SlotId::new(BlockId(block), index)));
    slots.filter_map(|slot| Some((slot, sample.book.slot_counts(slot)?))).collect()
}

#[test]
fn people_reserve_between_the_parts_of_an_import_and_see_nothing_of_it_before_it_counts() {
    let mut sample = open(40);
    stage_new_clinics(&mut sample, 2);
    let clinics = sample.book.clinics().len();
    let first_hidden = SlotId::new(BlockId(sample.book.blocks().len() as u32), 0);
    for key in 1..=4 {
        let before = seen(&sample);
        assert_eq!(lay_out_one(&mut sample, 2), Outcome::LaidOut);
        assert_eq!(seen(&sample), before);
        let person = sample.citizen(key);
        assert_eq!(said(sample.reserve(person, Places { first: first_hidden, second: None })), "slot_unknown");
        assert_eq!(sample.book.free(first_hidden), 0);
        let single = sample.single("C1");
        reserved(sample.reserve(person, single));
    }
    assert_eq!(sample.book.clinics().len(), clinics, "nor a clinic");
    assert_eq!(lay_out_one(&mut sample, 2), Outcome::Done, "nothing is left");
    let parts: Vec<_> = sample.journal.iter().filter_map(|(_, entry)| part_of(&entry.event)).collect();
    assert_eq!(parts, [(0, 1), (1, 1), (2, 1), (3, 1)]);

    assert_eq!(activate(&mut sample, 2), "ok");
    let person = sample.citizen(9);
    let single = sample.single("C3");
    assert_eq!(single.first, first_hidden);
    reserved(sample.reserve(person, single));
    assert_eq!(seen(&sample).iter().filter(|(slot, _)| slot.0 >= first_hidden.0).count(), 4 * 3 * 2);
}

fn part_of(event: &Event) -> Option<(u32, u32)> {
    match event {
        Event::ImportLaidOut { from, clinics, .. } => Some((*from, *clinics)),
        _ => None,
    }
}

#[test]
fn an_import_in_parts_comes_to_the_same_slots_as_one_at_once() {
    let changes = || {
        let mut longer = session("C1", SINGLE, DoseNumber::First, (4, 5), 2);
        longer.start = crate::time::MinuteOfDay(480);
        vec![session("C7", SINGLE, DoseNumber::First, (4, 5), 2), longer]
    };
    let places = |sample: &Sample| {
        let slots = seen(sample).into_iter();
        let mut places: Vec<_> =
            slots.map(|(slot, counts)| (format!("{:?}", sample.book.slot_place(slot)), counts.capacity)).collect();
        places.sort();
        places
    };
    let mut at_once = open(4);
    stage(&mut at_once, 2, &["C7"], changes());
    assert_eq!(activate(&mut at_once, 2), "ok");
    let mut in_parts = open(4);
    stage(&mut in_parts, 2, &["C7"], changes());
    let before = seen(&in_parts);
    while lay_out_one(&mut in_parts, 2) == Outcome::LaidOut {}
    assert_eq!(seen(&in_parts), before, "what is there changes when it is activated");
    assert_eq!(activate(&mut in_parts, 2), "ok");
    assert_eq!(places(&in_parts), places(&at_once));
}

#[test]
fn a_crash_or_a_restart_between_parts_goes_on_where_it_was() {
    let mut sample = open(4);
    stage_new_clinics(&mut sample, 2);
    for part in 0..4 {
        assert_eq!(lay_out_one(&mut sample, 2), Outcome::LaidOut);
        let image = image_of(&sample.book);
        assert_eq!(image, image_of(&sample.replayed()));
        let back = book_in(&image, DoseTwoPolicy::Together).unwrap();
        assert_eq!(image_of(&back), image);
        sample.book = if part % 2 == 0 { back } else { sample.replayed() };
    }
    assert_eq!(lay_out_one(&mut sample, 2), Outcome::Done);
    assert_eq!(activate(&mut sample, 2), "ok");
    assert_eq!(image_of(&sample.book), image_of(&sample.replayed()));
    assert!(CODES.iter().all(|code| sample.book.free(sample.single(code).first) > 0));
}

#[test]
fn what_is_given_up_is_never_seen_and_its_days_can_be_wanted_by_others() {
    let mut sample = open(4);
    stage_new_clinics(&mut sample, 2);
    lay_out_one(&mut sample, 2);
    lay_out_one(&mut sample, 2);
    assert_eq!(said(sample.ask(OPERATOR, Action::DiscardImport { import: ImportId(2) })), "ok");
    let (before, blocks) = (seen(&sample), sample.book.blocks().len());
    // Other clinics get the ids that C3 and C4 would have had, and one of the days.
    let mut other = session("D1", SINGLE, DoseNumber::First, (4, 4), 1);
    (other.start, other.slot_minutes) = (crate::time::MinuteOfDay(480), 20);
    stage(&mut sample, 3, &["D1"], vec![other]);
    assert_eq!(lay_out_one(&mut sample, 3), Outcome::LaidOut);
    assert_eq!(seen(&sample), before);
    assert_eq!(sample.book.blocks().len(), blocks, "a hidden block is laid out anew");
    assert_eq!(activate(&mut sample, 3), "ok");
    let new: Vec<_> = seen(&sample).into_iter().filter(|found| !before.contains(found)).collect();
    assert_eq!(new.len(), 6, "every twenty minutes from eight to ten: {new:?}");
    let id = new[0].0.block();
    let starts: Vec<_> = sample.book.slots_of_block(id).map(|(_, start)| start.0).collect();
    assert_eq!(starts, [480, 500, 520, 540, 560, 580]);
    assert_eq!(image_of(&sample.book), image_of(&sample.replayed()));
}

#[test]
fn another_import_more_rows_or_another_version_of_the_campaign_make_it_start_over() {
    let mut sample = open(4);
    stage_new_clinics(&mut sample, 2);
    let more = |code| vec![session(code, SINGLE, DoseNumber::First, (4, 5), 2)];
    let last_part = |sample: &Sample| sample.journal.last().and_then(|(_, entry)| part_of(&entry.event));
    let go_on_from = |sample: &mut Sample, from: u32| {
        assert_eq!(lay_out_one(sample, 2), Outcome::LaidOut);
        assert_eq!(last_part(sample), Some((from, 1)));
    };
    go_on_from(&mut sample, 0);
    go_on_from(&mut sample, 1);
    stage(&mut sample, 3, &["E1"], more("E1"));
    go_on_from(&mut sample, 2);
    assert_eq!(lay_out_one(&mut sample, 3), Outcome::LaidOut);
    go_on_from(&mut sample, 0);
    assert_eq!(activate(&mut sample, 3), "ok");
    go_on_from(&mut sample, 0);
    stage(&mut sample, 2, &["E2"], more("E2"));
    go_on_from(&mut sample, 0);
    while lay_out_one(&mut sample, 2) == Outcome::LaidOut {}
    assert_eq!(activate(&mut sample, 2), "ok");
    assert!(["C3", "C6", "E1", "E2"].iter().all(|code| sample.book.free(sample.single(code).first) > 0));
    assert_eq!(image_of(&sample.book), image_of(&sample.replayed()));
}

#[test]
fn a_part_that_does_not_fit_is_refused_and_an_import_half_laid_out_is_checked_whole() {
    let mut sample = open(4);
    let mut sessions: Vec<_> = CODES.map(|code| session(code, SINGLE, DoseNumber::First, (4, 6), 3)).to_vec();
    sessions[2].capacity = 0;
    stage(&mut sample, 2, &CODES, sessions);
    let before = seen(&sample);
    assert_eq!(lay_out_one(&mut sample, 2), Outcome::LaidOut);
    assert_eq!(activate(&mut sample, 2), "import_invalid");
    assert_eq!(lay_out_one(&mut sample, 2), Outcome::LaidOut);
    assert_eq!(said(lay_out_one(&mut sample, 2)), "import_invalid");
    assert_eq!(said(lay_out_one(&mut sample, 99)), "import_unknown");
    assert_eq!(seen(&sample), before);
}

/// What happens to a book while an import is laid out in parts, or before it is activated at once.
#[derive(Clone, Debug)]
enum Meanwhile {
    /// Somebody reserves at the clinic, so many half hours after nine.
    Reserve {
        clinic: usize,
        half_hours: u16,
    },
    /// So many whom the test knows give back what they have.
    Cancel {
        reservations: usize,
    },
    Close {
        clinic: usize,
        mask: u64,
    },
    Reopen {
        clinic: usize,
    },
    /// Another import, of days that are there, is staged and partly laid out, and given up or left as it is.
    OtherHours {
        sessions: Vec<ClinicSession>,
        is_discarded: bool,
    },
}

fn any_hours(clinics: usize, first_day: u8) -> impl Strategy<Value = Vec<ClinicSession>> {
    let drawn = (0..clinics, 0..2_u16, 1..4_u16, 0..2_u8, 3..7_u8, 1..5_u16);
    prop::collection::vec(drawn, 1..5).prop_map(move |sessions| {
        let hours_of = |(code, later, long, product, last_day, capacity): (usize, u16, u16, u8, u8, u16)| {
            let product = if product == 0 { SINGLE } else { PAIRED };
            let mut hours = session(
                ["C1", "C2", "C7"][code],
                product,
                DoseNumber::First,
                (first_day, last_day.max(first_day)),
                capacity,
            );
            hours.start = crate::time::MinuteOfDay(510 + 60 * later);
            hours.end = crate::time::MinuteOfDay(hours.start.0 + 60 * long);
            hours
        };
        sessions.into_iter().map(hours_of).collect()
    })
}

fn any_meanwhile() -> impl Strategy<Value = Meanwhile> {
    prop_oneof![
        8 => (0..2_usize, 0..2_u16).prop_map(|(clinic, half_hours)| Meanwhile::Reserve { clinic, half_hours }),
        3 => (1..4_usize).prop_map(|reservations| Meanwhile::Cancel { reservations }),
        2 => (0..2_usize, 1..16_u64).prop_map(|(clinic, mask)| Meanwhile::Close { clinic, mask }),
        1 => (0..2_usize).prop_map(|clinic| Meanwhile::Reopen { clinic }),
        1 => (any_hours(2, 4), any::<bool>())
            .prop_map(|(sessions, is_discarded)| Meanwhile::OtherHours { sessions, is_discarded }),
    ]
}

/// One of two books to which the same happens.
struct Place {
    sample: Sample,
    in_parts: bool,
    people: u8,
    imports: u32,
    reservations: Vec<(Person, ReservationId)>,
}

impl Place {
    fn new(in_parts: bool) -> Self {
        Self { sample: open(2), in_parts, people: 0, imports: 1, reservations: Vec::new() }
    }

    fn stage(&mut self, sessions: &[ClinicSession]) -> u32 {
        self.imports += 1;
        stage(&mut self.sample, self.imports, &["C7"], sessions.to_vec());
        self.imports
    }

    fn first_block(&self, clinic: usize) -> BlockId {
        self.sample.slot(["C1", "C2"][clinic], SINGLE, DoseNumber::First, 4, 0).unwrap().block()
    }

    fn take(&mut self, step: &Meanwhile) {
        match step {
            Meanwhile::Reserve { clinic, half_hours } => {
                self.people += 1;
                let person = self.sample.citizen(self.people);
                let first = self.sample.slot(["C1", "C2"][*clinic], SINGLE, DoseNumber::First, 4, *half_hours).unwrap();
                if let Outcome::Reserved { reservation, .. } =
                    self.sample.reserve(person, Places { first, second: None })
                {
                    self.reservations.push((person, reservation));
                }
            }
            Meanwhile::Cancel { reservations } => {
                for (person, reservation) in self.reservations.drain(..self.reservations.len().min(*reservations)) {
                    let action = Action::Cancel { person, reservation };
                    assert_eq!(said(self.sample.ask(Actor::Citizen(person), action)), "ok");
                }
            }
            Meanwhile::Close { clinic, mask } => {
                let action = Action::BlockSlots { block: self.first_block(*clinic), mask: *mask };
                self.sample.ask(OPERATOR, action);
            }
            Meanwhile::Reopen { clinic } => {
                let action = Action::UnblockSlots { block: self.first_block(*clinic), mask: u64::MAX };
                assert_eq!(said(self.sample.ask(OPERATOR, action)), "ok");
            }
            Meanwhile::OtherHours { sessions, is_discarded } => {
                let import = self.stage(sessions);
                if self.in_parts {
                    lay_out_one(&mut self.sample, import);
                }
                if *is_discarded {
                    let action = Action::DiscardImport { import: ImportId(import) };
                    assert_eq!(said(self.sample.ask(OPERATOR, action)), "ok");
                }
            }
        }
    }

    /// Lays an import out, with something happening after each part and a restart from an image after every other.
    fn import(&mut self, sessions: &[ClinicSession], meanwhile: &[Meanwhile]) {
        let import = self.stage(sessions);
        let mut meanwhile = meanwhile.iter();
        for part in 0.. {
            let is_laid_out = !self.in_parts || lay_out_one(&mut self.sample, import) != Outcome::LaidOut;
            if self.in_parts && part % 2 == 1 {
                self.sample.book = book_in(&image_of(&self.sample.book), DoseTwoPolicy::Together).unwrap();
            }
            match meanwhile.next() {
                Some(step) => self.take(step),
                None if is_laid_out => break,
                None => {}
            }
        }
        assert_eq!(activate(&mut self.sample, import), "ok");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever is reserved, cancelled, closed or given up while an import is laid out, and wherever a restart cuts it: its
    /// activation comes to what it would have come to at once, to what the journal says, and to what the laws say.
    #[test]
    fn what_was_prepared_turns_to_what_it_would_have_been_at_once(
        imports in prop::collection::vec((any_hours(3, 3), prop::collection::vec(any_meanwhile(), 0..12)), 1..4),
    ) {
        let (mut at_once, mut in_parts) = (Place::new(false), Place::new(true));
        for (sessions, meanwhile) in &imports {
            at_once.import(sessions, meanwhile);
            in_parts.import(sessions, meanwhile);
            prop_assert_eq!(seen(&in_parts.sample), seen(&at_once.sample));
        }
        for place in [at_once, in_parts] {
            let image = image_of(&place.sample.book);
            prop_assert_eq!(&image_of(&place.sample.replayed()), &image);
            prop_assert_eq!(&image_of(&book_in(&image, DoseTwoPolicy::Together).unwrap()), &image);
            let mut checker = crate::law::Checker::new();
            for ((at, entry), seq) in place.sample.journal.iter().zip(1..) {
                prop_assert_eq!(checker.check(seq, *at, entry), []);
            }
            for (slot, counts) in seen(&place.sample) {
                prop_assert_eq!(checker.compare(0, slot, counts), None);
            }
        }
    }
}
