//! The draw: what it publishes can be recomputed by anyone, a lie in it is found, and luck is even.

use charye_domain::ids::{CampaignId, CitizenKey, OpeningId};
use charye_domain::waiting_room::draw::published::{Published, hex};
use charye_domain::waiting_room::draw::verify::{Lie, Report, Unreadable, Verifier};
use charye_domain::waiting_room::draw::{Closing, Commitments, DrawId, DrawKey, DrawSecret, Seed, merkle};

use crate::world::Chance;

const PUBLIC_VALUE: &[u8] = b"KOSPI 2021-08-09 close 3260.42";

/// The draw of `docs/reference/draw.md`: everything in it follows from these few bytes.
fn sample(people: u32) -> Vec<String> {
    let (secret, key) = (DrawSecret([0x5e; 32]), DrawKey::new([0xd4; 32]));
    let mut ids: Vec<DrawId> = (0..people).map(|person| sample_id(&key, person)).collect();
    Closing::of(&mut ids);
    let slice_roots = merkle::slice_roots(&ids);
    let published = Published {
        campaign: CampaignId(3),
        opening: OpeningId(1),
        commitments: Commitments::to(&secret, &key),
        secret: &secret,
        public_value: PUBLIC_VALUE,
        ids: &ids,
        slice_roots: &slice_roots,
    };
    let mut lines = Vec::new();
    published.write(&mut |line| lines.push(line.to_owned()));
    lines
}

fn sample_id(key: &DrawKey, person: u32) -> DrawId {
    let mut citizen = [0; 16];
    citizen[12..].copy_from_slice(&person.to_be_bytes());
    key.draw_id(CampaignId(3), OpeningId(1), CitizenKey(citizen))
}

fn verify<'a>(lines: impl IntoIterator<Item = &'a String>, look_for: Option<DrawId>) -> Result<Report, Unreadable> {
    let mut verifier = Verifier::default();
    if let Some(id) = look_for {
        verifier.look_for(id);
    }
    for line in lines {
        verifier.line(line)?;
    }
    verifier.finish()
}

#[test]
fn a_published_draw_is_whole_and_true() {
    for people in [0, 1, 2, 5, 16_384, 16_385, 40_000] {
        let report = verify(&sample(people), None).unwrap();
        assert!(report.is_whole_and_true(), "{people} people: {:?}", report.lies);
        assert_eq!((report.count, report.ids_checked), (u64::from(people), u64::from(people)));
    }
}

#[test]
fn a_citizen_finds_their_place_and_how_many_went_before() {
    let lines = sample(40_000);
    let id = sample_id(&DrawKey::new([0xd4; 32]), 123);
    let found = verify(&lines, Some(id)).unwrap().found.unwrap();
    let places: Vec<u64> = (lines.iter())
        .filter_map(|line| line.split_once(' ').filter(|(id, _)| id.len() == 32))
        .map(|(_, place)| u64::from_str_radix(place, 16).unwrap())
        .collect();
    assert_eq!(found.lower_places as usize, places.iter().filter(|place| **place < found.place.0).count());
    assert!(found.listed && places.contains(&found.place.0));
    let stranger = verify(&lines, Some(DrawId([9; 16]))).unwrap().found.unwrap();
    assert!(!stranger.listed);
}

#[test]
fn one_slice_can_be_checked_alone() {
    let lines = sample(40_000);
    let begins: Vec<usize> = (0..lines.len()).filter(|line| lines[*line].starts_with("slice ")).collect();
    let alone = lines[..begins[0]].iter().chain(&lines[begins[1]..begins[2]]);
    let report = verify(alone, None).unwrap();
    assert_eq!((report.lies_counted, report.slices_checked, report.slices_needed), (0, 1, 3));
    assert!(!report.is_whole_and_true(), "two slices are missing");
}

