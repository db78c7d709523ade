//! Room: engine/ports. Dyn traits to everything outside: clock, chance, journal, snapshots, projections, people, keys.
//! Implemented by ledger, gateway and server; faked in `fakes/`. Never holds SQL, HTTP or a library's types.

mod clock;
mod guardian;
mod identity;
mod identity_provider;
mod journal;
mod keys;
mod message;
mod people;
mod projection;
mod random;
mod snapshot;

pub use charye_domain::identity::Assurance;
pub use clock::Clock;
pub use guardian::{GuardianRegistry, GuardianSaid};
pub use identity::{ProvenCitizen, RehearsalCitizen, RehearsalCitizenId, RehearsalFilter, RehearsalPeople};
pub use identity_provider::{
    AskedField, BeginAt, Begun, CARRIED_BYTES_MAX, CompleteAt, Completed, Doing, FlowKind, IdentityProvider,
    PARAMETER_CHARS_MAX, PARAMETERS_MAX, Parameters, ProviderFacts, ProviderFailure, ProviderFault, ProviderLimits,
    ProviderReply, SignInRefusal, SignInSecrets,
};
pub use journal::{AppendFailure, Batch, Head, Journal, JournalReader, ReadFailure, RecordedBatch, RowHash};
pub use keys::{DataKey, Keys, KeysFailure, LookupPurpose, SealColumns, SealPurpose};
pub use message::{Message, MessageSender, SendFailure, Tells};
pub use people::{PeopleFailure, PeopleStore, PersonalDetails};
pub use projection::{Projection, ProjectionFailure};
pub use random::Random;
pub use snapshot::{SnapshotFailure, Snapshots};
