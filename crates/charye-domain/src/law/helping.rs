//! Room: domain/law. Law I18: nobody acts for another without a standing consent, or a registry's word; and of I12, that an agent
//! says why. Keeps accounts of its own of who helps whom.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::book::{Actor, Entry, Event, StaffNumber};
use crate::helping::{
    CODE_TRIES_MAX, EndOfHelp, HELPED_PER_HELPER_MAX, HELPERS_PER_PERSON_MAX, LOOK_UP_COUNTS_SECS, LOOK_UPS_MAX,
};
use crate::ids::{HelpId, Person};
use crate::law::{Findings, Law};
use crate::time::UnixMillis;

const FIRST: Person = Person(0);
const LAST: Person = Person(u32::MAX);

/// Codes that are out, and who helps whom until when.
#[derive(Default)]
pub(super) struct Helping {
    invited: BTreeMap<HelpId, Invited>,
    /// By helper and helped.
    standing: BTreeMap<(Person, Person), (HelpId, UnixMillis)>,
    /// The same from the other side, and by number: a journal has millions.
    helpers: BTreeSet<(Person, Person)>,
    pairs: BTreeMap<HelpId, (Person, Person)>,
    /// When each agent looked somebody up within an hour.
    looked_up: BTreeMap<StaffNumber, VecDeque<UnixMillis>>,
}

struct Invited {
    helped: Person,
    expires_at: UnixMillis,
    misses: u8,
}

impl Helping {
    pub(super) fn check(&mut self, at: UnixMillis, entry: &Entry, findings: &mut Findings) {
        if let Actor::Proxy(helper) = entry.by.actor {
            self.check_proxy(helper, &entry.event, at, findings);
        }
        let by = entry.by.actor;
        match &entry.event {
            Event::HelperInvited { help, helped, expires_at, .. } => {
                let rightly = by == Actor::Citizen(*helped);
                findings.unless(rightly, Law::I18, || format!("help {help} is invited by another"));
                let invited = Invited { helped: *helped, expires_at: *expires_at, misses: 0 };
                self.invited.insert(*help, invited);
            }
            Event::HelpMissed { help, .. } => {
                if let Some(invited) = self.invited.get_mut(help) {
                    invited.misses = invited.misses.saturating_add(1);
                }
            }
            Event::HelpAccepted { help, helper, helped, ends_at } => {
                let invited = self.invited.remove(help);
                let rightly = by == Actor::Citizen(*helper)
                    && invited.is_some_and(|invited| {
                        invited.helped == *helped && at < invited.expires_at && invited.misses < CODE_TRIES_MAX
                    });
                findings
                    .unless(rightly, Law::I18, || format!("help {help} stands without the code that was asked for"));
                self.stand(*help, (*helper, *helped), *ends_at, at, findings);
            }
            Event::HelpAttested { help, helper, helped, ends_at, .. } => {
                let rightly = by == Actor::System;
                findings.unless(rightly, Law::I18, || format!("help {help} is attested by somebody"));
                self.stand(*help, (*helper, *helped), *ends_at, at, findings);
            }
            Event::HelpEnded { help, cause } => {
                self.check_end(*help, *cause, by, findings);
                self.invited.remove(help);
                if let Some(pair) = self.pairs.get(help).copied() {
                    self.fall(pair);
                }
            }
            Event::PersonErased { person } => {
                self.invited.retain(|_, invited| invited.helped != *person);
                let helped = self.standing.range((*person, FIRST)..=(*person, LAST)).map(|(pair, _)| *pair);
                let helpers = self.helpers.range((*person, FIRST)..=(*person, LAST)).map(|(of, by)| (*by, *of));
                let theirs: Vec<_> = helped.chain(helpers).collect();
                theirs.into_iter().for_each(|pair| self.fall(pair));
            }
            Event::CallerLookedUp { .. } => {
                let says_why = matches!(by, Actor::Agent(_)) && entry.by.reason != 0;
                findings.unless(says_why, Law::I12, || "a caller was looked up without a reason".to_owned());
                if let Actor::Agent(agent) = by {
                    self.look_up(agent, at, findings);
                }
            }
            _ => {}
        }
    }

