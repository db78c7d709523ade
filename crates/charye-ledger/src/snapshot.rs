//! Room: ledger/snapshot. Books as files, to restart from: one file each, hashed whole, written beside and renamed into
//! place. Called by the engine through its port, and by audits. Must never be believed before its hash and its place in
//! the journal were checked; the journal is the truth.
//!
//! The file: 16 bytes `charye snapshot\0`; version (u32), last sequence number (u64), both little endian; hash of the
//! journal's row that ends there (32 bytes); the book's image; BLAKE3 of everything before (32 bytes).

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use charye_domain::book::{Book, IMAGE_BEGINNING_BYTES, ImageError, check_beginning_of_image};
use charye_engine::ports::{RowHash, SnapshotFailure, Snapshots};

use crate::data_folder::{DataFolder, sync_folder};
use crate::journal::CampaignReader;

const MAGIC: &[u8; 16] = b"charye snapshot\0";
/// The version this program writes. Of another it takes no snapshot, and reads the journal instead.
const VERSION: u32 = 1;
const HEADER_BYTES: u64 = 16 + 4 + 8 + 32;
const HASH_BYTES: u64 = 32;
/// Snapshots that are kept: the newest, and one before it in case that one is damaged.
const KEPT: usize = 2;
/// What the next snapshot is written over, under a name that no snapshot has. A deleted file's blocks would be discarded
/// with the file system's next commit, behind which the journal's syncs wait, and new ones would have to be found.
const NEXT: &str = "being-written";
/// Bytes written between two syncs: few, so that the journal's own syncs never wait long behind ours.
const SYNC_BYTES: usize = 128 << 10;
/// Bytes read at a time, and how many such pieces are read and hashed before the book has taken them in.
const PIECE_BYTES: usize = 256 << 10;
const PIECES_AHEAD: usize = 16;

/// The snapshots of one data folder.
pub struct SnapshotFiles {
    folder: PathBuf,
    campaigns: CampaignReader,
}

/// What a snapshot says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotHead {
    /// The last sequence number that is in it.
    pub last_seq: u64,
    /// Hash of the journal's row that ends there.
    pub row_hash: RowHash,
}

/// Why a snapshot is not taken.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotDamage {
    #[error("could not read it")]
    Io(#[from] io::Error),
    #[error("it is not a snapshot of Charye")]
    NotASnapshot,
    #[error("it has version {0}, this program knows {VERSION}")]
    UnknownVersion(u32),
    #[error("its hash does not match: it was torn or changed")]
    HashDiffers,
    #[error("its image does not read: {0}")]
    Image(ImageError),
    #[error("{0} bytes are left over after its image")]
    LeftOver(u64),
}

impl SnapshotFiles {
    pub fn new(folder: &DataFolder, campaigns: CampaignReader) -> Self {
        Self { folder: folder.snapshots(), campaigns }
    }

    /// The files, newest first.
    ///
    /// # Errors
    /// The folder cannot be listed.
    pub fn newest_first(&self) -> io::Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        let entries = match std::fs::read_dir(&self.folder) {
            // They may be deleted at any time, their folder too.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        for entry in entries {
            let path = entry?.path();
            if let Some(seq) = seq_in_name(&path) {
                found.push((seq, path));
            }
        }
        found.sort_unstable_by(|left, right| right.cmp(left));
        Ok(found.into_iter().map(|(_, path)| path).collect())
    }

    /// What a file says of itself, nothing verified.
    ///
    /// # Errors
    /// It is no snapshot, or of an unknown version.
    pub fn head(path: &Path) -> Result<SnapshotHead, SnapshotDamage> {
        read_head(&mut File::open(path)?)
    }

    /// Verifies a file whole; gives its head and the hash of the image in it, to be compared with [`image_hash`].
    ///
    /// # Errors
    /// What is wrong with the file; that its image is of another version, too.
    pub fn verified_image(path: &Path) -> Result<(SnapshotHead, [u8; 32]), SnapshotDamage> {
        let mut file = File::open(path)?;
        let (head, image_bytes) = verify(&mut file)?;
        file.seek(SeekFrom::Start(HEADER_BYTES))?;
        let mut beginning = [0; IMAGE_BEGINNING_BYTES];
        file.read_exact(&mut beginning)?;
        check_beginning_of_image(&beginning).map_err(SnapshotDamage::Image)?;
        let mut hasher = blake3::Hasher::new();
        hasher.update(&beginning);
        hasher.update_reader(file.take(image_bytes.saturating_sub(IMAGE_BEGINNING_BYTES as u64)))?;
        Ok((head, *hasher.finalize().as_bytes()))
    }

    /// Reads a snapshot, once: one thread reads and hashes, this one takes the book from what was read. The book is given
    /// out only if the whole file hashes to what it says.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn read(&self, path: &Path) -> Result<(SnapshotHead, Book), SnapshotDamage> {
        let mut file = File::open(path)?;
        let head = read_head(&mut file)?;
        let image_bytes = image_bytes(&file)?;
        let (pieces, read_pieces) = sync_channel(PIECES_AHEAD);
        let campaigns = |text: &str, id, version| (self.campaigns)(text, id, version).ok();
        let (taken, left, is_sound) = std::thread::scope(|scope| {
            let reading = scope.spawn(move || hash_and_pass_on(&mut file, image_bytes, &pieces));
            let mut image = ImagePieces { pieces: read_pieces, piece: Vec::new(), taken: 0 };
            let taken = Book::read_image(&mut |buffer| image.fill(buffer), &campaigns);
            // Whatever the image was, the hash of everything decides what is said of it.
            let left = image.skip_rest();
            let is_sound = reading.join().unwrap_or_else(|_| Err(io::Error::other("the thread that reads panicked")));
            (taken, left, is_sound)
        });
        if !is_sound? {
            return Err(SnapshotDamage::HashDiffers);
        }
        let book = taken.map_err(SnapshotDamage::Image)?;
        if left > 0 { Err(SnapshotDamage::LeftOver(left)) } else { Ok((head, book)) }
    }

    fn write(&self, last_seq: u64, row_hash: RowHash, book: &Book, rest: &mut dyn FnMut()) -> io::Result<()> {
        let next = self.folder.join(NEXT);
        let mut sink = HashingSink::over(&next, rest)?;
        sink.write(MAGIC);
        sink.write(&VERSION.to_le_bytes());
        sink.write(&last_seq.to_le_bytes());
        sink.write(&row_hash);
        book.write_image(&mut |bytes| sink.write(bytes));
        sink.finish()?;
        std::fs::rename(&next, self.folder.join(name_of(last_seq)))?;
        sync_folder(&self.folder)?;
        // Each takes the place of the one before it: all go but the last, whose blocks are written over next time.
        for old in self.newest_first()?.into_iter().skip(KEPT) {
            std::fs::rename(old, &next)?;
        }
        sync_folder(&self.folder)
    }
}

