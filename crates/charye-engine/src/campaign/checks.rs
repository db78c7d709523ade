//! Room: engine/campaign. Whether the values of a campaign file make sense together. Called by `file` once each of them
//! could be read; notes what is wrong and changes nothing.

use std::ops::{Range, RangeInclusive};

use charye_domain::campaign::Campaign;
use charye_domain::cohort::{BirthDayDigit, Cohort};
use charye_domain::vaccine::{DoseTwoPolicy, VaccineProduct};
use jiff::civil::Date;

use super::file_error::Findings;
use super::openings_table::{Draft, Share, WHOLE_SHARE};

/// Each digit stands in a rotation once.
pub(super) fn rotation_digits(findings: &mut Findings<'_>, at: &Range<usize>, evenings: &[Vec<BirthDayDigit>]) {
    let times = |digit: u8| evenings.iter().flatten().filter(|other| other.value() == digit).count();
    let list = |digits: Vec<u8>| digits.iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
    let missing: Vec<u8> = (0..=9).filter(|digit| times(*digit) == 0).collect();
    let repeated: Vec<u8> = (0..=9).filter(|digit| times(*digit) > 1).collect();
    if !missing.is_empty() {
        let message = format!("the rotation leaves out the digits {}", list(missing));
        findings.note(at, message, "list each digit from 0 to 9 once");
    }
    if !repeated.is_empty() {
        let message = format!("the rotation repeats the digits {}", list(repeated));
        findings.note(at, message, "list each digit from 0 to 9 once; a second chance is a [[catch_up]]");
    }
    if evenings.iter().any(Vec::is_empty) {
        findings.note(at, "an evening of the rotation has no digit", "remove the empty list");
    }
}

/// When the second dose is reserved; the file must say so if and only if there are two.
pub(super) fn dose_two(
    findings: &mut Findings<'_>,
    at: &Range<usize>,
    written: Option<DoseTwoPolicy>,
    products: &[(Range<usize>, VaccineProduct)],
) -> Option<DoseTwoPolicy> {
    let two_doses = products.iter().any(|(_, product)| product.doses == 2);
    match (written, two_doses) {
        (Some(policy), true) => Some(policy),
        (None, false) => Some(DoseTwoPolicy::Later),
        (None, true) => {
            let remedy = "add dose_two = \"together\" or dose_two = \"later\"";
            findings.note(at, "[campaign] has no `dose_two`, and a product has two doses", remedy);
            None
        }
        (Some(_), false) => {
            findings.note(at, "`dose_two` in a campaign whose products have one dose", "remove it");
            None
        }
    }
}

/// Every cohort is used, and nobody in it is left without an opening.
pub(super) fn cohorts(findings: &mut Findings<'_>, cohorts: &[(Range<usize>, Cohort)], drafts: &[Draft]) {
    for (at, cohort) in cohorts {
        let of_cohort = || drafts.iter().filter(|draft| draft.cohorts.contains(&cohort.id));
        if of_cohort().next().is_none() {
            let message = format!("no opening lets the cohort \"{}\" in", cohort.code);
            findings.note(at, message, "name it in the `cohorts` of an opening, or remove it");
            continue;
        }
        let let_in = |digit: u8| {
            of_cohort().any(|draft| draft.digits.is_empty() || draft.digits.iter().any(|d| d.value() == digit))
        };
        let left_out: Vec<String> = (0..=9).filter(|digit| !let_in(*digit)).map(|digit| digit.to_string()).collect();
        if !left_out.is_empty() {
            let message = format!(
                "people of the cohort \"{}\" whose day of birth ends in {} are never let in",
                cohort.code,
                left_out.join(", ")
            );
            findings.note(at, message, "add these digits to an opening, or an opening without digits");
        }
    }
}

