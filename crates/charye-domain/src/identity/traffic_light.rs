//! Room: domain/identity. The traffic light of one provider: a sliding window of how it treated questions, judged, and
//! shown with hysteresis, so that it turns bad within seconds and good again only after a calm stretch.
//!
//! Called by the engine's provider health, under its lock. The light is what citizens see; whether the provider is asked at
//! all is the breaker's.

// `core` has durations and no clock.
use core::time::Duration;

use super::Sign;
use super::breaker::BreakerState;

/// Seconds that are judged together.
const WINDOW_SECS: usize = 5;
/// Below so many bad signs the window says nothing, unless nothing else is in it.
const BAD_MIN: u32 = 3;
/// How long it must look better before it is shown as better.
const CALM: Duration = Duration::from_secs(10);
/// The same after it has turned bad again soon after it had turned good.
const CALM_AFTER_FLAP: Duration = Duration::from_secs(18);
/// Turning bad again within this time of turning good is a flap.
const SOON: Duration = Duration::from_secs(120);
/// Good signs in the calm stretch without which there is no calm, only silence.
const GOOD_MIN: u32 = 3;

/// What citizens see of a provider, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TrafficLight {
    /// 원활: it answers, quickly.
    Smooth,
    /// 지연: it answers, slowly or not always.
    Delayed,
    /// 혼잡: it hardly answers. Choose another.
    Congested,
    /// Closed by an operator.
    Closed,
}

impl TrafficLight {
    /// All of them, best first.
    pub const ALL: [Self; 4] = [Self::Smooth, Self::Delayed, Self::Congested, Self::Closed];

