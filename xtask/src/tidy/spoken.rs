//! Room: xtask, tidy. Commands and names that documents and comments speak of: they must be there.
//!
//! What `charye` understands is read from `docs/reference/commands.md`, which a test compares with the program. Called by
//! `tidy`. Never runs a command, and never judges what one is said to do.

use std::collections::{BTreeMap, HashSet};

use super::{Finding, numbered};
use crate::rust_source::is_word;
use crate::tree::Tree;
use crate::{bench, ci};

const COMMANDS_PAGE: &str = "docs/reference/commands.md";
/// What `cargo xtask` has besides `ci` and `bench`, whose words are looked at too.
const TOOLS: &[&str] = &["ci", "bench", "tidy", "setup", "docs", "pages", "help"];

/// Commands that are spoken of in documents, comments and messages, and are none.
pub(super) fn find_commands(tree: &Tree) -> Vec<Finding> {
    let charye = Help::read(tree);
    let mut findings = Vec::new();
    let mut look = |path: &str, line: usize, spoken: &str| {
        let fault = if let Some(rest) = spoken.strip_prefix("charye ") {
            charye.fault(rest)
        } else if let Some(rest) = spoken.strip_prefix("cargo xtask ") {
            xtask_fault(tree, rest)
        } else if let Some(rest) = spoken.strip_prefix("cargo ") {
            cargo_fault(tree, rest).or_else(|| {
                let (_, rest) = rest.split_once(" -- ").filter(|(cargo, _)| !cargo.contains("-p "))?;
                charye.fault(rest)
            })
        } else {
            None
        };
        if let Some(what) = fault {
            findings.push(Finding::new(path, line, format!("`{spoken}`: {what}"), "say what can be typed today"));
        }
    };
    for (path, text) in tree.texts(|path| path.ends_with(".md") && path != COMMANDS_PAGE) {
        for (line, spoken) in spoken_in_document(text) {
            look(path, line, &spoken);
        }
    }
    for (path, text) in tree.rust_files().filter(|(path, _)| !plants(path)) {
        for (line, content) in numbered(text) {
            for spoken in content.split('`').skip(1).step_by(2) {
                look(path, line, spoken);
            }
        }
    }
    findings
}

/// Names of ours in documents that nothing in the code is called: tests, settings, codes, figures.
pub(super) fn find_names(tree: &Tree) -> Vec<Finding> {
    let mut known = HashSet::new();
    for (path, text) in tree.texts(|path| !path.ends_with(".md") && !plants(path)) {
        known.extend(path.split(|c| !is_word(c)).map(str::to_owned));
        for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
            known.extend(line.split(|c| !is_word(c)).filter_map(name_of));
        }
    }
    let mut findings = Vec::new();
    for (path, text) in tree.texts(|path| path.ends_with(".md")) {
        for (line, spoken) in spoken_in_document(text) {
            for word in spoken
                .split(|c| !is_word(c))
                .filter(|word| is_name(word) && !known.contains(word.trim_end_matches('_')))
            {
                let what = format!("nothing is called `{word}`");
                findings.push(Finding::new(
                    path,
                    line,
                    what,
                    "say what it is called now; another's name needs no backticks",
                ));
            }
        }
    }
    findings
}

/// Whether the tests of a file speak of what is not there, so that it is found.
fn plants(path: &str) -> bool {
    path.starts_with("xtask/src/tidy/") || path.starts_with("xtask/tests/")
}

/// `held_for_secs`, and neither `held` nor `GLIBC_TUNABLES` nor `_bucket`.
fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_lowercase())
        && word.bytes().all(|byte| byte == b'_' || byte.is_ascii_lowercase() || byte.is_ascii_digit())
        && word.trim_end_matches('_').contains('_')
}

/// A word of the code as a document may spell it: a variant `CannotSignIn` is told as `cannot_sign_in`.
fn name_of(word: &str) -> Option<String> {
    if is_name(word) {
        // `asked_late_{percentile}` stands in a text of the code: the name is what is always said of it.
        return Some(word.trim_end_matches('_').to_owned());
    }
    if !word.starts_with(|c: char| c.is_ascii_uppercase()) {
        return None;
    }
    let mut name = String::new();
    for c in word.chars() {
        if c.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(c.to_ascii_lowercase());
    }
    is_name(&name).then_some(name)
}

/// What stands in a document as something to type: between backticks, even over a line's end, and in indented lines.
/// With the line at which it starts; without a prompt, and without a remark behind a `#`.
fn spoken_in_document(text: &str) -> Vec<(usize, String)> {
    let mut spoken = Vec::new();
    let mut paragraph: Vec<(usize, &str)> = Vec::new();
    let mut fenced = false;
    for (line, content) in numbered(text).chain([(0, "")]) {
        let fence = content.trim_start().starts_with("```");
        let typed = fenced || (content.starts_with("    ") && paragraph.is_empty());
        if !fence && !typed && !content.trim().is_empty() {
            paragraph.push((line, content));
            continue;
        }
        spans(&paragraph, &mut spoken);
        paragraph.clear();
        if fence {
            fenced = !fenced;
        } else if let Some(typed) = content.split(" #").next().filter(|_| typed) {
            let typed = typed.trim();
            spoken.push((line, typed.strip_prefix("$ ").unwrap_or(typed).to_owned()));
        }
    }
    spoken
}

