//! Room: rehearsal/report. What an evening comes to: figures as JSON, and one page that needs nothing else to be read.
//! Called by `charye rehearse` when the evening is over.
//!
//! Must never round a figure in its own favour: what was not measured is absent, and a goal without a figure is not met.

mod chart;
mod html;
mod verdict;
mod words;

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::citizen::Whereabouts;
use crate::evening::{FaultPlayed, Played};
use crate::recorder::{ProviderFigures, Sample, ServerFigures, StepFigures};

pub use verdict::Verdict;
pub use words::Language;

/// What the auditor said of the journal and of what clients heard.
#[derive(Clone, Debug, Serialize)]
pub struct AuditTold {
    /// Nothing was found.
    pub clean: bool,
    /// Its words, a line each.
    pub lines: Vec<String>,
}

/// An evening, in figures.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    profile: String,
    about: About,
    campaign: String,
    has_line: bool,
    /// Share of the profile's people, and how many times faster than people.
    scale: f64,
    speed: u32,
    seed: u64,
    connections: usize,
    /// Unix milliseconds.
    began_ms: u64,
    /// From the first arrival to the last answer.
    wall_secs: f64,
    people: PeopleTold,
    /// Reservations confirmed a second, over the whole evening and in the best ten seconds.
    journeys_per_sec: f64,
    /// Absent if it was shorter.
    journeys_per_sec_best: Option<f64>,
    requests: u64,
    requests_per_sec: f64,
    whereabouts_at_end: BTreeMap<&'static str, u64>,
    steps: Vec<StepTold>,
    refusals: Vec<RefusalTold>,
    /// Empty where the server has no identity providers.
    providers: Vec<ProviderTold>,
    waits: WaitsTold,
    generator: GeneratorTold,
    /// Absent if the server told nothing of itself.
    server: Option<ServerTold>,
    faults: Vec<FaultTold>,
    audit: Option<AuditTold>,
    verdict: Verdict,
    over_time: Vec<SampleTold>,
}

#[derive(Clone, Debug, Serialize)]
struct About {
    ko: String,
    en: String,
}

#[derive(Clone, Debug, Serialize)]
struct PeopleTold {
    /// Devices that came, and people among them who may reserve.
    came: u64,
    came_may_reserve: u64,
    signed_in: u64,
    confirmed: u64,
    changed: u64,
    cancelled: u64,
    /// Held a place and left without confirming, as they meant to.
    walked_away: u64,
    /// Confirmed, and not shown when its owner looked.
    missing: u64,
    /// Still on their way when time was up.
    left_over: u64,
}

#[derive(Clone, Debug, Serialize)]
struct StepTold {
    step: &'static str,
    answers: u64,
    refused: u64,
    failed: u64,
    p50_ms: f64,
    p90_ms: f64,
    p99_ms: f64,
    p999_ms: f64,
    max_ms: f64,
}

#[derive(Clone, Debug, Serialize)]
struct RefusalTold {
    step: &'static str,
    code: String,
    count: u64,
}

/// An identity provider, and its light over the evening.
#[derive(Clone, Debug, Serialize)]
struct ProviderTold {
    id: String,
    name: About,
    begun: u64,
    signed_in: u64,
    failed: u64,
    left_alone: u64,
    /// From when on it showed which light.
    lights: Vec<LightTold>,
}

#[derive(Clone, Debug, Serialize)]
struct LightTold {
    from_secs: f64,
    light: String,
}

#[derive(Clone, Debug, Serialize)]
struct WaitsTold {
    let_in: u64,
    p50_secs: f64,
    p99_secs: f64,
    promised: u64,
    kept: u64,
    early: u64,
    late: u64,
}

#[derive(Clone, Debug, Serialize)]
struct GeneratorTold {
    cpu_secs: Option<f64>,
    cpu_us_per_journey: Option<f64>,
    /// From the intended time until a request left: waiting for a free connection, and the generator's own work.
    begun_late_p50_ms: f64,
    begun_late_p99_ms: f64,
}

#[derive(Clone, Debug, Serialize)]
struct ServerTold {
    cpu_secs: Option<f64>,
    cpu_us_per_journey: Option<f64>,
    resident_bytes_most: Option<f64>,
    commits: Option<f64>,
    commit_mean_ms: Option<f64>,
    entries: Option<f64>,
    busy: Option<f64>,
    projection_lag_most: Option<f64>,
}

#[derive(Clone, Debug, Serialize)]
struct FaultTold {
    kind: &'static str,
    at_secs: f64,
    played: bool,
    outcome: String,
}