impl Snapshots for SnapshotFiles {
    fn load_newest(
        &mut self,
        hash_at: &mut dyn FnMut(u64) -> Option<RowHash>,
    ) -> Result<Option<(u64, Book)>, SnapshotFailure> {
        let files = self.newest_first().map_err(failed("list"))?;
        for path in files {
            // Whether the journal knows it is asked first: that is quick, and reading a gigabyte is not.
            let known = Self::head(&path);
            let taken = match known {
                Ok(head) if hash_at(head.last_seq) != Some(head.row_hash) => {
                    tracing::warn!(?path, last_seq = head.last_seq, "snapshot is not of this journal: not taken");
                    continue;
                }
                Ok(_) => self.read(&path),
                Err(damage) => Err(damage),
            };
            match taken {
                Ok((head, book)) => return Ok(Some((head.last_seq, book))),
                Err(damage) => {
                    tracing::warn!(?path, damage = &damage as &dyn std::error::Error, "snapshot not taken");
                }
            }
        }
        Ok(None)
    }

    fn save(
        &mut self,
        last_seq: u64,
        hash: RowHash,
        book: &Book,
        rest: &mut dyn FnMut(),
    ) -> Result<(), SnapshotFailure> {
        self.write(last_seq, hash, book, rest).map_err(failed("write"))
    }
}

/// BLAKE3 of a book's image. Equal for equal books.
pub fn image_hash(book: &Book) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    book.write_image(&mut |bytes| {
        hasher.update(bytes);
    });
    *hasher.finalize().as_bytes()
}

fn name_of(last_seq: u64) -> String {
    format!("{last_seq:020}.snapshot")
}

fn seq_in_name(path: &Path) -> Option<u64> {
    path.file_name()?.to_str()?.strip_suffix(".snapshot")?.parse().ok()
}

fn read_head(file: &mut File) -> Result<SnapshotHead, SnapshotDamage> {
    let mut header = [0; HEADER_BYTES as usize];
    let read = file.read_exact(&mut header);
    if read.is_err() || &header[..16] != MAGIC {
        return Err(SnapshotDamage::NotASnapshot);
    }
    let mut fields = &header[16..];
    match u32::from_le_bytes(take(&mut fields)) {
        VERSION => {}
        unknown => return Err(SnapshotDamage::UnknownVersion(unknown)),
    }
    Ok(SnapshotHead { last_seq: u64::from_le_bytes(take(&mut fields)), row_hash: take(&mut fields) })
}

/// The next `N` bytes of a header that is known to hold them.
fn take<const N: usize>(fields: &mut &[u8]) -> [u8; N] {
    let (taken, rest) = fields.split_first_chunk().expect("a header has all its fields: its length is a constant");
    *fields = rest;
    *taken
}

