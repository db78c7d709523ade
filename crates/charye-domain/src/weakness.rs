//! Room: domain. Defences that a build for the attack suite can do without, one at a time, to show that the suite would
//! notice: each has a cargo feature `weak-*`, never on by default, and is off only if the program is told so at its start.
//!
//! Asked where a check stands, in any room above this one. Must never be switched by anything that a request says. A build
//! without a feature asks nothing: every answer is a constant, and there is no state.

macro_rules! defences {
    ($($(#[$doc:meta])+ $variant:ident = $feature:literal,)+) => {
        /// One check that attacks meet.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Defence {
            $($(#[$doc])+ $variant,)+
        }

        impl Defence {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The cargo feature of a build that can do without it.
            pub const fn feature(self) -> &'static str {
                match self {
                    $(Self::$variant => $feature,)+
                }
            }

            /// Whether this build could do without it.
            #[inline]
            pub const fn can_be_off(self) -> bool {
                match self {
                    $(Self::$variant => cfg!(feature = $feature),)+
                }
            }
        }
    };
}

defences! {
    /// A pass is genuine only with its MAC.
    PassMac = "weak-pass-mac",
    /// A ticket is genuine only with its MAC.
    TicketMac = "weak-ticket-mac",
    /// Tickets and passes are signed with keys that have nothing in common.
    Purpose = "weak-purpose",
    /// A ticket's bytes are no pass, and a pass's no ticket.
    Kind = "weak-kind",
    /// Bytes of another version of the layout are not read.
    Version = "weak-version",
    /// A token under a key that is not kept is not genuine.
    KeyRing = "weak-key-ring",
    /// A pass counts only beside the login of the same person.
    PassPerson = "weak-pass-person",
    /// A pass ends.
    PassExpiry = "weak-pass-expiry",
    /// A login is genuine only if it was sealed here.
    LoginSeal = "weak-login-seal",
    /// A login ends.
    LoginExpiry = "weak-login-expiry",
    /// The beginning of a sign-in counts only for a place asked for soon after it.
    LoginFresh = "weak-login-fresh",
    /// A page's proof is in cookies, a program's in headers.
    Surface = "weak-surface",
    /// Operators have a token of the configuration.
    Operators = "weak-operators",
    /// A form carries its token.
    Csrf = "weak-csrf",
    /// A form comes from this site.
    Origin = "weak-origin",
    /// A cookie that was sent twice counts as absent.
    Cookies = "weak-cookies",
    /// A redirect leads to a page of ours.
    OwnPath = "weak-own-path",
    /// What came back from an identity provider answers what this very browser began.
    SignInState = "weak-sign-in-state",
    /// A sign-in that began too long ago is not completed.
    SignInAge = "weak-sign-in-age",
    /// A cohort lets in those who were born in its years.
    Cohort = "weak-cohort",
    /// An evening lets in those whose birthday has its digit.
    BirthDayDigit = "weak-birth-day-digit",
    /// Nothing can be had before the opening.
    Opening = "weak-opening",
    /// A number in the draw follows from who one is, on whatever device and however often one signs in.
    DrawNumber = "weak-draw-number",
    /// One person has one place in a line.
    OnePlace = "weak-one-place",
    /// A beginning that lies further back than ten minutes counts as ten minutes back.
    Beginning = "weak-beginning",
    /// A beginning counts in the browser that made it.
    BeginningBrowser = "weak-beginning-browser",
    /// A line that is closed to arrivals takes nobody new.
    LineClosed = "weak-line-closed",
    /// Nobody comes in who was not called.
    Call = "weak-call",
    /// Nobody comes in before somebody with a lower place who waits.
    Order = "weak-order",
    /// Whoever comes after their grace waits for another turn.
    Grace = "weak-grace",
    /// No more people are called than there are seats.
    Cap = "weak-cap",
    /// Nothing is held or reserved without a visit that runs.
    Visit = "weak-visit",
    /// Of all devices the one that came last is inside.
    Generation = "weak-generation",
    /// A visit is over with its third hold that ran out.
    ExpiredHolds = "weak-expired-holds",
    /// A hold is extended so often, and no more.
    HoldExtensions = "weak-hold-extensions",
    /// One person holds once at a time.
    OneHold = "weak-one-hold",
    /// One person has each dose once.
    OneReservation = "weak-one-reservation",
    /// Nobody extends, gives back or confirms another's hold.
    OwnHold = "weak-own-hold",
    /// Nobody sees, changes or cancels another's reservation.
    OwnReservation = "weak-own-reservation",
    /// One key, one answer.
    Idempotency = "weak-idempotency",
    /// A field that was sent twice is no field.
    Fields = "weak-fields",
    /// A beginning is taken over by one sign-in, and no more.
    BeginAgain = "weak-begin-again",
    /// One person completes so many sign-ins within ten minutes, and no more.
    TooOften = "weak-too-often",
    /// Nobody acts for another without a consent that stands.
    Consent = "weak-consent",
    /// A consent is given with the code that the person helped was sent.
    HelpCode = "weak-help-code",
    /// One person helps so many, and no more.
    HelpLimit = "weak-help-limit",
    /// Agents have a token of the configuration.
    Agents = "weak-agents",
    /// An agent looks up so many people an hour, and no more.
    AgentBudget = "weak-agent-budget",
}

impl Defence {
    /// Whether this build could do without any of them.
    pub const ANY_CAN_BE_OFF: bool = cfg!(feature = "weak");

    /// As in docs/attacks.md: the feature's name after `weak-`.
    pub fn name(self) -> &'static str {
        self.feature().strip_prefix("weak-").unwrap_or_else(|| self.feature())
    }

    /// Does without it from now on, if this build can. The first that is named stays the only one.
    pub fn switch_off(self) {
        if self.can_be_off() {
            switch::off(self);
        }
    }

    /// Whether it is off.
    #[inline]
    pub fn is_off(self) -> bool {
        self.can_be_off() && switch::is_off(self)
    }
}

#[cfg(feature = "weak")]
mod switch {
    use std::sync::OnceLock;

    use super::Defence;

    static SWITCHED_OFF: OnceLock<Defence> = OnceLock::new();

    pub(super) fn off(defence: Defence) {
        // A second name changes nothing: one weakness at a time.
        let _ = SWITCHED_OFF.set(defence);
    }

    pub(super) fn is_off(defence: Defence) -> bool {
        SWITCHED_OFF.get() == Some(&defence)
    }
}

/// A build that can do without nothing.
#[cfg(not(feature = "weak"))]
mod switch {
    use super::Defence;

    pub(super) fn off(_: Defence) {}

    #[inline]
    pub(super) fn is_off(_: Defence) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_defence_has_a_feature_that_the_whole_has() {
        let manifest = include_str!("../Cargo.toml");
        for defence in Defence::ALL {
            let feature = defence.feature();
            assert!(feature.starts_with("weak-"), "{feature}");
            assert!(manifest.contains(&format!("\n{feature} = [\"weak\"]\n")), "{feature} is not declared");
            assert!(manifest.contains(&format!("\n    \"{feature}\",\n")), "weak-all does without {feature}");
        }
        assert!(!manifest.contains("\ndefault = "), "no feature is on by itself");
    }
}
