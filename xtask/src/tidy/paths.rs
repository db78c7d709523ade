//! Room: xtask, tidy. Documents that name a path or link to one, and code that names a document: it must be there.
//!
//! Also called by `docs`. A path is named by its whole way (`crates/charye-web/src/gate.rs`, `docs/adr`), or by room,
//! as the documents speak (`web/gate`, `charye-engine/sequencer`).

use super::{Finding, numbered};
use crate::tree::Tree;

const ROOMS: &[&str] = &["domain", "engine", "ledger", "gateway", "web", "server", "rehearsal", "simulator"];
/// Folders of the root that a path can begin with.
const TOPS: &[&str] = &["crates", "docs", "tests", "xtask", ".ci", ".cargo", ".config"];
/// Endings by which a name without a folder is taken for a file of the root.
const ROOT_FILES: &[&str] = &[".md", ".toml", ".lock"];

pub(crate) fn find(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.texts(|path| path.ends_with(".md")) {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for (line, content) in numbered(text) {
            let near = |named: &str| ancestors(folder).any(|above| tree.has(&format!("{above}/{named}")));
            for named in named_paths(content).filter(|named| !stands(tree, named) && !near(named)) {
                let what = format!("`{named}` is not there");
                findings.push(Finding::new(
                    path,
                    line,
                    what,
                    "name where it stands now, or say in words what is not built yet",
                ));
            }
            for link in links(content).filter(|link| !tree.has(&resolve(folder, link))) {
                findings.push(Finding::new(
                    path,
                    line,
                    format!("the link to {link} leads nowhere"),
                    "link to where it stands now",
                ));
            }
        }
    }
    // A planted path in a test of the tool itself is none.
    for (path, text) in tree.rust_files().filter(|(path, _)| path.starts_with("crates/")) {
        for (line, content) in numbered(text) {
            for gone in named_documents(content).filter(|named| !tree.has(named)) {
                let what = format!("{gone} is not there");
                findings.push(Finding::new(path, line, what, "name the document that says it now"));
            }
        }
    }
    findings
}

/// The documents of ours that a line of code names, in a comment or in a message.
fn named_documents(line: &str) -> impl Iterator<Item = &str> {
    let words = line.split(|c: char| !(c.is_ascii_alphanumeric() || "/._-".contains(c)));
    words.filter_map(|word| {
        let end = word.find(".md").filter(|_| word.starts_with("docs/"))? + ".md".len();
        word.get(..end)
    })
}

/// A folder and those it stands in, but for the root: a document may name a path as its own crate sees it.
fn ancestors(folder: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(folder), |folder| folder.rsplit_once('/').map(|(above, _)| above))
        .filter(|folder| !folder.is_empty())
}

/// The paths of our tree that a line names between backticks.
fn named_paths(line: &str) -> impl Iterator<Item = String> {
    let spans = line.split('`').skip(1).step_by(2);
    let words = spans.flat_map(|span| span.split([' ', ',', '|', '(', ')', '<', '>', '"']));
    words.filter_map(|word| {
        let word = word.trim_end_matches(['.', ':', '/', ';']);
        // `file.rs:12` names a file.
        let word = word.rsplit_once(':').filter(|(_, line)| line.parse::<u32>().is_ok()).map_or(word, |(file, _)| file);
        is_path(word).then(|| word.to_owned())
    })
}

fn is_path(word: &str) -> bool {
    let Some((first, rest)) = word.split_once('/') else {
        let upper = word.chars().next().is_some_and(char::is_uppercase);
        return upper && ROOT_FILES.iter().any(|ending| word.ends_with(ending));
    };
    let room = first.strip_prefix("charye-").unwrap_or(first);
    !rest.is_empty() && !rest.contains("..") && (TOPS.contains(&first) || ROOMS.contains(&room))
}

/// Whether what a document calls `named` is there.
fn stands(tree: &Tree, named: &str) -> bool {
    let Some((first, rest)) = named.split_once('/') else { return tree.has(named) };
    if TOPS.contains(&first) {
        return matches(tree, named);
    }
    let name = format!("charye-{}", first.strip_prefix("charye-").unwrap_or(first));
    [format!("crates/{name}/src/{rest}"), format!("crates/{name}/src/{rest}.rs"), format!("crates/{name}/{rest}")]
        .iter()
        .any(|path| matches(tree, path))
}

