//! Room: domain/waiting_room/admission. The door of one opening: who has been called and may come in, how many seats are
//! left. Derived from the journal (calls, visits started and ended, terms), so every node has the same one. Never lets
//! inside and called people together grow past the hard cap, and never calls anyone past somebody with a lower place.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use super::returners::Returners;
use super::terms::Terms;
use crate::ids::Person;
use crate::time::UnixMillis;
use crate::waiting_room::line::{Line, Stage};
use crate::waiting_room::place::Place;
use crate::weakness::Defence;

/// How many to call, from each lane. Together with the moment, this is all that the journal needs of a decision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// People whose sign-in began before others who are called already: they go first.
    pub overtaken: u32,
    pub returners: u32,
    pub line: u32,
}

impl Calls {
    /// People in all.
    pub fn total(&self) -> u32 {
        self.overtaken.saturating_add(self.returners).saturating_add(self.line)
    }
}

/// Who was called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Called {
    pub people: Vec<(Person, Lane)>,
    /// Everybody below this place has been called, and somebody at it.
    pub now_serving: Place,
}

/// By which lane somebody comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    Line,
    Returners,
}

/// What somebody who asks is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Called: may come in until then.
    Come { until: UnixMillis },
    /// So many lower places wait.
    Wait { ahead: u32 },
    /// On the list of the draw; places are not drawn yet.
    Enrolled,
    /// Was called and did not come: so many who came back earlier go first. [`Door::come_back`] takes a place in that lane.
    Missed { ahead: u32 },
    /// Stands in no line: has not signed in for this opening, has reserved, or gave the place up.
    NoPlace,
}

/// Why nobody is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PauseReason {
    Operator,
    /// No place for reservations is left; places in the line are kept.
    NothingLeft,
    /// The gate is in trouble: those inside go on, nobody new comes in.
    GateInTrouble,
}

/// Somebody came to the door whom it has not called, or too late.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this person has not been called, or their grace has passed")]
pub struct NotCalled;

#[derive(Clone, Copy)]
struct Grace {
    called_at: UnixMillis,
    until: UnixMillis,
    lane: Lane,
}

/// The door of one opening.
pub struct Door {
    terms: Terms,
    /// Counts pauses and changes of terms: a promise given under another number is void.
    terms_number: u16,
    paused: Option<PauseReason>,
    /// Called, and may still come. At most the cap.
    called: FxHashMap<Person, Grace>,
    /// The same by the end of the grace, oldest first.
    graces: BTreeSet<(UnixMillis, Person)>,
    /// The end of the latest grace given: no later one ends earlier.
    last_until: UnixMillis,
    web_inside: u32,
    agents_inside: u32,
    returners: Returners,
}

impl Door {
    /// A door with nobody inside.
    pub fn new(terms: Terms) -> Self {
        Self {
            terms,
            terms_number: 0,
            paused: None,
            called: FxHashMap::default(),
            graces: BTreeSet::new(),
            last_until: UnixMillis(i64::MIN),
            web_inside: 0,
            agents_inside: 0,
            returners: Returners::default(),
        }
    }

    /// Other terms from now on. A lower cap sends nobody out: nobody is called until enough have left.
    pub fn change_terms(&mut self, terms: Terms) {
        self.terms = terms;
        self.terms_number = self.terms_number.wrapping_add(1);
    }

    /// Nobody is called from now on. Who has been called may still come.
    pub fn pause(&mut self, reason: PauseReason) {
        self.paused = Some(reason);
        self.terms_number = self.terms_number.wrapping_add(1);
    }

    /// Calling goes on, in order.
    pub fn resume(&mut self) {
        self.paused = None;
        self.terms_number = self.terms_number.wrapping_add(1);
    }

    /// Calls people: overtaken, then returners, then the line, as many as asked for but never more than there are seats, and
    /// no returner and nobody of the line while somebody overtaken waits.
    pub fn call(&mut self, calls: Calls, line: &mut Line, at: UnixMillis) -> Called {
        let mut people = Vec::new();
        self.forget_passed(at);
        let mut seats = self.seats_to_call_to(at);
        let overtaken = calls.overtaken.min(seats);
        people.extend((0..overtaken).map_while(|_| line.call_overtaken()).map(|person| (person, Lane::Line)));
        seats -= people.len() as u32;
        if !line.overtaken_waiting() {
            let others_wait = line.waiting().total() > 0;
            let returners = calls.returners.min(seats).min(self.returners.callable(others_wait));
            people.extend(
                (0..returners).map_while(|_| self.returners.call_next(others_wait)).map(|p| (p, Lane::Returners)),
            );
            seats -= returners;
            let of_line = calls.line.min(seats);
            people.extend((0..of_line).map_while(|_| line.call_next()).map(|person| (person, Lane::Line)));
        }
        let until = at.plus_millis(self.terms.grace_ms()).max(self.last_until);
        if !people.is_empty() {
            self.last_until = until;
        }
        for (person, lane) in &people {
            self.called.insert(*person, Grace { called_at: at, until, lane: *lane });
            self.graces.insert((until, *person));
        }
        Called { people, now_serving: line.now_serving() }
    }

