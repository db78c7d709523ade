//! Canary people: a thousand of them sign in and some reserve; then every file the program keeps is searched for what they
//! are called, when they were born, their telephone and their number: in plain, in hex and in base64.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what tests share is not seen as a test by the lint")]

mod support;

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use support::Server;

const PEOPLE: usize = 1_000;

/// What must be found nowhere, with a word for the message. Never printed when it is found.
struct Canary {
    about: &'static str,
    needles: Vec<Vec<u8>>,
}

#[test]
fn nothing_of_a_thousand_people_is_in_any_file_in_plain_hex_or_base64() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("demo");
    let mut server = Server::demo(&data);
    let people = fs::read_to_string(data.join("nation/citizens.csv")).unwrap();
    // Plain rows only: whoever needs quoting needs a parser, and a thousand are left.
    let people: Vec<Vec<&str>> = people
        .lines()
        .skip(1)
        .filter(|line| !line.contains('"'))
        .take(PEOPLE)
        .map(|line| line.split(',').collect())
        .collect();
    assert_eq!(people.len(), PEOPLE);
    let mut client = server.client();
    for person in &people {
        let body = json!({ "citizen": person[0] });
        client.post_json("/api/v1/sign-in", "canary-sign-in", &body).expect(200);
    }
    server.terminate();
    assert!(server.wait().success(), "it drains");

    // The people are there: sealed rows as many as signed in, or the search below would prove nothing.
    // What was written last may still stand in the log beside the table.
    let bytes_of = |file: &str| fs::metadata(data.join(file)).map_or(0, |file| file.len());
    let sealed = bytes_of("people.db") + bytes_of("people.db-wal");
    assert!(sealed > 100_000, "people.db has {sealed} bytes with its log");

    let files = kept_files(&data);
    assert!(files.iter().any(|path| path.ends_with("journal.db")) && files.len() > 5, "{files:?}");
    let mut canaries: Vec<Canary> = people.iter().flat_map(|person| canaries(person)).collect();
    // Clinics are public, and some are called like people; so are the birth dates at which a cohort begins and ends.
    let mut public = fs::read(data.join("nation/clinics.csv")).unwrap();
    public.extend(fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../../campaigns/kr-2021-18-49.toml")).unwrap());
    // So is a key's fingerprint, in 16 hex digits: one in half a million has eight in a row that are somebody's birth date.
    public.extend(fs::read(data.join("keys.check")).unwrap());
    let known = all_found(&canaries, &public);
    assert!(known.len() < canaries.len() / 10, "{} of {} canaries prove nothing", known.len(), canaries.len());
    for index in known.into_iter().rev() {
        canaries.remove(index);
    }
    for path in files {
        let bytes = fs::read(&path).unwrap();
        let found: Vec<_> = all_found(&canaries, &bytes).into_iter().map(|index| canaries[index].about).collect();
        assert!(found.is_empty(), "of canaries there are in {}: {found:?}", path.display());
    }
}

#[test]
fn the_search_finds_what_it_looks_for() {
    let person = ["8712312975417", "김차례", "Charye Kim", "1987-12-31", "010-0000-0000", "41590"];
    for planted in [
        "..김차례..".as_bytes().to_vec(),
        hex("김차례".as_bytes()).to_uppercase().into_bytes(),
        b"xx01000000000yy".to_vec(),
        b"born 1987-12-31".to_vec(),
        base64("Charye Kim".as_bytes(), 1).into_bytes(),
    ] {
        assert_eq!(all_found(&canaries(&person), &planted).len(), 1, "{planted:?}");
    }
    assert!(all_found(&canaries(&person), b"nothing of theirs").is_empty());
}

/// Everything kept, except the nation's own list of test people.
fn kept_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.file_name().unwrap().to_str().unwrap() {
            "nation" | "ballast" => {}
            _ if path.is_dir() => files.extend(kept_files(&path)),
            _ => files.push(path),
        }
    }
    files
}

fn canaries(person: &[&str]) -> Vec<Canary> {
    let digits = |text: &str| text.replace('-', "");
    [
        ("the national number", vec![person[0].to_owned()]),
        ("the Korean name", vec![person[1].to_owned()]),
        ("the English name", vec![person[2].to_owned()]),
        ("the birth date", vec![person[3].to_owned(), digits(person[3])]),
        ("the telephone", vec![person[4].to_owned(), digits(person[4])]),
    ]
    .into_iter()
    .map(|(about, spellings)| Canary { about, needles: spellings.iter().flat_map(|text| needles(text)).collect() })
    .collect()
}

/// A text in plain, in hex, and as it shows in the middle of base64 at each of the three alignments.
fn needles(text: &str) -> Vec<Vec<u8>> {
    let bytes = text.as_bytes();
    let mut needles = vec![bytes.to_vec(), hex(bytes).into_bytes(), hex(bytes).to_uppercase().into_bytes()];
    needles.extend((0..3).map(|shift| base64(bytes, shift).into_bytes()));
    // Fewer than eight characters of base64 would be found by chance.
    needles.retain(|needle| needle.len() >= 8);
    needles
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The characters of base64 that depend on these bytes alone when `shift` bytes stand before them.
fn base64(bytes: &[u8], shift: usize) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bit = |index: usize| bytes[index / 8] >> (7 - index % 8) & 1;
    // The first whole group of six bits after the foreign ones begins here.
    let skipped = (6 - shift * 8 % 6) % 6;
    let groups = (bytes.len() * 8 - skipped) / 6;
    let group = |group: usize| (0..6).fold(0_u8, |value, at| value << 1 | bit(skipped + group * 6 + at));
    (0..groups).map(|index| char::from(ALPHABET[usize::from(group(index))])).collect()
}

/// Which canaries are found, by looking only where a needle can begin: first four bytes in a table, then the whole.
fn all_found(canaries: &[Canary], bytes: &[u8]) -> BTreeSet<usize> {
    let mut by_start = HashMap::<[u8; 4], Vec<(&[u8], usize)>>::new();
    for (index, canary) in canaries.iter().enumerate() {
        for needle in &canary.needles {
            let start = [needle[0], needle[1], needle[2], needle[3]];
            by_start.entry(start).or_default().push((needle, index));
        }
    }
    let mut found = BTreeSet::new();
    for (at, start) in bytes.windows(4).enumerate() {
        let candidates = by_start.get(start).into_iter().flatten();
        found.extend(candidates.filter(|(needle, _)| bytes[at..].starts_with(needle)).map(|(_, index)| *index));
    }
    found
}
