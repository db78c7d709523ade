//! Room: rehearsal/recorder. Everything that is counted while an evening is played: steps, whereabouts, refusals, waits
//! promised, the server's own figures, and the history that clients write. Called by `evening` and by citizens.
//!
//! Bounded: a sample a second, a counter a code, a histogram a step. Must never decide what a citizen does.

mod history;
mod server_figures;

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Deserialize;

use crate::citizen::{Step, Whereabouts};

pub(crate) use history::{History, HistoryLine, wall_millis};
pub use server_figures::ServerFigures;

/// Latencies above this count as this. Unit: microseconds.
const LATENCY_MICROS_MAX: u64 = 600_000_000;
/// Providers whose lights and sign-ins are counted apart.
pub(crate) const PROVIDERS_MAX: usize = 32;
/// Changes of one provider's light that are kept.
const LIGHTS_MAX: usize = 1_000;
/// Different codes of refusals that are counted apart.
const CODES_MAX: usize = 500;

/// A histogram of times, in microseconds with three digits.
pub(crate) fn times() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LATENCY_MICROS_MAX, 3)
        .expect("the bounds are constants that the histogram's own rules allow")
}

/// Records a time.
pub(crate) fn record(times: &mut Histogram<u64>, time: Duration) {
    times.saturating_record(u64::try_from(time.as_micros()).unwrap_or(u64::MAX).max(1));
}

/// One kind of request, over the whole evening.
#[derive(Clone, Debug)]
pub struct StepFigures {
    /// From the intended time to the answer. Unit: microseconds.
    pub latencies: Histogram<u64>,
    /// Answers that were neither what was wanted nor a refusal: 500, broken connections, time-outs.
    pub failed: u64,
    /// Refusals and Busy, by code.
    pub refused: u64,
}

/// How many are where, as of a moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    /// Since the beginning. Unit: milliseconds.
    pub at_ms: u64,
    /// People by [`Whereabouts::ALL`].
    pub whereabouts: [u64; Whereabouts::ALL.len()],
    /// Arrivals, requests and confirmations so far.
    pub came: u64,
    pub requests: u64,
    pub confirmed: u64,
    /// What the server told of itself, if it was asked.
    pub server: Option<ServerFigures>,
    /// What the line tells everyone, if there is one.
    pub line: Option<LineFigures>,
}

/// What the line tells everyone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct LineFigures {
    pub waiting: u64,
    /// People inside, and people called who may still come; never more than the hard cap together.
    pub inside: u64,
    pub called: u64,
    pub hard_cap: u64,
    /// How fast it moves, once that has been measured.
    pub people_per_min: Option<u64>,
}

/// Waits that were promised.
#[derive(Clone, Debug)]
pub struct Promises {
    pub made: u64,
    pub kept: u64,
    /// Called before the range began, and after it ended.
    pub early: u64,
    pub late: u64,
    /// Real waits of those who were let in. Unit: microseconds.
    pub waits: Histogram<u64>,
}

/// One identity provider, over the whole evening.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProviderFigures {
    pub id: String,
    pub name_ko: String,
    pub name_en: String,
    /// Sign-ins that began there, and that ended with a login.
    pub begun: u64,
    pub signed_in: u64,
    /// That it failed: no answer, or a fault.
    pub failed: u64,
    /// Told at once that it is being left alone.
    pub left_alone: u64,
    /// When its light changed, and to what: milliseconds since the beginning, and the light's code.
    pub lights: Vec<(u64, String)>,
}

/// A provider, as the target lists it.
#[derive(Debug, Deserialize)]
pub(crate) struct ProviderTold {
    pub(crate) id: String,
    pub(crate) name: NameTold,
    pub(crate) flow: String,
    pub(crate) light: String,
    pub(crate) fits: bool,
}

/// A name in both languages.
#[derive(Debug, Deserialize)]
pub(crate) struct NameTold {
    pub(crate) ko: String,
    pub(crate) en: String,
}

/// Every provider, as the target lists them.
#[derive(Debug, Deserialize)]
pub(crate) struct ProvidersTold {
    pub(crate) providers: Vec<ProviderTold>,
}

