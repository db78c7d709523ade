//! Room: gateway/identity/rehearsal_identity. What its providers have given out and not yet been asked for: codes, access
//! tokens, requests to apps. Bounded; the oldest goes first, as at any provider whose codes expire.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use charye_engine::ports::RehearsalCitizenId;

/// Grants kept.
const GRANTS_MAX: usize = 100_000;

/// One grant.
#[derive(Clone, Debug)]
pub(super) struct Grant {
    pub(super) citizen: RehearsalCitizenId,
    pub(super) nonce: Option<String>,
    pub(super) code_challenge: Option<String>,
    pub(super) redirect_uri: String,
    /// Monotonic.
    pub(super) given_at: Duration,
}

/// Grants by what was given out for them.
#[derive(Debug, Default)]
pub(super) struct Grants {
    by_ticket: HashMap<String, Grant>,
    in_order: VecDeque<String>,
}

impl Grants {
    pub(super) fn give(&mut self, ticket: String, grant: Grant) {
        while self.in_order.len() >= GRANTS_MAX {
            if let Some(oldest) = self.in_order.pop_front() {
                self.by_ticket.remove(&oldest);
            }
        }
        self.in_order.push_back(ticket.clone());
        self.by_ticket.insert(ticket, grant);
    }

    /// For codes: they are taken once.
    pub(super) fn take(&mut self, ticket: &str) -> Option<Grant> {
        self.by_ticket.remove(ticket)
    }

    pub(super) fn see(&self, ticket: &str) -> Option<&Grant> {
        self.by_ticket.get(ticket)
    }
}
