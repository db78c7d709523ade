//! Room: xtask, tidy. Cargo manifests: read here for every check, and held to the rules that concern them alone.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::{Finding, numbered};
use crate::tree::Tree;

/// Packages that the lock file may hold: a reviewer can still read the list.
const PACKAGES_MAX: usize = 250;

pub(super) fn find(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for path in tree.paths().filter(|path| path.ends_with("Cargo.toml")) {
        if let Err(error) = tree.text(path).unwrap_or_default().parse::<Table>() {
            let what = format!("not TOML: {}", error.message());
            findings.push(Finding::new(path, None, what, "mend the file; no other check sees it until then"));
        }
    }
    for member in Member::all(tree) {
        if !member.manifest.inherits_lints {
            let remedy = "add `[lints]` with `workspace = true`";
            findings.push(Finding::new(&member.path, None, "the lints of the workspace are not in force", remedy));
        }
        // A crate that names itself, to have a feature on in its own tests, has no version to state.
        let stated = |dependency: &&Dependency| !dependency.inherited && dependency.package != member.name;
        for dependency in member.manifest.dependencies.iter().filter(stated) {
            let what = format!("{} states its own version or path", dependency.package);
            let remedy = "state it in `[workspace.dependencies]` of the root, and write `{ workspace = true }` here";
            findings.push(Finding::new(&member.path, dependency.line, what, remedy));
        }
    }
    if let Some(root) = Manifest::of(tree, "Cargo.toml") {
        for dependency in root.workspace.iter().filter(|dependency| !dependency.by_path && !dependency.default_off) {
            let what = format!("default features of {} are on", dependency.package);
            findings.push(Finding::new(
                "Cargo.toml",
                dependency.line,
                what,
                "write `default-features = false` and name the features in use",
            ));
        }
    }
    let locked = tree.text("Cargo.lock").map_or(0, |lock| lock.lines().filter(|line| *line == "[[package]]").count());
    if locked > PACKAGES_MAX {
        let what = format!("{locked} packages are locked, more than {PACKAGES_MAX}");
        findings.push(Finding::new(
            "Cargo.lock",
            None,
            what,
            "drop a dependency or a feature: `cargo tree --duplicates`, `cargo tree -e features`",
        ));
    }
    findings
}

/// A crate of the workspace.
pub(super) struct Member {
    /// Of its Cargo.toml.
    pub(super) path: String,
    pub(super) name: String,
    pub(super) manifest: Manifest,
}

impl Member {
    /// Every crate that has a readable manifest.
    pub(super) fn all(tree: &Tree) -> Vec<Self> {
        let paths = tree.paths().filter(|path| *path != "Cargo.toml" && path.ends_with("/Cargo.toml"));
        paths
            .filter_map(|path| {
                let manifest = Manifest::of(tree, path)?;
                Some(Self { path: path.to_owned(), name: manifest.package.clone()?, manifest })
            })
            .collect()
    }
}

/// What the checks want to know of a Cargo.toml.
#[derive(Default)]
pub(super) struct Manifest {
    package: Option<String>,
    inherits_lints: bool,
    /// Of every kind: normal, dev and build, for every target.
    pub(super) dependencies: Vec<Dependency>,
    /// Of `[workspace.dependencies]`.
    workspace: Vec<Dependency>,
}

/// One line of a table of dependencies.
pub(super) struct Dependency {
    key: String,
    pub(super) package: String,
    /// The table it stands in.
    pub(super) table: String,
    pub(super) line: Option<usize>,
    inherited: bool,
    by_path: bool,
    default_off: bool,
}

