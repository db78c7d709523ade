//! Room: engine/fakes. Snapshots in memory: the book's own image, under the row's hash.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use charye_domain::book::Book;
use charye_domain::campaign::Campaign;
use charye_domain::ids::{CampaignId, CampaignVersion};

use crate::fakes::locked;
use crate::ports::{RowHash, SnapshotFailure, Snapshots};

/// How the text of a published campaign is read back.
type ReadText = Arc<dyn Fn(&str, CampaignId, CampaignVersion) -> Option<Campaign> + Send + Sync>;

/// Kept snapshots. Clones are the same store.
#[derive(Clone)]
pub struct MemorySnapshots {
    kept: Arc<Mutex<Vec<Kept>>>,
    saved: Arc<Condvar>,
    read_text: ReadText,
}

struct Kept {
    last_seq: u64,
    hash: RowHash,
    image: Vec<u8>,
}

impl Default for MemorySnapshots {
    /// Keeps books whose campaigns cannot be read back: enough without campaigns.
    fn default() -> Self {
        Self::reading(|_, _, _| None)
    }
}

impl MemorySnapshots {
    /// An empty store that reads campaigns back like this.
    pub fn reading(
        read_text: impl Fn(&str, CampaignId, CampaignVersion) -> Option<Campaign> + Send + Sync + 'static,
    ) -> Self {
        Self { kept: Arc::default(), saved: Arc::default(), read_text: Arc::new(read_text) }
    }

    /// Sequence numbers of the snapshots kept, oldest first.
    pub fn kept(&self) -> Vec<u64> {
        locked(&self.kept).iter().map(|kept| kept.last_seq).collect()
    }

    /// Blocks until a snapshot as of this sequence number or later is kept, or says `false` after a minute.
    pub fn wait_for(&self, last_seq: u64) -> bool {
        let is_missing = |kept: &mut Vec<Kept>| kept.last().is_none_or(|newest| newest.last_seq < last_seq);
        let (mut kept, _) = self
            .saved
            .wait_timeout_while(locked(&self.kept), Duration::from_secs(60), is_missing)
            .unwrap_or_else(PoisonError::into_inner);
        !is_missing(&mut kept)
    }

    /// Flips a bit in the newest snapshot.
    pub fn damage_newest(&self) {
        if let Some(byte) = locked(&self.kept).last_mut().and_then(|kept| kept.image.last_mut()) {
            *byte ^= 1;
        }
    }
}

impl Snapshots for MemorySnapshots {
    fn load_newest(
        &mut self,
        hash_at: &mut dyn FnMut(u64) -> Option<RowHash>,
    ) -> Result<Option<(u64, Book)>, SnapshotFailure> {
        let kept = locked(&self.kept);
        let fitting = kept.iter().rev().filter(|kept| hash_at(kept.last_seq) == Some(kept.hash));
        Ok(fitting.filter_map(|kept| Some((kept.last_seq, self.read(&kept.image)?))).next())
    }

    fn save(
        &mut self,
        last_seq: u64,
        hash: RowHash,
        book: &Book,
        rest: &mut dyn FnMut(),
    ) -> Result<(), SnapshotFailure> {
        rest();
        let mut image = Vec::new();
        book.write_image(&mut |bytes| image.extend_from_slice(bytes));
        let mut kept = locked(&self.kept);
        kept.push(Kept { last_seq, hash, image });
        let too_many = kept.len().saturating_sub(2);
        kept.drain(..too_many);
        drop(kept);
        self.saved.notify_all();
        Ok(())
    }
}

impl MemorySnapshots {
    fn read(&self, image: &[u8]) -> Option<Book> {
        let mut left = image;
        let mut source = |buffer: &mut [u8]| match left.split_at_checked(buffer.len()) {
            Some((bytes, rest)) => {
                buffer.copy_from_slice(bytes);
                left = rest;
                true
            }
            None => false,
        };
        Book::read_image(&mut source, &*self.read_text).ok()
    }
}
