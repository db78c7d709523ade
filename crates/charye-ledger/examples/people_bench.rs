//! How fast the people store takes sign-ins: puts a second when 64 wait together (as the engine's people desk hands them
//! over) and one at a time, first ones and repeated ones, durable (`synchronous=FULL`). Medians of 5 rounds.
//!
//! `cargo run --release -p charye-ledger --example people_bench [FOLDER]` prints one JSON object a line:
//! `{"id", "value", "unit", "baseline", "ratio", "goal", "met"}`. The folder should lie on the disk that is meant. Keys
//! are toys: sealing for real adds some 10 microseconds a put.

use std::error::Error;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use charye_domain::ids::Person;
use charye_engine::fakes::ToyKeys;
use charye_engine::ports::{PeopleStore as _, PersonalDetails};
use charye_ledger::people::SqlitePeople;
use jiff::civil::date;

const ROUNDS: u32 = 5;
const PEOPLE: u32 = 20_000;
const TOGETHER: usize = 64;
const ONE_BY_ONE: usize = 500;
/// Sign-ins a second of 2021's worst evening were 704; this leaves room for seven times that.
const GOAL_PER_SEC: f64 = 5_000.0;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    let temporary = tempfile::tempdir_in(folder)?;
    let (people, keys) = (temporary.path().join("people.db"), temporary.path().join("people-keys.db"));
    let store = SqlitePeople::open(&people, &keys, Arc::new(ToyKeys))?;
    let (mut first, mut again, mut single) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let crowd: Vec<_> = (round * PEOPLE..(round + 1) * PEOPLE).map(|i| (Person(i), details(i))).collect();
        first.push(per_sec(crowd.len(), || crowd.chunks(TOGETHER).try_for_each(|some| store.put_all(some)))?);
        again.push(per_sec(crowd.len(), || crowd.chunks(TOGETHER).try_for_each(|some| store.put_all(some)))?);
        let moved: Vec<_> = crowd.iter().take(ONE_BY_ONE).map(|(person, _)| (*person, details(person.0 + 1))).collect();
        single
            .push(per_sec(moved.len(), || moved.iter().try_for_each(|(person, details)| store.put(*person, details)))?);
    }
    print("people_puts_64_together", median(first), Some(GOAL_PER_SEC))?;
    print("people_puts_repeated", median(again), Some(GOAL_PER_SEC))?;
    print("people_puts_one_by_one", median(single), None)
}

fn details(i: u32) -> PersonalDetails {
    let born = date(1972, 1, 1).saturating_add(jiff::Span::new().days(i64::from(i % 11_000)));
    PersonalDetails { name: format!("이름{i}"), birth_date: born, phone: format!("010{i:08}") }
}

#[expect(clippy::disallowed_methods, reason = "a bench is about the clock")]
fn per_sec<E>(count: usize, work: impl FnOnce() -> Result<(), E>) -> Result<f64, E> {
    let began = Instant::now();
    work()?;
    Ok(count as f64 / began.elapsed().as_secs_f64())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

fn print(id: &str, value: f64, goal: Option<f64>) -> Result<(), Box<dyn Error>> {
    let (goal, met) = match goal {
        Some(goal) => (goal.to_string(), (value >= goal).to_string()),
        None => ("null".to_owned(), "null".to_owned()),
    };
    writeln!(
        std::io::stdout().lock(),
        r#"{{"id": "{id}", "value": {value:.0}, "unit": "puts/s", "baseline": null, "ratio": null, "goal": {goal}, "met": {met}}}"#
    )?;
    Ok(())
}
