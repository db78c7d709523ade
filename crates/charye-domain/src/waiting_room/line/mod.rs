//! Room: domain/waiting_room. The line of one opening: who waits at which place, how many are ahead, who is next.
//!
//! Called when somebody enrols or arrives, by the door ([`crate::waiting_room::admission`]) when it calls, and, for its
//! histogram alone, by every poll. Derived from the journal only, so every node has the same line. Never decides how many
//! are called, and never calls a higher place while a lower one waits.

mod arrivals;
mod histogram;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::ids::Person;
use crate::waiting_room::place::Place;
use crate::waiting_room::wait_estimate::Promise;

use arrivals::{Arrivals, NONE};
pub use histogram::Histogram;

/// Where in the line: by place, and among equal places by tie. No two people ever stand at one position, and whoever holds
/// a ticket can tell theirs, because it follows from the place and the person alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub place: Place,
    /// See [`Position::of`].
    pub tie: u32,
}

impl Position {
    /// Where `person` stands at `place`. The tie is the person's number, mixed with the place so that nobody goes first
    /// everywhere for having registered first: the finaliser of MurmurHash3, which gives different people different ties.
    pub fn of(place: Place, person: Person) -> Self {
        let mut tie = person.0 ^ (place.0 as u32) ^ ((place.0 >> 32) as u32);
        tie = (tie ^ tie >> 16).wrapping_mul(0x85eb_ca6b);
        tie = (tie ^ tie >> 13).wrapping_mul(0xc2b2_ae35);
        Self { place, tie: tie ^ tie >> 16 }
    }
}

/// A position in a list, and whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Queued {
    position: Position,
    /// Of the record.
    number: u32,
}

/// How far somebody has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// On the list of the draw; has no place yet.
    Enrolled,
    Waiting,
    /// Called: within the grace, inside, or missing. The door knows which.
    Called,
    /// Reserved, or gave the place up.
    Gone,
}

/// What the line knows of one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// None of an [`Stage::Enrolled`] person.
    pub place: Option<Place>,
    /// Given in order of first arrival, from 0.
    pub number: u32,
    pub stage: Stage,
    pub promise: Promise,
}

/// One person's record, as an image holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LineRecord {
    pub(crate) person: Person,
    pub(crate) place: Place,
    pub(crate) stage: Stage,
    /// Whether they would get this place back if they came again.
    pub(crate) linked: bool,
    pub(crate) promise: Promise,
}

/// The line is as long as it may get: nobody more can be remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the line already holds as many people as it may")]
pub struct LineFull;

/// The line of one opening.
pub struct Line {
    waiting: Arc<Histogram>,
    arrivals: Arrivals,
    /// First record of each bucket's list. Lists of buckets before `next_bucket` are empty: those people are at the front.
    heads: Vec<u32>,
    next_bucket: u32,
    /// The bucket being called, first to be called last.
    front: Vec<Queued>,
    /// Waiting, although people behind them have been called: their sign-in began early and ended late.
    overtaken: BTreeSet<Queued>,
    /// Counts changes of `overtaken`.
    overtaken_changes: u64,
    served: Option<Position>,
}

impl Line {
    /// An empty line for a window of `window_ms` milliseconds, with room made at once for the people expected, and a limit
    /// to how many it will ever remember.
    pub fn new(window_ms: u64, expected: u32, people_max: u32) -> Self {
        let waiting = Arc::new(Histogram::new(window_ms));
        let heads = vec![NONE; waiting.buckets() as usize];
        Self {
            waiting,
            arrivals: Arrivals::new(expected, people_max),
            heads,
            next_bucket: 0,
            front: Vec::new(),
            overtaken: BTreeSet::new(),
            overtaken_changes: 0,
            served: None,
        }
    }

