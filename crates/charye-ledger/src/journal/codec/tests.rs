//! Room: ledger/journal/codec, tests. Every entry comes back as it was written; golden bytes stay readable; torn ones are errors.

use charye_domain::book::{EndOfVisit, Event, Rejection};
use proptest::prelude::*;

use super::*;
use crate::suite::entries::{AT, Entries, FIRST_KINDS, KINDS, KINDS_WITH_LINES, kind, rejections, toy_campaign_reader};

const GOLDEN: &str = include_str!("../../../tests/golden/v1.hex");

/// One row a line: time of the batch, bytes of the row; then, for people, what it is.
fn golden() -> impl Iterator<Item = (&'static str, Vec<u8>)> {
    GOLDEN.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let (name, hex) = line.split_once(' ').expect("a golden line is a name and bytes");
        let bytes = (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect();
        (name, bytes)
    })
}

/// The rows that the golden file was written from: of every kind some, and every refusal. What was added to the first kinds
/// and refusals comes after them, from a seed of its own, so that no line once written changes.
fn golden_rows() -> Vec<(String, Entry)> {
    let (first, later) = KINDS[..KINDS_WITH_LINES].split_at(FIRST_KINDS);
    let all = rejections(AT.plus_millis(90_000));
    let (first_refusals, later_refusals) = all[..38].split_at(33);

    let mut drawn = Entries::from_seed(2021, AT);
    let mut rows = rows_of_kinds(&mut drawn, first, 0, 4);
    rows.extend(refusal_rows(&mut drawn, first_refusals));
    rows.push(("Reserved/usual".to_owned(), drawn.reservation(2_000_000)));

    let mut drawn = Entries::from_seed(2022, AT);
    let (steered, others) = later.split_last().expect("kinds were added");
    rows.extend(rows_of_kinds(&mut drawn, others, FIRST_KINDS, 4));
    rows.extend(rows_of_kinds(&mut drawn, &[steered], KINDS_WITH_LINES - 1, 11));
    rows.extend(refusal_rows(&mut drawn, later_refusals));
    let our_fault = Event::VisitEnded { person: Person(5), generation: 6, cause: EndOfVisit::OurFault };
    rows.push(("VisitEnded/our_fault".to_owned(), Entry { event: our_fault, ..drawn.of_kind(0) }));

    for index in KINDS_WITH_LINES..KINDS.len() {
        let number = event::number_of(&Entries::from_seed(0, AT).of_kind(index).event);
        let mut drawn = Entries::from_seed(2_023 + u64::from(number), AT);
        rows.extend(rows_of_kinds(&mut drawn, &KINDS[index..=index], index, 4));
    }
    rows.extend(refusal_rows(&mut Entries::from_seed(2_062, AT), &all[38..44]));
    rows
}

fn rows_of_kinds(drawn: &mut Entries, kinds: &[&str], from: usize, rounds: usize) -> Vec<(String, Entry)> {
    let mut rows = Vec::new();
    for (index, name) in kinds.iter().enumerate() {
        for round in 0..rounds {
            let entry = drawn.of_kind(from + index);
            assert_eq!(kind(&entry.event), *name);
            rows.push((format!("{name}/{round}"), entry));
        }
    }
    rows
}

fn refusal_rows(drawn: &mut Entries, refusals: &[Rejection]) -> Vec<(String, Entry)> {
    let mut row = |rejection: &Rejection| {
        let entry = Entry { event: Event::Refused { rejection: *rejection }, ..drawn.of_kind(FIRST_KINDS - 1) };
        (format!("Refused/{}", rejection.code()), entry)
    };
    refusals.iter().map(&mut row).collect()
}

fn encoded(entries: &[Entry]) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(AT, entries, &mut bytes);
    bytes
}

#[test]
fn rows_of_version_1_stay_readable_and_are_still_written_so() {
    let golden: Vec<_> = golden().collect();
    let rows = golden_rows();
    let listing = || {
        rows.iter().fold(String::new(), |text, (name, entry)| {
            let hex =
                encoded(std::slice::from_ref(entry)).iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
            format!("{text}{name} {hex}\n")
        })
    };
    assert_eq!(golden.len(), rows.len(), "rows to add to tests/golden/v1.hex:\n{}", listing());
    for ((name, bytes), (expected_name, entry)) in golden.iter().zip(&rows) {
        assert_eq!(name, expected_name);
        assert_eq!(decode(bytes, AT, 1, &toy_campaign_reader()).as_deref(), Ok(std::slice::from_ref(entry)), "{name}");
        assert_eq!(*bytes, encoded(std::slice::from_ref(entry)), "{name}");
    }
}

