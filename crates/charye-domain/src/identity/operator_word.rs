//! Room: domain/identity. What operators say of identity providers: open, closed, or at most so many questions at once.
//!
//! Judged and kept by the book, so that a word is on record with who said it and why, and outlives a restart; carried out by
//! the engine's provider health. A word may be said of a provider that no configuration has any more: it is kept until it is
//! taken back. Never knows how a provider is.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::IdentityProviderId;

/// What an operator says of one provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperatorWord {
    /// As its configuration says. Takes every other word back.
    Open,
    /// Nobody begins or ends a sign-in there.
    Closed,
    /// At most so many questions at once, below what the configuration says. 1 to [`OperatorWord::CAP_MAX`].
    Capped(u16),
}

impl OperatorWord {
    /// The largest cap: as many questions as a configuration may allow.
    pub const CAP_MAX: u16 = 10_000;

    /// The stable word of the API and of reports.
    pub fn code(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Capped(_) => "capped",
        }
    }
}

/// A word about a provider, and why it was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderOrder {
    pub provider: IdentityProviderId,
    pub word: OperatorWord,
    /// For the record: 1 to [`ProviderOrder::NOTE_CHARS_MAX`] characters.
    pub note: Arc<str>,
}

impl ProviderOrder {
    /// Longest note, in characters.
    pub const NOTE_CHARS_MAX: usize = 200;

    /// Whether the numbers and the text are such as may be recorded.
    pub fn is_sound(&self) -> bool {
        let cap_fits = match self.word {
            OperatorWord::Capped(cap) => (1..=OperatorWord::CAP_MAX).contains(&cap),
            OperatorWord::Open | OperatorWord::Closed => true,
        };
        cap_fits && (1..=Self::NOTE_CHARS_MAX).contains(&self.note.chars().count())
    }
}

/// The words in force. Of a provider that is not among them, nothing is said: it is open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OperatorWords(BTreeMap<IdentityProviderId, OperatorWord>);

impl OperatorWords {
    /// Providers of which something may be said at once: twice as many as an installation may have.
    pub const PROVIDERS_MAX: usize = 64;

    /// What is said of a provider.
    pub fn of(&self, provider: &IdentityProviderId) -> OperatorWord {
        self.0.get(provider).copied().unwrap_or(OperatorWord::Open)
    }

    /// Whether a word about this provider can be kept.
    pub fn has_room_for(&self, provider: &IdentityProviderId) -> bool {
        self.0.len() < Self::PROVIDERS_MAX || self.0.contains_key(provider)
    }

    /// From now on this is said of it. Whether there is room is the judge's question.
    pub fn say(&mut self, provider: &IdentityProviderId, word: OperatorWord) {
        if word == OperatorWord::Open {
            self.0.remove(provider);
        } else {
            self.0.insert(provider.clone(), word);
        }
    }

    /// Every word but `Open`, in the order of the names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&IdentityProviderId, OperatorWord)> {
        self.0.iter().map(|(provider, word)| (provider, *word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str) -> IdentityProviderId {
        IdentityProviderId::parse(name).unwrap()
    }

    #[test]
    fn the_last_word_counts_and_open_takes_it_back() {
        let (mut words, kakao) = (OperatorWords::default(), id("kakao"));
        for word in [OperatorWord::Closed, OperatorWord::Capped(7)] {
            words.say(&kakao, word);
            assert_eq!((words.of(&kakao), words.of(&id("naver"))), (word, OperatorWord::Open));
        }
        words.say(&kakao, OperatorWord::Open);
        assert_eq!(words, OperatorWords::default());
    }

    #[test]
    fn a_full_house_still_changes_what_it_said() {
        let mut words = OperatorWords::default();
        for number in 0..OperatorWords::PROVIDERS_MAX {
            assert!(words.has_room_for(&id(&format!("p{number}"))));
            words.say(&id(&format!("p{number}")), OperatorWord::Closed);
        }
        assert!(!words.has_room_for(&id("one-more")) && words.has_room_for(&id("p0")));
    }

    #[test]
    fn an_order_says_why_and_caps_at_one_or_more() {
        let sound = |word, note: &str| ProviderOrder { provider: id("a"), word, note: note.into() }.is_sound();
        assert!(sound(OperatorWord::Capped(1), "x") && sound(OperatorWord::Closed, &"가".repeat(200)));
        for (word, note) in [
            (OperatorWord::Open, ""),
            (OperatorWord::Closed, &*"가".repeat(201)),
            (OperatorWord::Capped(0), "x"),
            (OperatorWord::Capped(10_001), "x"),
        ] {
            assert!(!sound(word, note), "{word:?}");
        }
    }
}
