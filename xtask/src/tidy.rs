//! Room: xtask. `cargo xtask tidy`: the walls of the house, checked on the tree as it stands.
//!
//! Every check is a pure function from a [`Tree`] to findings, so that tests can plant a violation and see it found.
//! Called by `cargo xtask tidy` and `ci`. Never mends anything by itself.

mod assets;
mod edges;
mod lists;
mod machine;
mod manifests;
mod names;
pub(crate) mod paths;
mod purity;
mod spoken;
mod twins;
mod walls;

use std::fmt;

use anyhow::{Result, bail};

use crate::screen::say;
use crate::tree::Tree;

/// Something that must not be so, where it is, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) path: String,
    /// From 1; none when the finding is about the file as a whole.
    pub(crate) line: Option<usize>,
    pub(crate) what: String,
    pub(crate) remedy: String,
}

impl Finding {
    fn new(path: &str, line: impl Into<Option<usize>>, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line: line.into(), what: what.into(), remedy: remedy.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: ", self.path)?,
            None => write!(f, "{}: ", self.path)?,
        }
        write!(f, "{}\n    remedy: {}", self.what, self.remedy)
    }
}

/// One wall.
pub(crate) struct Check {
    pub(crate) name: &'static str,
    /// What holds when nothing is found.
    pub(crate) holds: &'static str,
    pub(crate) find: fn(&Tree) -> Vec<Finding>,
}

/// Every wall. Another one is one more line.
pub(crate) const CHECKS: &[Check] = &[
    Check {
        name: "edges",
        holds: "a crate depends on no other crate than the table of edges in ARCHITECTURE.md allows",
        find: edges::find,
    },
    Check {
        name: "walls",
        holds: "third-party crates, SQL and templates stay in the rooms they belong to",
        find: walls::find,
    },
    Check {
        name: "manifests",
        holds: "versions and lints stand once, in the root; at most 250 packages are locked",
        find: manifests::find,
    },
    Check {
        name: "purity",
        holds: "the domain has no clock, randomness, I/O, threads, async, logging, serde or seeded map",
        find: purity::find,
    },
    Check {
        name: "headers",
        holds: "every Rust file opens with the purpose of its room",
        find: names::find_missing_headers,
    },
    Check { name: "names", holds: "no file, module or type has a name that says nothing", find: names::find },
    Check {
        name: "exceptions",
        holds: "no lint is allowed, no test ignored or expected to panic",
        find: names::find_exceptions,
    },
    Check {
        name: "paths",
        holds: "every path and link in the documents, and every document named in code, is there",
        find: paths::find,
    },
    Check {
        name: "commands",
        holds: "every command that documents, comments and messages speak of can be typed",
        find: spoken::find_commands,
    },
    Check {
        name: "spoken",
        holds: "whatever the documents call by a name of the code is called so",
        find: spoken::find_names,
    },
    Check {
        name: "assets",
        holds: "no page asks a foreign host; vendored files are those of the manifest",
        find: assets::find,
    },
    Check { name: "machine", holds: "no registry host or path of one machine stands in a file", find: machine::find },
    Check { name: "twins", holds: "tables that two crates must carry each say the same", find: twins::find },
    Check {
        name: "lists",
        holds: "every setting and every figure counted stands on its reference page, and no other",
        find: lists::find,
    },
];

/// Runs every check and tells what was found.
///
/// # Errors
/// When anything was found.
pub(crate) fn run(tree: &Tree) -> Result<()> {
    let mut total = 0;
    for check in CHECKS {
        let findings = (check.find)(tree);
        total += findings.len();
        say(&format!("{:10} {} {}", check.name, if findings.is_empty() { "ok  " } else { "FAIL" }, check.holds));
        for finding in &findings {
            say(&format!("  {finding}"));
        }
    }
    if total > 0 {
        bail!("{total} findings");
    }
    Ok(())
}

/// The lines of a text, numbered from 1.
fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(index, line)| (index + 1, line))
}
