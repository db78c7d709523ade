//! Room: engine/fakes. A sender that keeps what it is handed, and can be out of reach.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::fakes::locked;
use crate::ports::{Message, MessageSender, SendFailure};

/// Messages handed over. Clones are the same outbox.
#[derive(Clone, Default)]
pub struct MemoryMessages {
    outbox: Arc<(Mutex<Outbox>, Condvar)>,
}

#[derive(Default)]
struct Outbox {
    messages: Vec<Message>,
    refusals_left: u32,
}

impl MemoryMessages {
    /// The next so many attempts fail.
    pub fn fail(&self, times: u32) {
        locked(&self.outbox.0).refusals_left = times;
    }

    /// Blocks until so many have been handed over, or a minute has passed; then everything handed over, in order.
    pub fn wait_for(&self, count: usize) -> Vec<Message> {
        let (outbox, came) = &*self.outbox;
        let (outbox, _) = came
            .wait_timeout_while(locked(outbox), Duration::from_secs(60), |outbox| outbox.messages.len() < count)
            .unwrap_or_else(PoisonError::into_inner);
        outbox.messages.clone()
    }
}

impl MessageSender for MemoryMessages {
    fn send(&mut self, messages: &[Message]) -> Result<usize, SendFailure> {
        let mut outbox = locked(&self.outbox.0);
        if outbox.refusals_left > 0 {
            outbox.refusals_left -= 1;
            return Err(SendFailure("told to fail".into()));
        }
        outbox.messages.extend_from_slice(messages);
        self.outbox.1.notify_all();
        Ok(messages.len())
    }
}
