//! Room: simulator/surge. One person on the evening: signs in, waits, polls when told, comes in, looks around, holds,
//! confirms; or gives up, comes back, dawdles, vanishes. A small state machine: the player carries out what it wishes for
//! and tells it what came of it. It must never know more than a client would.

use charye_domain::book::Operation;
use charye_domain::ids::{CitizenKey, HoldId, Person, ReservationId, SlotId};
use charye_domain::time::UnixMillis;
use charye_domain::waiting_room::place::Place;
use charye_domain::waiting_room::tokens::TicketStanding;
use charye_domain::waiting_room::wait_estimate::WaitRange;

use crate::chance::Chance;
use crate::surge::scenario::{Scenario, Tempers};

/// Slots that are tried before somebody leaves without a place.
const TRIES_MAX: u8 = 6;
/// Visits after which nobody comes again.
const VISITS_MAX: u8 = 4;

/// How somebody behaves.
#[derive(Clone, Debug)]
pub(crate) struct Temper {
    /// Stops asking after so many polls while waiting.
    pub(crate) gone_after_polls: Option<u32>,
    pub(crate) inside: Inside,
    pub(crate) cancels: bool,
}

/// What somebody does once inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inside {
    Reserves,
    /// Signs out and takes a place in the line again.
    ComesAgain,
    /// Says nothing more.
    Vanishes,
    /// Meets a fault of ours, once.
    IsFailed,
    /// Lets the first hold expire.
    Dawdles,
}

/// How far somebody has come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Stage {
    SigningIn,
    InLine(TicketStanding),
    /// Called, or so it seems: the book is to be asked.
    Called,
    Inside {
        generation: u32,
    },
    Holding {
        generation: u32,
        hold: HoldId,
    },
    Reserved {
        reservation: ReservationId,
    },
    /// Reserved and stays so, or went home, or gave up.
    Done,
}

/// A question under a key, to be asked again until its answer is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keyed {
    Hold { slot: SlotId, generation: u32 },
    Confirm { hold: HoldId, generation: u32 },
}

/// What somebody wishes to do now.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wish {
    Arrive,
    Poll(TicketStanding),
    Claim,
    /// To look for a place and hold it.
    Look {
        generation: u32,
    },
    Keyed(Keyed, Operation),
    LookUp(Operation),
    SignOut {
        generation: u32,
    },
    /// Nothing they wish for: their visit fails by a fault of ours.
    BeFailed {
        generation: u32,
    },
    Cancel {
        reservation: ReservationId,
    },
    Nothing,
}

/// Their place in the line, and since when (as a sequence number).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stand {
    pub(crate) place: Place,
    pub(crate) since_seq: u64,
}

/// The first range they were told at this place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FirstRange {
    pub(crate) told_at: UnixMillis,
    pub(crate) range: WaitRange,
    /// Pauses and changes of terms seen before.
    pub(crate) terms: u32,
}

/// One person.
#[derive(Debug)]
pub(crate) struct Citizen {
    pub(crate) person: Person,
    pub(crate) key: CitizenKey,
    pub(crate) temper: Temper,
    pub(crate) devices: u64,
    /// When the sign-in that counts began.
    pub(crate) began: UnixMillis,
    pub(crate) stage: Stage,
    pub(crate) stand: Option<Stand>,
    pub(crate) first_range: Option<FirstRange>,
    /// Asks without a pause: what they are told is judged by when they are called.
    pub(crate) asks_steadily: bool,
    pub(crate) pending: Option<(Keyed, Operation)>,
    /// The pending question may have been answered: its outcome is looked up before it is asked again.
    pub(crate) outcome_unknown: bool,
    /// An errand is under way: nothing else is done meanwhile.
    pub(crate) under_way: bool,
    /// Number of the act that is due next; those with lower numbers are void.
    pub(crate) act: u32,
    pub(crate) visits: u8,
    polls: u32,
    tries: u8,
    has_dawdled: bool,
    has_left_again: bool,
    has_been_failed: bool,
}

impl Citizen {
    /// Somebody whose sign-in begins at this time.
    pub(crate) fn new(
        person: Person,
        key: CitizenKey,
        began: UnixMillis,
        scenario: &Scenario,
        chance: &mut Chance,
    ) -> Self {
        let temper = Temper::draw(scenario, chance);
        let devices = if chance.percent(10) { chance.within(&(2..=scenario.devices_max.max(2))) } else { 1 };
        Self {
            person,
            key,
            asks_steadily: temper.gone_after_polls.is_none(),
            temper,
            devices,
            began,
            // Where there is no line, signing in is followed by the door itself.
            stage: if scenario.country.line.is_some() { Stage::SigningIn } else { Stage::Called },
            stand: None,
            first_range: None,
            pending: None,
            outcome_unknown: false,
            under_way: false,
            act: 0,
            visits: 0,
            polls: 0,
            tries: 0,
            has_dawdled: false,
            has_left_again: false,
            has_been_failed: false,
        }
    }

