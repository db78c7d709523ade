//! Room: simulator/surge. The call centre: agents let callers in on the agents' share, past the web line, and out again.

use charye_domain::book::{Action, Actor, Channel, Command, EndWish, Provenance, StaffNumber};
use charye_domain::ids::Person;

use crate::country::{ADULT, CAMPAIGN, OPENS};
use crate::surge::player::{Happening, Surge, later};
use crate::surge::told::Told;

/// Agents of the call centre.
const AGENT: Provenance = Provenance { actor: Actor::Agent(StaffNumber(7)), channel: Channel::Call, reason: 0 };

impl Surge<'_> {
    pub(super) fn agent_calls(&mut self) {
        let next = self.chance.within(&(200..=4_000));
        let at = later(self.now(), next);
        if at < later(OPENS, 900_000) {
            self.schedule(at, Happening::AgentCalls);
        }
        let (Some(engine), Some(caller)) = (self.world.engine().cloned(), self.callers.pop()) else { return };
        let action = Action::StartVisit { person: caller, campaign: CAMPAIGN, facts: ADULT };
        self.errands.send(async move {
            let told = engine.command(Command { by: AGENT, operation: None, action }).await;
            Told::AgentEntered { caller, told }
        });
    }

    pub(super) fn agent_is_done(&mut self, caller: Person, generation: u32) {
        let Some(engine) = self.world.engine().cloned() else { return };
        let wish = EndWish::SignOut;
        let action = Action::EndVisit { person: caller, campaign: CAMPAIGN, generation, wish };
        self.errands.send(async move {
            // The visit may have ended by itself while the engine was down: nothing is left to do then either.
            drop(engine.command(Command { by: AGENT, operation: None, action }).await);
            Told::AgentLeft { caller }
        });
    }
}
