//! Room: gateway/keys. The key file: its format, who may read it, and how it is changed without ever being half-written.
//!
//! Called by `local` at start and by the commands `charye keys init|rotate|retire|status`. Never prints a secret, not
//! even inside an error: a line of the file is named, never quoted.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use charye_domain::ids::KeyId;
use charye_domain::time::UnixMillis;
use jiff::Timestamp;
use toml::{Table, Value};
use zeroize::Zeroizing;

use super::derivation::{Root, Secret};

/// Former keys kept at most; before the next rotation the oldest must be retired.
pub const FORMER_KEYS_MAX: usize = 8;

/// The only version of the format there is.
const VERSION: i64 = 1;
const FILE_BYTES_MAX: u64 = 64 * 1024;

const PREAMBLE: &str = "\
# The keys of this installation. Whoever has this file and the data folder can read everything in it; without this file
# nobody can, and no citizen is recognised. Keep a copy apart from the data's backups. Mode 0600.
# Changed by `charye keys rotate` and `charye keys retire`; do not edit by hand.
";

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// Seals, opens and hashes. Exactly one key is current.
    Current,
    /// Opens what it sealed, and finds citizens it introduced.
    Former,
    /// Its secret is gone; only its id and fingerprint are kept, so that the id is never given again.
    Retired,
}

impl KeyState {
    fn code(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Former => "former",
            Self::Retired => "retired",
        }
    }

    fn from_code(code: &str) -> Option<Self> {
        [Self::Current, Self::Former, Self::Retired].into_iter().find(|state| state.code() == code)
    }
}

impl std::fmt::Display for KeyState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code())
    }
}

/// What may be told of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyStatus {
    pub id: KeyId,
    pub state: KeyState,
    pub created_at: Timestamp,
    /// Tells keys apart, says nothing about the secret: 16 hex digits.
    pub fingerprint: String,
}

