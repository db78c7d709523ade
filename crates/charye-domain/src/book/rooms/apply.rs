//! Room: domain/book/rooms. What events do to waiting rooms. Called by `book/apply`, in the order of the journal. Never judges:
//! a fact that the rules would not have allowed still takes its seat.

use crate::book::rooms::promises::Judge;
use crate::book::rooms::{Rooms, WaitingRoom};
use crate::book::{Actor, EndOfVisit, Event};
use crate::campaign::Campaign;
use crate::ids::{CampaignId, CitizenKey, OpeningId, Person};
use crate::time::UnixMillis;
use crate::waiting_room::admission::{Calls, Lane, PauseReason, Terms};
use crate::waiting_room::line::Stage;
use crate::waiting_room::place::Place;
use crate::waiting_room::steering::Steering;
use crate::waiting_room::wait_estimate::{Promise, WaitRange};

impl Rooms {
    /// An event of a line. Any other one does nothing here.
    pub(in crate::book) fn apply(&mut self, campaign: &Campaign, event: &Event, at: UnixMillis) {
        match event {
            Event::DrawCommitted { opening, key_id, commitments } => {
                self.with(campaign, *opening, |room| room.draw.committed = Some((*key_id, **commitments)));
            }
            Event::Enrolled { person, opening } => self.with(campaign, *opening, |room| room.enrol(*person)),
            Event::DrawClosed { opening, closing } => {
                self.with(campaign, *opening, |room| room.draw.closing = Some(**closing));
            }
            Event::DrawRevealed { opening, secret, public_value } => {
                let revealed = ((**secret).clone(), public_value.clone());
                self.with(campaign, *opening, |room| room.draw.revealed = Some(revealed));
            }
            Event::PlacesDrawn { opening, from, places } => {
                self.with(campaign, *opening, |room| room.place_drawn(*from, places, at));
            }
            Event::Arrived { person, opening, place, promise } => {
                self.with(campaign, *opening, |room| room.arrive(*person, *place, *promise, at));
            }
            Event::CameBack { person, opening, .. } => self.with(campaign, *opening, |room| {
                room.door.come_back(*person, &room.line, at);
            }),
            Event::LeftLine { person, opening } => self.with(campaign, *opening, |room| room.leave(*person)),
            Event::PutBack { person, opening } => self.with(campaign, *opening, |room| {
                room.note_somebody_waits(at);
                room.line.put_back(*person);
            }),
            Event::Called { opening, calls } => self.with(campaign, *opening, |room| room.call(*calls, at)),
            Event::Steered { opening, steering, .. } => {
                self.with(campaign, *opening, |room| room.steer(steering));
            }
            _ => {}
        }
    }

    /// A visit has started in an opening that has a line.
    pub(in crate::book) fn visit_started(
        &mut self,
        campaign: &Campaign,
        opening: OpeningId,
        (person, by): (Person, Actor),
        at: UnixMillis,
    ) {
        self.with(campaign, opening, |room| {
            if matches!(by, Actor::Agent(_)) {
                room.agents_inside.insert(person);
                if room.door.agent_enters(at).is_err() {
                    room.door.agent_enters_uncalled();
                }
            } else if room.door.enter(person, at).is_err() {
                room.door.enter_uncalled();
            }
        });
    }

    /// A visit has ended. Who is not put back has left the line with it; an agent's caller keeps what they had there.
    pub(in crate::book) fn visit_ended(
        &mut self,
        campaign: CampaignId,
        opening: OpeningId,
        person: Person,
        cause: EndOfVisit,
    ) {
        let Some(room) = self.rooms.get_mut(&(campaign, opening)) else { return };
        if room.agents_inside.remove(&person) {
            return room.door.agent_visit_ended();
        }
        room.door.visit_ended();
        if cause != EndOfVisit::OurFault {
            room.leave(person);
        }
    }

    /// Somebody has what they came for: no line of the campaign has them any longer.
    pub(in crate::book) fn fulfilled(&mut self, campaign: CampaignId, person: Person) {
        let of_campaign = (campaign, OpeningId(0))..=(campaign, OpeningId(u8::MAX));
        self.rooms.range_mut(of_campaign).for_each(|(_, room)| room.leave(person));
    }

    /// This person is about to lose the key they have, for another or for good. Of whoever is on a list that is closed it is
    /// kept as long as the room: what was published of the list shall still be seen to be true.
    pub(in crate::book) fn keep_key_drawn_with(&mut self, person: Person, key: CitizenKey) {
        for room in self.rooms.values_mut() {
            if let Some(standing) = room.line.standing(person) {
                room.draw.keep_key_drawn_with(standing.number, key);
            }
        }
    }

    /// Nobody knows this person any longer.
    pub(in crate::book) fn erase(&mut self, person: Person) {
        self.rooms.values_mut().for_each(|room| room.leave(person));
    }