#[test]
fn every_lie_is_found() {
    let honest = sample(20_000);
    let swapped = |from: &str, to: &str| -> Vec<String> {
        honest.iter().map(|line| if line.starts_with(from) { format!("{from}{to}") } else { line.clone() }).collect()
    };
    let id_line = honest.iter().position(|line| line == "slice 0").unwrap() + 10;
    let changed = |change: &dyn Fn(&mut Vec<String>)| {
        let mut lines = honest.clone();
        change(&mut lines);
        lines
    };
    let zeros = hex(&[0; 32]);
    type Case = (&'static str, Vec<String>, fn(&Lie) -> bool);
    let cases: Vec<Case> = vec![
        ("another secret", swapped("secret ", &zeros), |lie| matches!(lie, Lie::Secret)),
        ("another public value", swapped("public-value ", "00"), |lie| matches!(lie, Lie::Place { .. })),
        ("another root", swapped("root ", &zeros), |lie| matches!(lie, Lie::Root)),
        ("another count", swapped("count ", "20001"), |lie| matches!(lie, Lie::SliceLength { .. })),
        ("a count with a slice more", swapped("count ", "40000"), |lie| matches!(lie, Lie::SliceCount { .. })),
        ("somebody dropped", changed(&|lines| drop(lines.remove(id_line))), |lie| {
            matches!(lie, Lie::Slice { slice: 0 })
        }),
        ("somebody twice", changed(&|lines| lines.insert(id_line, lines[id_line].clone())), |lie| {
            matches!(lie, Lie::Order { .. })
        }),
        ("two swapped", changed(&|lines| lines.swap(id_line, id_line + 1)), |lie| matches!(lie, Lie::Order { .. })),
        ("a better place", changed(&|lines| lines[id_line].replace_range(33.., &"0".repeat(16))), |lie| {
            matches!(lie, Lie::Place { .. })
        }),
        ("another id", changed(&|lines| lines[id_line].replace_range(30..32, "zz")), |_| false),
    ];
    for (what, lines, is_it) in cases {
        match verify(&lines, None) {
            Ok(report) => {
                assert!(report.lies.iter().any(is_it), "{what}: {:?}", report.lies);
                assert!(!report.is_whole_and_true() && report.lies.len() <= 20, "{what}");
            }
            Err(error) => assert!(matches!(error, Unreadable::Unexpected { .. }), "{what}: {error}"),
        }
    }
}

#[test]
fn what_is_no_draw_is_refused_with_its_line() {
    let check = |lines: &[&str], expect: &str| {
        let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        assert_eq!(verify(&lines, None).unwrap_err().to_string(), expect, "{lines:?}");
    };
    check(&[], "the file ends where `campaign` was expected");
    check(&["charye draw 2"], "line 1 is not `charye draw 1`");
    check(&["charye draw 1", "campaign 0"], "the file ends where `opening` was expected");
    check(&["charye draw 1", "opening 0"], "line 2: expected `campaign`");
    check(&["charye draw 1", &"x".repeat(600)], "line 2: longer than 544 bytes");
    let mut lines = sample(3);
    lines[1] = "campaign 70000".to_owned();
    assert_eq!(verify(&lines, None).unwrap_err().to_string(), "line 2: expected `campaign`");
    let mut lines = sample(3);
    let again = lines.iter().position(|line| line == "slice 0").unwrap();
    lines.push(lines[again].clone());
    assert_eq!(verify(&lines, None).unwrap_err().to_string(), "line 15: expected `slice`");
}

#[test]
fn any_bytes_whatever_are_read_without_a_panic() {
    let honest = sample(50);
    let mut chance = Chance(99);
    for _ in 0..2_000 {
        let mut lines = honest.clone();
        for _ in 0..=chance.below(3) {
            let at = chance.below(lines.len() as u64) as usize;
            match chance.below(4) {
                0 => drop(lines.remove(at)),
                1 => lines.insert(at, lines[chance.below(lines.len() as u64) as usize].clone()),
                2 => lines[at].truncate(chance.below(70) as usize),
                _ => lines[at].push(['0', ' ', 'f', '가', '\u{0}'][chance.below(5) as usize]),
            }
        }
        if verify(&lines, None).is_ok_and(|report| report.is_whole_and_true()) {
            // Believed although changed: only where nothing in the file can be computed from.
            let free = ["key-commitment ", "campaign ", "opening "];
            let differ: Vec<_> = lines.iter().zip(&honest).filter(|(now, was)| now != was).collect();
            let harmless = differ.iter().all(|(now, _)| free.iter().any(|name| now.starts_with(name)));
            assert!(lines.len() == honest.len() && harmless, "{differ:?}");
        }
    }
}

/// `docs/reference/draw.md`, with the sample file and the lines of Python that recompute it.
fn reference() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/draw.md")).unwrap()
}

