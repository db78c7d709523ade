//! Room: ledger/people, tests. What only a store in files can show: sealing on disk, erasing for good, hands in the file.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::civil::date;
use tempfile::TempDir;

use super::super::suite::{details, people_suite};
use super::super::test_keys::TestKeys;
use super::*;

const DAY: Date = date(1985, 2, 28);

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn people(&self) -> PathBuf {
        self.0.path().join("people.db")
    }

    fn keys(&self) -> PathBuf {
        self.0.path().join("people-keys.db")
    }

    fn open(&self) -> SqlitePeople {
        self.open_with(TestKeys::new(1))
    }

    fn open_with(&self, keys: TestKeys) -> SqlitePeople {
        SqlitePeople::open(&self.people(), &self.keys(), Arc::new(keys)).unwrap()
    }

    /// Everything in every file of the folder.
    fn bytes(&self) -> Vec<u8> {
        let files = std::fs::read_dir(self.0.path()).unwrap();
        files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
    }

    fn by_hand(&self, file: PathBuf, sql: &str) -> usize {
        Connection::open(file).unwrap().execute(sql, []).unwrap()
    }
}

/// Finds any of many texts in one pass over a haystack: by their first four bytes, then whole.
struct Needles(std::collections::HashMap<[u8; 4], Vec<Vec<u8>>>);

impl Needles {
    fn new(texts: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let mut needles = std::collections::HashMap::<_, Vec<_>>::new();
        for text in texts.into_iter().filter(|text| text.len() >= 4) {
            needles.entry(*text.first_chunk().unwrap()).or_default().push(text);
        }
        Self(needles)
    }

    fn found_in(&self, haystack: &[u8]) -> usize {
        let starts = haystack.windows(4).enumerate();
        starts
            .filter_map(|(at, start)| Some((at, self.0.get(start)?)))
            .filter(|(at, needles)| needles.iter().any(|needle| haystack[*at..].starts_with(needle)))
            .count()
    }
}

fn hex(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect()
}

/// The three texts of which at least one stands in any base64 that contains `bytes`: one for each alignment.
fn base64_inside(bytes: &[u8]) -> Vec<Vec<u8>> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    (0..3)
        .map(|skip| {
            let whole = bytes[skip.min(bytes.len())..].chunks_exact(3);
            whole
                .flat_map(|three| {
                    let bits = u32::from(three[0]) << 16 | u32::from(three[1]) << 8 | u32::from(three[2]);
                    [18, 12, 6, 0].map(|shift| ALPHABET[(bits >> shift & 63) as usize])
                })
                .collect()
        })
        .collect()
}

/// A thousand people of whom nothing occurs by chance.
fn canaries() -> Vec<(Person, PersonalDetails)> {
    (0..1_000_u32)
        .map(|i| {
            // In no order, so that pages split in the middle.
            let person = Person(i * 7_919 % 1_000);
            let name = format!("카나리아{i:04}새");
            let birth_date = DAY.saturating_add(jiff::Span::new().days(i64::from(i) * 11));
            (person, details(&name, birth_date, &format!("0107{i:03}{:04}", i * 7 % 9_973)))
        })
        .collect()
}

fn plain_texts(people: &[(Person, PersonalDetails)]) -> Needles {
    let texts = people.iter().flat_map(|(_, canary)| {
        let day = canary.birth_date.to_string();
        [
            canary.name.clone().into_bytes(),
            canary.phone.clone().into_bytes(),
            day.replace('-', "").into_bytes(),
            day.into_bytes(),
        ]
    });
    Needles::new(texts.flat_map(|text| {
        let mut forms = vec![hex(&text)];
        forms.extend(base64_inside(&text).into_iter().filter(|inside| inside.len() >= 8));
        forms.push(text);
        forms
    }))
}

