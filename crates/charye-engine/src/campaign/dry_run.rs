//! Room: engine/campaign. A campaign tried out before it opens: synthetic citizens of every cohort and every last digit
//! of the day of birth, asked at every hour from before the first opening until after the last, and at every edge of
//! every window. Called by `charye campaign dry-run`.
//!
//! Must never read the windows to say who may reserve: it asks the rules, hour by hour, as a citizen would, so that a rule
//! that goes wrong at some hour shows. (In 2021 eligible people were locked out for seven hours, because hours were compared
//! as text.)

use std::collections::{BTreeMap, BTreeSet};

use charye_domain::campaign::{Bilingual, Campaign};
use charye_domain::citizen::CitizenFacts;
use charye_domain::cohort::{BirthDayDigit, Cohort};
use charye_domain::eligibility::{self, Eligibility};
use charye_domain::ids::OpeningId;
use charye_domain::time::UnixMillis;
use jiff::civil::{Date, DateTime};

/// Hours that are tried; what lies beyond is said to be untried.
const HOURS_MAX: usize = 24 * 400;
const HOUR_MS: i64 = 3_600_000;
/// Days that are looked through for a birth date with a digit: every digit comes within any two months.
const SEARCH_DAYS: usize = 62;

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DryRun {
    /// Groups of people who are told the same at every hour, cohorts in the file's order, outsiders last.
    pub groups: Vec<DryRunGroup>,
    /// What nobody would expect, in words. Empty in a sound campaign.
    pub surprises: Vec<String>,
    /// Times at which everybody was asked, and questions in all.
    pub moments: usize,
    pub questions: usize,
}

/// People who are told the same at every hour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DryRunGroup {
    /// The cohort's code; `None` for people born outside of every cohort.
    pub cohort: Option<String>,
    /// Last digits of their days of birth.
    pub digits: BTreeSet<u8>,
    /// Birth dates that were tried.
    pub born: BTreeSet<Date>,
    /// When they may reserve, in order.
    pub spans: Vec<DryRunSpan>,
}

/// A time during which a group may reserve, under one opening.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DryRunSpan {
    pub opening: OpeningId,
    pub opening_name: Bilingual,
    /// Included.
    pub from: DateTime,
    /// Excluded.
    pub until: DateTime,
}

/// A difference between two dry runs, for one cohort and digit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DryRunChange {
    pub cohort: Option<String>,
    pub digit: u8,
    /// When they may reserve in one and not in the other, as the spans of each.
    pub before: Vec<DryRunSpan>,
    pub after: Vec<DryRunSpan>,
}

/// Tries a campaign out.
pub fn dry_run(campaign: &Campaign) -> DryRun {
    let moments = moments(campaign);
    let mut surprises = untried(campaign, &moments);
    let mut groups: Vec<DryRunGroup> = Vec::new();
    let mut asked = 0;
    for (cohort, born) in synthetic_citizens(campaign) {
        asked += moments.len();
        let spans = spans_of(campaign, born, &moments);
        surprises.extend(surprises_of(campaign, cohort, born, &spans));
        let digit = BirthDayDigit::of(born).value();
        let code = cohort.map(|cohort| cohort.code.clone());
        let same = groups.iter_mut().find(|group| group.cohort == code && group.spans == spans);
        match same {
            Some(group) => {
                group.digits.insert(digit);
                group.born.insert(born);
            }
            None => groups.push(DryRunGroup {
                cohort: code,
                digits: BTreeSet::from([digit]),
                born: BTreeSet::from([born]),
                spans,
            }),
        }
    }
    surprises.extend(unused_openings(campaign, &groups));
    surprises.extend(holes_between_cohorts(campaign));
    let place =
        |group: &DryRunGroup| campaign.cohorts.iter().position(|cohort| Some(&cohort.code) == group.cohort.as_ref());
    groups.sort_by_key(|group| (place(group).unwrap_or(usize::MAX), group.digits.first().copied()));
    DryRun { groups, surprises, moments: moments.len(), questions: asked }
}