/// Everything counted.
#[derive(Debug)]
pub(crate) struct Recorder {
    pub(crate) history: Option<History>,
    steps: BTreeMap<Step, StepFigures>,
    refusals: BTreeMap<(Step, String), u64>,
    providers: Vec<ProviderFigures>,
    whereabouts: [u64; Whereabouts::ALL.len()],
    pub(crate) promises: Promises,
    /// From the intended time until a request left: what the generator and its connections take.
    begun_late: Histogram<u64>,
    pub(crate) came: u64,
    pub(crate) came_may_reserve: u64,
    pub(crate) signed_in: u64,
    pub(crate) walked_away: u64,
    pub(crate) confirmed: u64,
    pub(crate) changed: u64,
    pub(crate) cancelled: u64,
    /// Confirmed, and not there when looked for.
    pub(crate) missing: u64,
    requests: u64,
    samples: Vec<Sample>,
}

/// What came of it all, for the report.
#[derive(Clone, Debug)]
pub struct Recorded {
    pub steps: Vec<(Step, StepFigures)>,
    pub refusals: Vec<(Step, String, u64)>,
    pub providers: Vec<ProviderFigures>,
    pub whereabouts: [u64; Whereabouts::ALL.len()],
    pub promises: Promises,
    pub begun_late: Histogram<u64>,
    /// Devices that came, and of them those that may reserve.
    pub came: u64,
    pub came_may_reserve: u64,
    pub signed_in: u64,
    pub walked_away: u64,
    pub confirmed: u64,
    pub changed: u64,
    pub cancelled: u64,
    pub missing: u64,
    pub requests: u64,
    pub samples: Vec<Sample>,
    /// Lines of the history.
    pub history_lines: u64,
}

impl Recorder {
    pub(crate) fn new(history: Option<History>) -> Self {
        Self {
            history,
            steps: BTreeMap::new(),
            refusals: BTreeMap::new(),
            providers: Vec::new(),
            whereabouts: Default::default(),
            promises: Promises { made: 0, kept: 0, early: 0, late: 0, waits: times() },
            begun_late: times(),
            came: 0,
            came_may_reserve: 0,
            signed_in: 0,
            walked_away: 0,
            confirmed: 0,
            changed: 0,
            cancelled: 0,
            missing: 0,
            requests: 0,
            samples: Vec::new(),
        }
    }

    /// A request left, this long after its intended time.
    pub(crate) fn asked(&mut self, late: Duration) {
        self.requests += 1;
        record(&mut self.begun_late, late);
    }

    /// An answer came, or a connection broke.
    pub(crate) fn answered(&mut self, step: Step, latency: Duration, kind: AnswerKind) {
        let fresh = || StepFigures { latencies: times(), failed: 0, refused: 0 };
        let figures = self.steps.entry(step).or_insert_with(fresh);
        record(&mut figures.latencies, latency);
        figures.failed += u64::from(kind == AnswerKind::Failed);
        figures.refused += u64::from(kind == AnswerKind::Refused);
    }

    /// Somebody was refused, with this code.
    pub(crate) fn refused(&mut self, step: Step, code: &str) {
        if let Some((_, count)) = self.refusals.iter_mut().find(|((at, known), _)| *at == step && known == code) {
            *count += 1;
        } else if self.refusals.len() < CODES_MAX {
            self.refusals.insert((step, code.to_owned()), 1);
        }
    }

    /// Somebody came to be somewhere.
    pub(crate) fn moved(&mut self, from: Option<Whereabouts>, to: Whereabouts) {
        if let Some(from) = from {
            let count = &mut self.whereabouts[from as usize];
            *count = count.saturating_sub(1);
        }
        self.whereabouts[to as usize] += 1;
    }

    /// Somebody who was promised to wait this long was called after `waited`.
    pub(crate) fn waited(&mut self, waited: Duration, promised: Option<(Duration, Duration)>) {
        record(&mut self.promises.waits, waited);
        let Some((from, to)) = promised else { return };
        self.promises.made += 1;
        match () {
            () if waited < from => self.promises.early += 1,
            () if waited > to => self.promises.late += 1,
            () => self.promises.kept += 1,
        }
    }

    /// Something happened at the provider with this index. One that the target did not list is counted nowhere.
    pub(crate) fn count_at_provider(&mut self, index: u8, what: AtProvider) {
        let Some(figures) = self.providers.get_mut(usize::from(index)) else { return };
        let count = match what {
            AtProvider::Begun => &mut figures.begun,
            AtProvider::SignedIn => &mut figures.signed_in,
            AtProvider::Failed => &mut figures.failed,
            AtProvider::LeftAlone => &mut figures.left_alone,
        };
        *count += 1;
    }

