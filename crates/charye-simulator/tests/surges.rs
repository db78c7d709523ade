//! Surges on the engine's own code, in simulated time: the part that every change is held against. The whole thousand, and
//! larger evenings: `cargo xtask bench surges`. A seed that fails is played again by
//! `cargo run -p charye-simulator -- surge --seed N`; the failure says how.
#![expect(clippy::panic, reason = "an evening that cannot be played fails its test, and says how to play it again")]

use std::time::Duration;

use charye_domain::waiting_room::admission::PauseReason;
use charye_simulator::country::OPENS;
use charye_simulator::overload::{Machine, offer};
use charye_simulator::surge::{Honesty, Played, Scenario, play};

/// Plays an evening, on which no law may be broken.
fn lawful(scenario: &Scenario) -> Played {
    let seed = scenario.seed;
    let again = format!("again: {}", scenario.again());
    let played = play(scenario).unwrap_or_else(|failure| panic!("seed {seed}: {failure:?}; {again}"));
    assert!(played.history.breaches.is_empty(), "seed {seed}: {:#?}\n{again}", played.history.breaches);
    played
}

/// Plays random evenings; what is tested must have happened.
fn lawful_evenings(seeds: std::ops::Range<u64>) {
    let (mut confirmed, mut returners, mut compared, mut starts, mut full, mut sold_out) = (0, 0, 0, 0, 0, 0);
    let evenings = seeds.end - seeds.start;
    for seed in seeds {
        let scenario = Scenario::random(seed);
        let played = lawful(&scenario);
        confirmed += played.history.confirmed.len() as u64;
        returners += played.history.returners;
        compared += played.history.places_compared;
        starts += u64::from(played.process_starts);
        sold_out += u64::from(played.history.pauses_for(PauseReason::NothingLeft).next().is_some());
        let cap = scenario.country.line.map_or(u32::MAX, |line| line.hard_cap);
        full += u64::from(played.history.occupied_max + cap / 4 >= cap);
    }
    let told = format!(
        "{confirmed} confirmed, {returners} returners, {compared} places compared, {starts} starts, {full} full, \
         {sold_out} stood still for want of places"
    );
    assert!(confirmed > 100 * evenings && returners > evenings, "{told}");
    assert!(sold_out > 1, "{told}");
    assert!(compared > 10 * evenings && starts > evenings + evenings / 4 && full > evenings / 4, "{told}");
}

#[test]
fn the_laws_hold_in_the_first_quarter_of_a_hundred_surges() {
    lawful_evenings(0..25);
}

#[test]
fn the_laws_hold_in_the_second_quarter_of_a_hundred_surges() {
    lawful_evenings(25..50);
}

#[test]
fn the_laws_hold_in_the_third_quarter_of_a_hundred_surges() {
    lawful_evenings(50..75);
}

#[test]
fn the_laws_hold_in_the_fourth_quarter_of_a_hundred_surges() {
    lawful_evenings(75..100);
}

#[test]
fn the_laws_hold_without_a_line_whatever_breaks() {
    let (mut confirmed, mut settled, mut starts) = (0, 0, 0);
    for seed in 0..20 {
        let played = lawful(&Scenario::without_a_line(seed));
        confirmed += played.history.confirmed.len();
        settled += played.history.settled;
        starts += played.process_starts;
    }
    assert!(
        confirmed > 1_000 && settled > 0 && starts > 25,
        "{confirmed} confirmed, {settled} settled, {starts} starts"
    );
}

#[test]
fn a_seed_plays_the_same_evening_again() {
    let played = [3, 3].map(|seed| {
        let played = lawful(&Scenario::random(seed));
        (played.entries, played.rows, played.history.starts, played.history.polls)
    });
    assert_eq!(played[0], played[1]);
}

#[test]
fn with_60_percent_gone_visits_start_at_the_target_rate_after_30_seconds() {
    for seed in 0..2 {
        let played = lawful(&Scenario::most_are_gone(seed, 600));
        for from in [30, 60, 90] {
            let per_sec = played.history.starts_per_sec(OPENS, from, from + 30);
            assert!((9.0..=11.0).contains(&per_sec), "seed {seed}, from {from} s on: {per_sec} a second instead of 10");
        }
    }
}

