//! A thousand random surges: hard cap, order, returners' share, nobody forgotten. And no stall when most have gone.

use charye_domain::waiting_room::admission::Terms;

use crate::world::{Chance, OPENS, Scenario, World};

fn random(seed: u64) -> Scenario {
    let mut chance = Chance(seed);
    let hard_cap = chance.between(20, 300) as u32;
    let share = [0, 500, 2_000][chance.below(3) as usize];
    let lowest = chance.between(60, 600) as u32;
    let highest = lowest + chance.between(0, 3_000) as u32;
    let sometimes = |chance: &mut Chance, from: i64, to: i64| chance.percent(50).then(|| chance.between(from, to));
    let pause_from = sometimes(&mut chance, 20, 200);
    Scenario {
        seed: chance.bits(),
        terms: Terms::new(hard_cap, share, lowest..=highest, chance.between(15, 60) as u32).unwrap(),
        drawn: chance.below(400) as u32,
        late: chance.below(400) as u32,
        late_secs: chance.between(30, 300),
        sign_in_max_secs: chance.between(5, 590),
        gone_percent: chance.below(80) as u32,
        mass_return: sometimes(&mut chance, 60, 300).map(|at| (at, 50)),
        visit_secs: 5..=chance.between(6, 90),
        again_percent: chance.below(20) as u32,
        fault_percent: chance.below(5) as u32,
        cap_cut_at: sometimes(&mut chance, 10, 300),
        pause: pause_from.map(|from| (from, from + chance.between(1, 60))),
        blind_at: sometimes(&mut chance, 0, 200),
        slow_at: sometimes(&mut chance, 0, 200),
        agents: share > 0,
        // Enough for the smallest house with the most no-shows; most evenings are over long before.
        ends_secs: 14_400,
    }
}

fn play_all(seeds: std::ops::Range<u64>) {
    let (mut starts, mut returners, mut full) = (0, 0, 0);
    for seed in seeds {
        let mut world = World::new(random(seed));
        world.play();
        assert_eq!(world.forgotten(), 0, "seed {seed}: never let in, although they kept asking: {:?}", world.scenario);
        assert!(
            world.returner_calls_while_others_wait * 4 <= world.line_entries,
            "seed {seed}: {} returners beside {} of the line",
            world.returner_calls_while_others_wait,
            world.line_entries
        );
        starts += world.starts.len();
        returners += world.returner_calls_while_others_wait;
        full += u32::from(world.occupied_max + world.scenario.terms.agent_seats() >= world.scenario.terms.hard_cap());
    }
    // What is tested did happen.
    assert!(starts > 10_000 && returners > 100 && full > 50, "{starts} starts, {returners} returners, {full} full");
}

#[test]
fn the_laws_hold_in_the_first_250_surges() {
    play_all(0..250);
}

#[test]
fn the_laws_hold_in_the_second_250_surges() {
    play_all(250..500);
}

#[test]
fn the_laws_hold_in_the_third_250_surges() {
    play_all(500..750);
}

#[test]
fn the_laws_hold_in_the_fourth_250_surges() {
    play_all(750..1_000);
}

/// An evening without mishaps, to change one thing at a time.
pub(crate) fn calm(seed: u64) -> Scenario {
    Scenario {
        seed,
        terms: Terms::new(4_000, 0, 600..=1_200, 60).unwrap(),
        drawn: 6_000,
        late: 0,
        late_secs: 60,
        sign_in_max_secs: 15,
        gone_percent: 0,
        mass_return: None,
        visit_secs: 30..=90,
        again_percent: 0,
        fault_percent: 0,
        cap_cut_at: None,
        pause: None,
        blind_at: None,
        slow_at: None,
        agents: false,
        ends_secs: 150,
    }
}

#[test]
fn with_60_percent_gone_visits_start_at_the_target_rate_after_30_seconds() {
    for seed in 0..10 {
        let terms = Terms::new(8_000, 0, 1_200..=1_200, 60).unwrap();
        let mut world = World::new(Scenario { gone_percent: 60, terms, drawn: 9_000, ..calm(seed) });
        world.play();
        for window in [30..60, 60..90, 90..120] {
            let from = OPENS.plus_secs(window.start);
            let to = OPENS.plus_secs(window.end);
            let started = world.starts.iter().filter(|at| (from..to).contains(at)).count();
            let per_sec = started as f64 / 30.0;
            assert!((18.0..=22.0).contains(&per_sec), "seed {seed}, {window:?} s: {per_sec} a second instead of 20");
        }
    }
}

#[test]
fn nobody_is_let_in_past_a_lower_place_that_is_told_to_wait() {
    for seed in 0..20 {
        let terms = Terms::new(2_000, 0, 1_200..=1_200, 60).unwrap();
        let late = Scenario { drawn: 200, late: 1_500, late_secs: 240, sign_in_max_secs: 500, terms, ..calm(seed) };
        let mut world = World::new(Scenario { ends_secs: 900, ..late });
        world.play();
        assert_eq!(world.let_in_past_a_lower_place, 0, "seed {seed}");
        assert_eq!(world.told_to_wait_although_overtaken, 0, "seed {seed}");
        assert_eq!(world.forgotten(), 0, "seed {seed}");
    }
}

#[test]
fn after_a_cut_of_the_cap_occupation_only_falls_until_it_fits() {
    let terms = Terms::new(600, 0, 1_200..=1_200, 60).unwrap();
    let mut world = World::new(Scenario { cap_cut_at: Some(60), terms, visit_secs: 60..=90, ..calm(7) });
    world.play();
    assert_eq!(world.occupied_max, 600);
    let now = world.now;
    assert!(world.door.occupied(now) <= 300);
}
