//! Room: engine/fakes. An identity provider that does what a test tells it to: answer, hang, fail, lie, wait for the
//! citizen. Whoever comes back with a code is the citizen of that code.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use charye_domain::campaign::{Bilingual, UniquenessScheme};
use charye_domain::identity::{Assurance, IdentityProviderId};
use jiff::civil::date;

use crate::fakes::{ToyKeys, locked};
use crate::ports::{
    BeginAt, Begun, CompleteAt, Completed, Doing, FlowKind, IdentityProvider, Keys, PersonalDetails, ProvenCitizen,
    ProviderFacts, ProviderFailure, ProviderFault, ProviderLimits, ProviderReply, SignInRefusal,
};

/// What the fake does when it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Treatment {
    Answers,
    /// It never answers.
    Hangs,
    /// It answers this, probes too.
    Fails(ProviderFault),
    /// Probes are answered; citizens' identities are not to be believed.
    Lies,
    /// It answers this to citizens; probes are answered.
    Says(ProviderFailure),
    /// It begins with nobody: it has found what was filled in to be so.
    TurnsAway(SignInRefusal),
    /// The citizen has not confirmed yet.
    NotYet,
}

/// One fake provider. Clones are the same one.
#[derive(Clone)]
pub struct FakeProvider(Arc<Inner>);

struct Inner {
    facts: ProviderFacts,
    treatment: Mutex<Treatment>,
    asked: AtomicU64,
    probed: AtomicU64,
}

impl FakeProvider {
    /// A provider of this name and kind that answers.
    pub fn new(name: &str, flow: FlowKind) -> Self {
        let facts = ProviderFacts {
            id: IdentityProviderId::parse(name).expect("a test names providers as configurations do"),
            name: Bilingual { ko: name.to_owned(), en: name.to_owned() },
            flow,
            scheme: UniquenessScheme::ConnectingInformation,
            assurance: Assurance::Ial2,
            asks: Vec::new(),
            limits: ProviderLimits::default(),
        };
        Self::with_facts(facts)
    }

    /// A provider with these facts that answers.
    pub fn with_facts(facts: ProviderFacts) -> Self {
        let treatment = Mutex::new(Treatment::Answers);
        Self(Arc::new(Inner { facts, treatment, asked: AtomicU64::new(0), probed: AtomicU64::new(0) }))
    }

    /// From now on it does this.
    pub fn treats_all(&self, treatment: Treatment) {
        *locked(&self.0.treatment) = treatment;
    }

    /// How often a citizen's question went out to it.
    pub fn asked(&self) -> u64 {
        self.0.asked.load(Ordering::Relaxed)
    }

    /// How often it was probed.
    pub fn probed(&self) -> u64 {
        self.0.probed.load(Ordering::Relaxed)
    }

    fn treatment(&self) -> Treatment {
        locked(&self.0.treatment).clone()
    }
}

impl IdentityProvider for FakeProvider {
    fn facts(&self) -> &ProviderFacts {
        &self.0.facts
    }

    fn begin<'a>(&'a self, begin: BeginAt<'a>) -> Doing<'a, ProviderReply<Begun>> {
        let at = format!("https://{}.example", self.0.facts.id);
        let state = begin.secrets.state.clone();
        let begun = match self.0.facts.flow {
            FlowKind::Decoupled => Begun::Decoupled {
                carried: b"confirmed in the app".to_vec(),
                poll_after: std::time::Duration::from_secs(2),
                expires_after: std::time::Duration::from_secs(600),
                compare: Some("42".to_owned()),
            },
            FlowKind::HostedWindow => {
                Begun::FormPost { url: format!("{at}/confirm"), fields: vec![("transaction".to_owned(), state)] }
            }
            _ => Begun::Redirect { url: format!("{at}/authorize?state={state}") },
        };
        let result = match self.treatment() {
            Treatment::TurnsAway(refusal) => Err(refusal.into()),
            _ => Ok(begun),
        };
        Box::pin(async move { ProviderReply { asked_outside: false, result } })
    }

    fn complete<'a>(&'a self, complete: CompleteAt<'a>) -> Doing<'a, ProviderReply<Completed>> {
        Box::pin(async move {
            self.0.asked.fetch_add(1, Ordering::Relaxed);
            let result = match self.treatment() {
                // A poll brings nothing with it: whoever confirms in the app is the citizen of what was carried.
                Treatment::Answers if !complete.carried.is_empty() => {
                    Ok(prove(&String::from_utf8_lossy(complete.carried)))
                }
                Treatment::Answers => complete.callback.one("code").map(prove).map_err(ProviderFailure::from),
                Treatment::Hangs => std::future::pending().await,
                Treatment::Fails(fault) => Err(fault.into()),
                Treatment::Lies => Err(ProviderFault::Unbelievable("signature").into()),
                Treatment::Says(failure) => Err(failure),
                Treatment::TurnsAway(refusal) => Err(refusal.into()),
                Treatment::NotYet => Ok(Completed::NotYet { poll_after: std::time::Duration::from_secs(2) }),
            };
            ProviderReply { asked_outside: true, result }
        })
    }

    fn probe(&self) -> Doing<'_, Result<(), ProviderFault>> {
        Box::pin(async move {
            self.0.probed.fetch_add(1, Ordering::Relaxed);
            match self.treatment() {
                Treatment::Hangs => std::future::pending().await,
                Treatment::Fails(fault) => Err(fault),
                _ => Ok(()),
            }
        })
    }
}

fn prove(code: &str) -> Completed {
    Completed::Proven(ProvenCitizen {
        scheme: UniquenessScheme::ConnectingInformation,
        key: ToyKeys.citizen_key("ci", code.as_bytes()),
        former: Vec::new(),
        details: PersonalDetails { name: "김차례".to_owned(), birth_date: date(1985, 2, 28), phone: String::new() },
        assurance: Assurance::Ial2,
    })
}
