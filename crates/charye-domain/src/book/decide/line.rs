//! Room: domain/book/decide. The line before an opening: taking a place and finding it again, giving it up, calling, and
//! whose turn it is. Places follow from when a sign-in began, never from how often somebody asks.

use crate::book::campaigns::CampaignState;
use crate::book::command::LinePurpose;
use crate::book::decide::{Asking, check_eligible};
use crate::book::people::PersonRow;
use crate::book::rooms::{RoomPhase, WaitingRoom};
use crate::book::{Book, Event, Events, LineStanding, Outcome, Rejection};
use crate::citizen::CitizenFacts;
use crate::eligibility::Ineligible;
use crate::ids::{CampaignId, OpeningId, Person};
use crate::time::UnixMillis;
use crate::vaccine::DoseTwoPolicy;
use crate::waiting_room::admission::{Calls, Turn};
use crate::waiting_room::line::Stage;
use crate::waiting_room::place::Place;
use crate::waiting_room::wait_estimate::{Estimate, WaitRange, estimate_at};
use crate::weakness::Defence;

impl Book {
    /// A place in the line of the person's opening: the one they have, or a new one.
    pub(super) fn arrive(
        &self,
        asking: Asking,
        campaign: CampaignId,
        facts: &CitizenFacts,
        began_at: UnixMillis,
        purpose: LinePurpose,
    ) -> Result<Events, Rejection> {
        let Asking { person, now, .. } = asking;
        let row = self.person(person)?;
        let state = self.in_force(campaign)?;
        let (opening, begun) = match check_eligible(state, facts, now) {
            Ok((opening, _)) => (opening, true),
            Err(Rejection::Ineligible(Ineligible::OpeningNotYet { opening, .. }))
                if self.enrols(state, opening, now) =>
            {
                (opening, false)
            }
            Err(rejection) => return Err(rejection),
        };
        if purpose == LinePurpose::Reserve && self.has_all_doses(row, state) {
            return Err(Rejection::AlreadyReserved);
        }
        let told = |standing| Ok(Events::none(Outcome::InLine { opening, standing }));
        if let Some(until) = self.inside_until(person, campaign, now) {
            return told(LineStanding::Called { until });
        }
        if state.campaign.line.is_none() {
            // Nobody waits here: whoever may reserve may come in.
            let until = state.campaign.opening(opening).map_or(now, |opening| opening.window.closes_at);
            return told(LineStanding::Called { until });
        }
        let room = self.rooms.get(campaign, opening);
        let events = Events::under(&state.campaign);
        let standing = room.and_then(|room| room.standing(person, now)).filter(|_| !Defence::OnePlace.is_off());
        if let Some(standing) = standing {
            return Ok(match (standing, asking.keyed) {
                (Known::Missed { number: None }, _) => self.comes_back(room, opening, person, events),
                (Known::Standing(standing) | Known::Missed { number: Some(standing) }, false) => {
                    Events::none(Outcome::InLine { opening, standing })
                }
                (Known::Standing(standing) | Known::Missed { number: Some(standing) }, true) => {
                    events.and(repeated(room, opening, person, standing))
                }
            });
        }
        if room.is_some_and(WaitingRoom::is_closed_to_arrivals) && !Defence::LineClosed.is_off() {
            return Err(Rejection::LineClosed);
        }
        if room.is_some_and(|room| room.line.is_full()) {
            return Err(Rejection::LimitReached);
        }
        if !begun {
            return Ok(events.and(Event::Enrolled { person, opening }));
        }
        let opens_at = state.campaign.opening(opening).map_or(now, |opening| opening.window.opens_at);
        let late = Place::after_opening(opens_at, began_at, now);
        let place = room.map_or(late, |room| room.line.place_to_take(person, late));
        let promise = room.and_then(|room| room.promise_to(place, now));
        let events = events.and(Event::Arrived { person, opening, place, promise });
        let overtaken = room.is_some_and(|room| {
            room.line.would_be_overtaken(person, place) && room.may_call(now) && room.door.seats_free(now) > 0
        });
        Ok(if overtaken { events.then(call_one_overtaken(opening)) } else { events })
    }

