//! Room: engine/notification. Which entries of the journal a citizen is to be told of. Pure.
//!
//! Called by the messenger, and by audits of law I11. Never looks a person up.

use charye_domain::book::{Entry, Event};
use charye_domain::ids::MessageId;

use crate::helping::HelpCode;
use crate::ports::{Keys, Message, Tells};

/// The message due for the entry with this sequence number, if it is one that a citizen is told of.
/// `keys` make the code of an invitation again, which is kept nowhere.
pub fn message_due(seq: u64, entry: &Entry, keys: &dyn Keys) -> Option<Message> {
    let (person, tells) = match &entry.event {
        Event::Confirmed { person, reservation, number, .. } | Event::Reserved { person, reservation, number, .. } => {
            (*person, Tells::Reserved { reservation: *reservation, number: *number })
        }
        Event::Rescheduled { person, reservation, .. } => (*person, Tells::Rescheduled { reservation: *reservation }),
        Event::Cancelled { person, reservation } => (*person, Tells::Cancelled { reservation: *reservation }),
        Event::HelperInvited { help, helped, challenge, .. } => {
            (*helped, Tells::HelpCode { code: HelpCode::of(keys, *help, *challenge) })
        }
        Event::HelpAccepted { help, helped, .. } => (*helped, Tells::HelpStands { help: *help }),
        _ => return None,
    };
    Some(Message { id: MessageId(seq), person, tells })
}
