//! Room: xtask, tidy. Names that say nothing, files that do not say what they are, and exceptions from the rules.

use super::{Finding, numbered};
use crate::rust_source::{Layers, is_word};
use crate::tree::Tree;

/// Words that mean "not one thing yet", as part of the name of a file, module or type.
const EMPTY_WORDS: &[&str] =
    &["util", "utils", "common", "misc", "helpers", "manager", "managers", "processor", "processors"];
/// Words that mean several things here, as the whole name of a file, module or type.
const BARE_WORDS: &[&str] = &["session", "provider", "token", "user", "booking", "data", "info", "item"];
const DECLARERS: &[&str] = &["mod", "struct", "enum", "trait", "type", "union"];
/// A header shorter than this cannot say what room a file is and what it must never do. Unit: characters.
const HEADER_MIN: usize = 20;

pub(super) fn find(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for path in tree.paths().filter(|path| path.starts_with("crates/") || path.starts_with("xtask/")) {
        let mut parts = path.rsplit('/');
        let file = parts.next().unwrap_or_default();
        let stem = file.split('.').next().unwrap_or_default();
        let bare = file.ends_with(".rs") && BARE_WORDS.contains(&stem);
        let empty = std::iter::once(stem).chain(parts).find_map(empty_word);
        if let Some(word) = empty.or(bare.then_some(stem)) {
            findings.push(Finding::new(
                path,
                None,
                format!("`{word}` in the name of a file says nothing"),
                remedy(word),
            ));
        }
    }
    for (path, text) in tree.rust_files() {
        for (line, content) in numbered(&Layers::of(text).code) {
            for (declarer, name) in declared(content) {
                // `type Item = ..` of an iterator is not ours to name.
                let bare = declarer != "type" && BARE_WORDS.contains(&name.to_ascii_lowercase().as_str());
                if let Some(word) = empty_word(name).or(bare.then_some(name)) {
                    findings.push(Finding::new(
                        path,
                        line,
                        format!("`{declarer} {name}`: `{word}` says nothing"),
                        remedy(word),
                    ));
                }
            }
        }
    }
    findings
}

fn remedy(word: &str) -> String {
    match word.to_ascii_lowercase().as_str() {
        "session" => "say ClinicSession or LoginSession".to_owned(),
        "provider" => "say IdentityProvider".to_owned(),
        "token" => "say Pass, Ticket or CsrfToken".to_owned(),
        "user" => "say Citizen or Operator".to_owned(),
        "booking" => "say Reservation".to_owned(),
        _ => "name the one thing it is; if no name comes, it is not one thing yet".to_owned(),
    }
}

/// The word of `name` (snake, kebab or camel case) that says nothing, if there is one.
fn empty_word(name: &str) -> Option<&'static str> {
    let mut words = vec![String::new()];
    for c in name.chars() {
        if c.is_uppercase() || !c.is_alphanumeric() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| c.is_alphanumeric()) {
            word.extend(c.to_lowercase());
        }
    }
    EMPTY_WORDS.iter().find(|empty| words.iter().any(|word| word == *empty)).copied()
}

/// The modules and types that a line of code declares.
fn declared(line: &str) -> Vec<(&str, &str)> {
    let words: Vec<&str> = line.split(|c| !is_word(c)).filter(|word| !word.is_empty()).collect();
    words.windows(2).filter(|pair| DECLARERS.contains(&pair[0])).map(|pair| (pair[0], pair[1])).collect()
}

pub(super) fn find_missing_headers(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.rust_files() {
        let header = text.lines().next().and_then(|first| first.strip_prefix("//!")).map(str::trim);
        let what = match header {
            None => "no `//!` header on the first line",
            Some(header) if header.chars().count() < HEADER_MIN => "the `//!` header says nothing",
            Some(_) => continue,
        };
        findings.push(Finding::new(path, 1, what, "say what room this is, who calls it, what it must never do"));
    }
    findings
}

pub(super) fn find_exceptions(tree: &Tree) -> Vec<Finding> {
    const WAYS: &[(&str, &str)] = &[
        ("allow(", "write `#[expect(lint, reason = \"..\")]`, so that it vanishes when no longer needed"),
        ("ignore", "run the test, make it quick, or delete it"),
        ("should_panic", "assert on the error that is returned"),
    ];
    let mut findings = Vec::new();
    for (path, text) in tree.rust_files() {
        for (line, content) in numbered(&Layers::of(text).code) {
            let tight: String = content.chars().filter(|c| !c.is_whitespace()).collect();
            for (word, remedy) in WAYS {
                let plain = tight.contains(&format!("#[{word}")) || tight.contains(&format!("#![{word}"));
                let conditional = tight.contains("cfg_attr(") && tight.contains(&format!(",{word}"));
                if plain || conditional {
                    let name = word.trim_end_matches('(');
                    findings.push(Finding::new(
                        path,
                        line,
                        format!("`#[{name}]` is an exception without an end"),
                        *remedy,
                    ));
                }
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Tree {
        Tree::default().with("crates/charye-engine/src/board.rs", text)
    }

    #[test]
    fn names_that_say_nothing_are_found() {
        for text in [
            "mod utils;",
            "struct SlotManager;",
            "pub enum CommonError {}",
            "trait Provider {}",
            "struct Session<'a>(&'a str);",
            "mod misc {}",
        ] {
            assert_eq!(find(&source(text)).len(), 1, "{text}");
        }
        for text in [
            "struct ClinicSession;",
            "type Item = u8;",
            "let data = 1;",
            "struct Commonwealth;",
            "// mod utils;",
            "mod user_agent;",
        ] {
            assert_eq!(find(&source(text)), [], "{text}");
        }
    }

    #[test]
    fn files_whose_name_says_nothing_are_found() {
        let found = |path: &str| find(&Tree::default().with(path, "")).len();
        assert_eq!(found("crates/charye-web/src/utils.rs"), 1);
        assert_eq!(found("crates/charye-web/src/misc/page.rs"), 1);
        assert_eq!(found("crates/charye-web/src/token.rs"), 1);
        assert_eq!(found("crates/charye-rehearsal/data/kr_districts.csv"), 0);
        assert_eq!(found("crates/charye-web/src/csrf_token.rs"), 0);
    }

    #[test]
    fn a_file_that_does_not_say_what_it_is_is_found() {
        assert_eq!(find_missing_headers(&source("//! Room: engine. Which places are free.\n")), []);
        for text in ["", "use std::fmt;\n", "// Room: engine. Which places are free.\n", "//!\n", "//! placeholder\n"] {
            let found = find_missing_headers(&source(text));
            assert_eq!(found.first().map(|found| found.line), Some(Some(1)), "{text:?}");
        }
    }

    #[test]
    fn exceptions_are_found_however_they_are_written() {
        for text in [
            "#[allow(dead_code)]",
            "#![allow(dead_code)]",
            "# [ allow (dead_code) ]",
            "#[cfg_attr(test, allow(dead_code))]",
            "#[ignore]",
            "#[ignore = \"slow\"]",
            "#[should_panic(expected = \"x\")]",
        ] {
            let found = find_exceptions(&source(&format!("//! x\n{text}\nfn f() {{}}\n")));
            assert_eq!(found.first().map(|found| found.line), Some(Some(2)), "{text}");
        }
        for text in [
            "#[expect(dead_code, reason = \"x\")]",
            "// #[allow(dead_code)]",
            "gate.allow(visit)",
            "let a = \"#[ignore]\";",
        ] {
            assert_eq!(find_exceptions(&source(text)), [], "{text}");
        }
    }
}
