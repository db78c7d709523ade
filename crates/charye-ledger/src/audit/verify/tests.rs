//! Each law is shown to bite: a true story passes, and the same story with one violation planted is named for it.

use charye_domain::book::{Entry, Event, Rejection};
use charye_domain::ids::{Person, ReservationNumber};
use charye_engine::ports::Snapshots as _;

use super::*;
use crate::journal::SqliteJournal;
use crate::suite::story::{append_story, first_number, story, story_campaign_reader, story_options};

type Told = Vec<(UnixMillis, Entry)>;

struct Place {
    _temporary: tempfile::TempDir,
    folder: DataFolder,
}

impl Place {
    /// A folder whose journal holds this story.
    fn telling(told: &Told) -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(temporary.path().join("data")).unwrap();
        append_story(&mut SqliteJournal::open(&folder, story_options()).unwrap(), told);
        Self { _temporary: temporary, folder }
    }

    fn audit(&self) -> AuditReport {
        self.audit_with(options())
    }

    fn audit_with(&self, options: AuditOptions) -> AuditReport {
        verify(&self.folder, options).unwrap()
    }

    fn audit_heard(&self, history: &str) -> Vec<String> {
        let history = Some(History::read(&mut history.as_bytes()).unwrap());
        let report = self.audit_with(AuditOptions { history, ..options() });
        report.findings.kept().iter().map(ToString::to_string).collect()
    }

    fn sql(&self, statement: &str) {
        rusqlite::Connection::open(self.folder.journal()).unwrap().execute_batch(statement).unwrap();
    }
}

fn options() -> AuditOptions {
    AuditOptions { campaigns: story_campaign_reader(), checkpoint: None, history: None, projection: None }
}

/// Tells the story with one change planted, and expects the law to be named.
#[track_caller]
fn expect_bite(law: Law, plant: impl FnOnce(&mut Told)) {
    let mut told = story().journal;
    plant(&mut told);
    let report = Place::telling(&told).audit();
    let named = report.findings.kept().iter().any(|finding| finding.law == name_of(law));
    assert!(named, "{law} does not bite: {:?}", report.findings);
}

fn place_of(told: &Told, wanted: impl Fn(&Event) -> bool) -> usize {
    told.iter().position(|(_, entry)| wanted(&entry.event)).expect("the story has such an event")
}

fn repeat_reservation(told: &mut Told, change: impl Fn(&mut Entry, u32)) {
    let at = place_of(told, |event| matches!(event, Event::Reserved { .. }));
    for copy in 0..20 {
        let (time, mut entry) = told[at].clone();
        entry.operation = None;
        change(&mut entry, copy);
        told.push((told.last().map_or(time, |last| last.0), entry));
    }
}

#[test]
fn a_true_story_passes() {
    let place = Place::telling(&story().journal);
    let report = place.audit();
    assert_eq!(report.findings, Findings::default());
    assert_eq!(report.last_seq, story().journal.len() as u64);
    assert_eq!(report.fingerprint, Some(story().book.fingerprint()));
}

#[test]
fn i1_bites_when_a_slot_is_sold_beyond_its_places() {
    expect_bite(Law::I1, |told| {
        repeat_reservation(told, |entry, copy| {
            if let Event::Reserved { person, reservation, .. } = &mut entry.event {
                (person.0, reservation.0) = (100 + copy, 100 + copy);
            }
        });
    });
}

#[test]
fn i2_bites_when_a_person_has_a_dose_twice() {
    expect_bite(Law::I2, |told| {
        repeat_reservation(told, |entry, copy| {
            if let Event::Reserved { reservation, .. } = &mut entry.event {
                reservation.0 = 100 + copy;
            }
        });
    });
}

#[test]
fn i4_bites_when_what_was_refused_is_done_after_all() {
    expect_bite(Law::I4, |told| {
        let refused = place_of(told, |event| matches!(event, Event::Refused { .. }));
        let done = place_of(told, |event| matches!(event, Event::Cancelled { .. }));
        let (time, mut entry) = told[done].clone();
        entry.operation = told[refused].1.operation;
        told.remove(done);
        told.push((told.last().map_or(time, |last| last.0), entry));
    });
}

