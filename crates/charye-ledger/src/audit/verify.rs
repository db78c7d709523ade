//! Room: ledger/audit. Reads a whole journal and compares everything with it: `charye audit verify`. Called by the
//! command and by the kill test. Must never stop at the first finding, except where the journal itself breaks off.

use std::collections::BTreeMap;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use charye_domain::book::{Book, ImageError, Room};
use charye_domain::ids::BlockId;
use charye_domain::law::{Checker, Law};
use charye_domain::time::UnixMillis;
use charye_engine::ports::{JournalReader as _, ReadFailure, RecordedBatch, RowHash};

use crate::audit::checkpoint::{Checkpoint, Hex};
use crate::audit::{Findings, History};
use crate::data_folder::DataFolder;
use crate::journal::{CampaignReader, SqliteJournalReader};
use crate::snapshot::{SnapshotDamage, SnapshotFiles, image_hash};

/// What to compare the journal with, besides itself and its snapshots.
pub struct AuditOptions {
    pub campaigns: CampaignReader,
    /// What an outsider kept.
    pub checkpoint: Option<Checkpoint>,
    /// What clients heard.
    pub history: Option<History>,
    /// What the projections say of themselves.
    pub projection: Option<Projected>,
}

/// How far the projections are, and the fingerprint of their slots there (law I14).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Projected {
    pub applied_seq: u64,
    pub fingerprint: u64,
}

/// What was read, and what is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditReport {
    pub rows: u64,
    /// Sequence number of the last entry that was read.
    pub last_seq: u64,
    pub last_hash: RowHash,
    pub last_at: Option<UnixMillis>,
    /// The book's fingerprint after it; `None` if the journal breaks a law, for then it is no book's.
    pub fingerprint: Option<u64>,
    /// Last sequence numbers of the snapshots that equal the replay.
    pub snapshots_equal: Vec<u64>,
    /// Those of snapshots that another version of this program wrote: no start takes them, so they are compared with nothing.
    pub snapshots_of_another_version: Vec<u64>,
    /// Whether the checkpoint, if there was one, was reached and holds.
    pub checkpoint_holds: Option<bool>,
    /// Whether the projections, if asked for, were reached and are equal.
    pub projection_equal: Option<bool>,
    pub history_lines: u64,
    pub findings: Findings,
}

impl AuditReport {
    /// Nothing was found.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    /// What an outsider should keep; `None` of an empty journal, or one that breaks a law.
    pub fn checkpoint(&self) -> Option<Checkpoint> {
        let (at, fingerprint) = self.last_at.zip(self.fingerprint)?;
        Some(Checkpoint { seq: self.last_seq, hash: self.last_hash, at, fingerprint })
    }
}

