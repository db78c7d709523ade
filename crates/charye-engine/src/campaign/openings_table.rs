//! Room: engine/campaign. The ways a campaign file writes its openings (a rotation, catch-up evenings, periods open to
//! all, or each opening by itself), all turned into the one list the rules know. Called by `file`.

use std::ops::Range;

use charye_domain::campaign::Bilingual;
use charye_domain::cohort::{BirthDayDigit, Cohort};
use charye_domain::ids::{CohortId, OpeningId};
use charye_domain::opening::{Opening, ReservationWindow};
use charye_domain::time::UnixMillis;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

use super::checks;
use super::file_error::Findings;
use super::toml_walk::{self, Complaint, Section, Value, bilingual, date, date_time, list, small_number, time};

/// Openings a campaign may have.
pub(super) const OPENINGS_MAX: usize = 64;

/// The whole of the doses. Unit: 1/10,000.
pub(super) const WHOLE_SHARE: u16 = 10_000;

/// An opening as it was written.
pub(super) struct Draft {
    pub(super) at: Range<usize>,
    pub(super) name: Bilingual,
    pub(super) cohorts: Vec<CohortId>,
    pub(super) digits: Vec<BirthDayDigit>,
    pub(super) opens: DateTime,
    pub(super) closes: DateTime,
    pub(super) share: Share,
}

/// How a file says what an opening releases. Unit: 1/10,000.
#[derive(Clone, Copy)]
pub(super) enum Share {
    /// So much more than before.
    Adds(u16),
    /// So much in all.
    Cumulative(u16),
}

/// Reads every opening of the file, in order of their start.
pub(super) fn read(
    findings: &mut Findings<'_>,
    top: &Section<'_, '_>,
    cohorts: &[(Range<usize>, Cohort)],
) -> Vec<Draft> {
    let mut drafts = Vec::new();
    read_rotation(findings, top, cohorts, &mut drafts);
    for (at, table) in top.tables(findings, "catch_up") {
        let known = ["name", "cohorts", "evening", "opens", "closes", "share"];
        let section = Section::new(findings, "[[catch_up]]", at, table, &known);
        let evening = section.required(findings, "evening", date);
        let hours = read_hours(findings, &section);
        let (opens, closes) = match (evening, hours) {
            (Some(evening), Some(hours)) => (Some(hours.opens_on(evening)), Some(hours.closes_after(evening))),
            _ => (None, None),
        };
        let share = added_share(findings, &section);
        drafts.extend(draft(findings, &section, cohorts, Vec::new(), opens.zip(closes), share));
    }
    for (at, table) in top.tables(findings, "open_to_all") {
        let section = Section::new(findings, "[[open_to_all]]", at, table, &["name", "cohorts", "from", "to", "share"]);
        let from = section.required(findings, "from", date_time);
        let to = section.required(findings, "to", date_time);
        let share = added_share(findings, &section);
        drafts.extend(draft(findings, &section, cohorts, Vec::new(), from.zip(to), share));
    }
    for (at, table) in top.tables(findings, "opening") {
        let known = ["name", "cohorts", "digits", "opens", "closes", "cumulative_share"];
        let section = Section::new(findings, "[[opening]]", at, table, &known);
        let opens = section.required(findings, "opens", date_time);
        let closes = section.required(findings, "closes", date_time);
        let digits = section.optional(findings, "digits", |value| list(value, 10, digit)).unwrap_or_default();
        let share = section
            .required(findings, "cumulative_share", |value| small_number(value, 0, WHOLE_SHARE))
            .map(Share::Cumulative);
        drafts.extend(draft(findings, &section, cohorts, digits, opens.zip(closes), share));
    }
    if findings.is_empty() && (drafts.is_empty() || drafts.len() > OPENINGS_MAX) {
        let remedy = format!("write 1 to {OPENINGS_MAX}: [rotation], [[catch_up]], [[open_to_all]] or [[opening]]");
        findings.note(&(0..0), format!("the campaign has {} openings", drafts.len()), remedy);
    }
    drafts.sort_by_key(|draft| draft.opens);
    drafts
}

/// The openings as the rules know them. `None` if their shares or instants are wrong, which is noted.
pub(super) fn finish(findings: &mut Findings<'_>, drafts: Vec<Draft>, zone: &TimeZone) -> Option<Vec<Opening>> {
    let shares = checks::cumulative_shares(findings, &drafts)?;
    let mut openings = Vec::with_capacity(drafts.len());
    for (draft, cumulative_share) in drafts.into_iter().zip(shares) {
        let instants = UnixMillis::from_civil(draft.opens, zone).zip(UnixMillis::from_civil(draft.closes, zone));
        let Some((opens_at, closes_at)) = instants.filter(|(opens_at, closes_at)| opens_at < closes_at) else {
            let message = "the window is empty in this time zone";
            findings.note(&draft.at, message, "choose hours that exist on that day");
            return None;
        };
        openings.push(Opening {
            id: OpeningId(u8::try_from(openings.len()).unwrap_or(u8::MAX)),
            name: draft.name,
            cohorts: draft.cohorts,
            birth_day_digits: draft.digits,
            window: ReservationWindow { opens_at, closes_at, opens_civil: draft.opens, closes_civil: draft.closes },
            cumulative_share,
        });
    }
    Some(openings)
}

