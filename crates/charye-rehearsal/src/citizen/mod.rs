//! Room: rehearsal/citizen. One person on one device as a small machine: what they ask next, and what they make of the
//! answer. They do as they are told (wait, ask again, come another day), look near home, hesitate, change their minds.
//!
//! Called by `evening` on one thread. Knows the API's document only. Must never ask sooner than told, and never invent an
//! answer: what was not heard is unknown, and is asked for by its key.

mod asking;
mod hearing;
mod step;
mod told;
mod way_in;

use std::time::Duration;

use crate::nation::rng::Stream;
use crate::recorder::{AtProvider, Recorder};

pub use step::{Step, Whereabouts};
pub(crate) use way_in::IdentityProvider;
use way_in::WayIn;

/// Times that one step is asked in vain before a citizen gives it up.
const TRIES_MAX: u16 = 200;
/// Places that a citizen tries for before they say that nothing is left.
const PLACES_TRIED_MAX: u16 = 12;
/// When an answer names no time: how long until the next try. Unit: milliseconds.
const AGAIN_MS: u64 = 1_000;
/// Longest wait that is believed. Unit: milliseconds.
const AGAIN_MS_MAX: u64 = 600_000;
/// Of a thousand who reserved, how many look at their reservation afterwards.
const LOOKS_PERMILLE: u32 = 250;

/// What all citizens of an evening share. Never changes while it is played.
#[derive(Clone, Debug)]
pub(crate) struct Scene {
    pub(crate) campaign: String,
    /// The opening that is now, by its position in the campaign, if the target told it.
    pub(crate) opening: Option<u8>,
    /// Whether people wait in a line that tells them when to ask again.
    pub(crate) has_line: bool,
    /// Whether both doses are reserved at once.
    pub(crate) doses_together: bool,
    /// Makes idempotency keys of this evening differ from those of another.
    pub(crate) evening: String,
    /// The target's identity providers, in its order.
    pub(crate) providers: Vec<IdentityProvider>,
    pub(crate) give_up_after: Option<Duration>,
    pub(crate) come_back_after: Duration,
}

/// Who comes, and with which intentions.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Intentions {
    /// Line of the target's `citizens.csv`, from 0.
    pub(crate) row: u32,
    /// 1, or 2 for a second device.
    pub(crate) device: u8,
    pub(crate) has_two_devices: bool,
    /// As far as their birth date goes.
    pub(crate) may_reserve: bool,
    /// Five digits.
    pub(crate) district: u32,
    /// `YYYY-MM-DD`.
    pub(crate) birth_date: [u8; 10],
    /// Only asks for their date, and does not sign in.
    pub(crate) only_asks: bool,
    /// Index of the identity provider they sign in at; `None`: the rehearsal's own sign-in.
    pub(crate) provider: Option<u8>,
    pub(crate) hesitates: Duration,
    pub(crate) walks_away: bool,
    pub(crate) changes: bool,
    pub(crate) cancels: bool,
    pub(crate) comes_back: bool,
}

/// One person on one device.
#[derive(Debug)]
pub(crate) struct Citizen {
    wants: Intentions,
    pub(crate) step: Step,
    whereabouts: Whereabouts,
    way_in: WayIn,
    login: String,
    pass: String,
    ticket: String,
    clinic: String,
    product: String,
    first: String,
    second: String,
    day: String,
    hold: String,
    number: String,
    /// Operations begun so far: the last part of the idempotency key.
    keys: u16,
    /// The operation whose answer was lost.
    unknown: Option<Step>,
    /// Times in vain since the last operation that was done.
    tries: u16,
    places_tried: u16,
    /// The whole country, because near home there was nothing.
    looks_everywhere: bool,
    came_at: Duration,
    promised: Option<(Duration, Duration)>,
}

/// What a citizen does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Asks on, at once.
    Now,
    /// Asks on after this time.
    After(Duration),
    /// Is gone.
    Gone,
}

