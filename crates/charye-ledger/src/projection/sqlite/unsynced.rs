//! Room: ledger/projection. What is to become of the tables when power is lost: a note beside them says in which boot of the
//! machine they are being written. Called by `sqlite` as it opens and closes them for writing.
//!
//! Nothing of the tables is synced while they are written: their syncs took the disk from the journal's, and all they hold
//! is in the journal. Whatever ends the process, the operating system has every write, so the next one goes on where it
//! was; only a boot loses some. So tables that were last written in another boot, and not synced at an orderly end, are
//! removed before anybody reads them, and filled from the journal. Must never trust tables of another boot.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::data_folder::sync_folder;

/// Where Linux says which boot this is: another text after each start of the machine.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";
/// Noted where nobody says which boot it is: equal to no boot, so that tables not synced are always made anew.
const UNKNOWN: &str = "unknown";

/// The note, while the tables are being written.
#[derive(Debug)]
pub(super) struct Unsynced {
    tables: PathBuf,
    note: PathBuf,
    /// The note was there before: a process of this boot ended without a word.
    was_noted: bool,
}

/// Which boot of the machine this is; `None` where nobody says.
pub(super) fn this_boot() -> Option<String> {
    let id = std::fs::read_to_string(BOOT_ID).ok()?;
    Some(id.trim().to_owned()).filter(|id| !id.is_empty())
}

impl Unsynced {
    /// Removes the tables if nobody knows what of them reached the disk, and notes durably that from now on they are
    /// written without syncs. Called before they are opened.
    pub(super) fn begin(tables: &Path, boot: Option<&str>) -> io::Result<Self> {
        let mut unsynced = Self { tables: tables.to_owned(), note: with_ending(tables, "-boot"), was_noted: false };
        match std::fs::read_to_string(&unsynced.note) {
            Ok(noted) if boot == Some(noted.trim()) => {
                unsynced.was_noted = true;
                return Ok(unsynced);
            }
            Ok(_) => {
                tracing::warn!(
                    ?tables,
                    "the machine went down while these were written: they are filled from the journal"
                );
                for ending in ["", "-wal", "-shm"] {
                    remove(&with_ending(tables, ending))?;
                }
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let mut note = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&unsynced.note)?;
        writeln!(note, "{}", boot.unwrap_or(UNKNOWN))?;
        note.sync_all()?;
        unsynced.sync_folder()?;
        Ok(unsynced)
    }

    /// Syncs the tables and takes the note away. Nothing may be written to them any more.
    pub(super) fn end(&self) -> io::Result<()> {
        for ending in ["", "-wal"] {
            match File::open(with_ending(&self.tables, ending)) {
                Ok(file) => file.sync_all()?,
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        remove(&self.note)?;
        self.sync_folder()
    }

    /// The tables did not open, so nothing was written to them: what the note would have the next boot remove may be
    /// somebody else's file.
    pub(super) fn take_back(&self) {
        if !self.was_noted
            && let Err(error) = remove(&self.note)
        {
            tracing::warn!(%error, "a note beside the projections is left");
        }
    }

    fn sync_folder(&self) -> io::Result<()> {
        self.tables.parent().map_or(Ok(()), sync_folder)
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}
