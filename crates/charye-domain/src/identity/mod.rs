//! Room: domain/identity. What the law says about identity providers: how strong a proof is, which light a provider
//! shows, when it is left alone, and who is next at a saturated one.
//!
//! Pure state machines, called by the engine's identity room, which feeds them what happened and when. Time is monotonic,
//! as a `Duration` since a fixed moment. People who give up are no input of any of them: nobody can turn a light by
//! walking away.

pub mod assurance;
pub mod breaker;
pub mod operator_word;
pub mod short_line;
pub mod traffic_light;

pub use assurance::Assurance;
pub use breaker::{Breaker, BreakerState};
pub use operator_word::{OperatorWord, OperatorWords, ProviderOrder};
pub use short_line::{ShortLine, Turn};
pub use traffic_light::{Lamp, TrafficLight};

/// How a provider treated one question of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// It answered, whatever the answer was: "no such code" is an answer.
    Answered,
    /// It answered, later than its configuration calls quick, or was saturated.
    Slow,
    /// It did not answer in time, failed, or said what cannot be true (a signature that is not its own).
    Fault,
}

/// Whose question it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asker {
    /// A citizen's sign-in.
    Citizen,
    /// Our own, asked to see how the provider is.
    Probe,
}

/// The identifier of an identity provider in configuration, addresses and metrics: `kakao`, `pass-carrier-1`.
///
/// 1 to 32 of `a-z`, `0-9` and `-`, beginning with a letter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdentityProviderId(Box<str>);

impl IdentityProviderId {
    /// Longest name, in characters.
    pub const CHARS_MAX: usize = 32;

    /// Reads a name; `None` if it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let begins = text.bytes().next().is_some_and(|c| c.is_ascii_lowercase());
        let fits = text.len() <= Self::CHARS_MAX
            && text.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-');
        (begins && fits).then(|| Self(text.into()))
    }

    /// As it stands in configuration and addresses.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for IdentityProviderId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_providers_name_is_a_word_of_an_address() {
        for good in ["kakao", "a", "pass-carrier-1", &"a".repeat(32)] {
            assert_eq!(IdentityProviderId::parse(good).map(|id| id.to_string()).as_deref(), Some(good));
        }
        for bad in ["", "1a", "-a", "Kakao", "a_b", "카카오", "a/b", "a.b", &"a".repeat(33)] {
            assert_eq!(IdentityProviderId::parse(bad), None, "{bad}");
        }
    }
}
