//! Room: engine/identity. The desk of all identity providers: which there are, for whom, and what of a sign-in that is under
//! way must be remembered, which is almost nothing.
//!
//! Made once by `server/wiring`; held by web and by the thread that probes. `begin_sign_in` and `answer_sign_in` work at it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use charye_domain::campaign::{Campaign, UniquenessScheme};
use charye_domain::identity::{Assurance, IdentityProviderId, OperatorWords, TrafficLight};
use charye_domain::ids::CitizenKey;
use charye_domain::weakness::Defence;

use super::provider_health::{Choice, ProviderDesk, ProviderReport};
use super::recent::Recent;
use super::sign_in_state::{SIGN_IN_MILLIS_MAX, SignInBy};
use crate::ports::{
    Clock, FlowKind, IdentityProvider, Keys, ProvenCitizen, ProviderFacts, ProviderFailure, ProviderFault, Random,
    SignInRefusal,
};

/// Providers that an installation may have.
pub const PROVIDERS_MAX: usize = 32;
/// Sign-ins answered within ten minutes of which this node remembers that they were: 1,700 a second. About 20 bytes each.
const ANSWERED_MAX: usize = 1 << 20;
/// Sign-ins of one person within ten minutes.
const A_PERSON_MAX: u32 = 5;

/// Every provider of an installation.
pub struct SignInDesk {
    pub(super) providers: Vec<ProviderDesk>,
    pub(super) keys: Arc<dyn Keys>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<dyn Random>,
    answered: Mutex<Recent>,
    completions: Mutex<Recent>,
}

/// What the desk needs besides providers.
#[derive(Clone)]
pub struct SignInPorts {
    pub keys: Arc<dyn Keys>,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
}

/// Providers that do not go together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnfitProviders {
    #[error("two identity providers are called {0}")]
    TwoOfOneName(IdentityProviderId),
    #[error("there are more than {PROVIDERS_MAX} identity providers")]
    TooMany,
}

/// What a campaign asks of a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProofWanted {
    pub scheme: UniquenessScheme,
    pub least: Assurance,
}

impl ProofWanted {
    /// What this campaign asks for.
    pub fn of(campaign: &Campaign) -> Self {
        Self { scheme: campaign.uniqueness, least: campaign.least_assurance }
    }

    /// Whether a provider can give it.
    pub fn is_given_by(&self, facts: &ProviderFacts) -> bool {
        facts.scheme == self.scheme && facts.assurance.suffices_for(self.least)
    }

    /// The same of a provider that is offered.
    pub fn is_given_at(&self, choice: &Choice) -> bool {
        choice.scheme == self.scheme && choice.assurance.suffices_for(self.least)
    }

    /// Whether a citizen has given it. To be asked again after the sign-in: whoever began for one campaign may go on to
    /// another.
    pub fn is_met_by(&self, citizen: &ProvenCitizen) -> bool {
        citizen.scheme == self.scheme && citizen.assurance.suffices_for(self.least)
    }
}

/// Why a step of a sign-in did not go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignInFailure {
    /// The citizen's side. Said with what to do next; counted, not logged.
    Refused(SignInRefusal),
    /// The provider has as many questions as it takes. Ask again with the same parameters, before `LEFT_AFTER`; who has not
    /// begun yet, with `place` (sealed, for this browser's cookie) as what this is instead of.
    InLine { ahead: usize, about: Duration, place: Option<Vec<u8>> },
    /// The provider is left alone, or closed by an operator. Others may be quick.
    LeftAlone { light: TrafficLight, retry_after: Duration },
    /// The provider's line is full, or this node remembers as much as it may.
    Busy { retry_after: Duration },
    /// The provider failed. Begin again there or elsewhere: the time of the first beginning can be kept.
    ProviderFault(ProviderFault),
}

impl SignInFailure {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.code(),
            Self::InLine { .. } => "in_line",
            Self::LeftAlone { .. } => "left_alone",
            Self::Busy { .. } => "busy",
            Self::ProviderFault(_) => "provider_fault",
        }
    }
}

