//! Room: ledger/suite. What every journal must do, whatever it is made of: memory, SQLite, PostgreSQL. Called by tests
//! (feature `suite`). Must never know which store it is trying.

pub mod entries;
pub mod story;

use std::ops::ControlFlow;

use charye_domain::book::Entry;
use charye_domain::time::UnixMillis;
use charye_engine::ports::{AppendFailure, Batch, Head, Journal, JournalReader, RecordedBatch};

use entries::{AT, Entries, KINDS, toy_campaign_reader};

use crate::journal::codec;

/// Opens the journal under test again, as a new leader, over what was recorded before. The first call opens it empty.
pub type Open<'a> = &'a mut dyn FnMut() -> Box<dyn Journal>;

/// Tries a journal with everything the port promises. `new` makes an empty journal each time it is called and returns
/// what opens it.
///
/// # Panics
/// At the first promise that is not kept, with its name.
pub fn check_journal<F: FnMut() -> Box<dyn Journal>>(new: impl FnMut() -> F) {
    check(PROMISES, new);
}

/// Tries a journal that outlives its process with what such a one promises besides: the documented format.
///
/// # Panics
/// As [`check_journal`].
pub fn check_stored_journal<F: FnMut() -> Box<dyn Journal>>(new: impl FnMut() -> F) {
    check(PROMISES_OF_STORES, new);
}

fn check<F: FnMut() -> Box<dyn Journal>>(promises: &[Promise], mut new: impl FnMut() -> F) {
    for (promise, check) in promises {
        let mut open = new();
        name_promise(promise);
        check(&mut open);
    }
}

#[expect(clippy::print_stderr, reason = "a failing promise is found by its name in the test's output")]
fn name_promise(promise: &str) {
    eprintln!("journal suite: {promise}");
}

type Promise = (&'static str, fn(Open<'_>));

const PROMISES: &[Promise] = &[
    ("an empty journal begins at 1 after no hash", an_empty_journal_begins_at_one),
    ("what was appended is read back, every kind of event", what_was_appended_is_read_back),
    ("a reader begins at the row that holds a sequence number", a_reader_begins_at_the_row_that_holds_it),
    ("a reader stops when told", a_reader_stops_when_told),
    ("a reader made earlier sees rows appended later", a_reader_made_earlier_sees_later_rows),
    ("opened again, a journal ends where it ended and takes a new epoch", opened_again_it_goes_on),
    ("a deposed leader cannot write", a_deposed_leader_cannot_write),
    ("a batch that does not follow on is refused and nothing is written", a_batch_must_follow_on),
    ("a batch of several megabytes is one row", a_large_batch_is_one_row),
];

const PROMISES_OF_STORES: &[Promise] = &[("rows hash as the format says", rows_hash_as_the_format_says)];

fn an_empty_journal_begins_at_one(open: Open<'_>) {
    let journal = open();
    assert_eq!(journal.head(), Head { next_seq: 1, epoch: 0, at: None, hash: [0; 32] });
    assert!(journal.epoch() >= 1);
    assert_eq!(read_all(&mut *journal.reader(), 1).len(), 0);
    assert!(journal.storage_headroom_bytes() > 0);
}

fn what_was_appended_is_read_back(open: Open<'_>) {
    let mut journal = open();
    let mut drawn = Entries::from_seed(1, AT);
    let mut expected = Vec::new();
    for (round, until) in (0_i64..).zip(1..=KINDS.len()) {
        let entries: Vec<Entry> = (0..until).map(|kind| drawn.of_kind(kind)).collect();
        let at = AT.plus_millis(round);
        // Instants are told from the batch's time; entries drawn for another time must come back all the same.
        expected.push((append(&mut *journal, at, entries.clone()), at, entries));
        journal.after_answers();
    }
    let read = read_all(&mut *journal.reader(), 1);
    assert_eq!(read.len(), expected.len());
    let mut next_seq = 1;
    for (found, (hash, at, entries)) in read.iter().zip(&expected) {
        assert_eq!((found.first_seq, found.epoch, found.at, found.hash), (next_seq, journal.epoch(), *at, *hash));
        assert_eq!(*found.entries, **entries);
        next_seq = found.last_seq() + 1;
    }
    let last = expected.last().map(|(hash, at, _)| (*hash, *at));
    let head = journal.head();
    assert_eq!((head.next_seq, head.at.map(|at| (head.hash, at))), (next_seq, last));
}

fn a_reader_begins_at_the_row_that_holds_it(open: Open<'_>) {
    let mut journal = open();
    for round in 0..10 {
        append_reservations(&mut *journal, round, 10);
    }
    let mut reader = journal.reader();
    for (from, first) in [(0, 1), (1, 1), (10, 1), (11, 11), (55, 51), (100, 91)] {
        assert_eq!(read_all(&mut *reader, from).first().map(|row| row.first_seq), Some(first), "from {from}");
    }
    assert_eq!(read_all(&mut *reader, 101).len(), 0);
    assert_eq!(read_all(&mut *reader, u64::MAX).len(), 0);
}

