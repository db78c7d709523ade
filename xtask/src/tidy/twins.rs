//! Room: xtask, tidy. Tables that two crates carry because no edge lets them share one: they must say the same.

use super::{Finding, numbered};
use crate::tree::Tree;

/// Two files, line for line the same but for comments (`#`). Where one is absent there is nothing to compare.
const TWINS: &[(&str, &str)] = &[
    // Import finds a district by its names; the rehearsal, which may know nothing of ours, places a nation in it.
    ("crates/charye-engine/data/kr_districts.csv", "crates/charye-rehearsal/data/kr_districts.csv"),
];

pub(super) fn find(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (one, other) in TWINS {
        let (Some(text), Some(expected)) = (tree.text(one), tree.text(other)) else { continue };
        let mut expected = facts(expected);
        let differing = facts(text).find(|(_, fact)| expected.next().is_none_or(|(_, other)| other != *fact));
        let line = differing.map(|(line, _)| line);
        if line.is_some() || expected.next().is_some() {
            findings.push(Finding::new(one, line, format!("it differs from {other}"), "change both, or neither"));
        }
    }
    findings
}

fn facts(text: &str) -> impl Iterator<Item = (usize, &str)> {
    numbered(text).filter(|(_, line)| !line.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_that_drift_apart_are_found() {
        let (one, other) = TWINS[0];
        let found =
            |a: &str, b: &str| find(&Tree::default().with(one, a).with(other, b)).first().map(|found| found.line);
        assert_eq!(found("# x\na\nb\n", "a\nb\n"), None);
        assert_eq!(found("# x\na\nc\n", "a\nb\n"), Some(Some(3)));
        assert_eq!(found("a\nb\nc\n", "a\nb\n"), Some(Some(3)));
        assert_eq!(found("a\n", "a\nb\n"), Some(None));
        assert_eq!(find(&Tree::default().with(one, "a")), []);
    }
}