#[test]
fn sqlite_passes_the_suite() {
    let folders = std::cell::RefCell::new(Vec::new());
    people_suite(&|| {
        let folder = Folder::new();
        let store = folder.open();
        folders.borrow_mut().push(folder);
        Box::new(store)
    });
}

#[test]
fn the_fake_passes_the_suite() {
    people_suite(&|| Box::new(charye_engine::fakes::MemoryPeople::default()));
}

#[test]
fn the_search_for_plain_texts_finds_planted_ones() {
    let canaries = canaries();
    let needles = plain_texts(&canaries);
    let (_, canary) = &canaries[500];
    let name = canary.name.as_bytes();
    for planted in
        [name.to_vec(), hex(name), canary.phone.clone().into_bytes(), canary.birth_date.to_string().into_bytes()]
    {
        assert!(needles.found_in(&[b"....", &planted[..], b"...."].concat()) > 0);
    }
    for before in ["", "a", "ab"] {
        let text = [before.as_bytes(), name, b"zz"].concat();
        let encoded = base64_inside(&text).swap_remove(0);
        assert!(needles.found_in(&encoded) > 0, "{before:?}");
    }
}

#[test]
fn nothing_of_a_thousand_canaries_stands_in_any_file() {
    let folder = Folder::new();
    let (store, canaries) = (folder.open(), canaries());
    for some in canaries.chunks(64) {
        store.put_all(some).unwrap();
    }
    let needles = plain_texts(&canaries);
    assert_eq!(needles.found_in(&folder.bytes()), 0, "with logs");
    store.writer().empty_logs().unwrap();
    assert_eq!(needles.found_in(&folder.bytes()), 0, "without logs");
    drop(store);
    let store = folder.open();
    assert!(canaries.iter().all(|(person, canary)| store.get(*person).unwrap().as_ref() == Some(canary)));
}

#[test]
fn nothing_of_the_erased_is_recoverable() {
    let folder = Folder::new();
    let (store, canaries) = (folder.open(), canaries());
    for some in canaries.chunks(64) {
        store.put_all(some).unwrap();
    }
    // Some have moved since: what was replaced must go too.
    let moved: Vec<_> = canaries
        .iter()
        .take(200)
        .map(|(p, d)| (*p, PersonalDetails { phone: "01055550000".into(), ..d.clone() }))
        .collect();
    let mut texts = Vec::new();
    let mut collect = || {
        let files = store.reader();
        for (person, _) in &canaries {
            let (row, wrapped) = files.row_with_key(*person).unwrap().unwrap();
            texts.extend([
                wrapped,
                row.name,
                row.birth_date,
                row.phone,
                row.name_birth_hash.to_vec(),
                row.mac.to_vec(),
            ]);
            texts.extend(row.phone_hash.map(|hash| hash.to_vec()));
        }
    };
    collect();
    store.put_all(&moved).unwrap();
    collect();
    // The last bytes too: a page that lost the beginning of a text must not keep its end.
    let ends: Vec<_> = texts.iter().map(|text| text[text.len() - 12..].to_vec()).collect();
    let needles = Needles::new(texts.into_iter().chain(ends));
    assert!(needles.found_in(&folder.bytes()) >= 7_000, "the search finds what is there");

    let (stay, go): (Vec<_>, Vec<_>) = canaries.iter().partition(|(person, _)| person.0 >= 990);
    store.erase_again(&mut go.iter().map(|(person, _)| *person)).unwrap();
    let of_those_who_stay = {
        let files = store.reader();
        let rows: Vec<_> = stay.iter().map(|(person, _)| files.row_with_key(*person).unwrap().unwrap()).collect();
        Needles::new(rows.iter().flat_map(|(row, wrapped)| {
            let phone_hash = row.phone_hash.unwrap().to_vec();
            let all = [
                wrapped.clone(),
                row.name.clone(),
                row.birth_date.clone(),
                row.phone.clone(),
                row.name_birth_hash.to_vec(),
                row.mac.to_vec(),
                phone_hash,
            ];
            let ends = all.clone().map(|text| text[text.len() - 12..].to_vec());
            all.into_iter().chain(ends)
        }))
    };
    let bytes = folder.bytes();
    assert_eq!(needles.found_in(&bytes), of_those_who_stay.found_in(&bytes));
    assert_eq!(std::fs::metadata(folder.people().with_extension("db-wal")).unwrap().len(), 0);
    for (person, _) in &stay {
        assert!(store.get(*person).unwrap().is_some());
    }
    store.erase_again(&mut stay.iter().map(|(person, _)| *person)).unwrap();
    assert_eq!(needles.found_in(&folder.bytes()), 0);
}

