//! Bench: the load. One thread keeps so many questions in flight; each answer makes room for the next.

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

const AGENT: Provenance = Provenance { actor: Actor::Agent(StaffNumber(1)), channel: Channel::Call, reason: 1 };
const SYSTEM: Provenance = Provenance { actor: Actor::System, channel: Channel::Api, reason: 0 };

/// What one measured run did.
pub(crate) struct Run {
    pub(crate) per_sec: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

pub(crate) struct Load {
    engine: Arc<Engine>,
    desk: Arc<Desk>,
    blocks: u32,
    registered: u32,
    /// People who have asked for a place.
    asked: u32,
    random: u64,
    former: Arc<[(KeyId, CitizenKey)]>,
}

impl Load {
    pub(crate) fn new(engine: Arc<Engine>, blocks: u32) -> Self {
        let former = Arc::from([]);
        Self { engine, desk: Arc::default(), blocks, registered: 0, asked: 0, random: 0x2021_0809, former }
    }

    /// Registers people for as long as a burst of reservations may need, at twice the rate seen so far.
    pub(crate) fn register_for(&mut self, span: Duration) {
        let wanted = 2 * (span.as_secs() as u32) * 900_000 + 200_000;
        let waiting = self.registered - self.asked;
        self.register(wanted.saturating_sub(waiting));
    }

    pub(crate) fn register(&mut self, people: u32) {
        let first = self.registered;
        self.run(
            2_048,
            |count, _| count < people,
            move |load, count| {
                let person = first + count;
                let mut key = [0; 16];
                key[..8].copy_from_slice(&mixed(u64::from(person)).to_le_bytes());
                key[8..].copy_from_slice(&mixed(u64::from(person) ^ 0xffff_0000_0000).to_le_bytes());
                let former = Arc::clone(&load.former);
                let action = Action::RegisterCitizen { key_id: KeyId(1), key: CitizenKey(key), former };
                Command { by: SYSTEM, operation: None, action }
            },
        );
        self.registered += people;
    }

    pub(crate) fn reserve_count(&mut self, count: u32, in_flight: usize) {
        self.run(in_flight, |done, _| done < count, |load, _| load.reserve());
    }

    pub(crate) fn reserve_for(&mut self, span: Duration, in_flight: usize) -> Run {
        let until = self.registered;
        let left = until - self.asked;
        self.run(
            in_flight,
            |done, began| done < left && (done % 64 != 0 || began.elapsed() < span),
            |load, _| load.reserve(),
        )
    }

    pub(crate) fn refused(&self) -> u64 {
        self.desk.inner.lock().unwrap().refused
    }

    pub(crate) fn refused_sold_out(&self) -> u64 {
        self.desk.inner.lock().unwrap().sold_out
    }

    fn reserve(&mut self) -> Command {
        let person = Person(self.asked);
        self.asked += 1;
        self.random = mixed(self.random);
        let slot =
            SlotId((self.random % u64::from(self.blocks)) as u32 * SlotId::PER_BLOCK + (self.random >> 40) as u32 % 16);
        let number = ReservationNumber::from_random(mixed(self.random ^ 1));
        let key = u128::from(mixed(self.random ^ 2)) << 64 | u128::from(person.0);
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
        more: impl Fn(u32, Instant) -> bool,
        mut command: impl FnMut(&mut Self, u32) -> Command,
    ) -> Run {
        let began = Instant::now();
        let mut asked_at = vec![began; in_flight];
        let mut free: Vec<u64> = (0..in_flight as u64).collect();
        let mut latencies = Vec::new();
        let mut asked = 0;
        let mut done = 0_u32;
        loop {
            while !free.is_empty() && more(asked, began) {
                let tag = free.pop().unwrap();
                let question = Question::Command(command(self, asked));
                asked_at[tag as usize] = Instant::now();
                let counter = Arc::clone(&self.desk) as Arc<dyn AnswerCounter>;
                self.engine.submit(question, ReplyTo::counter(counter, tag)).unwrap();
                asked += 1;
            }
            if done == asked {
                break;
            }
            let (answered, at) = self.desk.wait();
            for tag in answered {
                latencies.push((at - asked_at[tag as usize]).as_secs_f64() * 1_000.0);
                free.push(tag);
                done += 1;
            }
        }
        let secs = began.elapsed().as_secs_f64();
        latencies.sort_by(f64::total_cmp);
        let at = |part: f64| latencies.get((latencies.len() as f64 * part) as usize).copied().unwrap_or_default();
        Run { per_sec: f64::from(done) / secs, p50_ms: at(0.5), p99_ms: at(0.99) }
    }
}

/// Where answers come back to.
#[derive(Default)]
struct Desk {
    inner: Mutex<Answers>,
    released: Condvar,
}

#[derive(Default)]
struct Answers {
    tags: Vec<u64>,
    released: bool,
    refused: u64,
    sold_out: u64,
}

impl Desk {
    fn wait(&self) -> (Vec<u64>, Instant) {
        let mut answers = self.inner.lock().unwrap();
        while !answers.released {
            answers = self.released.wait(answers).unwrap();
        }
        answers.released = false;
        (std::mem::take(&mut answers.tags), Instant::now())
    }
}

impl AnswerCounter for Desk {
    fn answer(&self, tag: u64, answer: Answer) {
        let mut answers = self.inner.lock().unwrap();
        answers.tags.push(tag);
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
        self.inner.lock().unwrap().released = true;
        self.released.notify_one();
    }
}

/// SplitMix64: cheap, and the same every run.
fn mixed(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
