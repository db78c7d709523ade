//! What the commands say to somebody who mistyped something: one complaint that names it, the exit code of the page of
//! commands, and nothing made, changed or lost.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what tests share is not seen as a test by the lint")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use support::charye;

/// The page's own: a file, a folder or keys that do not fit.
const UNFIT: i32 = 65;
const FAULT: i32 = 70;

/// Asserts how a command ends, and that its complaint says `told`. `{}` in an argument stands for the folder.
fn check(folder: &Path, arguments: &str, code: i32, told: &str) {
    let folder = folder.to_str().unwrap();
    let arguments: Vec<String> = arguments.split(' ').map(|part| part.replace("{}", folder)).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (ended, said, complained) = charye(&arguments);
    assert_eq!(ended, code, "{arguments:?}: {said}{complained}");
    assert!(complained.contains(told), "{arguments:?} does not say {told:?}: {complained}");
    assert!(!complained.contains("panicked"), "{complained}");
}

#[test]
fn a_file_that_is_not_there_is_named_and_is_nobodys_fault() {
    let folder = tempfile::tempdir().unwrap();
    let there = folder.path();
    for arguments in [
        "campaign check {}/gone",
        "campaign show {}/gone --for 1990-01-01",
        "campaign diff one-clinic {}/gone",
        "campaign dry-run {}/gone",
        "campaign publish {}/gone",
        "nation generate {}/nation --campaign {}/gone",
        "draw verify {}/gone",
        "audit verify --data {} --history {}/gone",
        "audit verify --data {} --checkpoint {}/gone",
        "check-config {}/gone",
        "doctor --config {}/gone",
        "serve --config {}/gone",
        "rehearse --profile {}/gone",
        "provider status --address 127.0.0.1:1 --token-file {}/gone",
        "keys status --key-file {}/gone",
    ] {
        check(there, arguments, UNFIT, "gone");
    }
    // A folder where a file is wanted is the same mistake.
    for arguments in ["campaign check {}", "draw verify {}", "check-config {}", "keys status --key-file {}"] {
        check(there, arguments, UNFIT, there.to_str().unwrap());
    }
    assert_eq!(fs::read_dir(there).unwrap().count(), 0, "something was made");
}

#[test]
fn a_data_folder_that_is_mistyped_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("clinics.csv"), "").unwrap();
    for arguments in [
        "audit verify --data {}/gone",
        "audit checkpoint --data {}/gone",
        "audit bypass --data {}/gone",
        "audit orders --data {}/gone",
        "audit show 00000007914 --data {}/gone",
        "campaign dry-run one-clinic --data {}/gone",
        "campaign publish one-clinic --data {}/gone",
        "clock accept --data {}/gone",
        "import clinics {}/clinics.csv --data {}/gone",
        "import sessions {}/clinics.csv --campaign one-clinic --data {}/gone",
        "projection rebuild --data {}/gone",
    ] {
        check(folder.path(), arguments, UNFIT, "gone");
        assert!(!folder.path().join("gone").exists(), "{arguments}");
    }
}

#[test]
fn a_folder_without_a_journal_is_no_installation() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
    for arguments in ["audit verify --data {}", "clock accept --data {}", "projection rebuild --data {}"] {
        check(folder.path(), arguments, UNFIT, "there is no journal in");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn another_programs_database_is_said_to_be_no_journal() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let file = folder.path().join("journal.db");
    rusqlite::Connection::open(&file).unwrap().execute_batch("CREATE TABLE journal (first_seq)").unwrap();
    let before = fs::read(&file).unwrap();
    for arguments in ["audit verify --data {}", "audit bypass --data {}", "projection rebuild --data {}"] {
        check(folder.path(), arguments, FAULT, "is not a journal");
    }
    assert_eq!(fs::read(&file).unwrap(), before);
}

#[test]
fn keys_are_made_in_a_folder_of_their_own_and_others_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let data = data.to_str().unwrap();
    check(folder.path(), "keys init --key-file {}/data/keys.toml", 0, "");
    assert_eq!(fs::metadata(data).unwrap().permissions().mode() & 0o777, 0o700);
    check(folder.path(), "campaign publish one-clinic --data {}/data", 0, "");
    check(folder.path(), "keys init --key-file {}/data/keys.toml", UNFIT, "exists already");
    check(folder.path(), "keys init --key-file {}/a/b/keys.toml", UNFIT, "could not make");

    check(folder.path(), "keys init --key-file {}/other/keys.toml", 0, "");
    let ours = fs::read(folder.path().join("data/keys.toml")).unwrap();
    fs::copy(folder.path().join("other/keys.toml"), folder.path().join("data/keys.toml")).unwrap();
    for arguments in ["campaign publish one-clinic --data {}/data", "clock accept --data {}/data"] {
        check(folder.path(), arguments, UNFIT, "put the right key file back");
    }
    fs::write(folder.path().join("data/keys.toml"), ours).unwrap();
    check(folder.path(), "clock accept --data {}/data", 0, "");
    // Snapshots may be deleted at any time.
    fs::remove_dir_all(folder.path().join("data/snapshots")).unwrap();
    check(folder.path(), "audit verify --data {}/data", 0, "");
}

#[test]
fn tables_are_not_emptied_before_the_journal_has_been_read_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    check(folder.path(), "keys init --key-file {}/data/keys.toml", 0, "");
    check(folder.path(), "campaign publish one-clinic --data {}/data", 0, "");
    check(folder.path(), "clock accept --data {}/data", 0, "");
    let tables = || {
        let tables = rusqlite::Connection::open(folder.path().join("data/projection.db")).unwrap();
        tables.query_row("SELECT count(*) FROM campaigns", [], |row| row.get::<_, u32>(0)).unwrap()
    };
    assert_eq!(tables(), 1);
    let journal = rusqlite::Connection::open(folder.path().join("data/journal.db")).unwrap();
    let last = "(SELECT max(first_seq) FROM journal)";
    journal.execute_batch(&format!("UPDATE journal SET hash = zeroblob(32) WHERE first_seq = {last}")).unwrap();
    drop(journal);
    check(folder.path(), "projection rebuild --data {}/data", FAULT, "damaged");
    assert_eq!(tables(), 1, "the tables were emptied");
}

#[test]
fn an_argument_that_cannot_be_meant_is_refused_before_anything_happens() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, told) in [
        ("bogus", "unrecognized subcommand"),
        ("audit show", "<RESERVATION>"),
        ("keys retire x", "'x'"),
        ("nation generate {}/n --citizens 5", "100..=20000000"),
        ("nation generate {}/n --scale 0", "1..=1000"),
        ("demo --data {}/n --scale 5000", "1..=1000"),
        ("campaign show one-clinic --for 1990-13-01", "1990-13-01"),
        ("demo --listen nonsense", "nonsense"),
        ("steer pause X/../y 0 --reason z", "a campaign's code has the characters"),
        ("steer pause x 300 --reason z", "300"),
        ("steer message x 0 --reason z --ko a", "--en"),
        ("steer open-at x 0 --reason z --at yesterday", "yesterday"),
        ("steer status --lang fr", "fr"),
        ("provider cap naver --reason z --at-once-max 0", "1..=10000"),
    ] {
        check(folder.path(), arguments, 2, told);
    }
    check(folder.path(), "audit show 123", UNFIT, "eleven digits");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "something was made");
}
