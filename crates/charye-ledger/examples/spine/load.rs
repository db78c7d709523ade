//! Bench: the load. One thread asks; either each answer makes room for the next question, or questions come at a fixed
//! rate, whatever the answers do.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use charye_domain::book::{
    Action, Actor, Authority, Channel, Command, Operation, Outcome, Places, Provenance, Rejection, StaffNumber,
};
use charye_domain::citizen::CitizenFacts;
use charye_domain::ids::{CampaignId, CitizenKey, KeyId, OperationKey, Person, ReservationNumber, SlotId};
use charye_engine::Engine;
use charye_engine::sequencer::answer::{Answer, AnswerCounter, Question, ReplyTo, Told};
use jiff::civil::date;

use crate::figures::quantile;

/// Through the lane that citizens wait in: the call centre has one of its own, far smaller.
const AGENT: Provenance = Provenance { actor: Actor::Agent(StaffNumber(1)), channel: Channel::Api, reason: 1 };
const SYSTEM: Provenance = Provenance { actor: Actor::System, channel: Channel::Api, reason: 0 };

/// What one measured run did.
pub(crate) struct Run {
    pub(crate) per_sec: f64,
    /// From the question to its release by the sequencer's thread, sorted. Unit: milliseconds.
    pub(crate) latencies_ms: Vec<f32>,
}

impl Run {
    pub(crate) fn quantile_ms(&self, part: f64) -> f64 {
        quantile(&self.latencies_ms, part)
    }

    pub(crate) fn longest_ms(&self) -> f64 {
        self.latencies_ms.last().copied().map_or(0.0, f64::from)
    }
}

/// When the next question may be asked.
#[derive(Clone, Copy)]
enum Pace {
    /// As soon as another is answered.
    Unpaced,
    /// So many a second, however long answers take.
    PerSec(f64),
}

/// Questions a paced load may have unanswered: a stall shows in those, whatever is asked later. Below a lane's room.
const PACED_IN_FLIGHT: usize = 12_000;
/// Longest sleep of a paced load.
const TICK: Duration = Duration::from_micros(500);

pub(crate) struct Load {
    engine: Arc<Engine>,
    desk: Arc<Desk>,
    blocks: u32,
    registered: u32,
    /// People who have asked for a place.
    asked: u32,
    random: u64,
}

impl Load {
    pub(crate) fn new(engine: Arc<Engine>, blocks: u32) -> Self {
        Self::after(engine, blocks, 0, 0)
    }

    /// A load on an engine that knows so many people already, of whom so many have asked.
    pub(crate) fn after(engine: Arc<Engine>, blocks: u32, registered: u32, asked: u32) -> Self {
        let random = 0x2021_0809 ^ u64::from(asked) << 32;
        Self { engine, desk: Arc::default(), blocks, registered, asked, random }
    }

    /// Registers people until so many wait to ask.
    pub(crate) fn register_waiting(&mut self, people: u32) {
        let waiting = self.registered - self.asked;
        self.register(people.saturating_sub(waiting));
    }

    pub(crate) fn register(&mut self, people: u32) {
        let first = self.registered;
        self.run(
            2_048,
            Pace::Unpaced,
            |count, _| count < people,
            move |_, count| {
                let person = first + count;
                let mut key = [0; 16];
                key[..8].copy_from_slice(&mixed(u64::from(person)).to_le_bytes());
                key[8..].copy_from_slice(&mixed(u64::from(person) ^ 0xffff_0000_0000).to_le_bytes());
                let action = Action::RegisterCitizen { key_id: KeyId(1), key: CitizenKey(key), former: Arc::from([]) };
                Command { by: SYSTEM, operation: None, action }
            },
        );
        self.registered += people;
    }

    pub(crate) fn reserve_count(&mut self, count: u32, in_flight: usize) {
        self.run(in_flight, Pace::Unpaced, |asked, _| asked < count, |load, _| load.reserve());
    }

    /// Keeps so many questions in flight, each a reservation of another person, for this long or until nobody is left.
    pub(crate) fn reserve_for(&mut self, span: Duration, in_flight: usize) -> Run {
        let left = self.registered - self.asked;
        let more = |asked: u32, began: Instant| asked < left && (!asked.is_multiple_of(64) || began.elapsed() < span);
        self.run(in_flight, Pace::Unpaced, more, |load, _| load.reserve())
    }

    /// Asks at a fixed rate for this long.
    pub(crate) fn reserve_paced(&mut self, span: Duration, per_sec: f64) -> Run {
        let count = (span.as_secs_f64() * per_sec) as u32;
        assert!(count <= self.registered - self.asked, "people were registered before");
        self.run(PACED_IN_FLIGHT, Pace::PerSec(per_sec), |asked, _| asked < count, |load, _| load.reserve())
    }

    /// Asks at a fixed rate until it is over, or until everybody who was registered has asked.
    pub(crate) fn reserve_until(&mut self, over: &AtomicBool, per_sec: f64) -> Run {
        let left = self.registered - self.asked;
        let more = |asked: u32, _: Instant| asked < left && !over.load(Ordering::Relaxed);
        self.run(PACED_IN_FLIGHT, Pace::PerSec(per_sec), more, |load, _| load.reserve())
    }

    pub(crate) fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// Refusals for any reason but a full slot: there must be none.
    pub(crate) fn refused_wrongly(&self) -> u64 {
        let answers = self.desk.inner.lock().unwrap();
        answers.refused - answers.sold_out
    }

