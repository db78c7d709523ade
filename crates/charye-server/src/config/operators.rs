//! Room: server/config. `[operators]`: who may steer the lines.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use charye_web::gate::OperatorKeys;
use serde::Deserialize;

/// Bytes a file of tokens may have.
const BYTES_MAX: u64 = 64 * 1024;
/// Whoever else may read or write.
const OTHERS: u32 = 0o077;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct OperatorsSection {
    /// Lines of a staff number and a token, readable by us alone; nobody steers if left out. Needs `operations_address`.
    pub(crate) token_file: Option<PathBuf>,
}

impl OperatorsSection {
    /// The tokens, if there is a file of them.
    ///
    /// # Errors
    /// The file does not read, is open to others, or a line does not fit.
    pub(crate) fn keys(&self) -> Result<OperatorKeys, anyhow::Error> {
        let Some(path) = &self.token_file else { return Ok(OperatorKeys::default()) };
        let text = read_tokens(path)?;
        OperatorKeys::read(&text).with_context(|| format!("could not use {}", path.display()))
    }
}

/// The text of a file that holds tokens.
///
/// # Errors
/// It does not read, is too large, or others may read it.
pub(crate) fn read_tokens(path: &Path) -> Result<String, anyhow::Error> {
    let shown = path.display();
    let known = std::fs::metadata(path).with_context(|| format!("could not read {shown}"))?;
    if known.permissions().mode() & OTHERS != 0 {
        return Err(anyhow!("{shown} is open to others: chmod 600 it"));
    }
    if known.len() > BYTES_MAX {
        return Err(anyhow!("{shown} has {} bytes; keep it within {BYTES_MAX}", known.len()));
    }
    std::fs::read_to_string(path).with_context(|| format!("could not read {shown}"))
}