    /// Every provider that the target listed, in its order.
    #[cfg(test)]
    pub(crate) fn providers(&self) -> &[ProviderFigures] {
        &self.providers
    }

    /// These are the providers, in the order of their indices.
    pub(crate) fn knows(&mut self, providers: impl Iterator<Item = (String, String, String)>) {
        let fresh = |(id, name_ko, name_en)| ProviderFigures { id, name_ko, name_en, ..ProviderFigures::default() };
        self.providers = providers.take(PROVIDERS_MAX).map(fresh).collect();
    }

    /// The lights as they are now.
    pub(crate) fn saw_lights(&mut self, at: Duration, told: &ProvidersTold) {
        for figures in &mut self.providers {
            let Some(told) = told.providers.iter().find(|told| told.id == figures.id) else { continue };
            let changed = figures.lights.last().is_none_or(|(_, light)| *light != told.light);
            if changed && figures.lights.len() < LIGHTS_MAX {
                figures.lights.push((u64::try_from(at.as_millis()).unwrap_or(u64::MAX), told.light.clone()));
            }
        }
    }

    pub(crate) fn write(&mut self, line: HistoryLine<'_>) {
        if let Some(history) = &mut self.history {
            history.write(line);
        }
    }

    pub(crate) fn sample(&mut self, at: Duration, server: Option<ServerFigures>, line: Option<LineFigures>) {
        self.samples.push(Sample {
            at_ms: u64::try_from(at.as_millis()).unwrap_or(u64::MAX),
            whereabouts: self.whereabouts,
            came: self.came,
            requests: self.requests,
            confirmed: self.confirmed,
            server,
            line,
        });
    }

    pub(crate) fn requests(&self) -> u64 {
        self.requests
    }

    pub(crate) fn whereabouts(&self) -> [u64; Whereabouts::ALL.len()] {
        self.whereabouts
    }

    /// Ends the history and gives everything out.
    pub(crate) fn finish(self) -> std::io::Result<Recorded> {
        let history_lines = self.history.map_or(Ok(0), History::finish)?;
        Ok(Recorded {
            steps: self.steps.into_iter().collect(),
            refusals: self.refusals.into_iter().map(|((step, code), count)| (step, code, count)).collect(),
            providers: self.providers,
            whereabouts: self.whereabouts,
            promises: self.promises,
            begun_late: self.begun_late,
            came: self.came,
            came_may_reserve: self.came_may_reserve,
            signed_in: self.signed_in,
            walked_away: self.walked_away,
            confirmed: self.confirmed,
            changed: self.changed,
            cancelled: self.cancelled,
            missing: self.missing,
            requests: self.requests,
            samples: self.samples,
            history_lines,
        })
    }
}

/// What happened to a sign-in at an identity provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AtProvider {
    Begun,
    SignedIn,
    Failed,
    /// Told at once that the provider is being left alone.
    LeftAlone,
}

/// What kind of answer a request got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AnswerKind {
    Wanted,
    Refused,
    Failed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_in_two_places() {
        let mut recorder = Recorder::new(None);
        recorder.moved(None, Whereabouts::AtDoor);
        recorder.moved(None, Whereabouts::AtDoor);
        recorder.moved(Some(Whereabouts::AtDoor), Whereabouts::Inside);
        recorder.sample(Duration::from_secs(1), None, None);
        let recorded = recorder.finish().unwrap();
        assert_eq!(recorded.samples[0].whereabouts.iter().sum::<u64>(), 2);
        assert_eq!(recorded.whereabouts[Whereabouts::Inside as usize], 1);
    }

    #[test]
    fn a_promise_is_kept_within_its_range_only() {
        let mut recorder = Recorder::new(None);
        let secs = Duration::from_secs;
        let range = Some((secs(10), secs(20)));
        for waited in [9, 10, 20, 21] {
            recorder.waited(secs(waited), range);
        }
        recorder.waited(secs(5), None);
        let promises = recorder.promises;
        assert_eq!((promises.made, promises.kept, promises.early, promises.late), (4, 2, 1, 1));
        assert_eq!(promises.waits.len(), 5);
    }
}
