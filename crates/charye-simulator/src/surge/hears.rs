//! Room: simulator/surge. What people hear, and what they make of it: in the line, inside, or asked to come later. Whatever
//! can be told from outside is written into the history here.

use charye_domain::book::{LineStanding, Operation, Outcome, Rejection};
use charye_domain::ids::SlotId;
use charye_domain::waiting_room::tokens::TicketStanding;
use charye_engine::reservation::{Held, PlaceFailure, Reserved};
use charye_engine::waiting_room::{Claimed, InLine, draw_key};
use charye_engine::{Answered, Failure};

use crate::country::{CAMPAIGN, OPENING};
use crate::surge::citizen::{Keyed, Stage, Stand};
use crate::surge::history::Confirmed;
use crate::surge::player::{Happening, Surge, later};
use crate::surge::told::Told;

impl Surge<'_> {
    pub(super) fn hear_all(&mut self) {
        while let Some(told) = self.errands.next_done() {
            self.hear(told);
        }
    }

    pub(super) fn hear(&mut self, told: Told) {
        match told {
            Told::Arrived { who, told } => self.hear_arrived(who, told),
            Told::OtherDevice { who, told } => self.hear_other_device(who, &told),
            Told::Claimed { who, told } => self.hear_claimed(who, told),
            Told::Held { who, slot, operation, generation, told } => {
                self.hear_held(who, (slot, generation), operation, told);
            }
            Told::Confirmed { who, operation, told } => self.hear_confirmed(who, operation, told),
            Told::LookedUp { who, operation, told } => self.hear_looked_up(who, operation, told),
            Told::SignedOut { who, told } => {
                self.citizens[who].under_way = false;
                match told {
                    Ok(_) | Err(Failure::Rejected { .. }) => self.go_outside(who),
                    Err(failure) => self.try_again(who, &failure),
                }
            }
            Told::Failed { who, told } => {
                self.citizens[who].under_way = false;
                match told {
                    Ok(_) => {
                        self.history.failed_by_us += 1;
                        self.citizens[who].is_failed();
                        let soon = self.chance.within(&(100..=2_000));
                        self.act_in(who, soon);
                    }
                    Err(Failure::Rejected { .. }) => self.go_outside(who),
                    Err(failure) => self.try_again(who, &failure),
                }
            }
            Told::Cancelled { who, told } => {
                self.citizens[who].under_way = false;
                match told {
                    Ok(_) | Err(Failure::Rejected { .. }) => {
                        self.citizens[who].stage = Stage::Done;
                        self.history.cancelled.push(self.citizens[who].person);
                    }
                    Err(failure) => self.try_again(who, &failure),
                }
            }
            Told::AgentEntered { caller, told } => match told {
                Ok(Answered { value: Outcome::Visiting { generation, .. }, .. }) => {
                    let lasts = self.chance.within(&(20_000..=120_000));
                    let at = later(self.now(), lasts);
                    self.schedule(at, Happening::AgentDone { caller, generation });
                }
                Ok(_) => {}
                Err(failure) => {
                    self.history.say_no(failure.code());
                    self.callers.push(caller);
                }
            },
            Told::AgentLeft { caller } => self.callers.insert(0, caller),
            Told::Steered { incident, told } => {
                self.orders_under_way.remove(&incident);
                if let Err(failure) = told {
                    self.history.say_no(failure.code());
                    // What a rule forbids is not asked again.
                    if !matches!(failure, Failure::Rejected { .. }) {
                        let again = later(self.now(), 2_000);
                        self.schedule(again, Happening::Incident(incident));
                    }
                }
            }
        }
    }

    /// Busy, or a fault of ours: later. Returns what a rule said, if one did.
    pub(super) fn try_again(&mut self, who: usize, failure: &Failure) {
        self.history.say_no(failure.code());
        let jitter = self.chance.within(&(0..=2_000));
        match failure {
            Failure::Busy { retry_after, .. } => {
                let after_ms = u64::try_from(retry_after.as_millis()).unwrap_or(1_000);
                self.act_in(who, after_ms + jitter);
            }
            Failure::Fault(fault) => {
                let citizen = &mut self.citizens[who];
                citizen.outcome_unknown = fault.outcome_unknown && citizen.pending.is_some();
                self.act_in(who, 2_000 + jitter);
            }
            Failure::Rejected { .. } => self.act_in(who, 5_000 + jitter),
        }
    }

    pub(super) fn hear_arrived(&mut self, who: usize, told: Result<Answered<InLine>, Failure>) {
        self.citizens[who].under_way = false;
        match told {
            Ok(Answered { seq, value }) => {
                self.stand_in_line(who, value.standing, seq);
                for _ in 1..self.citizens[who].devices {
                    let at = later(self.now(), self.chance.within(&(100..=60_000)));
                    self.schedule(at, Happening::OtherDevice { who });
                }
            }
            Err(Failure::Rejected { rejection: Rejection::AlreadyReserved, .. }) => {
                self.citizens[who].stage = Stage::Done;
            }
            Err(failure @ Failure::Rejected { rejection: Rejection::Ineligible(_), .. }) => {
                self.history.say_no(failure.code());
                self.citizens[who].stage = Stage::Done;
            }
            Err(failure) => self.try_again(who, &failure),
        }
    }

    pub(super) fn stand_in_line(&mut self, who: usize, standing: LineStanding, seq: u64) {
        let at = self.now();
        let soon = self.chance.within(&(1..=500));
        match standing {
            LineStanding::Enrolled => match self.draw_ticket(who) {
                Some(ticket) => {
                    self.citizens[who].stage = Stage::InLine(ticket);
                    self.act_in(who, soon);
                }
                None => self.act_in(who, 5_000),
            },
            LineStanding::Waiting { place } => {
                let person = self.citizens[who].person;
                match self.citizens[who].stand {
                    Some(stand) => self.history.compare_places(person, stand.place, place),
                    None => self.citizens[who].stand = Some(Stand { place, since_seq: seq }),
                }
                self.citizens[who].stage = Stage::InLine(TicketStanding::Placed { place, issued_at: at });
                self.act_in(who, soon);
            }
            LineStanding::Returning { number } => {
                self.citizens[who].stage = Stage::InLine(TicketStanding::Returning { number, issued_at: at });
                (self.citizens[who].stand, self.citizens[who].first_range) = (None, None);
                self.act_in(who, soon);
            }
            LineStanding::Called { .. } => {
                self.citizens[who].stage = Stage::Called;
                self.act_in(who, soon);
            }
        }
    }

    pub(super) fn draw_ticket(&self, who: usize) -> Option<TicketStanding> {
        let (line, engine) = (self.line()?, self.world.engine()?);
        let key = draw_key(engine.keys(), line.draw_key?, line.id())?;
        Some(TicketStanding::Drawn(key.draw_id(CAMPAIGN, OPENING, self.citizens[who].key)))
    }

    pub(super) fn hear_other_device(&mut self, who: usize, told: &Result<Answered<InLine>, Failure>) {
        let person = self.citizens[who].person;
        let Ok(Answered { value: InLine { standing: LineStanding::Waiting { place }, .. }, .. }) = *told else {
            return;
        };
        if let (Some(stand), Stage::InLine(_)) = (self.citizens[who].stand, self.citizens[who].stage) {
            self.history.compare_places(person, stand.place, place);
        }
    }

    pub(super) fn hear_claimed(&mut self, who: usize, told: Result<Answered<Claimed>, Failure>) {
        self.citizens[who].under_way = false;
        match told {
            Ok(Answered { value: Claimed::Inside(visit), .. }) => {
                let was_outside = !matches!(self.citizens[who].stage, Stage::Inside { .. } | Stage::Holding { .. });
                if was_outside {
                    let now = self.now();
                    self.history.starts.push(now);
                }
                self.citizens[who].is_inside(visit.generation);
                self.think(who);
            }
            Ok(Answered { value: Claimed::Returning(InLine { standing, .. }), seq }) => {
                self.history.returners += 1;
                self.stand_in_line(who, standing, seq);
            }
            Err(Failure::Rejected { rejection: Rejection::NotCalled, .. }) => {
                self.history.say_no("not_called");
                // Whoever came late, or lost their way: signing in again finds the same place.
                self.citizens[who].stage = Stage::SigningIn;
                let again = self.chance.within(&(3_000..=4_000));
                self.act_in(who, again);
            }
            Err(Failure::Rejected { rejection: Rejection::AlreadyReserved, .. }) => {
                self.citizens[who].stage = Stage::Done;
            }
            Err(failure @ Failure::Rejected { rejection: Rejection::Ineligible(_), .. }) => {
                self.history.say_no(failure.code());
                self.citizens[who].stage = Stage::Done;
            }
            Err(failure) => self.try_again(who, &failure),
        }
    }

    pub(super) fn think(&mut self, who: usize) {
        let secs = self.chance.within(&self.scenario.tempers.think_secs);
        let part = self.chance.below(1_000);
        self.act_in(who, secs * 1_000 + part);
    }

    pub(super) fn hear_held(
        &mut self,
        who: usize,
        (slot, generation): (SlotId, u32),
        operation: Operation,
        told: Result<Answered<Held>, PlaceFailure>,
    ) {
        self.citizens[who].under_way = false;
        match told {
            Ok(Answered { value, .. }) => {
                let outcome = Outcome::Held { hold: value.hold, expires_at: value.expires_at };
                self.history.answers.push((operation, outcome));
                self.settle(who, outcome, Keyed::Hold { slot, generation });
            }
            Err(PlaceFailure::SoldOut { rejection, recorded, .. }) => {
                self.history.say_no(rejection.code());
                self.refused(who, operation, rejection, recorded);
            }
            Err(PlaceFailure::Other(Failure::Rejected { rejection, recorded })) => {
                self.history.say_no(rejection.code());
                self.refused(who, operation, rejection, recorded);
            }
            Err(PlaceFailure::Other(failure)) => self.try_again(who, &failure),
        }
    }

    pub(super) fn hear_confirmed(
        &mut self,
        who: usize,
        operation: Operation,
        told: Result<Answered<Reserved>, Failure>,
    ) {
        self.citizens[who].under_way = false;
        match told {
            Ok(Answered { value, .. }) => {
                let outcome = Outcome::Reserved { reservation: value.reservation, number: value.number };
                self.history.answers.push((operation, outcome));
                self.reserved(who, outcome);
            }
            Err(Failure::Rejected { rejection, recorded }) => {
                self.history.say_no(rejection.code());
                self.refused(who, operation, rejection, recorded);
            }
            Err(failure) => self.try_again(who, &failure),
        }
    }

    pub(super) fn hear_looked_up(
        &mut self,
        who: usize,
        operation: Operation,
        told: Result<Answered<Option<Outcome>>, Failure>,
    ) {
        self.citizens[who].under_way = false;
        match told {
            Err(failure) => self.try_again(who, &failure),
            Ok(Answered { value: None, .. }) => {
                // It never happened: asked once more, under the same key.
                self.citizens[who].outcome_unknown = false;
                self.act_in(who, 100);
            }
            Ok(Answered { value: Some(outcome), .. }) => {
                self.history.settled += 1;
                self.history.answers.push((operation, outcome));
                let pending = self.citizens[who].pending;
                match (outcome, pending) {
                    (Outcome::Refused(rejection), _) => self.refused(who, operation, rejection, false),
                    (_, Some((keyed, _))) => self.settle(who, outcome, keyed),
                    (_, None) => {}
                }
            }
        }
    }

    pub(super) fn settle(&mut self, who: usize, outcome: Outcome, asked: Keyed) {
        match (outcome, asked) {
            (Outcome::Held { hold, .. }, Keyed::Hold { generation, .. }) => {
                let citizen = &mut self.citizens[who];
                (citizen.pending, citizen.outcome_unknown) = (None, false);
                citizen.stage = Stage::Holding { generation, hold };
                if citizen.dawdles_now() {
                    // Comes back to it when the hold is long gone.
                    let long = u64::from(self.scenario.country.hold_ttl_secs) * 1_000 + 5_000;
                    self.act_in(who, long);
                } else {
                    self.think(who);
                }
            }
            (Outcome::Reserved { .. }, Keyed::Confirm { .. }) => self.reserved(who, outcome),
            (other, asked) => self.history.breach("I4", || format!("{asked:?} was answered {other:?}")),
        }
    }

    pub(super) fn reserved(&mut self, who: usize, outcome: Outcome) {
        let Outcome::Reserved { reservation, number } = outcome else { return };
        let citizen = &mut self.citizens[who];
        (citizen.pending, citizen.outcome_unknown) = (None, false);
        citizen.stage = Stage::Reserved { reservation };
        self.history.confirmed.push(Confirmed { person: citizen.person, reservation, number });
        if self.citizens[who].temper.cancels {
            let later = self.chance.within(&(20_000..=200_000));
            self.act_in(who, later);
        }
    }

    pub(super) fn refused(&mut self, who: usize, operation: Operation, rejection: Rejection, recorded: bool) {
        if recorded {
            self.history.answers.push((operation, Outcome::Refused(rejection)));
        }
        let asked = self.citizens[who].pending.take();
        self.citizens[who].outcome_unknown = false;
        let soon = self.chance.within(&(500..=3_000));
        match rejection {
            Rejection::NoVisit | Rejection::VisitMoved => self.go_outside(who),
            Rejection::AlreadyReserved => self.citizens[who].stage = Stage::Done,
            _ => {
                let Some((Keyed::Hold { generation, .. } | Keyed::Confirm { generation, .. }, _)) = asked else {
                    return;
                };
                self.citizens[who].stage = Stage::Inside { generation };
                self.act_in(who, soon);
            }
        }
    }

    pub(super) fn go_outside(&mut self, who: usize) {
        let now = self.now();
        self.citizens[who].is_outside(now);
        let later = self.chance.within(&(1_000..=10_000));
        self.act_in(who, later);
    }
}