/// Nobody is called in a pause, and everybody is called in order across it: the laws of the journal and of those who asked
/// say so for every evening. Here: that the door closes and opens by itself, and that those inside go on.
#[test]
fn a_disk_that_stalls_closes_the_door_until_it_is_well_and_nobody_loses_a_place() {
    for seed in 0..4 {
        let played = lawful(&Scenario::stalled_disk(seed));
        let history = &played.history;
        let [pause] = history.pauses_for(PauseReason::GateInTrouble).copied().collect::<Vec<_>>()[..] else {
            panic!("seed {seed}: {:?}", history.pauses);
        };
        let (from, to) = (pause.from.millis_since(OPENS), pause.to.map_or(0, |to| to.millis_since(OPENS)));
        assert!((65_000..75_000).contains(&from), "seed {seed}: closed {from} ms after the opening");
        // Ten seconds after the last slow commit, which may be a while before the disk is well: nobody new comes in.
        assert!((105_000..125_000).contains(&to), "seed {seed}: opened {to} ms after the opening");
        // Who was called before it may still come; nobody else does.
        let came_in = |from: i64, to: i64| {
            history.starts.iter().filter(|at| (from..to).contains(&at.millis_since(OPENS))).count()
        };
        assert!(came_in(from + 61_000, to) == 0 && came_in(to, to + 60_000) > 60, "seed {seed}");
        assert!(history.confirmed.len() == 600, "seed {seed}: {} confirmed", history.confirmed.len());
    }
}

#[test]
fn a_line_stands_still_when_all_is_taken_and_goes_on_in_order_as_places_are_given_back() {
    let (mut pauses, mut after_a_wait) = (0, 0);
    for seed in 0..4 {
        let scenario = Scenario::sold_out(seed);
        let played = lawful(&scenario);
        let history = &played.history;
        let places = scenario.country.places() as usize;
        // However little is given back at a time, in the end all of it is taken again.
        let standing = history.confirmed.len() - history.cancelled.len();
        assert!(standing == places, "seed {seed}: {standing} of {places} places are taken in the end");
        assert!(history.confirmed.len() > places + places / 5, "seed {seed}: {} confirmed", history.confirmed.len());
        for pause in history.pauses_for(PauseReason::NothingLeft) {
            pauses += 1;
            after_a_wait += u32::from(pause.to.is_some_and(|to| to.millis_since(pause.from) >= 30_000));
        }
    }
    assert!(pauses > 4 && after_a_wait > 0, "{pauses} pauses, {after_a_wait} of them of half a minute and more");
}

#[test]
fn nine_in_ten_are_called_within_the_first_range_they_were_told() {
    let evenings: Vec<Played> = (0..4).map(|seed| lawful(&Scenario::long_wait(seed, 1))).collect();
    let honesty = Honesty::of(evenings.iter().flat_map(|played| &played.history.told));
    assert!(honesty.judged > 1_000 && honesty.long_waits > 500, "{honesty:?}");
    assert!(honesty.kept_percent >= 90.0 && honesty.median_error <= 0.15, "{honesty:?}");
}

#[test]
fn under_twenty_times_the_load_as_many_are_served_and_none_much_later() {
    let lasts = Duration::from_secs(2);
    let machine = Machine { burn: Duration::from_micros(200), sync: Duration::from_millis(2), lasts, seed: 1 };
    let measure = |offered| offer(&machine, offered).unwrap_or_else(|failure| panic!("{failure:?}"));
    let peak = measure(2_000.0);
    let at_80_percent = measure(peak.reserved_per_sec * 0.8);
    let overload = measure(peak.reserved_per_sec * 20.0);
    let told = format!("peak {peak:?}\nat 80 % {at_80_percent:?}\noverload {overload:?}");
    assert!(overload.busy > 10_000, "this is no overload: {told}");
    assert!(overload.reserved_per_sec >= 0.95 * peak.reserved_per_sec, "{told}");
    assert!(overload.confirm_p99.as_secs_f64() <= 1.5 * at_80_percent.confirm_p99.as_secs_f64(), "{told}");
}
