//! Room: xtask, tidy. The edges between our crates: those of the manifests against those of ARCHITECTURE.md.
//!
//! The table in the document is the only statement of what is allowed; there is no second one here.

use std::collections::{BTreeMap, BTreeSet};

use super::manifests::{Manifest, Member};
use super::{Finding, numbered};
use crate::tree::Tree;

const DOCUMENT: &str = "ARCHITECTURE.md";
const HEADER: [&str; 2] = ["crate", "may depend on"];

pub(super) fn find(tree: &Tree) -> Vec<Finding> {
    let members = Member::all(tree);
    let ours: BTreeSet<&str> = members.iter().map(|member| member.name.as_str()).collect();
    let Some(allowed) = tree.text(DOCUMENT).and_then(table) else {
        return vec![Finding::new(
            DOCUMENT,
            None,
            "there is no table of edges",
            "state it as `| crate | may depend on |`",
        )];
    };
    let mut findings = Vec::new();
    for (name, row) in &allowed {
        for unknown in std::iter::once(name).chain(&row.to).filter(|name| !ours.contains(name.as_str())) {
            findings.push(Finding::new(
                DOCUMENT,
                row.line,
                format!("the table of edges names {unknown}, which is no crate of ours"),
                "remove it from the table, or name the crate as its Cargo.toml does",
            ));
        }
    }
    let renamed = Manifest::of(tree, "Cargo.toml").map(|root| root.workspace_packages()).unwrap_or_default();
    for member in &members {
        let Some(row) = allowed.get(&member.name) else {
            let what = format!("{} has no row in the table of edges of {DOCUMENT}", member.name);
            findings.push(Finding::new(
                &member.path,
                None,
                what,
                "add its row, and say in an ADR why there is one more room",
            ));
            continue;
        };
        for dependency in &member.manifest.dependencies {
            let package = renamed.get(&dependency.package).unwrap_or(&dependency.package);
            if !ours.contains(package.as_str()) || row.to.contains(package) || *package == member.name {
                continue;
            }
            findings.push(Finding::new(
                &member.path,
                dependency.line,
                format!("{} must not depend on {package} ({})", member.name, dependency.table),
                format!(
                    "put what is needed behind a port, or change the walls: {DOCUMENT} line {}, with an ADR",
                    row.line
                ),
            ));
        }
    }
    findings
}

struct Row {
    line: usize,
    to: BTreeSet<String>,
}

/// The table of edges of a document: by crate, what it may depend on.
fn table(document: &str) -> Option<BTreeMap<String, Row>> {
    let mut lines = numbered(document).skip_while(|(_, line)| cells(line).is_none_or(|cells| cells != HEADER));
    lines.next()?;
    lines.next()?;
    let rows = lines.map_while(|(line, text)| Some((line, cells(text)?))).filter_map(|(line, cells)| {
        let [from, to] = cells[..] else { return None };
        let to = to.split(',').map(name).filter(|to| !to.is_empty() && to != "none").collect();
        Some((name(from), Row { line, to }))
    });
    Some(rows.collect())
}

fn name(cell: &str) -> String {
    cell.trim().trim_matches('`').to_owned()
}

/// The cells of a line of a Markdown table.
fn cells(line: &str) -> Option<Vec<&str>> {
    let inner = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    Some(inner.split('|').map(str::trim).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "# x\n\n| crate | may depend on |\n| --- | --- |\n| `a` | `b` |\n| `b` | none |\n\nend\n";

    /// A house of two crates, `a` and `b`, with these dependencies.
    fn house(a: &str, b: &str) -> Tree {
        Tree::default()
            .with("ARCHITECTURE.md", TABLE)
            .with("crates/a/Cargo.toml", &format!("[package]\nname = \"a\"\n{a}"))
            .with("crates/b/Cargo.toml", &format!("[package]\nname = \"b\"\n{b}"))
    }

    #[test]
    fn an_edge_of_the_table_is_allowed_and_its_reverse_is_not() {
        assert_eq!(find(&house("[dependencies]\nb = { workspace = true }\n", "")), []);
        let found = find(&house("", "[dependencies]\njiff = \"1\"\na = { workspace = true }\n"));
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].path.as_str(), found[0].line), ("crates/b/Cargo.toml", Some(5)));
        assert!(found[0].what.contains("b must not depend on a"), "{}", found[0]);
        assert!(found[0].remedy.contains("ARCHITECTURE.md line 6"), "{}", found[0]);
    }

    #[test]
    fn no_kind_of_dependency_is_a_way_around() {
        for table in ["dev-dependencies", "build-dependencies", "target.'cfg(unix)'.dependencies"] {
            let found = find(&house("", &format!("[{table}]\na = {{ path = \"../a\" }}\n")));
            assert_eq!(found.len(), 1, "{table}");
            assert_eq!(found[0].line, Some(4), "{table}");
        }
        assert_eq!(find(&house("", "[dependencies.a]\npath = \"../a\"\n")).len(), 1);
        assert_eq!(find(&house("", "[dependencies]\nother = { package = \"a\", path = \"../a\" }\n")).len(), 1);
        let root = "[workspace.dependencies]\nother = { package = \"a\", path = \"crates/a\" }\n";
        assert_eq!(
            find(&house("", "[dependencies]\nother = { workspace = true }\n").with("Cargo.toml", root)).len(),
            1
        );
    }

    #[test]
    fn a_crate_without_a_row_and_a_row_without_a_crate_are_found() {
        let third = house("", "").with("crates/c/Cargo.toml", "[package]\nname = \"c\"\n");
        assert!(find(&third)[0].what.contains("c has no row"));
        let gone =
            Tree::default().with("ARCHITECTURE.md", TABLE).with("crates/a/Cargo.toml", "[package]\nname = \"a\"\n");
        assert!(find(&gone).iter().any(|found| found.line == Some(6) && found.what.contains("names b")));
        assert!(find(&Tree::default())[0].what.contains("no table of edges"));
    }
}
