//! `charye draw verify`, on the draw of `docs/reference/draw.md` and on one of several slices; and the twenty lines of another
//! language that stand on that page, where there is a `python3` to run them.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what tests share is not seen as a test by the lint")]
#![expect(clippy::print_stdout, reason = "a test that is skipped says so")]

mod support;

use std::io::{ErrorKind, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use charye_domain::ids::{CampaignId, CitizenKey, OpeningId};
use charye_domain::waiting_room::draw::published::Published;
use charye_domain::waiting_room::draw::{Closing, Commitments, DrawId, DrawKey, DrawSecret, merkle};
use support::charye;

const PAGE: &str = include_str!("../../../docs/reference/draw.md");

/// What stands on the page between such a line and the next three back quotes.
fn block(opened_by: &str, position: usize) -> &'static str {
    let (_, from) =
        PAGE.match_indices(opened_by).nth(position).map(|(at, _)| PAGE.split_at(at + opened_by.len())).unwrap();
    from.split_once("```").unwrap().0
}

/// A draw of so many people: its head, then each slice.
fn drawn(people: u32) -> Vec<String> {
    let (secret, key) = (DrawSecret([0x5e; 32]), DrawKey::new([0xd4; 32]));
    let id = |person: u32| key.draw_id(CampaignId(3), OpeningId(1), CitizenKey(u128::from(person).to_be_bytes()));
    let mut ids: Vec<DrawId> = (0..people).map(id).collect();
    Closing::of(&mut ids);
    let published = Published {
        campaign: CampaignId(3),
        opening: OpeningId(1),
        commitments: Commitments::to(&secret, &key),
        secret: &secret,
        public_value: b"KOSPI 2021-08-09 close 3260.42",
        ids: &ids,
        slice_roots: &merkle::slice_roots(&ids),
    };
    let mut parts = vec![String::new()];
    let seed = published.write_head(&mut |line| parts[0] += &format!("{line}\n"));
    for slice in 0..published.slices() {
        let mut part = String::new();
        published.write_slice(slice, &seed, &mut |line| part += &format!("{line}\n"));
        parts.push(part);
    }
    parts
}

fn verify(folder: &Path, text: &str, options: &[&str]) -> (i32, String) {
    let file = folder.join("draw");
    std::fs::write(&file, text).unwrap();
    let (code, said, _) = charye(&[&["draw", "verify", file.to_str().unwrap()], options].concat());
    (code, said)
}

#[test]
fn the_draw_of_the_reference_is_true_and_a_changed_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let sample = block("```text\n", 0);
    let id = "137506db0c08e2428085c9003013f9e1";
    let (code, said) = verify(folder.path(), sample, &["--draw-id", id]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("its place is 5df4e1e228639970") && said.contains("3 people have a lower place"), "{said}");
    for (from, to) in [(id, "137506db0c08e2428085c9003013f9e2"), ("5df4e1e228639970", "5df4e1e228639971")] {
        let (code, said) = verify(folder.path(), &sample.replace(from, to), &[]);
        assert!(code == 1 && said.contains("NOT TRUE"), "{code}: {said}");
    }
    assert_eq!(verify(folder.path(), "no draw\n", &[]).0, 65);
}

#[test]
fn a_head_with_some_slices_is_true_as_far_as_it_goes() {
    let folder = tempfile::tempdir().unwrap();
    let [head, first, second, third] = &drawn(40_000)[..] else { panic!("three slices") };
    let one_slice = format!("{head}{second}");
    let (code, said) = verify(folder.path(), &one_slice, &[]);
    assert!(code == 1 && said.contains("true as far as it goes"), "{said}");
    assert_eq!(verify(folder.path(), &one_slice, &["--some-slices"]).0, 0);
    let (code, said) =
        verify(folder.path(), &format!("{head}{}", second.replace("slice 1", "slice 2")), &["--some-slices"]);
    assert!(code == 1 && said.contains("NOT TRUE"), "{said}");
    assert_eq!(verify(folder.path(), &format!("{head}{first}{second}{third}"), &[]).0, 0);
}

#[test]
fn twenty_lines_of_another_language_come_to_the_same() {
    let program = block("```python\n", 0);
    assert!(program.lines().count() <= 22, "it is longer than the page says");
    let Some(said) = python(program, block("```text\n", 0)) else { return };
    assert_eq!(said, (true, block("```text\n", 1).to_owned()));
    let whole = drawn(40_000).concat();
    let (is_true, said_of_many) = python(program, &whole).unwrap();
    assert!(is_true && said_of_many.starts_with("40000 true, "), "{said_of_many}");
    let lie = whole.replacen("\nslice 0\n0", "\nslice 0\n1", 1);
    assert!(lie != whole && !python(program, &lie).unwrap().0);
}

/// Whether the program ended well, and what it said. `None`, and a line that says so, where there is no Python.
fn python(program: &str, draw: &str) -> Option<(bool, String)> {
    let mut started = match Command::new("python3")
        .args(["-c", program])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
    {
        Ok(started) => started,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            println!("skipped: there is no python3 on this machine");
            return None;
        }
        Err(error) => panic!("{error}"),
    };
    started.stdin.take().unwrap().write_all(draw.as_bytes()).unwrap();
    let ended = started.wait_with_output().unwrap();
    Some((ended.status.success(), String::from_utf8(ended.stdout).unwrap()))
}
