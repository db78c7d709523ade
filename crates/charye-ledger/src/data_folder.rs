//! Room: ledger. The data folder of one process: its lock, its paths, and syncing of folders after files come and go.
//! Called by the server when it starts and by the stores. Must never be open in two processes at once.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// The folder in which an embedded Charye keeps everything it must not lose. Locked while this value lives.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    /// Held for its lock; the operating system lets go of it when the process ends, however it ends.
    _lock: Option<File>,
}

/// Why a data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderFailure {
    #[error("data folder {path} is in use by another process ({holder}); one process per folder")]
    InUse { path: PathBuf, holder: String },
    #[error("data folder {path} can be entered by others (mode {mode:o}); run: chmod 700 {path}")]
    OpenToOthers { path: PathBuf, mode: u32 },
    #[error("there is no data folder at {path}")]
    Missing { path: PathBuf },
    #[error("could not {doing} {path}")]
    Io {
        doing: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

impl DataFolder {
    /// Opens the folder, creating it (mode 0700) if need be, and locks it.
    ///
    /// # Errors
    /// `InUse` if another process has it; `OpenToOthers` if its mode lets others in.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, FolderFailure> {
        let path = path.into();
        if !path.exists() {
            DirBuilder::new().recursive(true).mode(0o700).create(&path).map_err(io_at("create data folder", &path))?;
            if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
                sync_folder(parent).map_err(io_at("sync", parent))?;
            }
        }
        refuse_open_to_others(&path)?;
        let lock = lock(&path)?;
        let folder = Self { path, _lock: Some(lock) };
        let snapshots = folder.snapshots();
        if !snapshots.exists() {
            DirBuilder::new().mode(0o700).create(&snapshots).map_err(io_at("create", &snapshots))?;
        }
        sync_folder(&folder.path).map_err(io_at("sync", &folder.path))?;
        Ok(folder)
    }

    /// Looks into a folder that another process may be using: for audits and reports, never for writing.
    ///
    /// # Errors
    /// `Missing` if it is not there.
    pub fn for_reading(path: impl Into<PathBuf>) -> Result<Self, FolderFailure> {
        let path = path.into();
        if path.is_dir() { Ok(Self { path, _lock: None }) } else { Err(FolderFailure::Missing { path }) }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn journal(&self) -> PathBuf {
        self.path.join("journal.db")
    }

    pub fn projection(&self) -> PathBuf {
        self.path.join("projection.db")
    }

    pub fn people(&self) -> PathBuf {
        self.path.join("people.db")
    }

    /// Wrapped data keys, apart from what they open.
    pub fn people_keys(&self) -> PathBuf {
        self.path.join("people-keys.db")
    }

    pub fn snapshots(&self) -> PathBuf {
        self.path.join("snapshots")
    }

    pub fn keys(&self) -> PathBuf {
        self.path.join("keys.toml")
    }

    /// The storage reserve: see [`crate::storage_reserve`].
    pub fn ballast(&self) -> PathBuf {
        self.path.join("ballast")
    }
}

/// Makes the coming and going of files in a folder durable.
///
/// # Errors
/// What the operating system says.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Makes sure that a file exists, readable by its owner only, and that its existence is durable.
///
/// # Errors
/// What the operating system says.
pub fn create_private_file(path: &Path) -> io::Result<()> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)?;
    file.sync_all()?;
    path.parent().map_or(Ok(()), sync_folder)
}

fn lock(folder: &Path) -> Result<File, FolderFailure> {
    let path = folder.join("lock");
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .mode(0o600)
        .open(&path)
        .map_err(io_at("open", &path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let known = file.read_to_string(&mut holder).is_ok_and(|len| len > 0);
            let holder = if known { format!("process {}", holder.trim()) } else { "process unknown".to_owned() };
            return Err(FolderFailure::InUse { path: folder.to_owned(), holder });
        }
        Err(TryLockError::Error(source)) => return Err(FolderFailure::Io { doing: "lock", path, source }),
    }
    let write_pid =
        file.set_len(0).and_then(|()| file.rewind()).and_then(|()| writeln!(file, "{}", std::process::id()));
    write_pid.map_err(io_at("write", &path))?;
    Ok(file)
}

fn refuse_open_to_others(path: &Path) -> Result<(), FolderFailure> {
    let mode = path.metadata().map_err(io_at("look at data folder", path))?.permissions().mode() & 0o777;
    if mode & 0o027 == 0 { Ok(()) } else { Err(FolderFailure::OpenToOthers { path: path.to_owned(), mode }) }
}

fn io_at(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FolderFailure {
    let path = path.to_owned();
    move |source| FolderFailure::Io { doing, path, source }
}
