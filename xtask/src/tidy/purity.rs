//! Room: xtask, tidy. The domain decides from its arguments alone: what it must not name, and what to do instead.

use super::{Finding, numbered};
use crate::rust_source::{Layers, has_word};
use crate::tree::Tree;

/// Words of code that a rule must not use, what they would bring in, and the way without them.
const BANNED: &[(&[&str], &str, &str)] = &[
    (
        &["std::time", "SystemTime", "Instant", "Timestamp::now", "Zoned::now", "TimeZone::system"],
        "a clock",
        "take `now` as an argument (charye-domain/src/time.rs)",
    ),
    (&["rand::", "getrandom", "thread_rng", "proptest"], "chance", "let the random bits come in with the command"),
    (&["std::env", "env!", "option_env!"], "the environment", "let it come in with the campaign or the command"),
    (
        &["std::fs", "std::net", "std::io", "std::process", "File::open", "include_str!", "include_bytes!"],
        "the outside",
        "ask through a port of charye-engine, and pass the answer in",
    ),
    (&["println!", "print!", "eprintln!", "eprint!", "dbg!"], "printing", "return it; whoever asked prints it"),
    (
        &["HashMap", "HashSet", "RandomState"],
        "a map that is seeded at random",
        "use FxHashMap, FxHashSet (rustc-hash), BTreeMap or Vec",
    ),
    (&["std::thread", "thread_local!"], "a thread", "the sequencer of charye-engine is the one thread"),
    (&["async", ".await", "tokio"], "async", "rules compute; waiting belongs to charye-engine and charye-web"),
    (&["serde"], "serde", "encode in charye-ledger/journal or at the edge"),
    (&["tracing", "log::", "metrics::"], "logging", "return what happened as an event or a rejection"),
];

/// What of `std` must not be had by way of `use std::{..}` either.
const BANNED_OF_STD: &[&str] = &["time", "env", "fs", "net", "io", "process", "thread"];

pub(super) fn find(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.rust_files().filter(|(path, _)| is_rule(path)) {
        let code = Layers::of_product(text).code;
        for (line, content) in numbered(&code) {
            for (words, what, remedy) in BANNED {
                if let Some(word) = words.iter().find(|word| has_word(content, word)) {
                    findings.push(Finding::new(path, line, format!("{what} in the domain: `{word}`"), *remedy));
                }
            }
        }
        for (line, name) in grouped_imports(&code) {
            if BANNED_OF_STD.contains(&name.as_str()) {
                findings.push(Finding::new(
                    path,
                    line,
                    format!("the outside in the domain: `std::{name}`"),
                    "let it come in as an argument",
                ));
            }
        }
    }
    findings
}

/// Product code of the domain; its tests may look at the world.
fn is_rule(path: &str) -> bool {
    path.starts_with("crates/charye-domain/src/") && !path.ends_with("/tests.rs") && !path.contains("/tests/")
}

/// What `use std::{a::b, c}` names directly below `std`, each with its line.
fn grouped_imports(code: &str) -> Vec<(usize, String)> {
    let mut names = Vec::new();
    for (start, opening) in code.match_indices("std::{") {
        let mut depth = 1;
        let mut name = String::new();
        let mut line = code[..start].lines().count().max(1);
        let mut whole = false;
        for c in code[start + opening.len()..].chars() {
            match c {
                '\n' => line += 1,
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            let ends = depth == 0 || (depth == 1 && c == ',');
            if ends {
                names.push((line, std::mem::take(&mut name)));
                whole = false;
            } else if c == ':' {
                whole = true;
            } else if !whole && crate::rust_source::is_word(c) {
                name.push(c);
            }
            if depth == 0 {
                break;
            }
        }
    }
    names.retain(|(_, name)| !name.is_empty());
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines on which something is found in a file of the domain.
    fn lines(source: &str) -> Vec<Option<usize>> {
        find(&Tree::default().with("crates/charye-domain/src/a.rs", source))
            .into_iter()
            .map(|found| found.line)
            .collect()
    }

    #[test]
    fn every_banned_word_is_found() {
        for word in BANNED.iter().flat_map(|(words, ..)| *words) {
            assert_eq!(lines(&format!("//! x\nfn f() {{\n    {word}\n}}\n")), [Some(3)], "{word}");
        }
    }

    #[test]
    fn a_clock_is_found_with_its_remedy() {
        let tree =
            Tree::default().with("crates/charye-domain/src/a.rs", "//! x\nlet now = std::time::Instant::now();\n");
        let shown = find(&tree)[0].to_string();
        assert!(shown.starts_with("crates/charye-domain/src/a.rs:2: a clock"), "{shown}");
        assert!(shown.contains("take `now` as an argument"), "{shown}");
    }

    #[test]
    fn a_group_of_imports_is_no_way_around() {
        assert_eq!(lines("use std::{\n    fmt,\n    fs::File,\n};\n"), [Some(3)]);
        assert_eq!(lines("use std::{collections::BTreeMap, env};\n"), [Some(1)]);
        assert!(lines("use std::{fmt, ops::{Range, RangeInclusive}, str};\n").is_empty());
    }

    #[test]
    fn words_in_comments_texts_names_and_tests_are_no_use() {
        assert!(lines("//! No Instant here.\nfn instant_of_day() -> &'static str { \"std::time\" }\n").is_empty());
        assert!(lines("//! x\n#[cfg(test)]\nmod tests { use std::time::Instant; }\n").is_empty());
        assert!(lines("//! x\nuse rustc_hash::FxHashMap;\n").is_empty());
    }

    #[test]
    fn other_rooms_may_have_a_clock() {
        let tree = Tree::default().with("crates/charye-engine/src/a.rs", "use std::time::Instant;\n");
        assert_eq!(find(&tree), []);
    }
}
