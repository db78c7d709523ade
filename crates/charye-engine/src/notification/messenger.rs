//! Room: engine/notification. The messenger: hands over every message due, in order, and has that recorded, on a thread of
//! its own.
//!
//! In order of the journal, so that one number says how far it got: the newest message recorded as delivered. Whatever
//! came after it is handed over again after a restart, with the same id (law I11). It never holds an answer back.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use charye_domain::book::{Action, Channel, Command, Event};
use charye_domain::ids::MessageId;

use crate::answered::by_system;
use crate::engine::Shared;
use crate::failure::Failure;
use crate::metrics;
use crate::notification::message_due;
use crate::ports::{JournalReader, Keys, Message, MessageSender, ReadFailure, RecordedBatch, SendFailure};
use crate::sequencer::followers::{FollowerQueue, Found};

/// Messages handed over together at most; their delivery is one entry.
const MESSAGES_TOGETHER_MAX: usize = 1_024;
/// How long messages gather before they are handed over: nobody waits for one, and a delivery is a commit.
const GATHER_MAX: Duration = Duration::from_millis(100);
/// Entries at the journal's end that are looked through first for the newest delivery; each look further back takes four
/// times as many.
const LOOK_BACK_FIRST: u64 = 16_384;
/// Messages read from the journal at once.
const READ_AHEAD_MAX: usize = 4_096;
const LOOK_EVERY: Duration = Duration::from_secs(1);
const RETRY_FIRST: Duration = Duration::from_secs(1);
const RETRY_MAX: Duration = Duration::from_secs(60);

/// The messenger's thread.
pub(crate) struct Messenger {
    pub(crate) shared: Arc<Shared>,
    pub(crate) queue: Arc<FollowerQueue>,
    pub(crate) sender: Box<dyn MessageSender>,
    pub(crate) reader: Box<dyn JournalReader>,
    /// Sequence number of the last entry looked at whose message, if any, is done with.
    pub(crate) done_through: u64,
}

#[derive(Debug, thiserror::Error)]
enum Stuck {
    #[error(transparent)]
    Sender(#[from] SendFailure),
    #[error(transparent)]
    Journal(#[from] ReadFailure),
    #[error("could not have a delivery recorded")]
    NotRecorded,
    #[error("sender takes nothing")]
    TakesNothing,
}

impl Messenger {
    /// Runs until the engine ends.
    pub(crate) fn run(mut self) {
        let mut retry_after = RETRY_FIRST;
        let mut has_caught_up = false;
        while !self.queue.is_closed() {
            let step = if has_caught_up { self.follow() } else { self.find_last_delivered() };
            match step {
                Ok(()) => {
                    has_caught_up = true;
                    retry_after = RETRY_FIRST;
                }
                Err(stuck) => {
                    tracing::warn!(error = &stuck as &dyn std::error::Error, "messages wait");
                    metrics::messages_stuck();
                    self.queue.fall_behind();
                    self.queue.rest(retry_after);
                    retry_after = (retry_after * 2).min(RETRY_MAX);
                }
            }
        }
    }

    /// Looks for the newest delivery, from the journal's end backwards: deliveries are recorded in order, so the last one
    /// says how far all of them went. Once a start, beside everything else.
    fn find_last_delivered(&mut self) -> Result<(), Stuck> {
        let mut until_seq = self.shared.pulse.head_seq() + 1;
        let mut stretch = LOOK_BACK_FIRST;
        while until_seq > 1 && !self.queue.is_closed() {
            let from_seq = until_seq.saturating_sub(stretch).max(1);
            if let Some(newest) = self.newest_delivered(from_seq, until_seq)? {
                self.done_through = newest;
                return Ok(());
            }
            (until_seq, stretch) = (from_seq, stretch.saturating_mul(4));
        }
        Ok(())
    }

    /// The newest message that rows from the one with `from_seq` on, and before `until_seq`, say was delivered.
    fn newest_delivered(&mut self, from_seq: u64, until_seq: u64) -> Result<Option<u64>, ReadFailure> {
        let Self { queue, reader, .. } = self;
        let mut newest = None;
        reader.read(from_seq, &mut |batch| {
            if batch.first_seq >= until_seq || queue.is_closed() {
                return ControlFlow::Break(());
            }
            for entry in batch.entries.iter() {
                if let Event::Delivered { messages } = &entry.event {
                    newest = newest.max(messages.iter().map(|MessageId(seq)| *seq).max());
                }
            }
            ControlFlow::Continue(())
        })?;
        Ok(newest)
    }

    fn follow(&mut self) -> Result<(), Stuck> {
        match self.queue.take(MESSAGES_TOGETHER_MAX, GATHER_MAX, LOOK_EVERY) {
            Found::Batches(batches) if self.continues(&batches) => {
                let due: Vec<Message> =
                    batches.iter().flat_map(|batch| messages_of(batch, &*self.shared.keys)).collect();
                let last_seq = batches.last().map_or(self.done_through, RecordedBatch::last_seq);
                self.hand_over(&due)?;
                self.done_through = self.done_through.max(last_seq);
                Ok(())
            }
            Found::Batches(_) | Found::FellBehind => self.catch_up(),
            Found::Nothing | Found::Closed => Ok(()),
        }
    }

    fn continues(&self, batches: &[RecordedBatch]) -> bool {
        batches.first().is_some_and(|first| first.first_seq <= self.done_through + 1)
    }

    /// Hands over what the journal holds after `done_through`, some thousand at a time.
    fn catch_up(&mut self) -> Result<(), Stuck> {
        while !self.queue.is_closed() {
            let mut due = Vec::new();
            let mut looked_through = self.done_through;
            let keys = &*self.shared.keys;
            self.reader.read(self.done_through + 1, &mut |batch| {
                due.extend(messages_of(&batch, keys));
                looked_through = batch.last_seq();
                if due.len() < READ_AHEAD_MAX { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            })?;
            if looked_through == self.done_through {
                break;
            }
            self.hand_over(&due)?;
            self.done_through = self.done_through.max(looked_through);
        }
        Ok(())
    }

    fn hand_over(&mut self, due: &[Message]) -> Result<(), Stuck> {
        let fresh = due.iter().position(|message| message.id.0 > self.done_through).unwrap_or(due.len());
        let mut left = &due[fresh..];
        while !left.is_empty() && !self.queue.is_closed() {
            let together = &left[..left.len().min(MESSAGES_TOGETHER_MAX)];
            let done = self.sender.send(together)?.min(together.len());
            let (done, _) = together.split_at(done);
            let Some(last) = done.last() else { return Err(Stuck::TakesNothing) };
            self.have_recorded(done)?;
            metrics::messages_handed_over(done.len());
            self.done_through = last.id.0;
            left = &left[done.len()..];
        }
        Ok(())
    }

    fn have_recorded(&self, done: &[Message]) -> Result<(), Stuck> {
        let messages = done.iter().map(|message| message.id).collect();
        let command =
            Command { by: by_system(Channel::Internal), operation: None, action: Action::NoteDelivered { messages } };
        let answer = self.shared.submit_blocking(command);
        answer.map(|_| ()).map_err(|failure| {
            if let Failure::Rejected { rejection, .. } = failure {
                tracing::error!(code = rejection.code(), "a delivery was refused");
            }
            Stuck::NotRecorded
        })
    }
}

fn messages_of(batch: &RecordedBatch, keys: &dyn Keys) -> impl Iterator<Item = Message> {
    (batch.first_seq..).zip(batch.entries.iter()).filter_map(|(seq, entry)| message_due(seq, entry, keys))
}