#[test]
fn i8_bites_when_rules_are_applied_that_are_not_in_force() {
    expect_bite(Law::I8, |told| {
        let at = place_of(told, |event| matches!(event, Event::Held { .. }));
        let under = &mut told[at].1.under;
        *under = under.map(|(campaign, version)| (campaign, charye_domain::ids::CampaignVersion(version.0 + 1)));
    });
}

#[test]
fn i5_bites_when_a_key_is_recorded_twice() {
    expect_bite(Law::I5, |told| {
        let at = place_of(told, |event| matches!(event, Event::Held { .. }));
        let (time, mut entry) = told[at].clone();
        entry.event = Event::Refused { rejection: Rejection::SoldOut };
        told.insert(at + 1, (time, entry));
    });
}

#[test]
fn i7_bites_when_a_place_is_given_back_twice() {
    expect_bite(Law::I7, |told| {
        let at = place_of(told, |event| matches!(event, Event::Cancelled { .. }));
        told.push((told.last().unwrap().0, told[at].1.clone()));
    });
}

#[test]
fn i9_bites_when_somebody_reserves_who_was_never_let_in() {
    expect_bite(Law::I9, |told| {
        repeat_reservation(told, |entry, copy| {
            if let Event::Reserved { person, reservation, .. } = &mut entry.event {
                (*person, reservation.0) = (Person(500 + copy), 100 + copy);
            }
        });
    });
}

#[test]
fn i15_bites_when_a_hold_is_never_given_back() {
    expect_bite(Law::I15, |told| {
        let at = place_of(told, |event| matches!(event, Event::HoldEnded { .. }));
        told.remove(at);
    });
}

#[test]
fn i13_bites_on_every_edit_for_whoever_holds_a_checkpoint() {
    let place = Place::telling(&story().journal);
    let kept = place.audit().checkpoint().unwrap();
    let text = kept.to_string();
    let with_checkpoint = || AuditOptions { checkpoint: Some(text.parse().unwrap()), ..options() };
    assert_eq!(place.audit_with(with_checkpoint()).checkpoint_holds, Some(true));

    // An insider rewrites the story from its middle on, with a chain that holds together.
    let mut told = story().journal;
    told.truncate(told.len() - 1);
    let rewritten = Place::telling(&told).audit_with(with_checkpoint());
    assert_eq!(rewritten.checkpoint_holds, Some(false));
    assert_eq!(rewritten.findings.kept()[0].law, "I13");

    let mut told = story().journal;
    told.last_mut().unwrap().1.by.reason = 9;
    let rewritten = Place::telling(&told).audit_with(with_checkpoint());
    assert!(rewritten.findings.kept()[0].to_string().contains("journal differs from the checkpoint"), "{rewritten:?}");

    // Or only cuts the last row off, or edits one.
    place.sql("DELETE FROM journal WHERE first_seq = (SELECT max(first_seq) FROM journal)");
    let cut = place.audit_with(with_checkpoint());
    assert!(cut.findings.kept()[0].text.contains("rows were cut off"), "{cut:?}");
    place.sql("UPDATE journal SET at = at + 1 WHERE first_seq = 1");
    let edited = place.audit_with(with_checkpoint());
    assert!(edited.findings.kept()[0].text.starts_with("row 1: hash does not match"), "{edited:?}");
}

#[test]
fn i14_bites_on_a_snapshot_or_projection_that_differs_from_a_replay() {
    let told = story().journal;
    let place = Place::telling(&told);
    let report = place.audit();
    let mut files = SnapshotFiles::new(&place.folder, story_campaign_reader());
    files.save(report.last_seq, report.last_hash, &story().book, &mut || {}).unwrap();
    assert_eq!(place.audit().snapshots_equal, [report.last_seq]);

    files.save(report.last_seq, report.last_hash, &Book::default(), &mut || {}).unwrap();
    let differs = place.audit();
    assert!(differs.findings.kept()[0].to_string().ends_with("differs from a replay"), "{differs:?}");
    files.save(report.last_seq, [1; 32], &story().book, &mut || {}).unwrap();
    assert!(place.audit().findings.kept()[0].to_string().ends_with("is of another journal"));
    std::fs::write(&files.newest_first().unwrap()[0], b"torn").unwrap();
    assert!(place.audit().findings.kept()[0].to_string().ends_with("it is not a snapshot of Charye"));
    std::fs::remove_file(&files.newest_first().unwrap()[0]).unwrap();

    let projection = |applied_seq, fingerprint| AuditOptions {
        projection: Some(Projected { applied_seq, fingerprint }),
        ..options()
    };
    assert_eq!(place.audit_with(projection(report.last_seq, story().book.fingerprint())).projection_equal, Some(true));
    assert_eq!(place.audit_with(projection(report.last_seq, 1)).projection_equal, Some(false));
    assert_eq!(place.audit_with(projection(report.last_seq + 1, 1)).findings.kept()[0].law, "I14");
}

