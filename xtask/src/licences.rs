//! Room: xtask. The step `licences` of `cargo xtask ci`: every dependency has a licence that may be used, none is banned.
//!
//! Reads `deny.toml`, the table that `cargo deny` reads as well, and what cargo says of the packages that are built for
//! its targets. Never looks at a licence's text: what a package declares is what is judged.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use spdx::{Expression, Licensee, ParseMode};

use crate::run::asked;
use crate::screen::say;

/// What `deny.toml` says.
struct Table {
    targets: Vec<String>,
    allowed: Vec<Licensee>,
    banned: Vec<Ban>,
}

/// A crate that must not come in, other than by those that wrap it.
struct Ban {
    name: String,
    wrappers: Vec<String>,
    reason: String,
}

/// A package of the tree.
struct Package {
    name: String,
    version: String,
    /// As declared; `None` for a package that declares none.
    licence: Option<String>,
    /// From this repository.
    ours: bool,
    /// The names of the packages that ask for it.
    asked_by: Vec<String>,
}

/// Judges every package that is built for the targets of `deny.toml`.
///
/// # Errors
/// When a package may not be used, with every one that may not and why; when `deny.toml` or cargo's answer is not
/// understood.
pub(crate) fn run(root: &Path) -> Result<()> {
    let text = fs::read_to_string(root.join("deny.toml")).context("deny.toml could not be read")?;
    let table = table(&text)?;
    let manifest = root.join("Cargo.toml").display().to_string();
    let mut argv = vec!["cargo", "metadata", "--locked", "--format-version", "1", "--all-features"];
    argv.extend(["--manifest-path", &manifest]);
    for target in &table.targets {
        argv.extend(["--filter-platform", target]);
    }
    let said = asked(&argv).context("cargo did not say which packages there are")?;
    let built = built(&manifest, &table.targets)?;
    let mut packages = packages(&serde_json::from_str(&said)?)?;
    packages.retain(|package| built.contains(&format!("{} v{}", package.name, package.version)));
    let found = judged(&table, &packages);
    if found.is_empty() {
        say(&format!("{} packages, each with a licence that may be used, none banned", packages.len()));
        return Ok(());
    }
    bail!("{}", found.join("\n"))
}

/// What is compiled, as `name vVERSION`. The resolution in cargo's metadata is that of the lock file: it also names what
/// only a feature that nobody switches on would ask for.
fn built(manifest: &str, targets: &[String]) -> Result<BTreeSet<String>> {
    let mut argv = vec!["cargo", "tree", "--locked", "--workspace", "--all-features", "--manifest-path", manifest];
    argv.extend(["--edges", "normal,build,dev", "--prefix", "none", "--format", "{p}"]);
    for target in targets {
        argv.extend(["--target", target]);
    }
    let said = asked(&argv).context("cargo did not say what is compiled")?;
    let named =
        |line: &str| Some(line.split(' ').take(2).collect::<Vec<_>>().join(" ")).filter(|name| !name.is_empty());
    let built: BTreeSet<String> = said.lines().filter_map(named).collect();
    if built.is_empty() {
        bail!("cargo says that nothing is compiled");
    }
    Ok(built)
}

fn table(text: &str) -> Result<Table> {
    let table: toml::Table = text.parse().context("deny.toml is not TOML")?;
    let texts = |value: Option<&toml::Value>| -> Vec<String> {
        value
            .and_then(toml::Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|text| text.as_str().map(str::to_owned))
            .collect()
    };
    let within = |section: &str, key: &str| table.get(section).and_then(|section| section.get(key));
    let allowed = texts(within("licenses", "allow"));
    if allowed.is_empty() {
        bail!("deny.toml allows no licence: [licenses] allow is missing or empty");
    }
    let allowed = allowed
        .iter()
        .map(|name| Licensee::parse(name).with_context(|| format!("deny.toml: {name} is no licence that SPDX knows")))
        .collect::<Result<_>>()?;
    let bans = within("bans", "deny").and_then(toml::Value::as_array).into_iter().flatten();
    let banned = bans
        .map(|ban| {
            let text = |key: &str| ban.get(key).and_then(toml::Value::as_str).map(str::to_owned);
            Ok(Ban {
                name: text("crate").context("deny.toml: a ban without `crate`")?,
                wrappers: texts(ban.get("wrappers")),
                reason: text("reason").unwrap_or_default(),
            })
        })
        .collect::<Result<_>>()?;
    Ok(Table { targets: texts(within("graph", "targets")), allowed, banned })
}