/// What is different between two dry runs of versions of one campaign, cohort by cohort and digit by digit.
pub fn dry_run_changes(before: &DryRun, after: &DryRun) -> Vec<DryRunChange> {
    let (a, b) = (by_digit(before), by_digit(after));
    let keys: BTreeSet<_> = a.keys().chain(b.keys()).cloned().collect();
    let change = |key: (Option<String>, u8)| {
        let (before, after) = (a.get(&key).cloned().unwrap_or_default(), b.get(&key).cloned().unwrap_or_default());
        (before != after).then_some(DryRunChange { cohort: key.0, digit: key.1, before, after })
    };
    keys.into_iter().filter_map(change).collect()
}

fn by_digit(run: &DryRun) -> BTreeMap<(Option<String>, u8), Vec<DryRunSpan>> {
    let mut spans: BTreeMap<(Option<String>, u8), Vec<DryRunSpan>> = BTreeMap::new();
    for group in &run.groups {
        for digit in &group.digits {
            let known = spans.entry((group.cohort.clone(), *digit)).or_default();
            known.extend(group.spans.iter().filter(|span| !known.contains(span)).cloned().collect::<Vec<_>>());
            known.sort_by_key(|span| (span.from, span.until));
        }
    }
    spans
}

/// Every hour from before the first opening to after the last, and both sides of every edge.
fn moments(campaign: &Campaign) -> Vec<UnixMillis> {
    let windows = || campaign.openings.iter().map(|opening| &opening.window);
    let first = windows().map(|window| window.opens_at.0).min().unwrap_or(0) - HOUR_MS;
    let last = windows().map(|window| window.closes_at.0).max().unwrap_or(0) + HOUR_MS;
    let hours = (0..).map(|hour: i64| first.div_euclid(HOUR_MS) * HOUR_MS + hour * HOUR_MS);
    let mut moments: BTreeSet<i64> = hours.take_while(|at| *at <= last).take(HOURS_MAX).collect();
    for window in windows() {
        for edge in [window.opens_at.0, window.closes_at.0] {
            moments.extend([edge - 1, edge]);
        }
    }
    moments.into_iter().map(UnixMillis).collect()
}

fn untried(campaign: &Campaign, moments: &[UnixMillis]) -> Vec<String> {
    let last = campaign.openings.iter().map(|opening| opening.window.closes_at.0).max().unwrap_or(0);
    let hours = moments.iter().filter(|at| at.0.rem_euclid(HOUR_MS) == 0).count();
    if hours < HOURS_MAX || moments.iter().any(|at| at.0 > last) {
        return Vec::new();
    }
    vec![format!("the openings last longer than {HOURS_MAX} hours: the hours after them were not tried")]
}

/// Of every cohort and digit the oldest, a middle one and the youngest; a leap day's child; and the neighbours of every
/// cohort's edges, who may belong to another or to none.
fn synthetic_citizens(campaign: &Campaign) -> Vec<(Option<&Cohort>, Date)> {
    let mut citizens = Vec::new();
    for cohort in &campaign.cohorts {
        let (from, to) = (cohort.born_from, cohort.born_to);
        let half = from.saturating_add(jiff::Span::new().days(days_between(from, to) / 2));
        let mut born = BTreeSet::new();
        for digit in 0..=9 {
            let of_digit = |date: &Date| BirthDayDigit::of(*date).value() == digit && cohort.admits(*date);
            born.extend(from.series(jiff::Span::new().days(1)).take(SEARCH_DAYS).find(of_digit));
            born.extend(half.series(jiff::Span::new().days(1)).take(SEARCH_DAYS).find(of_digit));
            born.extend(to.series(jiff::Span::new().days(-1)).take(SEARCH_DAYS).find(of_digit));
        }
        let leap_days = (from.year()..=to.year()).filter_map(|year| Date::new(year, 2, 29).ok());
        born.extend(leap_days.into_iter().find(|date| cohort.admits(*date)));
        citizens.extend(born.into_iter().map(|date| (Some(cohort), date)));
    }
    let edges = campaign.cohorts.iter().flat_map(|cohort| [cohort.born_from.yesterday(), cohort.born_to.tomorrow()]);
    let outside = |date: &Date| !campaign.cohorts.iter().any(|cohort| cohort.admits(*date));
    let outsiders: BTreeSet<Date> = edges.flatten().filter(outside).collect();
    citizens.extend(outsiders.into_iter().map(|date| (None, date)));
    citizens
}