/// Windows are not empty, end before vaccination does, and no two are open to the same person at once.
pub(super) fn windows(
    findings: &mut Findings<'_>,
    cohorts: &[(Range<usize>, Cohort)],
    drafts: &[Draft],
    days: &RangeInclusive<Date>,
) {
    for (index, draft) in drafts.iter().enumerate() {
        if draft.closes <= draft.opens {
            let message = format!("the window is empty: it opens {} and closes {}", draft.opens, draft.closes);
            findings.note(&draft.at, message, "let it close after it opens");
            continue;
        }
        if draft.closes.date() > *days.end() {
            let message = format!("the window closes on {}, after the last vaccination day", draft.closes.date());
            findings.note(&draft.at, message, format!("let it close by {}", days.end()));
        }
        if (*days.start() - draft.opens.date()).get_days() > 366 {
            let message = format!("the window opens on {}, more than a year before the first day", draft.opens.date());
            findings.note(&draft.at, message, "check the year");
        }
        let earlier = drafts.get(..index).unwrap_or_default();
        let overlaps = |other: &&Draft| other.closes > draft.opens && share_people(cohorts, other, draft);
        if let Some(other) = earlier.iter().find(overlaps) {
            let message = format!(
                "the windows of \"{}\" and \"{}\" overlap, and some people are in both",
                other.name.en, draft.name.en
            );
            findings.note(&draft.at, message, format!("let it open at {} or later", other.closes));
        }
    }
}

fn share_people(cohorts: &[(Range<usize>, Cohort)], a: &Draft, b: &Draft) -> bool {
    let digits = a.digits.is_empty() || b.digits.is_empty() || a.digits.iter().any(|digit| b.digits.contains(digit));
    let of = |draft: &Draft| -> Vec<&Cohort> {
        cohorts.iter().map(|(_, cohort)| cohort).filter(|cohort| draft.cohorts.contains(&cohort.id)).collect()
    };
    let born_in_both = |one: &Cohort, other: &Cohort| one.born_from <= other.born_to && other.born_from <= one.born_to;
    let (of_a, of_b) = (of(a), of(b));
    digits && of_a.iter().any(|one| of_b.iter().any(|other| born_in_both(one, other)))
}

/// What is out once each opening has begun: never less than before, and everything in the end.
pub(super) fn cumulative_shares(findings: &mut Findings<'_>, drafts: &[Draft]) -> Option<Vec<u16>> {
    let mut out = 0_u16;
    let mut shares = Vec::with_capacity(drafts.len());
    for draft in drafts {
        let now = match draft.share {
            Share::Adds(share) => out.saturating_add(share),
            Share::Cumulative(share) => share,
        };
        if now < out {
            let message = format!("the cumulative share falls from {out} to {now}: released doses are not taken back");
            findings.note(&draft.at, message, format!("write {out} to {WHOLE_SHARE}"));
            return None;
        }
        if now > WHOLE_SHARE {
            let message = format!("with this opening {now} of {WHOLE_SHARE} are released");
            findings.note(&draft.at, message, format!("let all shares add up to {WHOLE_SHARE}"));
            return None;
        }
        out = now;
        shares.push(now);
    }
    if out != WHOLE_SHARE {
        let at = drafts.last().map_or(0..0, |draft| draft.at.clone());
        let message = format!("after the last opening only {out} of {WHOLE_SHARE} are released");
        findings.note(&at, message, format!("let all shares add up to {WHOLE_SHARE}"));
        return None;
    }
    Some(shares)
}

/// Some open day is left, and for every product of two doses one that an open second day follows.
pub(super) fn intervals(findings: &mut Findings<'_>, products: &[(Range<usize>, VaccineProduct)], campaign: &Campaign) {
    let open = campaign.open_days();
    if open == 0 {
        let at = products.first().map_or(0..0, |(at, _)| at.start..at.start);
        findings.note(&at, "every day of the campaign is closed", "remove some of `closed_days`, or move the dates");
        return;
    }
    for (at, product) in products {
        let Some(interval) = &product.interval else { continue };
        if interval.first_days_with_a_second(open) & open == 0 {
            let (from, to) = (interval.allowed_days.start(), interval.allowed_days.end());
            let message =
                format!("\"{}\": no two open days of the campaign are {from} to {to} days apart", product.code);
            findings.note(at, message, "shorten the interval, lengthen the campaign, or open some closed days");
        }
    }
}