/// What a citizen is surrounded by when an answer comes.
pub(crate) struct Around<'a> {
    pub(crate) scene: &'a Scene,
    pub(crate) recorder: &'a mut Recorder,
    pub(crate) dice: &'a mut Stream,
    /// Since the beginning of the evening.
    pub(crate) now: Duration,
    /// From the intended time of the request to the answer.
    pub(crate) latency: Duration,
    /// There was no answer within the time that one waits; a connection that broke is another matter.
    pub(crate) waited_in_vain: bool,
}

impl Citizen {
    /// Somebody comes.
    pub(crate) fn new(wants: Intentions, now: Duration, recorder: &mut Recorder) -> Self {
        recorder.came += 1;
        recorder.came_may_reserve += u64::from(wants.may_reserve && wants.device == 1);
        recorder.moved(None, Whereabouts::AtDoor);
        Self {
            wants,
            step: match wants.provider {
                _ if wants.only_asks => Step::AskDate,
                Some(_) => Step::Begin,
                None => Step::SignIn,
            },
            whereabouts: Whereabouts::AtDoor,
            way_in: WayIn::by(wants.provider),
            login: String::new(),
            pass: String::new(),
            ticket: String::new(),
            clinic: String::new(),
            product: String::new(),
            first: String::new(),
            second: String::new(),
            day: String::new(),
            hold: String::new(),
            number: String::new(),
            keys: 0,
            unknown: None,
            tries: 0,
            places_tried: 0,
            looks_everywhere: false,
            came_at: now,
            promised: None,
        }
    }

    /// Asks the same again, after what was told or a moment; not for ever.
    fn again(&mut self, after_ms: Option<u64>, around: &mut Around<'_>) -> Next {
        self.tries += 1;
        if self.tries > TRIES_MAX {
            return self.leave(Whereabouts::Failed, around);
        }
        let told = after_ms.unwrap_or(AGAIN_MS).clamp(1, AGAIN_MS_MAX);
        // A quarter of jitter on top, never below: a wave that is told one time must not come back as a wave.
        let jitter = around.dice.below(u32::try_from(told / 4 + 1).unwrap_or(u32::MAX));
        Next::After(Duration::from_millis(told + u64::from(jitter)))
    }

    /// Goes away by themselves, perhaps to come back once.
    fn go_away(&mut self, around: &mut Around<'_>) -> Next {
        if !std::mem::take(&mut self.wants.comes_back) {
            return self.leave(Whereabouts::GaveUp, around);
        }
        self.is_at(Whereabouts::AtDoor, around);
        self.came_at = around.now + around.scene.come_back_after;
        self.promised = None;
        self.sign_in_again();
        Next::After(around.scene.come_back_after)
    }

    /// Something happened at the provider they chose; nothing is counted of who chose none.
    fn count_at_provider(&self, what: AtProvider, around: &mut Around<'_>) {
        if let Some(provider) = self.way_in.provider {
            around.recorder.count_at_provider(provider, what);
        }
    }

    fn ask(&mut self, step: Step) -> Next {
        self.step = step;
        Next::Now
    }

    /// Begins an operation under a new key.
    fn begin(&mut self, step: Step) -> Next {
        self.keys = self.keys.wrapping_add(1);
        self.ask(step)
    }

    fn is_at(&mut self, to: Whereabouts, around: &mut Around<'_>) {
        if self.whereabouts != to {
            around.recorder.moved(Some(self.whereabouts), to);
            self.whereabouts = to;
        }
    }

    fn leave(&mut self, to: Whereabouts, around: &mut Around<'_>) -> Next {
        self.is_at(to, around);
        Next::Gone
    }
}

impl Next {
    /// A way that leads back is counted, so that nobody walks in a circle.
    fn counted(self, citizen: &mut Citizen, around: &mut Around<'_>) -> Self {
        citizen.tries += 1;
        if citizen.tries > TRIES_MAX { citizen.leave(Whereabouts::Failed, around) } else { self }
    }
}

#[cfg(test)]
mod tests;
