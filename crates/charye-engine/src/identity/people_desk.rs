//! Room: engine/identity. The desk in front of the people store: its blocking work runs on two threads of its own, behind
//! bounded queues, so that a slow disk there makes sign-in busy and nothing else.
//!
//! Called by use cases of this room. Writes that wait together become durable together. Never caches a name.

use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use charye_domain::ids::Person;
use tokio::sync::oneshot;

use crate::engine::Engine;
use crate::failure::{BusyCause, Failure, Fault};
use crate::metrics;
use crate::ports::{PeopleFailure, PeopleStore, PersonalDetails};

/// Writes or reads that may wait; the next is told Busy.
const WAITING_MAX: usize = 1_024;
/// Writes that become durable together at most.
const WRITES_TOGETHER_MAX: usize = 512;
/// While several come at a time, so long for each of them is waited for more before they are made durable: two commits and
/// the pages that every commit writes cost more than sealing a dozen people.
const GATHER_EACH: Duration = Duration::from_micros(500);
/// However many come: nobody notices eight thousandths of a second on the way back from a provider.
const GATHER_MAX: Duration = Duration::from_millis(8);

/// What somebody at the desk waits for.
type Done<T> = oneshot::Sender<Result<T, PeopleFailure>>;

enum Writing {
    Put { person: Person, details: PersonalDetails, done: Done<()> },
    Erase { person: Person, done: Done<()> },
}

struct Reading {
    person: Person,
    done: Done<Option<PersonalDetails>>,
}

/// A person's details, if they are kept. The caller answers for the person's right to see them.
///
/// # Errors
/// `Busy` (`Saturated`), or `Fault`: they could not be read.
pub async fn personal_details(engine: &Engine, person: Person) -> Result<Option<PersonalDetails>, Failure> {
    engine.people.get(person).await
}

/// The two threads and the way to them.
pub(crate) struct PeopleDesk {
    ways: Mutex<Option<Ways>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

struct Ways {
    writing: SyncSender<Writing>,
    reading: SyncSender<Reading>,
}

impl PeopleDesk {
    /// Starts the two threads.
    pub(crate) fn open(people: &Arc<dyn PeopleStore>) -> std::io::Result<Self> {
        let (writing, to_write) = sync_channel(WAITING_MAX);
        let (reading, to_read) = sync_channel(WAITING_MAX);
        let writer = Arc::clone(people);
        let reader = Arc::clone(people);
        let threads = vec![
            std::thread::Builder::new()
                .name("people-writer".into())
                .spawn(move || write_until_closed(&*writer, &to_write))?,
            std::thread::Builder::new()
                .name("people-reader".into())
                .spawn(move || read_until_closed(&*reader, &to_read))?,
        ];
        Ok(Self { ways: Mutex::new(Some(Ways { writing, reading })), threads: Mutex::new(threads) })
    }

    /// Writes or replaces a person's details; durable on return.
    pub(crate) async fn put(&self, person: Person, details: PersonalDetails) -> Result<(), Failure> {
        let (done, written) = oneshot::channel();
        self.hand_in(|ways| {
            ways.writing.try_send(Writing::Put { person, details, done }).map_err(|refused| without_load(&refused))
        })?;
        settle(written.await, "write a person's details")
    }

    /// Destroys a person's details.
    pub(crate) async fn erase(&self, person: Person) -> Result<(), Failure> {
        let (done, erased) = oneshot::channel();
        self.hand_in(|ways| {
            ways.writing.try_send(Writing::Erase { person, done }).map_err(|refused| without_load(&refused))
        })?;
        settle(erased.await, "destroy a person's details")
    }

    /// A person's details, if they are kept.
    pub(crate) async fn get(&self, person: Person) -> Result<Option<PersonalDetails>, Failure> {
        let (done, read) = oneshot::channel();
        self.hand_in(|ways| ways.reading.try_send(Reading { person, done }).map_err(|refused| without_load(&refused)))?;
        settle(read.await, "read a person's details")
    }

