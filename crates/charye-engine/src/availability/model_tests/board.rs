//! Room: engine/availability, tests. The board itself: its sums, its fingerprint, its walks, and readers beside a writer.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use charye_domain::ids::{BlockId, SlotId};
use charye_domain::time::DayIndex;
use proptest::prelude::*;

use super::world::{CAMPAIGN, Seeds, World, seeds};
use crate::availability::{Audit, Board, DaySet, Finding, Fingerprint, Moment, Progress, Resync, SearchRequest};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn equal_counts_have_equal_fingerprints_whatever_led_to_them(seeds in seeds(), slices in 1_usize..40) {
        let world = World::new(&seeds);
        let board = world.availability.board();
        let mut reckoned = Fingerprint::default();
        for place in world.places.iter().rev() {
            reckoned.add(place.slot, place.free);
        }
        prop_assert_eq!(board.fingerprint(), reckoned.value());

        let again = world.laid_out_again();
        prop_assert_eq!(again.fingerprint(), 0);
        let mut resync = Resync::campaign(CAMPAIGN);
        let mut steps = 0;
        while resync.step(&again, slices, |slot| world.free(slot)) == Progress::Going {
            steps += 1;
            prop_assert!(steps <= world.places.len(), "a walk must end");
        }
        prop_assert_eq!(again.fingerprint(), board.fingerprint());
        let mut audit = Audit::new();
        while audit.step(&again, slices, |slot| world.free(slot)) == Progress::Going {}
        prop_assert_eq!(audit.findings(), &[]);
    }

    #[test]
    fn an_audit_names_every_slot_that_differs(seeds in seeds(), wrong: usize, by in 1_u16..200) {
        let world = World::new(&seeds);
        prop_assume!(!world.places.is_empty());
        let place = world.places[wrong % world.places.len()];
        let expected = (place.free + by).min(255);
        prop_assume!(expected != place.free.min(255));
        let mut audit = Audit::new();
        let book = |slot| if slot == place.slot { expected } else { world.free(slot) };
        prop_assert_eq!(audit.step(world.availability.board(), usize::MAX, book), Progress::Done);
        prop_assert_eq!(audit.findings(), &[Finding::Count { slot: place.slot, shown: place.free.min(255), expected }]);
        prop_assert_eq!(audit.found(), 1);
    }

    #[test]
    fn what_takes_shows_at_once_and_what_frees_waits(seeds in seeds(), which: usize, free in 0_u16..300) {
        let world = World::new(&seeds);
        prop_assume!(!world.places.is_empty());
        let (board, place) = (world.availability.board(), world.places[which % world.places.len()]);
        let before = board.remaining(place.slot);
        let must_wait = board.set_if_fewer(place.slot, free);
        prop_assert_eq!(must_wait, free.min(255) > before);
        prop_assert_eq!(board.remaining(place.slot), free.min(255).min(before));
    }
}

#[test]
fn a_slot_that_does_not_exist_is_ignored() {
    let world = one_row(3);
    let board = world.availability.board();
    let before = board.fingerprint();
    for slot in [SlotId::new(BlockId(0), 4), SlotId::new(BlockId(3), 0), SlotId(u32::MAX)] {
        assert!(!board.set(slot, 5) && !board.set_if_fewer(slot, 5));
        assert_eq!((board.remaining(slot), board.place(slot)), (0, None));
    }
    assert_eq!(board.fingerprint(), before);
}

/// One clinic with one dose of product 1 on some days, four slots each.
fn one_row(days: u8) -> World {
    World::new(&Seeds {
        clinics: vec![(0, "가".to_owned(), Some((37_500_000, 127_000_000)))],
        blocks: (0..days).map(|day| (0, 2, day, 0)).collect(),
        in_order: true,
        together: false,
        counts: Vec::new(),
    })
}

#[test]
fn a_reader_beside_the_writer_sees_only_what_was_there() {
    const DAYS: u8 = 80;
    let world = one_row(DAYS);
    let board: &Board = world.availability.board();
    // The writer only ever shows these counts, and never touches days 70 and later, which stay free and sold out.
    let counts = [0_u16, 1, 7, 200, 255];
    board.set(SlotId::new(BlockId(70), 0), 9);
    let done = AtomicBool::new(false);
    let allowed: BTreeSet<u16> = counts.into_iter().collect();
    let looks = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::Acquire) {
                    look_around(&world, &allowed);
                    looks.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        // On a busy machine the readers may come late: go on until they have looked, but not for ever if they cannot.
        let mut n = 0_u64;
        while n < 200_000 || looks.load(Ordering::Relaxed) < 20 && n < 100_000_000 {
            let dice = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
            let slot = SlotId::new(BlockId((dice % 70) as u32), (dice / 70 % 4) as u8);
            board.set(slot, counts[(dice / 280 % 5) as usize]);
            n += 1;
        }
        done.store(true, Ordering::Release);
    });
    assert!(looks.into_inner() >= 20, "nobody looked");
    let mut audit = Audit::new();
    assert_eq!(audit.step(board, usize::MAX, |slot| board.remaining(slot)), Progress::Done);
    assert_eq!(audit.findings(), &[], "masks and sums follow from the counts");
}

/// Reads every slot that is written to, and searches; whatever is seen must have been there.
fn look_around(world: &World, allowed: &BTreeSet<u16>) {
    let board = world.availability.board();
    for block in (0..70).map(BlockId) {
        for slot in board.slots_of(block) {
            assert!(allowed.contains(&board.remaining(slot)), "{slot:?}");
        }
    }
    let request = SearchRequest { next_times: 4, ..SearchRequest::new(CAMPAIGN) };
    let page = world.availability.search(&request, Moment::BEFORE).unwrap();
    let days = page.clinics[0].days;
    assert!(days.contains(DayIndex(70)), "a day nobody touches stays free");
    assert_eq!(days.and(DaySet::from_day(DayIndex(71))), DaySet::EMPTY, "a day without places never shows");
    for time in page.clinics[0].next_times.iter() {
        assert!(allowed.contains(&time.remaining) && time.remaining > 0 || time.remaining == 9);
    }
}
