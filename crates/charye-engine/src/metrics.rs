//! Room: engine. Every figure the engine keeps, with its fixed name. Read by `/metrics` and the situation room.
//!
//! Labels are lanes, causes, providers, campaigns and openings only: never a person, a number or a key. Units stand in the
//! names. Counted once a batch, not once a question. Each has a row in docs/reference/metrics.md.

use std::time::Duration;

use charye_domain::identity::TrafficLight;
use charye_domain::ids::OpeningId;
use charye_domain::waiting_room::admission::{Calls, Measured};
use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};

use crate::failure::BusyCause;
use crate::sequencer::lanes::{LANES, Lane};

/// Questions turned away before the queue, by `cause`. Counter.
pub const BUSY_TOTAL: &str = "charye_busy_total";
/// Questions dropped at their turn, by `why`: `abandoned` (nobody waits for the answer) or `overdue` (told Busy). Counter.
pub const DROPPED_TOTAL: &str = "charye_dropped_total";
/// Questions decided, by `lane`. Counter.
pub const DECIDED_TOTAL: &str = "charye_decided_total";
/// Questions waiting, by `lane`. Gauge.
pub const LANE_DEPTH: &str = "charye_lane_depth";
/// Entries recorded. Counter.
pub const ENTRIES_TOTAL: &str = "charye_journal_entries_total";
/// Entries of a batch. Histogram.
pub const BATCH_ENTRIES: &str = "charye_journal_batch_entries";
/// Time until a batch is durable. Histogram, seconds.
pub const COMMIT_SECONDS: &str = "charye_journal_commit_seconds";
/// How long batches took to be durable, 99th percentile of the last second or two. Gauge, seconds.
pub const COMMIT_P99_SECONDS: &str = "charye_journal_commit_p99_seconds";
/// How long questions waited for their turn, likewise. Gauge, seconds.
pub const QUEUED_P99_SECONDS: &str = "charye_queued_p99_seconds";
/// Look-ups turned away so that reservations go on. Counter.
pub const LOOK_UPS_SHED_TOTAL: &str = "charye_look_ups_shed_total";
/// Bytes free for the journal, its reserve not counted. Gauge.
pub const STORAGE_HEADROOM_BYTES: &str = "charye_journal_storage_headroom_bytes";
/// Entries that the projections are behind. Gauge.
pub const PROJECTION_LAG_ENTRIES: &str = "charye_projection_lag_entries";
/// Violations of the projections' auditing constraints. Gauge.
pub const PROJECTION_VIOLATIONS: &str = "charye_projection_violations";
/// Times the projector could not go on. Counter.
pub const PROJECTOR_STUCK_TOTAL: &str = "charye_projector_stuck_total";
/// Times the projections were emptied and filled again because rows of them were changed by hand. Counter.
pub const PROJECTION_REBUILDS_TOTAL: &str = "charye_projection_rebuilds_total";
/// Sequence number of the newest snapshot. Gauge.
pub const SNAPSHOT_SEQ: &str = "charye_snapshot_seq";
/// Times book and replay, or board and book, were found to differ (law I14). Counter, by `what`.
pub const DIFFERENCES_TOTAL: &str = "charye_differences_total";
/// Messages handed over. Counter.
pub const MESSAGES_TOTAL: &str = "charye_messages_handed_over_total";
/// Times messages could not be handed over. Counter.
pub const MESSAGES_STUCK_TOTAL: &str = "charye_messages_stuck_total";

/// Sign-ins begun, by `provider`. Counter.
pub const SIGN_IN_BEGUN_TOTAL: &str = "charye_sign_in_begun_total";
/// Sign-ins that proved who somebody is, by `provider`. Counter.
pub const SIGN_IN_PROVEN_TOTAL: &str = "charye_sign_in_proven_total";
/// Sign-ins refused on the citizen's side, by `provider` and `code`. Counter.
pub const SIGN_IN_REFUSED_TOTAL: &str = "charye_sign_in_refused_total";
/// What providers did wrong, by `provider` and `fault`. Counter.
pub const IDENTITY_FAULTS_TOTAL: &str = "charye_identity_faults_total";
/// Time that a provider took for a question, ours included, by `provider`. Histogram, seconds.
pub const IDENTITY_SECONDS: &str = "charye_identity_seconds";
/// A provider's light, by `provider`: 0 smooth, 1 delayed, 2 congested, 3 closed. Gauge.
pub const IDENTITY_LIGHT: &str = "charye_identity_light";
/// People in a provider's short line when the last one came, by `provider`. Gauge.
pub const IDENTITY_LINE: &str = "charye_identity_line";

