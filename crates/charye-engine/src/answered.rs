//! Room: engine. What use cases take and give: who asks from inside, and an answer with the sequence number it is as of.
//!
//! Used by every use case; made and read by `web` and `server/commands`. Never holds a name, number or birth date for
//! longer than the call.

use charye_domain::book::{Actor, Authority, Channel, Operation, Provenance};
use charye_domain::citizen::CitizenFacts;
use charye_domain::ids::{CampaignId, Person};

/// An answer, and what its asker may have seen with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered<T> {
    /// Sequence number of the last durable entry when the answer was released. The login cookie keeps the highest seen.
    pub seq: u64,
    pub value: T,
}

impl<T> Answered<T> {
    /// The same answer in other words.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Answered<U> {
        Answered { seq: self.seq, value: change(self.value) }
    }
}

/// Somebody who acts inside: for which person, by what right, through which door.
#[derive(Clone, Copy, Debug)]
pub struct Inside {
    pub person: Person,
    pub campaign: CampaignId,
    /// The generation in the pass that the gate checked, or staff.
    pub authority: Authority,
    pub facts: CitizenFacts,
    pub by: Provenance,
    /// Present whenever a repetition must get the same answer.
    pub operation: Option<Operation>,
}

impl Inside {
    /// Somebody acting on a visit: the citizen themselves, or who acts for them.
    pub fn on_visit(
        person: Person,
        campaign: CampaignId,
        generation: u32,
        facts: CitizenFacts,
        by: Provenance,
        operation: Option<Operation>,
    ) -> Self {
        Self { person, campaign, authority: Authority::Visit { generation }, facts, by, operation }
    }

    /// A citizen acting for themselves on their visit.
    pub fn citizen(
        person: Person,
        campaign: CampaignId,
        generation: u32,
        facts: CitizenFacts,
        channel: Channel,
        operation: Option<Operation>,
    ) -> Self {
        Self::on_visit(person, campaign, generation, facts, by_citizen(person, channel), operation)
    }
}

/// A citizen asks for themselves; no reason was demanded.
pub fn by_citizen(person: Person, channel: Channel) -> Provenance {
    Provenance { actor: Actor::Citizen(person), channel, reason: 0 }
}

/// Charye itself acts: expiry, outages, messages, sign-in before a person is known.
pub fn by_system(channel: Channel) -> Provenance {
    Provenance { actor: Actor::System, channel, reason: 0 }
}
