//! Room: engine/availability, tests. A board made from a real book, at once and in slices beside a writer.

use std::sync::Arc;

use charye_domain::book::{Actor, Book, Channel, Entry, Event, Provenance};
use charye_domain::ids::{
    CampaignVersion, CohortId, ImportId, OpeningId, Person, ReservationId, ReservationNumber, SlotId,
};
use charye_domain::opening::{Opening, ReservationWindow};
use charye_domain::slot::{ClinicSession, Weekdays};
use charye_domain::time::{DayIndex, MinuteOfDay, UnixMillis};
use charye_domain::vaccine::DoseNumber;

use super::world::{CAMPAIGN, DAYS, INTERVAL, both, campaign, clinic, district_table};
use crate::availability::{
    Audit, Availability, Board, DaySet, DistrictPlace, Moment, Progress, Rebuild, Resync, SearchRequest,
};

fn apply(book: &mut Book, event: Event) {
    let by = Provenance { actor: Actor::System, channel: Channel::Internal, reason: 0 };
    let under = Some((CAMPAIGN, CampaignVersion(1)));
    book.apply(&Entry { by, under, operation: None, event }, UnixMillis(0));
}

/// Five clinics that give both doses of product 0, four slots a morning, on weekdays; the share of the one opening is out.
fn book() -> Book {
    let mut book = Book::default();
    let mut campaign = campaign(true);
    let civil = campaign.first_day.at(0, 0, 0, 0);
    let window = ReservationWindow {
        opens_at: UnixMillis(0),
        closes_at: UnixMillis::NEVER,
        opens_civil: civil,
        closes_civil: civil,
    };
    campaign.openings.push(Opening {
        id: OpeningId(0),
        name: both("all"),
        cohorts: vec![CohortId(0)],
        birth_day_digits: Vec::new(),
        window,
        cumulative_share: 10_000,
    });
    let (first_day, last_day) = (campaign.first_day, campaign.last_day);
    apply(&mut book, Event::CampaignPublished { campaign: Arc::new(campaign), text: "".into() });
    let clinics: Vec<_> =
        (0..5).map(|n| clinic(n, 11_110, &format!("가{n}"), Some((37_500_000, 127_000_000)))).collect();
    let session = |n: usize, dose| ClinicSession {
        clinic: clinics[n].code.clone(),
        product: charye_domain::ids::ProductId(0),
        dose,
        first_day,
        last_day,
        weekdays: Weekdays(0b1_1111),
        start: MinuteOfDay(540),
        end: MinuteOfDay(660),
        slot_minutes: 30,
        capacity: 3,
    };
    let sessions: Vec<_> =
        (0..5).flat_map(|n| [session(n, DoseNumber::First), session(n, DoseNumber::Second)]).collect();
    let import = ImportId(1);
    apply(&mut book, Event::ClinicsStaged { import, clinics: clinics.clone().into() });
    apply(&mut book, Event::SessionsStaged { import, sessions: sessions.into() });
    apply(&mut book, Event::ImportActivated { import });
    book
}

fn release(book: &mut Book) {
    apply(book, Event::ShareReleased { opening: OpeningId(0) });
}

fn reserve(book: &mut Book, n: u32, first: SlotId) {
    let number = ReservationNumber::from_random(n.into());
    let (person, reservation) = (Person(n), ReservationId(n));
    let event = Event::Reserved {
        person,
        reservation,
        number,
        first,
        second: None,
        opening: OpeningId(0),
        cohort: CohortId(0),
    };
    apply(book, event);
}

fn districts() -> Arc<[DistrictPlace]> {
    district_table().into()
}

fn assert_agrees(board: &Board, book: &Book) {
    let mut audit = Audit::new();
    assert_eq!(audit.step(board, usize::MAX, |slot| book.free(slot)), Progress::Done);
    assert_eq!(audit.findings(), &[]);
}

