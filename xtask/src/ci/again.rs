//! Room: xtask, ci. A second look at the few tests that failed beside all the others: alone.
//!
//! Called by `ci` after a step of tests. A fault that shows once in fifty runs is met by whoever happens to run the
//! script, seldom by whoever made it, and stops the wrong work; so what holds alone is told by name as unsteady and does
//! not stop anybody (ADR 11). It must never look again at a property's counterexample, at many tests, or in silence.

use std::path::Path;

use anyhow::Result;

use super::LIMIT;
use super::tally::{self, Tally};
use crate::run::{Argv, watched};
use crate::screen::say;

/// More failures than these are no chance, and get no second look.
const FEW: u64 = 3;

/// How often in a row each of the failed tests must hold, alone.
const TIMES: &str = "3";

/// What proptest says of a property that does not hold. Drawn anew, it would hold again most of the time.
const COUNTEREXAMPLE: &str = "minimal failing input:";

/// Which second look the tests of a runner get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Again {
    /// None: what failed has failed.
    Never,
    /// nextest runs those that failed three times more, by their names: all three must hold.
    ByName,
    /// The whole suite once more, in which nothing may fail; it takes minutes.
    Whole,
}

impl Again {
    /// The names of what failed in the run of `argv` that said `said`, if all of it holds now; `None` if not.
    ///
    /// # Errors
    /// When the runner cannot be started, or is not done within the limit of a step.
    pub(super) fn hold(self, root: &Path, argv: &Argv<'_>, said: &str, failed: u64) -> Result<Option<Vec<String>>> {
        if failed == 0 || failed > FEW || said.contains(COUNTEREXAMPLE) {
            return Ok(None);
        }
        match self {
            Self::Never => Ok(None),
            Self::ByName => {
                let names = failed_in_nextest(said);
                if u64::try_from(names.len()) != Ok(failed) {
                    return Ok(None);
                }
                for (binary, test) in &names {
                    say(&format!("\nxtask: a second look at {binary} {test}, alone, {TIMES} times"));
                    let only = format!("binary_id(={binary}) & test(={test})");
                    let alone = ["cargo", "nextest", "run", "--locked", "--workspace", "--no-tests=fail"];
                    let alone: Vec<&str> =
                        alone.into_iter().chain(["--stress-count", TIMES, "--filterset", &only]).collect();
                    if !watched(root, &alone, &[], LIMIT)?.status.success() {
                        return Ok(None);
                    }
                }
                Ok(Some(names.into_iter().map(|(binary, test)| format!("{binary} {test}")).collect()))
            }
            Self::Whole => {
                say(&format!("\nxtask: a second look at {}", argv.join(" ")));
                let ended = watched(root, argv, &[], LIMIT)?;
                let held = matches!(tally::of_suite(&ended.said), Some(Tally { failed: 0, passed: 1.. }));
                Ok((held && ended.status.success()).then(|| vec![argv.join(" ")]))
            }
        }
    }
}

/// Binary and test of each that nextest said to have failed or to have been stopped, once each.
fn failed_in_nextest(said: &str) -> Vec<(String, String)> {
    let mut names = Vec::new();
    for line in said.lines() {
        let plain = tally::without_colour(line);
        let mut words = plain.split_whitespace();
        if !words.next().is_some_and(|word| ["FAIL", "TIMEOUT"].contains(&word)) || words.next() != Some("[") {
            continue;
        }
        let Some((_, named)) = plain.rsplit_once(") ") else { continue };
        if let [binary, test] = named.split_whitespace().collect::<Vec<_>>()[..] {
            let name = (binary.to_owned(), test.to_owned());
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "    Starting 1302 tests across 48 binaries
        FAIL [   3.517s] ( 885/1302) charye-server::attacks nobody_signs_in_as_another
  stdout ---
    test result: FAILED. 0 passed; 1 failed; 0 ignored
\u{1b}[31;1m     TIMEOUT\u{1b}[0m [ 180.000s] (\u{1b}[1m 886/1302\u{1b}[0m) \u{1b}[35;1mcharye-ledger\u{1b}[0m \u{1b}[36mjournal::\u{1b}[0mit_ends
        SLOW [> 60.000s] ( 1/1302) charye-ledger other
     Summary [ 184.803s] 1302 tests run: 1300 passed, 1 failed, 1 timed out, 0 skipped
        FAIL [   3.517s] ( 885/1302) charye-server::attacks nobody_signs_in_as_another
";

    #[test]
    fn what_failed_is_known_by_name_once() {
        let names = failed_in_nextest(SAID);
        let expected =
            [("charye-server::attacks", "nobody_signs_in_as_another"), ("charye-ledger", "journal::it_ends")];
        assert_eq!(names, expected.map(|(binary, test)| (binary.to_owned(), test.to_owned())));
    }

    #[test]
    fn many_failures_and_unknown_ones_get_no_second_look() {
        let root = Path::new(".");
        // What cannot be started would be an error: nothing is.
        let argv = ["charye-no-such-program"];
        for (again, failed) in
            [(Again::Whole, FEW + 1), (Again::ByName, FEW + 1), (Again::ByName, 3), (Again::Never, 1)]
        {
            assert_eq!(again.hold(root, &argv, SAID, failed).unwrap(), None, "{again:?}, {failed}");
        }
        let property = format!("{SAID}minimal failing input: steps = []");
        assert_eq!(Again::ByName.hold(root, &argv, &property, 2).unwrap(), None);
        assert!(Again::Whole.hold(root, &argv, "", 1).is_err());
    }
}