    fn reserve(&mut self) -> Command {
        let person = Person(self.asked);
        self.asked += 1;
        self.random = mixed(self.random);
        let slot =
            SlotId((self.random % u64::from(self.blocks)) as u32 * SlotId::PER_BLOCK + (self.random >> 40) as u32 % 16);
        let number = ReservationNumber::from_random(mixed(self.random ^ 1));
        let key = u128::from(mixed(self.random ^ 2)) << 64 | u128::from(mixed(u64::from(person.0)));
        Command {
            by: AGENT,
            operation: Some(Operation { key: OperationKey(key), request_hash: self.random }),
            action: Action::ReserveAtOnce {
                person,
                campaign: CampaignId(0),
                authority: Authority::Staff,
                facts: CitizenFacts { birth_date: date(1990, 3, 19) },
                places: Places { first: slot, second: None },
                number,
            },
        }
    }

    /// Asks while `more(asked so far, began)`, with at most `in_flight` unanswered; then waits for the rest.
    fn run(
        &mut self,
        in_flight: usize,
        pace: Pace,
        more: impl Fn(u32, Instant) -> bool,
        mut command: impl FnMut(&mut Self, u32) -> Command,
    ) -> Run {
        let began = Instant::now();
        let mut asked_at = vec![began; in_flight];
        let mut free: Vec<u64> = (0..in_flight as u64).collect();
        let mut latencies_ms = Vec::new();
        let mut asked = 0;
        let mut done = 0_u32;
        let mut released = Released::default();
        loop {
            let due = match pace {
                Pace::Unpaced => u32::MAX,
                Pace::PerSec(per_sec) => (began.elapsed().as_secs_f64() * per_sec) as u32,
            };
            while !free.is_empty() && asked < due && more(asked, began) {
                let tag = free.pop().unwrap();
                let question = Question::Command(command(self, asked));
                asked_at[tag as usize] = Instant::now();
                let counter = Arc::clone(&self.desk) as Arc<dyn AnswerCounter>;
                self.engine.submit(question, ReplyTo::counter(counter, tag)).unwrap();
                asked += 1;
            }
            if done == asked && !more(asked, began) {
                break;
            }
            match pace {
                Pace::Unpaced => self.desk.wait(&mut released),
                Pace::PerSec(_) => self.desk.wait_at_most(TICK, &mut released),
            }
            let mut tags = released.tags.iter();
            for (count, at) in &released.batches {
                for tag in tags.by_ref().take(*count) {
                    let waited = at.saturating_duration_since(asked_at[*tag as usize]);
                    latencies_ms.push(waited.as_secs_f32() * 1_000.0);
                    free.push(*tag);
                    done += 1;
                }
            }
            released.clear();
        }
        let per_sec = f64::from(done) / began.elapsed().as_secs_f64();
        latencies_ms.sort_by(f32::total_cmp);
        Run { per_sec, latencies_ms }
    }
}

/// Where answers come back to.
#[derive(Default)]
struct Desk {
    inner: Mutex<Answers>,
    come: Condvar,
}

#[derive(Default)]
struct Answers {
    released: Released,
    /// Tags answered, and not released yet.
    unreleased: usize,
    refused: u64,
    sold_out: u64,
}

/// Tags in the order in which they were answered, and how many were released when.
#[derive(Default)]
struct Released {
    tags: Vec<u64>,
    batches: Vec<(usize, Instant)>,
}

impl Released {
    fn clear(&mut self) {
        self.tags.clear();
        self.batches.clear();
    }
}

impl Desk {
    /// Swaps what was released into `released`, once there is anything.
    fn wait(&self, released: &mut Released) {
        let answers = self.inner.lock().unwrap();
        let mut answers = self.come.wait_while(answers, |answers| answers.released.batches.is_empty()).unwrap();
        answers.hand_over(released);
    }

    fn wait_at_most(&self, span: Duration, released: &mut Released) {
        let answers = self.inner.lock().unwrap();
        let (mut answers, _) =
            self.come.wait_timeout_while(answers, span, |answers| answers.released.batches.is_empty()).unwrap();
        answers.hand_over(released);
    }
}

impl Answers {
    fn hand_over(&mut self, released: &mut Released) {
        std::mem::swap(&mut self.released, released);
        // What is answered and not released yet stays here.
        let kept = released.tags.len() - self.unreleased;
        self.released.tags.extend(released.tags.drain(kept..));
    }
}

impl AnswerCounter for Desk {
    fn answer(&self, tag: u64, answer: Answer) {
        let mut answers = self.inner.lock().unwrap();
        answers.released.tags.push(tag);
        answers.unreleased += 1;
        match answer.told {
            Told::Outcome { outcome: Outcome::Refused(rejection), .. } => {
                answers.refused += 1;
                answers.sold_out += u64::from(rejection == Rejection::SoldOut);
            }
            Told::Outcome { .. } => {}
            other => panic!("{other:?}"),
        }
    }

    fn released(&self) {
        let mut answers = self.inner.lock().unwrap();
        let count = std::mem::take(&mut answers.unreleased);
        answers.released.batches.push((count, Instant::now()));
        drop(answers);
        self.come.notify_one();
    }
}

/// SplitMix64: cheap, and the same every run.
fn mixed(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
