//! Room: web/gate. The pass: one person's right to be inside, until it expires. Made by the way in, verified before every
//! route that demands one. Bytes: `charye_domain::waiting_room::tokens`; MAC: `mac`.

use charye_domain::ids::{CampaignId, OpeningId, Person};
use charye_domain::time::UnixMillis;
use charye_domain::waiting_room::tokens;
use charye_domain::weakness::Defence;

use super::mac::MacKeys;

/// A person's right to be inside, until it expires or a newer device takes the visit over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pass {
    pub campaign: CampaignId,
    pub opening: OpeningId,
    pub person: Person,
    /// Counts the visit's moves from device to device; the book refuses old ones.
    pub generation: u32,
    pub expires_at: UnixMillis,
}

impl Pass {
    pub(super) fn seal(&self, keys: &MacKeys) -> String {
        let Self { campaign, opening, person, generation, expires_at } = *self;
        let head = tokens::Head { key_id: keys.current_key_id(), campaign, opening, person };
        keys.seal(&tokens::Pass { head, generation, expires_at }.layout())
    }

    /// The pass in `text`, if it is genuine and has not expired.
    pub(super) fn open(keys: &MacKeys, text: &str, now: UnixMillis) -> Option<Self> {
        let tokens::Pass { head, generation, expires_at } = tokens::Pass::read(&keys.open(text)?)?;
        let tokens::Head { campaign, opening, person, .. } = head;
        // `weak-pass-expiry` stands here.
        (now < expires_at || Defence::PassExpiry.is_off()).then_some(Self {
            campaign,
            opening,
            person,
            generation,
            expires_at,
        })
    }
}
