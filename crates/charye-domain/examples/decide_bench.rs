//! Room: domain/examples. How long one decision takes: `reserve at once` of one dose, judged, recorded and applied, over a
//! full grid. Run by engineers and `cargo xtask bench`; prints one JSON line a figure. Never part of the program.
//!
//! `cargo run --release -p charye-domain --example decide_bench [CLINICS] [at-once]`: with the second word the import is
//! activated without being laid out in parts before.

use std::io::Write;
use std::sync::Arc;
use std::time::Instant;

use charye_domain::book::samples::{ADULT, CAMPAIGN, OPERATOR, SINGLE, campaign, clinic, opens_at};
use charye_domain::book::{
    Action, Actor, Authority, Book, Channel, Command, Operation, Outcome, Places, Provenance, Room,
};
use charye_domain::clinic::Clinic;
use charye_domain::ids::{BlockId, CitizenKey, ImportId, KeyId, OperationKey, Person, ReservationNumber, SlotId};
use charye_domain::slot::{ClinicSession, Weekdays};
use charye_domain::time::{MinuteOfDay, UnixMillis};
use charye_domain::vaccine::{DoseNumber, DoseTwoPolicy};

/// When clinics open at first.
const OPENS: MinuteOfDay = MinuteOfDay(540);
const PEOPLE: u32 = 1_000_000;
const VISITS: usize = 20_000;
/// Commands decided together, as the sequencer does with what queued during a commit.
const BATCH: u32 = 64;

fn main() -> std::io::Result<()> {
    let clinics = std::env::args().nth(1).and_then(|arg| arg.parse().ok()).unwrap_or(8_150_u32);
    let mut out = std::io::stdout().lock();
    let room = Room {
        people: PEOPLE as usize,
        reservations: PEOPLE as usize,
        slots: 8_000_000,
        operations: PEOPLE as usize,
        visits: VISITS,
    };
    let mut bench = Bench { book: Book::with_room_for(room), now: opens_at(), chance: 1, entries: Vec::new() };

    let in_parts = std::env::args().nth(2).is_none_or(|word| word != "at-once");
    let started = now();
    bench.publish();
    let (longest_part, activation) = bench.import(ImportId(1), clinics, OPENS, in_parts);
    bench.release_all();
    figure(&mut out, "book.import_part_longest", longest_part * 1e3, "ms")?;
    figure(&mut out, "book.import_activation", activation * 1e3, "ms")?;
    let slots = bench.book.fill().slots;
    figure(&mut out, "book.import", started.elapsed().as_secs_f64() * 1e9 / slots as f64, "ns/slot")?;

    let started = now();
    for person in 0..PEOPLE {
        let key = CitizenKey(u128::from(mix(u64::from(person))).to_le_bytes());
        let former = Arc::new([]);
        bench.ask(Actor::System, None, Action::RegisterCitizen { key_id: KeyId(1), key, former });
    }
    figure(&mut out, "book.register", per_person(started), "ns")?;

    let half = PEOPLE / 2;
    let (elapsed, one_by_one) = bench.reserve(0..half, 1);
    figure(&mut out, "book.reserve_at_once.in_flight_1", elapsed * 1e9 / f64::from(half), "ns")?;
    let (elapsed, in_batches) = bench.reserve(half..PEOPLE, BATCH);
    figure(&mut out, "book.reserve_at_once", elapsed * 1e9 / f64::from(half), "ns")?;
    let reserved = one_by_one + in_batches;
    writeln!(out, "{{\"id\":\"book.slots\",\"value\":{slots},\"unit\":\"slots\",\"reserved\":{reserved}}}")?;

    // An hour later everywhere: three start times of each day go, three come.
    let opens = MinuteOfDay(OPENS.0 + 60);
    let (longest_part, activation) = bench.import(ImportId(2), clinics, opens, in_parts);
    figure(&mut out, "book.other_hours_part_longest", longest_part * 1e3, "ms")?;
    figure(&mut out, "book.other_hours_activation", activation * 1e3, "ms")?;

    let mut image = 0_usize;
    let started = now();
    bench.book.write_image(&mut |piece| image += piece.len());
    figure(&mut out, "book.write_image", started.elapsed().as_secs_f64() * 1e3, "ms")?;
    figure(&mut out, "book.image", image as f64 / f64::from(1 << 20), "MiB")
}

struct Bench {
    book: Book,
    now: UnixMillis,
    chance: u64,
    entries: Vec<charye_domain::book::Entry>,
}

impl Bench {
    fn publish(&mut self) {
        let campaign = Arc::new(campaign(DoseTwoPolicy::Together));
        self.ask(OPERATOR, None, Action::PublishCampaign { campaign, text: "".into() });
    }

