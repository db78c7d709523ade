//! Attacks, from outside, against the real program: what somebody who wants a place before their turn would try. Each row of
//! a table is one way; none may have an effect, and the journal must agree afterwards. `docs/attacks.md` lists them.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what tests share is not seen as a test by the lint")]

mod breaks;
mod citizen;
mod helping;
mod identity;
mod links;
mod opening;
mod replays;
mod scene;
#[path = "../support/mod.rs"]
mod support;
mod time;
mod tokens;
mod tricks;
mod waiting;

use std::collections::BTreeSet;
use std::path::Path;

use charye_domain::weakness::Defence;
use scene::{Attack, Evening, Scene};

/// Fewer than these would leave a kind of attack out.
const ATTACKS_MIN: usize = 70;

/// Attacks of one kind, and the evening on which they are played.
struct Table {
    title: &'static str,
    evening: Evening,
    attacks: &'static [Attack],
}

const TABLES: &[Table] = &[
    Table { title: "Direct links", evening: Evening::OfADigit, attacks: links::ATTACKS },
    Table { title: "Before the opening", evening: Evening::OfADigit, attacks: opening::ATTACKS },
    Table { title: "Tickets, passes and logins", evening: Evening::OfADigit, attacks: tokens::ATTACKS },
    Table { title: "Replays and races", evening: Evening::OfADigit, attacks: replays::ATTACKS },
    Table { title: "In the line", evening: Evening::OfADigit, attacks: waiting::ATTACKS },
    Table { title: "As time passes", evening: Evening::OfEverybody, attacks: time::ATTACKS },
    Table { title: "Signing in", evening: Evening::OfEverybody, attacks: identity::ATTACKS },
    Table { title: "Helpers and agents", evening: Evening::OfEverybody, attacks: helping::ATTACKS },
    Table { title: "Tricks of HTTP", evening: Evening::OfADigit, attacks: tricks::ATTACKS },
    Table { title: "Connections that break", evening: Evening::OfADigit, attacks: breaks::ATTACKS },
];

/// What holds attacks off by the shape of things: there is no one check of it that a build could do without.
const STRUCTURAL: &[(&str, &str)] = &[
    (
        "gate",
        "a handler knows person, campaign and generation from login and pass alone: without them it can ask nothing",
    ),
    ("routes", "what is not in the table of routes does not exist, on each listener its own"),
    ("server-clock", "no route reads a client's clock"),
    ("line", "the book finds a person's place again, and counts from when the sign-in began"),
    ("draw", "the secret is told by an event that nothing but the clock brings about"),
    ("book", "one thread decides, one command after the other; time ends what has ended before it does"),
    ("journal", "what was decided is read again at a start"),
    ("ownership", "a key, an address and a form are looked for under the person who asks, and nowhere else"),
    ("sizes", "no body, head, address or form is read beyond its limit"),
    ("behalf", "what is a person's own takes their own login; a helper's is of another kind"),
    ("registry", "a registry says yes to exact words or no to all others, and no is told in one way"),
    ("browser", "a sign-in goes on only with the sealed state that the browser carries which began it"),
    ("once", "a sign-in is answered once, and begun again once, whoever carries its state"),
];

fn play(title: &str) {
    let table = TABLES.iter().find(|table| table.title == title).unwrap();
    Scene::open(table.evening).play(table.attacks);
}

#[test]
fn no_direct_link_leads_past_the_line() {
    play("Direct links");
}

#[test]
fn nobody_is_in_before_the_opening() {
    play("Before the opening");
}

#[test]
fn no_token_but_ones_own_and_current_opens_anything() {
    play("Tickets, passes and logins");
}

#[test]
fn nothing_is_used_twice() {
    play("Replays and races");
}

#[test]
fn no_manner_of_waiting_wins_a_place() {
    play("In the line");
}

#[test]
fn no_patience_wins_a_place() {
    play("As time passes");
}

#[test]
fn nobody_signs_in_as_another_or_ahead_of_their_time() {
    play("Signing in");
}

#[test]
fn nobody_acts_for_another_without_a_right_that_stands() {
    play("Helpers and agents");
}

#[test]
fn no_trick_of_http_passes_the_gate() {
    play("Tricks of HTTP");
}

#[test]
fn no_broken_connection_wins_or_loses_anything() {
    play("Connections that break");
}

