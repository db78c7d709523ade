//! Room: domain/waiting_room/admission. The door of one opening: who has been called and may come in, how many seats are
//! left. Derived from the journal (calls, visits started and ended, terms), so every node has the same one. Never lets
//! inside and called people together grow past the hard cap, and never calls anyone past somebody with a lower place.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use super::returners::Returners;
use super::terms::Terms;
use crate::ids::Person;
use crate::time::UnixMillis;
use crate::waiting_room::line::{Line, Stage};
use crate::waiting_room::place::Place;

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
    /// The same by the end of the grace, oldest first; those who came are still in it.
    graces: VecDeque<(UnixMillis, Person)>,
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
            graces: VecDeque::new(),
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
        let mut seats = self.seats_free(at);
        if self.paused.is_some() {
            seats = 0;
        }
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
        let earliest = self.graces.back().map_or(at, |(until, _)| *until);
        let until = at.plus_millis(self.terms.grace_ms()).max(earliest);
        for (person, lane) in &people {
            self.called.insert(*person, Grace { called_at: at, until, lane: *lane });
            self.graces.push_back((until, *person));
        }
        Called { people, now_serving: line.now_serving() }
    }

    /// What somebody who asks at `at` is told. Asking changes nothing.
    pub fn turn(&self, person: Person, line: &Line, at: UnixMillis) -> Turn {
        if let Some(grace) = self.called.get(&person).filter(|grace| at < grace.until) {
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
        self.called.remove(&person);
        self.web_inside = self.web_inside.saturating_add(1);
        if grace.lane == Lane::Line {
            self.returners.line_admitted();
        }
        Ok((grace.called_at, grace.lane))
    }

    /// Somebody who was called gives the place up: the seat is free at once.
    pub fn give_up(&mut self, person: Person) {
        self.called.remove(&person);
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
        let occupied = self.occupied(at);
        if self.agents_inside >= self.terms.agent_seats() || occupied >= self.terms.hard_cap() {
            return Err(NotCalled);
        }
        self.agents_inside += 1;
        Ok(())
    }

    /// An agent's visit has ended.
    pub fn agent_visit_ended(&mut self) {
        self.agents_inside = self.agents_inside.saturating_sub(1);
    }

    /// We stood still for `gap_ms`: nobody's grace ran meanwhile.
    pub fn move_deadlines(&mut self, gap_ms: i64) {
        for (until, _) in &mut self.graces {
            *until = until.plus_millis(gap_ms);
        }
        for grace in self.called.values_mut() {
            grace.until = grace.until.plus_millis(gap_ms);
        }
    }

    /// People inside and people called who may still come, counted in full. Never grows past the cap.
    pub fn occupied(&mut self, at: UnixMillis) -> u32 {
        self.forget_passed(at);
        self.inside().saturating_add(self.called.len() as u32)
    }

    /// Seats the web line may still be called to.
    pub fn seats_free(&mut self, at: UnixMillis) -> u32 {
        let occupied = self.occupied(at);
        let web = self.web_inside.saturating_add(self.called.len() as u32);
        let of_web = self.terms.web_seats().saturating_sub(web);
        of_web.min(self.terms.hard_cap().saturating_sub(occupied))
    }

    /// Visits running, agents' included.
    pub fn inside(&self) -> u32 {
        self.web_inside.saturating_add(self.agents_inside)
    }

    /// Returners who may be called now.
    pub fn returners_callable(&self, line: &Line) -> u32 {
        self.returners.callable(line.waiting().total() > 0)
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

    /// Forgets those whose grace has passed. What [`Self::turn`] says does not depend on it.
    fn forget_passed(&mut self, at: UnixMillis) {
        while let Some((until, person)) = self.graces.front().copied().filter(|(until, _)| *until <= at) {
            self.graces.pop_front();
            if self.called.get(&person).is_some_and(|grace| grace.until == until) {
                self.called.remove(&person);
            }
        }
    }
}
