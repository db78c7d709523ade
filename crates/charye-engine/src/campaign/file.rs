//! Room: engine/campaign. Reads a campaign file (TOML) into the rules, or into every error it has, each with its place.
//!
//! In two passes, as compilers do: first whether each value can be read, then, if all can, whether they make sense
//! together (`checks`). Called by the commands, and with a published text by whoever replays a journal.

use std::collections::BTreeSet;
use std::ops::Range;

use charye_domain::campaign::{Bilingual, Campaign, HoldTimes, UniquenessScheme, VisitTimes};
use charye_domain::identity::Assurance;
use charye_domain::ids::{CampaignId, CampaignVersion};
use charye_domain::time::DayIndex;
use charye_domain::vaccine::DoseTwoPolicy;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use toml::de::DeTable;

use super::checks;
use super::cohorts_table;
use super::file_error::{CampaignFileErrors, Findings};
use super::holidays::HolidayTable;
use super::line_table;
use super::look_table::{self, Reading};
use super::openings_table;
use super::products_table;
use super::time_zone;
use super::toml_walk::{self, Section, bilingual, code, date, list, small_number, whole_number};

/// Bytes a campaign file may have.
pub const CAMPAIGN_FILE_BYTES_MAX: usize = 1 << 20;

const CLOSED_DAYS_MAX: usize = 366;

/// A campaign file, read and checked.
#[derive(Clone, Debug, PartialEq)]
pub struct CampaignFile {
    /// The rules. Id 0 and version 1 until it is published; see [`CampaignFile::into_campaign`].
    pub campaign: Campaign,
    /// The time zone as the file names it.
    pub time_zone: String,
    /// The table that public holidays come from; its days are in `campaign.closed_days` already.
    pub holidays: Option<HolidayTable>,
    /// The days the file itself closes.
    pub own_closed_days: BTreeSet<Date>,
}

impl CampaignFile {
    /// The rules under the id and version that publishing gave them.
    pub fn into_campaign(self, id: CampaignId, version: CampaignVersion) -> Campaign {
        Campaign { id, version, ..self.campaign }
    }

    /// Lets the made-up people of a rehearsal or demo in, instead of who the campaign is for.
    pub fn for_rehearsal(mut self) -> Self {
        self.campaign.uniqueness = UniquenessScheme::Rehearsal;
        self.campaign.least_assurance = Assurance::Rehearsed;
        self
    }
}

/// Reads a campaign file. `file` is what it is called in errors.
///
/// # Errors
/// Everything wrong with it, at most [`ERRORS_MAX`](super::ERRORS_MAX) errors in the order of the file.
pub fn read_campaign(file: &str, bytes: &[u8]) -> Result<CampaignFile, CampaignFileErrors> {
    read(file, bytes, Reading::Draft)
}

fn read(file: &str, bytes: &[u8], reading: Reading) -> Result<CampaignFile, CampaignFileErrors> {
    let text = match std::str::from_utf8(bytes) {
        _ if bytes.len() > CAMPAIGN_FILE_BYTES_MAX => {
            let message = format!("the file has {} bytes", bytes.len());
            return Err(one_error(file, "", 0, &message, &format!("keep it within {CAMPAIGN_FILE_BYTES_MAX} bytes")));
        }
        Ok(text) => text.strip_prefix('\u{feff}').unwrap_or(text),
        Err(error) => {
            let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let before = String::from_utf8_lossy(valid);
            let message = format!("byte {} is not UTF-8", error.valid_up_to());
            return Err(one_error(file, &before, before.len(), &message, "save the file as UTF-8"));
        }
    };
    let mut findings = Findings::new(file, text);
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let at = error.span().unwrap_or(0..0);
        let remedy = syntax_remedy(error.message(), findings.text_at(&at));
        findings.note(&at, error.message().replace('\n', ", "), remedy);
    }
    if findings.is_empty() {
        let read = read_document(&mut findings, document.get_ref(), reading);
        if let Some(read) = read.filter(|_| findings.is_empty()) {
            return Ok(read);
        }
    }
    Err(findings.into_errors())
}