#[test]
fn the_erased_are_erased_again_after_a_restore() {
    let folder = Folder::new();
    let store = folder.open();
    store.put_all(&canaries()[..10]).unwrap();
    store.writer().empty_logs().unwrap();
    let backup = (std::fs::read(folder.people()).unwrap(), std::fs::read(folder.keys()).unwrap());
    let erased = canaries()[3].0;
    store.erase(erased).unwrap();
    drop(store);
    std::fs::write(folder.people(), backup.0).unwrap();
    std::fs::write(folder.keys(), backup.1).unwrap();
    let store = folder.open();
    assert!(store.get(erased).unwrap().is_some(), "the backup is older than the erasure");
    assert_eq!(store.erase_again(&mut [erased, Person(5_000)].into_iter()).unwrap(), 1);
    assert!(store.get(erased).unwrap().is_none());
    assert_eq!(store.erase_again(&mut [erased].into_iter()).unwrap(), 0);
}

#[test]
fn a_row_changed_by_hand_is_refused_and_named() {
    for change in [
        "name = (SELECT name FROM people WHERE person = 2)",
        "phone = x'00'",
        "birth_date = zeroblob(39)",
        "phone_hash = (SELECT phone_hash FROM people WHERE person = 2)",
        "phone_hash = NULL",
        "name_birth_hash = zeroblob(16)",
        "name_birth_hash = zeroblob(5)",
        "key_mark = (SELECT key_mark FROM people WHERE person = 2)",
        "mac_key = 2",
        "mac_key = 70000",
        "mac = zeroblob(16)",
        "person = 9",
    ] {
        let folder = Folder::new();
        let store = folder.open();
        for person in 1..=3 {
            store.put(Person(person), &details(&format!("사람{person}"), DAY, &format!("0100000000{person}"))).unwrap();
        }
        let clean = store.sweep(None, 100).unwrap();
        assert_eq!((clean.rows_checked, clean.unfit, clean.next), (3, vec![], None));
        assert_eq!(folder.by_hand(folder.people(), &format!("UPDATE people SET {change} WHERE person = 1")), 1);
        let changed = Person(if change == "person = 9" { 9 } else { 1 });
        let refused = store.get(changed).unwrap_err();
        let named =
            matches!(refused, PeopleFailure::Tampered(person) | PeopleFailure::Sealed(person) if person == changed);
        assert!(named, "{change}: {refused}");
        assert!(store.get(Person(2)).unwrap().is_some());
        let swept: Vec<_> = store.sweep(None, 100).unwrap().unfit.iter().map(|(p, _)| *p).collect();
        assert!(swept.contains(&changed), "{change}: {swept:?}");
        assert!(store.look_again(changed).unwrap().is_some(), "{change}");
        assert_eq!(store.look_again(Person(2)).unwrap(), None, "{change}");
    }
}

#[test]
fn a_look_up_column_changed_by_hand_finds_nobody_else() {
    let folder = Folder::new();
    let store = folder.open();
    for person in 1..=2 {
        store.put(Person(person), &details(&format!("사람{person}"), DAY, &format!("0100000000{person}"))).unwrap();
    }
    folder.by_hand(folder.people(), "UPDATE people SET (phone_hash, name_birth_hash) = (SELECT phone_hash, name_birth_hash FROM people WHERE person = 2) WHERE person = 1");
    assert!(matches!(store.find("01000000002", "사람2", DAY), Err(PeopleFailure::Tampered(Person(1)))));
}