    /// Finishes what waits and ends the threads.
    pub(crate) fn close(&self) {
        drop(self.ways.lock().unwrap_or_else(PoisonError::into_inner).take());
        for thread in self.threads.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of the people desk panicked");
            }
        }
    }

    fn hand_in(&self, hand_in: impl FnOnce(&Ways) -> Result<(), TrySendError<()>>) -> Result<(), Failure> {
        let ways = self.ways.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(ways) = ways.as_ref() else { return Err(Failure::busy(BusyCause::Draining)) };
        hand_in(ways).map_err(|refused| match refused {
            TrySendError::Full(()) => {
                metrics::refused_busy(BusyCause::Saturated);
                Failure::busy(BusyCause::Saturated)
            }
            TrySendError::Disconnected(()) => Failure::busy(BusyCause::Draining),
        })
    }
}

fn without_load<T>(refused: &TrySendError<T>) -> TrySendError<()> {
    match refused {
        TrySendError::Full(_) => TrySendError::Full(()),
        TrySendError::Disconnected(_) => TrySendError::Disconnected(()),
    }
}

fn settle<T>(
    told: Result<Result<T, PeopleFailure>, oneshot::error::RecvError>,
    doing: &'static str,
) -> Result<T, Failure> {
    match told {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(PeopleFailure::Busy)) => Err(Failure::busy(BusyCause::Saturated)),
        Ok(Err(failure)) => Err(Failure::Fault(Fault::nothing_happened(doing, Box::new(failure)))),
        Err(_) => Err(Failure::Fault(Fault::unknown(doing))),
    }
}

fn write_until_closed(people: &dyn PeopleStore, to_write: &Receiver<Writing>) {
    let mut puts = Vec::with_capacity(WRITES_TOGETHER_MAX);
    let mut waiting = Vec::with_capacity(WRITES_TOGETHER_MAX);
    let mut came_together = 0_u32;
    while let Ok(first) = to_write.recv() {
        if came_together > 1 {
            std::thread::park_timeout(GATHER_EACH.saturating_mul(came_together).min(GATHER_MAX));
        }
        came_together = 0;
        let mut next = Some(first);
        while let Some(writing) = next.take() {
            came_together += 1;
            match writing {
                Writing::Put { person, details, done } => {
                    puts.push((person, details));
                    waiting.push(done);
                }
                Writing::Erase { person, done } => {
                    put_together(people, &mut puts, &mut waiting);
                    tell(done, people.erase(person));
                }
            }
            let is_full = puts.len() >= WRITES_TOGETHER_MAX;
            match to_write.try_recv() {
                Ok(writing) if !is_full => next = Some(writing),
                Ok(writing) => {
                    put_together(people, &mut puts, &mut waiting);
                    next = Some(writing);
                }
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => {}
            }
        }
        put_together(people, &mut puts, &mut waiting);
    }
}

/// Writes what came together; if that fails, one by one, so that each asker gets their own answer.
fn put_together(people: &dyn PeopleStore, puts: &mut Vec<(Person, PersonalDetails)>, waiting: &mut Vec<Done<()>>) {
    let together = if puts.is_empty() { Ok(()) } else { people.put_all(puts) };
    for ((person, details), done) in puts.drain(..).zip(waiting.drain(..)) {
        let own = if together.is_ok() { Ok(()) } else { people.put(person, &details) };
        tell(done, own);
    }
}

fn read_until_closed(people: &dyn PeopleStore, to_read: &Receiver<Reading>) {
    while let Ok(Reading { person, done }) = to_read.recv() {
        if !done.is_closed() {
            tell(done, people.get(person));
        }
    }
}

/// Whoever hung up meanwhile learns it from the store next time.
fn tell<T>(done: Done<T>, result: Result<T, PeopleFailure>) {
    drop(done.send(result));
}
