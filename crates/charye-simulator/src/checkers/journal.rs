//! Room: simulator/checkers. The laws that the journal alone can prove, by the domain's own checker, from the first entry to
//! the last; every answer told, against what is recorded; every slot of a replayed book, against the checker's own account
//! (laws I1, I2, I4, I5, I7, I8, I9, I10, I15).

use charye_domain::book::Book;
use charye_domain::ids::BlockId;
use charye_domain::law::Checker;
use charye_engine::ports::RecordedBatch;

use crate::surge::History;

pub(super) fn check(rows: &[RecordedBatch], book: &Book, history: &mut History) {
    let mut checker = Checker::new();
    for row in rows {
        for (seq, entry) in (row.first_seq..).zip(row.entries.iter()) {
            for violation in checker.check(seq, row.at, entry) {
                history.breach("journal", || format!("{}: entry {}: {}", violation.law, violation.seq, violation.what));
            }
        }
    }
    let last_seq = rows.last().map_or(0, RecordedBatch::last_seq);
    let answers = std::mem::take(&mut history.answers);
    for (operation, told) in &answers {
        if let Some(violation) = checker.compare_answer(last_seq, *operation, *told) {
            history.breach("answer", || format!("{}: {}", violation.law, violation.what));
        }
    }
    history.answers = answers;
    let blocks = u32::try_from(book.blocks().len()).unwrap_or(u32::MAX);
    for (slot, _) in (0..blocks).flat_map(|block| book.slots_of_block(BlockId(block))) {
        let Some(counts) = book.slot_counts(slot) else { continue };
        if let Some(violation) = checker.compare(last_seq, slot, counts) {
            history.breach("slots", || format!("{}: {}", violation.law, violation.what));
        }
    }
}