#[test]
fn a_snapshot_of_another_version_is_told_and_is_no_finding() {
    let place = Place::telling(&story().journal);
    let report = place.audit();
    let mut files = SnapshotFiles::new(&place.folder, story_campaign_reader());
    files.save(report.last_seq, report.last_hash, &story().book, &mut || {}).unwrap();
    let path = &files.newest_first().unwrap()[0];
    let mut bytes = std::fs::read(path).unwrap();
    // The image's version stands behind the file's header (16 + 4 + 8 + 32 bytes) and the image's magic.
    bytes[60 + 8] ^= 0x40;
    let whole = bytes.len() - 32;
    let hash = *blake3::hash(&bytes[..whole]).as_bytes();
    bytes[whole..].copy_from_slice(&hash);
    std::fs::write(path, bytes).unwrap();
    let audited = place.audit();
    assert_eq!((audited.snapshots_equal, audited.snapshots_of_another_version), (vec![], vec![report.last_seq]));
    assert_eq!(audited.findings.kept(), []);
    assert!(matches!(files.read(path), Err(SnapshotDamage::Image(_))), "and no start takes it");
}

/// A line of the history. Key 2000 is the first citizen's reservation at once, 3000 a refusal, 9999 is not recorded.
fn heard(op: &str, key: u128, answer: &str, rest: &str) -> String {
    format!("{{\"t_ms\":1,\"client\":\"a\",\"op\":\"{op}\",\"key\":\"{key:032x}\",\"answer\":\"{answer}\"{rest}}}\n")
}

fn number(bits: u64) -> String {
    format!(",\"number\":\"{}\"", ReservationNumber::from_random(bits))
}

#[test]
fn what_clients_truly_heard_passes() {
    let place = Place::telling(&story().journal);
    let own = format!(",\"number\":\"{}\"", first_number());
    let history = [
        heard("reserve", 2_000, "busy", ",\"recorded\":false"),
        heard("reserve", 2_000, "unknown", ""),
        heard("reserve", 2_000, "confirmed", &format!("{own},\"seq\":60,\"request_hash\":\"7\"")),
        heard("reserve", 2_000, "refused", ",\"code\":\"key_reused\",\"request_hash\":\"8\""),
        "{\"t_ms\":2,\"client\":\"a\",\"op\":\"look_up\",\"answer\":\"confirmed\",\"seq\":61".to_owned() + &own + "}\n",
        heard("reserve", 3_000, "refused", ",\"code\":\"already_reserved\""),
        heard("reserve", 9_999, "busy", ""),
        heard("reserve", 9_998, "unknown", ""),
        "{\"t_ms\":3,\"client\":\"killed while writi".to_owned(),
    ];
    assert_eq!(place.audit_heard(&history.concat()), [""; 0]);
}

#[test]
fn i3_bites_when_something_confirmed_is_not_there() {
    let place = Place::telling(&story().journal);
    let lost = place.audit_heard(&heard("reserve", 9_999, "confirmed", &number(5)));
    assert!(
        lost[0].starts_with("I3: history line 1 (reserve by client a): confirmed, but nothing is recorded"),
        "{lost:?}"
    );
    let other = place.audit_heard(&heard("reserve", 2_000, "confirmed", &number(5)));
    assert!(other[0].contains("told another reservation number"), "{other:?}");
    let refused = place.audit_heard(&heard("reserve", 3_000, "confirmed", ""));
    assert!(refused[0].contains("confirmed, but recorded as refused (already_reserved)"), "{refused:?}");
    let beyond = place.audit_heard(&heard("reserve", 2_000, "confirmed", ",\"seq\":99999"));
    assert!(beyond[0].starts_with("I3 at 99999"), "{beyond:?}");
    let early = place.audit_heard(&heard("reserve", 2_000, "confirmed", ",\"seq\":1"));
    assert!(early[0].contains("confirmed before entry"), "{early:?}");
}