    /// Gives up the place in the line that is nearest to its turn. Who is inside has used theirs.
    pub(super) fn leave_line(&self, asking: Asking, campaign: CampaignId) -> Result<Events, Rejection> {
        self.person(asking.person)?;
        let state = self.in_force(campaign)?;
        Ok(match self.standing_in(asking.person, campaign, asking.now) {
            Some((opening, _)) if self.inside_until(asking.person, campaign, asking.now).is_none() => {
                Events::under(&state.campaign).and(Event::LeftLine { person: asking.person, opening })
            }
            _ => Events::none(Outcome::Done),
        })
    }

    /// Calls as many as asked for and as there are seats. Nobody to call is no event.
    pub(super) fn call(
        &self,
        campaign: CampaignId,
        opening: OpeningId,
        calls: Calls,
        now: UnixMillis,
    ) -> Result<Events, Rejection> {
        let state = self.in_force(campaign)?;
        let Some(room) = self.rooms.get(campaign, opening) else { return Ok(Events::none(Outcome::Done)) };
        if room.phase(now) != RoomPhase::Open {
            return Err(Rejection::DrawOutOfTurn);
        }
        let calls = room.door.bounded(calls, &room.line, now);
        if calls.total() == 0 {
            return Ok(Events::none(Outcome::Done));
        }
        Ok(Events::under(&state.campaign).and(Event::Called { opening, calls }))
    }

    /// Whether a visit may start in an opening that has a line: who was called may come in. `Ok(Some)`: they may not, and
    /// this is what happens instead.
    pub(super) fn turn_to_enter(
        &self,
        asking: Asking,
        state: &CampaignState,
        opening: OpeningId,
    ) -> Result<Option<Events>, Rejection> {
        let Asking { person, now, .. } = asking;
        let room = self.rooms.get(state.campaign.id, opening).ok_or(Rejection::NotCalled)?;
        match room.door.turn(person, &room.line, now) {
            Turn::Come { .. } => Ok(None),
            Turn::Missed { .. } => {
                let events = Events::under(&state.campaign);
                Ok(Some(match room.door.return_number(person) {
                    Some(number) if !asking.keyed => {
                        Events::none(Outcome::InLine { opening, standing: LineStanding::Returning { number } })
                    }
                    _ => self.comes_back(Some(room), opening, person, events),
                }))
            }
            _ if Defence::Call.is_off() => Ok(None),
            Turn::Wait { .. } if Defence::Order.is_off() && room.may_call(now) && room.door.seats_free(now) > 0 => {
                Ok(None)
            }
            Turn::Wait { .. } | Turn::Enrolled | Turn::NoPlace => Err(Rejection::NotCalled),
        }
    }

    /// Where somebody stands in a campaign's lines: in the first one that is not over.
    pub(in crate::book) fn standing_in(
        &self,
        person: Person,
        campaign: CampaignId,
        now: UnixMillis,
    ) -> Option<(OpeningId, LineStanding)> {
        let until = self.inside_until(person, campaign, now);
        self.rooms.of(campaign).filter(|room| now < room.closes_at()).find_map(|room| {
            let standing = match (room.standing(person, now)?, until) {
                (Known::Missed { .. }, Some(until)) => LineStanding::Called { until },
                (Known::Standing(standing) | Known::Missed { number: Some(standing) }, _) => standing,
                // Called, and not come: their number will be the next one.
                (Known::Missed { number: None }, None) => {
                    LineStanding::Returning { number: room.door.next_return_number() }
                }
            };
            Some((room.opening(), standing))
        })
    }

    /// Into the returners' lane, or where they are in it.
    fn comes_back(&self, room: Option<&WaitingRoom>, opening: OpeningId, person: Person, events: Events) -> Events {
        let number =
            room.map_or(0, |room| room.door.return_number(person).unwrap_or_else(|| room.door.next_return_number()));
        events.and(Event::CameBack { person, opening, number })
    }