/// Reads the canonical text of a published campaign.
///
/// # Errors
/// As [`read_campaign`]; of a text that was published they mean that it was changed, or written by a later Charye.
pub fn read_published(text: &str, id: CampaignId, version: CampaignVersion) -> Result<Campaign, CampaignFileErrors> {
    read("published campaign", text.as_bytes(), Reading::Published).map(|read| read.into_campaign(id, version))
}

/// What stands in `[campaign]`.
struct Basics {
    code: String,
    name: Bilingual,
    zone_name: String,
    zone: TimeZone,
    uniqueness: UniquenessScheme,
    least_assurance: Assurance,
    first_day: Date,
    last_day: Date,
    holidays: Option<HolidayTable>,
    own_closed_days: BTreeSet<Date>,
    dose_two: Option<DoseTwoPolicy>,
    expected_people: u32,
    change_notice_secs: u32,
    at: Range<usize>,
}

fn read_document(findings: &mut Findings<'_>, document: &DeTable<'_>, reading: Reading) -> Option<CampaignFile> {
    const TABLES: [&str; 11] = [
        "campaign",
        "hold",
        "visit",
        "line",
        "look",
        "product",
        "cohort",
        "rotation",
        "catch_up",
        "open_to_all",
        "opening",
    ];
    let top = Section::new(findings, "the file", 0..0, document, &TABLES);

    let basics = read_basics(findings, &top);
    let hold = read_hold(findings, &top);
    let visit = read_visit(findings, &top);
    let line = line_table::read(findings, &top);
    let look = look_table::read(findings, &top, reading);
    let products = products_table::read(findings, &top);
    let cohorts = cohorts_table::read(findings, &top);
    let drafts = openings_table::read(findings, &top, &cohorts);
    let (basics, hold, visit, line, look) = (basics?, hold?, visit?, line?, look?);
    if !findings.is_empty() {
        return None;
    }

    let days = basics.first_day..=basics.last_day;
    let closed_days = closed_days(findings, &top, &basics)?;
    let dose_two = checks::dose_two(findings, &basics.at, basics.dose_two, &products)?;
    checks::cohorts(findings, &cohorts, &drafts);
    checks::windows(findings, &cohorts, &drafts, &days);
    let openings = openings_table::finish(findings, drafts, &basics.zone)?;
    let campaign = Campaign {
        id: CampaignId(0),
        version: CampaignVersion(1),
        code: basics.code,
        name: basics.name,
        time_zone: basics.zone,
        uniqueness: basics.uniqueness,
        least_assurance: basics.least_assurance,
        first_day: basics.first_day,
        last_day: basics.last_day,
        products: products.iter().map(|(_, product)| product.clone()).collect(),
        cohorts: cohorts.into_iter().map(|(_, cohort)| cohort).collect(),
        openings,
        dose_two,
        closed_days,
        hold,
        visit,
        line,
        expected_people: basics.expected_people,
        change_notice_secs: basics.change_notice_secs,
        look,
    };
    checks::intervals(findings, &products, &campaign);
    Some(CampaignFile {
        campaign,
        time_zone: basics.zone_name,
        holidays: basics.holidays,
        own_closed_days: basics.own_closed_days,
    })
}

/// A table that must be there once, such as `[hold]`.
fn required_table<'d, 't>(
    findings: &mut Findings<'_>,
    top: &Section<'d, 't>,
    key: &str,
    title: &'static str,
    known: &[&str],
) -> Option<Section<'d, 't>> {
    let Some(value) = top.value(key) else {
        findings.note(&(0..0), format!("the file has no {title}"), format!("add the table {title}"));
        return None;
    };
    let Some(table) = value.get_ref().as_table() else {
        findings.note(&value.span(), format!("`{key}` is not a table"), format!("write {title} above its lines"));
        return None;
    };
    Some(Section::new(findings, title, value.span(), table, known))
}