#[test]
fn i4_bites_when_something_refused_is_done() {
    let place = Place::telling(&story().journal);
    let ghost = place.audit_heard(&heard("reserve", 2_000, "refused", ",\"code\":\"sold_out\""));
    assert!(ghost[0].starts_with("I4 at") && ghost[0].ends_with("refused, but it is recorded as done"), "{ghost:?}");
    let busy = place.audit_heard(&heard("reserve", 2_000, "busy", ""));
    assert!(busy[0].contains("only ever answered busy, and yet it is recorded"), "{busy:?}");
    let lost = place.audit_heard(&heard("reserve", 9_999, "refused", ",\"code\":\"sold_out\""));
    assert!(lost[0].starts_with("I4: "), "{lost:?}");
    assert_eq!(
        place.audit_heard(&heard("reserve", 9_999, "refused", ",\"code\":\"sold_out\",\"recorded\":false")),
        [""; 0]
    );
}

#[test]
fn i5_bites_when_a_key_is_answered_in_two_ways() {
    let place = Place::telling(&story().journal);
    let own = format!(",\"number\":\"{}\",\"request_hash\":\"7\"", first_number());
    let confirmed = heard("reserve", 2_000, "confirmed", &own);
    let twice = place.audit_heard(&[confirmed.clone(), heard("reserve", 2_000, "confirmed", "")].concat());
    assert!(twice[0].ends_with("the same key was answered differently before"), "{twice:?}");
    let other = place.audit_heard(&[confirmed.clone(), confirmed.replace("\"7\"", "\"8\"")].concat());
    assert!(other.iter().any(|finding| finding.contains("recorded for another request")), "{other:?}");
    assert!(
        other.iter().any(|finding| finding.contains("another request under the same key was not refused")),
        "{other:?}"
    );
    let reason = place.audit_heard(&heard("reserve", 3_000, "refused", ",\"code\":\"sold_out\""));
    assert!(reason[0].ends_with("refused with another reason than the one recorded"), "{reason:?}");
}

#[test]
fn i6_bites_when_a_citizen_does_not_see_what_they_did() {
    let place = Place::telling(&story().journal);
    let own = format!(",\"number\":\"{}\"", first_number());
    let confirmed = heard("reserve", 2_000, "confirmed", &format!("{own},\"seq\":70"));
    let look =
        |rest: &str| format!("{{\"t_ms\":2,\"client\":\"a\",\"op\":\"look_up\",\"answer\":\"confirmed\"{rest}}}\n");
    let blind = place.audit_heard(&[confirmed.clone(), look(",\"seq\":70")].concat());
    assert!(
        blind[0].starts_with("I6 at 70") && blind[0].ends_with("does not see what the client did last"),
        "{blind:?}"
    );
    let back = place.audit_heard(&[confirmed.clone(), look(&format!(",\"seq\":69{own}"))].concat());
    assert!(back[0].ends_with("answered as of 69, having seen 70"), "{back:?}");
    let unsure = [confirmed, heard("cancel", 9_998, "unknown", ""), look(",\"seq\":71")];
    assert_eq!(place.audit_heard(&unsure.concat()), [""; 0]);
}

#[test]
fn a_history_that_does_not_read_is_refused_with_its_line() {
    let refuse = |text: &str| History::read(&mut text.as_bytes()).unwrap_err().to_string();
    let good = heard("reserve", 1, "busy", "");
    assert!(refuse(&format!("{good}{{}}\n")).starts_with("line 2 of the history does not read: missing field"));
    assert!(refuse(&good.replace("\"busy\"", "\"perhaps\"")).contains("unknown variant"));
    assert!(refuse(&good.replace(&format!("{:032x}", 1), "12")).contains("key is not 32 hexadecimal digits"));
    assert!(refuse(&heard("reserve", 1, "confirmed", ",\"number\":\"123\"")).contains("not a reservation number"));
    assert!(
        refuse(&heard("reserve", 1, "busy", ",\"request_hash\":\"g\"")).contains("request_hash is not hexadecimal")
    );
    assert!(refuse(&"x".repeat(70_000)).contains("too long"));
}
