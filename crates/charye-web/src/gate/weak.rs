//! Room: web/gate. Defences that a build for tests can do without, one at a time, to show that the attack suite would notice:
//! each has a cargo feature `weak-*`, never on by default, and is off only if it is named at the start too.
//!
//! Called where a check stands. Must never be switched by anything that a request says.

use std::sync::OnceLock;

/// One check that attacks meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Defence {
    /// A pass is genuine only with its MAC.
    PassMac,
    /// A ticket is genuine only with its MAC.
    TicketMac,
    /// A pass counts only beside the login of the same person.
    PassPerson,
    /// A pass ends.
    PassExpiry,
    /// A form carries its token.
    Csrf,
    /// A form comes from this site.
    Origin,
    /// A cookie that was sent twice counts as absent.
    Cookies,
    /// A redirect leads to a page of ours.
    OwnPath,
}

static SWITCHED_OFF: OnceLock<Defence> = OnceLock::new();

impl Defence {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::PassMac,
        Self::TicketMac,
        Self::PassPerson,
        Self::PassExpiry,
        Self::Csrf,
        Self::Origin,
        Self::Cookies,
        Self::OwnPath,
    ];

    /// As in the feature's name after `weak-`, and in docs/attacks.md.
    pub fn name(self) -> &'static str {
        match self {
            Self::PassMac => "pass-mac",
            Self::TicketMac => "ticket-mac",
            Self::PassPerson => "pass-person",
            Self::PassExpiry => "pass-expiry",
            Self::Csrf => "csrf",
            Self::Origin => "origin",
            Self::Cookies => "cookies",
            Self::OwnPath => "own-path",
        }
    }

    /// Whether this build could do without it.
    pub const fn can_be_off(self) -> bool {
        match self {
            Self::PassMac => cfg!(feature = "weak-pass-mac"),
            Self::TicketMac => cfg!(feature = "weak-ticket-mac"),
            Self::PassPerson => cfg!(feature = "weak-pass-person"),
            Self::PassExpiry => cfg!(feature = "weak-pass-expiry"),
            Self::Csrf => cfg!(feature = "weak-csrf"),
            Self::Origin => cfg!(feature = "weak-origin"),
            Self::Cookies => cfg!(feature = "weak-cookies"),
            Self::OwnPath => cfg!(feature = "weak-own-path"),
        }
    }

    /// Does without it from now on, if this build can. The first that is named stays the only one.
    pub fn switch_off(self) {
        if self.can_be_off() {
            // A second name changes nothing: one weakness at a time.
            let _ = SWITCHED_OFF.set(self);
        }
    }

    /// Whether it is off.
    pub(crate) fn is_off(self) -> bool {
        self.can_be_off() && SWITCHED_OFF.get() == Some(&self)
    }
}
