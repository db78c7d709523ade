//! Room: engine/identity. From a proven citizen to a person of the journal, and out again. Called by `web/citizen` after the
//! gateway has turned the raw identifier into citizen keys. It must never see a raw identifier.

mod complete_sign_in;
mod erase;
pub mod normal_form;
mod people_desk;

pub use complete_sign_in::{SignedIn, complete_sign_in};
pub use erase::erase_person;
pub(crate) use people_desk::PeopleDesk;
pub use people_desk::personal_details;
