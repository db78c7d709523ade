//! Room: engine/sequencer. What the sequencer shows to everyone without their taking a turn: its time, its head, its
//! health, the campaigns in force. Written by the sequencer's thread, read by any; a reader never waits for a batch.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use charye_domain::campaign::Campaign;
use charye_domain::ids::CampaignId;
use charye_domain::time::UnixMillis;

/// A value that is replaced whole. Reading takes a reference and never waits for whoever makes the next one.
#[derive(Debug)]
pub struct Published<T>(RwLock<Arc<T>>);

impl<T> Published<T> {
    /// Shows a first value.
    pub fn new(value: T) -> Self {
        Self(RwLock::new(Arc::new(value)))
    }

    /// What is shown now.
    pub fn load(&self) -> Arc<T> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Shows another value from now on.
    pub fn store(&self, value: Arc<T>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = value;
    }
}

/// The campaigns of the journal in their versions in force, by id.
#[derive(Clone, Debug, Default)]
pub struct CampaignList {
    campaigns: Vec<Arc<Campaign>>,
}

impl CampaignList {
    /// A list of current versions, in order of their ids.
    pub fn new(campaigns: Vec<Arc<Campaign>>) -> Self {
        Self { campaigns }
    }

    /// The campaign with this id.
    pub fn get(&self, id: CampaignId) -> Option<&Arc<Campaign>> {
        self.campaigns.get(usize::from(id.0))
    }

    /// The campaign with this code.
    pub fn by_code(&self, code: &str) -> Option<&Arc<Campaign>> {
        self.campaigns.iter().find(|campaign| campaign.code == code)
    }

    /// All of them, by id.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Arc<Campaign>> {
        self.campaigns.iter()
    }

    /// How many there are; the id the next new campaign gets.
    pub fn len(&self) -> usize {
        self.campaigns.len()
    }

    /// Whether nothing has been published yet.
    pub fn is_empty(&self) -> bool {
        self.campaigns.is_empty()
    }
}

/// Numbers the sequencer keeps up to date, batch by batch.
#[derive(Debug, Default)]
pub(crate) struct Pulse {
    now: AtomicI64,
    head_seq: AtomicU64,
    heartbeat_ms: AtomicU64,
    clock_unsure: AtomicBool,
    storage_low: AtomicBool,
    draining: AtomicBool,
    /// Questions decided a second: what a full lane's `retry_after` is reckoned from.
    decided_per_sec: AtomicU64,
    /// Entries recorded a second: what the projector paces itself by.
    entries_per_sec: AtomicU64,
    projected_seq: AtomicU64,
    violations: AtomicU64,
    snapshot_wished: AtomicBool,
    rebuild_wished: AtomicBool,
    journal_doubted: AtomicBool,
    board_behind: AtomicBool,
    /// Commits or queues are slower than they may be.
    strained: AtomicBool,
    /// Look-ups asked for while strained.
    look_ups_strained: AtomicU64,
    /// Questions of those inside that were told Busy by a full lane, or after too long a wait.
    inside_turned_away: AtomicU64,
}

/// While the service is strained one look-up in so many is answered: enough for those inside to find a place, and far less
/// than a crowd that reloads.
const LOOK_UPS_PER_ANSWER: u64 = 4;

impl Pulse {
    pub(crate) fn now(&self) -> UnixMillis {
        UnixMillis(self.now.load(Ordering::Acquire))
    }

    pub(crate) fn set_now(&self, now: UnixMillis) {
        self.now.store(now.0, Ordering::Release);
    }

    pub(crate) fn head_seq(&self) -> u64 {
        self.head_seq.load(Ordering::Acquire)
    }

    pub(crate) fn set_head_seq(&self, seq: u64) {
        self.head_seq.store(seq, Ordering::Release);
    }

    pub(crate) fn beat(&self, monotonic: Duration) {
        self.heartbeat_ms.store(millis(monotonic), Ordering::Relaxed);
    }

