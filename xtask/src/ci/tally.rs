//! Room: xtask, ci. How many tests ran, read from what each runner says at its end.
//!
//! Pure. `None` means that the runner did not say, which `ci` takes for a failure.

/// Tests that passed and that did not, whatever the reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) passed: u64,
    pub(super) failed: u64,
}

impl Tally {
    pub(super) fn plus(self, other: Self) -> Self {
        Self { passed: self.passed.saturating_add(other.passed), failed: self.failed.saturating_add(other.failed) }
    }
}

/// Of cargo-nextest: its `Summary` line. What is neither passed nor skipped has failed (timed out, could not start ..).
pub(super) fn of_nextest(said: &str) -> Option<Tally> {
    let line = said.lines().rev().map(without_colour).find(|line| line.trim_start().starts_with("Summary ["))?;
    let (_, counts) = line.split_once("run:")?;
    let mut tally = Tally::default();
    for (count, word) in counted(counts) {
        match word {
            "passed" => tally.passed += count,
            "skipped" => {}
            _ => tally.failed += count,
        }
    }
    Some(tally)
}

/// Of `cargo test`: the sum of its `test result` lines.
pub(super) fn of_cargo_test(said: &str) -> Option<Tally> {
    let mut sum = None;
    for line in said.lines().map(without_colour) {
        let Some((_, counts)) = line.split_once("test result: ").and_then(|(_, rest)| rest.split_once(". ")) else {
            continue;
        };
        let mut tally = Tally::default();
        for (count, word) in counted(counts) {
            match word {
                "passed" => tally.passed += count,
                "failed" => tally.failed += count,
                _ => {}
            }
        }
        sum = Some(tally.plus(sum.unwrap_or_default()));
    }
    sum
}

/// Of a black-box suite: its last line that reads `N passed, N failed`.
pub(super) fn of_suite(said: &str) -> Option<Tally> {
    said.lines().rev().find_map(|line| {
        let (passed, failed) = line.trim().split_once(" passed, ")?;
        Some(Tally { passed: passed.parse().ok()?, failed: failed.strip_suffix(" failed")?.parse().ok()? })
    })
}

/// `3 passed (1 slow), 1 failed; 0 ignored` as pairs of a count and its word.
fn counted(text: &str) -> impl Iterator<Item = (u64, &str)> {
    text.split([',', ';']).filter_map(|part| {
        let mut words = part.split_whitespace();
        Some((words.next()?.parse().ok()?, words.next()?))
    })
}

/// A line without the escape sequences that colour it.
pub(super) fn without_colour(line: &str) -> String {
    let mut parts = line.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |plain, part| plain + part.split_once('m').map_or("", |(_, rest)| rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nextest_is_read() {
        let said = "    Starting 3 tests\n     Summary [   0.011s] 3 tests run: 2 passed (1 slow), 1 failed, 4 skipped\n        FAIL a\n";
        assert_eq!(of_nextest(said), Some(Tally { passed: 2, failed: 1 }));
        let stuck = "     Summary [ 180.0s] 3/5 tests run: 1 passed, 1 timed out, 1 exec failed, 0 skipped\n";
        assert_eq!(of_nextest(stuck), Some(Tally { passed: 1, failed: 2 }));
        assert_eq!(
            of_nextest("\u{1b}[32;1m     Summary\u{1b}[0m [   0.0s] \u{1b}[1m1\u{1b}[0m test run: 1 passed, 0 skipped"),
            Some(Tally { passed: 1, failed: 0 })
        );
        assert_eq!(of_nextest("error: could not compile"), None);
    }

    #[test]
    fn cargo_test_is_summed() {
        let said = "test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 1 filtered out; finished in 0.1s\nx\n\
                    test result: FAILED. 1 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s\n";
        assert_eq!(of_cargo_test(said), Some(Tally { passed: 3, failed: 3 }));
        assert_eq!(of_cargo_test("error[E0425]"), None);
    }

    #[test]
    fn a_suite_is_read_by_its_last_count() {
        assert_eq!(
            of_suite("1 passed, 0 failed\nmore\n12 passed, 1 failed\nbye\n"),
            Some(Tally { passed: 12, failed: 1 })
        );
        assert_eq!(of_suite("12 passed"), None);
    }
}