    /// As many of these as [`Self::call`] would call now, from each lane.
    pub fn bounded(&self, calls: Calls, line: &Line, at: UnixMillis) -> Calls {
        let seats = self.seats_to_call_to(at);
        let all_overtaken = line.overtaken_waiting_count();
        let overtaken = calls.overtaken.min(all_overtaken).min(seats);
        if overtaken < all_overtaken {
            return Calls { overtaken, ..Calls::default() };
        }
        let waiting = line.waiting().total().saturating_sub(overtaken);
        let seats = seats - overtaken;
        let returners = calls.returners.min(seats).min(self.returners.callable(waiting > 0));
        Calls { overtaken, returners, line: calls.line.min(seats - returners).min(waiting) }
    }

    /// What somebody who asks at `at` is told. Asking changes nothing.
    pub fn turn(&self, person: Person, line: &Line, at: UnixMillis) -> Turn {
        if let Some(grace) = self.called.get(&person).filter(|grace| at < grace.until || Defence::Grace.is_off()) {
            return Turn::Come { until: grace.until };
        }
        match line.standing(person).map(|standing| (standing.stage, standing.place)) {
            None | Some((Stage::Gone, _)) => Turn::NoPlace,
            Some((Stage::Enrolled, _) | (_, None)) => Turn::Enrolled,
            Some((Stage::Waiting, Some(place))) => Turn::Wait { ahead: line.waiting().people_before(place) },
            Some((Stage::Called, _)) => {
                Turn::Missed { ahead: self.returners.ahead_of(person).unwrap_or(self.returners.len()) }
            }
        }
    }

    /// Somebody whose turn is [`Turn::Missed`] takes a place in the returners' lane, or keeps the one they have. How many
    /// are ahead of them there. Anybody else is left where they are: `None`.
    pub fn come_back(&mut self, person: Person, line: &Line, at: UnixMillis) -> Option<u32> {
        match self.turn(person, line, at) {
            Turn::Missed { .. } => Some(self.returners.come_back(person)),
            Turn::Come { .. } | Turn::Wait { .. } | Turn::Enrolled | Turn::NoPlace => None,
        }
    }

    /// Somebody who was called comes in: their visit has started. When they were called, for the show-up ratio.
    ///
    /// # Errors
    /// Not called, or the grace has passed.
    pub fn enter(&mut self, person: Person, at: UnixMillis) -> Result<(UnixMillis, Lane), NotCalled> {
        let grace = *self.called.get(&person).filter(|grace| at < grace.until).ok_or(NotCalled)?;
        self.forget_called(person);
        self.web_inside = self.web_inside.saturating_add(1);
        if grace.lane == Lane::Line {
            self.returners.line_admitted();
        }
        Ok((grace.called_at, grace.lane))
    }

    /// When somebody was called who may still come.
    pub fn called_at(&self, person: Person) -> Option<UnixMillis> {
        self.called.get(&person).map(|grace| grace.called_at)
    }

    /// Somebody who was called, or is back, gives the place up: the seat is free at once.
    pub fn give_up(&mut self, person: Person) {
        self.forget_called(person);
        self.returners.leave(person);
    }

    /// Somebody is inside whom this door did not call. No decision lets that happen; the journal may still say so, and then
    /// they take a seat like everybody.
    pub fn enter_uncalled(&mut self) {
        self.web_inside = self.web_inside.saturating_add(1);
    }

    /// An agent is inside although no seat was free for them; see [`Self::enter_uncalled`].
    pub fn agent_enters_uncalled(&mut self) {
        self.agents_inside = self.agents_inside.saturating_add(1);
    }

    /// A visit of the web line has ended, however it did.
    pub fn visit_ended(&mut self) {
        self.web_inside = self.web_inside.saturating_sub(1);
    }

    /// An agent begins a visit for a caller, if one of the agents' seats is free.
    ///
    /// # Errors
    /// Their share of the cap is taken.
    pub fn agent_enters(&mut self, at: UnixMillis) -> Result<(), NotCalled> {
        if !self.agent_may_enter(at) {
            return Err(NotCalled);
        }
        self.agents_inside += 1;
        Ok(())
    }

    /// Whether one of the agents' seats is free.
    pub fn agent_may_enter(&self, at: UnixMillis) -> bool {
        self.agents_inside < self.terms.agent_seats() && self.occupied(at) < self.terms.hard_cap()
    }

    /// An agent's visit has ended.
    pub fn agent_visit_ended(&mut self) {
        self.agents_inside = self.agents_inside.saturating_sub(1);
    }

    /// We stood still for `gap_ms`: nobody's grace ran meanwhile.
    pub fn move_deadlines(&mut self, gap_ms: i64) {
        self.graces = self.graces.iter().map(|(until, person)| (until.plus_millis(gap_ms), *person)).collect();
        for grace in self.called.values_mut() {
            grace.until = grace.until.plus_millis(gap_ms);
        }
        self.last_until = self.last_until.plus_millis(gap_ms);
    }

