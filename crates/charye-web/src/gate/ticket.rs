//! Room: web/gate. The ticket: one person's place in one line. Made when a place is taken, shown at every poll. It buys
//! nothing but the place it names, so it may be shown as often as one likes; who is let in is the book's to say.
//! Bytes: `charye_domain::waiting_room::tokens`; MAC: `mac`.

use charye_domain::ids::{CampaignId, OpeningId, Person};
use charye_domain::waiting_room::tokens::{self, TicketStanding};

use super::mac::MacKeys;

/// One person's place in one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    pub campaign: CampaignId,
    pub opening: OpeningId,
    pub person: Person,
    pub standing: TicketStanding,
}

impl Ticket {
    pub(super) fn seal(&self, keys: &MacKeys) -> String {
        let Self { campaign, opening, person, standing } = *self;
        let head = tokens::Head { key_id: keys.current_key_id(), campaign, opening, person };
        keys.seal(&tokens::Ticket { head, standing }.layout())
    }

    /// The ticket in `text`, if it is genuine. It does not expire: its opening does.
    pub(super) fn open(keys: &MacKeys, text: &str) -> Option<Self> {
        let tokens::Ticket { head, standing } = tokens::Ticket::read(&keys.open(text)?)?;
        let tokens::Head { campaign, opening, person, .. } = head;
        Some(Self { campaign, opening, person, standing })
    }
}
