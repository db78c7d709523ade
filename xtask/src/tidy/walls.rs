//! Room: xtask, tidy. What belongs to one room and must not be seen in another: third-party crates, SQL, templates.

use super::manifests::Member;
use super::{Finding, numbered};
use crate::rust_source::Layers;
use crate::tree::Tree;

/// Crates that one of ours must never use, with the wall that keeps them out. Kept short: what would be tempting.
const FORBIDDEN: &[(&str, &[&str], &str)] = &[
    ("charye-engine", &["rusqlite", "tokio-postgres"], "SQL belongs to charye-ledger, behind a port"),
    ("charye-engine", &["hyper", "hyper-util", "axum", "http"], "HTTP belongs to charye-web and charye-gateway"),
    ("charye-engine", &["askama", "minijinja", "fluent-bundle"], "screens belong to charye-web"),
    ("charye-ledger", &["hyper", "axum", "askama"], "storage answers ports, never a browser"),
    (
        "charye-gateway",
        &["rusqlite", "tokio-postgres", "axum", "askama"],
        "the gateway speaks to outside organisations only",
    ),
    ("charye-web", &["rusqlite", "tokio-postgres"], "a screen asks the engine; SQL belongs to charye-ledger"),
    ("charye-rehearsal", &["rusqlite", "axum"], "the rehearsal knows only HTTP, as a client"),
];

/// All that the domain may use. Anything else would bring a clock, chance or the outside into the rules.
const DOMAIN_MAY_USE: &[&str] = &["hashbrown", "hmac", "jiff", "rustc-hash", "sha2", "thiserror"];
/// And for its tests.
const DOMAIN_TESTS_MAY_USE: &[&str] = &["proptest", "insta"];

/// Rooms in which no SQL may stand.
const WITHOUT_SQL: &[&str] = &["charye-domain", "charye-engine", "charye-gateway", "charye-web", "charye-rehearsal"];
/// Rooms in which no markup may stand.
const WITHOUT_MARKUP: &[&str] = &["charye-domain", "charye-engine", "charye-ledger"];
const TEMPLATE_ENDINGS: &[&str] = &[".html", ".j2", ".hbs", ".askama", ".ftl", ".css", ".js"];

pub(super) fn find(tree: &Tree) -> Vec<Finding> {
    let mut findings = find_crates(tree);
    for (path, text) in tree.rust_files() {
        let sql = in_any(path, WITHOUT_SQL);
        let markup = in_any(path, WITHOUT_MARKUP);
        if !(sql || markup) {
            continue;
        }
        for (line, literal) in numbered(&Layers::of_product(text).strings) {
            if sql && is_sql(literal) {
                findings.push(Finding::new(
                    path,
                    line,
                    "SQL outside charye-ledger",
                    "ask a port of charye-engine, and write the SQL in charye-ledger",
                ));
            }
            if markup && is_markup(literal) {
                findings.push(Finding::new(
                    path,
                    line,
                    "HTML below charye-web",
                    "return a typed answer, and write the page in charye-web/pages",
                ));
            }
        }
    }
    for path in tree.paths().filter(|path| in_any(path, WITHOUT_MARKUP)) {
        if path.contains("/src/") && TEMPLATE_ENDINGS.iter().any(|ending| path.ends_with(ending)) {
            findings.push(Finding::new(path, None, "a template below charye-web", "move it to charye-web"));
        }
    }
    findings
}

fn find_crates(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for member in Member::all(tree) {
        for dependency in &member.manifest.dependencies {
            let package = dependency.package.as_str();
            let for_tests = dependency.table.ends_with("dev-dependencies");
            // Its own tests may ask for its own samples; the table of edges says the same.
            let tests_may = DOMAIN_TESTS_MAY_USE.contains(&package) || package == member.name;
            let may = DOMAIN_MAY_USE.contains(&package) || for_tests && tests_may;
            if member.name == "charye-domain" && !may {
                let what = format!("charye-domain must not use {package}");
                findings.push(Finding::new(
                    &member.path,
                    dependency.line,
                    what,
                    "pass what it would tell in as an argument",
                ));
            }
            for (_, _, why) in FORBIDDEN.iter().filter(|(name, out, _)| *name == member.name && out.contains(&package))
            {
                findings.push(Finding::new(
                    &member.path,
                    dependency.line,
                    format!("{} must not use {package}", member.name),
                    *why,
                ));
            }
        }
    }
    findings
}

fn in_any(path: &str, crates: &[&str]) -> bool {
    crates.iter().any(|name| {
        path.strip_prefix("crates/")
            .and_then(|rest| rest.strip_prefix(name))
            .is_some_and(|rest| rest.starts_with("/src/"))
    })
}

fn is_sql(literal: &str) -> bool {
    let lower = literal.to_ascii_lowercase();
    let says = |words: &str| lower.contains(words);
    says("insert into ")
        || says("create table ")
        || says("delete from ")
        || (says("select ") && says(" from ") && literal.contains("SELECT"))
        || (says("update ") && says(" set ") && literal.contains("UPDATE"))
        || literal.contains("PRAGMA ")
        || literal.trim_start().starts_with("SELECT ")
}

fn is_markup(literal: &str) -> bool {
    literal.contains("</") || literal.contains("<!DOCTYPE") || literal.contains("<html")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line_found(path: &str, text: &str) -> Option<usize> {
        let found = find(&Tree::default().with(path, text));
        assert!(found.len() <= 1, "{found:?}");
        found.first().and_then(|finding| finding.line)
    }

    #[test]
    fn sql_stays_in_the_ledger() {
        let source = "//! x\nfn f() { g(\"SELECT place FROM slot\") }\n";
        assert_eq!(line_found("crates/charye-web/src/a.rs", source), Some(2));
        assert_eq!(line_found("crates/charye-engine/src/a.rs", source), Some(2));
        assert_eq!(line_found("crates/charye-ledger/src/a.rs", source), None);
        assert_eq!(
            line_found("crates/charye-web/src/a.rs", "//! x\n\nlet q = r#\"\n  insert into slot\n\"#;"),
            Some(4)
        );
        assert_eq!(
            line_found(
                "crates/charye-web/src/a.rs",
                "// SELECT a FROM b\nlet q = \"<select name=x> a day from the list\";"
            ),
            None
        );
    }

    #[test]
    fn markup_stays_in_the_web() {
        let source = "//! x\nlet page = \"<p>{name}</p>\";\n";
        assert_eq!(line_found("crates/charye-engine/src/a.rs", source), Some(2));
        assert_eq!(line_found("crates/charye-web/src/a.rs", source), None);
        assert_eq!(find(&Tree::default().with("crates/charye-engine/src/a.html", "x")).len(), 1);
    }

    #[test]
    fn a_crate_of_another_room_is_found() {
        let manifest = |name: &str, table: &str, used: &str| {
            let text = format!("[package]\nname = \"{name}\"\n[{table}]\n{used} = {{ workspace = true }}\n");
            find(&Tree::default().with(&format!("crates/{name}/Cargo.toml"), &text)).len()
        };
        assert_eq!(manifest("charye-domain", "dependencies", "serde"), 1);
        assert_eq!(manifest("charye-domain", "dependencies", "jiff"), 0);
        assert_eq!(manifest("charye-domain", "dependencies", "proptest"), 1);
        assert_eq!(manifest("charye-domain", "dev-dependencies", "proptest"), 0);
        assert_eq!(manifest("charye-engine", "dependencies", "rusqlite"), 1);
        assert_eq!(manifest("charye-ledger", "dependencies", "rusqlite"), 0);
    }
}