    /// The stable word, as it stands in metrics, API and docs.
    pub fn code(self) -> &'static str {
        match self {
            Self::Smooth => "smooth",
            Self::Delayed => "delayed",
            Self::Congested => "congested",
            Self::Closed => "closed",
        }
    }

    /// The word in Korean and English. The light is never told by colour alone.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Smooth => ("원활", "Smooth"),
            Self::Delayed => ("지연", "Delayed"),
            Self::Congested => ("혼잡", "Congested"),
            Self::Closed => ("이용 중지", "Closed"),
        }
    }

    /// The shape beside the word, for those who do not see the colour.
    pub fn shape(self) -> char {
        match self {
            Self::Smooth => '●',
            Self::Delayed => '▲',
            Self::Congested => '■',
            Self::Closed => '✕',
        }
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Second {
    second: u64,
    good: u32,
    slow: u32,
    faults: u32,
}

/// One provider's light.
#[derive(Clone, Debug)]
pub struct Lamp {
    seconds: [Second; WINDOW_SECS],
    shown: TrafficLight,
    /// Since when it looks better than shown, and good signs since.
    better: Option<(Duration, u32)>,
    turned_good_at: Option<Duration>,
    calm: Duration,
}

impl Default for Lamp {
    fn default() -> Self {
        Self {
            seconds: [Second::default(); WINDOW_SECS],
            shown: TrafficLight::Smooth,
            better: None,
            turned_good_at: None,
            calm: CALM,
        }
    }
}

impl Lamp {
    /// Takes note of how the provider treated one question.
    pub fn note(&mut self, sign: Sign, now: Duration) {
        let second = now.as_secs();
        let bucket = &mut self.seconds[(second % WINDOW_SECS as u64) as usize];
        if bucket.second != second {
            *bucket = Second { second, ..Second::default() };
        }
        let count = match sign {
            Sign::Answered => &mut bucket.good,
            Sign::Slow => &mut bucket.slow,
            Sign::Fault => &mut bucket.faults,
        };
        *count = count.saturating_add(1);
        if let Some((_, good)) = self.better.as_mut().filter(|_| sign == Sign::Answered) {
            *good = good.saturating_add(1);
        }
    }

    /// The light as of now. To be asked at least once a second for as long as it is not smooth: calm is measured by asking.
    pub fn light(&mut self, breaker: BreakerState, now: Duration) -> TrafficLight {
        let judged = self.judged(breaker, now);
        if judged >= self.shown {
            if judged > self.shown {
                self.turn_bad(now);
                self.shown = judged;
            }
            self.better = None;
            return self.shown;
        }
        let (since, good) = *self.better.get_or_insert((now, 0));
        if now.saturating_sub(since) >= self.calm && good >= GOOD_MIN {
            (self.shown, self.better) = (judged, None);
            self.turned_good_at = Some(now);
        }
        self.shown
    }

    fn turn_bad(&mut self, now: Duration) {
        let flapped = self.turned_good_at.is_some_and(|good_at| now.saturating_sub(good_at) < SOON);
        self.calm = if flapped { CALM_AFTER_FLAP } else { CALM };
    }

    fn judged(&self, breaker: BreakerState, now: Duration) -> TrafficLight {
        let oldest = now.as_secs().saturating_sub(WINDOW_SECS as u64 - 1);
        let recent = self.seconds.iter().filter(|bucket| bucket.second >= oldest);
        let (good, slow, faults) = recent.fold((0_u32, 0_u32, 0_u32), |(good, slow, faults), bucket| {
            (good.saturating_add(bucket.good), slow.saturating_add(bucket.slow), faults.saturating_add(bucket.faults))
        });
        let all = good.saturating_add(slow).saturating_add(faults);
        let bad = slow.saturating_add(faults);
        let is_share = |part: u32, of_ten: u32| part.saturating_mul(10) >= all.saturating_mul(of_ten);
        let only_faults = faults >= 2 && faults == all;
        if breaker == BreakerState::Open || only_faults || faults >= BAD_MIN && is_share(faults, 5) {
            TrafficLight::Congested
        } else if breaker == BreakerState::Trial
            || faults >= BAD_MIN && is_share(faults, 1)
            || bad >= BAD_MIN && is_share(bad, 5)
        {
            TrafficLight::Delayed
        } else {
            TrafficLight::Smooth
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Asker, Breaker};
    use super::*;

    /// A provider and its citizens, in steps of 100 ms: what is asked in a step is answered in the same step, but by a
    /// hung provider after a deadline. Probes go out once a second.
    struct World {
        lamp: Lamp,
        breaker: Breaker,
        now: Duration,
        /// When something asked of a hung provider will count as a fault.
        late: Vec<(Duration, Asker)>,
        turns: Vec<(Duration, TrafficLight)>,
        seed: u64,
    }

    #[derive(Clone, Copy, Debug)]
    enum Trouble {
        None,
        /// It never answers.
        Hung,
        /// This share of citizens' and probes' questions fails, in percent.
        Failing(u64),
        /// Probes are answered, citizens' answers have wrong signatures.
        Lying,
        /// Everything is answered slowly.
        Slow,
    }

    const STEP: Duration = Duration::from_millis(100);
    const PROBE_DEADLINE: Duration = Duration::from_secs(2);
    const CITIZEN_DEADLINE: Duration = Duration::from_secs(3);

    impl World {
        fn new(seed: u64) -> Self {
            let (lamp, breaker) = (Lamp::default(), Breaker::default());
            Self { lamp, breaker, now: Duration::from_secs(1_000), late: Vec::new(), turns: Vec::new(), seed }
        }

        fn chance(&mut self, percent: u64) -> bool {
            self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.seed >> 33) % 100 < percent
        }

        fn note(&mut self, sign: Sign, asker: Asker) {
            self.lamp.note(sign, self.now);
            self.breaker.note(sign, asker, self.now);
        }

        fn ask(&mut self, asker: Asker, trouble: Trouble) {
            let sign = match (trouble, asker) {
                (Trouble::None, _) | (Trouble::Lying, Asker::Probe) => Sign::Answered,
                (Trouble::Lying, Asker::Citizen) => Sign::Fault,
                (Trouble::Slow, _) => Sign::Slow,
                (Trouble::Failing(percent), _) => {
                    if self.chance(percent) {
                        Sign::Fault
                    } else {
                        Sign::Answered
                    }
                }
                (Trouble::Hung, _) => {
                    let deadline = if asker == Asker::Probe { PROBE_DEADLINE } else { CITIZEN_DEADLINE };
                    self.late.push((self.now + deadline, asker));
                    return;
                }
            };
            self.note(sign, asker);
        }

        /// Lets time pass with `a_second` citizens' questions a second.
        fn pass(&mut self, time: Duration, a_second: u64, trouble: Trouble) {
            let end = self.now + time;
            while self.now < end {
                self.now += STEP;
                let (due, late) = std::mem::take(&mut self.late).into_iter().partition(|(at, _)| *at <= self.now);
                self.late = late;
                let due: Vec<(Duration, Asker)> = due;
                for (_, asker) in due {
                    self.note(Sign::Fault, asker);
                }
                if self.now.subsec_millis() == 0 {
                    self.ask(Asker::Probe, trouble);
                }
                let step = self.now.as_millis() as u64 / 100;
                let citizens = step * a_second / 10 - (step - 1) * a_second / 10;
                for _ in 0..citizens {
                    if self.breaker.lets_through(self.now) {
                        self.ask(Asker::Citizen, trouble);
                    }
                }
                let state = self.breaker.state(self.now);
                let light = self.lamp.light(state, self.now);
                let before = self.turns.last().map_or(TrafficLight::Smooth, |(_, light)| *light);
                if light != before {
                    self.turns.push((self.now, light));
                }
            }
        }

        /// Turns from better to worse after the light had become better: the first turn is no flap.
        fn flaps(&self) -> usize {
            let lights: Vec<TrafficLight> = self.turns.iter().map(|(_, light)| *light).collect();
            let mut flaps = 0;
            let mut was_better = false;
            for pair in lights.windows(2) {
                was_better |= pair[1] < pair[0];
                flaps += usize::from(was_better && pair[1] > pair[0]);
            }
            flaps
        }
    }

    fn troubles() -> impl Strategy<Value = Trouble> {
        prop_oneof![
            Just(Trouble::Hung),
            (70_u64..=100).prop_map(Trouble::Failing),
            Just(Trouble::Lying),
            Just(Trouble::Slow),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(192))]

        /// The light turns within 5 s of the faults, is back within 30 s of recovery, and flaps at most once. Who lies or
        /// fails now and then is found out by citizens, so some must come; who hangs or is slow, by probes alone.
        #[test]
        fn the_light_turns_quickly_and_comes_back(
            seed in any::<u64>(),
            trouble in troubles(),
            a_second in prop_oneof![Just(0_u64), 1_u64..200],
            bad_secs in 10_u64..90,
        ) {
            let needs_citizens = matches!(trouble, Trouble::Lying | Trouble::Failing(..=99));
            let a_second = if needs_citizens { a_second.max(4) } else { a_second };
            let mut world = World::new(seed);
            world.pass(Duration::from_secs(30), a_second, Trouble::None);
            prop_assert_eq!(&world.turns, &[]);
            let began = world.now;
            world.pass(Duration::from_secs(bad_secs), a_second, trouble);
            let turned = world.turns.first().map(|(at, _)| *at - began);
            prop_assert!(turned.is_some_and(|took| took <= Duration::from_secs(5)), "turned after {turned:?}");
            let light = world.turns.last().map(|(_, light)| *light);
            prop_assert!(light > Some(TrafficLight::Smooth), "{:?} while there is trouble", light);
            let recovered = world.now;
            world.pass(Duration::from_secs(120), a_second, Trouble::None);
            let last = world.turns.last().copied();
            prop_assert_eq!(last.map(|(_, light)| light), Some(TrafficLight::Smooth));
            let took = last.map(|(at, _)| at - recovered);
            prop_assert!(took <= Some(Duration::from_secs(30)), "back after {took:?}");
            prop_assert!(world.flaps() <= 1, "{:?}", world.turns);
        }

        /// Answers, whatever they say, never turn a light: who gives up, or comes with a forged code, is answered.
        #[test]
        fn answers_turn_no_light(a_second in 0_u64..500, secs in 1_u64..60) {
            let mut world = World::new(1);
            world.pass(Duration::from_secs(secs), a_second, Trouble::None);
            prop_assert_eq!(world.turns, &[]);
        }
    }

    #[test]
    fn silence_is_not_calm() {
        let mut lamp = Lamp::default();
        for millis in 0..5 {
            lamp.note(Sign::Fault, Duration::from_millis(millis));
        }
        let light = |lamp: &mut Lamp, secs| lamp.light(BreakerState::Closed, Duration::from_secs(secs));
        assert_eq!(light(&mut lamp, 0), TrafficLight::Congested);
        assert!((1..600).all(|secs| light(&mut lamp, secs) == TrafficLight::Congested));
        for secs in 600..603 {
            lamp.note(Sign::Answered, Duration::from_secs(secs));
        }
        assert_eq!(light(&mut lamp, 603), TrafficLight::Smooth);
    }

    #[test]
    fn a_single_fault_among_few_answers_turns_nothing() {
        let mut lamp = Lamp::default();
        lamp.note(Sign::Fault, Duration::ZERO);
        assert_eq!(lamp.light(BreakerState::Closed, Duration::ZERO), TrafficLight::Smooth);
    }

    #[test]
    fn every_light_is_told_by_word_and_shape_too() {
        let words: std::collections::BTreeSet<_> = TrafficLight::ALL.map(TrafficLight::words).into();
        let shapes: std::collections::BTreeSet<_> = TrafficLight::ALL.map(TrafficLight::shape).into();
        let codes: std::collections::BTreeSet<_> = TrafficLight::ALL.map(TrafficLight::code).into();
        assert_eq!((words.len(), shapes.len(), codes.len()), (4, 4, 4));
    }
}
