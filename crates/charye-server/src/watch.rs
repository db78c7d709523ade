//! Room: server. The watch over what is kept: goes over journal, projections and people store again and again, a slice at a
//! time, and notices rows that were changed, added or removed by hand. Started by `wiring` beside the engine, on one
//! thread of low priority.
//!
//! What is small is gone over every few seconds; ten million rows take minutes, and `charye_watch_round_seconds` says how
//! many. A finding is logged once, with table and row, and counted. Then: projections are emptied and filled from the
//! journal; a person's row stays refused by whoever reads it; for the journal nobody but an operator can decide, so
//! `/readyz` says no and memory goes on answering. It must never change a row itself, nor log what a row holds.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context as _;
use charye_domain::ids::Person;
use charye_engine::Engine;
use charye_engine::ports::Clock;
use charye_ledger::data_folder::DataFolder;
use charye_ledger::journal::{JournalWatch, SqliteJournalReader};
use charye_ledger::people::{SqlitePeople, Unfit};
use charye_ledger::projection::TableWatch;
use metrics::{counter, gauge};

use crate::clock::SystemClock;
use crate::wiring::{campaign_reader, lower_priority};

/// Time between two slices.
const TICK: Duration = Duration::from_millis(500);
/// How long a slice of one store lasts, about: with three stores a third of a core at most, and of what others leave.
const SLICE: Duration = Duration::from_millis(60);
/// Decisions a second from which on whoever reserves goes first: then the watch takes one look at a time, and rests so many
/// times as long as that took.
const BUSY_FROM_PER_SEC: u64 = 1_000;
const REST_PER_WORK_BUSY: u32 = 100;
/// Time between two rounds over one store.
const REST: Duration = Duration::from_secs(2);
/// Time after a finding in the projections until they are looked at again: they are being emptied.
const REST_FOR_REBUILD: Duration = Duration::from_secs(30);
/// Rows of one look into the people store.
const PEOPLE_AT_ONCE: u32 = 256;
/// Entries of one look into the journal.
const ENTRIES_AT_ONCE: u64 = 4_096;
/// Findings of one round that are told one by one.
const TOLD_MAX: usize = 1_000;

/// Rows looked at, by `what`. Counter.
const ROWS_TOTAL: &str = "charye_watch_rows_total";
/// Rows found that are not as Charye wrote them, by `what`; each once while it lasts. Counter.
const FINDINGS_TOTAL: &str = "charye_watch_findings_total";
/// How long the last round over everything took, by `what`. Gauge, seconds.
const ROUND_SECONDS: &str = "charye_watch_round_seconds";

/// The watch's thread, ended when dropped.
pub(crate) struct Watch {
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Begins to watch what lies in `folder`.
    ///
    /// # Errors
    /// The thread does not start.
    pub(crate) fn start(
        engine: &Arc<Engine>,
        people: &Arc<SqlitePeople>,
        folder: &DataFolder,
    ) -> Result<Self, anyhow::Error> {
        let reader = SqliteJournalReader::new(folder.journal(), campaign_reader());
        let mut rounds = [
            Round::over("journal", Rows { engine: Arc::clone(engine), watch: JournalWatch::new(Box::new(reader)) }),
            Round::over("projections", Tables { engine: Arc::clone(engine), path: folder.projection(), watch: None }),
            Round::over("people", People { store: Arc::clone(people), at: None, suspects: Vec::new() }),
        ];
        let (end, ended) = mpsc::channel();
        let running = engine.running();
        let watched_engine = Arc::clone(engine);
        let watch = move || {
            lower_priority();
            let clock = SystemClock::new();
            while ended.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) && !running.borrow().is_over() {
                let busy = watched_engine.health().decided_per_sec >= BUSY_FROM_PER_SEC;
                rounds.iter_mut().for_each(|round| round.go_on(&clock, busy));
            }
        };
        let thread = std::thread::Builder::new().name("watch".into()).spawn(watch).context("could not start watch")?;
        Ok(Self { end: Some(end), thread: Some(thread) })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        drop(self.end.take());
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the watch panicked");
        }
    }
}

/// A store that can be looked at a piece at a time.
trait Watched: Send {
    /// Looks at the next piece.
    fn look(&mut self) -> Result<Seen, anyhow::Error>;

    /// Something was found in the last look.
    fn act(&self);
}

/// What a look saw.
#[derive(Default)]
struct Seen {
    rows: u64,
    /// One sentence each, naming the row.
    findings: Vec<String>,
    /// Go on in the next slice, a moment later.
    waits: bool,
    /// Everything has been looked at: rest for so long.
    rest: Option<Duration>,
}

/// One round after another over one store.
struct Round {
    what: &'static str,
    watched: Box<dyn Watched>,
    began_at: Option<Duration>,
    rests_until: Duration,
    /// Findings of the round before: those that last are not told again.
    told: BTreeSet<String>,
    found: BTreeSet<String>,
    /// A look failed, and that has been said.
    fails: bool,
}

impl Round {
    fn over(what: &'static str, watched: impl Watched + 'static) -> Self {
        let (told, found) = (BTreeSet::new(), BTreeSet::new());
        Self {
            what,
            watched: Box::new(watched),
            began_at: None,
            rests_until: Duration::ZERO,
            told,
            found,
            fails: false,
        }
    }

