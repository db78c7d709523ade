//! Random surges on the engine's own code, in simulated time: the part of the thousand that every change is held against.
//! The whole thousand: `cargo xtask bench surges`.

use charye_simulator::surge::{Incident, Scenario, play};

/// A random evening of a campaign without a line: whoever may reserve is let in.
fn without_a_line(seed: u64) -> Scenario {
    let mut scenario = Scenario::random(seed);
    scenario.country.line = None;
    scenario.drawn = 0;
    scenario.agents = false;
    scenario.mass_return = None;
    let is_of_the_line = |incident: &Incident| {
        matches!(
            incident,
            Incident::CapCut
                | Incident::Pause
                | Incident::Resume
                | Incident::CloseToArrivals
                | Incident::ReopenToArrivals
        )
    };
    scenario.incidents.retain(|(_, incident)| !is_of_the_line(incident));
    scenario
}

#[test]
fn the_laws_hold_without_a_line_whatever_breaks() {
    let (mut confirmed, mut settled, mut starts) = (0, 0, 0);
    for seed in 0..20 {
        let played = play(&without_a_line(seed)).unwrap_or_else(|failure| panic!("seed {seed}: {failure:?}"));
        assert!(played.history.breaches.is_empty(), "seed {seed}: {:#?}", played.history.breaches);
        confirmed += played.history.confirmed.len();
        settled += played.history.settled;
        starts += played.process_starts;
    }
    // What is tested did happen.
    assert!(
        confirmed > 1_000 && settled > 0 && starts > 25,
        "{confirmed} confirmed, {settled} settled, {starts} starts"
    );
}
