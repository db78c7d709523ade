//! Room: rehearsal, bench `journeys`. What came of a crowd's journeys, whatever way they took.

use std::time::Duration;

use charye_rehearsal::load::Answer;
use hdrhistogram::Histogram;

use super::Failure;

/// Longest time measured of a step. Unit: microseconds.
const STEP_US_MAX: u64 = 600_000_000;
/// Characters of a refusal that are shown.
const SHOWN: usize = 600;

/// Who got through, and how long each step took.
pub(crate) struct Tally {
    steps: &'static [&'static str],
    pub(crate) completed: u64,
    pub(crate) refused: u64,
    /// The first that went wrong explains the run.
    pub(crate) why: Option<String>,
    pub(crate) answers: u64,
    /// By step. Unit: microseconds.
    times: Vec<Histogram<u64>>,
}

impl Tally {
    pub(crate) fn of(steps: &'static [&'static str]) -> Result<Self, Failure> {
        let times = vec![Histogram::new_with_bounds(1, STEP_US_MAX, 3)?; steps.len()];
        Ok(Self { steps, completed: 0, refused: 0, why: None, answers: 0, times })
    }

    /// A step was answered after so long.
    pub(crate) fn answered(&mut self, step: usize, after: Duration) {
        self.answers += 1;
        self.times[step].saturating_record(u64::try_from(after.as_micros()).unwrap_or(u64::MAX).max(1));
    }

    /// Somebody gives up over this answer.
    pub(crate) fn refused(&mut self, step: usize, answer: &Answer<'_>) {
        self.refused += 1;
        self.why.get_or_insert_with(|| refusal(self.steps[step], answer).to_string());
    }

    /// Each step with its times. Unit: microseconds.
    pub(crate) fn times(&self) -> impl Iterator<Item = (&'static str, &Histogram<u64>)> {
        self.steps.iter().copied().zip(&self.times)
    }
}

/// What went wrong, in the server's words.
pub(crate) fn refusal(step: &str, answer: &Answer<'_>) -> Failure {
    let body = String::from_utf8_lossy(answer.body);
    let told = body.split("<main").last().unwrap_or_default().chars().take(SHOWN).collect::<String>();
    format!("{step}: {} {told}", answer.status).into()
}