#[derive(Clone, Debug, Serialize)]
struct SampleTold {
    at_secs: f64,
    whereabouts: [u64; Whereabouts::ALL.len()],
    came: u64,
    requests: u64,
    confirmed: u64,
    cpu_secs: Option<f64>,
    resident_bytes: Option<f64>,
    commits: Option<f64>,
    commit_secs: Option<f64>,
    /// What the line told everyone.
    line_waiting: Option<u64>,
    line_inside: Option<u64>,
    line_called: Option<u64>,
    line_hard_cap: Option<u64>,
    line_people_per_min: Option<u64>,
}

impl Report {
    /// The report of an evening; `audit` is absent when the journal was out of reach.
    pub fn of(played: &Played, audit: Option<AuditTold>) -> Self {
        let recorded = &played.recorded;
        let wall_secs = played.wall.as_secs_f64().max(f64::EPSILON);
        let confirmed = recorded.confirmed;
        let each = |secs: f64| (confirmed > 0).then(|| secs * 1e6 / confirmed as f64);
        let cpu_secs = played.generator_cpu.map(|cpu| cpu.as_secs_f64());
        let ends = Whereabouts::ALL.iter().map(|place| (place.code(), recorded.whereabouts[*place as usize]));
        let promises = &recorded.promises;
        Self {
            profile: played.profile.evening.name.clone(),
            about: About { ko: played.profile.evening.about.ko.clone(), en: played.profile.evening.about.en.clone() },
            campaign: played.campaign.clone(),
            has_line: played.has_line,
            scale: played.scale.share,
            speed: played.scale.speed,
            seed: played.seed,
            connections: played.connections,
            began_ms: played.began_ms,
            wall_secs,
            people: PeopleTold {
                came: recorded.came,
                came_may_reserve: recorded.came_may_reserve,
                signed_in: recorded.signed_in,
                confirmed,
                changed: recorded.changed,
                cancelled: recorded.cancelled,
                walked_away: recorded.walked_away,
                missing: recorded.missing,
                left_over: played.left_over,
            },
            journeys_per_sec: confirmed as f64 / wall_secs,
            journeys_per_sec_best: best_of(&recorded.samples),
            requests: recorded.requests,
            requests_per_sec: recorded.requests as f64 / wall_secs,
            whereabouts_at_end: ends.collect(),
            steps: recorded.steps.iter().map(|(step, figures)| StepTold::of(step.code(), figures)).collect(),
            refusals: refusals(played),
            providers: recorded.providers.iter().filter(|told| !told.id.is_empty()).map(ProviderTold::of).collect(),
            waits: WaitsTold {
                let_in: promises.waits.len(),
                p50_secs: millis(&promises.waits, 0.5) / 1_000.0,
                p99_secs: millis(&promises.waits, 0.99) / 1_000.0,
                promised: promises.made,
                kept: promises.kept,
                early: promises.early,
                late: promises.late,
            },
            generator: GeneratorTold {
                cpu_secs,
                cpu_us_per_journey: cpu_secs.and_then(each),
                begun_late_p50_ms: millis(&recorded.begun_late, 0.5),
                begun_late_p99_ms: millis(&recorded.begun_late, 0.99),
            },
            server: server_told(played),
            faults: played.faults.iter().map(FaultTold::of).collect(),
            verdict: Verdict::of(played, audit.as_ref()),
            audit,
            over_time: recorded.samples.iter().map(SampleTold::of).collect(),
        }
    }

    /// Whether everything held that must.
    pub fn holds(&self) -> bool {
        self.verdict.holds
    }

    /// All figures, as JSON.
    pub fn json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self)
            .expect("a report has string keys and finite numbers only; JSON takes it");
        text.push('\n');
        text
    }

    /// One page, with nothing outside of it.
    pub fn html(&self, language: Language) -> String {
        html::page(self, language)
    }

    /// A few lines for a terminal.
    pub fn summary(&self, language: Language) -> String {
        words::summary(self, language)
    }
}

impl StepTold {
    fn of(step: &'static str, figures: &StepFigures) -> Self {
        let latencies = &figures.latencies;
        Self {
            step,
            answers: latencies.len(),
            refused: figures.refused,
            failed: figures.failed,
            p50_ms: millis(latencies, 0.5),
            p90_ms: millis(latencies, 0.9),
            p99_ms: millis(latencies, 0.99),
            p999_ms: millis(latencies, 0.999),
            max_ms: latencies.max() as f64 / 1_000.0,
        }
    }
}

impl ProviderTold {
    fn of(figures: &ProviderFigures) -> Self {
        let light =
            |(at_ms, light): &(u64, String)| LightTold { from_secs: *at_ms as f64 / 1_000.0, light: light.clone() };
        Self {
            id: figures.id.clone(),
            name: About { ko: figures.name_ko.clone(), en: figures.name_en.clone() },
            begun: figures.begun,
            signed_in: figures.signed_in,
            failed: figures.failed,
            left_alone: figures.left_alone,
            lights: figures.lights.iter().map(light).collect(),
        }
    }
}