/// People of a line, by `campaign`, `opening` and `what`: `waiting`, `returners`, `inside` (visits running), `called` (and
/// not come yet), `hard_cap`. Gauge.
pub const LINE_PEOPLE: &str = "charye_line_people";
/// Visits started per minute that a line's caller aims at, by `campaign` and `opening`. Gauge.
pub const LINE_RATE: &str = "charye_line_rate_per_minute";
/// Promised waits that were kept so far, by `campaign` and `opening`. Gauge, percent.
pub const LINE_PROMISES_KEPT: &str = "charye_line_promises_kept_percent";
/// People called, by `lane`: `line`, `overtaken`, `returners`. Counter.
pub const LINE_CALLED_TOTAL: &str = "charye_line_called_total";

/// People who got past the door, by `what`: `visit_without_call`, `place_without_visit`. Must stay 0; alarm on anything
/// else. Counter.
pub const BYPASS_TOTAL: &str = "charye_bypass_total";

/// Counts somebody who got past the door.
pub(crate) fn bypass(what: &'static str) {
    counter!(BYPASS_TOTAL, "what" => what).increment(1);
}

/// How one line stands.
pub(crate) struct LineFigures<'a> {
    pub(crate) campaign: &'a str,
    pub(crate) opening: OpeningId,
    pub(crate) waiting: u32,
    pub(crate) returners_waiting: u32,
    pub(crate) inside: u32,
    pub(crate) called: u32,
    pub(crate) hard_cap: u32,
    pub(crate) rate_per_min: Option<f64>,
    pub(crate) promises_kept: Option<u32>,
}

impl LineFigures<'_> {
    /// Tells them. Once a second at most.
    pub(crate) fn tell(&self) {
        let opening = self.opening.to_string();
        let labels = || [("campaign", self.campaign.to_owned()), ("opening", opening.clone())];
        let people = [
            ("waiting", self.waiting),
            ("returners", self.returners_waiting),
            ("inside", self.inside),
            ("called", self.called),
            ("hard_cap", self.hard_cap),
        ];
        for (what, count) in people {
            let [campaign, opening] = labels();
            gauge!(LINE_PEOPLE, &[campaign, opening, ("what", what.to_owned())]).set(f64::from(count));
        }
        if let Some(rate) = self.rate_per_min {
            gauge!(LINE_RATE, &labels()).set(rate);
        }
        if let Some(percent) = self.promises_kept {
            gauge!(LINE_PROMISES_KEPT, &labels()).set(f64::from(percent));
        }
    }
}

/// Counts people called.
pub(crate) fn line_called(calls: &Calls) {
    for (lane, count) in [("line", calls.line), ("overtaken", calls.overtaken), ("returners", calls.returners)] {
        if count > 0 {
            counter!(LINE_CALLED_TOTAL, "lane" => lane).increment(count.into());
        }
    }
}

/// Counts a question that was turned away.
pub(crate) fn refused_busy(cause: BusyCause) {
    counter!(BUSY_TOTAL, "cause" => cause.code()).increment(1);
}

pub(crate) fn look_up_shed() {
    counter!(LOOK_UPS_SHED_TOTAL).increment(1);
}

/// Counts a question that was not decided although its turn came.
pub(crate) fn dropped(why: &'static str) {
    counter!(DROPPED_TOTAL, "why" => why).increment(1);
}

pub(crate) fn projected(lag_entries: u64, violations: u64) {
    gauge!(PROJECTION_LAG_ENTRIES).set(lag_entries as f64);
    gauge!(PROJECTION_VIOLATIONS).set(violations as f64);
}

pub(crate) fn projector_stuck() {
    counter!(PROJECTOR_STUCK_TOTAL).increment(1);
}

pub(crate) fn projection_rebuilt() {
    counter!(PROJECTION_REBUILDS_TOTAL).increment(1);
}

pub(crate) fn snapshot_made(last_seq: u64) {
    gauge!(SNAPSHOT_SEQ).set(last_seq as f64);
}

pub(crate) fn fingerprints_differ() {
    counter!(DIFFERENCES_TOTAL, "what" => "book").increment(1);
}

pub(crate) fn board_differs(slots: u64) {
    counter!(DIFFERENCES_TOTAL, "what" => "board").increment(slots);
}