/// Why a key file is not used. Every text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    #[error("no key file at {}: make one with `charye keys init`, or put the one of this data folder back", path.display())]
    Missing { path: PathBuf },
    #[error("key file {} exists already; it is never overwritten, see `charye keys rotate`", path.display())]
    Exists { path: PathBuf },
    #[error("key file {} may be read by others (mode {mode:04o}): run `chmod 600` on it, then consider `charye keys rotate`", path.display())]
    ReadableByOthers { path: PathBuf, mode: u32 },
    #[error("key file {} belongs to user {owner}, but this program runs as user {runs_as}", path.display())]
    OwnedByAnother { path: PathBuf, owner: u32, runs_as: u32 },
    #[error("{} is malformed: {reason}", path.display())]
    Malformed { path: PathBuf, reason: String },
    #[error(
        "key {id} in the key file is not the key this data folder was made with (its fingerprint is {found}, expected {expected}): put the right key file back"
    )]
    Wrong { id: KeyId, found: String, expected: String },
    #[error("key {id} of this data folder is not in the key file: put the right key file back")]
    KeyGone { id: KeyId },
    #[error("{} is gone, although the data folder is in use: put it back from the folder's backup", path.display())]
    CheckMissing { path: PathBuf },
    #[error("key file {} is being changed by another command", path.display())]
    BeingChanged { path: PathBuf },
    #[error("{FORMER_KEYS_MAX} former keys are kept already: retire the oldest first")]
    TooManyFormer,
    #[error("key {id} cannot be retired: {reason}")]
    NotRetirable { id: KeyId, reason: &'static str },
    #[error("could not {doing} {}", path.display())]
    Storage { doing: &'static str, path: PathBuf, source: io::Error },
}

/// One key as the file has it.
pub(super) struct KeyEntry {
    pub(super) id: KeyId,
    pub(super) state: KeyState,
    pub(super) created_at: Timestamp,
    pub(super) fingerprint: String,
    /// `None` exactly when retired.
    pub(super) secret: Option<Secret>,
}

impl KeyEntry {
    fn fresh(id: KeyId, now: UnixMillis) -> Self {
        let mut secret: Secret = Zeroizing::new([0; 32]);
        rand::fill(secret.as_mut()).expect("aws-lc stops the process rather than give weak randomness");
        Self {
            id,
            state: KeyState::Current,
            created_at: Timestamp::from_millisecond(now.0).unwrap_or(Timestamp::UNIX_EPOCH),
            fingerprint: Root::of(&secret).fingerprint(),
            secret: Some(secret),
        }
    }

    fn status(&self) -> KeyStatus {
        KeyStatus { id: self.id, state: self.state, created_at: self.created_at, fingerprint: self.fingerprint.clone() }
    }
}

/// Makes a key file with one fresh key. Never overwrites.
///
/// # Errors
/// `Exists`, `Storage`.
pub fn init(path: &Path, now: UnixMillis) -> Result<Vec<KeyStatus>, KeyFileError> {
    let entries = vec![KeyEntry::fresh(KeyId(1), now)];
    write(path, &entries, Replace::Never)?;
    Ok(entries.iter().map(KeyEntry::status).collect())
}

/// Adds a fresh current key; the current one becomes former. Takes effect at the next start: what was sealed still opens,
/// and citizens are taken over to the new key one by one as they sign in.
///
/// # Errors
/// As for reading, and `TooManyFormer`, `BeingChanged`.
pub fn rotate(path: &Path, now: UnixMillis) -> Result<Vec<KeyStatus>, KeyFileError> {
    change(path, |entries| {
        if entries.iter().filter(|entry| entry.state != KeyState::Retired).count() > FORMER_KEYS_MAX {
            return Err(KeyFileError::TooManyFormer);
        }
        let newest = entries.iter().map(|entry| entry.id.0).max().unwrap_or(0);
        let next = newest.checked_add(1).ok_or(KeyFileError::TooManyFormer)?;
        entries
            .iter_mut()
            .filter(|entry| entry.state == KeyState::Current)
            .for_each(|entry| entry.state = KeyState::Former);
        entries.push(KeyEntry::fresh(KeyId(next), now));
        Ok(())
    })
}

/// Destroys the secret of a former key. What was sealed under it does not open any more, and citizens who have not signed
/// in since it was current are not recognised.
///
/// # Errors
/// As for reading, and `NotRetirable`, `BeingChanged`.
pub fn retire(path: &Path, id: KeyId) -> Result<Vec<KeyStatus>, KeyFileError> {
    change(path, |entries| {
        let entry = entries
            .iter_mut()
            .find(|entry| entry.id == id)
            .ok_or(KeyFileError::NotRetirable { id, reason: "there is no such key" })?;
        match entry.state {
            KeyState::Current => Err(KeyFileError::NotRetirable { id, reason: "it is current; rotate first" }),
            KeyState::Retired => Err(KeyFileError::NotRetirable { id, reason: "it is retired already" }),
            KeyState::Former => {
                entry.state = KeyState::Retired;
                entry.secret = None;
                Ok(())
            }
        }
    })
}

/// The keys of a file, in its order: ids, states and fingerprints.
///
/// # Errors
/// As for opening the keys.
pub fn status(path: &Path) -> Result<Vec<KeyStatus>, KeyFileError> {
    Ok(read(path)?.iter().map(KeyEntry::status).collect())
}

/// Reads and checks a key file: who may read it first, then what is in it.
pub(super) fn read(path: &Path) -> Result<Vec<KeyEntry>, KeyFileError> {
    read_open(&open(path)?, path)
}

fn open(path: &Path) -> Result<File, KeyFileError> {
    File::open(path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => KeyFileError::Missing { path: path.to_owned() },
        _ => storage("open", path)(source),
    })
}

