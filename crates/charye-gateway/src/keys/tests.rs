//! Room: gateway/keys. What the keys must do, seen from outside: files, rotation, sealing, known answers.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use charye_domain::ids::{CitizenKey, KeyId};
use charye_domain::time::UnixMillis;
use charye_engine::ports::{Keys, KeysFailure, LookupPurpose, SealPurpose};
use tempfile::TempDir;

use super::*;

const NOW: UnixMillis = UnixMillis(1_628_506_800_000);

/// A folder with room for a key file and a check file.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn with_keys() -> Self {
        let folder = Self::new();
        init(&folder.key_file(), NOW).unwrap();
        folder
    }

    fn with_text(text: &str) -> Self {
        let folder = Self::new();
        fs::write(folder.key_file(), text).unwrap();
        fs::set_permissions(folder.key_file(), Permissions::from_mode(0o600)).unwrap();
        folder
    }

    fn key_file(&self) -> PathBuf {
        self.0.path().join("keys.toml")
    }

    fn check_file(&self) -> PathBuf {
        self.0.path().join("keys.check")
    }

    fn open(&self) -> Result<LocalKeys, KeyFileError> {
        LocalKeys::open(&self.key_file(), &self.check_file(), DataFolder::New)
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(self.0.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

fn refusal(result: Result<LocalKeys, KeyFileError>) -> String {
    result.err().map(|error| error.to_string()).unwrap_or_default()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A key file whose one secret is the bytes 0 to 31.
const KNOWN: &str = "version = 1\n[[key]]\nid = 7\nstate = \"current\"\ncreated_at = \"2021-08-09T11:00:00Z\"\n\
                     secret = \"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\"\n";

/// Recompute with Python: `hmac(hkdf("citizen-key"), b"\0\0\0\x09rehearsal" + b"8502282961234")[:16]`; see `derivation`.
#[test]
fn citizen_keys_and_look_up_hashes_are_those_that_anyone_can_recompute() {
    let keys = Folder::with_text(KNOWN).open().unwrap();
    let (id, CitizenKey(key)) = keys.citizen_key("rehearsal", b"8502282961234");
    assert_eq!((id, hex(&key).as_str()), (KeyId(7), "110d7ca3728e627d244b09c02762bc78"));
    assert_eq!(
        hex(&keys.lookup_hash(LookupPurpose::Phone, "01000001234")),
        "c7fcef975294009e78836a40c9cb0017250a13121848d6aef26b46c15b1b638d"
    );
}

#[test]
fn a_new_key_file_is_0600_whole_and_the_only_file_left() {
    let folder = Folder::with_keys();
    assert_eq!(fs::metadata(folder.key_file()).unwrap().permissions().mode() & 0o7777, 0o600);
    assert_eq!(folder.names(), ["keys.toml"]);
    let status = status(&folder.key_file()).unwrap();
    assert_eq!((status.len(), status[0].id, status[0].state), (1, KeyId(1), KeyState::Current));
    assert_eq!(status[0].created_at.as_millisecond(), NOW.0);
}

#[test]
fn init_never_overwrites() {
    let folder = Folder::with_keys();
    let before = fs::read(folder.key_file()).unwrap();
    assert!(matches!(init(&folder.key_file(), NOW), Err(KeyFileError::Exists { .. })));
    assert_eq!(fs::read(folder.key_file()).unwrap(), before);
    assert_eq!(folder.names(), ["keys.toml"]);
}

#[test]
fn two_installations_have_different_keys() {
    let (one, two) = (Folder::with_keys().open().unwrap(), Folder::with_keys().open().unwrap());
    assert_ne!(one.citizen_key("ci", b"x"), two.citizen_key("ci", b"x"));
}

#[test]
fn a_missing_key_file_is_refused_with_what_to_do() {
    assert!(refusal(Folder::new().open()).contains("charye keys init"));
}

#[test]
fn a_key_file_that_others_may_read_is_refused() {
    for mode in [0o640, 0o604, 0o660, 0o601, 0o610, 0o644] {
        let folder = Folder::with_keys();
        fs::set_permissions(folder.key_file(), Permissions::from_mode(mode)).unwrap();
        assert!(refusal(folder.open()).contains("may be read by others"), "{mode:o}");
        assert!(rotate(&folder.key_file(), NOW).is_err(), "{mode:o}");
    }
}

#[test]
fn malformed_key_files_are_refused_and_never_quoted() {
    let secret = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let key = |rest: &str| format!("version = 1\n[[key]]\nid = 1\ncreated_at = \"2021-08-09T11:00:00Z\"\n{rest}\n");
    let good = format!("state = \"current\"\nsecret = \"{secret}\"");
    let rows = [
        (String::new(), "`version` is missing"),
        (format!("secret = {secret}"), "line 1 is not TOML"),
        (format!("version = 1\n[[key]]\nsecret = \"{secret}\nid = 1"), "line 3 is not TOML"),
        ("version = 2".to_owned(), "version 2 of the format"),
        ("version = 1".to_owned(), "there is no [[key]]"),
        ("version = 1\nkey = 3".to_owned(), "there is no [[key]]"),
        ("version = 1\nkey = [3]".to_owned(), "is not a table"),
        (format!("version = 1\n{secret} = 1"), "is not TOML"),
        ("version = 1\nspare = 1".to_owned(), "not known"),
        (key(&format!("{good}\nnote = \"x\"")), "not known"),
        (key("state = \"current\""), "`secret` is missing"),
        (key(&format!("secret = \"{secret}\"")), "`state` is missing"),
        (key(&format!("state = \"new\"\nsecret = \"{secret}\"")), "`state` must be"),
        (key("state = \"current\"\nsecret = \"AAEC\""), "32 bytes"),
        (key("state = \"current\"\nsecret = \"not base64, surely not\""), "32 bytes"),
        (key(&format!("state = \"former\"\nsecret = \"{secret}\"")), "exactly one key"),
        (key(&format!("state = \"retired\"\nfingerprint = \"x\"\nsecret = \"{secret}\"")), "has no secret"),
        (key(&format!("{good}\nfingerprint = \"0123456789abcdef\"")), "damaged or edited"),
        (format!("{}{}", key(&good), key(&good).replace("version = 1\n", "")), "exactly one key"),
        (format!("{}{}", key(&good), key(&good).replace("version = 1\n", "").replace("current", "former")), "twice"),
        (key(&good).replace("id = 1", "id = 0"), "`id` must be"),
        (key(&good).replace("id = 1", "id = 65536"), "`id` must be"),
        (key(&good).replace("2021-08-09T11", "yesterday"), "`created_at` must be"),
        ("x".repeat(70_000), "far too large"),
    ];
    for (text, expected) in rows {
        let said = refusal(Folder::with_text(&text).open());
        assert!(said.contains(expected), "{text:.60}: {said}");
        assert!(!said.contains(&secret[..12]), "{said}");
    }
}

#[test]
fn a_key_file_that_is_no_text_or_no_file_is_refused() {
    let folder = Folder::with_text("");
    fs::write(folder.key_file(), [0xff, 0xfe, 0x00]).unwrap();
    assert!(refusal(folder.open()).contains("not UTF-8"));
    let folder = Folder::new();
    fs::create_dir(folder.key_file()).unwrap();
    assert!(refusal(folder.open()).contains("not a file"));
}

#[test]
fn a_swapped_key_file_is_noticed() {
    let folder = Folder::with_keys();
    folder.open().unwrap();
    fs::remove_file(folder.key_file()).unwrap();
    init(&folder.key_file(), NOW).unwrap();
    assert!(matches!(folder.open(), Err(KeyFileError::Wrong { id: KeyId(1), .. })));
}

#[test]
fn a_key_file_from_before_the_rotation_is_noticed() {
    let folder = Folder::with_keys();
    let old = fs::read(folder.key_file()).unwrap();
    rotate(&folder.key_file(), NOW).unwrap();
    folder.open().unwrap();
    fs::write(folder.key_file(), old).unwrap();
    assert!(matches!(folder.open(), Err(KeyFileError::KeyGone { id: KeyId(2) })));
}

#[test]
fn a_folder_in_use_without_its_check_file_is_refused_and_a_damaged_check_file_too() {
    let folder = Folder::with_keys();
    let open = || LocalKeys::open(&folder.key_file(), &folder.check_file(), DataFolder::InUse);
    assert!(matches!(open(), Err(KeyFileError::CheckMissing { .. })));
    folder.open().unwrap();
    assert!(open().is_ok());
    for text in [
        "",
        "version = 9",
        "version = 1",
        "version = 1\n[fingerprints]\nx = \"y\"",
        "version = 1\n[fingerprints]\n1 = 2",
        "][",
    ] {
        fs::write(folder.check_file(), text).unwrap();
        assert!(matches!(open(), Err(KeyFileError::Malformed { .. })), "{text}");
    }
}

#[test]
fn neither_the_check_file_nor_the_status_tells_a_secret() {
    let folder = Folder::with_text(KNOWN);
    folder.open().unwrap();
    let check = fs::read_to_string(folder.check_file()).unwrap();
    let told = format!("{check}{:?}", status(&folder.key_file()).unwrap());
    assert!(!told.contains("AAECAwQF") && !told.contains("00010203"), "{told}");
}

#[test]
fn after_a_rotation_old_texts_open_and_citizens_are_found_as_former() {
    let folder = Folder::with_keys();
    let before = folder.open().unwrap();
    let sealed = before.seal(SealPurpose::LoginSession, b"c", b"login");
    let (data_key, wrapped) = before.new_data_key(b"person 1");
    let column = data_key.seal("people.name", "김하늘".as_bytes());
    let old_key = before.citizen_key("ci", b"value");
    let old_hash = before.lookup_hash(LookupPurpose::Phone, "01000000000");

    assert_eq!(rotate(&folder.key_file(), NOW).unwrap().len(), 2);
    let after = folder.open().unwrap();
    assert_eq!(after.current_key_id(), KeyId(2));
    assert_eq!(after.open(SealPurpose::LoginSession, b"c", &sealed).unwrap(), b"login");
    let reopened = after.open_data_key(b"person 1", &wrapped).unwrap();
    assert_eq!(reopened.open("people.name", &column).unwrap(), "김하늘".as_bytes());
    assert_eq!(after.former_citizen_keys("ci", b"value"), [old_key]);
    assert_ne!(after.citizen_key("ci", b"value"), old_key);
    assert_eq!(after.former_lookup_hashes(LookupPurpose::Phone, "01000000000"), [old_hash]);
    assert_eq!(after.mac_key("pass", KeyId(1)), before.mac_key("pass", KeyId(1)));
    assert_ne!(after.mac_key("pass", KeyId(2)), after.mac_key("pass", KeyId(1)));
}

#[test]
fn former_keys_come_newest_first_and_no_more_than_eight() {
    let folder = Folder::with_keys();
    let mut expected = Vec::new();
    for _ in 0..FORMER_KEYS_MAX {
        expected.insert(0, folder.open().unwrap().citizen_key("ci", b"value"));
        rotate(&folder.key_file(), NOW).unwrap();
    }
    assert_eq!(folder.open().unwrap().former_citizen_keys("ci", b"value"), expected);
    assert!(matches!(rotate(&folder.key_file(), NOW), Err(KeyFileError::TooManyFormer)));
    retire(&folder.key_file(), KeyId(1)).unwrap();
    rotate(&folder.key_file(), NOW).unwrap();
    assert_eq!(folder.names(), ["keys.check", "keys.toml"]);
}

#[test]
fn what_was_sealed_under_a_retired_key_says_so() {
    let folder = Folder::with_keys();
    let sealed = folder.open().unwrap().seal(SealPurpose::SignInState, b"", b"state");
    assert!(matches!(retire(&folder.key_file(), KeyId(1)), Err(KeyFileError::NotRetirable { .. })));
    rotate(&folder.key_file(), NOW).unwrap();
    retire(&folder.key_file(), KeyId(1)).unwrap();
    assert!(matches!(retire(&folder.key_file(), KeyId(1)), Err(KeyFileError::NotRetirable { .. })));
    assert!(matches!(retire(&folder.key_file(), KeyId(9)), Err(KeyFileError::NotRetirable { .. })));
    let keys = folder.open().unwrap();
    assert_eq!(keys.open(SealPurpose::SignInState, b"", &sealed), Err(KeysFailure::KeyRetired(KeyId(1))));
    assert_eq!(keys.mac_key("pass", KeyId(1)), None);
    assert!(keys.former_citizen_keys("ci", b"value").is_empty());
    rotate(&folder.key_file(), NOW).unwrap();
    assert_eq!(folder.open().unwrap().current_key_id(), KeyId(3), "ids are never given again");
}

#[test]
fn a_key_file_that_is_being_changed_is_left_alone() {
    let folder = Folder::with_keys();
    let file = fs::File::open(folder.key_file()).unwrap();
    file.lock().unwrap();
    assert!(matches!(rotate(&folder.key_file(), NOW), Err(KeyFileError::BeingChanged { .. })));
    drop(file);
    rotate(&folder.key_file(), NOW).unwrap();
}

#[test]
fn sealed_texts_open_only_for_their_purpose_and_context_and_differ_each_time() {
    let keys = Folder::with_keys().open().unwrap();
    for plain in [&b""[..], b"x", &[7; 10_000]] {
        let sealed = keys.seal(SealPurpose::LoginSession, b"device 1", plain);
        assert_eq!(keys.open(SealPurpose::LoginSession, b"device 1", &sealed).unwrap(), plain);
        assert_ne!(sealed, keys.seal(SealPurpose::LoginSession, b"device 1", plain));
        let wrong = Err(KeysFailure::DoesNotOpen);
        assert_eq!(keys.open(SealPurpose::LoginSession, b"device 2", &sealed), wrong);
        assert_eq!(keys.open(SealPurpose::LoginSession, b"", &sealed), wrong);
        assert_eq!(keys.open(SealPurpose::SignInState, b"device 1", &sealed), wrong);
        let mut relabelled = sealed.clone();
        relabelled[1] = 2;
        assert_eq!(keys.open(SealPurpose::SignInState, b"device 1", &relabelled), wrong);
        assert_eq!(Folder::with_keys().open().unwrap().open(SealPurpose::LoginSession, b"device 1", &sealed), wrong);
    }
}

#[test]
fn any_flipped_bit_or_missing_byte_keeps_a_text_shut() {
    let keys = Folder::with_keys().open().unwrap();
    let sealed = keys.seal(SealPurpose::LoginSession, b"c", b"a login session");
    let (data_key, wrapped) = keys.new_data_key(b"person 1");
    let column = data_key.seal("people.phone", b"01000001234");
    for (i, bit) in (0..sealed.len()).flat_map(|i| (0..8).map(move |bit| (i, bit))) {
        let mut changed = sealed.clone();
        changed[i] ^= 1 << bit;
        assert_eq!(
            keys.open(SealPurpose::LoginSession, b"c", &changed),
            Err(KeysFailure::DoesNotOpen),
            "byte {i} bit {bit}"
        );
    }
    for (i, bit) in (0..wrapped.len()).flat_map(|i| (0..8).map(move |bit| (i, bit))) {
        let mut changed = wrapped.clone();
        changed[i] ^= 1 << bit;
        assert!(keys.open_data_key(b"person 1", &changed).is_err(), "byte {i} bit {bit}");
    }
    for (i, bit) in (0..column.len()).flat_map(|i| (0..8).map(move |bit| (i, bit))) {
        let mut changed = column.clone();
        changed[i] ^= 1 << bit;
        assert!(data_key.open("people.phone", &changed).is_err(), "byte {i} bit {bit}");
    }
    for len in 0..sealed.len() {
        assert_eq!(
            keys.open(SealPurpose::LoginSession, b"c", &sealed[..len]),
            Err(KeysFailure::DoesNotOpen),
            "{len} bytes"
        );
    }
    for len in 0..column.len() {
        assert!(data_key.open("people.phone", &column[..len]).is_err(), "{len} bytes");
    }
}

#[test]
fn a_column_opens_only_as_itself_and_for_its_person() {
    let keys = Folder::with_keys().open().unwrap();
    let (one, wrapped_one) = keys.new_data_key(b"person 1");
    let (two, wrapped_two) = keys.new_data_key(b"person 2");
    let name = one.seal("people.name", b"name");
    assert_eq!(one.open("people.name", &name).unwrap(), b"name");
    assert_eq!(one.open("people.phone", &name), Err(KeysFailure::DoesNotOpen));
    assert_eq!(two.open("people.name", &name), Err(KeysFailure::DoesNotOpen));
    assert!(keys.open_data_key(b"person 2", &wrapped_one).is_err());
    assert!(keys.open_data_key(b"person 1", &wrapped_two).is_err());
    let text = keys.seal(SealPurpose::LoginSession, b"person 1", &[0; 32]);
    assert!(keys.open_data_key(b"person 1", &text).is_err(), "a login cookie is no data key");
}

#[test]
fn schemes_values_and_purposes_do_not_run_into_each_other() {
    let keys = Folder::with_keys().open().unwrap();
    let distinct = [("ci", "ab"), ("cia", "b"), ("c", "iab"), ("", "ciab"), ("ciab", "")];
    let found: std::collections::HashSet<_> =
        distinct.iter().map(|(s, v)| keys.citizen_key(s, v.as_bytes()).1).collect();
    assert_eq!(found.len(), distinct.len());
    let purposes =
        [LookupPurpose::Phone, LookupPurpose::NameAndBirthDate, LookupPurpose::Operation, LookupPurpose::HelpCode];
    let hashes: std::collections::HashSet<_> = purposes.iter().map(|p| keys.lookup_hash(*p, "same")).collect();
    assert_eq!(hashes.len(), purposes.len());
    assert_ne!(keys.mac_key("pass", KeyId(1)), keys.mac_key("ticket", KeyId(1)));
}
