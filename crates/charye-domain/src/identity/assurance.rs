//! Room: domain/identity. How strong a proof of identity was, and the least that a campaign or a step asks for. Called by
//! the engine's sign-in and by the gateway, which says what its provider can assert.

/// How strong the proof was (NIST SP 800-63A identity assurance levels), weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Assurance {
    /// Chosen from a list in a rehearsal: no proof at all.
    Rehearsed,
    /// Self-asserted.
    Ial1,
    /// Verified remotely or in person against evidence.
    Ial2,
    /// Verified in person by a trained official.
    Ial3,
}

impl Assurance {
    /// The stable word, as it stands in configuration and reports.
    pub fn code(self) -> &'static str {
        match self {
            Self::Rehearsed => "rehearsed",
            Self::Ial1 => "ial1",
            Self::Ial2 => "ial2",
            Self::Ial3 => "ial3",
        }
    }

    /// Reads [`Assurance::code`].
    pub fn parse(code: &str) -> Option<Self> {
        [Self::Rehearsed, Self::Ial1, Self::Ial2, Self::Ial3].into_iter().find(|level| level.code() == code)
    }

    /// Whether a proof of this strength is enough where `least` is asked for.
    pub fn suffices_for(self, least: Self) -> bool {
        self >= least
    }
}

#[cfg(test)]
mod tests {
    use super::Assurance::{Ial1, Ial2, Ial3, Rehearsed};
    use super::*;

    #[test]
    fn a_stronger_proof_suffices_and_a_weaker_one_does_not() {
        let levels = [Rehearsed, Ial1, Ial2, Ial3];
        for (strength, level) in levels.into_iter().enumerate() {
            assert_eq!(Assurance::parse(level.code()), Some(level));
            for (asked, least) in levels.into_iter().enumerate() {
                assert_eq!(level.suffices_for(least), strength >= asked, "{level:?} where {least:?} is asked for");
            }
        }
        assert_eq!(Assurance::parse("IAL2"), None);
    }
}