    pub(crate) fn heartbeat_age(&self, monotonic: Duration) -> Duration {
        Duration::from_millis(millis(monotonic).saturating_sub(self.heartbeat_ms.load(Ordering::Relaxed)))
    }

    pub(crate) fn clock_unsure(&self) -> bool {
        self.clock_unsure.load(Ordering::Acquire)
    }

    pub(crate) fn set_clock_unsure(&self, unsure: bool) {
        self.clock_unsure.store(unsure, Ordering::Release);
    }

    pub(crate) fn storage_low(&self) -> bool {
        self.storage_low.load(Ordering::Acquire)
    }

    pub(crate) fn set_storage_low(&self, low: bool) {
        self.storage_low.store(low, Ordering::Release);
    }

    pub(crate) fn draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    pub(crate) fn set_draining(&self) {
        self.draining.store(true, Ordering::Release);
    }

    pub(crate) fn decided_per_sec(&self) -> u64 {
        self.decided_per_sec.load(Ordering::Relaxed)
    }

    pub(crate) fn entries_per_sec(&self) -> u64 {
        self.entries_per_sec.load(Ordering::Relaxed)
    }

    pub(crate) fn set_rates(&self, decided_per_sec: u64, entries_per_sec: u64) {
        self.decided_per_sec.store(decided_per_sec, Ordering::Relaxed);
        self.entries_per_sec.store(entries_per_sec, Ordering::Relaxed);
    }

    /// Sequence number of the last entry in the projections, and violations of their constraints so far.
    pub(crate) fn projected(&self) -> (u64, u64) {
        (self.projected_seq.load(Ordering::Acquire), self.violations.load(Ordering::Relaxed))
    }

    pub(crate) fn set_projected(&self, seq: u64, violations: u64) {
        self.violations.store(violations, Ordering::Relaxed);
        self.projected_seq.store(seq, Ordering::Release);
    }

    pub(crate) fn board_behind(&self) -> bool {
        self.board_behind.load(Ordering::Acquire)
    }

    pub(crate) fn set_board_behind(&self, behind: bool) {
        self.board_behind.store(behind, Ordering::Release);
    }

    pub(crate) fn strained(&self) -> bool {
        self.strained.load(Ordering::Relaxed)
    }

    pub(crate) fn set_strained(&self, strained: bool) {
        self.strained.store(strained, Ordering::Relaxed);
    }

    /// Whether one more look-up is to be answered now: all of them unless strained.
    pub(crate) fn answers_look_up(&self) -> bool {
        !self.strained() || self.look_ups_strained.fetch_add(1, Ordering::Relaxed).is_multiple_of(LOOK_UPS_PER_ANSWER)
    }

    pub(crate) fn inside_turned_away(&self) -> u64 {
        self.inside_turned_away.load(Ordering::Relaxed)
    }

    pub(crate) fn note_inside_turned_away(&self) {
        self.inside_turned_away.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn wish_for_rebuild(&self) {
        self.rebuild_wished.store(true, Ordering::Relaxed);
    }

    pub(crate) fn take_rebuild_wish(&self) -> bool {
        self.rebuild_wished.load(Ordering::Relaxed) && self.rebuild_wished.swap(false, Ordering::Relaxed)
    }

    pub(crate) fn journal_doubted(&self) -> bool {
        self.journal_doubted.load(Ordering::Relaxed)
    }

    pub(crate) fn doubt_journal(&self) {
        self.journal_doubted.store(true, Ordering::Relaxed);
    }

    pub(crate) fn wish_for_snapshot(&self) {
        self.snapshot_wished.store(true, Ordering::Relaxed);
    }

    pub(crate) fn take_snapshot_wish(&self) -> bool {
        self.snapshot_wished.load(Ordering::Relaxed) && self.snapshot_wished.swap(false, Ordering::Relaxed)
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