impl FaultTold {
    fn of(fault: &FaultPlayed) -> Self {
        let (played, outcome) = match &fault.outcome {
            Ok(words) => (true, words.clone()),
            Err(words) => (false, words.clone()),
        };
        Self { kind: fault.kind.code(), at_secs: fault.at_ms as f64 / 1_000.0, played, outcome }
    }
}

impl SampleTold {
    fn of(sample: &Sample) -> Self {
        let server = sample.server.unwrap_or_default();
        Self {
            at_secs: sample.at_ms as f64 / 1_000.0,
            whereabouts: sample.whereabouts,
            came: sample.came,
            requests: sample.requests,
            confirmed: sample.confirmed,
            cpu_secs: server.cpu_secs,
            resident_bytes: server.resident_bytes,
            commits: server.commits,
            commit_secs: server.commit_secs,
            line_waiting: sample.line.map(|line| line.waiting),
            line_inside: sample.line.map(|line| line.inside),
            line_called: sample.line.map(|line| line.called),
            line_hard_cap: sample.line.map(|line| line.hard_cap),
            line_people_per_min: sample.line.and_then(|line| line.people_per_min),
        }
    }
}

/// A quantile of a histogram of microseconds. Unit: milliseconds.
fn millis(times: &Histogram<u64>, quantile: f64) -> f64 {
    if times.is_empty() { 0.0 } else { times.value_at_quantile(quantile) as f64 / 1_000.0 }
}

/// Most frequent first.
fn refusals(played: &Played) -> Vec<RefusalTold> {
    let told = |(step, code, count): &(crate::citizen::Step, String, u64)| RefusalTold {
        step: step.code(),
        code: code.clone(),
        count: *count,
    };
    let mut refusals: Vec<RefusalTold> = played.recorded.refusals.iter().map(told).collect();
    refusals.sort_by_key(|refusal| std::cmp::Reverse(refusal.count));
    refusals
}

/// Confirmations a second in the best ten seconds.
fn best_of(samples: &[Sample]) -> Option<f64> {
    const WITHIN_MS: u64 = 10_000;
    let mut best: Option<f64> = None;
    for (index, from) in samples.iter().enumerate() {
        if let Some(to) = samples[index..].iter().find(|to| to.at_ms >= from.at_ms + WITHIN_MS) {
            let secs = (to.at_ms - from.at_ms) as f64 / 1_000.0;
            let rate = to.confirmed.saturating_sub(from.confirmed) as f64 / secs;
            best = Some(best.map_or(rate, |known| known.max(rate)));
        }
    }
    best
}

/// What the server told of itself. A process that was killed counts from zero again, which sums over samples see.
fn server_told(played: &Played) -> Option<ServerTold> {
    let (before, after) = played.server?;
    let recorded = &played.recorded;
    let told: Vec<ServerFigures> = std::iter::once(before)
        .chain(recorded.samples.iter().filter_map(|sample| sample.server))
        .chain(std::iter::once(after))
        .collect();
    let most = |of: fn(&ServerFigures) -> Option<f64>| told.iter().filter_map(of).reduce(f64::max);
    let spent = |of: fn(&ServerFigures) -> Option<f64>| grown(told.iter().filter_map(of));
    let cpu_secs = spent(|figures| figures.cpu_secs);
    let (commits, commit_secs) = (spent(|figures| figures.commits), spent(|figures| figures.commit_secs));
    let confirmed = recorded.confirmed as f64;
    Some(ServerTold {
        cpu_secs,
        cpu_us_per_journey: cpu_secs.filter(|_| confirmed > 0.0).map(|secs| secs * 1e6 / confirmed),
        resident_bytes_most: most(|figures| figures.resident_bytes),
        commits,
        commit_mean_ms: commits.zip(commit_secs).filter(|(count, _)| *count > 0.0).map(|(n, secs)| secs * 1e3 / n),
        entries: spent(|figures| figures.entries),
        busy: spent(|figures| figures.busy),
        projection_lag_most: most(|figures| figures.projection_lag),
    })
}

/// How much a counter grew, whoever reset it meanwhile; `None` if it was never told.
fn grown(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut last = None;
    let mut sum = 0.0;
    for value in values {
        if let Some(before) = last {
            sum += if value >= before { value - before } else { value };
        }
        last = Some(value);
    }
    last.map(|_| sum)
}

/// A time for people.
fn in_words(time: Duration) -> String {
    let secs = time.as_secs();
    if secs >= 60 { format!("{}:{:02}", secs / 60, secs % 60) } else { format!("{:.1} s", time.as_secs_f64()) }
}

#[cfg(test)]
mod tests;