    fn enrols(&self, state: &CampaignState, opening: OpeningId, now: UnixMillis) -> bool {
        let room = self.rooms.get(state.campaign.id, opening);
        room.is_some_and(|room| room.phase(now) == RoomPhase::Enrolling)
    }

    /// The end of the person's running visit in this campaign.
    fn inside_until(&self, person: Person, campaign: CampaignId, now: UnixMillis) -> Option<UnixMillis> {
        let visit = self.visits.of(person).filter(|visit| visit.campaign == campaign)?;
        Some(self.visits.ends_at(visit)).filter(|ends_at| now < *ends_at)
    }

    /// Whether there is nothing left that this person could reserve in this campaign.
    fn has_all_doses(&self, row: &PersonRow, state: &CampaignState) -> bool {
        let has = self.doses_of(row, state, None);
        match (state.campaign.dose_two, has.first, has.second) {
            (_, None, None) => false,
            (DoseTwoPolicy::Together, ..) | (DoseTwoPolicy::Later, _, Some(_)) => true,
            (DoseTwoPolicy::Later, Some(first), None) => {
                state.campaign.product(first.row.product).is_some_and(|product| product.doses == 1)
            }
        }
    }
}

/// What a room knows of somebody who is in its line.
enum Known {
    Standing(LineStanding),
    /// Was called and is not within the grace any more: inside, or too late. The number is that of the returners' lane.
    Missed {
        number: Option<LineStanding>,
    },
}

impl WaitingRoom {
    /// How far somebody has come; `None` for who is not in this line.
    fn standing(&self, person: Person, now: UnixMillis) -> Option<Known> {
        let standing = self.line.standing(person)?;
        Some(match (standing.stage, standing.place) {
            (Stage::Gone, _) => return None,
            (Stage::Enrolled, _) | (Stage::Waiting, None) => Known::Standing(LineStanding::Enrolled),
            (Stage::Waiting, Some(place)) => Known::Standing(LineStanding::Waiting { place }),
            (Stage::Called, _) => match self.door.turn(person, &self.line, now) {
                Turn::Come { until } => Known::Standing(LineStanding::Called { until }),
                _ => {
                    let number = self.door.return_number(person);
                    Known::Missed { number: number.map(|number| LineStanding::Returning { number }) }
                }
            },
        })
    }

    /// Whether the rules let anybody be called now, seats apart.
    pub(super) fn may_call(&self, now: UnixMillis) -> bool {
        self.phase(now) == RoomPhase::Open && self.door.paused().is_none()
    }

    /// The range that somebody who comes to stand at `place` is told, if the speed is known.
    fn promise_to(&self, place: Place, now: UnixMillis) -> Option<WaitRange> {
        if !self.may_call(now) {
            return None;
        }
        let ahead = self.line.waiting().people_before(place);
        match estimate_at(ahead, self.measured(), self.terms().fastest_per_sec()) {
            Estimate::Range(range) => Some(range),
            Estimate::Paused | Estimate::NotYet { .. } => None,
        }
    }
}

/// Who was overtaken while they signed in does not wait for the next round of calls.
pub(super) fn call_one_overtaken(opening: OpeningId) -> Event {
    Event::Called { opening, calls: Calls { overtaken: 1, ..Calls::default() } }
}

/// What is recorded when a keyed command found somebody where they were: the same fact again, which changes nothing.
fn repeated(room: Option<&WaitingRoom>, opening: OpeningId, person: Person, standing: LineStanding) -> Event {
    match standing {
        LineStanding::Enrolled => Event::Enrolled { person, opening },
        LineStanding::Returning { number } => Event::CameBack { person, opening, number },
        LineStanding::Waiting { place } => Event::Arrived { person, opening, place, promise: None },
        LineStanding::Called { .. } => {
            let place = room.and_then(|room| room.line.standing(person)).and_then(|standing| standing.place);
            Event::Arrived { person, opening, place: place.unwrap_or(Place(u64::MAX)), promise: None }
        }
    }
}