fn days_between(from: Date, to: Date) -> i64 {
    (to - from).get_days().into()
}

/// When somebody may reserve, found by asking at every moment.
fn spans_of(campaign: &Campaign, birth_date: Date, moments: &[UnixMillis]) -> Vec<DryRunSpan> {
    let mut spans: Vec<DryRunSpan> = Vec::new();
    let mut open: Option<(OpeningId, UnixMillis)> = None;
    let mut close = |open: &mut Option<(OpeningId, UnixMillis)>, at: UnixMillis| {
        if let Some((opening, from)) = open.take() {
            let name = campaign.opening(opening).map(|opening| opening.name.clone());
            spans.push(DryRunSpan {
                opening,
                opening_name: name.unwrap_or(Bilingual { ko: String::new(), en: String::new() }),
                from: from.civil(&campaign.time_zone),
                until: at.civil(&campaign.time_zone),
            });
        }
    };
    for &at in moments {
        let told = match eligibility::decide(campaign, &CitizenFacts { birth_date }, at) {
            Eligibility::Eligible { opening, .. } => Some(opening),
            Eligibility::Ineligible(_) => None,
        };
        if open.map(|(opening, _)| opening) != told {
            close(&mut open, at);
            open = told.map(|opening| (opening, at));
        }
    }
    if let Some(last) = moments.last() {
        close(&mut open, *last);
    }
    spans
}

/// What nobody would expect of one person's spans.
fn surprises_of(campaign: &Campaign, cohort: Option<&Cohort>, born: Date, spans: &[DryRunSpan]) -> Vec<String> {
    let mut surprises = Vec::new();
    match cohort {
        None if !spans.is_empty() => {
            surprises.push(format!("born {born}, outside of every cohort, and yet may reserve"));
        }
        Some(cohort) if spans.is_empty() => {
            surprises.push(format!("born {born}, of cohort {}, and never may reserve", cohort.code));
        }
        _ => {}
    }
    for span in spans {
        let Some(opening) = campaign.opening(span.opening) else { continue };
        let (opens, closes) = (opening.window.opens_civil, opening.window.closes_civil);
        // Another opening that began earlier may still be theirs: then this one's span begins when that one closes.
        let follows = campaign.openings.iter().any(|earlier| earlier.window.closes_civil == span.from);
        if span.from != opens && !follows {
            surprises.push(format!(
                "born {born}: may reserve from {}, but `{}` opens {opens}",
                span.from, span.opening_name.en
            ));
        }
        let is_followed = campaign.openings.iter().any(|later| later.window.opens_civil == span.until);
        if span.until != closes && !is_followed {
            let name = &span.opening_name.en;
            surprises.push(format!("born {born}: may reserve until {}, but `{name}` closes {closes}", span.until));
        }
    }
    surprises
}

/// Openings that nobody of all the synthetic citizens could use.
fn unused_openings(campaign: &Campaign, groups: &[DryRunGroup]) -> Vec<String> {
    let used: BTreeSet<OpeningId> = groups.iter().flat_map(|group| &group.spans).map(|span| span.opening).collect();
    let unused = campaign.openings.iter().filter(|opening| !used.contains(&opening.id));
    unused.map(|opening| format!("nobody may reserve in the opening `{}`", opening.name.en)).collect()
}

