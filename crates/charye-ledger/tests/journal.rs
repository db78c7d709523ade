//! The SQLite journal keeps every promise of the port.

use charye_engine::ports::Journal;
use charye_ledger::data_folder::DataFolder;
use charye_ledger::journal::SqliteJournal;
use charye_ledger::suite::{check_journal, toy_options};

#[test]
fn sqlite_keeps_the_promises_of_a_journal() {
    check_journal(|| {
        let temporary = tempfile::tempdir().expect("a temporary folder");
        let folder = DataFolder::open(temporary.path().join("data")).expect("a data folder");
        move || -> Box<dyn Journal> {
            let _kept_with_the_folder = &temporary;
            Box::new(SqliteJournal::open(&folder, toy_options()).expect("a journal"))
        }
    });
}
