//! Room: domain/law. Laws I9, I10 and I17 where people wait: who was called follows from places and counts alone, so that a
//! visit nobody was called to is found. Kept by hand in sorted sets, apart from the book's line and door.
//!
//! `Called` says how many; the lowest places are whom it means. `docs/laws.md` says precisely what "in order" is.

use std::collections::{BTreeMap, BTreeSet};

use crate::book::{Actor, Draw, EndOfVisit, Event};
use crate::campaign::Campaign;
use crate::ids::{CampaignId, OpeningId, Person};
use crate::law::{Bypass, Findings, Law};
use crate::opening::ReservationWindow;
use crate::time::UnixMillis;
use crate::waiting_room::admission::{Calls, Terms};
use crate::waiting_room::draw::{Commitments, secret_commitment};
use crate::waiting_room::line::Position;
use crate::waiting_room::place::Place;
use crate::waiting_room::steering::Steering;

/// Admissions of the line that earn one returner, while others wait.
const ADMISSIONS_PER_RETURNER: u64 = 4;

/// The lines of every opening that somebody came to.
#[derive(Default)]
pub(super) struct Lines {
    lines: BTreeMap<(CampaignId, OpeningId), NaiveLine>,
    /// The opening in which somebody is inside.
    inside: BTreeMap<Person, (CampaignId, OpeningId)>,
}

struct NaiveLine {
    terms: Terms,
    window: ReservationWindow,
    paused: bool,
    draw: NaiveDraw,
    people: BTreeMap<Person, Known>,
    /// Numbers are given in order of first arrival.
    numbers: Vec<Person>,
    waiting: BTreeSet<(Position, Person)>,
    /// The highest position of the line that was called.
    served: Option<Position>,
    /// Called, with the end of their grace and whether by the returners' lane.
    called: BTreeMap<Person, (UnixMillis, bool)>,
    last_until: UnixMillis,
    returners: BTreeMap<u64, Person>,
    next_return: u64,
    admitted: u64,
    /// Returners called while others waited.
    returners_called: u64,
    web_inside: BTreeSet<Person>,
    agents_inside: BTreeSet<Person>,
}

#[derive(Default)]
struct NaiveDraw {
    committed: Option<Commitments>,
    listed: u32,
    closed: bool,
    revealed: bool,
    placed: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Enrolled,
    Waiting,
    Called,
    /// Left before being called: the same place again until it is passed.
    LeftWaiting,
    Gone,
}

#[derive(Clone, Copy)]
struct Known {
    number: u32,
    place: Place,
    stage: Stage,
}

impl Lines {
    pub(super) fn check(
        &mut self,
        campaign: Option<&Campaign>,
        (event, by): (&Event, Actor),
        at: UnixMillis,
        findings: &mut Findings,
    ) {
        match event {
            Event::PersonErased { person } => self.lines.values_mut().for_each(|line| line.leave(*person)),
            Event::OutageNoted { gap_ms } => {
                let gap_ms = i64::try_from(*gap_ms).unwrap_or(i64::MAX);
                self.lines.values_mut().for_each(|line| line.move_deadlines(gap_ms));
            }
            Event::VisitEnded { person, cause, .. } => self.visit_ended(*person, *cause),
            _ => {}
        }
        let Some(campaign) = campaign else { return };
        match event {
            Event::CampaignPublished { .. } => self.take_up(campaign),
            Event::VisitStarted { person, opening, .. } => {
                self.inside.insert(*person, (campaign.id, *opening));
                if let Some(line) = self.of(campaign, *opening) {
                    line.visit_started(*person, by, at, findings);
                }
            }
            Event::Confirmed { person, .. } | Event::Reserved { person, .. } => {
                let of_campaign = |of: &CampaignId| *of == campaign.id;
                let lines = self.lines.iter_mut().filter(|((of, _), _)| of_campaign(of));
                lines.for_each(|(_, line)| line.leave(*person));
            }
            _ => {}
        }
        let Some(opening) = opening_of(event) else { return };
        if let Event::Steered { steering, .. } = event
            && let Steering::OpenAt(opens_at) = **steering
        {
            if let Some(line) = self.lines.get_mut(&(campaign.id, opening)) {
                line.window.opens_at = opens_at;
            }
            return;
        }
        match self.of(campaign, opening) {
            Some(line) => line.check(event, at, findings),
            None => findings.add(Law::I10, format!("opening {opening} has no line")),
        }
    }

    fn of(&mut self, campaign: &Campaign, opening: OpeningId) -> Option<&mut NaiveLine> {
        let (plan, of_opening) = (campaign.line.as_ref()?, campaign.opening(opening)?);
        let line = self.lines.entry((campaign.id, opening));
        Some(line.or_insert_with(|| NaiveLine::new(plan.terms, of_opening.window.clone())))
    }