/// `[rotation]`: an evening after the other, each for some last digits of the day of birth.
fn read_rotation(
    findings: &mut Findings<'_>,
    top: &Section<'_, '_>,
    cohorts: &[(Range<usize>, Cohort)],
    drafts: &mut Vec<Draft>,
) {
    const KNOWN: [&str; 7] = ["name", "cohorts", "digits", "first_evening", "opens", "closes", "share"];
    let Some(value) = top.value("rotation") else { return };
    let Some(table) = value.get_ref().as_table() else {
        findings.note(&value.span(), "`rotation` is not a table", "write [rotation] above its lines");
        return;
    };
    let section = Section::new(findings, "[rotation]", value.span(), table, &KNOWN);
    let evenings = section.required(findings, "digits", |value| list(value, 10, digits_of_an_evening));
    let first_evening = section.required(findings, "first_evening", date);
    let hours = read_hours(findings, &section);
    let share = added_share(findings, &section);
    if let Some(evenings) = &evenings {
        checks::rotation_digits(findings, &section.place("digits"), evenings);
    }
    let (Some(evenings), Some(mut evening), Some(hours)) = (evenings, first_evening, hours) else { return };
    for digits in evenings {
        let window = (hours.opens_on(evening), hours.closes_after(evening));
        let Some(mut draft) = draft(findings, &section, cohorts, digits, Some(window), share) else { return };
        let said: Vec<String> = draft.digits.iter().map(|digit| digit.value().to_string()).collect();
        draft.name = Bilingual {
            ko: draft.name.ko.replace("{digit}", &said.join("·")),
            en: draft.name.en.replace("{digit}", &said.join(", ")),
        };
        if draft.name.ko.chars().count().max(draft.name.en.chars().count()) > toml_walk::TEXT_CHARS_MAX {
            let remedy =
                format!("shorten it, so that it has at most {} characters with them", toml_walk::TEXT_CHARS_MAX);
            findings.note(&section.place("name"), "the name is too long once the digits stand in it", remedy);
            return;
        }
        drafts.push(draft);
        evening = evening.saturating_add(jiff::Span::new().days(1));
    }
}

/// From when to when on an evening; a close that is not after the open is on the next day.
#[derive(Clone, Copy)]
struct Hours {
    opens: Time,
    closes: Time,
}

impl Hours {
    fn opens_on(self, evening: Date) -> DateTime {
        evening.to_datetime(self.opens)
    }

    fn closes_after(self, evening: Date) -> DateTime {
        let next_day = i64::from(self.closes <= self.opens);
        evening.saturating_add(jiff::Span::new().days(next_day)).to_datetime(self.closes)
    }
}

fn read_hours(findings: &mut Findings<'_>, section: &Section<'_, '_>) -> Option<Hours> {
    let opens = section.required(findings, "opens", time);
    let closes = section.required(findings, "closes", time);
    Some(Hours { opens: opens?, closes: closes? })
}

fn added_share(findings: &mut Findings<'_>, section: &Section<'_, '_>) -> Option<Share> {
    if section.value("share").is_none() {
        return Some(Share::Adds(0));
    }
    section.optional(findings, "share", |value| small_number(value, 0, WHOLE_SHARE)).map(Share::Adds)
}

fn draft(
    findings: &mut Findings<'_>,
    section: &Section<'_, '_>,
    cohorts: &[(Range<usize>, Cohort)],
    digits: Vec<BirthDayDigit>,
    window: Option<(DateTime, DateTime)>,
    share: Option<Share>,
) -> Option<Draft> {
    let name = section.required(findings, "name", bilingual);
    let everyone = || cohorts.iter().map(|(_, cohort)| cohort.id).collect();
    let cohorts = match section.value("cohorts") {
        None => Some(everyone()),
        Some(_) => {
            section.optional(findings, "cohorts", |value| list(value, OPENINGS_MAX, |value| cohort_id(value, cohorts)))
        }
    };
    let (opens, closes) = window?;
    let (name, cohorts, share) = (name?, cohorts?, share?);
    if cohorts.is_empty() {
        findings.note(&section.place("cohorts"), "nobody is let in", "name at least one cohort");
    }
    Some(Draft { at: section.at.clone(), name, cohorts, digits, opens, closes, share })
}

fn cohort_id(value: &Value<'_>, cohorts: &[(Range<usize>, Cohort)]) -> Result<CohortId, Complaint> {
    let code = toml_walk::string(value)?;
    let found = cohorts.iter().find(|(_, cohort)| cohort.code == code).map(|(_, cohort)| cohort.id);
    found.ok_or_else(|| {
        let known: Vec<_> = cohorts.iter().map(|(_, cohort)| format!("\"{}\"", cohort.code)).collect();
        let remedy = format!("name one of {}, or add a [[cohort]]", known.join(", "));
        (format!("there is no cohort \"{}\"", toml_walk::shortened(code)), remedy)
    })
}

fn digit(value: &Value<'_>) -> Result<BirthDayDigit, Complaint> {
    let number = small_number(value, 0, 9)?;
    let wrong = || (format!("{number} is not a digit"), "write 0 to 9".to_owned());
    u8::try_from(number).ok().and_then(BirthDayDigit::new).ok_or_else(wrong)
}

/// One digit, or a list of digits that share an evening.
fn digits_of_an_evening(value: &Value<'_>) -> Result<Vec<BirthDayDigit>, Complaint> {
    if value.get_ref().is_array() { list(value, 10, digit) } else { digit(value).map(|digit| vec![digit]) }
}