    /// Puts somebody on the list of the draw. Again, from however many devices: nothing changes.
    ///
    /// # Errors
    /// The line is full.
    pub fn enrol(&mut self, person: Person) -> Result<Standing, LineFull> {
        match self.record_mut(person) {
            Some(record) if record.stage == Stage::Gone && !record.linked => record.stage = Stage::Enrolled,
            Some(_) => {}
            None => {
                self.arrivals.push(person, Place(0), Stage::Enrolled).ok_or(LineFull)?;
            }
        }
        self.standing(person).ok_or(LineFull)
    }

    /// Gives somebody on the list the place that was drawn. Somebody who is not on it, or has a place, keeps what they have.
    pub fn place_drawn(&mut self, person: Person, place: Place) {
        let Some(number) = self.arrivals.number(person) else { return };
        if self.arrivals.get(number).is_some_and(|record| record.stage == Stage::Enrolled) {
            self.stand(number, place);
        }
    }

    /// Somebody has signed in. Who is in the line already keeps their place, whatever `place` says; who had left before
    /// being called gets the old one back; who comes back after a visit goes to `place`.
    ///
    /// # Errors
    /// The line is full.
    pub fn arrive(&mut self, person: Person, place: Place) -> Result<Standing, LineFull> {
        match self.arrivals.number(person) {
            None => {
                let number = self.arrivals.push(person, place, Stage::Enrolled).ok_or(LineFull)?;
                self.stand(number, place);
            }
            Some(number) => {
                let record = self.arrivals.get(number).ok_or(LineFull)?;
                match (record.stage, record.linked) {
                    (Stage::Gone, true) => self.stand_again(number),
                    (Stage::Gone, false) => self.stand(number, place),
                    (Stage::Enrolled | Stage::Waiting | Stage::Called, _) => {}
                }
            }
        }
        self.standing(person).ok_or(LineFull)
    }

    /// Somebody has reserved or gives the place up. Whether they were waiting, called or on the list.
    pub fn leave(&mut self, person: Person) {
        let Some(record) = self.record_mut(person) else { return };
        let (place, stage) = (record.place, record.stage);
        record.stage = Stage::Gone;
        record.promise = Promise::SPENT;
        if stage == Stage::Waiting {
            self.waiting.remove(place);
        }
    }

    /// Somebody was called and it came to nothing by a fault of ours: back to the place they had, ahead of everyone who has
    /// not been called.
    pub fn put_back(&mut self, person: Person) {
        let Some(number) = self.arrivals.number(person) else { return };
        let Some(record) = self.arrivals.get(number) else { return };
        if record.stage == Stage::Called && !record.linked {
            let place = record.place;
            self.stand(number, place);
        }
    }

    /// Calls the next person who was overtaken: always before [`Self::call_next`].
    pub fn call_overtaken(&mut self) -> Option<Person> {
        while let Some(queued) = self.overtaken.pop_first() {
            self.overtaken_changes += 1;
            if let Some(person) = self.take(queued) {
                return Some(person);
            }
        }
        None
    }

    /// Calls the next person of the line, and moves now-serving to them. `None` when nobody is left to call, or somebody
    /// who was overtaken must go first.
    pub fn call_next(&mut self) -> Option<Person> {
        if self.overtaken_waiting() {
            return None;
        }
        loop {
            while let Some(queued) = self.front.pop() {
                if let Some(person) = self.take(queued) {
                    self.served = self.served.max(Some(queued.position));
                    return Some(person);
                }
            }
            if !self.bring_forward() {
                return None;
            }
        }
    }

    /// Everybody below this place has been called, and somebody at it. Only ever rises; 0 before the first call.
    pub fn now_serving(&self) -> Place {
        self.served.map_or(Place(0), |position| position.place)
    }

    /// The position called last of the line: whoever stands at or before it has been called, or was overtaken and is among
    /// [`Self::overtaken`]. Only ever rises; none before the first call.
    pub fn served(&self) -> Option<Position> {
        self.served
    }

