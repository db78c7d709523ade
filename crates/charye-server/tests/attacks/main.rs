//! Attacks, from outside, against the real program: what somebody who wants a place before their turn would try. Each row of
//! a table is one way; none may have an effect, and the journal must agree afterwards. `docs/attacks.md` lists them.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what tests share is not seen as a test by the lint")]

mod breaks;
mod links;
mod opening;
mod replays;
mod scene;
#[path = "../support/mod.rs"]
mod support;
mod tokens;
mod tricks;
mod waiting;

use std::collections::BTreeSet;
use std::path::Path;

use scene::{Attack, Scene};

/// Fewer than these would leave a kind of attack out.
const ATTACKS_MIN: usize = 70;

const TABLES: &[(&str, &[Attack])] = &[
    ("Direct links", links::ATTACKS),
    ("Before the opening", opening::ATTACKS),
    ("Tickets, passes and logins", tokens::ATTACKS),
    ("Replays and races", replays::ATTACKS),
    ("In the line", waiting::ATTACKS),
    ("Tricks of HTTP", tricks::ATTACKS),
    ("Connections that break", breaks::ATTACKS),
];

#[test]
fn no_direct_link_leads_past_the_line() {
    Scene::open().play(links::ATTACKS);
}

#[test]
fn nobody_is_in_before_the_opening() {
    Scene::open().play(opening::ATTACKS);
}

#[test]
fn no_token_but_ones_own_and_current_opens_anything() {
    Scene::open().play(tokens::ATTACKS);
}

#[test]
fn nothing_is_used_twice() {
    Scene::open().play(replays::ATTACKS);
}

#[test]
fn no_manner_of_waiting_wins_a_place() {
    Scene::open().play(waiting::ATTACKS);
}

#[test]
fn no_trick_of_http_passes_the_gate() {
    Scene::open().play(tricks::ATTACKS);
}

#[test]
fn no_broken_connection_wins_or_loses_anything() {
    Scene::open().play(breaks::ATTACKS);
}

/// Only in a build that can do without them: `--features weak-all`.
#[cfg(feature = "weak-all")]
#[test]
fn every_defence_that_is_missing_lets_an_attack_through() {
    for defence in charye_domain::weakness::Defence::ALL {
        let guarding = TABLES.iter().flat_map(|(_, attacks)| attacks.iter());
        let guarding = guarding.filter(|attack| attack.guards.contains(&defence.name()));
        let effective = Scene::open_without(defence.name()).effective(guarding);
        assert!(!effective.is_empty(), "nobody notices that {defence:?} is missing");
    }
}

#[test]
fn the_page_of_attacks_lists_exactly_these() {
    let attacks: Vec<_> = TABLES.iter().flat_map(|(_, attacks)| attacks.iter()).collect();
    let names: BTreeSet<_> = attacks.iter().map(|attack| attack.name).collect();
    assert_eq!(names.len(), attacks.len(), "a name stands twice");
    assert!(names.len() >= ATTACKS_MIN, "{} attacks", names.len());
    let mut expected = String::new();
    for (kind, attacks) in TABLES {
        expected.push_str(&format!("\n## {kind}\n\n| tried | guarded by |\n| --- | --- |\n"));
        for attack in *attacks {
            assert!(!attack.guards.is_empty(), "{} guards nothing", attack.name);
            expected.push_str(&format!("| {} | {} |\n", attack.name, attack.guards.join(", ")));
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/attacks.md");
    let page = std::fs::read_to_string(path).unwrap();
    assert!(page.ends_with(&expected), "docs/attacks.md must end with:\n{expected}");
}