/// Bytes of the image in a file of ours.
fn image_bytes(file: &File) -> Result<u64, SnapshotDamage> {
    file.metadata()?.len().checked_sub(HEADER_BYTES + HASH_BYTES).ok_or(SnapshotDamage::HashDiffers)
}

/// Reads a file from its beginning, passes its image on in pieces, and says whether everything hashes to what stands at its
/// end. Whoever takes the pieces takes all of them.
fn hash_and_pass_on(file: &mut File, image_bytes: u64, pieces: &SyncSender<Vec<u8>>) -> io::Result<bool> {
    let mut hasher = blake3::Hasher::new();
    let mut header = [0; HEADER_BYTES as usize];
    file.seek(SeekFrom::Start(0))?;
    file.read_exact(&mut header)?;
    hasher.update(&header);
    let mut left = image_bytes;
    while left > 0 {
        let mut piece = vec![0; usize::try_from(left).unwrap_or(usize::MAX).min(PIECE_BYTES)];
        file.read_exact(&mut piece)?;
        hasher.update(&piece);
        left -= piece.len() as u64;
        if pieces.send(piece).is_err() {
            return Ok(false);
        }
    }
    let mut expected = [0; HASH_BYTES as usize];
    file.read_exact(&mut expected)?;
    Ok(hasher.finalize() == expected)
}

/// The image as the book takes it, out of the pieces in which it was read.
struct ImagePieces {
    pieces: Receiver<Vec<u8>>,
    piece: Vec<u8>,
    taken: usize,
}

impl ImagePieces {
    /// Fills the buffer whole, or says `false`.
    fn fill(&mut self, mut buffer: &mut [u8]) -> bool {
        while !buffer.is_empty() {
            if self.taken == self.piece.len() {
                let Ok(piece) = self.pieces.recv() else { return false };
                (self.piece, self.taken) = (piece, 0);
            }
            let available = self.piece.get(self.taken..).unwrap_or_default();
            let count = available.len().min(buffer.len());
            let (now, later) = buffer.split_at_mut(count);
            now.copy_from_slice(&available[..count]);
            self.taken += count;
            buffer = later;
        }
        true
    }

    /// Lets the rest be read and hashed; gives how many bytes it had.
    fn skip_rest(self) -> u64 {
        let left = self.piece.len() - self.taken;
        self.pieces.iter().fold(left as u64, |left, piece| left + piece.len() as u64)
    }
}

/// Checks the hash over the whole file; gives its head and how many bytes its image has.
fn verify(file: &mut File) -> Result<(SnapshotHead, u64), SnapshotDamage> {
    let head = read_head(file)?;
    let image_bytes = image_bytes(file)?;
    file.seek(SeekFrom::Start(0))?;
    let mut hasher = blake3::Hasher::new();
    let mut left = HEADER_BYTES + image_bytes;
    let mut buffer = vec![0; 1 << 20];
    while left > 0 {
        let part = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        file.read_exact(&mut buffer[..part])?;
        hasher.update(&buffer[..part]);
        left -= part as u64;
    }
    let mut expected = [0; HASH_BYTES as usize];
    file.read_exact(&mut expected)?;
    if hasher.finalize() == expected { Ok((head, image_bytes)) } else { Err(SnapshotDamage::HashDiffers) }
}

/// Collects what is written, hashes it and syncs it piece by piece. Remembers the first error until the end, because the
/// book writes its image without asking how it goes.
struct HashingSink<'a> {
    file: File,
    /// Written and synced.
    bytes: u64,
    hasher: blake3::Hasher,
    buffer: Vec<u8>,
    rest: &'a mut dyn FnMut(),
    failure: Option<io::Error>,
}

impl<'a> HashingSink<'a> {
    /// Writes over what the file holds, if there is one.
    fn over(path: &Path, rest: &'a mut dyn FnMut()) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)?;
        let buffer = Vec::with_capacity(SYNC_BYTES);
        Ok(Self { file, bytes: 0, hasher: blake3::Hasher::new(), buffer, rest, failure: None })
    }

    fn write(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && self.failure.is_none() {
            let room = SYNC_BYTES - self.buffer.len();
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.buffer.extend_from_slice(now);
            bytes = later;
            if self.buffer.len() == SYNC_BYTES {
                self.failure = self.flush().err();
                (self.rest)();
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.hasher.update(&self.buffer);
        self.file.write_all(&self.buffer)?;
        self.bytes += self.buffer.len() as u64;
        self.buffer.clear();
        self.file.sync_data()
    }

    fn finish(mut self) -> io::Result<()> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        self.flush()?;
        self.file.write_all(self.hasher.finalize().as_bytes())?;
        // What it held before may have been longer.
        self.file.set_len(self.bytes + HASH_BYTES)?;
        self.file.sync_all()
    }
}

fn failed(doing: &'static str) -> impl FnOnce(io::Error) -> SnapshotFailure {
    move |source| SnapshotFailure::Storage { doing, source: Box::new(source) }
}

#[cfg(test)]
mod tests;
