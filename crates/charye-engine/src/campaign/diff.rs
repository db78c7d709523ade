//! Room: engine/campaign. What changes for people between two versions of a campaign, in words. Compares the rules, never
//! the files: a text laid out differently is no change. Called by `charye campaign diff` and before publishing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use charye_domain::campaign::look::{CampaignLook, Colours};
use charye_domain::campaign::{Bilingual, Campaign};
use charye_domain::cohort::{BirthDayDigit, Cohort};
use charye_domain::opening::Opening;
use charye_domain::vaccine::VaccineProduct;
use charye_domain::waiting_room::plan::LinePlan;
use jiff::civil::{Date, DateTime};

/// One difference and its effect on people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What is different, such as `last day: 2021-11-11 -> 2021-11-18`.
    pub what: String,
    /// What follows for people.
    pub effect: String,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n    effect: {}", self.what, self.effect)
    }
}

/// Every change from `a` to `b`, from the campaign as a whole to the windows of each group. Empty if the rules are equal.
/// Id and version are not compared.
pub fn diff(a: &Campaign, b: &Campaign) -> Vec<Change> {
    let mut changes = Changes(Vec::new());
    campaign_changes(&mut changes, a, b);
    product_changes(&mut changes, a, b);
    cohort_changes(&mut changes, a, b);
    window_changes(&mut changes, a, b);
    share_changes(&mut changes, a, b);
    opening_name_changes(&mut changes, a, b);
    changes.0
}

struct Changes(Vec<Change>);

impl Changes {
    fn push(&mut self, what: impl Into<String>, effect: impl Into<String>) {
        self.0.push(Change { what: what.into(), effect: effect.into() });
    }

    fn compare<T: PartialEq + fmt::Display>(&mut self, label: &str, a: &T, b: &T, effect: &str) {
        if a != b {
            self.push(format!("{label}: {a} -> {b}"), effect);
        }
    }
}

fn campaign_changes(changes: &mut Changes, a: &Campaign, b: &Campaign) {
    changes.compare(
        "code",
        &a.code,
        &b.code,
        "these are two campaigns, not two versions of one: links and imports differ",
    );
    changes.compare("name (ko)", &a.name.ko, &b.name.ko, "people read another name");
    changes.compare("name (en)", &a.name.en, &b.name.en, "people read another name");
    if a.time_zone != b.time_zone {
        changes.push("time zone", "every window and every slot is at another instant");
    }
    if a.uniqueness != b.uniqueness {
        let what = format!("uniqueness: {:?} -> {:?}", a.uniqueness, b.uniqueness);
        changes.push(what, "another set of identity providers is accepted; the same person has another key");
    }
    let of_proofs = "weaker or stronger proofs of identity count: more or fewer ways to sign in are offered";
    changes.compare("least assurance", &a.least_assurance.code(), &b.least_assurance.code(), of_proofs);
    changes.compare("first day", &a.first_day, &b.first_day, "places before the first day can no longer be had");
    changes.compare("last day", &a.last_day, &b.last_day, "places after the last day can no longer be had");
    if a.dose_two != b.dose_two {
        let what = format!("dose two: {:?} -> {:?}", a.dose_two, b.dose_two);
        changes.push(what, "people reserve their second dose at another time");
    }
    closed_day_changes(changes, &a.closed_days, &b.closed_days);
    let of_holds = "people have more or less time to confirm";
    changes.compare("hold, seconds", &a.hold.ttl_secs, &b.hold.ttl_secs, of_holds);
    changes.compare("hold extension, seconds", &a.hold.extension_secs, &b.hold.extension_secs, of_holds);
    changes.compare("hold extensions", &a.hold.extensions_max, &b.hold.extensions_max, of_holds);
    let of_visits = "people stay inside for another time: admission follows";
    changes.compare("visit, seconds", &a.visit.max_secs, &b.visit.max_secs, of_visits);
    changes.compare("pass, seconds", &a.visit.pass_secs, &b.visit.pass_secs, "passes are renewed at another rhythm");
    line_changes(changes, a.line.as_ref(), b.line.as_ref());
    changes.compare("expected people", &a.expected_people, &b.expected_people, "forecasts and rehearsals only");
    let of_notice = "people may change or cancel until another moment before their slot";
    look_changes(changes, a.look.as_deref(), b.look.as_deref());
    changes.compare("change notice, seconds", &a.change_notice_secs, &b.change_notice_secs, of_notice);
}

