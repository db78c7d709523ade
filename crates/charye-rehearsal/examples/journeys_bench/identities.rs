//! Room: rehearsal, bench `journeys`. Who the bench's people are, and how they prove it: at two hosted windows, or at a
//! provider by redirect whose code is exchanged for an ID token.

use std::path::Path;

use aws_lc_rs::rand;

use super::Failure;
use super::exchange::{Exchange, Subject};
use super::served::write_private;
use super::windows::Windows;

/// How people prove who they are; each is an identity provider of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    /// A window's answer under a shared secret (HMAC): as good as no check.
    Shared,
    /// A window's answer signed by Ed25519.
    Ed25519,
    /// A code, exchanged for an ID token signed by RS256.
    Exchange,
}

impl Proof {
    /// The identity provider's name in addresses.
    pub(crate) fn provider(self) -> &'static str {
        match self {
            Self::Shared => "shared",
            Self::Ed25519 => "signed",
            Self::Exchange => "exchange",
        }
    }
}

/// The identity providers, and everybody whom they know.
pub(crate) struct Identities {
    pub(crate) windows: Windows,
    exchange: Exchange,
    /// Makes everybody somebody else than in an earlier part, or in an earlier run on the same demo.
    generation: String,
}

/// What an identity provider tells of somebody.
pub(crate) struct Told {
    pub(crate) id: String,
    pub(crate) birth_date: String,
    pub(crate) phone: String,
}

impl Identities {
    pub(crate) fn new() -> Result<Self, Failure> {
        Ok(Self { windows: Windows::new()?, exchange: Exchange::start()?, generation: String::new() })
    }

    /// From now on everybody is somebody else.
    pub(crate) fn begin_anew(&mut self) -> Result<(), Failure> {
        let mut generation = [0; 6];
        rand::fill(&mut generation)?;
        self.generation = generation.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(())
    }

    /// The `[identity]` part of a configuration, with its secrets in files beside `data`. `window` answers to probes.
    pub(crate) fn configuration(&self, window: &str, data: &Path) -> Result<String, Failure> {
        let (windows, exchange) = (data.with_extension("secret"), data.with_extension("exchange"));
        write_private(&windows, self.windows.secret().as_bytes())?;
        write_private(&exchange, self.exchange.secret().as_bytes())?;
        let text = |path: &Path| path.to_str().map(str::to_owned).ok_or("a path that is no text");
        Ok(format!(
            "[identity]\npublic_url = \"http://127.0.0.1\"\nprivate_hosts = [\"{window}\", \"{}\"]\n\n{}{}",
            self.exchange.host(),
            self.windows.configuration(window, &text(&windows)?),
            self.exchange.configuration(Proof::Exchange.provider(), &text(&exchange)?)
        ))
    }

    /// What comes back from the provider of somebody whose sign-in went on with `next`, the beginning's answer.
    pub(crate) fn come_back(&self, proof: Proof, next: &str, person: usize, now_secs: u64) -> Result<String, Failure> {
        let told = self.told_of(person);
        let between = |before: &str| Some(next.split_once(before)?.1.split('"').next().unwrap_or_default());
        if proof == Proof::Exchange {
            let address = between(r#""url":""#).ok_or("a beginning without an address")?;
            let subject = Subject { id: &told.id, birth_date: &told.birth_date, phone: &told.phone };
            return self.exchange.agree(address, &subject, now_secs);
        }
        let transaction = between(r#""name":"transaction","value":""#).ok_or("a beginning without a transaction")?;
        self.windows.answer(proof, transaction, &told, now_secs)
    }

    /// Somebody of the campaign's age, whose birthday may be any.
    pub(crate) fn told_of(&self, person: usize) -> Told {
        Told {
            id: format!("{}-{person}", self.generation),
            birth_date: format!("19{:02}-{:02}-{:02}", 75 + person % 24, 1 + person / 24 % 12, 1 + person / 288 % 28),
            phone: format!("010-{:04}-{:04}", person / 10_000 % 10_000, person % 10_000),
        }
    }
}
