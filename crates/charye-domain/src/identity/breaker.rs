//! Room: domain/identity. The circuit breaker of one provider: after enough faults it is left alone, until our own probes
//! say that it answers again, and a trickle of citizens that it answers them too.
//!
//! Called by the engine's provider health, under its lock. Faults of other providers never come here.

// `core` has durations and no clock.
use core::time::Duration;

use super::{Asker, Sign};

/// Faults in a row that open it.
const FAULTS_IN_A_ROW: u32 = 5;
/// Questions of the last seconds below which their share of faults says nothing.
const SHARE_OF: u32 = 10;
/// Seconds in which the share of faults is taken. At half of them it opens.
const SHARE_SECS: usize = 10;
/// Good probes in a row after which citizens may try.
const GOOD_PROBES: u32 = 3;
/// Citizens answered well in a trial that end it.
const TRIAL_GOOD: u32 = 3;
/// A trial that nobody comes to ends well after this long, if our probes stay good.
const TRIAL_ALONE: Duration = Duration::from_secs(8);
/// Citizens let through in a second of a trial.
const TRIAL_A_SECOND: u32 = 5;

/// Whether a provider may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    /// By everyone.
    Closed,
    /// By a few, to see whether it holds.
    Trial,
    /// By our probes only.
    Open,
}

/// One provider's breaker.
#[derive(Clone, Debug)]
pub struct Breaker {
    state: BreakerState,
    faults_in_a_row: u32,
    good_probes: u32,
    trial_good: u32,
    trial_since: Duration,
    /// The second of the trial that is running, and who was let through in it.
    trial_second: (u64, u32),
    /// By second modulo [`SHARE_SECS`]: which second, questions, faults.
    seconds: [(u64, u32, u32); SHARE_SECS],
}

impl Default for Breaker {
    fn default() -> Self {
        Self {
            state: BreakerState::Closed,
            faults_in_a_row: 0,
            good_probes: 0,
            trial_good: 0,
            trial_since: Duration::ZERO,
            trial_second: (0, 0),
            seconds: [(0, 0, 0); SHARE_SECS],
        }
    }
}

impl Breaker {
    /// Whether the provider may be asked as of now.
    pub fn state(&mut self, now: Duration) -> BreakerState {
        if self.state == BreakerState::Trial && now.saturating_sub(self.trial_since) >= TRIAL_ALONE {
            self.close();
        }
        self.state
    }

    /// Whether one citizen's question may go to the provider now. In a trial a yes is counted.
    pub fn lets_through(&mut self, now: Duration) -> bool {
        match self.state(now) {
            BreakerState::Closed => true,
            BreakerState::Open => false,
            BreakerState::Trial => {
                if self.trial_second.0 != now.as_secs() {
                    self.trial_second = (now.as_secs(), 0);
                }
                self.trial_second.1 = self.trial_second.1.saturating_add(1);
                self.trial_second.1 <= TRIAL_A_SECOND
            }
        }
    }

    /// Takes note of how the provider treated one question.
    pub fn note(&mut self, sign: Sign, asker: Asker, now: Duration) {
        let state = self.state(now);
        let fault = sign == Sign::Fault;
        self.faults_in_a_row = if fault { self.faults_in_a_row.saturating_add(1) } else { 0 };
        self.count(fault, now);
        match (state, asker) {
            (BreakerState::Closed, _)
                if fault && (self.faults_in_a_row >= FAULTS_IN_A_ROW || self.half_failed(now)) =>
            {
                self.open();
            }
            (BreakerState::Open, Asker::Probe) if fault => self.good_probes = 0,
            (BreakerState::Open, Asker::Probe) => {
                self.good_probes += 1;
                if self.good_probes >= GOOD_PROBES {
                    (self.state, self.trial_good, self.trial_since) = (BreakerState::Trial, 0, now);
                }
            }
            (BreakerState::Trial, _) if fault => self.open(),
            (BreakerState::Trial, Asker::Citizen) => {
                self.trial_good += 1;
                if self.trial_good >= TRIAL_GOOD {
                    self.close();
                }
            }
            // Answers to what was asked before it opened tell nothing about now.
            (BreakerState::Open, Asker::Citizen) | (BreakerState::Trial, Asker::Probe) | (BreakerState::Closed, _) => {}
        }
    }

    fn open(&mut self) {
        (self.state, self.good_probes) = (BreakerState::Open, 0);
    }

    /// What was before is forgotten: it has been answered for.
    fn close(&mut self) {
        *self = Self::default();
    }

    fn count(&mut self, fault: bool, now: Duration) {
        let second = now.as_secs();
        let bucket = &mut self.seconds[(second % SHARE_SECS as u64) as usize];
        if bucket.0 != second {
            *bucket = (second, 0, 0);
        }
        bucket.1 = bucket.1.saturating_add(1);
        bucket.2 = bucket.2.saturating_add(u32::from(fault));
    }