fn line_changes(changes: &mut Changes, a: Option<&LinePlan>, b: Option<&LinePlan>) {
    let (a, b) = match (a, b) {
        (None, None) => return,
        (Some(_), None) => return changes.push("line removed", "nobody waits: whoever may reserve is let in at once"),
        (None, Some(_)) => return changes.push("line added", "people wait their turn before they are let in"),
        (Some(a), Some(b)) => (a, b),
    };
    let of_terms = "more or fewer people are let in; waits that were promised before are void";
    changes.compare("line, hard cap", &a.terms.hard_cap(), &b.terms.hard_cap(), of_terms);
    changes.compare("line, agents' share", &a.terms.agents_share(), &b.terms.agents_share(), of_terms);
    let rates = |plan: &LinePlan| {
        let (lowest, highest) = plan.terms.rates_per_min();
        format!("{lowest} to {highest}")
    };
    changes.compare("line, visits a minute", &rates(a), &rates(b), of_terms);
    let of_grace = "who is called has another time in which to come";
    changes.compare("line, grace in seconds", &a.terms.grace_secs(), &b.terms.grace_secs(), of_grace);
    let of_enrolment = "people may enrol in draws from another moment on";
    changes.compare("line, seconds of enrolment", &a.enrol_secs, &b.enrol_secs, of_enrolment);
    let note = |plan: &LinePlan| {
        let text = |note: &Bilingual| format!("{} / {}", note.ko, note.en);
        plan.public_value_note.as_ref().map_or_else(|| "none".to_owned(), text)
    };
    let of_value = "draws are mixed with another public value: name it before anyone enrols";
    changes.compare("line, public value of the draw", &note(a), &note(b), of_value);
}

fn look_changes(changes: &mut Changes, a: Option<&CampaignLook>, b: Option<&CampaignLook>) {
    let nothing = CampaignLook::default();
    let (a, b) = (a.unwrap_or(&nothing), b.unwrap_or(&nothing));
    let text = |text: &Option<Bilingual>| {
        text.as_ref().map_or_else(|| "none".to_owned(), |text| format!("{} / {}", text.ko, text.en))
    };
    let effect = "people read another text on its pages";
    let mut of_texts = |label: &str, a: &Option<Bilingual>, b: &Option<Bilingual>| {
        changes.compare(label, &text(a), &text(b), effect);
    };
    of_texts("look, name at the head", &a.service, &b.service);
    of_texts("look, welcome", &a.welcome, &b.welcome);
    of_texts("look, what to bring", &a.bring, &b.bring);
    of_texts("look, whom to ask", &a.contact, &b.contact);
    if a.logo != b.logo {
        changes.push("look, logo", "people see another logo on its pages");
    }
    let colours = |colours: Option<Colours>| {
        colours.map_or_else(|| "ours".to_owned(), |Colours { light, dark }| format!("{light} and {dark}"))
    };
    let effect = "people see its pages in other colours";
    changes.compare("look, accent", &colours(a.accent), &colours(b.accent), effect);
    changes.compare("look, stripe", &colours(a.stripe), &colours(b.stripe), effect);
}

fn closed_day_changes(changes: &mut Changes, a: &BTreeSet<Date>, b: &BTreeSet<Date>) {
    let list = |days: Vec<&Date>| days.into_iter().map(Date::to_string).collect::<Vec<_>>().join(", ");
    let closed: Vec<_> = b.difference(a).collect();
    if !closed.is_empty() {
        changes.push(format!("closed now: {}", list(closed)), "reservations on these days must be moved");
    }
    let opened: Vec<_> = a.difference(b).collect();
    if !opened.is_empty() {
        changes.push(format!("no longer closed: {}", list(opened)), "clinics with sessions then have places more");
    }
}