impl Manifest {
    const KINDS: [&'static str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

    /// The manifest at `path`, if there is one and it is TOML.
    pub(super) fn of(tree: &Tree, path: &str) -> Option<Self> {
        let text = tree.text(path)?;
        let table: Table = text.parse().ok()?;
        let string = |table: &Table, key: &str| table.get(key).and_then(Value::as_str).map(str::to_owned);
        let mut manifest = Self {
            package: table.get("package").and_then(Value::as_table).and_then(|package| string(package, "name")),
            inherits_lints: table.get("lints").and_then(|lints| lints.get("workspace")).and_then(Value::as_bool)
                == Some(true),
            ..Self::default()
        };
        manifest.dependencies = dependencies(text, &table, "");
        if let Some(targets) = table.get("target").and_then(Value::as_table) {
            for (target, tables) in targets {
                if let Some(tables) = tables.as_table() {
                    manifest.dependencies.extend(dependencies(text, tables, &format!("target.'{target}'.")));
                }
            }
        }
        if let Some(workspace) = table.get("workspace").and_then(Value::as_table) {
            manifest.workspace = dependencies(text, workspace, "workspace.");
        }
        Some(manifest)
    }

    /// By name in the workspace's table, the package that is meant.
    pub(super) fn workspace_packages(&self) -> BTreeMap<String, String> {
        self.workspace.iter().map(|dependency| (dependency.key.clone(), dependency.package.clone())).collect()
    }
}

fn dependencies(text: &str, tables: &Table, prefix: &str) -> Vec<Dependency> {
    let of_kind = |kind: &&str| {
        let table = format!("{prefix}{kind}");
        let entries = tables.get(*kind).and_then(Value::as_table).into_iter().flatten();
        let made = entries.map(|(key, value)| {
            let is_true = |name: &str| value.get(name).and_then(Value::as_bool) == Some(true);
            Dependency {
                key: key.clone(),
                package: value.get("package").and_then(Value::as_str).unwrap_or(key).to_owned(),
                line: line_of(text, &table, key),
                inherited: is_true("workspace"),
                by_path: value.get("path").is_some(),
                default_off: value.get("default-features").and_then(Value::as_bool) == Some(false),
                table: table.clone(),
            }
        });
        made.collect::<Vec<_>>()
    };
    Manifest::KINDS.iter().flat_map(of_kind).collect()
}

/// The line on which `key` of `table` stands: as `key = ..`, `key.workspace = ..` or `[table.key]`.
fn line_of(text: &str, table: &str, key: &str) -> Option<usize> {
    let bare = |name: &str| name.replace(['"', '\''], "");
    let table = bare(table);
    let mut section = String::new();
    for (line, content) in numbered(text) {
        let content = content.trim();
        if let Some(header) = content.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            section = bare(header);
            if section == format!("{table}.{key}") {
                return Some(line);
            }
        } else if section == table && bare(content).split(['=', '.']).next().is_some_and(|start| start.trim() == key) {
            return Some(line);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crate_with(dependencies: &str) -> Tree {
        let text = format!("[package]\nname = \"a\"\n[lints]\nworkspace = true\n{dependencies}");
        Tree::default().with("crates/a/Cargo.toml", &text)
    }

    #[test]
    fn a_version_beside_the_root_is_found() {
        assert_eq!(find(&crate_with("[dependencies]\njiff = { workspace = true }\nbytes.workspace = true\n")), []);
        let found = find(&crate_with("[dependencies]\n\njiff = \"0.2\"\n"));
        assert_eq!((found.len(), found[0].line), (1, Some(7)));
        assert_eq!(find(&crate_with("[dev-dependencies]\na = { path = \".\", features = [\"suite\"] }\n")), []);
    }

    #[test]
    fn lints_that_are_not_inherited_are_found() {
        let tree = Tree::default().with("crates/a/Cargo.toml", "[package]\nname = \"a\"\n");
        assert!(find(&tree)[0].what.contains("lints"));
    }

    #[test]
    fn default_features_left_on_are_found() {
        let root = "[workspace.dependencies]\na = { path = \"crates/a\" }\nb = { version = \"1\", default-features = false }\nc = \"1\"\n";
        let found = find(&Tree::default().with("Cargo.toml", root));
        assert_eq!((found.len(), found[0].line), (1, Some(4)));
    }

    #[test]
    fn one_package_too_many_is_found() {
        let lock = |count| Tree::default().with("Cargo.lock", &"[[package]]\nname = \"x\"\n".repeat(count));
        assert_eq!(find(&lock(PACKAGES_MAX)), []);
        assert!(find(&lock(PACKAGES_MAX + 1))[0].what.contains("251 packages"));
    }

    #[test]
    fn a_manifest_that_cannot_be_read_is_found() {
        assert!(find(&Tree::default().with("crates/a/Cargo.toml", "[package"))[0].what.contains("not TOML"));
    }
}