    pub(in crate::book) fn move_deadlines(&mut self, gap_ms: u64) {
        let gap_ms = i64::try_from(gap_ms).unwrap_or(i64::MAX);
        self.rooms.values_mut().for_each(|room| room.door.move_deadlines(gap_ms));
    }

    /// A newer version of a campaign is in force, or an opening begins at another time.
    pub(in crate::book) fn take_up(&mut self, campaign: &Campaign, before: Option<&Campaign>) {
        let Some(plan) = &campaign.line else {
            return self.rooms.retain(|(of, _), _| *of != campaign.id);
        };
        let before = before.and_then(|before| before.line.as_ref());
        let of_campaign = (campaign.id, OpeningId(0))..=(campaign.id, OpeningId(u8::MAX));
        self.rooms.range_mut(of_campaign).for_each(|(_, room)| room.take_up(campaign, plan, before));
        self.set_next_forgotten();
    }

    fn with(&mut self, campaign: &Campaign, opening: OpeningId, change: impl FnOnce(&mut WaitingRoom)) {
        if let Some(room) = self.get_or_make(campaign, opening) {
            change(room);
        }
    }
}

impl WaitingRoom {
    fn enrol(&mut self, person: Person) {
        if let Ok(standing) = self.line.enrol(person)
            && standing.stage == Stage::Enrolled
        {
            self.draw.enrol(standing.number);
        }
    }

    fn place_drawn(&mut self, from: u32, places: &[Place], at: UnixMillis) {
        self.note_somebody_waits(at);
        for (number, place) in (from..).zip(places) {
            if let Some(person) = self.line.person(number) {
                self.line.place_drawn(person, *place);
            }
        }
        self.draw.placed = from.saturating_add(places.len() as u32);
    }

    fn arrive(&mut self, person: Person, place: Place, promise: Option<WaitRange>, at: UnixMillis) {
        self.note_somebody_waits(at);
        let arrived = self.line.arrive(person, place);
        if let (Ok(_), Some(range)) = (arrived, promise) {
            self.line.promise(person, Promise::new(range, at, self.opens_at, self.door.terms_number()));
        }
    }

    fn leave(&mut self, person: Person) {
        let Some(standing) = self.line.standing(person) else { return };
        if standing.stage == Stage::Enrolled {
            self.draw.leave(standing.number);
        }
        self.line.leave(person);
        self.door.give_up(person);
    }

    fn call(&mut self, calls: Calls, at: UnixMillis) {
        if self.line.waiting().total() > 0 {
            self.speed.stood_still(at);
        }
        let called = self.door.call(calls, &mut self.line, at);
        let mut passed = 0;
        for (person, lane) in &called.people {
            if *lane == Lane::Line {
                passed += 1;
                let judge = Judge {
                    at,
                    opens_at: self.opens_at,
                    terms: self.door.terms(),
                    terms_number: self.door.terms_number(),
                };
                if let Some(standing) = self.line.standing(*person) {
                    self.promises.note_called(&standing, judge);
                }
            }
        }
        self.speed.note_passed(passed, at);
        self.measure(at);
    }

    /// Takes up what the speed says now; if it says something for the first time, everybody who waits is told.
    fn measure(&mut self, at: UnixMillis) {
        let before = std::mem::replace(&mut self.measured, self.speed.measured());
        if let (None, Some(measured)) = (before, self.measured) {
            self.promises.tell_at_once(at, measured, self.line.people(), self.door.terms_number());
        }
    }

    fn steer(&mut self, steering: &Steering) {
        match steering {
            Steering::Terms { hard_cap, rate_min_per_min, rate_max_per_min } => {
                let terms = self.door.terms().with_hard_cap(*hard_cap);
                if let Ok(terms) = terms.with_rates(*rate_min_per_min..=*rate_max_per_min) {
                    self.change_terms(terms);
                }
            }
            Steering::Pause(reason) => self.pause(*reason),
            Steering::Resume => {
                self.door.resume();
                self.speed.resume();
            }
            // Moves the opening in the campaign, which the room then takes up.
            Steering::OpenAt(_) => {}
            Steering::CloseToArrivals => self.closed_to_arrivals = true,
            Steering::ReopenToArrivals => self.closed_to_arrivals = false,
            Steering::Message(message) => self.message.clone_from(message),
            Steering::Drain => {
                self.closed_to_arrivals = true;
                self.pause(PauseReason::Operator);
            }
        }
    }

    fn pause(&mut self, reason: PauseReason) {
        self.door.pause(reason);
        self.speed.pause();
    }

    /// Door and speed change together: what was measured under other terms says nothing.
    pub(super) fn change_terms(&mut self, terms: Terms) {
        self.door.change_terms(terms);
        self.speed.terms_changed();
        self.measured = None;
    }

    /// Somebody is about to wait: if nobody did, the line's clock starts anew.
    fn note_somebody_waits(&mut self, at: UnixMillis) {
        if self.line.waiting().total() == 0 {
            self.speed.nobody_waited(at);
        }
    }
}