fn read_open(file: &File, path: &Path) -> Result<Vec<KeyEntry>, KeyFileError> {
    let metadata = file.metadata().map_err(storage("look at", path))?;
    let runs_as = rustix::process::geteuid().as_raw();
    let malformed = |reason: &str| KeyFileError::Malformed { path: path.to_owned(), reason: reason.to_owned() };
    if !metadata.is_file() {
        return Err(malformed("it is not a file"));
    }
    if metadata.mode() & 0o077 != 0 {
        return Err(KeyFileError::ReadableByOthers { path: path.to_owned(), mode: metadata.mode() & 0o7777 });
    }
    if metadata.uid() != runs_as {
        return Err(KeyFileError::OwnedByAnother { path: path.to_owned(), owner: metadata.uid(), runs_as });
    }
    if metadata.len() > FILE_BYTES_MAX {
        return Err(malformed("it is far too large"));
    }
    let mut text = Zeroizing::new(String::new());
    let mut limited = file.take(FILE_BYTES_MAX);
    limited.read_to_string(&mut text).map_err(|source| match source.kind() {
        io::ErrorKind::InvalidData => malformed("it is not UTF-8 text"),
        _ => storage("read", path)(source),
    })?;
    parse(&text).map_err(|reason| malformed(&reason))
}

/// The parser's own messages quote the text, which holds secrets: only the line goes on.
fn parse(text: &str) -> Result<Vec<KeyEntry>, String> {
    let table: Table = text.parse().map_err(|error: toml::de::Error| {
        let line = error.span().map_or(1, |span| text.get(..span.start).unwrap_or_default().matches('\n').count() + 1);
        format!("line {line} is not TOML")
    })?;
    only_known(&table, &["version", "key"], "the file")?;
    match table.get("version") {
        Some(Value::Integer(VERSION)) => {}
        Some(Value::Integer(other)) => return Err(format!("version {other} of the format is not known")),
        _ => return Err("`version` is missing".to_owned()),
    }
    let keys = table.get("key").and_then(Value::as_array).ok_or("there is no [[key]]")?;
    let entries = keys.iter().enumerate().map(|(i, key)| parse_entry(i + 1, key)).collect::<Result<Vec<_>, _>>()?;

    if entries.iter().filter(|entry| entry.state == KeyState::Current).count() != 1 {
        return Err("exactly one key must be current".to_owned());
    }
    if entries.iter().filter(|entry| entry.state == KeyState::Former).count() > FORMER_KEYS_MAX {
        return Err(format!("more than {FORMER_KEYS_MAX} keys are former"));
    }
    for (i, entry) in entries.iter().enumerate() {
        if entries.iter().take(i).any(|earlier| earlier.id == entry.id) {
            return Err(format!("key {} stands there twice", entry.id));
        }
    }
    Ok(entries)
}

fn parse_entry(number: usize, key: &Value) -> Result<KeyEntry, String> {
    let place = format!("[[key]] number {number}");
    let table = key.as_table().ok_or_else(|| format!("{place} is not a table"))?;
    only_known(table, &["id", "state", "created_at", "secret", "fingerprint"], &place)?;
    let text =
        |name: &str| table.get(name).and_then(Value::as_str).ok_or_else(|| format!("{place}: `{name}` is missing"));

    let id = table
        .get("id")
        .and_then(Value::as_integer)
        .and_then(|id| u16::try_from(id).ok())
        .filter(|id| *id > 0)
        .ok_or_else(|| format!("{place}: `id` must be a number from 1 to 65535"))?;
    let state = KeyState::from_code(text("state")?)
        .ok_or_else(|| format!("{place}: `state` must be current, former or retired"))?;
    let created_at = text("created_at")?
        .parse()
        .map_err(|_| format!("{place}: `created_at` must be a time such as 2026-01-31T09:00:00Z"))?;
    if state == KeyState::Retired {
        if table.contains_key("secret") {
            return Err(format!("{place}: a retired key has no secret"));
        }
        let fingerprint = text("fingerprint")?.to_owned();
        return Ok(KeyEntry { id: KeyId(id), state, created_at, fingerprint, secret: None });
    }
    let secret =
        parse_secret(text("secret")?).ok_or_else(|| format!("{place}: `secret` must be 32 bytes in base64"))?;
    let fingerprint = Root::of(&secret).fingerprint();
    let written = table.get("fingerprint").and_then(Value::as_str);
    if written.is_some_and(|written| written != fingerprint) {
        return Err(format!("{place}: `secret` does not fit `fingerprint`; it was damaged or edited"));
    }
    Ok(KeyEntry { id: KeyId(id), state, created_at, fingerprint, secret: Some(secret) })
}