#[test]
fn a_board_made_of_a_book_shows_what_the_book_has() {
    let mut book = book();
    release(&mut book);
    let slot = |block| SlotId::new(charye_domain::ids::BlockId(block), 2);
    for n in 0..3 {
        reserve(&mut book, n, slot(0));
    }
    reserve(&mut book, 3, slot(7));
    let availability = Availability::from_book(&book, districts()).unwrap();
    let board = availability.board();
    assert_agrees(board, &book);
    assert_eq!((board.remaining(slot(0)), board.remaining(slot(7)), board.remaining(slot(8))), (0, 2, 3));
    assert_eq!(board.slots(), book.fill().slots);
    let page = availability.search(&SearchRequest::new(CAMPAIGN), Moment::BEFORE).unwrap();
    assert_eq!(page.clinics.len(), 5);
    // The campaign's last twenty days have no second dose after them.
    let last_days = DaySet::from_day(DayIndex(DAYS - INTERVAL.0));
    assert!(page.clinics.iter().all(|clinic| !clinic.days.is_empty() && clinic.days.and(last_days).is_empty()));
}

#[test]
fn a_rebuild_in_slices_misses_nothing_that_changes_meanwhile() {
    let mut book = book();
    release(&mut book);
    let mut rebuild = Rebuild::begin(districts());
    let blocks = book.blocks().len() as u32;
    let (mut n, mut made) = (0, None);
    while made.is_none() {
        // A change between any two slices, all over the board; what the journal made durable is told to the new board.
        if n < 2_000 && rebuild.board().is_none_or(|board| board.slots() > 0) {
            let slot = SlotId::new(charye_domain::ids::BlockId(n * 13 % blocks), (n % 4) as u8);
            if book.free(slot) > 0 {
                reserve(&mut book, n, slot);
                rebuild.board().inspect(|board| {
                    board.set(slot, book.free(slot));
                });
            }
            n += 1;
        }
        made = rebuild.step(&book, 16).unwrap();
        if made.is_none() && rebuild.board().is_none() {
            std::thread::yield_now();
        }
    }
    let made = made.unwrap();
    assert!(n > 100, "there was time for changes");
    assert_agrees(made.board(), &book);
    let at_once = Availability::from_book(&book, districts()).unwrap();
    assert_eq!(made.board().fingerprint(), at_once.board().fingerprint());
    assert_eq!(rebuild.step(&book, 16).map(|again| again.is_none()), Ok(true), "a rebuild gives its board once");
}

#[test]
fn an_import_that_is_only_laid_out_is_on_no_board() {
    let mut book = book();
    release(&mut book);
    let before = Availability::from_book(&book, districts()).unwrap();
    let import = ImportId(2);
    let new = clinic(9, 11_110, "새", Some((37_500_000, 127_000_000)));
    let campaign = book.campaign(CAMPAIGN).unwrap();
    let session = ClinicSession {
        clinic: new.code.clone(),
        product: charye_domain::ids::ProductId(0),
        dose: DoseNumber::First,
        first_day: campaign.first_day,
        last_day: campaign.last_day,
        weekdays: Weekdays::ALL,
        start: MinuteOfDay(540),
        end: MinuteOfDay(660),
        slot_minutes: 30,
        capacity: 3,
    };
    apply(&mut book, Event::ClinicsStaged { import, clinics: [new].into() });
    apply(&mut book, Event::SessionsStaged { import, sessions: [session].into() });
    let blocks = book.blocks().len();
    apply(&mut book, Event::ImportLaidOut { import, from: 0, clinics: 1 });
    assert!(book.blocks().len() > blocks);
    let between = Availability::from_book(&book, districts()).unwrap();
    assert_eq!(between.board().slots(), before.board().slots());
    assert_eq!(between.board().fingerprint(), before.board().fingerprint());
    let clinics =
        |shown: &Availability| shown.search(&SearchRequest::new(CAMPAIGN), Moment::BEFORE).unwrap().clinics.len();
    assert_eq!(clinics(&between), 5);
    assert_agrees(between.board(), &book);

    apply(&mut book, Event::ImportActivated { import });
    let after = Availability::from_book(&book, districts()).unwrap();
    assert!(after.board().slots() > before.board().slots());
    assert_agrees(after.board(), &book);
}

#[test]
fn a_released_share_reaches_the_board_in_slices() {
    let mut book = book();
    let availability = Availability::from_book(&book, districts()).unwrap();
    assert_eq!(availability.board().fingerprint(), 0, "nothing is out yet");
    release(&mut book);
    let mut resync = Resync::campaign(CAMPAIGN);
    let mut steps = 1;
    while resync.step(availability.board(), 100, |slot| book.free(slot)) == Progress::Going {
        steps += 1;
    }
    assert!(steps >= availability.board().slots() / 103, "{steps} steps: none may do more than its slice");
    assert_agrees(availability.board(), &book);
    assert_ne!(availability.board().fingerprint(), 0);
}
