//! Room: xtask. `cargo xtask docs`: rustdoc without warnings, links that lead somewhere, reference pages from the code.
//!
//! A reference page is written by the tables it describes and checked against them in `ci`; nobody edits it by hand.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::run::must;
use crate::screen::say;
use crate::tree::Tree;
use crate::{bench, ci, tidy};

/// What to do about a reference page that differs from the code.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reference {
    Write,
    Check,
}

/// A page that follows from the code.
struct Page {
    path: &'static str,
    /// From the root of the repository.
    text: fn(&Path) -> Result<String>,
}

/// Every derived page. Another one is one more line.
const PAGES: &[Page] = &[Page { path: "docs/reference/house.md", text: |_| Ok(house()) }];

const LIMIT: Duration = Duration::from_secs(1_200);

/// Builds and checks the documents.
///
/// # Errors
/// When rustdoc warns, a link leads nowhere, or (with `Check`) a reference page is not what the code says.
pub(crate) fn run(root: &Path, reference: Reference) -> Result<()> {
    for page in PAGES {
        let file = root.join(page.path);
        let text = (page.text)(root).with_context(|| format!("could not derive {}", page.path))?;
        if fs::read_to_string(&file).is_ok_and(|stands| stands == text) {
            continue;
        }
        if reference == Reference::Check {
            bail!("{} is not what the code says: run `cargo xtask docs` and commit it", page.path);
        }
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder).with_context(|| format!("could not make {}", folder.display()))?;
        }
        fs::write(&file, text).with_context(|| format!("could not write {}", page.path))?;
        say(&format!("docs: wrote {}", page.path));
    }
    let findings = tidy::paths::find(&Tree::read(root)?);
    for finding in &findings {
        say(&finding.to_string());
    }
    if !findings.is_empty() {
        bail!("docs: {} paths or links lead nowhere", findings.len());
    }
    let rustdoc = ["cargo", "doc", "--locked", "--workspace", "--no-deps", "--document-private-items"];
    must(root, &rustdoc, &[("RUSTDOCFLAGS", "-D warnings")], LIMIT)?;
    Ok(())
}

/// The walls, the steps and the figures, from the tables that make them.
fn house() -> String {
    let mut page = String::from(
        "# What the house checks\n\nDerived from the tables of `xtask` by `cargo xtask docs`; do not edit.\n\n\
         ## `cargo xtask tidy`\n\n| check | holds when nothing is found |\n| --- | --- |\n",
    );
    // Writing to a String cannot fail.
    for check in tidy::CHECKS {
        let _ = writeln!(page, "| {} | {} |", check.name, check.holds);
    }
    page.push_str("\n## `cargo xtask ci`\n\n| step | what it shows |\n| --- | --- |\n");
    for step in ci::STEPS {
        let _ = writeln!(page, "| {} | {} |", step.name, step.shows);
    }
    let _ = writeln!(page, "| each file of {} | {} |", ci::SUITES, ci::SUITES_SHOW);
    page.push_str("\n## `cargo xtask bench`\n\n");
    if bench::BENCHES.is_empty() {
        page.push_str("No bench is registered yet.\n");
    } else {
        page.push_str("| name | what it measures |\n| --- | --- |\n");
    }
    for bench in bench::BENCHES {
        let _ = writeln!(page, "| {} | {} |", bench.name, bench.what);
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_names_every_check_and_step() {
        let page = house();
        assert!(tidy::CHECKS.iter().all(|check| page.contains(&format!("| {} |", check.name))));
        assert!(ci::STEPS.iter().all(|step| page.contains(&format!("| {} |", step.name))));
    }
}
