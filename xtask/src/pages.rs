//! Room: xtask. `cargo xtask pages`: every page in every language with every sample, as a gallery to look at.
//!
//! The pages render themselves, in an example of charye-web that takes the folder to write to; this only calls it.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::run::must;
use crate::screen::say;

const EXAMPLE: &str = "crates/charye-web/examples/gallery.rs";
const LIMIT: Duration = Duration::from_secs(900);

/// Renders the gallery into `folder`.
///
/// # Errors
/// When charye-web has no gallery, or it fails.
pub(crate) fn run(root: &Path, folder: &Path) -> Result<()> {
    ensure!(root.join(EXAMPLE).is_file(), "charye-web cannot render its pages by themselves: {EXAMPLE} is not there");
    std::fs::create_dir_all(folder).with_context(|| format!("could not make {}", folder.display()))?;
    let folder = folder.to_string_lossy();
    must(
        root,
        &[
            "cargo",
            "run",
            "--quiet",
            "--locked",
            "-p",
            "charye-web",
            "--features",
            "samples",
            "--example",
            "gallery",
            "--",
            &folder,
        ],
        &[],
        LIMIT,
    )?;
    say(&format!("pages: {folder}/index.html"));
    Ok(())
}