/// Birth dates between the oldest and the youngest of all cohorts that belong to none.
fn holes_between_cohorts(campaign: &Campaign) -> Vec<String> {
    let mut ranges: Vec<(Date, Date)> =
        campaign.cohorts.iter().map(|cohort| (cohort.born_from, cohort.born_to)).collect();
    ranges.sort_unstable();
    let mut holes = Vec::new();
    let mut covered_to: Option<Date> = None;
    for (from, to) in ranges {
        let first_outside = covered_to.and_then(|covered| covered.tomorrow().ok());
        if let (Some(first), Ok(last)) = (first_outside, from.yesterday())
            && first <= last
        {
            holes.push(format!("born {first} to {last}, between two cohorts and of none"));
        }
        covered_to = covered_to.max(Some(to));
    }
    holes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::{bundled, read_campaign};

    fn campaign(change: impl Fn(&str) -> String) -> Campaign {
        let text = change(bundled("kr-2021-18-49").unwrap().text);
        read_campaign("dry-run", text.as_bytes()).unwrap_or_else(|errors| panic!("{errors}")).campaign
    }

    fn whole() -> Campaign {
        campaign(str::to_owned)
    }

    #[test]
    fn the_campaign_of_2021_surprises_nobody() {
        let run = dry_run(&whole());
        assert_eq!(run.surprises, Vec::<String>::new());
        // Two cohorts of ten digits each, and everybody else.
        assert_eq!(run.groups.len(), 21, "{:#?}", run.groups);
        assert!(run.moments > 900 && run.questions > 50_000, "{} {}", run.moments, run.questions);
    }

    #[test]
    fn each_digit_has_its_evening_its_second_chance_and_the_free_period() {
        let run = dry_run(&whole());
        let check = |cohort: &str, digit: u8, expect: [&str; 3]| {
            let of_group = |group: &&DryRunGroup| {
                group.cohort.as_deref() == Some(cohort) && group.digits == BTreeSet::from([digit])
            };
            let group = run.groups.iter().find(of_group).unwrap_or_else(|| panic!("no {cohort} {digit}"));
            let told: Vec<String> = group.spans.iter().map(|span| format!("{} {}", span.from, span.until)).collect();
            assert_eq!(told, expect, "{cohort} {digit}");
        };
        let free = "2021-08-21T20:00:00 2021-09-18T18:00:00";
        let (older, younger) = ("2021-08-19T20:00:00 2021-08-20T18:00:00", "2021-08-20T20:00:00 2021-08-21T18:00:00");
        check("age-36-49", 9, ["2021-08-09T20:00:00 2021-08-10T18:00:00", older, free]);
        check("age-18-35", 8, ["2021-08-18T20:00:00 2021-08-19T18:00:00", younger, free]);
        let outsiders = run.groups.last().unwrap();
        assert_eq!((outsiders.cohort.as_deref(), outsiders.spans.len()), (None, 0));
    }

    #[test]
    fn people_whom_no_opening_lets_in_are_found() {
        let mut without_catch_up = whole();
        // Nine evenings, for all digits but the last of the rotation, and nothing after them.
        without_catch_up.openings.truncate(9);
        let run = dry_run(&without_catch_up);
        let never = |words: &&String| words.contains("and never may reserve");
        // The oldest, a middle one and the youngest of each cohort, born on an 8th.
        assert_eq!(run.surprises.iter().filter(never).count(), 6, "{:?}", run.surprises);
        assert!(run.surprises[0].contains("of cohort age-36-49"), "{:?}", run.surprises);
    }

    #[test]
    fn birthdays_between_two_cohorts_that_nobody_covers_are_found() {
        let mut campaign = whole();
        let (older, younger) = (campaign.cohorts[0].clone(), campaign.cohorts[1].clone());
        let mut check = |born_to: Date, expect: &[&str]| {
            campaign.cohorts[0].born_to = born_to;
            let mut found = dry_run(&campaign).surprises;
            found.retain(|words| words.contains("between two cohorts"));
            assert_eq!(found, expect);
        };
        assert_eq!(older.born_to.tomorrow().unwrap(), younger.born_from, "the campaign's own cohorts touch");
        check(older.born_to, &[]);
        let last = older.born_to;
        let day_before = last.yesterday().unwrap();
        check(day_before, &[&format!("born {last} to {last}, between two cohorts and of none")]);
        // One cohort within another leaves no hole behind it.
        check(younger.born_to, &[]);
    }

    #[test]
    fn what_changed_is_told_for_whom_it_changed() {
        let before = dry_run(&whole());
        let later = campaign(|text| text.replacen("closes = \"18:00\"", "closes = \"12:00\"", 1));
        let changes = dry_run_changes(&before, &dry_run(&later));
        // The rotation closes earlier: for every digit of both cohorts.
        assert_eq!(changes.len(), 20);
        assert_eq!(changes[0].before[0].until.hour(), 18);
        assert_eq!(changes[0].after[0].until.hour(), 12);
        assert_eq!(dry_run_changes(&before, &before), []);
    }
}