fn parse_secret(text: &str) -> Option<Secret> {
    let bytes = Zeroizing::new(BASE64.decode(text).ok()?);
    bytes.as_slice().try_into().ok().map(Zeroizing::new)
}

fn only_known(table: &Table, known: &[&str], place: &str) -> Result<(), String> {
    if table.keys().all(|name| known.contains(&name.as_str())) {
        Ok(())
    } else {
        Err(format!("{place} has a name in it that is not known"))
    }
}

/// Reads, changes and replaces a key file under a lock, so that two commands cannot both add a key.
fn change(
    path: &Path,
    edit: impl FnOnce(&mut Vec<KeyEntry>) -> Result<(), KeyFileError>,
) -> Result<Vec<KeyStatus>, KeyFileError> {
    let file = open(path)?;
    file.try_lock().map_err(|_| KeyFileError::BeingChanged { path: path.to_owned() })?;
    let mut entries = read_open(&file, path)?;
    // Another command may have replaced the file between our opening and locking it.
    let locked = file.metadata().map_err(storage("look at", path))?;
    let at_path = std::fs::metadata(path).map_err(storage("look at", path))?;
    if (locked.dev(), locked.ino()) != (at_path.dev(), at_path.ino()) {
        return Err(KeyFileError::BeingChanged { path: path.to_owned() });
    }
    edit(&mut entries)?;
    write(path, &entries, Replace::Whole)?;
    Ok(entries.iter().map(KeyEntry::status).collect())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Replace {
    Never,
    Whole,
}

fn write(path: &Path, entries: &[KeyEntry], replace: Replace) -> Result<(), KeyFileError> {
    let mut text = Zeroizing::new(format!("{PREAMBLE}version = {VERSION}\n"));
    for entry in entries {
        text.push_str(&format!(
            "\n[[key]]\nid = {}\nstate = \"{}\"\ncreated_at = \"{}\"\nfingerprint = \"{}\"\n",
            entry.id, entry.state, entry.created_at, entry.fingerprint
        ));
        if let Some(secret) = &entry.secret {
            let encoded = Zeroizing::new(BASE64.encode(secret.as_ref()));
            text.push_str("secret = \"");
            text.push_str(&encoded);
            text.push_str("\"\n");
        }
    }
    match replace {
        Replace::Never => create_whole(path, text.as_bytes()),
        Replace::Whole => replace_whole(path, text.as_bytes()),
    }
}

/// Writes a file of mode 0600 that is there whole and durable, or not at all; fails if it exists.
fn create_whole(path: &Path, text: &[u8]) -> Result<(), KeyFileError> {
    let temporary = write_beside(path, text)?;
    // A link, unlike a rename, does not replace what is there.
    let linked = std::fs::hard_link(&temporary, path).map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => KeyFileError::Exists { path: path.to_owned() },
        _ => storage("create", path)(source),
    });
    std::fs::remove_file(&temporary).map_err(storage("remove", &temporary))?;
    linked?;
    sync_folder(path)
}

/// Replaces a file by one of mode 0600: the old or the new one is there whole, whatever happens.
pub(super) fn replace_whole(path: &Path, text: &[u8]) -> Result<(), KeyFileError> {
    let temporary = write_beside(path, text)?;
    std::fs::rename(&temporary, path).map_err(storage("replace", path))?;
    sync_folder(path)
}

fn write_beside(path: &Path, text: &[u8]) -> Result<PathBuf, KeyFileError> {
    let mut tag = [0; 8];
    rand::fill(&mut tag).expect("aws-lc stops the process rather than give weak randomness");
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{:016x}.new", u64::from_ne_bytes(tag)));
    let temporary = path.with_file_name(name);
    let write = || -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
        file.write_all(text)?;
        file.sync_all()
    };
    write().map_err(|source| {
        // Best effort: what could not be written must not lie about.
        let _ = std::fs::remove_file(&temporary);
        storage("write", &temporary)(source)
    })?;
    Ok(temporary)
}

fn sync_folder(path: &Path) -> Result<(), KeyFileError> {
    let folder = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(storage("sync folder of", path))
}

pub(super) fn storage(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> KeyFileError {
    move |source| KeyFileError::Storage { doing, path: path.to_owned(), source }
}