#[test]
fn a_sweep_notices_rows_and_keys_that_are_gone() {
    let folder = Folder::new();
    let store = folder.open();
    for person in 0..10 {
        store.put(Person(person), &details("이름", DAY, "01000000001")).unwrap();
    }
    folder.by_hand(folder.people(), "DELETE FROM people WHERE person IN (0, 9)");
    folder.by_hand(folder.keys(), "DELETE FROM data_keys WHERE person = 4");
    folder.by_hand(folder.keys(), "UPDATE data_keys SET wrapped = zeroblob(60) WHERE person = 5");
    let (mut after, mut unfit, mut rows) = (None, Vec::new(), 0);
    loop {
        let sweep = store.sweep(after, 3).unwrap();
        unfit.extend(sweep.unfit);
        rows += sweep.rows_checked;
        after = sweep.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(rows, 8);
    assert!(matches!(store.get(Person(4)), Err(PeopleFailure::Sealed(Person(4)))));
    assert!(matches!(store.get(Person(5)), Err(PeopleFailure::Sealed(Person(5)))));
    unfit.sort_by_key(|(person, _)| *person);
    assert_eq!(
        unfit,
        [
            (Person(0), Unfit::RowGone),
            (Person(4), Unfit::KeyGone),
            (Person(5), Unfit::KeyGone),
            (Person(9), Unfit::RowGone)
        ]
    );
}

#[test]
fn rows_of_numbers_that_nobody_has_are_counted_and_stop_no_sweep() {
    for sql in
        ["UPDATE people SET person = -5 WHERE person = 1", "UPDATE people SET person = 5000000000 WHERE person = 1"]
    {
        let folder = Folder::new();
        let store = folder.open();
        for person in 1..=3 {
            store.put(Person(person), &details("이름", DAY, "01000000001")).unwrap();
        }
        assert_eq!(store.sweep(None, 10).unwrap().strays, 0);
        folder.by_hand(folder.people(), sql);
        let sweep = store.sweep(None, 10).unwrap();
        assert_eq!((sweep.rows_checked, sweep.strays), (2, 1), "{sql}");
        assert_eq!(sweep.unfit, [(Person(1), Unfit::RowGone)], "{sql}");
        assert_eq!(store.look_again(Person(1)).unwrap(), Some(Unfit::RowGone), "{sql}");
    }
}

#[test]
fn a_wrong_key_opens_nobody() {
    let folder = Folder::new();
    folder.open().put(Person(1), &details("이름", DAY, "01000000001")).unwrap();
    let store = folder.open_with(TestKeys::new(2));
    assert!(store.get(Person(1)).is_err());
    assert_eq!(store.find("01000000001", "이름", DAY).unwrap(), []);
}

#[test]
fn after_a_rotation_people_are_read_found_and_taken_over_at_their_next_sign_in() {
    let folder = Folder::new();
    let kept = details("이름", DAY, "01000000001");
    folder.open().put(Person(1), &kept).unwrap();
    let store = folder.open_with(TestKeys::rotated(1));
    assert!(store.get(Person(1)).unwrap().as_ref() == Some(&kept));
    assert_eq!(store.find("01000000001", "이름", DAY).unwrap(), [Person(1)]);
    let sealed_with = |key| rows_sealed_with(&folder.people(), KeyId(key)).unwrap();
    assert_eq!((sealed_with(1), sealed_with(2)), (1, 0));
    store.put(Person(1), &kept).unwrap();
    assert_eq!(store.reader().row(Person(1)).unwrap().unwrap().mac_key, KeyId(2));
    assert_eq!((sealed_with(1), sealed_with(2)), (0, 1));
    assert!(store.get(Person(1)).unwrap() == Some(kept));
    assert_eq!(store.find("01000000001", "이름", DAY).unwrap(), [Person(1)]);
}

#[test]
fn signing_in_again_with_the_same_details_writes_nothing() {
    let folder = Folder::new();
    let store = folder.open();
    let kept = details("이름", DAY, "01000000001");
    store.put(Person(1), &kept).unwrap();
    let before = store.reader().row(Person(1)).unwrap();
    store.put(Person(1), &kept).unwrap();
    assert_eq!(store.reader().row(Person(1)).unwrap(), before);
}

#[test]
fn replacing_details_leaves_one_key() {
    let folder = Folder::new();
    let store = folder.open();
    for i in 0..5 {
        store.put(Person(1), &details("이름", DAY, &format!("0100000000{i}"))).unwrap();
    }
    assert_eq!(store.reader().marks_between(0, i64::MAX).unwrap().len(), 1);
}

#[test]
fn a_crash_between_key_and_row_leaves_the_old_row_readable() {
    let folder = Folder::new();
    let store = folder.open();
    let kept = details("이름", DAY, "01000000001");
    store.put(Person(1), &kept).unwrap();
    // What a crash after the first commit of a replacement leaves: a second key that no row names yet.
    let (row, wrapped) = store.sealer.seal(Person(1), &details("새이름", DAY, "01000000001"));
    let insert = "INSERT INTO data_keys (person, key_mark, wrapped) VALUES (?1, ?2, ?3)";
    store.writer().keys.execute(insert, params![row.person.0, row.key_mark, wrapped]).unwrap();
    drop(store);
    let store = folder.open();
    assert!(store.get(Person(1)).unwrap() == Some(kept));
    assert_eq!(store.sweep(None, 10).unwrap().unfit, []);
    store.put(Person(1), &details("또", DAY, "01000000001")).unwrap();
    assert_eq!(
        store.reader().marks_between(0, i64::MAX).unwrap().len(),
        1,
        "the leftover key went with the next write"
    );
}

#[test]
fn other_files_and_other_layouts_are_refused() {
    let folder = Folder::new();
    folder.open();
    let swapped = SqlitePeople::open(&folder.keys(), &folder.people(), Arc::new(TestKeys::new(1)));
    assert!(matches!(swapped, Err(PeopleFailure::Storage { .. })));
    folder.by_hand(folder.people(), "PRAGMA user_version = 9");
    assert!(matches!(
        SqlitePeople::open(&folder.people(), &folder.keys(), Arc::new(TestKeys::new(1))),
        Err(PeopleFailure::Storage { .. })
    ));
    std::fs::write(
        folder.people(),
        b"this is no database, whatever its name says, and long enough to be read as a header ".repeat(4),
    )
    .unwrap();
    assert!(SqlitePeople::open(&folder.people(), &folder.keys(), Arc::new(TestKeys::new(1))).is_err());
}

#[test]
fn files_are_readable_by_their_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new();
    let store = folder.open();
    store.put(Person(1), &details("이름", DAY, "01000000001")).unwrap();
    for file in std::fs::read_dir(folder.0.path()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.file_name());
    }
}

#[test]
fn readers_and_writers_at_once_see_whole_people() {
    let folder = Folder::new();
    let store = folder.open();
    let one = details("하나", DAY, "01000000001");
    let two = details("둘", DAY, "01000000002");
    store.put(Person(1), &one).unwrap();
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    for _ in 0..50 {
                        store.put(Person(1), &two).unwrap();
                        store.put(Person(1), &one).unwrap();
                    }
                })
            })
            .collect();
        while writers.iter().any(|writer| !writer.is_finished()) {
            let seen = store.get(Person(1)).unwrap();
            assert!(seen.as_ref() == Some(&one) || seen.as_ref() == Some(&two));
        }
    });
}
