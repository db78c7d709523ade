//! Room: xtask. The files of the repository, read once, so that every check is a pure function of them.
//!
//! Called by `tidy` and `docs`; tests make trees of two files in memory. Never writes, never looks outside its root.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

/// All files that git tracks or would track, by path from the root, with `/` between the parts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tree {
    files: BTreeMap<String, Vec<u8>>,
}

impl Tree {
    /// Folders that are never part of a tree that git does not describe.
    const SKIPPED: [&'static str; 4] = [".git", "target", "node_modules", "data"];

    /// Reads the tree under `root`: what git lists, or every file where there is no git.
    ///
    /// # Errors
    /// When a listed file cannot be read, or git is there and refuses.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let mut tree = Self::default();
        if !root.join(".git").exists() {
            tree.read_folder(root, "")?;
            return Ok(tree);
        }
        let listed = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(root)
            .output()
            .context("could not run git ls-files")?;
        anyhow::ensure!(listed.status.success(), "git ls-files refused: {}", String::from_utf8_lossy(&listed.stderr));
        for path in String::from_utf8(listed.stdout)?.split_terminator('\0') {
            // Listed but gone: deleted and not yet committed. It is not part of the tree as it stands.
            if root.join(path).is_file() {
                tree.read_file(root, path)?;
            }
        }
        Ok(tree)
    }

    fn read_folder(&mut self, root: &Path, folder: &str) -> Result<()> {
        let entries = fs::read_dir(root.join(folder)).with_context(|| format!("could not list {folder:?}"))?;
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
            let kind = entry.file_type()?;
            if kind.is_file() {
                self.read_file(root, &path)?;
            } else if kind.is_dir() && (path.starts_with("crates/") || !Self::SKIPPED.contains(&name.as_str())) {
                self.read_folder(root, &path)?;
            }
        }
        Ok(())
    }

    fn read_file(&mut self, root: &Path, path: &str) -> Result<()> {
        let bytes = fs::read(root.join(path)).with_context(|| format!("could not read {path}"))?;
        self.files.insert(path.to_owned(), bytes);
        Ok(())
    }

    /// Adds or replaces one file: how tests make a tree.
    #[cfg(test)]
    #[must_use]
    pub(crate) fn with(mut self, path: &str, text: &str) -> Self {
        self.files.insert(path.to_owned(), text.as_bytes().to_vec());
        self
    }

    /// Whether a file or a folder stands at `path`.
    pub(crate) fn has(&self, path: &str) -> bool {
        let folder = format!("{path}/");
        self.files.contains_key(path)
            || self.files.range(folder.clone()..).next().is_some_and(|(next, _)| next.starts_with(&folder))
    }

    /// Every path, in order.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// The bytes of a file.
    pub(crate) fn bytes(&self, path: &str) -> Option<&[u8]> {
        self.files.get(path).map(Vec::as_slice)
    }

    /// The text of a file; `None` if it is absent or not UTF-8.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        std::str::from_utf8(self.files.get(path)?).ok()
    }

    /// Path and text of every UTF-8 file that `wanted` picks.
    pub(crate) fn texts(&self, wanted: impl Fn(&str) -> bool) -> impl Iterator<Item = (&str, &str)> {
        self.paths().filter(move |path| wanted(path)).filter_map(|path| Some((path, self.text(path)?)))
    }

    /// Path and text of every Rust file of the workspace.
    pub(crate) fn rust_files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts(|path| path.ends_with(".rs") && (path.starts_with("crates/") || path.starts_with("xtask/")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_there_when_a_file_in_it_is() {
        let tree = Tree::default().with("docs/adr/0001.md", "x").with("docs-old/a.md", "x");
        assert!(tree.has("docs") && tree.has("docs/adr") && tree.has("docs/adr/0001.md"));
        assert!(!tree.has("docs/ad") && !tree.has("doc") && !tree.has("docs/adr/0002.md"));
    }
}
