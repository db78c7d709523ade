//! Room: xtask, tidy. Nothing in the tree may know the machine it was written on, or where packages were fetched.

use super::{Finding, numbered};
use crate::rust_source::is_word;
use crate::tree::Tree;

/// Folders that exist on one machine only.
const HOMES: &[&str] = &["/home/", "/root/", "/Users/", "/work/", "/mnt/"];
/// Hosts and keys by which a lock file remembers where its packages came from.
const REGISTRIES: &[&str] =
    &["registry.npmjs.org", "registry.yarnpkg.com", "index.crates.io", "static.crates.io", "pypi.org", "\"resolved\":"];
/// This file has to name what it looks for.
const SELF: &str = "xtask/src/tidy/machine.rs";

pub(super) fn find(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.texts(|path| path != SELF) {
        for (line, content) in numbered(text) {
            if let Some(home) = HOMES.iter().find(|home| names_home(content, home)) {
                let what = format!("a path of one machine: {home}..");
                findings.push(Finding::new(
                    path,
                    line,
                    what,
                    "write the path relative to the repository, or take it as an argument",
                ));
            }
            // `source = "registry+.."` is cargo's own, the same on every machine.
            let exempt = path == "Cargo.lock" && content.starts_with("source = ");
            if let Some(host) = REGISTRIES.iter().find(|host| !exempt && content.contains(*host)) {
                findings.push(Finding::new(
                    path,
                    line,
                    format!("a registry host: {host}"),
                    "pin exact versions and leave the host to the client's configuration",
                ));
            }
        }
    }
    findings
}

/// Whether an absolute path under `home` stands in the line: not the middle of a longer path or address.
fn names_home(line: &str, home: &str) -> bool {
    line.match_indices(home).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + home.len()..].chars().next();
        !before.is_some_and(|c| is_word(c) || matches!(c, '.' | '/' | '}' | '*' | '-')) && after.is_some_and(is_word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_one_machine_is_found() {
        let found = |text: &str| find(&Tree::default().with("docs/a.md", text)).len();
        for home in HOMES {
            assert_eq!(found(&format!("see {home}me/x")), 1, "{home}");
        }
        assert_eq!(found("crates/a/work/b, https://example.org/home/x, ./root/a"), 0);
    }

    #[test]
    fn a_registry_host_is_found_but_for_the_lock_files_own_word() {
        let source = "source = \"registry+https://index.crates.io/\"\n";
        assert_eq!(find(&Tree::default().with("Cargo.lock", source)), []);
        assert_eq!(find(&Tree::default().with("docs/a.md", source)).len(), 1);
        let lock = "{\n  \"resolved\": \"x\"\n}\n";
        assert_eq!(find(&Tree::default().with("tests/browser/package-lock.json", lock))[0].line, Some(2));
    }
}