/// Whether a path stands, in which a `*` stands for any run of characters without `/`.
fn matches(tree: &Tree, pattern: &str) -> bool {
    if !pattern.contains('*') {
        return tree.has(pattern);
    }
    let wanted: Vec<&str> = pattern.split('/').collect();
    tree.paths().any(|path| {
        let parts: Vec<&str> = path.split('/').collect();
        parts.len() >= wanted.len() && wanted.iter().zip(&parts).all(|(pattern, part)| part_matches(pattern, part))
    })
}

fn part_matches(pattern: &str, part: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == part,
        Some((start, end)) => part.len() >= start.len() + end.len() && part.starts_with(start) && part.ends_with(end),
    }
}

/// The targets of a line's Markdown links that lead into our tree.
fn links(line: &str) -> impl Iterator<Item = &str> {
    let targets = line.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
    let inside = targets.filter(|target| !target.contains("://") && !target.starts_with("mailto:"));
    inside.filter_map(|target| target.split('#').next()).filter(|target| !target.is_empty())
}

/// A link of a document in `folder`, as a path from the root.
fn resolve(folder: &str, link: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(document: &str) -> Vec<String> {
        let tree = Tree::default()
            .with("docs/adr/0001-x.md", "")
            .with("crates/charye-web/src/gate.rs", "")
            .with("crates/charye-engine/src/sequencer/lanes.rs", "")
            .with("ARCHITECTURE.md", document);
        find(&tree).into_iter().map(|found| format!("{}:{}", found.line.unwrap_or(0), found.what)).collect()
    }

    #[test]
    fn paths_that_are_there_are_no_finding() {
        let document = "`crates/charye-web/src/gate.rs` `web/gate` `charye-engine/sequencer` `docs/adr/` `crates/*/src`\n\
                        `ARCHITECTURE.md`, [one](docs/adr/0001-x.md), [two](docs/adr#top), [away](https://example.org/x)\n\
                        `/livez`, `cargo xtask ci`, `application/json`, `engine`, `a/b`, `crates/charye-web/src/gate.rs:12`";
        assert_eq!(found(document), [""; 0]);
    }

    #[test]
    fn a_stale_path_is_found() {
        assert_eq!(found("x\n`crates/charye-web/src/gone.rs`"), ["2:`crates/charye-web/src/gone.rs` is not there"]);
        assert_eq!(found("`web/gat`"), ["1:`web/gat` is not there"]);
        assert_eq!(found("`GONE.md`"), ["1:`GONE.md` is not there"]);
        assert_eq!(found("`crates/*/benches`"), ["1:`crates/*/benches` is not there"]);
        assert_eq!(found("[x](docs/gone.md)"), ["1:the link to docs/gone.md leads nowhere"]);
    }

    #[test]
    fn a_document_may_name_a_path_as_its_crate_sees_it() {
        let tree = Tree::default().with("crates/a/tests/b.rs", "");
        assert_eq!(find(&tree.clone().with("crates/a/data/README.md", "see `tests/b.rs`")), []);
        assert_eq!(find(&tree.with("crates/b/README.md", "see `tests/b.rs`")).len(), 1);
    }

    #[test]
    fn a_stale_document_that_code_speaks_of_is_found() {
        let tree = Tree::default().with("docs/draw.md", "");
        let found = find(&tree.with("crates/a/src/b.rs", "//! See docs/draw.md.\nfail(\"(docs/drawn.md)\");"));
        assert_eq!(
            found.iter().map(|found| (found.line, found.what.as_str())).collect::<Vec<_>>(),
            [(Some(2), "docs/drawn.md is not there")]
        );
    }

    #[test]
    fn links_are_read_from_where_the_document_stands() {
        assert_eq!(resolve("docs/adr", "../glossary.md"), "docs/glossary.md");
        assert_eq!(resolve("", "./docs/adr/"), "docs/adr");
    }
}
