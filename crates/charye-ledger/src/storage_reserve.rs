//! Room: ledger. The storage reserve: a ballast file that is given up when the disk fills, so that a full disk is never
//! found out by a failed append. Called by the journal, once a second. Must never be taken for free space by others: its
//! blocks are really allocated.

use std::cell::Cell;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{FallocateFlags, fallocate, statvfs};

/// Size of the ballast, and the mark below which it is given up. More than a second of writing at full speed
/// (0.9 million reservations of 55 bytes), because the check comes once a second.
pub const RESERVE_BYTES: u64 = 64 << 20;

/// The ballast on disk, or the memory that it was given up.
#[derive(Debug)]
pub struct StorageReserve {
    ballast: PathBuf,
    held: Cell<bool>,
}

impl StorageReserve {
    /// Lays the ballast down, if the disk has room for it and as much again; else starts without it, in reserve already.
    ///
    /// # Errors
    /// If the disk cannot be asked.
    pub fn open(ballast: PathBuf) -> io::Result<Self> {
        let free = free_bytes(&ballast)?;
        let already = ballast.metadata().is_ok_and(|found| found.len() == RESERVE_BYTES);
        let held = already || (free >= 2 * RESERVE_BYTES && lay_down(&ballast).is_ok());
        Ok(Self { ballast, held: Cell::new(held) })
    }

    /// Bytes free before the reserve is touched; below 0 it is being eaten. Gives the ballast up when fewer bytes than
    /// it holds are free beside it. If the disk cannot be asked, as bad as empty.
    pub fn headroom_bytes(&self) -> i64 {
        free_bytes(&self.ballast).map_or(i64::MIN, |free| self.headroom_with(free))
    }

    fn headroom_with(&self, free: u64) -> i64 {
        let mut free = free;
        if self.held.get() && free < RESERVE_BYTES && std::fs::remove_file(&self.ballast).is_ok() {
            self.held.set(false);
            free += RESERVE_BYTES;
            tracing::warn!(free, "disk is filling: the storage reserve was given up");
        }
        let reserved = if self.held.get() { 0 } else { RESERVE_BYTES };
        i64::try_from(free).unwrap_or(i64::MAX).saturating_sub_unsigned(reserved)
    }
}

/// Bytes that an unprivileged process may still write where `path` lies.
fn free_bytes(path: &Path) -> io::Result<u64> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let stat = statvfs(folder)?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

fn lay_down(ballast: &Path) -> io::Result<()> {
    let file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(ballast)?;
    let laid = fallocate(&file, FallocateFlags::empty(), 0, RESERVE_BYTES).or_else(|_| write_zeros(&file));
    if laid.is_err() {
        std::fs::remove_file(ballast)?;
    }
    laid
}

/// For file systems that cannot allocate without writing.
fn write_zeros(mut file: &File) -> io::Result<()> {
    let zeros = vec![0; 1 << 20];
    for _ in 0..RESERVE_BYTES >> 20 {
        io::Write::write_all(&mut file, &zeros)?;
    }
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ballast_is_given_up_before_the_disk_is_full_and_then_counts_as_reserve() {
        let folder = tempfile::tempdir().unwrap();
        let ballast = folder.path().join("ballast");
        let reserve = StorageReserve::open(ballast.clone()).unwrap();
        assert_eq!(ballast.metadata().unwrap().len(), RESERVE_BYTES);
        assert!(reserve.headroom_bytes() > 0);

        assert_eq!(reserve.headroom_with(RESERVE_BYTES), RESERVE_BYTES.cast_signed());
        assert!(ballast.exists());
        assert_eq!(reserve.headroom_with(RESERVE_BYTES - 1), RESERVE_BYTES.cast_signed() - 1);
        assert!(!ballast.exists());
        assert_eq!(reserve.headroom_with(RESERVE_BYTES - 1), -1);
        assert_eq!(reserve.headroom_with(0), -RESERVE_BYTES.cast_signed());
    }

    #[test]
    fn the_ballast_really_takes_its_blocks() {
        use std::os::unix::fs::MetadataExt as _;
        let folder = tempfile::tempdir().unwrap();
        let ballast = folder.path().join("ballast");
        let _reserve = StorageReserve::open(ballast.clone()).unwrap();
        assert!(ballast.metadata().unwrap().blocks() * 512 >= RESERVE_BYTES);
    }
}