fn read_basics(findings: &mut Findings<'_>, top: &Section<'_, '_>) -> Option<Basics> {
    const KNOWN: [&str; 12] = [
        "code",
        "name",
        "time_zone",
        "uniqueness",
        "least_assurance",
        "first_day",
        "last_day",
        "holidays",
        "closed_days",
        "dose_two",
        "expected_people",
        "change_notice_secs",
    ];
    let section = required_table(findings, top, "campaign", "[campaign]", &KNOWN)?;
    let campaign_code = section.required(findings, "code", code);
    let name = section.required(findings, "name", bilingual);
    let zone = section.required(findings, "time_zone", |value| {
        let name = toml_walk::string(value)?;
        let remedy = || format!("write one of {}, or a POSIX rule such as \"KST-9\"", time_zone::names());
        let unknown = || (format!("the time zone \"{}\" is not known", toml_walk::shortened(name)), remedy());
        Ok((name.to_owned(), time_zone::named(name).ok_or_else(unknown)?))
    });
    let uniqueness = section.required(findings, "uniqueness", |value| toml_walk::choice(value, &UNIQUENESS_SCHEMES));
    let least_assurance =
        section.optional(findings, "least_assurance", |value| toml_walk::choice(value, &ASSURANCE_LEVELS));
    let least_assurance = least_assurance.unwrap_or(Assurance::Rehearsed);
    if least_assurance > Assurance::Rehearsed && uniqueness == Some(UniquenessScheme::Rehearsal) {
        let remedy = "remove `least_assurance`, or name the scheme that real providers assert";
        findings.note(&section.place("least_assurance"), "the people of a rehearsal prove nothing", remedy);
        return None;
    }
    let first_day = section.required(findings, "first_day", date);
    let last_day = section.required(findings, "last_day", date);
    let holidays =
        section.optional(findings, "holidays", |value| toml_walk::choice(value, &[("kr", HolidayTable::Korea)]));
    let own_closed_days = section
        .optional(findings, "closed_days", |value| list(value, CLOSED_DAYS_MAX, date))
        .unwrap_or_default()
        .into_iter()
        .collect();
    let dose_two = section.optional(findings, "dose_two", |value| toml_walk::choice(value, &DOSE_TWO_POLICIES));
    let expected_people = section.required(findings, "expected_people", |value| whole_number(value, 1, 2_000_000_000));
    let change_notice_secs =
        section.required(findings, "change_notice_secs", |value| whole_number(value, 0, 14 * 86_400));

    let (first_day, last_day) = (first_day?, last_day?);
    let days = (last_day - first_day).get_days();
    if days < 0 {
        let remedy = "put the later of the two in last_day";
        findings.note(&section.place("last_day"), "the last day is before the first", remedy);
        return None;
    }
    if days.unsigned_abs() >= DayIndex::MAX_DAYS {
        let message = format!("the campaign has {} vaccination days", days + 1);
        let remedy = format!("keep it within {} days, or divide it into two campaigns", DayIndex::MAX_DAYS);
        findings.note(&section.place("last_day"), message, remedy);
        return None;
    }
    let (zone_name, zone) = zone?;
    Some(Basics {
        code: campaign_code?,
        name: name?,
        zone_name,
        zone,
        uniqueness: uniqueness?,
        least_assurance,
        first_day,
        last_day,
        holidays,
        own_closed_days,
        dose_two,
        expected_people: expected_people?,
        change_notice_secs: change_notice_secs?,
        at: section.at.clone(),
    })
}

/// Words of the file for [`UniquenessScheme`].
pub(super) const UNIQUENESS_SCHEMES: [(&str, UniquenessScheme); 4] = [
    ("connecting-information", UniquenessScheme::ConnectingInformation),
    ("pairwise-subject", UniquenessScheme::PairwiseSubject),
    ("national-id", UniquenessScheme::NationalId),
    ("rehearsal", UniquenessScheme::Rehearsal),
];

/// Words of the file for the levels that a campaign may ask for.
pub(super) const ASSURANCE_LEVELS: [(&str, Assurance); 3] =
    [("ial1", Assurance::Ial1), ("ial2", Assurance::Ial2), ("ial3", Assurance::Ial3)];

/// The file's word for a scheme.
pub fn uniqueness_word(scheme: UniquenessScheme) -> &'static str {
    UNIQUENESS_SCHEMES.iter().find(|(_, known)| *known == scheme).map_or("", |(word, _)| word)
}