    fn visit_ended(&mut self, person: Person, cause: EndOfVisit) {
        let opening = self.inside.remove(&person);
        if let Some(line) = opening.and_then(|opening| self.lines.get_mut(&opening))
            && !line.agents_inside.remove(&person)
        {
            line.web_inside.remove(&person);
            if cause != EndOfVisit::OurFault {
                line.leave(person);
            }
        }
    }

    /// A newer version: its windows, and its terms where they differ from those in force.
    fn take_up(&mut self, campaign: &Campaign) {
        for ((of, opening), line) in &mut self.lines {
            if let (true, Some(window)) = (*of == campaign.id, campaign.opening(*opening).map(|o| &o.window)) {
                line.window = window.clone();
            }
        }
    }

    /// The terms of a newer version, where it has others than the version before.
    pub(super) fn take_up_terms(&mut self, before: Option<&Campaign>, campaign: &Campaign) {
        let terms = |campaign: &Campaign| campaign.line.as_ref().map(|plan| plan.terms);
        if let (Some(new), true) = (terms(campaign), before.and_then(terms) != terms(campaign)) {
            let of_campaign = self.lines.iter_mut().filter(|((of, _), _)| *of == campaign.id);
            of_campaign.for_each(|(_, line)| line.terms = new);
        }
    }
}

/// The opening whose line an event is about.
fn opening_of(event: &Event) -> Option<OpeningId> {
    match event {
        Event::DrawCommitted { opening, .. }
        | Event::Enrolled { opening, .. }
        | Event::DrawClosed { opening, .. }
        | Event::DrawRevealed { opening, .. }
        | Event::PlacesDrawn { opening, .. }
        | Event::Arrived { opening, .. }
        | Event::CameBack { opening, .. }
        | Event::LeftLine { opening, .. }
        | Event::PutBack { opening, .. }
        | Event::Called { opening, .. }
        | Event::Steered { opening, .. } => Some(*opening),
        _ => None,
    }
}

impl NaiveLine {
    fn new(terms: Terms, window: ReservationWindow) -> Self {
        Self {
            terms,
            window,
            paused: false,
            draw: NaiveDraw::default(),
            people: BTreeMap::new(),
            numbers: Vec::new(),
            waiting: BTreeSet::new(),
            served: None,
            called: BTreeMap::new(),
            last_until: UnixMillis(i64::MIN),
            returners: BTreeMap::new(),
            next_return: 0,
            admitted: 0,
            returners_called: 0,
            web_inside: BTreeSet::new(),
            agents_inside: BTreeSet::new(),
        }
    }

    fn check(&mut self, event: &Event, at: UnixMillis, findings: &mut Findings) {
        let mut demand = |holds: bool, what: &str| findings.unless(holds, Law::I10, || what.to_owned());
        match event {
            Event::DrawCommitted { commitments, .. } => {
                demand(self.draw.committed.is_none(), "a draw is committed to twice");
                demand(at < self.window.opens_at, "a draw is committed to after its opening");
                self.draw.committed = Some(**commitments);
            }
            Event::Enrolled { person, .. } => {
                demand(self.draw.committed.is_some(), "somebody enrols in a draw that nobody committed to");
                let again = self.people.get(person).is_some_and(|known| known.stage == Stage::Enrolled);
                demand(again || at < self.window.opens_at, "somebody enrols after the opening");
                self.enrol(*person, findings);
            }
            Event::DrawClosed { closing, .. } => {
                demand(self.draw.committed.is_some() && !self.draw.closed, "a list is closed out of turn");
                demand(at >= self.window.opens_at, "a list is closed before the opening");
                demand(
                    closing.count == self.on_list(),
                    "a list is closed with another number of people than are on it",
                );
                self.draw.closed = true;
            }
            Event::DrawRevealed { secret, public_value, .. } => {
                demand(self.draw.closed && !self.draw.revealed, "a secret is told out of turn");
                let committed = self.draw.committed.is_some_and(|known| known.secret == secret_commitment(secret));
                demand(committed, "the secret told is not the one committed to");
                demand(public_value.len() <= Draw::PUBLIC_VALUE_BYTES_MAX, "a public value is too long");
                self.draw.revealed = true;
            }
            Event::PlacesDrawn { from, places, .. } => {
                demand(self.draw.revealed && *from == self.draw.placed, "places are drawn out of turn");
                let numbers = *from as usize + places.len();
                demand(numbers <= self.draw.listed as usize, "more places are drawn than people are on the list");
                demand(places.iter().all(|place| place.is_drawn()), "a place that is not a drawn one is drawn");
                self.place(*from, places);
            }
            Event::Arrived { person, place, .. } => self.arrive(*person, *place, at, findings),
            Event::CameBack { person, number, .. } => self.come_back(*person, *number, at, findings),
            Event::LeftLine { person, .. } => {
                let stands = self.people.get(person).is_some_and(|known| known.stage.is_in_line());
                demand(stands, "somebody leaves a line they do not stand in");
                self.leave(*person);
            }
            Event::PutBack { person, .. } => self.put_back(*person, findings),
            Event::Called { calls, .. } => self.call(*calls, at, findings),
            Event::Steered { steering, .. } => self.steer(steering),
            _ => {}
        }
    }