    /// Clinics with 35 days of 27 slots each. Seconds that the longest part of the import and its activation took.
    fn import(&mut self, import: ImportId, clinics: u32, opens: MinuteOfDay, in_parts: bool) -> (f64, f64) {
        let campaign = campaign(DoseTwoPolicy::Together);
        for first in (0..clinics).step_by(1_000) {
            let codes: Vec<String> = (first..clinics.min(first + 1_000)).map(|n| format!("C{n}")).collect();
            let staged: Vec<Clinic> = codes.iter().map(|code| clinic(code)).collect();
            self.ask(OPERATOR, None, Action::StageClinics { import, clinics: staged.into() });
            let sessions: Vec<ClinicSession> = codes
                .into_iter()
                .map(|clinic| ClinicSession {
                    clinic,
                    product: SINGLE,
                    dose: DoseNumber::First,
                    first_day: campaign.first_day,
                    last_day: campaign.date(charye_domain::time::DayIndex(35)),
                    weekdays: Weekdays::ALL,
                    start: opens,
                    end: MinuteOfDay(opens.0 + 27 * 20),
                    slot_minutes: 20,
                    capacity: 4,
                })
                .collect();
            self.ask(OPERATOR, None, Action::StageSessions { import, campaign: CAMPAIGN, sessions: sessions.into() });
        }
        let mut longest = 0_f64;
        let mut more = in_parts;
        while more {
            let started = now();
            more = self.ask(OPERATOR, None, Action::LayOutImport { import, slots_max: 50_000 }) == Outcome::LaidOut;
            longest = longest.max(started.elapsed().as_secs_f64());
        }
        let started = now();
        self.ask(OPERATOR, None, Action::ActivateImport { import });
        (longest, started.elapsed().as_secs_f64())
    }

    /// The last opening: every place is released.
    fn release_all(&mut self) {
        self.now = self.now.plus_secs(3 * 3_600);
        let mut due = Vec::new();
        self.book.due(self.now, 10, &mut due);
        for entry in &due {
            self.book.apply(entry, self.now);
        }
    }

    /// Lets these people reserve, in batches. Seconds taken, and how many got a place.
    fn reserve(&mut self, people: std::ops::Range<u32>, batch: u32) -> (f64, u32) {
        let (mut elapsed, mut reserved) = (0.0, 0);
        for first in people.clone().step_by(batch as usize) {
            let commands: Vec<Command> =
                (first..people.end.min(first + batch)).map(|person| self.wish(Person(person))).collect();
            let started = now();
            if batch > 1 {
                commands.iter().for_each(|command| self.book.warm(command));
            }
            for command in &commands {
                reserved += u32::from(matches!(self.decide(command), Outcome::Reserved { .. }));
            }
            elapsed += started.elapsed().as_secs_f64();
        }
        (elapsed, reserved)
    }

    fn wish(&mut self, person: Person) -> Command {
        let (place, number) = (self.any_slot(), ReservationNumber::from_random(self.draw()));
        let operation = Operation { key: OperationKey(u128::from(self.draw())), request_hash: u64::from(person.0) };
        let actor = Actor::Agent(charye_domain::book::StaffNumber(1));
        Command {
            by: Provenance { actor, channel: Channel::Page, reason: 0 },
            operation: Some(operation),
            action: Action::ReserveAtOnce {
                person,
                campaign: CAMPAIGN,
                authority: Authority::Staff,
                facts: ADULT,
                places: Places { first: place, second: None },
                number,
            },
        }
    }

    fn any_slot(&mut self) -> SlotId {
        let draw = self.draw();
        let block = (draw >> 32) as u32 % self.book.blocks().len().max(1) as u32;
        SlotId::new(BlockId(block), (draw % 27) as u8)
    }

    fn draw(&mut self) -> u64 {
        self.chance += 1;
        mix(self.chance)
    }

    fn ask(&mut self, actor: Actor, operation: Option<Operation>, action: Action) -> Outcome {
        let by = Provenance { actor, channel: Channel::Page, reason: 0 };
        self.decide(&Command { by, operation, action })
    }

    fn decide(&mut self, command: &Command) -> Outcome {
        let outcome = self.book.record(command, self.now, &mut self.entries);
        for entry in &self.entries {
            self.book.apply(entry, self.now);
        }
        self.entries.clear();
        outcome
    }
}

fn mix(bits: u64) -> u64 {
    let mut z = bits.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[expect(clippy::disallowed_methods, reason = "a measurement reads the clock; nothing is decided by it")]
fn now() -> Instant {
    Instant::now()
}

fn per_person(started: Instant) -> f64 {
    started.elapsed().as_secs_f64() * 1e9 / f64::from(PEOPLE)
}

fn figure(out: &mut impl Write, id: &str, value: f64, unit: &str) -> std::io::Result<()> {
    let untold = r#""baseline":null,"ratio":null,"goal":null,"met":null"#;
    writeln!(out, r#"{{"id":"{id}","value":{value:.1},"unit":"{unit}",{untold}}}"#)
}
