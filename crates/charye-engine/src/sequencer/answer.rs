//! Room: engine/sequencer. What goes into the queue and how its answer comes out: a question, and where to bring the answer.
//!
//! Made by use cases, read by the sequencer thread. It must never hold more than one answer's worth of memory an asker.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use charye_domain::book::{Channel, Command, Outcome, Query, Reply};
use tokio::sync::oneshot;

use crate::failure::BusyCause;

/// What takes its turn.
#[derive(Debug)]
pub enum Question {
    /// May change the book and be recorded.
    Command(Command),
    /// Changes nothing and is recorded nowhere, but is answered with the batch: durable, and read-your-writes.
    Query(Query),
}

/// The answer to a question, released after the sync of its batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Sequence number of the last durable entry when the answer was released: the most its asker may have seen.
    pub seq: u64,
    pub told: Told,
}

/// What the asker is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// The book's outcome. `recorded`: it stands in the journal and a repetition gets the same.
    Outcome {
        outcome: Outcome,
        recorded: bool,
    },
    Reply(Reply),
    /// Nothing happened, and nothing will.
    Busy(BusyCause),
    /// The batch may or may not have landed.
    Unknown,
}

/// Where an answer goes. Whoever drops it unanswered has told the asker "unknown".
#[derive(Debug)]
pub struct ReplyTo(Way);

#[derive(Debug)]
enum Way {
    Asker(oneshot::Sender<Answer>),
    Counter(CounterTicket),
}

impl ReplyTo {
    /// One asker who waits, asynchronously. Hanging up before its turn drops a question without operation key.
    pub fn asker(sender: oneshot::Sender<Answer>) -> Self {
        Self(Way::Asker(sender))
    }

    /// A counter that many answers come to, told apart by their tag. For callers without a runtime and for benches.
    pub fn counter(counter: Arc<dyn AnswerCounter>, tag: u64) -> Self {
        Self(Way::Counter(CounterTicket { counter: Some(counter), tag }))
    }

    /// Takes the ticket back: the question was never queued, and its asker is told so directly.
    pub(crate) fn withdraw(self) {
        if let Way::Counter(mut ticket) = self.0 {
            ticket.counter = None;
        }
    }
}

struct CounterTicket {
    /// Gone once answered.
    counter: Option<Arc<dyn AnswerCounter>>,
    tag: u64,
}

impl std::fmt::Debug for CounterTicket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CounterTicket({})", self.tag)
    }
}

impl Drop for CounterTicket {
    fn drop(&mut self) {
        if let Some(counter) = self.counter.take() {
            counter.answer(self.tag, Answer { seq: 0, told: Told::Unknown });
            counter.released();
        }
    }
}

/// Callers remembered while a batch is answered, so that each is woken once.
const COUNTERS_WOKEN_TOGETHER: usize = 8;

/// Gives every answer of a batch, and wakes each counter once they are all given (or when many counters take turns).
pub(crate) fn give_all(answers: impl Iterator<Item = (ReplyTo, Answer)>) {
    let mut to_wake: Vec<Arc<dyn AnswerCounter>> = Vec::new();
    for (ReplyTo(way), answer) in answers {
        match way {
            // Whoever hung up asks for the operation by its key.
            Way::Asker(sender) => drop(sender.send(answer)),
            Way::Counter(mut ticket) => {
                let Some(counter) = ticket.counter.take() else { continue };
                counter.answer(ticket.tag, answer);
                if to_wake.iter().any(|known| Arc::ptr_eq(known, &counter)) {
                    continue;
                }
                if to_wake.len() == COUNTERS_WOKEN_TOGETHER {
                    to_wake.drain(..).for_each(|counter| counter.released());
                }
                to_wake.push(counter);
            }
        }
    }
    to_wake.into_iter().for_each(|counter| counter.released());
}

/// Takes answers on the sequencer's thread: it must return at once and never wait for the engine.
pub trait AnswerCounter: Send + Sync {
    /// One answer of a batch.
    fn answer(&self, tag: u64, answer: Answer);

    /// The last answer of a batch for this counter has been given: wake whoever waits, once a batch.
    fn released(&self);
}

/// One question on its way.
#[derive(Debug)]
pub struct Submission {
    pub question: Question,
    pub reply_to: ReplyTo,
    /// When it was queued, by the monotonic clock.
    pub asked_at: Duration,
}

impl Submission {
    /// Whether nobody waits for the answer any more and no key obliges us to remember it.
    pub(crate) fn is_abandoned(&self) -> bool {
        let asker_gone = matches!(&self.reply_to.0, Way::Asker(sender) if sender.is_closed());
        let keyed = matches!(&self.question, Question::Command(command) if command.operation.is_some());
        asker_gone && !keyed
    }

    /// Whether it was asked before `since`: its asker is about to give up, so a definite Busy serves them better than a late
    /// answer to nobody. What we ask ourselves, and what operators ask at a prompt, is never overdue.
    pub(crate) fn is_overdue(&self, since: Duration) -> bool {
        let patient = match &self.question {
            Question::Query(_) => false,
            Question::Command(command) => matches!(command.by.channel, Channel::Internal | Channel::CommandLine),
        };
        self.asked_at < since && !patient
    }
}

/// A counter for one caller who blocks until the answer is there.
#[derive(Default)]
pub(crate) struct BlockedCaller {
    answer: Mutex<Option<Answer>>,
    there: Condvar,
}

impl BlockedCaller {
    /// Blocks until the answer comes. The sequencer answers everything it accepted, even when it fails.
    pub(crate) fn wait(&self) -> Answer {
        let mut answer = self.answer.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(answer) = answer.take() {
                return answer;
            }
            answer = self.there.wait(answer).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl AnswerCounter for BlockedCaller {
    fn answer(&self, _tag: u64, answer: Answer) {
        *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
    }

    fn released(&self) {
        self.there.notify_one();
    }
}