    fn enrol(&mut self, person: Person, findings: &mut Findings) {
        let new = self.numbers.len() as u32;
        let known = self.people.entry(person).or_insert(Known { number: new, place: Place(0), stage: Stage::Gone });
        if known.number == new {
            self.numbers.push(person);
        }
        findings.unless(matches!(known.stage, Stage::Gone | Stage::Enrolled), Law::I10, || {
            format!("person {person} has a place and enrols")
        });
        known.stage = Stage::Enrolled;
        self.draw.listed = self.draw.listed.max(known.number.saturating_add(1));
    }

    /// People on the list that have not left it.
    fn on_list(&self) -> u64 {
        self.people.values().filter(|known| known.stage == Stage::Enrolled).count() as u64
    }

    fn place(&mut self, from: u32, places: &[Place]) {
        for (number, place) in (from..).zip(places) {
            let person = self.numbers.get(number as usize);
            if let Some(known) = person.and_then(|person| self.people.get_mut(person))
                && known.stage == Stage::Enrolled
            {
                (known.place, known.stage) = (*place, Stage::Waiting);
                self.waiting.extend(person.map(|person| (Position::of(*place, *person), *person)));
            }
        }
        self.draw.placed = from.saturating_add(places.len() as u32);
    }

    /// One place a person: the one they have; or the one they left; or the one of when their sign-in began.
    fn arrive(&mut self, person: Person, place: Place, at: UnixMillis, findings: &mut Findings) {
        let new = self.numbers.len() as u32;
        let known = self.people.get(&person).copied();
        let fits = match known.map(|known| (known.stage, known.place)) {
            Some((Stage::Waiting | Stage::Called, had)) => place == had,
            Some((Stage::Enrolled, _)) => false,
            Some((Stage::LeftWaiting, had)) => place == had || self.is_of_now(place, at),
            Some((Stage::Gone, _)) | None => self.is_of_now(place, at),
        };
        findings.unless(fits, Law::I10, || format!("person {person} gets place {} out of turn", place.0));
        let stands = known.is_some_and(|known| matches!(known.stage, Stage::Waiting | Stage::Called));
        if stands {
            return;
        }
        let number = known.map_or(new, |known| known.number);
        if number == new {
            self.numbers.push(person);
        }
        self.people.insert(person, Known { number, place, stage: Stage::Waiting });
        self.waiting.insert((Position::of(place, person), person));
    }

    /// Whether a sign-in of the last ten minutes has this place.
    fn is_of_now(&self, place: Place, at: UnixMillis) -> bool {
        let opens_at = self.window.opens_at;
        let earliest = Place::after_opening(opens_at, UnixMillis(i64::MIN), at);
        let latest = Place::after_opening(opens_at, at, at);
        (earliest..=latest).contains(&place) && self.window.contains(at)
    }

    fn come_back(&mut self, person: Person, number: u64, at: UnixMillis, findings: &mut Findings) {
        let had = self.returners.iter().find(|(_, other)| **other == person).map(|(number, _)| *number);
        let missed = self.people.get(&person).is_some_and(|known| known.stage == Stage::Called)
            && !self.web_inside.contains(&person)
            && self.called.get(&person).is_none_or(|(until, _)| *until <= at);
        findings.unless(missed, Law::I10, || format!("person {person} comes back who was not called"));
        findings.unless(number == had.unwrap_or(self.next_return), Law::I10, || {
            format!("person {person} comes back at another place of the lane than the last")
        });
        if had.is_none() {
            self.returners.insert(number, person);
            self.next_return = self.next_return.max(number.saturating_add(1));
        }
    }

    fn put_back(&mut self, person: Person, findings: &mut Findings) {
        match self.people.get_mut(&person) {
            Some(known) if known.stage == Stage::Called => {
                known.stage = Stage::Waiting;
                self.waiting.insert((Position::of(known.place, person), person));
            }
            _ => findings.add(Law::I10, format!("person {person} is put back who was not called")),
        }
    }

    fn leave(&mut self, person: Person) {
        if let Some(known) = self.people.get_mut(&person) {
            let waited = self.waiting.remove(&(Position::of(known.place, person), person));
            known.stage = match known.stage {
                Stage::Waiting if waited => Stage::LeftWaiting,
                Stage::LeftWaiting => Stage::LeftWaiting,
                _ => Stage::Gone,
            };
        }
        self.called.remove(&person);
        self.returners.retain(|_, other| *other != person);
    }