fn product_changes(changes: &mut Changes, a: &Campaign, b: &Campaign) {
    let find = |campaign: &'_ Campaign, code: &str| -> Option<VaccineProduct> {
        campaign.products.iter().find(|product| product.code == code).cloned()
    };
    for old in &a.products {
        let Some(new) = find(b, &old.code) else {
            changes.push(format!("product {} removed", old.code), "its reservations must be moved or cancelled");
            continue;
        };
        let days = |product: &VaccineProduct| match &product.interval {
            None => "one dose".to_owned(),
            Some(interval) => {
                let (from, to) = (interval.allowed_days.start(), interval.allowed_days.end());
                format!("{from} to {to} days, standard {}", interval.standard_days)
            }
        };
        let effect = "reserved pairs stay as they are; new and changed ones follow the new interval";
        changes.compare(&format!("interval of {}", old.code), &days(old), &days(&new), effect);
        changes.compare(&format!("name of {} (ko)", old.code), &old.name.ko, &new.name.ko, "people read another name");
        changes.compare(&format!("name of {} (en)", old.code), &old.name.en, &new.name.en, "people read another name");
        let cvx = |code: Option<u16>| code.map_or_else(|| "none".to_owned(), |code| code.to_string());
        changes.compare(&format!("CVX of {}", old.code), &cvx(old.cvx), &cvx(new.cvx), "feeds carry another code");
    }
    for new in b.products.iter().filter(|new| find(a, &new.code).is_none()) {
        changes.push(format!("product {} added", new.code), "people may choose it where clinics give it");
    }
}

fn cohort_changes(changes: &mut Changes, a: &Campaign, b: &Campaign) {
    for old in &a.cohorts {
        let Some(new) = cohort(b, &old.code) else {
            let effect = format!("people born {} to {} are let in by another cohort only", old.born_from, old.born_to);
            changes.push(format!("cohort {} removed", old.code), effect);
            continue;
        };
        if (old.born_from, old.born_to) != (new.born_from, new.born_to) {
            let range = |cohort: &Cohort| format!("{} to {}", cohort.born_from, cohort.born_to);
            let what = format!("cohort {}: born {} -> {}", old.code, range(old), range(new));
            changes.push(what, births_effect(old, new));
        }
        changes.compare(
            &format!("name of cohort {} (ko)", old.code),
            &old.name.ko,
            &new.name.ko,
            "another name is shown",
        );
        changes.compare(
            &format!("name of cohort {} (en)", old.code),
            &old.name.en,
            &new.name.en,
            "another name is shown",
        );
    }
    for new in b.cohorts.iter().filter(|new| cohort(a, &new.code).is_none()) {
        let effect = format!("people born {} to {} may come", new.born_from, new.born_to);
        changes.push(format!("cohort {} added", new.code), effect);
    }
}

/// Who joins and who leaves a cohort whose birth dates change.
fn births_effect(old: &Cohort, new: &Cohort) -> String {
    if new.born_to < old.born_from || old.born_to < new.born_from {
        return "everyone in it leaves it, others join".to_owned();
    }
    let day = |date: Date, days: i64| date.saturating_add(jiff::Span::new().days(days));
    let mut effects = Vec::new();
    let mut change = |from: Date, to: Date, verb: &str| {
        if from <= to {
            effects.push(format!("people born {from} to {to} {verb} it"));
        }
    };
    change(new.born_from, day(old.born_from, -1), "join");
    change(day(old.born_to, 1), new.born_to, "join");
    change(old.born_from, day(new.born_from, -1), "leave");
    change(day(new.born_to, 1), old.born_to, "leave");
    effects.join("; ")
}