impl From<SignInRefusal> for SignInFailure {
    fn from(refusal: SignInRefusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<ProviderFailure> for SignInFailure {
    fn from(failure: ProviderFailure) -> Self {
        match failure {
            ProviderFailure::Refused(refusal) => Self::Refused(refusal),
            ProviderFailure::Fault(fault) => Self::ProviderFault(fault),
        }
    }
}

impl SignInDesk {
    /// A desk with these providers.
    ///
    /// # Errors
    /// Two of one name, or too many.
    pub fn new(providers: Vec<Arc<dyn IdentityProvider>>, ports: SignInPorts) -> Result<Self, UnfitProviders> {
        if providers.len() > PROVIDERS_MAX {
            return Err(UnfitProviders::TooMany);
        }
        let mut names: Vec<&IdentityProviderId> = providers.iter().map(|provider| &provider.facts().id).collect();
        names.sort();
        if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(UnfitProviders::TwoOfOneName(pair[0].clone()));
        }
        let ten_minutes = Duration::from_millis(SIGN_IN_MILLIS_MAX.unsigned_abs());
        Ok(Self {
            providers: providers.into_iter().map(ProviderDesk::new).collect(),
            keys: ports.keys,
            clock: ports.clock,
            random: ports.random,
            answered: Mutex::new(Recent::new(ten_minutes, ANSWERED_MAX)),
            completions: Mutex::new(Recent::new(ten_minutes, ANSWERED_MAX)),
        })
    }

    /// The providers that a citizen may choose from, for a campaign's proof if one is named: quick ones first, then in the
    /// configuration's order. Registries are not among them.
    pub fn choices(&self, wanted: Option<ProofWanted>) -> Vec<Choice> {
        let now = self.clock.monotonic();
        let offered = self.providers.iter().filter(|desk| {
            let facts = desk.provider.facts();
            facts.flow != FlowKind::Registry && wanted.is_none_or(|wanted| wanted.is_given_by(facts))
        });
        let mut choices: Vec<Choice> = offered.map(|desk| desk.choice(now)).collect();
        choices.sort_by_key(|choice| choice.light);
        choices
    }

    /// Every provider, as operators see it, in the configuration's order.
    pub fn reports(&self) -> Vec<ProviderReport> {
        let now = self.clock.monotonic();
        self.providers.iter().map(|desk| desk.report(now)).collect()
    }

    /// Has every provider go by what operators say of it, as the journal has it. Called at the start, after each word, and
    /// once a second.
    pub fn go_by(&self, words: &OperatorWords) {
        self.providers.iter().for_each(|desk| desk.operate(words.of(&desk.provider.facts().id)));
    }

    /// Whether there is a provider of this name.
    pub fn knows(&self, provider: &IdentityProviderId) -> bool {
        self.find(provider).is_some()
    }

    pub(super) fn find(&self, id: &IdentityProviderId) -> Option<&ProviderDesk> {
        self.providers.iter().find(|desk| desk.provider.facts().id == *id)
    }

    /// The provider of this name, for whom asks: registries are for staff, everything else for citizens.
    pub(super) fn find_for(&self, id: &str, by: SignInBy) -> Result<&ProviderDesk, SignInRefusal> {
        let found = IdentityProviderId::parse(id).and_then(|id| self.find(&id));
        found
            .filter(|desk| (desk.provider.facts().flow == FlowKind::Registry) == (by == SignInBy::Staff))
            .ok_or(SignInRefusal::UnknownProvider)
    }

    /// Whether this sign-in was answered already.
    pub(super) fn was_answered(&self, id: &[u8; 16]) -> bool {
        let mut answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        answered.has(id, self.clock.monotonic())
    }

    /// Remembers that a sign-in is being answered. The second to ask for one is told so.
    pub(super) fn answer_once(&self, id: &[u8; 16]) -> Result<(), SignInFailure> {
        let mut answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        match answered.count(id, self.clock.monotonic()) {
            Ok(1) => Ok(()),
            Ok(_) => Err(SignInRefusal::AlreadyUsed.into()),
            Err(_) => Err(SignInFailure::Busy { retry_after: Duration::from_secs(5) }),
        }
    }

    /// Remembers that a sign-in has begun instead of this one, and whether it is the first: the beginning goes over once.
    pub(super) fn begin_again_once(&self, id: &[u8; 16]) -> bool {
        let mut answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        // In the same memory, under a number that no sign-in has: ids are drawn.
        answered.count(&id.map(|byte| !byte), self.clock.monotonic()) == Ok(1) || Defence::BeginAgain.is_off()
    }

    /// Counts that this citizen has signed in once more.
    pub(super) fn count_completion(&self, key: CitizenKey) -> Result<(), SignInFailure> {
        let mut completions = self.completions.lock().unwrap_or_else(PoisonError::into_inner);
        match completions.count(&key.0, self.clock.monotonic()) {
            Ok(count) if count <= A_PERSON_MAX || Defence::TooOften.is_off() => Ok(()),
            Ok(_) => Err(SignInRefusal::TooOften.into()),
            Err(_) => Err(SignInFailure::Busy { retry_after: Duration::from_secs(5) }),
        }
    }
}