    fn call(&mut self, calls: Calls, at: UnixMillis, findings: &mut Findings) {
        findings.unless(!self.paused, Law::I10, || "people are called in a pause".to_owned());
        findings.unless(self.window.contains(at), Law::I10, || "people are called outside the window".to_owned());
        let drawn = self.draw.committed.is_none() || (self.draw.closed && self.draw.placed >= self.draw.listed);
        findings.unless(drawn, Law::I10, || "people are called before all places are drawn".to_owned());

        self.called.retain(|_, (until, _)| at < *until);
        let until = at.plus_millis(self.terms.grace_ms()).max(self.last_until);
        findings.unless(calls.total() > 0, Law::I10, || "a call calls nobody".to_owned());
        self.last_until = until;
        for _ in 0..calls.overtaken {
            match self.next_overtaken() {
                Some(first) => self.take(first, until),
                None => return findings.add(Law::I10, "more overtaken people are called than there are"),
            }
        }
        let passed_over = (calls.line > 0 || calls.returners > 0) && self.next_overtaken().is_some();
        findings.unless(!passed_over, Law::I10, || "people are called past somebody who was overtaken".to_owned());
        let others_wait = !self.waiting.is_empty();
        for _ in 0..calls.returners {
            match self.returners.pop_first() {
                Some((_, person)) => drop(self.called.insert(person, (until, true))),
                None => return findings.add(Law::I10, "more returners are called than there are"),
            }
            self.returners_called += u64::from(others_wait);
        }
        findings.unless(self.returners_called * ADMISSIONS_PER_RETURNER <= self.admitted, Law::I10, || {
            "returners are more than one admission in five while others wait".to_owned()
        });
        for _ in 0..calls.line {
            match self.waiting.first().copied() {
                Some(first) => {
                    self.take(first, until);
                    self.served = self.served.max(Some(first.0));
                }
                None => return findings.add(Law::I10, "more people are called than wait"),
            }
        }
        self.check_cap(findings);
    }

    fn next_overtaken(&self) -> Option<(Position, Person)> {
        self.waiting.first().copied().filter(|(position, _)| Some(*position) <= self.served)
    }

    fn take(&mut self, first: (Position, Person), until: UnixMillis) {
        self.waiting.remove(&first);
        let (_, person) = first;
        if let Some(known) = self.people.get_mut(&person) {
            known.stage = Stage::Called;
        }
        self.called.insert(person, (until, false));
    }

    fn visit_started(&mut self, person: Person, by: Actor, at: UnixMillis, findings: &mut Findings) {
        if matches!(by, Actor::Agent(_)) {
            self.agents_inside.insert(person);
            let seats = self.terms.agent_seats() as usize;
            findings.unless(self.agents_inside.len() <= seats, Law::I17, || {
                format!("the agents have {seats} seats and person {person} is one more")
            });
            self.called.retain(|_, (until, _)| at < *until);
            return self.check_cap(findings);
        }
        self.web_inside.insert(person);
        match self.called.remove(&person).filter(|(until, _)| at < *until) {
            Some((_, returner)) => self.admitted += u64::from(!returner),
            None => findings.add_bypass(Bypass::VisitWithoutCall, format!("person {person} comes in without a call")),
        }
    }

    /// Law I17, asked when occupation grows only: a lower cap sends nobody out.
    fn check_cap(&self, findings: &mut Findings) {
        let occupied = self.called.len() + self.web_inside.len() + self.agents_inside.len();
        let cap = self.terms.hard_cap();
        findings.unless(occupied <= cap as usize, Law::I17, || format!("{occupied} people on {cap} seats"));
    }

    fn steer(&mut self, steering: &Steering) {
        match steering {
            Steering::Terms { hard_cap, rate_min_per_min, rate_max_per_min } => {
                let terms = self.terms.with_hard_cap(*hard_cap);
                self.terms = terms.with_rates(*rate_min_per_min..=*rate_max_per_min).unwrap_or(terms);
            }
            Steering::Pause(_) | Steering::Drain => self.paused = true,
            Steering::Resume => self.paused = false,
            Steering::OpenAt(_) | Steering::CloseToArrivals | Steering::ReopenToArrivals | Steering::Message(_) => {}
        }
    }

    fn move_deadlines(&mut self, gap_ms: i64) {
        self.called.values_mut().for_each(|(until, _)| *until = until.plus_millis(gap_ms));
        self.last_until = self.last_until.plus_millis(gap_ms);
    }
}

impl Stage {
    fn is_in_line(self) -> bool {
        matches!(self, Self::Enrolled | Self::Waiting | Self::Called)
    }
}