    /// Whether somebody who stands before now-serving still waits to be called.
    pub fn overtaken_waiting(&self) -> bool {
        self.overtaken.iter().any(|queued| self.waits(*queued))
    }

    /// How many of them there are.
    pub fn overtaken_waiting_count(&self) -> u32 {
        self.overtaken.iter().filter(|queued| self.waits(**queued)).count() as u32
    }

    /// Where they stand, next to be called first; who has left since stands here until their turn.
    pub fn overtaken(&self) -> impl Iterator<Item = Position> + '_ {
        self.overtaken.iter().map(|queued| queued.position)
    }

    /// Goes up whenever [`Self::overtaken`] changes.
    pub fn overtaken_changes(&self) -> u64 {
        self.overtaken_changes
    }

    /// How many of them, at most: who has left since still counts until their turn.
    pub fn overtaken_max(&self) -> usize {
        self.overtaken.len()
    }

    /// The place that somebody who arrives now stands at: the one they had, if they left before their turn came, or else
    /// `place`. Only for who is not in the line.
    pub fn place_to_take(&self, person: Person, place: Place) -> Place {
        let kept = self.arrivals.number(person).and_then(|number| self.arrivals.get(number));
        kept.filter(|record| record.stage == Stage::Gone && record.linked).map_or(place, |record| record.place)
    }

    /// Whether somebody who would stand at `place` now has been overtaken by others already.
    pub fn would_be_overtaken(&self, person: Person, place: Place) -> bool {
        self.served.is_some_and(|served| Position::of(place, person) <= served)
    }

    /// Whether nobody more can be remembered.
    pub fn is_full(&self) -> bool {
        self.arrivals.is_full()
    }

    /// Who has this number: given in order of first arrival, from 0.
    pub fn person(&self, number: u32) -> Option<Person> {
        self.arrivals.person(number)
    }

    /// What the line knows of somebody, found by who they are: the same from every device, after every restart.
    pub fn standing(&self, person: Person) -> Option<Standing> {
        let number = self.arrivals.number(person)?;
        let record = self.arrivals.get(number)?;
        let place = (record.stage != Stage::Enrolled).then_some(record.place);
        Some(Standing { place, number, stage: record.stage, promise: record.promise })
    }

    /// Keeps the first range that somebody was told since they stand here. A later one changes nothing.
    pub fn promise(&mut self, person: Person, promise: Promise) {
        let untold = |promise| promise == Promise::NONE || promise == Promise::SPENT;
        if let Some(record) = self.record_mut(person).filter(|record| untold(record.promise)) {
            record.promise = promise;
        }
    }

    /// Everybody who waits with a place, by place: all that polls look at.
    pub fn waiting(&self) -> &Arc<Histogram> {
        &self.waiting
    }

    /// People this line remembers, whatever became of them.
    pub fn people(&self) -> u32 {
        self.arrivals.len()
    }

    /// Memory of everything that finds places again, without the histogram. Unit: bytes.
    pub fn index_bytes(&self) -> usize {
        self.arrivals.bytes() + (self.heads.capacity() * size_of::<u32>()) + self.front.capacity() * size_of::<Queued>()
    }

    /// Everybody this line remembers, by number, for an image.
    pub(crate) fn records(&self) -> impl Iterator<Item = LineRecord> + '_ {
        (0..self.arrivals.len()).filter_map(|number| self.arrivals.get(number)).map(|record| LineRecord {
            person: record.person,
            place: record.place,
            stage: record.stage,
            linked: record.linked,
            promise: record.promise,
        })
    }

    /// Who was called last of the line, and from which bucket on nobody was looked at, for an image.
    pub(crate) fn marks(&self) -> (Option<Position>, u32) {
        (self.served, self.next_bucket)
    }

    /// Sets an empty line's marks as an image has them, before its records. `false` if they do not fit together.
    pub(crate) fn set_marks(&mut self, served: Option<Position>, next_bucket: u32) -> bool {
        (self.served, self.next_bucket) = (served, next_bucket);
        let sound = served.is_none_or(|served| self.waiting.bucket(served.place) < next_bucket);
        sound && next_bucket <= self.waiting.buckets()
    }

    /// Takes the next record of an image. `false` if it cannot be one: somebody is in it twice, or too many are.
    pub(crate) fn restore(&mut self, record: LineRecord) -> bool {
        let waits = record.stage == Stage::Waiting;
        if self.arrivals.number(record.person).is_some() || (waits && !record.linked) {
            return false;
        }
        let Some(number) = self.arrivals.push(record.person, record.place, record.stage) else { return false };
        let Some(arrival) = self.arrivals.get_mut(number) else { return false };
        arrival.promise = record.promise;
        if record.linked {
            self.link(number, record.place);
        }
        if waits {
            self.waiting.add(record.place);
        }
        true
    }

    fn stand(&mut self, number: u32, place: Place) {
        let Some(record) = self.arrivals.get_mut(number) else { return };
        // Whoever stood here before was promised a wait then, if at all.
        let again = record.stage != Stage::Enrolled;
        record.place = place;
        record.stage = Stage::Waiting;
        record.promise = if again { Promise::SPENT } else { Promise::NONE };
        self.waiting.add(place);
        self.link(number, place);
    }

    /// Names a record where its turn will be found.
    fn link(&mut self, number: u32, place: Place) {
        let bucket = self.waiting.bucket(place);
        let Some(record) = self.arrivals.get_mut(number) else { return };
        record.linked = true;
        let queued = Queued { position: Position::of(place, record.person), number };
        if self.served.is_some_and(|served| queued.position <= served) {
            self.overtaken.insert(queued);
            self.overtaken_changes += 1;
        } else if bucket < self.next_bucket {
            let at = self.front.partition_point(|ahead| *ahead > queued);
            self.front.insert(at, queued);
        } else if let Some(head) = self.heads.get_mut(bucket as usize) {
            record.next = std::mem::replace(head, number);
        }
    }

    /// Somebody who left while waiting is back before their turn came.
    fn stand_again(&mut self, number: u32) {
        if let Some(record) = self.arrivals.get_mut(number) {
            record.stage = Stage::Waiting;
            let place = record.place;
            self.waiting.add(place);
        }
    }

    /// Takes somebody out of the waiting, if they still wait.
    fn take(&mut self, queued: Queued) -> Option<Person> {
        let record = self.arrivals.get_mut(queued.number)?;
        record.linked = false;
        if record.stage != Stage::Waiting {
            return None;
        }
        record.stage = Stage::Called;
        let person = record.person;
        self.waiting.remove(queued.position.place);
        Some(person)
    }

    fn waits(&self, queued: Queued) -> bool {
        self.arrivals.get(queued.number).is_some_and(|record| record.stage == Stage::Waiting)
    }

    /// Brings the next bucket in which somebody waits to the front. `false` if there is none.
    fn bring_forward(&mut self) -> bool {
        let Some(bucket) = self.waiting.next_with_people(self.next_bucket) else { return false };
        // People of the buckets passed over have all left; they stay linked there and come back by `stand_again`,
        // so their lists come to the front too.
        for passed in self.next_bucket..=bucket {
            let Some(head) = self.heads.get_mut(passed as usize) else { continue };
            let mut number = std::mem::replace(head, NONE);
            while let Some(record) = self.arrivals.get(number) {
                let position = Position::of(record.place, record.person);
                self.front.push(Queued { position, number });
                number = record.next;
            }
        }
        self.next_bucket = bucket + 1;
        self.front.sort_unstable_by(|a, b| b.cmp(a));
        true
    }

    fn record_mut(&mut self, person: Person) -> Option<&mut arrivals::Arrival> {
        let number = self.arrivals.number(person)?;
        self.arrivals.get_mut(number)
    }
}
