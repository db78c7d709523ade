//! Snapshots that are torn, changed, foreign or of another time.

use charye_domain::book::samples::image_of;
use charye_engine::ports::Journal as _;

use super::*;
use crate::journal::{SqliteJournal, SqliteJournalReader};
use crate::suite::story::{append_story, story, story_campaign_reader, story_options};

struct Place {
    _temporary: tempfile::TempDir,
    folder: DataFolder,
    reader: SqliteJournalReader,
}

impl Place {
    /// A folder whose journal holds the story, and two snapshots: after half of it and at its end.
    fn with_two_snapshots() -> (Self, Book) {
        let temporary = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(temporary.path().join("data")).unwrap();
        let mut journal = SqliteJournal::open(&folder, story_options()).unwrap();
        let told = story().journal;
        let mut book = Book::default();
        for half in [&told[..told.len() / 2], &told[told.len() / 2..]] {
            append_story(&mut journal, half);
            for (at, entry) in half {
                book.apply(entry, *at);
            }
            let head = journal.head();
            snapshots(&folder).save(head.next_seq - 1, head.hash, &book, &mut || {}).unwrap();
        }
        let reader = journal.sqlite_reader();
        (Self { _temporary: temporary, folder, reader }, book)
    }

    fn load(&mut self) -> Option<(u64, Book)> {
        let reader = &mut self.reader;
        snapshots(&self.folder).load_newest(&mut |seq| reader.hash_at(seq).unwrap()).unwrap()
    }

    fn files(&self) -> Vec<PathBuf> {
        snapshots(&self.folder).newest_first().unwrap()
    }
}

fn snapshots(folder: &DataFolder) -> SnapshotFiles {
    SnapshotFiles::new(folder, story_campaign_reader())
}

#[test]
fn a_book_comes_back_as_it_was() {
    let (mut place, book) = Place::with_two_snapshots();
    let (last_seq, loaded) = place.load().unwrap();
    assert_eq!(last_seq, story().journal.len() as u64);
    assert_eq!(loaded.fingerprint(), book.fingerprint());
    assert_eq!(image_of(&loaded), image_of(&book));
}

#[test]
fn a_torn_or_flipped_snapshot_is_passed_over_for_the_one_before() {
    let (mut place, _) = Place::with_two_snapshots();
    let files = place.files();
    let whole = std::fs::read(&files[0]).unwrap();
    let older = seq_in_name(&files[1]).unwrap();
    for index in (0..whole.len()).step_by(whole.len() / 100) {
        let mut flipped = whole.clone();
        flipped[index] ^= 0x10;
        std::fs::write(&files[0], &flipped).unwrap();
        assert_eq!(place.load().unwrap().0, older, "byte {index} flipped");
        std::fs::write(&files[0], &whole[..index]).unwrap();
        assert_eq!(place.load().unwrap().0, older, "torn at {index}");
    }
    std::fs::write(&files[1], b"").unwrap();
    assert!(place.load().is_none());
}

#[test]
fn damage_is_named_exactly() {
    let (place, _) = Place::with_two_snapshots();
    let path = &place.files()[0];
    let whole = std::fs::read(path).unwrap();
    let say = |bytes: &[u8]| {
        std::fs::write(path, bytes).unwrap();
        snapshots(&place.folder).read(path).err().unwrap().to_string()
    };
    assert_eq!(say(&whole[..40]), "it is not a snapshot of Charye");
    assert_eq!(say(&[&b"x"[..], &whole[1..]].concat()), "it is not a snapshot of Charye");
    assert_eq!(say(&[&whole[..16], &[9, 0, 0, 0], &whole[20..]].concat()), "it has version 9, this program knows 1");
    assert_eq!(say(&whole[..whole.len() - 1]), "its hash does not match: it was torn or changed");
    let mut longer = whole[..whole.len() - 32].to_vec();
    longer.push(0);
    let hash = blake3::hash(&longer);
    longer.extend_from_slice(hash.as_bytes());
    assert_eq!(say(&longer), "1 bytes are left over after its image");
}

#[test]
fn a_snapshot_of_another_journal_is_not_taken() {
    let (place, _) = Place::with_two_snapshots();
    let mut files = snapshots(&place.folder);
    assert!(files.load_newest(&mut |_| Some([7; 32])).unwrap().is_none());
    assert!(files.load_newest(&mut |_| None).unwrap().is_none());
}

#[test]
fn the_newest_two_are_kept_and_the_one_before_them_is_written_over_next() {
    let (mut place, book) = Place::with_two_snapshots();
    for last_seq in [1_001, 1_002, 1_003] {
        snapshots(&place.folder).save(last_seq, [1; 32], &book, &mut || {}).unwrap();
    }
    let names: Vec<_> = place.files().iter().map(|path| seq_in_name(path).unwrap()).collect();
    assert_eq!(names, [1_003, 1_002]);
    assert_eq!(std::fs::read_dir(place.folder.snapshots()).unwrap().count(), 3);
    assert!(place.folder.snapshots().join(NEXT).exists());
    assert!(place.load().is_none());
}

#[test]
fn a_snapshot_written_over_a_longer_one_is_as_long_as_it_should_be() {
    let (place, book) = Place::with_two_snapshots();
    let whole = std::fs::read(&place.files()[0]).unwrap();
    let next = place.folder.snapshots().join(NEXT);
    std::fs::write(&next, [&whole[..], &whole[..]].concat()).unwrap();
    snapshots(&place.folder).save(1_001, [1; 32], &book, &mut || {}).unwrap();
    assert_eq!(std::fs::read(&place.files()[0]).unwrap().len(), whole.len());
    let (head, loaded) = snapshots(&place.folder).read(&place.files()[0]).unwrap();
    assert_eq!((head.last_seq, image_of(&loaded)), (1_001, image_of(&book)));
}

#[test]
fn a_snapshot_that_was_being_written_when_the_process_ended_is_not_seen() {
    let (mut place, _) = Place::with_two_snapshots();
    let newest = place.files()[0].clone();
    let half = std::fs::read(&newest).unwrap();
    std::fs::write(place.folder.snapshots().join(NEXT), &half[..half.len() / 2]).unwrap();
    assert_eq!(place.load().unwrap().0, seq_in_name(&newest).unwrap());
}
