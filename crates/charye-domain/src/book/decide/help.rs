//! Room: domain/book/decide. Helping: asking for a code, giving it back, a registry's word, the end of it; and whether a helper
//! may act for somebody at all (law I18). Also on whose account an agent looks a caller up (law I12).

use crate::book::decide::Asking;
use crate::book::helps::Stage;
use crate::book::{Action, Actor, Book, EndOfVisit, Event, Events, Rejection};
use crate::campaign::UniquenessScheme;
use crate::citizen::CitizenFacts;
use crate::helping::{
    CHILD_YEARS, CODE_TRIES_MAX, CODE_TTL_SECS, CODES_PER_PERSON_MAX, CONSENT_TTL_SECS, EndOfHelp,
    HELPED_PER_HELPER_MAX, HELPERS_PER_PERSON_MAX, HelpProof, REGISTRY_TTL_SECS,
};
use crate::ids::{CampaignId, HelpId, Person};
use crate::time::UnixMillis;
use crate::weakness::Defence;

impl Book {
    /// Law I18: a helper acts for somebody only while that person's consent, or a registry's word, stands.
    pub(super) fn check_consent(&self, helper: Person, action: &Action, now: UnixMillis) -> Result<(), Rejection> {
        let stands = |helped| self.people.known(helper).is_some() && self.helps.standing(helper, helped, now).is_some();
        match spoken_for(action) {
            Some(helped) if stands(helped) || Defence::Consent.is_off() => Ok(()),
            _ => Err(Rejection::HelpNotStanding),
        }
    }

    /// Has a code sent to the person helped, who gives it to whom they choose.
    pub(super) fn invite_helper(
        &self,
        (helped, scheme): (Person, UniquenessScheme),
        (challenge, proof): (u64, HelpProof),
        now: UnixMillis,
    ) -> Result<Events, Rejection> {
        self.person(helped)?;
        let codes = self.helps.of(helped, now).filter(|(_, help)| !help.is_standing()).count();
        if codes >= CODES_PER_PERSON_MAX || self.helpers_of(helped, now) >= HELPERS_PER_PERSON_MAX {
            return Err(Rejection::HelpersEnough);
        }
        let (help, expires_at) = (self.next_help()?, now.plus_secs(CODE_TTL_SECS));
        Ok(Events::outside().and(Event::HelperInvited { help, helped, scheme, challenge, proof, expires_at }))
    }

    /// Gives a code back. The last wrong one ends the question.
    pub(super) fn accept_help(
        &self,
        helper: Person,
        id: HelpId,
        proof: HelpProof,
        now: UnixMillis,
    ) -> Result<Events, Rejection> {
        self.person(helper)?;
        let help = self.helps.get(id).filter(|help| now < help.ends_at).ok_or(Rejection::HelpUnknown)?;
        let Stage::Invited { proof: wanted, misses } = help.stage else { return Err(Rejection::HelpUnknown) };
        if help.helped == helper {
            return Err(Rejection::HelpUnknown);
        }
        if proof != wanted && !Defence::HelpCode.is_off() {
            let missed = Events::outside().and(Event::HelpMissed { help: id, helper });
            let is_last = misses.saturating_add(1) >= CODE_TRIES_MAX;
            let over = Event::HelpEnded { help: id, cause: EndOfHelp::TriesSpent };
            return Ok(if is_last { missed.then(over) } else { missed });
        }
        let helped = help.helped;
        self.check_room(helper, helped, now)?;
        let ends_at = now.plus_secs(CONSENT_TTL_SECS);
        Ok(Events::outside().and(Event::HelpAccepted { help: id, helper, helped, ends_at }))
    }

    /// A registry says that `helper` is the guardian of this child.
    pub(super) fn attest_guardian(
        &self,
        (helper, helped): (Person, Person),
        (campaign, scheme): (CampaignId, UniquenessScheme),
        facts: &CitizenFacts,
        now: UnixMillis,
    ) -> Result<Events, Rejection> {
        self.person(helper)?;
        self.person(helped)?;
        let state = self.in_force(campaign)?;
        if helper == helped {
            return Err(Rejection::NotAllowed);
        }
        let today = now.civil(&state.campaign.time_zone).date();
        let grown_up = facts.birth_date.saturating_add(jiff::Span::new().years(i64::from(CHILD_YEARS)));
        if grown_up <= today {
            return Err(Rejection::NotAChild);
        }
        self.check_room(helper, helped, now)?;
        let (help, ends_at) = (self.next_help()?, now.plus_secs(REGISTRY_TTL_SECS));
        Ok(Events::under(&state.campaign).and(Event::HelpAttested { help, helper, helped, scheme, ends_at }))
    }

