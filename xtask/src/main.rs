//! Room: xtask. The tool that keeps the house: `cargo xtask ci|tidy|setup|bench|docs|pages`.
//!
//! A file per command. Called by people and by `.ci/run`. Knows the repository, never the product: it depends on no
//! crate of ours and speaks to `charye` as everyone does, by its commands and over HTTP.

mod bench;
mod ci;
mod docs;
mod licences;
mod pages;
mod run;
mod rust_source;
mod screen;
mod setup;
mod tidy;
mod tree;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::screen::say;
use crate::tree::Tree;

const USAGE: &str = "\
cargo xtask COMMAND

  ci [STEP..]                  everything that must hold before a change lands, or the named steps of it
  tidy [--root DIR]            the walls of the house, on the tree as it stands
  setup                        installs what the tests need and this machine lacks
  bench [NAME..] [--json FILE] the figures, as a table; with `-- OPTION..` last, options for their programs
  bench compare A B            two files of figures, side by side
  docs [--check]               rustdoc, links, and the reference pages derived from the code
  pages [DIR]                  every page in every language with every sample, as a gallery";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match dispatch(&arguments) {
        Ok(code) => code,
        Err(error) => {
            say(&format!("xtask: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[&str]) -> Result<ExitCode> {
    let root = &root()?;
    match arguments {
        ["ci", steps @ ..] => return ci::run(root, steps),
        ["tidy"] => tidy::run(&Tree::read(root)?),
        ["tidy", "--root", other] => tidy::run(&Tree::read(Path::new(other))?),
        ["setup"] => setup::run(root),
        ["bench", "compare", a, b] => bench::compare(Path::new(a), Path::new(b)),
        ["bench", wanted @ ..] => bench::run(root, &bench::Wanted::read(wanted)),
        ["docs"] => docs::run(root, docs::Reference::Write),
        ["docs", "--check"] => docs::run(root, docs::Reference::Check),
        ["pages"] => pages::run(root, &root.join("target/pages")),
        ["pages", folder] => pages::run(root, Path::new(folder)),
        [] | ["help" | "--help" | "-h"] => {
            say(USAGE);
            Ok(())
        }
        [unknown, ..] => bail!("`{unknown}` is no command here\n\n{USAGE}"),
    }?;
    Ok(ExitCode::SUCCESS)
}

/// The root of the repository: the folder above this crate.
fn root() -> Result<PathBuf> {
    Ok(Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask stands in no repository")?.to_owned())
}
