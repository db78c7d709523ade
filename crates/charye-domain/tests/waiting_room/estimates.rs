//! Whether what people are told comes true, on simulated evenings with no-shows, an uneven service and a full house.

use charye_domain::waiting_room::admission::Terms;

use crate::surges::calm;
use crate::world::{Chance, Scenario, World};

/// Evenings of half an hour and more of waiting, each different.
fn evening(seed: u64) -> Scenario {
    let mut chance = Chance(seed);
    let rate = chance.between(400, 900) as u32;
    // Every other evening is limited by seats rather than by the rate.
    let seats = if seed.is_multiple_of(2) { 4_000 } else { chance.between(300, 500) as u32 };
    let sometimes = |chance: &mut Chance| chance.percent(50).then(|| chance.between(200, 1_500));
    Scenario {
        terms: Terms::new(seats, 0, rate / 2..=rate, 45).unwrap(),
        drawn: chance.between(6_000, 12_000) as u32,
        late: chance.between(1_000, 4_000) as u32,
        late_secs: 1_200,
        gone_percent: chance.between(0, 60) as u32,
        visit_secs: 10..=70,
        again_percent: 5,
        slow_at: sometimes(&mut chance),
        blind_at: sometimes(&mut chance),
        ends_secs: 3_600,
        ..calm(seed)
    }
}

#[test]
fn nine_in_ten_are_called_within_the_first_range_they_were_told() {
    let mut errors = Vec::new();
    let (mut kept, mut counted) = (0, 0);
    for seed in 0..10 {
        let mut world = World::new(evening(seed));
        world.play();
        let score = world.score;
        let judged = score.kept + score.early + score.late;
        assert!(judged > 2_000, "seed {seed}: {score:?}");
        assert!(score.kept_percent() >= Some(80), "seed {seed}: {score:?} {:?}", world.scenario);
        (kept, counted) = (kept + score.kept, counted + judged);
        errors.extend(world.told.iter().map(|told| {
            let middle = f64::from(told.range.middle_secs());
            ((told.waited_secs - middle).abs() / told.waited_secs.max(1.0), told.waited_secs)
        }));
    }
    println!("{kept} of {counted} promises kept");
    assert!(f64::from(kept) >= 0.9 * f64::from(counted), "{kept} of {counted} promises kept");
    let mut long: Vec<f64> = errors.iter().filter(|(_, waited)| *waited > 300.0).map(|(error, _)| *error).collect();
    long.sort_unstable_by(f64::total_cmp);
    let median = long[long.len() / 2];
    println!("median error of the middle {median:.3}");
    assert!(median <= 0.15, "median error of the middle {median} over {} waits", long.len());
}

#[test]
fn a_pause_voids_promises_and_counts_them_apart() {
    let mut world = World::new(Scenario { pause: Some((300, 600)), ends_secs: 1_800, ..evening(4) });
    world.play();
    assert!(world.score.void > 1_000, "{:?}", world.score);
    assert!(world.score.kept_percent() >= Some(80), "{:?}", world.score);
}