/// The windows of each cohort and digit, told together for digits that change alike.
fn window_changes(changes: &mut Changes, a: &Campaign, b: &Campaign) {
    for new in &b.cohorts {
        let Some(old) = cohort(a, &new.code) else { continue };
        let mut alike: Vec<(Moved, Vec<u8>)> = Vec::new();
        for digit in (0..=9).filter_map(BirthDayDigit::new) {
            let (before, after) = (windows(a, old, digit), windows(b, new, digit));
            if before == after {
                continue;
            }
            let moved = Moved {
                gone: before.difference(&after).copied().collect(),
                come: after.difference(&before).copied().collect(),
            };
            match alike.iter_mut().find(|(other, _)| *other == moved) {
                Some((_, digits)) => digits.push(digit.value()),
                None => alike.push((moved, vec![digit.value()])),
            }
        }
        for (moved, digits) in alike {
            let group = if digits.len() == 10 {
                new.name.en.clone()
            } else {
                let digits: Vec<String> = digits.iter().map(u8::to_string).collect();
                format!("{}, birthdays ending in {}", new.name.en, digits.join(", "))
            };
            changes.push(format!("windows of {group}"), moved.in_words());
        }
    }
}

type Windows = BTreeSet<(DateTime, DateTime)>;

fn windows(campaign: &Campaign, cohort: &Cohort, digit: BirthDayDigit) -> Windows {
    let lets_in = |opening: &&Opening| {
        opening.cohorts.contains(&cohort.id)
            && (opening.birth_day_digits.is_empty() || opening.birth_day_digits.contains(&digit))
    };
    let window = |opening: &Opening| (opening.window.opens_civil, opening.window.closes_civil);
    campaign.openings.iter().filter(lets_in).map(window).collect()
}

/// The windows a group loses and gains.
#[derive(PartialEq)]
struct Moved {
    gone: Windows,
    come: Windows,
}

impl Moved {
    fn in_words(&self) -> String {
        let list = |windows: &Windows| {
            let say = |(opens, closes): &(DateTime, DateTime)| format!("{} to {}", minute(*opens), minute(*closes));
            windows.iter().map(say).collect::<Vec<_>>().join(" and ")
        };
        match (self.gone.is_empty(), self.come.is_empty()) {
            (false, false) => format!("may reserve {} instead of {}", list(&self.come), list(&self.gone)),
            (true, _) => format!("may also reserve {}", list(&self.come)),
            (_, true) => format!("may no longer reserve {}", list(&self.gone)),
        }
    }
}

fn minute(at: DateTime) -> String {
    at.strftime("%Y-%m-%d %H:%M").to_string()
}

/// When doses are released; an opening that releases nothing is none of it.
fn share_changes(changes: &mut Changes, a: &Campaign, b: &Campaign) {
    let releases = |campaign: &Campaign| {
        let mut out = 0;
        let mut releases = BTreeMap::new();
        for opening in &campaign.openings {
            if opening.cumulative_share > out {
                out = opening.cumulative_share;
                releases.insert(opening.window.opens_civil, out);
            }
        }
        releases
    };
    let (before, after) = (releases(a), releases(b));
    let percent = |share: Option<&u16>| match share {
        Some(share) => format!("{}.{:02} % in all", share / 100, share % 100),
        None => "nothing".to_owned(),
    };
    let moments: BTreeSet<DateTime> = before.keys().chain(after.keys()).copied().collect();
    for moment in moments {
        let (was, is) = (before.get(&moment), after.get(&moment));
        let label = format!("released at {}", minute(moment));
        changes.compare(&label, &percent(was), &percent(is), "more or fewer places are free from then on");
    }
}

fn opening_name_changes(changes: &mut Changes, a: &Campaign, b: &Campaign) {
    for (number, (old, new)) in (1..).zip(a.openings.iter().zip(&b.openings)) {
        let both = |opening: &Opening| format!("{} / {}", opening.name.ko, opening.name.en);
        changes.compare(&format!("name of opening {number}"), &both(old), &both(new), "people read another name");
    }
}

fn cohort<'c>(campaign: &'c Campaign, code: &str) -> Option<&'c Cohort> {
    campaign.cohorts.iter().find(|cohort| cohort.code == code)
}
