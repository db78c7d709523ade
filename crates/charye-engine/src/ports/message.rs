//! Room: engine/ports. Messages to citizens: what is due to be told, and who carries it. Implemented by
//! gateway/notification; called by the engine's messenger thread. It carries no name or number: the sender looks them up.

use charye_domain::ids::{HelpId, MessageId, Person, ReservationId, ReservationNumber};

use crate::helping::HelpCode;

/// One message due to one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// The sequence number of the event it tells of: also the dedupe key for whoever delivers it (law I11).
    pub id: MessageId,
    pub person: Person,
    pub tells: Tells,
}

/// What a message tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tells {
    Reserved {
        reservation: ReservationId,
        number: ReservationNumber,
    },
    Rescheduled {
        reservation: ReservationId,
    },
    Cancelled {
        reservation: ReservationId,
    },
    /// The code of an invitation to help, for the person helped to give away.
    HelpCode {
        code: HelpCode,
    },
    /// Somebody has given the code back, and may act for the person told.
    HelpStands {
        help: HelpId,
    },
}

/// Hands messages over. On a thread of its own; may block for as long as its own deadline allows.
pub trait MessageSender: Send {
    /// Hands over messages, in order, at most 1,024 at a time. Returns how many from the front are done with: delivered,
    /// queued by somebody who answers for them, or undeliverable (which the sender counts). The rest, and all after an
    /// error, are offered again with the same ids.
    ///
    /// # Errors
    /// Nobody can be reached at the moment.
    fn send(&mut self, messages: &[Message]) -> Result<usize, SendFailure>;
}

/// Why messages could not be handed over. They stay due.
#[derive(Debug, thiserror::Error)]
#[error("could not hand messages over")]
pub struct SendFailure(#[source] pub Box<dyn std::error::Error + Send + Sync>);
