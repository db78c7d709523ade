//! Room: gateway/keys. The check file of a data folder (`keys.check`): fingerprints of the keys it was made with, so that
//! a swapped key file is noticed. Called by `local` at start. Holds nothing secret; never changes a key file.

use std::collections::BTreeMap;
use std::path::Path;

use charye_domain::ids::KeyId;
use toml::{Table, Value};

use super::key_file::{KeyEntry, KeyFileError, replace_whole, storage};

const VERSION: i64 = 1;
const PREAMBLE: &str = "# Fingerprints of the keys this data folder was made with. Not secret. Written by charye.\n";

/// Whether a data folder may lack its check file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataFolder {
    /// Nothing is in it yet, or an operator trusts the key file anew.
    New,
    /// A journal is in it: a missing check file is a reason to stop.
    InUse,
}

/// Compares the keys with the check file, and adds keys that are new to it.
pub(super) fn compare(path: &Path, entries: &[KeyEntry], folder: DataFolder) -> Result<(), KeyFileError> {
    let known = match std::fs::read_to_string(path) {
        Ok(text) => parse(&text).map_err(|reason| KeyFileError::Malformed { path: path.to_owned(), reason })?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && folder == DataFolder::New => BTreeMap::new(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(KeyFileError::CheckMissing { path: path.to_owned() });
        }
        Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
            return Err(KeyFileError::Malformed { path: path.to_owned(), reason: "it is not UTF-8 text".to_owned() });
        }
        Err(error) => return Err(storage("read", path)(error)),
    };
    let found: BTreeMap<KeyId, &str> = entries.iter().map(|entry| (entry.id, entry.fingerprint.as_str())).collect();
    for (id, expected) in &known {
        match found.get(id) {
            Some(found) if found == expected => {}
            Some(found) => {
                return Err(KeyFileError::Wrong { id: *id, found: (*found).to_owned(), expected: expected.clone() });
            }
            None => return Err(KeyFileError::KeyGone { id: *id }),
        }
    }
    if found.len() == known.len() {
        return Ok(());
    }
    let mut text = format!("{PREAMBLE}version = {VERSION}\n\n[fingerprints]\n");
    for (id, fingerprint) in &found {
        text.push_str(&format!("{id} = \"{fingerprint}\"\n"));
    }
    replace_whole(path, text.as_bytes())
}

fn parse(text: &str) -> Result<BTreeMap<KeyId, String>, String> {
    let table: Table = text.parse().map_err(|_| "it is not TOML".to_owned())?;
    if table.get("version").and_then(Value::as_integer) != Some(VERSION) {
        return Err("its version is not known".to_owned());
    }
    let fingerprints = table.get("fingerprints").and_then(Value::as_table).ok_or("[fingerprints] is missing")?;
    fingerprints
        .iter()
        .map(|(id, fingerprint)| {
            let id = id.parse().map_err(|_| format!("`{id}` is not a key id"))?;
            let fingerprint =
                fingerprint.as_str().ok_or_else(|| format!("the fingerprint of key {id} is not a text"))?;
            Ok((KeyId(id), fingerprint.to_owned()))
        })
        .collect()
}