    /// Whatever a budget is, nobody's is larger than the largest.
    fn look_up(&mut self, agent: StaffNumber, at: UnixMillis, findings: &mut Findings) {
        let times = self.looked_up.entry(agent).or_default();
        while times.front().is_some_and(|first| first.plus_secs(LOOK_UP_COUNTS_SECS) <= at) {
            times.pop_front();
        }
        times.push_back(at);
        if times.len() > LOOK_UPS_MAX as usize {
            times.pop_front();
            let agent = agent.0;
            findings.add(Law::I12, format!("agent {agent} looked more than {LOOK_UPS_MAX} people up within an hour"));
        }
    }

    fn check_proxy(&self, helper: Person, event: &Event, at: UnixMillis, findings: &mut Findings) {
        let Some(helped) = event.person() else {
            // Whoever was overtaken while they signed in is called in the same decision.
            let follows = matches!(event, Event::Refused { .. } | Event::Called { .. });
            return findings.unless(follows, Law::I18, || format!("person {helper} helps where nobody is helped"));
        };
        let stands = self.standing.get(&(helper, helped)).is_some_and(|(_, ends_at)| at < *ends_at);
        findings.unless(stands, Law::I18, || format!("person {helper} acts for person {helped} without consent"));
    }

    /// Only the two themselves, time, operators, and who spends the tries end it.
    fn check_end(&self, help: HelpId, cause: EndOfHelp, by: Actor, findings: &mut Findings) {
        let invited = self.invited.get(&help).map(|invited| (None, invited.helped));
        let standing = self.pairs.get(&help).map(|(helper, helped)| (Some(*helper), *helped));
        let of = invited.or(standing);
        let Some((helper, helped)) = of else {
            return findings.add(Law::I18, format!("help {help} ends without having begun"));
        };
        let rightly = match (cause, by) {
            (EndOfHelp::Revoked, Actor::Citizen(citizen)) => helper == Some(citizen) || helped == citizen,
            (EndOfHelp::Revoked, by) => matches!(by, Actor::Operator(_) | Actor::System),
            (EndOfHelp::Expired, by) => by == Actor::System,
            (EndOfHelp::TriesSpent, _) => true,
        };
        findings.unless(rightly, Law::I18, || format!("help {help} is ended by a stranger"));
    }

    fn stand(
        &mut self,
        help: HelpId,
        (helper, helped): (Person, Person),
        ends_at: UnixMillis,
        at: UnixMillis,
        findings: &mut Findings,
    ) {
        findings.unless(helper != helped, Law::I18, || format!("person {helper} helps themselves"));
        self.fall((helper, helped));
        self.standing.insert((helper, helped), (help, ends_at));
        self.helpers.insert((helped, helper));
        self.pairs.insert(help, (helper, helped));
        let still = |pair: (Person, Person)| self.standing.get(&pair).is_some_and(|(_, until)| at < *until);
        let helps = self.standing.range((helper, FIRST)..=(helper, LAST)).filter(|(pair, _)| still(**pair)).count();
        let helpers = self.helpers.range((helped, FIRST)..=(helped, LAST)).filter(|(of, by)| still((*by, *of))).count();
        let few = helps <= HELPED_PER_HELPER_MAX && helpers <= HELPERS_PER_PERSON_MAX;
        findings.unless(few, Law::I18, || format!("help {help} is one more than either may have"));
    }

    /// Nothing stands between these two any more.
    fn fall(&mut self, (helper, helped): (Person, Person)) {
        if let Some((help, _)) = self.standing.remove(&(helper, helped)) {
            self.pairs.remove(&help);
            self.helpers.remove(&(helped, helper));
        }
    }
}