pub(crate) fn messages_handed_over(count: usize) {
    counter!(MESSAGES_TOTAL).increment(count as u64);
}

pub(crate) fn messages_stuck() {
    counter!(MESSAGES_STUCK_TOTAL).increment(1);
}

/// The figures of one identity provider. Its name is from the configuration, so there are few.
pub(crate) struct ProviderMetrics {
    provider: String,
    begun: Counter,
    proven: Counter,
    seconds: Histogram,
    light: Gauge,
    line: Gauge,
}

impl ProviderMetrics {
    pub(crate) fn new(provider: &str) -> Self {
        let provider = provider.to_owned();
        Self {
            begun: counter!(SIGN_IN_BEGUN_TOTAL, "provider" => provider.clone()),
            proven: counter!(SIGN_IN_PROVEN_TOTAL, "provider" => provider.clone()),
            seconds: histogram!(IDENTITY_SECONDS, "provider" => provider.clone()),
            light: gauge!(IDENTITY_LIGHT, "provider" => provider.clone()),
            line: gauge!(IDENTITY_LINE, "provider" => provider.clone()),
            provider,
        }
    }

    pub(crate) fn begun(&self) {
        self.begun.increment(1);
    }

    pub(crate) fn proven(&self) {
        self.proven.increment(1);
    }

    pub(crate) fn refused(&self, code: &'static str) {
        counter!(SIGN_IN_REFUSED_TOTAL, "provider" => self.provider.clone(), "code" => code).increment(1);
    }

    pub(crate) fn fault(&self, code: &'static str) {
        counter!(IDENTITY_FAULTS_TOTAL, "provider" => self.provider.clone(), "fault" => code).increment(1);
    }

    pub(crate) fn asked(&self, took: Duration) {
        self.seconds.record(took.as_secs_f64());
    }

    pub(crate) fn light(&self, light: TrafficLight) {
        self.light.set(f64::from(light as u8));
    }

    pub(crate) fn waits(&self, in_line: usize) {
        self.line.set(in_line as f64);
    }
}

/// The sequencer's own figures, looked up once.
pub(crate) struct SequencerMetrics {
    decided: [Counter; LANES],
    depths: [Gauge; LANES],
    entries: Counter,
    batch_entries: Histogram,
    commit_seconds: Histogram,
    storage_headroom: Gauge,
    commit_p99_seconds: Gauge,
    queued_p99_seconds: Gauge,
}

impl SequencerMetrics {
    pub(crate) fn new() -> Self {
        // There before the first is turned away: who alarms on a rise must see it from 0.
        for cause in BusyCause::ALL {
            counter!(BUSY_TOTAL, "cause" => cause.code()).increment(0);
        }
        counter!(LOOK_UPS_SHED_TOTAL).increment(0);
        Self {
            decided: Lane::ALL.map(|lane| counter!(DECIDED_TOTAL, "lane" => lane.name())),
            depths: Lane::ALL.map(|lane| gauge!(LANE_DEPTH, "lane" => lane.name())),
            entries: counter!(ENTRIES_TOTAL),
            batch_entries: histogram!(BATCH_ENTRIES),
            commit_seconds: histogram!(COMMIT_SECONDS),
            storage_headroom: gauge!(STORAGE_HEADROOM_BYTES),
            commit_p99_seconds: gauge!(COMMIT_P99_SECONDS),
            queued_p99_seconds: gauge!(QUEUED_P99_SECONDS),
        }
    }

    pub(crate) fn decided(&self, lane: Lane, count: usize) {
        if count > 0 {
            self.decided[lane as usize].increment(count as u64);
        }
    }

    pub(crate) fn depths(&self, depth: impl Fn(Lane) -> usize) {
        for lane in Lane::ALL {
            self.depths[lane as usize].set(depth(lane) as f64);
        }
    }

    pub(crate) fn committed(&self, entries: usize, took: Duration) {
        self.entries.increment(entries as u64);
        self.batch_entries.record(entries as f64);
        self.commit_seconds.record(took.as_secs_f64());
    }

    pub(crate) fn strained(&self, measured: &Measured) {
        self.commit_p99_seconds.set(f64::from(measured.commit_ms_p99) / 1_000.0);
        self.queued_p99_seconds.set(f64::from(measured.queued_ms_p99) / 1_000.0);
    }

    pub(crate) fn storage_headroom(&self, bytes: i64) {
        self.storage_headroom.set(bytes as f64);
    }
}
