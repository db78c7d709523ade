//! Room: engine/ports. Dyn traits to everything outside: clock, chance, journal, snapshots, projections, people, keys.
//! Implemented by ledger, gateway and server; faked in `fakes/`. Never holds SQL, HTTP or a library's types.

mod clock;
mod identity;
mod journal;
mod keys;
mod message;
mod people;
mod projection;
mod random;
mod snapshot;

pub use clock::Clock;
pub use identity::{Assurance, ProvenCitizen, RehearsalCitizen, RehearsalCitizenId, RehearsalFilter, RehearsalPeople};
pub use journal::{AppendFailure, Batch, Head, Journal, JournalReader, ReadFailure, RecordedBatch, RowHash};
pub use keys::{DataKey, Keys, KeysFailure, LookupPurpose, SealColumns, SealPurpose};
pub use message::{Message, MessageSender, SendFailure, Tells};
pub use people::{PeopleFailure, PeopleStore, PersonalDetails};
pub use projection::{Projection, ProjectionFailure};
pub use random::Random;
pub use snapshot::{SnapshotFailure, Snapshots};
