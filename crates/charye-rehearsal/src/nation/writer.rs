//! Room: rehearsal. Files of the demo nation: written aside, hashed on the way, moved into place when whole.
//!
//! Called by `generate`. A run that is cut off leaves `*.part` files and never half a table under its real name.
//! Nothing is synced: the nation can be made again from its plan.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{NationError, NationFile};

/// Bytes gathered before they are hashed and written.
const BUFFER_BYTES: usize = 256 * 1024;

/// One CSV table on its way to the disk.
pub(super) struct TableWriter {
    rows: csv::Writer<HashedFile>,
    name: &'static str,
    path: PathBuf,
    count: u64,
}

impl TableWriter {
    /// Begins the table `name` in `directory` with its header row.
    pub(super) fn begin(directory: &Path, name: &'static str, header: &[&str]) -> Result<Self, NationError> {
        let path = directory.join(name);
        let file = File::create(part(&path)).map_err(|source| write_failed(&path, source))?;
        let file = HashedFile { file, hasher: blake3::Hasher::new(), bytes: 0 };
        let mut rows = csv::WriterBuilder::new().buffer_capacity(BUFFER_BYTES).from_writer(file);
        rows.write_record(header).map_err(|error| write_failed(&path, error.into()))?;
        Ok(Self { rows, name, path, count: 0 })
    }

    /// Adds a row; `cells` are as many as the header has.
    pub(super) fn row(&mut self, cells: &[&str]) -> Result<(), NationError> {
        self.count += 1;
        self.rows.write_record(cells).map_err(|error| write_failed(&self.path, error.into()))
    }

    /// Puts the whole table in its place.
    pub(super) fn finish(mut self) -> Result<NationFile, NationError> {
        let placed = self.rows.flush().and_then(|()| fs::rename(part(&self.path), &self.path));
        placed.map_err(|source| write_failed(&self.path, source))?;
        let written = self.rows.get_ref();
        let blake3 = written.hasher.finalize().to_hex().to_string();
        Ok(NationFile { name: self.name, rows: self.count, bytes: written.bytes, blake3 })
    }
}

/// Writes a small text file whole.
pub(super) fn write_text(directory: &Path, name: &str, text: &str) -> Result<(), NationError> {
    let path = directory.join(name);
    let written = fs::write(part(&path), text).and_then(|()| fs::rename(part(&path), &path));
    written.map_err(|source| write_failed(&path, source))
}

/// Where a file waits until it is whole.
fn part(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    PathBuf::from(name)
}

fn write_failed(path: &Path, source: io::Error) -> NationError {
    NationError::Write { path: path.to_owned(), source }
}

/// A file that knows the hash and length of what it was given.
struct HashedFile {
    file: File,
    hasher: blake3::Hasher,
    bytes: u64,
}

impl Write for HashedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.hasher.update(&bytes[..count]);
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