fn a_reader_stops_when_told(open: Open<'_>) {
    let mut journal = open();
    for round in 0..5 {
        append_reservations(&mut *journal, round, 1);
    }
    let mut seen = 0;
    let read = journal.reader().read(1, &mut |_| {
        seen += 1;
        if seen == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert!(read.is_ok());
    assert_eq!(seen, 3);
}

fn a_reader_made_earlier_sees_later_rows(open: Open<'_>) {
    let mut journal = open();
    let mut reader = journal.reader();
    assert_eq!(read_all(&mut *reader, 1).len(), 0);
    append_reservations(&mut *journal, 0, 2);
    assert_eq!(read_all(&mut *reader, 1).len(), 1);
    append_reservations(&mut *journal, 1, 2);
    assert_eq!(read_all(&mut *reader, 3).len(), 1);
}

fn opened_again_it_goes_on(open: Open<'_>) {
    let mut journal = open();
    append_reservations(&mut *journal, 0, 7);
    let (head, epoch) = (journal.head(), journal.epoch());
    drop(journal);
    let mut journal = open();
    assert_eq!(journal.head(), head);
    assert!(journal.epoch() > epoch);
    append_reservations(&mut *journal, 1, 7);
    let rows = read_all(&mut *journal.reader(), 1);
    assert_eq!(
        rows.iter().map(|row| (row.first_seq, row.epoch)).collect::<Vec<_>>(),
        [(1, epoch), (8, journal.epoch())]
    );
}

fn a_deposed_leader_cannot_write(open: Open<'_>) {
    let mut old = open();
    append_reservations(&mut *old, 0, 1);
    let mut new = open();
    let refused = old.append(&reservations(&*old, 1, 1));
    assert!(matches!(refused, Err(AppendFailure::Deposed { epoch }) if epoch == new.epoch()), "{refused:?}");
    append_reservations(&mut *new, 1, 1);
    let rows = read_all(&mut *new.reader(), 1);
    assert_eq!(rows.iter().map(|row| row.epoch).collect::<Vec<_>>(), [old.epoch(), new.epoch()]);
}

fn a_batch_must_follow_on(open: Open<'_>) {
    for spoil in [
        (|batch: &mut Batch| batch.first_seq += 1) as fn(&mut Batch),
        |batch| batch.first_seq -= 1,
        |batch| batch.entries.clear(),
    ] {
        let mut journal = open();
        append_reservations(&mut *journal, 0, 1);
        let head = journal.head();
        let mut batch = reservations(&*journal, 1, 1);
        spoil(&mut batch);
        assert!(matches!(journal.append(&batch), Err(AppendFailure::Unknown { .. })));
        drop(journal);
        assert_eq!(open().head(), head);
    }
}

fn a_large_batch_is_one_row(open: Open<'_>) {
    let mut journal = open();
    append_reservations(&mut *journal, 0, 100_000);
    journal.after_answers();
    append_reservations(&mut *journal, 1, 1);
    let rows = read_all(&mut *journal.reader(), 1);
    assert_eq!(rows.iter().map(RecordedBatch::last_seq).collect::<Vec<_>>(), [100_000, 100_001]);
    assert_eq!(rows[0].entries[..], reservations_of(0, 100_000)[..]);
}

fn rows_hash_as_the_format_says(open: Open<'_>) {
    // What a row hashes to is part of the format: the same in every store, or a checkpoint taken from one would not
    // hold for another.
    let mut journal = open();
    let first = append_reservations(&mut *journal, 0, 3);
    let second = append_reservations(&mut *journal, 1, 2);
    let mut previous = [0; 32];
    for (first_seq, at, count, found) in [(1, AT, 3_u32, first), (4, AT.plus_millis(1), 2, second)] {
        let mut bytes = Vec::new();
        codec::encode(at, &reservations_of(first_seq as usize - 1, count), &mut bytes);
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"charye journal 1");
        for number in [first_seq, journal.epoch(), at.0.cast_unsigned(), u64::from(count)] {
            hasher.update(&number.to_le_bytes());
        }
        hasher.update(&previous).update(&bytes);
        previous = *hasher.finalize().as_bytes();
        assert_eq!(found, previous);
    }
}

/// The entries that [`append_reservations`] puts at the sequence numbers after `before`.
fn reservations_of(before: usize, count: u32) -> Vec<Entry> {
    let mut drawn = Entries::from_seed(before as u64, AT);
    (0..count).map(|number| drawn.reservation(before as u32 + number)).collect()
}

fn reservations(journal: &dyn Journal, round: i64, count: u32) -> Batch {
    let next_seq = journal.head().next_seq;
    Batch {
        first_seq: next_seq,
        epoch: journal.epoch(),
        at: AT.plus_millis(round),
        entries: reservations_of(next_seq as usize - 1, count),
    }
}

fn append_reservations(journal: &mut dyn Journal, round: i64, count: u32) -> [u8; 32] {
    let batch = reservations(journal, round, count);
    append(journal, batch.at, batch.entries)
}

fn append(journal: &mut dyn Journal, at: UnixMillis, entries: Vec<Entry>) -> [u8; 32] {
    let batch = Batch { first_seq: journal.head().next_seq, epoch: journal.epoch(), at, entries };
    match journal.append(&batch) {
        Ok(hash) => {
            assert_eq!(journal.head().hash, hash);
            hash
        }
        Err(failure) => unreachable_append(&failure),
    }
}

#[expect(clippy::panic, reason = "a suite's way to say that a promise was broken")]
fn unreachable_append(failure: &AppendFailure) -> ! {
    panic!("append failed: {failure:?}")
}

/// Every row from the one that holds `from` on.
///
/// # Panics
/// If the journal does not read.
pub fn read_all(reader: &mut dyn JournalReader, from: u64) -> Vec<RecordedBatch> {
    let mut rows = Vec::new();
    let read = reader.read(from, &mut |row| {
        rows.push(row);
        ControlFlow::Continue(())
    });
    assert!(read.is_ok(), "{read:?}");
    rows
}

/// The options that go with the entries of this suite.
pub fn toy_options() -> crate::journal::JournalOptions {
    crate::journal::JournalOptions { campaigns: toy_campaign_reader(), crash_hook: None }
}
