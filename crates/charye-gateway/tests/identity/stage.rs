//! Room: gateway/tests. One provider of a configuration, at a desk of the engine's, with a clock that stands still and the
//! real way out.

use std::sync::Arc;

use charye_domain::time::UnixMillis;
use charye_engine::fakes::{HandClock, SeededRandom, ToyKeys};
use charye_engine::identity::{
    BegunSignIn, ProvenSignIn, SignInAnswer, SignInBy, SignInDesk, SignInFailure, SignInPorts, SignInWish,
    answer_sign_in, begin_sign_in,
};
use charye_engine::ports::{Begun, IdentityProvider, Keys, Parameters};
use charye_gateway::identity::outbound::{AskOutside, Outbound};
use charye_gateway::identity::{IdentitySection, ProviderPorts};
use tokio::runtime::Runtime;

/// What it is on the stage. Unit: milliseconds since 1970.
pub(crate) const NOW: i64 = 1_700_000_000_000;

pub(crate) struct Stage {
    pub(crate) desk: SignInDesk,
    pub(crate) providers: Vec<Arc<dyn IdentityProvider>>,
    pub(crate) clock: HandClock,
    pub(crate) runtime: Runtime,
}

impl Stage {
    /// A stage with the real way out.
    pub(crate) fn of(config: &str) -> Self {
        let section: IdentitySection = toml::from_str(config).unwrap();
        let outbound = Outbound::start(None, section.private_hosts().unwrap()).unwrap();
        Self::with(&section, Arc::new(outbound))
    }

    pub(crate) fn with(section: &IdentitySection, outside: Arc<dyn AskOutside>) -> Self {
        let clock = HandClock::default();
        clock.turn_wall_to(UnixMillis(NOW));
        Self::with_secrets(section, outside, Arc::new(ToyKeys), clock, &|name| match name {
            "HUSH" => Some("hush".to_owned()),
            "ANSWER_KEY" => Some("BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=".to_owned()),
            "CERTIFIED" => Some("a secret of the tests".to_owned()),
            _ => None,
        })
    }

    pub(crate) fn with_secrets(
        section: &IdentitySection,
        outside: Arc<dyn AskOutside>,
        keys: Arc<dyn Keys>,
        clock: HandClock,
        secrets: &dyn Fn(&str) -> Option<String>,
    ) -> Self {
        section.check(true).unwrap();
        let ports = ProviderPorts { outside, keys: Arc::clone(&keys), clock: Arc::new(clock.clone()) };
        let providers = section.open(&ports, secrets).unwrap();
        let random = Arc::new(SeededRandom::new(5));
        let ports = SignInPorts { keys, clock: Arc::new(clock.clone()), random };
        let desk = SignInDesk::new(providers.clone(), ports).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { desk, providers, clock, runtime }
    }

    pub(crate) fn begin(&self, provider: &str, filled_in: &[(&str, &str)]) -> Result<BegunSignIn, SignInFailure> {
        self.begin_by(provider, filled_in, SignInBy::Citizen)
    }

    pub(crate) fn begin_by(
        &self,
        provider: &str,
        filled_in: &[(&str, &str)],
        by: SignInBy,
    ) -> Result<BegunSignIn, SignInFailure> {
        let filled_in = parameters(filled_in);
        let wish = SignInWish {
            provider,
            by,
            wanted: None,
            filled_in: &filled_in,
            language: "ko",
            go_on_to: "/",
            instead_of: None,
        };
        self.runtime.block_on(begin_sign_in(&self.desk, wish))
    }

    pub(crate) fn answer(
        &self,
        provider: &str,
        begun: &BegunSignIn,
        callback: &[(&str, &str)],
    ) -> Result<SignInAnswer, SignInFailure> {
        let callback =
            Parameters::new(callback.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())?;
        self.runtime.block_on(answer_sign_in(&self.desk, provider, &begun.sealed_state, &callback))
    }
}

pub(crate) fn parameters(pairs: &[(&str, &str)]) -> Parameters {
    Parameters::new(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()).unwrap()
}

/// The value of a query's parameter in the address that a sign-in goes to. Ours are hexadecimal: nothing to decode.
pub(crate) fn query_of(begun: &BegunSignIn, name: &str) -> String {
    let Begun::Redirect { url } = &begun.begun else { panic!("a redirect") };
    let (_, query) = url.split_once('?').unwrap();
    let found = query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")));
    found.unwrap_or_default().to_owned()
}

pub(crate) fn proven(answer: Result<SignInAnswer, SignInFailure>) -> ProvenSignIn {
    match answer {
        Ok(SignInAnswer::Proven(proven)) => *proven,
        other => panic!("not proven: {other:?}"),
    }
}

/// How a step failed, in one word.
pub(crate) fn failure<T>(result: Result<T, SignInFailure>) -> String {
    match result {
        Ok(_) => "it went well".to_owned(),
        Err(SignInFailure::ProviderFault(fault)) => format!("{fault:?}"),
        Err(other) => other.code().to_owned(),
    }
}
