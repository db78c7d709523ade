//! Room: ledger/journal. What a row's hash covers, the same in every store. Called by the stores when they append and by
//! readers when they verify. Must never change for rows once written.

use charye_domain::time::UnixMillis;
use charye_engine::ports::RowHash;

/// The hash before the first row.
pub(crate) const NO_ROW: RowHash = [0; 32];

/// Says what the bytes are, so that a hash of something else can never pass for a row's.
const DOMAIN: &[u8; 16] = b"charye journal 1";

/// A row's columns, apart from its entries and its hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RowHeader {
    pub(crate) first_seq: u64,
    pub(crate) epoch: u64,
    pub(crate) at: UnixMillis,
    pub(crate) count: u64,
    pub(crate) previous_hash: RowHash,
}

impl RowHeader {
    /// BLAKE3 over domain, first sequence number, epoch, time, count (little endian, 8 bytes each), the hash of the row
    /// before, and the bytes of the entries.
    pub(crate) fn hash(&self, entries: &[u8]) -> RowHash {
        let mut front = [0_u8; 80];
        front[..16].copy_from_slice(DOMAIN);
        front[16..24].copy_from_slice(&self.first_seq.to_le_bytes());
        front[24..32].copy_from_slice(&self.epoch.to_le_bytes());
        front[32..40].copy_from_slice(&self.at.0.to_le_bytes());
        front[40..48].copy_from_slice(&self.count.to_le_bytes());
        front[48..].copy_from_slice(&self.previous_hash);
        let mut hasher = blake3::Hasher::new();
        hasher.update(&front);
        hasher.update(entries);
        *hasher.finalize().as_bytes()
    }
}

/// Follows a chain of rows and says, of the first one that does not fit, why.
#[derive(Debug)]
pub(crate) struct ChainCheck {
    /// `None` until the first row when reading begins in the middle: that row's past is taken on trust.
    before: Option<LastRow>,
}

#[derive(Clone, Copy, Debug)]
struct LastRow {
    next_seq: u64,
    epoch: u64,
    at: UnixMillis,
    hash: RowHash,
}

impl ChainCheck {
    /// From the very first row on: nothing is taken on trust.
    pub(crate) fn from_the_start() -> Self {
        Self { before: Some(LastRow { next_seq: 1, epoch: 0, at: UnixMillis(i64::MIN), hash: NO_ROW }) }
    }

    /// From some row in the middle.
    pub(crate) fn from_the_middle() -> Self {
        Self { before: None }
    }

    /// The sequence number the next row must begin with, once a row has been seen.
    pub(crate) fn next_seq(&self) -> Option<u64> {
        self.before.map(|before| before.next_seq)
    }

    /// Whether this row follows on and hashes to `hash`.
    ///
    /// # Errors
    /// One sentence for people.
    pub(crate) fn follow(&mut self, row: &RowHeader, entries: &[u8], hash: RowHash) -> Result<(), String> {
        if let Some(before) = self.before {
            if row.first_seq > before.next_seq {
                return Err(format!("gap: row {} is missing before it", before.next_seq));
            }
            if row.first_seq < before.next_seq {
                return Err(format!("overlap: the row before it ends at {}", before.next_seq - 1));
            }
            if row.previous_hash != before.hash {
                return Err("fork: it does not follow from the row before it, one of them was changed".to_owned());
            }
            if row.epoch < before.epoch {
                return Err(format!("epoch {} after epoch {}", row.epoch, before.epoch));
            }
            if row.at < before.at {
                return Err("its time lies before that of the row before it".to_owned());
            }
        }
        if row.count == 0 {
            return Err("it has no entries".to_owned());
        }
        if row.hash(entries) != hash {
            return Err("hash does not match: the row was changed".to_owned());
        }
        let Some(next_seq) = row.first_seq.checked_add(row.count) else {
            return Err("sequence numbers overflow".to_owned());
        };
        self.before = Some(LastRow { next_seq, epoch: row.epoch, at: row.at, hash });
        Ok(())
    }
}
