//! Room: engine/helping. One person acts for another: an invitation and its code, a guardian's child, who helps whom, and an
//! agent's caller. Called by `web`. It must never let anybody act: the book does, at every command.

mod caller;
mod code;
mod desk;
mod guardian;
mod invite;
mod look_up;
mod revoke;

pub use caller::{AgentAsking, CallerSought, FoundCaller, find_caller, look_ups_left};
pub use code::HelpCode;
pub use desk::HelpDesk;
pub use guardian::{ChildTold, attest_guardian};
pub use invite::{HelpStands, accept_invitation, invite_helper};
pub use look_up::{HelpedPerson, helped_person, look_up_helping, may_act};
pub use revoke::end_help;
