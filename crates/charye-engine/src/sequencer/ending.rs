//! Room: engine/sequencer. How the engine ends: drained and stopped, or failed. Written by the sequencer's thread and by
//! `stop`, watched by the process's owner and by everything that waits.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::ports::AppendFailure;

/// What state the engine is in.
#[derive(Clone, Debug)]
pub enum Running {
    /// Answering.
    Yes,
    /// Lets nothing new in, answers what is queued.
    Draining,
    /// Everything queued has been answered; nothing runs any more.
    Stopped,
    /// A batch could not be made durable, or the sequencer broke: its askers were told "unknown". The process must exit
    /// and recover from the journal; retrying here could confirm what is not there.
    Failed(Arc<WhyFailed>),
}

impl Running {
    /// Whether no thread of the engine decides anything any more.
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Stopped | Self::Failed(_))
    }
}

/// Why the sequencer ended by itself.
#[derive(Debug, thiserror::Error)]
pub enum WhyFailed {
    #[error("could not append batch to journal")]
    Append(#[from] AppendFailure),
    #[error("sequencer broke off")]
    BrokeOff,
}

/// The state, to be watched and waited for.
#[derive(Debug)]
pub(crate) struct Ending {
    state: watch::Sender<Running>,
    over: Mutex<bool>,
    ended: Condvar,
}

impl Ending {
    pub(crate) fn new() -> Self {
        Self { state: watch::Sender::new(Running::Yes), over: Mutex::new(false), ended: Condvar::new() }
    }

    pub(crate) fn watch(&self) -> watch::Receiver<Running> {
        self.state.subscribe()
    }

    /// Moves on to a later state; what is over stays over.
    pub(crate) fn move_to(&self, running: Running) {
        let is_over = running.is_over();
        self.state.send_if_modified(|state| {
            let moves = !state.is_over();
            if moves {
                *state = running;
            }
            moves
        });
        if is_over {
            *self.over.lock().unwrap_or_else(PoisonError::into_inner) = true;
            self.ended.notify_all();
        }
    }

    /// Waits for the end, at most this long. Returns whether it came.
    pub(crate) fn wait_at_most(&self, duration: Duration) -> bool {
        let over = self.over.lock().unwrap_or_else(PoisonError::into_inner);
        let (over, _) =
            self.ended.wait_timeout_while(over, duration, |over| !*over).unwrap_or_else(PoisonError::into_inner);
        *over
    }
}