fn spans(paragraph: &[(usize, &str)], spoken: &mut Vec<(usize, String)>) {
    let mut open: Option<(usize, String)> = None;
    for (line, content) in paragraph {
        for (index, piece) in content.split('`').enumerate() {
            if index > 0 {
                match open.take() {
                    Some(closed) => spoken.push(closed),
                    None => open = Some((*line, String::new())),
                }
            }
            if let Some((_, text)) = &mut open {
                text.push_str(piece.trim_start_matches(['/', '!', ' ']));
            }
        }
        if let Some((_, text)) = &mut open {
            text.push(' ');
        }
    }
}

/// What `--help` says, by command: `charye audit` has its own, `charye audit verify` another.
struct Help<'a> {
    texts: BTreeMap<String, &'a str>,
    /// What begins like a command and is none: the first bytes of our files, `charye journal 1`, without their `charye`.
    constants: HashSet<&'a str>,
}

impl<'a> Help<'a> {
    fn read(tree: &'a Tree) -> Self {
        let page = tree.text(COMMANDS_PAGE).unwrap_or_default();
        let sections = page.split("\n## `charye").skip(1).filter_map(|section| section.split_once("`\n"));
        let quoted = tree.rust_files().flat_map(|(_, text)| text.split("\"charye ").skip(1));
        Self {
            texts: sections.map(|(name, text)| (name.trim().to_owned(), text)).collect(),
            constants: quoted.filter_map(|rest| rest.split(['"', '\\', '\n']).next()).collect(),
        }
    }

    /// What cannot be typed in `rest`, which stood behind `charye`.
    fn fault(&self, rest: &str) -> Option<String> {
        if self.texts.is_empty() || self.constants.contains(rest.split('\\').next().unwrap_or(rest).trim_end()) {
            return None;
        }
        let mut asked = vec![String::new()];
        for word in rest.split_whitespace().map(|word| word.trim_end_matches(['.', ',', ';', ':'])) {
            if let Some(option) = word.trim_start_matches('[').strip_prefix("--") {
                let option = option.split(['=', ']', '|']).next().unwrap_or(option);
                let known = asked.iter().all(|name| self.texts.get(name).is_some_and(|text| has_option(text, option)));
                if !option.is_empty() && option != "help" && !known {
                    return Some(format!("`--{option}` is no option of it"));
                }
                continue;
            }
            if word.is_empty() || word == "help" || !asked.iter().any(|name| self.has_parts(name)) {
                continue;
            }
            let deeper: Vec<String> = asked
                .iter()
                .flat_map(|name| word.split('|').map(move |part| format!("{name} {part}").trim().to_owned()))
                .collect();
            if let Some(unknown) = deeper.iter().find(|name| !self.texts.contains_key(*name)) {
                return Some(format!("there is no `charye {unknown}`"));
            }
            asked = deeper;
        }
        None
    }

    fn has_parts(&self, name: &str) -> bool {
        self.texts
            .keys()
            .any(|known| known.strip_prefix(name).is_some_and(|rest| name.is_empty() || rest.starts_with(' ')))
    }
}

fn has_option(help: &str, option: &str) -> bool {
    let option = format!("--{option}");
    help.split([' ', ',', '\n', '=', '[', ']', '<', '`']).any(|word| word == option)
}

/// What cannot be typed behind `cargo xtask`.
fn xtask_fault(tree: &Tree, rest: &str) -> Option<String> {
    let rest = rest.split(" -- ").next().unwrap_or(rest);
    let mut words = rest.split_whitespace().map(|word| word.trim_end_matches(['.', ',', ';', ':']));
    let tool = words.next()?;
    if let Some(unknown) = tool.split('|').find(|tool| !TOOLS.contains(tool)) {
        return Some(format!("there is no `cargo xtask {unknown}`"));
    }
    let mut names = words.filter(|word| word.starts_with(|c: char| c.is_ascii_lowercase()));
    let is_file = |name: &str| name.contains('.');
    match tool {
        // A suite is called by its path.
        "ci" => names.find(|name| !ci::STEPS.iter().any(|step| step.name == *name) && !tree.has(name)),
        "bench" => names.find(|name| {
            *name != "compare" && !is_file(name) && !bench::BENCHES.iter().any(|bench| bench.name == *name)
        }),
        _ => None,
    }
    .map(|unknown| format!("`{tool}` knows no `{unknown}`"))
}