#[test]
fn every_event_has_a_number_of_its_own_and_a_line_in_the_reference() {
    let reference = include_str!("../../../../../docs/reference/journal-format.md");
    let mut drawn = Entries::from_seed(7, AT);
    let mut numbers = Vec::new();
    for (index, name) in KINDS.iter().enumerate() {
        let number = event::number_of(&drawn.of_kind(index).event);
        assert!(
            reference.contains(&format!("| {number} | `{name}` |")),
            "docs/reference/journal-format.md lacks {number} {name}"
        );
        numbers.push(number);
    }
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), KINDS.len());
}

#[test]
fn every_refusal_has_a_row_in_the_reference_and_the_reference_no_other() {
    let reference = include_str!("../../../../../docs/reference/journal-format.md");
    let refusals = reference.split("\nA refusal is a u8").nth(1).and_then(|rest| rest.split("\n## ").next()).unwrap();
    let cells: Vec<&str> = refusals.split('|').map(str::trim).collect();
    for number in 0..=u8::MAX {
        // What a refusal carries reads as zeros.
        let bytes = [number, 0, 0, 0, 0];
        let known = rejection::read_rejection(&mut Source::new(&bytes), AT).ok();
        let row = cells.windows(2).find(|pair| pair[0] == number.to_string()).map(|pair| pair[1]);
        let told = row.and_then(|row| row.split('`').nth(1));
        assert_eq!(told, known.map(Rejection::code), "refusal {number}");
    }
}

#[test]
fn a_usual_reservation_is_small() {
    let bytes = encoded(&[Entries::from_seed(3, AT).reservation(5_000_000)]);
    assert!(bytes.len() <= 60, "{} bytes", bytes.len());
}

#[test]
fn an_unknown_version_or_event_is_refused_by_name() {
    let mut bytes = encoded(&[Entries::from_seed(3, AT).reservation(1)]);
    bytes[1] = 99;
    assert_eq!(decode(&bytes, AT, 1, &toy_campaign_reader()), Err(CodecFailure::UnknownEvent(99)));
    bytes[0] = 2;
    assert_eq!(decode(&bytes, AT, 1, &toy_campaign_reader()), Err(CodecFailure::UnknownVersion(2)));
}

#[test]
fn a_count_that_the_bytes_cannot_hold_is_refused_before_it_is_allocated() {
    let bytes = encoded(&[Entries::from_seed(3, AT).reservation(1)]);
    assert_eq!(decode(&bytes, AT, u64::MAX, &toy_campaign_reader()), Err(CodecFailure::EndsEarly));
    assert_eq!(decode(&bytes, AT, 2, &toy_campaign_reader()), Err(CodecFailure::EndsEarly));
    assert!(matches!(decode(&bytes, AT, 0, &toy_campaign_reader()), Err(CodecFailure::LeftOver(_))));
}

#[test]
fn a_campaign_text_that_does_not_read_names_the_campaign() {
    let published = KINDS.iter().position(|kind| *kind == "CampaignPublished").unwrap();
    let bytes = encoded(&[Entries::from_seed(3, AT).of_kind(published)]);
    let refuses: CampaignReader = Arc::new(|_, _, _| Err("no such rule".to_owned()));
    let failure = decode(&bytes, AT, 1, &refuses).unwrap_err();
    assert!(failure.to_string().ends_with("does not read: no such rule"), "{failure}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn entries_come_back_as_they_were(seed: u64, at: i64, count in 0_usize..60) {
        let at = UnixMillis(at);
        let mut drawn = Entries::from_seed(seed, at);
        let entries: Vec<_> = (0..count).map(|index| drawn.of_kind(seed as usize % KINDS.len() + index)).collect();
        let mut bytes = Vec::new();
        encode(at, &entries, &mut bytes);
        prop_assert_eq!(decode(&bytes, at, count as u64, &toy_campaign_reader()), Ok(entries));
    }

    #[test]
    fn cut_short_is_noticed(seed: u64, kind in 0_usize..KINDS.len()) {
        let bytes = encoded(&[Entries::from_seed(seed, AT).of_kind(kind)]);
        for len in 0..bytes.len() {
            prop_assert!(decode(&bytes[..len], AT, 1, &toy_campaign_reader()).is_err());
        }
    }

    #[test]
    fn hostile_bytes_never_panic_and_what_reads_is_written_the_same(seed: u64, kind in 0_usize..KINDS.len(), place: usize, with: u8, noise: Vec<u8>) {
        let mut bytes = encoded(&[Entries::from_seed(seed, AT).of_kind(kind)]);
        let place = place % bytes.len();
        bytes[place] = with;
        for hostile in [&bytes, &[&[VERSION], &noise[..]].concat()] {
            if let Ok(entries) = decode(hostile, AT, 1, &toy_campaign_reader()) {
                prop_assert_eq!(decode(&encoded(&entries), AT, 1, &toy_campaign_reader()), Ok(entries));
            }
        }
    }
}