/// Why an audit could not be done. Damage is a finding, not a failure.
#[derive(Debug, thiserror::Error)]
pub enum AuditFailure {
    #[error("could not read the journal")]
    Journal(#[source] ReadFailure),
    #[error("could not list snapshots")]
    Snapshots(#[source] io::Error),
}

/// Reads the folder's journal from its first row and compares. May run beside the process that writes it: then it ends
/// where the journal ended when it got there.
///
/// # Errors
/// Only if the journal or the folder of snapshots cannot be read at all.
pub fn verify(folder: &DataFolder, options: AuditOptions) -> Result<AuditReport, AuditFailure> {
    let snapshots = SnapshotFiles::new(folder, Arc::clone(&options.campaigns));
    let mut audit = Audit::new(&snapshots, &options)?;
    let mut history = options.history;
    let mut reader = SqliteJournalReader::new(folder.journal(), options.campaigns);
    let read = reader.read(1, &mut |row| {
        audit.take(&row, history.as_mut());
        ControlFlow::Continue(())
    });
    match read {
        Ok(()) => {}
        Err(ReadFailure::Corrupt { first_seq, reason }) => {
            let text = format!("row {first_seq}: {reason}; nothing from there on was audited");
            audit.report.findings.add("I13", Some(first_seq), text);
        }
        Err(failure) => return Err(AuditFailure::Journal(failure)),
    }
    Ok(audit.finish(history.as_ref()))
}

struct Audit {
    /// The replay. Given up at the first entry that breaks a law: a book applies what was decided, and that was not.
    book: Option<Book>,
    laws: Checker,
    /// Snapshots still to be reached, by the last sequence number that their names say.
    snapshots: BTreeMap<u64, Vec<PathBuf>>,
    checkpoint: Option<Checkpoint>,
    projection: Option<Projected>,
    report: AuditReport,
}

impl Audit {
    fn new(snapshots: &SnapshotFiles, options: &AuditOptions) -> Result<Self, AuditFailure> {
        let mut findings = Findings::default();
        let mut by_seq: BTreeMap<u64, Vec<PathBuf>> = BTreeMap::new();
        for path in snapshots.newest_first().map_err(AuditFailure::Snapshots)? {
            match SnapshotFiles::head(&path) {
                Ok(head) => by_seq.entry(head.last_seq).or_default().push(path),
                Err(damage) => add_damage(&mut findings, &path, &damage),
            }
        }
        let report = AuditReport {
            rows: 0,
            last_seq: 0,
            last_hash: [0; 32],
            last_at: None,
            fingerprint: None,
            snapshots_equal: Vec::new(),
            snapshots_of_another_version: Vec::new(),
            checkpoint_holds: None,
            projection_equal: None,
            history_lines: options.history.as_ref().map_or(0, History::len),
            findings,
        };
        Ok(Self {
            book: Some(Book::with_room_for(Room::default())),
            laws: Checker::new(),
            snapshots: by_seq,
            checkpoint: options.checkpoint,
            projection: options.projection,
            report,
        })
    }

    fn take(&mut self, row: &RecordedBatch, mut history: Option<&mut History>) {
        for (seq, entry) in (row.first_seq..).zip(row.entries.iter()) {
            for violation in self.laws.check(seq, row.at, entry) {
                self.report.findings.add(name_of(violation.law), Some(violation.seq), violation.what);
                self.book = None;
            }
            if let Some(book) = &mut self.book {
                book.apply(entry, row.at);
            }
            if let Some(history) = history.as_deref_mut() {
                history.note(seq, entry);
            }
            self.compare_projection(seq);
        }
        self.report.rows += 1;
        self.report.last_seq = row.last_seq();
        self.report.last_hash = row.hash;
        self.report.last_at = Some(row.at);
        self.compare_checkpoint(row);
        for path in self.snapshots.remove(&row.last_seq()).unwrap_or_default() {
            self.compare_snapshot(&path, row);
        }
    }

    fn compare_projection(&mut self, seq: u64) {
        let Some(projected) = self.projection.take_if(|projected| projected.applied_seq == seq) else {
            return;
        };
        let Some(book) = &self.book else {
            return;
        };
        let equal = projected.fingerprint == book.fingerprint();
        self.report.projection_equal = Some(equal);
        if !equal {
            self.report.findings.add("I14", Some(seq), "projections differ from a replay of the journal".to_owned());
        }
    }

    fn compare_checkpoint(&mut self, row: &RecordedBatch) {
        let Some(kept) = self.checkpoint.take_if(|kept| kept.seq <= row.last_seq()) else {
            return;
        };
        let holds = kept.seq == row.last_seq() && kept.hash == row.hash;
        self.report.checkpoint_holds = Some(holds);
        if !holds {
            let text = format!(
                "journal differs from the checkpoint: {} was kept, {} is here",
                Hex(&kept.hash),
                Hex(&row.hash)
            );
            self.report.findings.add("I13", Some(kept.seq), text);
        } else if self.book.as_ref().is_some_and(|book| book.fingerprint() != kept.fingerprint) {
            let text = "the same rows give another book than when the checkpoint was taken".to_owned();
            self.report.findings.add("I14", Some(kept.seq), text);
        }
    }

    fn compare_snapshot(&mut self, path: &Path, row: &RecordedBatch) {
        let findings = &mut self.report.findings;
        let replayed = self.book.as_ref().map(image_hash);
        match SnapshotFiles::verified_image(path) {
            Ok((head, _)) if head.row_hash != row.hash => {
                findings.add("I14", Some(row.last_seq()), format!("snapshot {} is of another journal", path.display()));
            }
            Ok((_, image)) if replayed.is_some_and(|replayed| replayed != image) => {
                findings.add("I14", Some(row.last_seq()), format!("snapshot {} differs from a replay", path.display()));
            }
            Ok(_) if replayed.is_some() => self.report.snapshots_equal.push(row.last_seq()),
            Ok(_) => {}
            Err(SnapshotDamage::Image(ImageError::VersionUnknown(_))) => {
                self.report.snapshots_of_another_version.push(row.last_seq());
            }
            Err(damage) => add_damage(findings, path, &damage),
        }
    }

    fn finish(mut self, history: Option<&History>) -> AuditReport {
        let last_seq = self.report.last_seq;
        self.report.fingerprint = self.book.as_ref().map(Book::fingerprint);
        if let Some(book) = &self.book {
            compare_slots(book, &self.laws, last_seq, &mut self.report.findings);
        }
        for (seq, paths) in std::mem::take(&mut self.snapshots) {
            for path in paths {
                let text = format!("snapshot {} ends where no row of the journal ends", path.display());
                self.report.findings.add("I14", Some(seq), text);
            }
        }
        if let Some(kept) = self.checkpoint {
            self.report.checkpoint_holds = Some(false);
            let text = format!("journal ends at {last_seq}, before the checkpoint: rows were cut off");
            self.report.findings.add("I13", Some(kept.seq), text);
        }
        if let Some(projected) = self.projection.filter(|projected| projected.applied_seq > 0) {
            self.report.projection_equal = Some(false);
            let text = format!("journal ends at {last_seq}, but projections have applied more");
            self.report.findings.add("I14", Some(projected.applied_seq), text);
        }
        if let Some(history) = history {
            history.check(last_seq, &mut self.report.findings);
        }
        self.report
    }
}

/// Law I7: the book's account of every slot is the one that the laws' checker kept by hand.
fn compare_slots(book: &Book, laws: &Checker, last_seq: u64, findings: &mut Findings) {
    for (block, _) in (0_u32..).map(BlockId).zip(book.blocks()) {
        for (slot, _) in book.slots_of_block(block) {
            let violation = book.slot_counts(slot).and_then(|counts| laws.compare(last_seq, slot, counts));
            if let Some(violation) = violation {
                findings.add(name_of(violation.law), Some(violation.seq), violation.what);
            }
        }
    }
}

fn add_damage(findings: &mut Findings, path: &Path, damage: &SnapshotDamage) {
    findings.add("I14", None, format!("snapshot {}: {damage}", path.display()));
}

fn name_of(law: Law) -> &'static str {
    match law {
        Law::I1 => "I1",
        Law::I2 => "I2",
        Law::I4 => "I4",
        Law::I5 => "I5",
        Law::I7 => "I7",
        Law::I8 => "I8",
        Law::I9 => "I9",
        Law::I10 => "I10",
        Law::I12 => "I12",
        Law::I15 => "I15",
        Law::I17 => "I17",
        Law::I18 => "I18",
    }
}

#[cfg(test)]
mod tests;