/// What is not there of what cargo is told to build: package, example, test, feature.
fn cargo_fault(tree: &Tree, rest: &str) -> Option<String> {
    let own = rest.split(" -- ").next().unwrap_or(rest);
    let words: Vec<&str> = own.split_whitespace().collect();
    let after = |option: &str| words.iter().position(|word| *word == option).and_then(|at| words.get(at + 1)).copied();
    let package = after("-p").filter(|package| package.starts_with("charye-"))?;
    let folder = format!("crates/{package}");
    if !tree.has(&folder) {
        return Some(format!("there is no crate {package}"));
    }
    for (option, within) in [("--example", "examples"), ("--test", "tests")] {
        let Some(name) = after(option) else { continue };
        if !tree.has(&format!("{folder}/{within}/{name}.rs")) && !tree.has(&format!("{folder}/{within}/{name}/main.rs"))
        {
            return Some(format!("{package} has no {name} in its {within}"));
        }
    }
    let manifest = tree.text(&format!("{folder}/Cargo.toml")).unwrap_or_default();
    let feature = after("--features")?;
    let known = manifest.lines().any(|line| line.split(" =").next() == Some(feature));
    (!known).then(|| format!("{package} has no feature {feature}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELP: &str = "# Commands\n\n## `charye`\n\n```text\nUsage\n```\n\n## `charye audit`\n\nx\n\n\
                        ## `charye audit verify`\n\n```text\n      --history <FILE>  What\n```\n\n## `charye demo`\n\nx\n";

    fn tree() -> Tree {
        Tree::default()
            .with(COMMANDS_PAGE, HELP)
            .with("crates/charye-a/Cargo.toml", "[features]\nweak-all = []\n")
            .with("crates/charye-a/examples/luck.rs", "")
            .with("crates/charye-a/tests/attacks/main.rs", "fn nobody_gets_past_the_door() {}")
            .with(
                "crates/charye-a/src/lib.rs",
                "// gone_for_good\nconst A: &[u8] = b\"charye file 1\\n asked_late_{x}\";\nenum B { SpokenOtherwise }",
            )
            .with("tests/browser/line.mjs", "")
    }

    fn commands(document: &str) -> Vec<String> {
        find_commands(&tree().with("README.md", document)).into_iter().map(|found| found.what).collect()
    }

    fn names(document: &str) -> Vec<String> {
        find_names(&tree().with("README.md", document)).into_iter().map(|found| found.what).collect()
    }

    #[test]
    fn commands_that_are_there_are_no_finding() {
        let document = "`charye audit`, `charye audit verify --history FILE`, `charye demo|audit`, `charye file 1`,\n\
                        `cargo xtask ci tidy tests/browser/line.mjs`, `cargo xtask bench board -- --rounds 3`, `charye\nhelp`,\n\
                        `cargo run -p charye-a --example luck`, `cargo test -p charye-a --features weak-all --test\n\
                        attacks every_defence`, `cargo run --release -- demo`\n\n    $ charye demo   # --all of it\n";
        assert_eq!(commands(document), [""; 0]);
    }

    #[test]
    fn a_command_that_is_not_there_is_found() {
        assert_eq!(commands("`charye audit verfy`"), ["`charye audit verfy`: there is no `charye audit verfy`"]);
        assert_eq!(commands("x\n\n    $ charye dmo\n"), ["`charye dmo`: there is no `charye dmo`"]);
        assert_eq!(commands("`charye demo|serve`").len(), 1);
        assert_eq!(commands("`charye audit verify --histories X`").len(), 1);
        assert_eq!(commands("`charye audit\nverfy`").len(), 1);
        assert_eq!(commands("`cargo run --release -- dmo`").len(), 1);
        assert_eq!(commands("`cargo xtask tydi`, `cargo xtask ci tydi`, `cargo xtask bench tydi`").len(), 3);
        assert_eq!(commands("`cargo test -p charye-b`, `cargo run -p charye-a --example lucks`").len(), 2);
        assert_eq!(commands("`cargo test -p charye-a --test attack`").len(), 1);
        assert_eq!(commands("`cargo test -p charye-a --features weak-some --test attacks`").len(), 1);
    }

    #[test]
    fn a_command_in_a_comment_or_a_message_is_looked_at_too() {
        let found = find_commands(&tree().with("crates/charye-a/src/b.rs", "//! As\n// `charye audit gone` says\n"));
        assert_eq!(found.iter().map(|found| found.line).collect::<Vec<_>>(), [Some(2)]);
    }

    #[test]
    fn names_are_looked_for_in_the_code_and_not_in_its_comments() {
        assert_eq!(
            names(
                "`nobody_gets_past_the_door`, `spoken_otherwise`, `asked_late`, `UPPER_CASE`, `_bucket`, bare_words_of_prose"
            ),
            [""; 0]
        );
        assert_eq!(names("`nobody_gets_past_the_dor`"), ["nothing is called `nobody_gets_past_the_dor`"]);
        assert_eq!(names("`gone_for_good`"), ["nothing is called `gone_for_good`"]);
        assert_eq!(names("```toml\ngone_for_good = 1\n```").len(), 1);
    }
}