    /// Either side ends it, at any time. A visit on which the helper is inside ends with it.
    pub(super) fn end_help(&self, asking: Asking, id: HelpId) -> Result<Events, Rejection> {
        let person = asking.person;
        self.person(person)?;
        let help = self.helps.get(id).filter(|help| asking.now < help.ends_at);
        let help = help.filter(|help| help.helped == person || help.helper == Some(person));
        let help = *help.ok_or(Rejection::HelpUnknown)?;
        let mut events = Events::outside();
        let visit = self
            .visits
            .of(help.helped)
            .filter(|visit| help.is_standing() && visit.proxy.is_some() && visit.proxy == help.helper);
        if let Some(visit) = visit {
            events.under = self.campaign_state(visit.campaign).map(crate::book::campaigns::CampaignState::under);
            let of_helped = Asking { person: help.helped, ..asking };
            self.end(of_helped, visit, EndOfVisit::SignedOut, &mut events);
        }
        Ok(events.and(Event::HelpEnded { help: id, cause: EndOfHelp::Revoked }))
    }

    /// Law I12: that an agent looked somebody up, and why, is on record before anything is shown.
    pub(super) fn look_up_caller(&self, person: Option<Person>, reason: u16) -> Result<Events, Rejection> {
        if let Some(person) = person {
            self.person(person)?;
        }
        if reason == 0 {
            return Err(Rejection::NotAllowed);
        }
        Ok(Events::outside().and(Event::CallerLookedUp { person }))
    }

    /// Whether both may have one more; between two people between whom it stands already, it is renewed.
    fn check_room(&self, helper: Person, helped: Person, now: UnixMillis) -> Result<(), Rejection> {
        if self.helps.standing(helper, helped, now).is_some() {
            return Ok(());
        }
        let standing = self.helps.of(helper, now).filter(|(_, help)| help.is_standing() && help.helper == Some(helper));
        if standing.count() >= HELPED_PER_HELPER_MAX && !Defence::HelpLimit.is_off() {
            return Err(Rejection::HelpLimit);
        }
        if self.helpers_of(helped, now) >= HELPERS_PER_PERSON_MAX {
            return Err(Rejection::HelpersEnough);
        }
        Ok(())
    }

    /// People who stand as this person's helpers.
    fn helpers_of(&self, helped: Person, now: UnixMillis) -> usize {
        self.helps.of(helped, now).filter(|(_, help)| help.is_standing() && help.helped == helped).count()
    }

    fn next_help(&self) -> Result<HelpId, Rejection> {
        let next = self.helps.next();
        if next == u32::MAX { Err(Rejection::LimitReached) } else { Ok(HelpId(next)) }
    }
}

/// For whom a command speaks, of those that a helper may give.
fn spoken_for(action: &Action) -> Option<Person> {
    match action {
        Action::Arrive { person, .. }
        | Action::LeaveLine { person, .. }
        | Action::StartVisit { person, .. }
        | Action::EndVisit { person, .. }
        | Action::Hold { person, .. }
        | Action::ExtendHold { person, .. }
        | Action::ReleaseHold { person, .. }
        | Action::Confirm { person, .. }
        | Action::ReserveAtOnce { person, .. }
        | Action::Reschedule { person, .. }
        | Action::Cancel { person, .. } => Some(*person),
        _ => None,
    }
}

/// Whether this is a question about helping that this actor may put at all.
pub(super) fn may_ask(action: &Action, actor: Actor) -> bool {
    match action {
        Action::InviteHelper { helped, .. } => actor == Actor::Citizen(*helped),
        Action::AcceptHelp { helper, .. } => actor == Actor::Citizen(*helper),
        Action::AttestGuardian { .. } => actor == Actor::System,
        Action::EndHelp { person, .. } => {
            actor == Actor::Citizen(*person) || matches!(actor, Actor::Operator(_) | Actor::System)
        }
        Action::LookUpCaller { .. } => matches!(actor, Actor::Agent(_)),
        _ => false,
    }
}