/// Only in a build that can do without them: `--features weak-all`.
#[cfg(feature = "weak-all")]
#[test]
fn every_defence_that_is_missing_lets_an_attack_through() {
    use std::panic::AssertUnwindSafe;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use scene::Ground;

    /// Programs played at once.
    const AT_ONCE: usize = 3;
    /// Evenings on which an attack may get through: some need luck against the clock, as attacks do. That none ever gets
    /// through where the defence is there is what the other tests play, each on its only evening.
    const EVENINGS: usize = 3;

    let (digit, everybody) = (Ground::make(Evening::OfADigit), Ground::make(Evening::OfEverybody));
    let ground = |evening| if evening == Evening::OfADigit { &digit } else { &everybody };
    // One of the attacks that guard a defence is enough, and each defence has a program of its own.
    let noticed_on_an_evening = |defence: &Defence| {
        TABLES.iter().find_map(|table| {
            let guarding: Vec<_> = table.attacks.iter().filter(|a| a.guards.contains(&defence.name())).collect();
            if guarding.is_empty() {
                return None;
            }
            let mut scene = Scene::open_without(defence.name(), ground(table.evening));
            guarding.into_iter().find(|attack| scene.is_effective(attack)).map(|attack| attack.name)
        })
    };
    let noticed_by = |defence: &Defence| {
        (1..=EVENINGS).find_map(|evening| {
            // A stage that does not stand is no evening either.
            let played = std::panic::catch_unwind(AssertUnwindSafe(|| noticed_on_an_evening(defence)));
            if !matches!(played, Ok(Some(_))) {
                let how = if played.is_ok() { "nothing gets through" } else { "the stage fell down, as told above" };
                println!("without {}, evening {evening} of {EVENINGS}: {how}", defence.name());
            }
            played.ok().flatten()
        })
    };
    let (next, noticed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(defence) = Defence::ALL.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let by = noticed_by(defence);
                    noticed.lock().unwrap().push((defence.name(), by));
                }
            });
        }
    });
    let noticed = noticed.into_inner().unwrap();
    for (defence, by) in &noticed {
        println!("without {defence:16} {}", by.unwrap_or("NOTHING GETS THROUGH"));
    }
    let missed: Vec<_> = noticed.iter().filter(|(_, by)| by.is_none()).map(|(defence, _)| defence).collect();
    assert!(missed.is_empty(), "nobody notices that these are missing: {missed:?}");
    assert_eq!(noticed.len(), Defence::ALL.len());
}

/// Only in such a build: nobody could run it by mistake.
#[cfg(feature = "weak-all")]
#[test]
fn every_defence_is_there_unless_this_is_a_rehearsal_on_this_machine() {
    use std::process::Command;

    let folder = tempfile::tempdir().unwrap();
    let ends_with = |listen: &str, rehearsal: &str, defence: &str| {
        let config = folder.path().join("charye.toml");
        let text = format!("[data]\nfolder = {:?}\n[listen]\n{listen}\n{rehearsal}\n", folder.path().join("data"));
        std::fs::write(&config, text).unwrap();
        let mut serve = Command::new(support::CHARYE);
        let output = serve.arg("serve").arg("--config").arg(&config).env("WEAK_DEFENCE", defence).output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let (here, everywhere) = ("address = \"127.0.0.1:0\"", "address = \"0.0.0.0:0\"\nwithout_tls = \"behind-proxy\"");
    let rehearsal = "[rehearsal]\nenabled = true\ncitizens = \"citizens.csv\"";
    for (listen, rehearsal) in [(here, ""), (everywhere, rehearsal)] {
        for defence in ["", "cap"] {
            let said = ends_with(listen, rehearsal, defence);
            assert!(said.contains("rehearsals on loopback only"), "{said}");
        }
    }
    assert!(ends_with(here, rehearsal, "nothing-of-ours").contains("no such feature"));
    let (_, version, _) = support::charye(&["--version"]);
    assert!(version.contains("WEAK"), "{version}");
}

#[test]
fn every_defence_is_guarded_by_an_attack_and_every_guard_is_known() {
    let guards: BTreeSet<_> =
        TABLES.iter().flat_map(|table| table.attacks).flat_map(|attack| attack.guards.iter().copied()).collect();
    let known: BTreeSet<_> =
        Defence::ALL.iter().map(|defence| defence.name()).chain(STRUCTURAL.iter().map(|(name, _)| *name)).collect();
    assert_eq!(guards, known);
}

#[test]
fn the_page_of_attacks_lists_exactly_these() {
    let attacks: Vec<_> = TABLES.iter().flat_map(|table| table.attacks).collect();
    let names: BTreeSet<_> = attacks.iter().map(|attack| attack.name).collect();
    assert_eq!(names.len(), attacks.len(), "a name stands twice");
    assert!(names.len() >= ATTACKS_MIN, "{} attacks", names.len());
    let mut expected = String::from("\n## By the shape of things\n\n| guard | why it holds |\n| --- | --- |\n");
    for (name, why) in STRUCTURAL {
        expected.push_str(&format!("| {name} | {why} |\n"));
    }
    for Table { title, attacks, .. } in TABLES {
        expected.push_str(&format!("\n## {title}\n\n| tried | guarded by |\n| --- | --- |\n"));
        for attack in *attacks {
            assert!(!attack.guards.is_empty(), "{} guards nothing", attack.name);
            expected.push_str(&format!("| {} | {} |\n", attack.name, attack.guards.join(", ")));
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/attacks.md");
    let page = std::fs::read_to_string(path).unwrap();
    assert!(page.ends_with(&expected), "docs/attacks.md must end with:\n{expected}");
    for (page, number) in [("README.md", "{} ways past it"), ("SECURITY.md", "{} attacks are tried")] {
        let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(page)).unwrap();
        let number = number.replace("{}", &names.len().to_string());
        assert!(text.contains(&number), "{page} must say: {number}");
    }
}