    /// What they do now.
    pub(crate) fn wish(&mut self, makes_key: &mut dyn FnMut() -> Operation) -> Wish {
        if self.under_way {
            return Wish::Nothing;
        }
        if let Some((keyed, operation)) = self.pending {
            return if self.outcome_unknown { Wish::LookUp(operation) } else { Wish::Keyed(keyed, operation) };
        }
        match self.stage {
            Stage::SigningIn => Wish::Arrive,
            Stage::InLine(ticket) => {
                self.polls += 1;
                let is_gone = self.temper.gone_after_polls.is_some_and(|polls| self.polls > polls);
                if is_gone { Wish::Nothing } else { Wish::Poll(ticket) }
            }
            Stage::Called => Wish::Claim,
            Stage::Inside { generation } => self.wish_inside(generation),
            Stage::Holding { generation, hold } => {
                let (keyed, operation) = (Keyed::Confirm { hold, generation }, makes_key());
                self.pending = Some((keyed, operation));
                Wish::Keyed(keyed, operation)
            }
            Stage::Reserved { reservation } => Wish::Cancel { reservation },
            Stage::Done => Wish::Nothing,
        }
    }

    fn wish_inside(&mut self, generation: u32) -> Wish {
        match self.temper.inside {
            Inside::Vanishes => Wish::Nothing,
            Inside::ComesAgain if !std::mem::replace(&mut self.has_left_again, true) => Wish::SignOut { generation },
            Inside::IsFailed if !std::mem::replace(&mut self.has_been_failed, true) => Wish::BeFailed { generation },
            _ if self.tries >= TRIES_MAX => Wish::SignOut { generation },
            _ => {
                self.tries += 1;
                Wish::Look { generation }
            }
        }
    }

    /// Whether this hold is the one they let expire.
    pub(crate) fn dawdles_now(&mut self) -> bool {
        self.temper.inside == Inside::Dawdles && !std::mem::replace(&mut self.has_dawdled, true)
    }

    /// Back from where they had gone to: asks steadily from now on.
    pub(crate) fn comes_back(&mut self) {
        self.temper.gone_after_polls = None;
    }

    /// Let in.
    pub(crate) fn is_inside(&mut self, generation: u32) {
        if !matches!(self.stage, Stage::Inside { .. } | Stage::Holding { .. }) {
            self.visits = self.visits.saturating_add(1);
            self.tries = 0;
        }
        self.stage = Stage::Inside { generation };
        (self.stand, self.first_range) = (None, None);
    }

    /// Their visit failed by a fault of ours: straight in again, if a seat is free, and else to their old place.
    pub(crate) fn is_failed(&mut self) {
        (self.pending, self.outcome_unknown) = (None, false);
        self.stage = Stage::Called;
    }

    /// The visit is over without a reservation: in again at the tail, or home.
    pub(crate) fn is_outside(&mut self, now: UnixMillis) {
        (self.pending, self.outcome_unknown) = (None, false);
        (self.stand, self.first_range) = (None, None);
        self.began = now;
        self.polls = 0;
        let goes_home = self.visits >= VISITS_MAX || self.tries >= TRIES_MAX;
        self.stage = if goes_home { Stage::Done } else { Stage::SigningIn };
    }

    /// Whether somebody who keeps asking still waits to be let in for the first time.
    pub(crate) fn still_waits(&self) -> bool {
        let waits = matches!(self.stage, Stage::SigningIn | Stage::InLine(_) | Stage::Called);
        waits && self.visits == 0 && self.temper.gone_after_polls.is_none()
    }
}

impl Temper {
    fn draw(scenario: &Scenario, chance: &mut Chance) -> Self {
        let Tempers { again_percent, vanish_percent, failed_percent, dawdle_percent, cancel_percent, .. } =
            scenario.tempers;
        let gone_after_polls = chance.sometimes(scenario.gone_percent, |apart| apart.below(4) as u32);
        let drawn = chance.below(100) as u32;
        let inside = match () {
            () if drawn < again_percent => Inside::ComesAgain,
            () if drawn < again_percent + vanish_percent => Inside::Vanishes,
            () if drawn < again_percent + vanish_percent + failed_percent => Inside::IsFailed,
            () if drawn < again_percent + vanish_percent + failed_percent + dawdle_percent => Inside::Dawdles,
            () => Inside::Reserves,
        };
        Self { gone_after_polls, inside, cancels: chance.percent(cancel_percent) }
    }
}