fn block<'a>(page: &'a str, language: &str) -> &'a str {
    let from = page.find(&format!("```{language}\n")).unwrap() + language.len() + 4;
    &page[from..from + page[from..].find("```").unwrap()]
}

#[test]
fn the_reference_shows_the_sample_as_it_is_computed() {
    let lines = sample(5).join("\n") + "\n";
    assert_eq!(block(&reference(), "text"), lines);
}

#[test]
fn twenty_lines_of_python_come_to_the_same_places() {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    let page = reference();
    let program = block(&page, "python");
    assert!(program.lines().count() <= 22, "it has grown");
    let started = Command::new("python3").args(["-c", program]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let Ok(mut python) = started else {
        println!("skipped: there is no python3 on this machine");
        return;
    };
    let lines = sample(40_000);
    let mut stdin = python.stdin.take().unwrap();
    let feeding = std::thread::spawn(move || stdin.write_all((lines.join("\n") + "\n").as_bytes()).unwrap());
    let said = String::from_utf8(python.wait_with_output().unwrap().stdout).unwrap();
    feeding.join().unwrap();
    let report = verify(&sample(40_000), None).unwrap();
    let first = sample(40_000).into_iter().filter_map(|line| {
        let (id, place) = line.split_once(' ').filter(|(id, _)| id.len() == 32)?;
        Some((place.to_owned(), id.to_owned()))
    });
    let first = first.min().unwrap().1;
    assert_eq!(said, format!("40000 true, seed {}, first {first}\n", hex(&report.seed)));
}

/// Places of many draws fall evenly: chi-square over 64 parts, and over the places of one and the same citizen.
///
/// Scaled down for every day; `examples/draw_uniformity.rs` does 1,000 draws of 100,000 people.
#[test]
fn luck_is_even() {
    const PARTS: usize = 64;
    const DRAWS: usize = 1_000;
    const PEOPLE: u32 = 640;
    let key = DrawKey::new([0xd4; 32]);
    let ids: Vec<DrawId> = (0..PEOPLE).map(|person| sample_id(&key, person)).collect();
    let (mut all, mut one, mut beyond) = ([0_u32; PARTS], [0_u32; PARTS], 0);
    for draw in 0..DRAWS {
        let mut secret = [0; 32];
        secret[..8].copy_from_slice(&(draw as u64).to_be_bytes());
        let seed = Seed::new(&DrawSecret(secret), &[7; 32], b"");
        let mut parts = [0_u32; PARTS];
        for id in &ids {
            parts[(seed.place(*id).0 >> 57) as usize] += 1;
        }
        one[(seed.place(ids[0]).0 >> 57) as usize] += 1;
        (0..PARTS).for_each(|part| all[part] += parts[part]);
        beyond += u32::from(chi_square(&parts) > CRITICAL_5_PERCENT);
    }
    assert!(chi_square(&all) < CRITICAL_01_PERCENT, "{}", chi_square(&all));
    assert!(chi_square(&one) < CRITICAL_01_PERCENT, "{}", chi_square(&one));
    // One draw in twenty lies beyond the 5 % mark: 50 of 1,000, give or take 4 standard deviations of 6.9.
    assert!((23..=77).contains(&beyond), "{beyond} draws of {DRAWS} beyond the 5 % mark");
}

/// Of chi-square with 63 degrees of freedom.
const CRITICAL_5_PERCENT: f64 = 82.529;
const CRITICAL_01_PERCENT: f64 = 103.442;

fn chi_square(parts: &[u32]) -> f64 {
    let expected = parts.iter().sum::<u32>() as f64 / parts.len() as f64;
    parts.iter().map(|counted| (f64::from(*counted) - expected).powi(2) / expected).sum()
}
