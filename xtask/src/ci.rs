//! Room: xtask. `cargo xtask ci`: everything that must hold before a change lands, step by step, with its time.
//!
//! Called by people and by `.ci/run`. All steps run even when one fails, so that one run tells everything. The last
//! line is the sum of the tests that really ran, read from what their runners said, never counted in advance. Tests
//! that failed get a second look, alone (`again`); what holds then is told as unsteady, never passed over in silence.

mod again;
mod tally;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::run::{Argv, asked, watched};
use crate::screen::{Stopwatch, say, table};
use crate::tree::Tree;
use crate::{docs, licences, setup, tidy};

use again::Again;
use tally::Tally;

/// One thing that must hold.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    /// What a green step proves.
    pub(crate) shows: &'static str,
    act: Act,
}

enum Act {
    /// A command of this tool.
    Own(fn(&Path) -> Result<()>),
    /// A program that says by its end whether it holds.
    Program(&'static Argv<'static>),
    /// The first of these that is there runs the tests.
    Tests(&'static [Runner]),
}

/// A program that runs tests, and who reads how many they were.
struct Runner {
    /// Succeeds where the program is there.
    probe: &'static Argv<'static>,
    argv: &'static Argv<'static>,
    read: fn(&str) -> Option<Tally>,
    again: Again,
}

/// Every step, in order. Another one is one more line.
///
/// The steps share what they compile: one build of the dependencies for checking, one for tests, one for release.
pub(crate) const STEPS: &[Step] = &[
    Step { name: "setup", shows: "what the tests need is there", act: Act::Own(setup::run) },
    Step { name: "format", shows: "the code is formatted", act: Act::Program(&["cargo", "fmt", "--all", "--check"]) },
    Step { name: "tidy", shows: "the walls of the house hold", act: Act::Own(|root| tidy::run(&Tree::read(root)?)) },
    Step {
        name: "clippy",
        shows: "no lint warns, in any target",
        act: Act::Program(&[
            "cargo",
            "clippy",
            "--locked",
            "--workspace",
            "--all-targets",
            "--quiet",
            "--",
            "-D",
            "warnings",
        ]),
    },
    Step {
        name: "tests",
        shows: "unit, property and integration tests pass",
        act: Act::Tests(&[
            Runner {
                probe: &["cargo", "nextest", "--version"],
                argv: &[
                    "cargo",
                    "nextest",
                    "run",
                    "--locked",
                    "--workspace",
                    "--no-fail-fast",
                    "--no-tests=fail",
                    "--status-level=slow",
                    "--final-status-level=fail",
                ],
                read: tally::of_nextest,
                again: Again::ByName,
            },
            Runner {
                probe: &["cargo", "--version"],
                argv: &["cargo", "test", "--locked", "--workspace", "--lib", "--bins", "--tests", "--no-fail-fast"],
                read: tally::of_cargo_test,
                again: Again::Never,
            },
        ]),
    },
    Step {
        name: "doc-tests",
        shows: "the examples in the documentation run",
        act: Act::Tests(&[Runner {
            probe: &["cargo", "--version"],
            argv: &["cargo", "test", "--locked", "--workspace", "--doc", "--no-fail-fast", "--quiet"],
            read: tally::of_cargo_test,
            again: Again::Never,
        }]),
    },
    Step {
        name: "weaknesses",
        shows: "without any one defence, of the gate or of the book, an attack that guards it gets through",
        act: Act::Tests(&[Runner {
            probe: &["cargo", "--version"],
            argv: &[
                "cargo",
                "test",
                "--locked",
                // Of the whole workspace, as the tests are: its dependencies then have the same features and are there.
                "--workspace",
                "--features",
                "charye-server/weak-all",
                "--test",
                "attacks",
                "every_defence",
            ],
            read: tally::of_cargo_test,
            again: Again::Never,
        }]),
    },
    Step {
        name: "docs",
        shows: "rustdoc has no warning, links lead somewhere, reference pages are current",
        act: Act::Own(|root| docs::run(root, docs::Reference::Check)),
    },
    Step {
        name: "licences",
        shows: "every dependency has a licence that may be used, none is banned",
        act: Act::Own(licences::run),
    },
    Step {
        name: "release",
        shows: "the program builds as it is shipped",
        act: Act::Program(&["cargo", "build", "--locked", "--release", "-p", "charye-server"]),
    },
];

/// Where the black-box suites stand: every file is one, started with the root as its folder after the release build.
pub(crate) const SUITES: &str = "a folder of tests (.mjs, .sh or .py)";
/// What they show.
pub(crate) const SUITES_SHOW: &str =
    "the released program does it, seen from outside; its last line is `N passed, N failed`";

/// By ending, what runs a suite.
const RUNNERS: &[(&str, &str)] = &[("mjs", "node"), ("sh", "bash"), ("py", "python3")];

/// Longer than any step may take: the whole run has 25 minutes on two cores.
const LIMIT: Duration = Duration::from_secs(1_500);

/// How one step ended.
struct Outcome {
    name: String,
    took: Duration,
    /// `None` for a step that runs no tests.
    tests: Option<Tally>,
    /// Tests that failed beside the others and held alone.
    unsteady: Vec<String>,
    ended: Ended,
}

enum Ended {
    Held,
    Failed(String),
}

/// Runs the steps and suites of these names, or all of them. Success means that every one of them held.
///
/// # Errors
/// When a name is unknown.
pub(crate) fn run(root: &Path, names: &[&str]) -> Result<ExitCode> {
    let suites = suites(&Tree::read(root)?);
    let known =
        |name: &str| STEPS.iter().any(|step| step.name == name) || suites.iter().any(|suite| suite.name == name);
    if let Some(unknown) = names.iter().find(|name| !known(name)) {
        let all: Vec<&str> =
            STEPS.iter().map(|step| step.name).chain(suites.iter().map(|suite| suite.name.as_str())).collect();
        bail!("no step is called {unknown}; there are: {}", all.join(", "));
    }
    let wanted = |name: &str| names.is_empty() || names.contains(&name);
    let mut outcomes = Vec::new();
    for step in STEPS.iter().filter(|step| wanted(step.name)) {
        outcomes.push(timed(step.name, || act(root, &step.act)));
    }
    for suite in suites.iter().filter(|suite| wanted(&suite.name)) {
        outcomes.push(timed(&suite.name, || run_suite(root, suite)));
    }
    let (summary, held) = summed_up(&outcomes);
    say(&summary);
    Ok(if held { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A step's answer: its tests, if it runs any, how it ended, and which tests held only alone.
struct Answered {
    tests: Option<Tally>,
    ended: Ended,
    unsteady: Vec<String>,
}

impl Answered {
    fn without_tests(ended: Ended) -> Self {
        Self { tests: None, ended, unsteady: Vec::new() }
    }
}

type Answer = Result<Answered>;

fn timed(name: &str, act: impl FnOnce() -> Answer) -> Outcome {
    say(&format!("\n== {name}"));
    let watch = Stopwatch::start();
    let answered = act().unwrap_or_else(|error| Answered::without_tests(Ended::Failed(format!("{error:#}"))));
    if let Ended::Failed(why) = &answered.ended {
        say(&format!("xtask: {name}: {why}"));
    }
    let Answered { tests, ended, unsteady } = answered;
    Outcome { name: name.to_owned(), took: watch.elapsed(), tests, unsteady, ended }
}

fn act(root: &Path, act: &Act) -> Answer {
    match act {
        Act::Own(command) => command(root).map(|()| Answered::without_tests(Ended::Held)),
        Act::Program(argv) => run_program(root, argv),
        Act::Tests(runners) => {
            let runner = runners.iter().find(|runner| asked(runner.probe).is_some()).context("no runner is there")?;
            run_tests(root, runner.argv, runner.read, runner.again)
        }
    }
}

fn run_suite(root: &Path, suite: &Suite) -> Answer {
    run_tests(root, &[suite.runner, &suite.name], tally::of_suite, Again::Whole)
}

fn run_program(root: &Path, argv: &Argv<'_>) -> Answer {
    let ended = watched(root, argv, &[], LIMIT)?;
    let held = held_if(ended.status.success(), || format!("`{}` failed ({})", argv.join(" "), ended.status));
    Ok(Answered::without_tests(held))
}

/// Tests hold when their runner says so, and says how many there were, none of which failed, or only such as `again`
/// found to hold alone.
fn run_tests(root: &Path, argv: &Argv<'_>, read: fn(&str) -> Option<Tally>, again: Again) -> Answer {
    let ended = watched(root, argv, &[], LIMIT)?;
    let tests = read(&ended.said);
    let held = match tests {
        Some(Tally { failed: 0, .. }) => {
            held_if(ended.status.success(), || format!("no test failed, but the runner did ({})", ended.status))
        }
        Some(first @ Tally { failed, .. }) => {
            if let Some(unsteady) = again.hold(root, argv, &ended.said, failed)? {
                let tests = Some(Tally { passed: first.passed.saturating_add(failed), failed: 0 });
                return Ok(Answered { tests, ended: Ended::Held, unsteady });
            }
            Ended::Failed(format!("{failed} tests failed"))
        }
        None => Ended::Failed(format!("it did not say how many tests ran ({})", ended.status)),
    };
    Ok(Answered { tests, ended: held, unsteady: Vec::new() })
}

fn held_if(held: bool, why: impl FnOnce() -> String) -> Ended {
    if held { Ended::Held } else { Ended::Failed(why()) }
}

/// A black-box suite: its name is its path.
struct Suite {
    name: String,
    runner: &'static str,
}

/// The suites of a tree: files directly in a folder of `tests`, by their ending.
fn suites(tree: &Tree) -> Vec<Suite> {
    let below_tests = tree.paths().filter(|path| path.starts_with("tests/") && path.split('/').count() == 3);
    below_tests
        .filter_map(|path| {
            let ending = path.rsplit_once('.')?.1;
            let (_, runner) = RUNNERS.iter().find(|(known, _)| *known == ending)?;
            Some(Suite { name: path.to_owned(), runner })
        })
        .collect()
}

/// What is shown at the end, and whether every step held.
fn summed_up(outcomes: &[Outcome]) -> (String, bool) {
    let mut rows = vec![["step", "seconds", "passed", "failed", "outcome"].map(str::to_owned).to_vec()];
    let mut sum = Tally::default();
    let mut took = Duration::ZERO;
    for outcome in outcomes {
        let count = |count: fn(&Tally) -> u64| {
            outcome.tests.as_ref().map_or_else(|| "-".to_owned(), |tests| count(tests).to_string())
        };
        let ended = match &outcome.ended {
            Ended::Held if !outcome.unsteady.is_empty() => "unsteady".to_owned(),
            Ended::Held => "ok".to_owned(),
            Ended::Failed(_) => "FAILED".to_owned(),
        };
        rows.push(vec![outcome.name.clone(), seconds(outcome.took), count(|t| t.passed), count(|t| t.failed), ended]);
        sum = sum.plus(outcome.tests.unwrap_or_default());
        took += outcome.took;
    }
    rows.push(vec!["all".to_owned(), seconds(took), sum.passed.to_string(), sum.failed.to_string(), String::new()]);
    let failures = outcomes.iter().filter_map(|outcome| match &outcome.ended {
        Ended::Failed(why) => Some(format!("\n{} failed: {why}", outcome.name)),
        _ => None,
    });
    let unsteady = outcomes.iter().flat_map(|outcome| &outcome.unsteady);
    let unsteady = unsteady.map(|name| format!("\nunsteady: {name} failed beside the others, and held alone"));
    let remarks: String = unsteady.chain(failures).collect();
    let held = sum.failed == 0 && outcomes.iter().all(|outcome| matches!(outcome.ended, Ended::Held));
    (format!("\n{}\n{remarks}\n{} passed, {} failed", table(&rows), sum.passed, sum.failed), held)
}

fn seconds(duration: Duration) -> String {
    format!("{:.1}", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(name: &str, tests: Option<Tally>, ended: Ended) -> Outcome {
        Outcome { name: name.to_owned(), took: Duration::from_millis(1_500), tests, unsteady: Vec::new(), ended }
    }

    #[test]
    fn the_last_line_is_the_sum_of_what_ran() {
        let outcomes = [
            outcome("a", Some(Tally { passed: 10, failed: 0 }), Ended::Held),
            outcome("b", None, Ended::Held),
            outcome("c", Some(Tally { passed: 5, failed: 2 }), Ended::Failed("2 tests failed".to_owned())),
        ];
        let (summary, held) = summed_up(&outcomes);
        assert!(summary.ends_with("\n15 passed, 2 failed"), "{summary}");
        assert!(summary.contains("4.5"), "{summary}");
        assert!(summary.contains("c failed: 2 tests failed"), "{summary}");
        assert!(!held);
        assert!(summed_up(&outcomes[..2]).1);
    }

    #[test]
    fn tests_that_do_not_say_how_many_they_were_do_not_hold() {
        let root = Path::new(".");
        let ended = |script: &str| {
            let answered = run_tests(root, &["sh", "-c", script], tally::of_suite, Again::Never).unwrap();
            (answered.tests, answered.ended)
        };
        assert!(matches!(ended("echo 3 passed, 0 failed"), (Some(Tally { passed: 3, failed: 0 }), Ended::Held)));
        assert!(matches!(ended("echo 3 passed, 0 failed; exit 1"), (_, Ended::Failed(_))));
        assert!(matches!(ended("echo 3 passed, 1 failed"), (_, Ended::Failed(_))));
        assert!(matches!(ended("echo fine"), (None, Ended::Failed(_))));
    }

    #[test]
    fn a_suite_that_fails_once_is_told_by_name_and_one_that_fails_twice_has_failed() {
        let folder = std::env::temp_dir().join(format!("charye-xtask-again-{}", std::process::id()));
        let once = format!(
            "if mkdir {} 2>/dev/null; then echo 2 passed, 1 failed; else echo 3 passed, 0 failed; fi",
            folder.display()
        );
        let looked = |script: &str| run_tests(Path::new("."), &["sh", "-c", script], tally::of_suite, Again::Whole);
        let answered = looked(&once).unwrap();
        std::fs::remove_dir(&folder).unwrap();
        assert!(matches!(answered.ended, Ended::Held));
        assert_eq!(answered.tests, Some(Tally { passed: 3, failed: 0 }));
        assert_eq!(answered.unsteady.len(), 1);
        let (summary, held) =
            summed_up(&[Outcome { unsteady: answered.unsteady, ..outcome("suite", answered.tests, Ended::Held) }]);
        assert!(held && summary.contains("\nunsteady: ") && summary.ends_with("\n3 passed, 0 failed"), "{summary}");
        let twice = looked("echo 2 passed, 1 failed").unwrap();
        assert!(matches!(twice.ended, Ended::Failed(_)) && twice.unsteady.is_empty());
        // It held, but somebody is silent about how many there were: that is no second look.
        assert!(matches!(looked("echo 2 passed, 1 failed; exit 1").unwrap().ended, Ended::Failed(_)));
    }

    #[test]
    fn a_step_that_cannot_start_has_failed() {
        let outcome = timed("x", || run_program(Path::new("."), &["charye-no-such-program"]));
        assert!(matches!(outcome.ended, Ended::Failed(_)));
    }

    #[test]
    fn suites_are_the_files_of_the_folders_of_tests() {
        let tree = Tree::default()
            .with("tests/browser/journey.mjs", "")
            .with("tests/browser/driver/page.mjs", "")
            .with("tests/browser/package.json", "")
            .with("tests/demo/smoke.sh", "")
            .with("crates/a/tests/b.sh", "");
        let found: Vec<(String, &str)> = suites(&tree).into_iter().map(|suite| (suite.name, suite.runner)).collect();
        assert_eq!(
            found,
            [("tests/browser/journey.mjs".to_owned(), "node"), ("tests/demo/smoke.sh".to_owned(), "bash")]
        );
    }

    #[test]
    fn no_two_steps_have_one_name() {
        let names: std::collections::BTreeSet<&str> = STEPS.iter().map(|step| step.name).collect();
        assert_eq!(names.len(), STEPS.len());
        assert!(run(Path::new(env!("CARGO_MANIFEST_DIR")), &["no-such-step"]).is_err());
    }
}