/// The packages that are really built, of what `cargo metadata` said.
fn packages(metadata: &Value) -> Result<Vec<Package>> {
    let list = |value: &Value| value.as_array().cloned().context("cargo's metadata have no such list");
    let text = |value: &Value| value.as_str().map(str::to_owned).context("cargo's metadata have no such text");
    let mut all = HashMap::new();
    for package in list(&metadata["packages"])? {
        all.insert(
            text(&package["id"])?,
            Package {
                name: text(&package["name"])?,
                version: text(&package["version"])?,
                licence: package["license"].as_str().map(str::to_owned),
                ours: package["source"].is_null(),
                asked_by: Vec::new(),
            },
        );
    }
    let nodes = list(&metadata["resolve"]["nodes"])?;
    let mut built = Vec::new();
    let mut asked_by: HashMap<String, Vec<String>> = HashMap::new();
    for node in &nodes {
        let id = text(&node["id"])?;
        let name = all.get(&id).map(|package| package.name.clone()).context("cargo names a package it did not list")?;
        for dependency in list(&node["deps"])? {
            asked_by.entry(text(&dependency["pkg"])?).or_default().push(name.clone());
        }
        built.push(id);
    }
    built
        .iter()
        .map(|id| {
            let package = all.remove(id).context("cargo lists a package twice")?;
            Ok(Package { asked_by: asked_by.remove(id).unwrap_or_default(), ..package })
        })
        .collect()
}

/// A line for each package that may not be used.
fn judged(table: &Table, packages: &[Package]) -> Vec<String> {
    let mut found = Vec::new();
    for package in packages.iter().filter(|package| !package.ours) {
        let Package { name, version, .. } = package;
        match &package.licence {
            None => found.push(format!("{name} {version} declares no licence")),
            Some(licence) => {
                match Expression::parse_mode(licence, ParseMode::LAX) {
                    Ok(expression)
                        if expression.evaluate(|asked| table.allowed.iter().any(|one| one.satisfies(asked))) => {}
                    Ok(_) => found
                        .push(format!("{name} {version} is licensed under {licence}: none of what deny.toml allows")),
                    Err(why) => found
                        .push(format!("{name} {version}: its licence `{licence}` is not understood: {}", why.reason)),
                }
            }
        }
        if let Some(ban) = table.banned.iter().find(|ban| ban.name == *name) {
            let others: Vec<&str> = package
                .asked_by
                .iter()
                .map(String::as_str)
                .filter(|by| !ban.wrappers.iter().any(|w| w == by))
                .collect();
            if !others.is_empty() {
                found.push(format!("{name} {version}, asked for by {}, is banned: {}", others.join(", "), ban.reason));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = r#"
        [graph]
        targets = ["x86_64-unknown-linux-gnu"]
        [licenses]
        allow = ["Apache-2.0", "MIT"]
        [bans]
        deny = [
          { crate = "rsa", reason = "no fixed version" },
          { crate = "old", wrappers = ["wrapper"], reason = "std has it" },
        ]
    "#;

    fn package(name: &str, licence: Option<&str>, asked_by: &[&str]) -> Package {
        Package {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            licence: licence.map(str::to_owned),
            ours: false,
            asked_by: asked_by.iter().map(|&by| by.to_owned()).collect(),
        }
    }

    #[test]
    fn a_licence_is_judged_by_what_may_be_chosen_of_it() {
        let found = |licence: Option<&str>| judged(&table(TABLE).unwrap(), &[package("a", licence, &[])]);
        for fine in ["MIT", "MIT OR GPL-3.0-only", "MIT/Apache-2.0", "(MIT OR Zlib) AND Apache-2.0"] {
            assert!(found(Some(fine)).is_empty(), "{fine}: {:?}", found(Some(fine)));
        }
        for not in ["GPL-3.0-only", "MIT AND GPL-3.0-only", "Nonsense-9"] {
            assert_eq!(found(Some(not)).len(), 1, "{not}");
        }
        assert_eq!(found(None), ["a 1.0.0 declares no licence"]);
    }

    #[test]
    fn a_banned_package_comes_in_by_its_wrapper_only() {
        let table = table(TABLE).unwrap();
        assert!(judged(&table, &[package("old", Some("MIT"), &["wrapper"])]).is_empty());
        let found = judged(&table, &[package("old", Some("MIT"), &["wrapper", "web"])]);
        assert_eq!(found, ["old 1.0.0, asked for by web, is banned: std has it"]);
        assert_eq!(judged(&table, &[package("rsa", Some("MIT"), &["jose"])]).len(), 1);
    }

    #[test]
    fn a_table_that_allows_nothing_or_something_unknown_is_refused() {
        assert!(table("[licenses]\nallow = []").is_err());
        assert!(table("[licenses]\nallow = [\"Beer-1.0\"]").is_err());
    }

    #[test]
    fn packages_know_who_asks_for_them() {
        let metadata = serde_json::json!({
            "packages": [
                { "id": "1", "name": "ours", "version": "0.1.0", "license": null, "source": null },
                { "id": "2", "name": "old", "version": "1.0.0", "license": "MIT", "source": "registry" },
                { "id": "3", "name": "elsewhere", "version": "1.0.0", "license": "GPL-3.0-only", "source": "registry" },
            ],
            "resolve": { "nodes": [{ "id": "1", "deps": [{ "pkg": "2" }] }, { "id": "2", "deps": [] }] },
        });
        let packages = packages(&metadata).unwrap();
        assert_eq!(packages.len(), 2, "what is not built for a target is not judged");
        assert_eq!(judged(&table(TABLE).unwrap(), &packages), ["old 1.0.0, asked for by ours, is banned: std has it"]);
    }
}
