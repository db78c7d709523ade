//! Every journal keeps every promise of the port: the one on disk, and the one in memory that the engine is tested with.

use charye_engine::fakes::MemoryJournal;
use charye_engine::ports::Journal;
use charye_ledger::data_folder::DataFolder;
use charye_ledger::journal::SqliteJournal;
use charye_ledger::suite::{check_journal, check_stored_journal, toy_options};

/// An empty SQLite journal in a folder of its own, and what opens it.
fn new_sqlite_journal() -> impl FnMut() -> Box<dyn Journal> {
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let folder = DataFolder::open(temporary.path().join("data")).expect("a data folder");
    move || {
        let _kept_with_the_folder = &temporary;
        Box::new(SqliteJournal::open(&folder, toy_options()).expect("a journal"))
    }
}

/// An empty journal in memory, and what opens it.
fn new_memory_journal() -> impl FnMut() -> Box<dyn Journal> {
    let journal = MemoryJournal::default();
    journal.set_headroom_bytes(1 << 30);
    move || Box::new(journal.clone().open())
}

#[test]
fn the_journal_on_disk_keeps_its_promises() {
    check_journal(new_sqlite_journal);
    check_stored_journal(new_sqlite_journal);
}

#[test]
fn the_journal_in_memory_keeps_its_promises() {
    check_journal(new_memory_journal);
}