/// Words of the file for [`DoseTwoPolicy`].
pub(super) const DOSE_TWO_POLICIES: [(&str, DoseTwoPolicy); 2] =
    [("together", DoseTwoPolicy::Together), ("later", DoseTwoPolicy::Later)];

fn read_hold(findings: &mut Findings<'_>, top: &Section<'_, '_>) -> Option<HoldTimes> {
    let known = ["ttl_secs", "extension_secs", "extensions_max"];
    let section = required_table(findings, top, "hold", "[hold]", &known)?;
    let ttl_secs = section.required(findings, "ttl_secs", |value| whole_number(value, 30, 3_600));
    let extension_secs = section.required(findings, "extension_secs", |value| whole_number(value, 0, 3_600));
    let extensions_max = section.required(findings, "extensions_max", |value| small_number(value, 0, 10));
    Some(HoldTimes {
        ttl_secs: ttl_secs?,
        extension_secs: extension_secs?,
        extensions_max: u8::try_from(extensions_max?).unwrap_or(u8::MAX),
    })
}

fn read_visit(findings: &mut Findings<'_>, top: &Section<'_, '_>) -> Option<VisitTimes> {
    let section = required_table(findings, top, "visit", "[visit]", &["max_secs", "pass_secs"])?;
    let max_secs = section.required(findings, "max_secs", |value| whole_number(value, 60, 7_200));
    let pass_secs = section.required(findings, "pass_secs", |value| whole_number(value, 30, 600));
    let (max_secs, pass_secs) = (max_secs?, pass_secs?);
    if pass_secs > max_secs {
        let remedy = format!("write {max_secs} or less");
        findings.note(&section.place("pass_secs"), "a pass outlasts its visit", remedy);
        return None;
    }
    Some(VisitTimes { max_secs, pass_secs })
}

/// The days of the campaign on which nobody is vaccinated: its own, and those of its holiday table.
fn closed_days(findings: &mut Findings<'_>, top: &Section<'_, '_>, basics: &Basics) -> Option<BTreeSet<Date>> {
    let days = basics.first_day..=basics.last_day;
    let at = |key| {
        let table = top.value("campaign").and_then(|value| value.get_ref().as_table());
        table.and_then(|table| table.get(key)).map_or_else(|| basics.at.clone(), toml::Spanned::span)
    };
    if let Some(outside) = basics.own_closed_days.iter().find(|day| !days.contains(day)) {
        let message = format!("the closed day {outside} lies outside the campaign");
        let remedy = format!("list days from {} to {}", basics.first_day, basics.last_day);
        findings.note(&at("closed_days"), message, remedy);
        return None;
    }
    let mut closed = basics.own_closed_days.clone();
    if let Some(table) = basics.holidays {
        let Some(holidays) = table.between(basics.first_day, basics.last_day) else {
            let (from, to) = table.years();
            let message = format!("the table of holidays \"{}\" covers {from} to {to} only", table.code());
            findings.note(&at("holidays"), message, "remove `holidays` and list them in `closed_days`");
            return None;
        };
        closed.extend(holidays);
    }
    Some(closed)
}

fn one_error(file: &str, text: &str, offset: usize, message: &str, remedy: &str) -> CampaignFileErrors {
    let mut findings = Findings::new(file, text);
    findings.note(&(offset..offset), message, remedy);
    findings.into_errors()
}

/// What to do about a text that is not TOML.
fn syntax_remedy(message: &str, at: &str) -> &'static str {
    let looks_like_a_date = at.len() >= 8 && at.bytes().filter(|b| *b == b'-').count() >= 2;
    let of_dates = ["date", "day", "month", "leap"].iter().any(|word| message.contains(word));
    if looks_like_a_date || of_dates {
        "write a day of the calendar such as 2021-08-26"
    } else if message.contains("duplicate") {
        "keep one of them; a second table of the same kind is written [[like_this]]"
    } else {
        "correct the TOML here: `key = value` on a line, texts in double quotes, lists in square brackets"
    }
}