    /// Looks at pieces for one slice of time; at one piece only while others are `busy`.
    fn go_on(&mut self, clock: &dyn Clock, busy: bool) {
        let now = clock.monotonic();
        if now < self.rests_until {
            return;
        }
        let began_at = *self.began_at.get_or_insert(now);
        while clock.monotonic().saturating_sub(now) < SLICE {
            let seen = match self.watched.look() {
                Ok(seen) => seen,
                Err(error) => return self.tell_failure(&error),
            };
            self.fails = false;
            counter!(ROWS_TOTAL, "what" => self.what).increment(seen.rows);
            if !seen.findings.is_empty() {
                self.watched.act();
            }
            seen.findings.into_iter().for_each(|finding| self.tell(finding));
            if let Some(rest) = seen.rest {
                let over_at = clock.monotonic();
                gauge!(ROUND_SECONDS, "what" => self.what).set(over_at.saturating_sub(began_at).as_secs_f64());
                self.began_at = None;
                self.rests_until = over_at + rest;
                self.told = std::mem::take(&mut self.found);
                return;
            }
            if busy {
                let now_at = clock.monotonic();
                self.rests_until = now_at + now_at.saturating_sub(now) * REST_PER_WORK_BUSY;
                return;
            }
            if seen.waits {
                return;
            }
        }
    }

    fn tell(&mut self, finding: String) {
        if self.found.len() >= TOLD_MAX || self.found.contains(&finding) {
            return;
        }
        if !self.told.contains(&finding) {
            counter!(FINDINGS_TOTAL, "what" => self.what).increment(1);
            tracing::error!(what = self.what, finding, "changed by hand");
        }
        self.found.insert(finding);
    }

    fn tell_failure(&mut self, error: &anyhow::Error) {
        if !std::mem::replace(&mut self.fails, true) {
            tracing::warn!(what = self.what, error = format!("{error:#}"), "could not look at what is kept");
        }
    }
}

/// The journal's rows.
struct Rows {
    engine: Arc<Engine>,
    watch: JournalWatch,
}

impl Watched for Rows {
    fn look(&mut self) -> Result<Seen, anyhow::Error> {
        let look = self.watch.look(self.engine.head_seq(), ENTRIES_AT_ONCE)?;
        let findings = look.finding.iter().map(ToString::to_string).collect();
        Ok(Seen { rows: look.entries, findings, rest: look.round_is_over.then_some(REST), waits: false })
    }

    fn act(&self) {
        self.engine.doubt_journal();
    }
}

/// The projections' tables.
struct Tables {
    engine: Arc<Engine>,
    path: PathBuf,
    /// Opened at the first look.
    watch: Option<TableWatch>,
}

impl Watched for Tables {
    fn look(&mut self) -> Result<Seen, anyhow::Error> {
        let watch = match &mut self.watch {
            Some(watch) => watch,
            None => self.watch.insert(TableWatch::open(&self.path)?),
        };
        let look = watch.look()?;
        let mut rest = look.round_is_over.then_some(REST);
        if !look.findings.is_empty() {
            // Everything is made anew: what else there may be goes with it, and the next look begins at the beginning.
            self.watch = None;
            rest = Some(REST_FOR_REBUILD);
        }
        let findings = look.findings.iter().map(ToString::to_string).collect();
        Ok(Seen { rows: look.rows.into(), findings, rest, waits: false })
    }

    fn act(&self) {
        self.engine.ask_for_rebuild();
    }
}

/// The people store's rows and keys.
struct People {
    store: Arc<SqlitePeople>,
    at: Option<Person>,
    /// Who looked unfit a moment ago: who is being written or erased does.
    suspects: Vec<Person>,
}

impl Watched for People {
    fn look(&mut self) -> Result<Seen, anyhow::Error> {
        if let Some(person) = self.suspects.pop() {
            let unfit = self.store.look_again(person)?;
            return Ok(Seen {
                findings: unfit.map(|unfit| words(person, unfit)).into_iter().collect(),
                ..Seen::default()
            });
        }
        let sweep = self.store.sweep(self.at, PEOPLE_AT_ONCE)?;
        self.at = sweep.next;
        self.suspects = sweep.unfit.into_iter().map(|(person, _)| person).collect();
        let mut findings = Vec::new();
        if sweep.strays > 0 {
            findings
                .push(format!("{} rows of tables people and data_keys are of numbers that nobody has", sweep.strays));
        }
        let (waits, rest) = (!self.suspects.is_empty(), sweep.next.is_none().then_some(REST));
        Ok(Seen { rows: sweep.rows_checked.into(), findings, waits, rest })
    }

    /// Whoever reads the row is refused by the store itself.
    fn act(&self) {}
}

fn words(person: Person, unfit: Unfit) -> String {
    match unfit {
        Unfit::Changed => format!("row of person {person} in table people was changed"),
        Unfit::KeyGone => format!("key of person {person} in table data_keys was removed or replaced"),
        Unfit::RowGone => format!("row of person {person} in table people is gone, its key is there"),
    }
}
