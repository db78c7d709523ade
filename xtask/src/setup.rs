//! Room: xtask. `cargo xtask setup`: installs by name what the tests need and this machine lacks.
//!
//! Called by people once and by `ci` every time, so it is quick when everything is there. Downloads nothing but through
//! the machine's own package clients, and nothing that the tables below do not name.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::run::{asked, must};
use crate::screen::say;

/// A Debian package, and how to see that what it brings is there already.
struct DebianPackage {
    name: &'static str,
    what_for: &'static str,
    /// Shell words that succeed when it is there, however it came.
    present: &'static str,
}

const DEBIAN: &[DebianPackage] = &[
    DebianPackage { name: "nodejs", what_for: "runs the browser suites", present: "command -v node" },
    DebianPackage { name: "npm", what_for: "installs their packages", present: "command -v npm" },
    DebianPackage { name: "chromium", what_for: "the browser they drive", present: "command -v chromium" },
    DebianPackage {
        name: "fonts-noto-cjk",
        what_for: "without it Korean is boxes",
        present: "ls /usr/share/fonts/opentype/noto/NotoSansCJK-*",
    },
    DebianPackage {
        name: "postgresql",
        what_for: "the baseline of the figures",
        present: "command -v initdb || ls /usr/lib/postgresql/*/bin/initdb",
    },
];

/// Where suites keep their npm packages: exact versions, no lock file.
const NPM_FOLDERS: &[&str] = &["tests/browser", "tests/identity"];
const LIMIT: Duration = Duration::from_secs(900);

/// Installs what is missing.
///
/// # Errors
/// When something is missing and cannot be installed here: the message says how to.
pub(crate) fn run(root: &Path) -> Result<()> {
    let debian = install_debian(root)?;
    let npm = install_npm(root)?;
    let nextest = asked(&["cargo", "nextest", "--version"]).is_some();
    let runner =
        if nextest { "cargo-nextest runs the tests" } else { "cargo-nextest is not there: cargo test runs the tests" };
    say(&format!("setup: {debian}; {npm}; {runner}"));
    Ok(())
}

fn install_debian(root: &Path) -> Result<String> {
    let missing: Vec<&DebianPackage> =
        DEBIAN.iter().filter(|package| asked(&["sh", "-c", package.present]).is_none()).collect();
    if missing.is_empty() {
        return Ok(format!("all {} Debian packages are there", DEBIAN.len()));
    }
    for package in &missing {
        say(&format!("setup: {} is missing ({})", package.name, package.what_for));
    }
    let names: Vec<&str> = missing.iter().map(|package| package.name).collect();
    let is_root = asked(&["id", "-u"]).as_deref() == Some("0");
    if !is_root || asked(&["apt-get", "--version"]).is_none() {
        bail!(
            "missing here, and only root on Debian can install it: sudo apt-get install --no-install-recommends {}",
            names.join(" ")
        );
    }
    let quiet = [("DEBIAN_FRONTEND", "noninteractive")];
    must(root, &["apt-get", "update", "-qq"], &quiet, LIMIT)?;
    must(root, &[&["apt-get", "install", "-y", "-qq", "--no-install-recommends"], &names[..]].concat(), &quiet, LIMIT)?;
    Ok(format!("installed {}", names.join(", ")))
}

fn install_npm(root: &Path) -> Result<String> {
    let told: Vec<String> = NPM_FOLDERS.iter().map(|folder| install_npm_in(root, folder)).collect::<Result<_>>()?;
    Ok(told.join("; "))
}

fn install_npm_in(root: &Path, name: &str) -> Result<String> {
    let folder = root.join(name);
    let Ok(manifest) = std::fs::read_to_string(folder.join("package.json")) else {
        return Ok(format!("{name} asks for no npm packages"));
    };
    let wanted = exact_versions(&manifest, &["dependencies", "devDependencies"])?;
    // Of these npm installs what fits the machine.
    let for_some_machine = exact_versions(&manifest, &["optionalDependencies"])?;
    let installed = |name: &str| {
        let manifest = std::fs::read_to_string(folder.join("node_modules").join(name).join("package.json")).ok()?;
        let manifest: serde_json::Value = serde_json::from_str(&manifest).ok()?;
        manifest.get("version")?.as_str().map(str::to_owned)
    };
    let is_there = |(name, version): &(String, String)| installed(name).as_ref() == Some(version);
    let fits_machine = || for_some_machine.is_empty() || for_some_machine.iter().any(is_there);
    if wanted.iter().all(is_there) && fits_machine() {
        return Ok(format!("all npm packages of {name} are there"));
    }
    let install =
        ["npm", "install", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    must(&folder, &install, &[], LIMIT)?;
    for (package, version) in &wanted {
        if installed(package).as_ref() != Some(version) {
            bail!("npm installed {package} {:?} where {name}/package.json asks for {version}", installed(package));
        }
    }
    if !fits_machine() {
        bail!("npm installed none of the optional packages of {name}/package.json: is this machine none of theirs?");
    }
    Ok(format!(
        "installed {}",
        wanted.iter().map(|(name, version)| format!("{name} {version}")).collect::<Vec<_>>().join(", ")
    ))
}

/// The packages of a package.json. Without a lock file a version must be exact to mean one thing.
fn exact_versions(manifest: &str, kinds: &[&str]) -> Result<Vec<(String, String)>> {
    let manifest: serde_json::Value = serde_json::from_str(manifest)?;
    let mut versions = Vec::new();
    for kind in kinds {
        for (name, version) in manifest.get(*kind).and_then(serde_json::Value::as_object).into_iter().flatten() {
            let version = version.as_str().unwrap_or_default();
            let exact = version.split('.').count() == 3 && version.chars().all(|c| c.is_ascii_digit() || c == '.');
            anyhow::ensure!(exact, "{name} {version:?} is not an exact version: write it as 1.2.3");
            versions.push((name.clone(), version.to_owned()));
        }
    }
    Ok(versions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_of_versions_is_refused() {
        let read = |manifest| exact_versions(manifest, &["devDependencies"]);
        assert!(read(r#"{"devDependencies": {"axe-core": "^4.1.0"}}"#).is_err());
        assert!(read(r#"{"devDependencies": {"axe-core": "latest"}}"#).is_err());
        let exact = read(r#"{"devDependencies": {"axe-core": "4.1.0"}, "dependencies": {"x": "^1"}}"#).unwrap();
        assert_eq!(exact, [("axe-core".to_owned(), "4.1.0".to_owned())]);
    }
}