    fn half_failed(&self, now: Duration) -> bool {
        let oldest = now.as_secs().saturating_sub(SHARE_SECS as u64 - 1);
        let recent = self.seconds.iter().filter(|(second, _, _)| *second >= oldest);
        let (asked, failed) = recent.fold((0_u32, 0_u32), |(asked, failed), (_, more, faults)| {
            (asked.saturating_add(*more), failed.saturating_add(*faults))
        });
        asked >= SHARE_OF && failed.saturating_mul(2) >= asked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn opened() -> Breaker {
        let mut breaker = Breaker::default();
        for _ in 0..FAULTS_IN_A_ROW {
            breaker.note(Sign::Fault, Asker::Citizen, at(0));
        }
        assert_eq!(breaker.state(at(0)), BreakerState::Open);
        breaker
    }

    #[test]
    fn faults_in_a_row_open_it_and_one_good_answer_between_does_not() {
        opened();
        let mut breaker = Breaker::default();
        for _ in 0..3 {
            breaker.note(Sign::Fault, Asker::Citizen, at(0));
            breaker.note(Sign::Slow, Asker::Citizen, at(0));
            breaker.note(Sign::Answered, Asker::Citizen, at(0));
        }
        assert!(breaker.lets_through(at(0)));
    }

    #[test]
    fn half_of_the_last_seconds_questions_failing_opens_it() {
        let mut breaker = Breaker::default();
        for second in 0..5 {
            breaker.note(Sign::Answered, Asker::Citizen, at(second * 1_000));
            breaker.note(Sign::Fault, Asker::Citizen, at(second * 1_000 + 500));
        }
        assert_eq!(breaker.state(at(5_000)), BreakerState::Open);
        let mut spread = Breaker::default();
        for second in 0..60 {
            spread.note(Sign::Fault, Asker::Citizen, at(second * 30_000));
            spread.note(Sign::Answered, Asker::Citizen, at(second * 30_000));
        }
        assert_eq!(spread.state(at(60 * 30_000)), BreakerState::Closed);
    }

    #[test]
    fn while_open_only_good_probes_in_a_row_lead_to_a_trial() {
        let mut breaker = opened();
        for _ in 0..100 {
            breaker.note(Sign::Answered, Asker::Citizen, at(1_000));
        }
        assert!(!breaker.lets_through(at(1_000)), "late answers to citizens open nothing");
        breaker.note(Sign::Answered, Asker::Probe, at(1_000));
        breaker.note(Sign::Answered, Asker::Probe, at(2_000));
        breaker.note(Sign::Fault, Asker::Probe, at(3_000));
        breaker.note(Sign::Answered, Asker::Probe, at(4_000));
        breaker.note(Sign::Answered, Asker::Probe, at(5_000));
        assert_eq!(breaker.state(at(5_000)), BreakerState::Open);
        breaker.note(Sign::Answered, Asker::Probe, at(6_000));
        assert_eq!(breaker.state(at(6_000)), BreakerState::Trial);
    }

    fn in_trial() -> Breaker {
        let mut breaker = opened();
        for second in 1..=3 {
            breaker.note(Sign::Answered, Asker::Probe, at(second * 1_000));
        }
        assert_eq!(breaker.state(at(3_000)), BreakerState::Trial);
        breaker
    }

    #[test]
    fn a_trial_lets_a_trickle_through() {
        let mut breaker = in_trial();
        for second in [3, 4] {
            let let_through = (0..1_000).filter(|_| breaker.lets_through(at(second * 1_000 + 1))).count();
            assert_eq!(let_through, TRIAL_A_SECOND as usize);
        }
    }

    #[test]
    fn a_fault_in_a_trial_opens_again_and_good_answers_close() {
        let mut failed = in_trial();
        failed.note(Sign::Answered, Asker::Citizen, at(3_100));
        failed.note(Sign::Fault, Asker::Citizen, at(3_200));
        assert_eq!(failed.state(at(3_200)), BreakerState::Open);
        let mut held = in_trial();
        for _ in 0..TRIAL_GOOD {
            assert_eq!(held.state(at(3_500)), BreakerState::Trial);
            held.note(Sign::Answered, Asker::Citizen, at(3_500));
        }
        assert_eq!(held.state(at(3_500)), BreakerState::Closed);
        // After it has closed, the faults before are forgotten.
        held.note(Sign::Fault, Asker::Citizen, at(3_600));
        assert_eq!(held.state(at(3_600)), BreakerState::Closed);
    }

    #[test]
    fn a_trial_to_which_nobody_comes_ends_well() {
        let mut breaker = in_trial();
        assert_eq!(breaker.state(at(10_999)), BreakerState::Trial);
        assert_eq!(breaker.state(at(11_000)), BreakerState::Closed);
    }
}