    /// People inside and people called who may still come, counted in full. Never grows past the cap.
    pub fn occupied(&self, at: UnixMillis) -> u32 {
        self.inside().saturating_add(self.called(at))
    }

    /// People called who may still come.
    pub fn called(&self, at: UnixMillis) -> u32 {
        let passed = self.graces.iter().take_while(|(until, _)| *until <= at).count();
        self.called.len().saturating_sub(passed) as u32
    }

    /// Whether anybody was called whose grace runs at `at`.
    pub fn has_called(&self, at: UnixMillis) -> bool {
        self.graces.last().is_some_and(|(until, _)| at < *until)
    }

    /// Seats the web line may still be called to, were it not for a pause.
    pub fn seats_free(&self, at: UnixMillis) -> u32 {
        if Defence::Cap.is_off() {
            return u32::MAX;
        }
        let called = self.called(at);
        let of_web = self.terms.web_seats().saturating_sub(self.web_inside.saturating_add(called));
        of_web.min(self.terms.hard_cap().saturating_sub(self.inside().saturating_add(called)))
    }

    /// Whether there will be a seat of the web line once one of its visits has ended.
    pub fn seat_free_after_one_leaves(&self, at: UnixMillis) -> bool {
        let web = self.web_inside.saturating_sub(1).saturating_add(self.called(at));
        web < self.terms.web_seats() && web.saturating_add(self.agents_inside) < self.terms.hard_cap()
    }

    /// Visits running, agents' included.
    pub fn inside(&self) -> u32 {
        self.web_inside.saturating_add(self.agents_inside)
    }

    /// Returners who may be called now.
    pub fn returners_callable(&self, line: &Line) -> u32 {
        self.returners.callable(line.waiting().total() > 0)
    }

    /// Where somebody stands in the returners' lane.
    pub fn return_number(&self, person: Person) -> Option<u64> {
        self.returners.number(person)
    }

    /// The number in the returners' lane that the next person to come back gets.
    pub fn next_return_number(&self) -> u64 {
        self.returners.next_number()
    }

    /// Numbers of the returners' lane below this one have had their turn.
    pub fn returners_called(&self) -> u64 {
        self.returners.called()
    }

    /// Returners waiting.
    pub fn returners_waiting(&self) -> u32 {
        self.returners.len()
    }

    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// Which terms these are: goes up with every pause, resume and change.
    pub fn terms_number(&self) -> u16 {
        self.terms_number
    }

    pub fn paused(&self) -> Option<PauseReason> {
        self.paused
    }

    fn seats_to_call_to(&self, at: UnixMillis) -> u32 {
        if self.paused.is_some() { 0 } else { self.seats_free(at) }
    }

    fn forget_called(&mut self, person: Person) {
        if let Some(grace) = self.called.remove(&person) {
            self.graces.remove(&(grace.until, person));
        }
    }

    /// Forgets those whose grace has passed. What [`Self::turn`] says does not depend on it.
    fn forget_passed(&mut self, at: UnixMillis) {
        while let Some((_, person)) = self.graces.first().copied().filter(|(until, _)| *until <= at) {
            self.graces.pop_first();
            self.called.remove(&person);
        }
    }

    /// Everything a door knows, for an image. Who is called stands in order of their grace's end.
    pub(crate) fn parts(&self) -> DoorParts {
        let called = self.graces.iter().filter_map(|(_, person)| {
            let grace = self.called.get(person)?;
            Some((*person, grace.called_at, grace.until, grace.lane))
        });
        let (queue, returners_called, line_admissions) = self.returners.parts();
        DoorParts {
            terms: self.terms,
            terms_number: self.terms_number,
            paused: self.paused,
            called: called.collect(),
            last_until: self.last_until,
            web_inside: self.web_inside,
            agents_inside: self.agents_inside,
            returners: queue.collect(),
            returners_called,
            line_admissions,
        }
    }

    /// The door that an image has. `None` if its parts do not fit together.
    pub(crate) fn from_parts(parts: DoorParts) -> Option<Self> {
        let mut door = Self {
            terms_number: parts.terms_number,
            paused: parts.paused,
            last_until: parts.last_until,
            web_inside: parts.web_inside,
            agents_inside: parts.agents_inside,
            returners: Returners::from_parts(parts.returners, parts.returners_called, parts.line_admissions)?,
            ..Self::new(parts.terms)
        };
        for (person, called_at, until, lane) in parts.called {
            door.graces.insert((until, person));
            let twice = door.called.insert(person, Grace { called_at, until, lane }).is_some();
            if twice || until > door.last_until {
                return None;
            }
        }
        Some(door)
    }
}

/// A door in parts: what an image holds of it.
pub(crate) struct DoorParts {
    pub(crate) terms: Terms,
    pub(crate) terms_number: u16,
    pub(crate) paused: Option<PauseReason>,
    pub(crate) called: Vec<(Person, UnixMillis, UnixMillis, Lane)>,
    pub(crate) last_until: UnixMillis,
    pub(crate) web_inside: u32,
    pub(crate) agents_inside: u32,
    pub(crate) returners: Vec<Option<Person>>,
    pub(crate) returners_called: u64,
    pub(crate) line_admissions: u64,
}
