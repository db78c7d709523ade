//! Room: web/citizen. What was found, as a list of clinics with their earliest times. Called by `find`. Never promises a place.

use std::borrow::Cow;
use std::fmt;

use askama::filters::HtmlSafe;
use charye_domain::campaign::Campaign;
use charye_domain::clinic::ClinicKind;
use charye_domain::ids::SlotId;
use charye_engine::availability::{Availability, ClinicFound, Count, SearchPage};

use super::day_words::{DayWords, When};
use super::find_wish::Wish;
use super::place::distance_text;
use crate::locale::Language;

/// One page of the list.
pub(super) struct Found<'a> {
    /// How many clinics have places, in words.
    pub(super) matching: String,
    pub(super) none: bool,
    pub(super) clinics: Vec<ClinicWords<'a>>,
    pub(super) next: Option<String>,
    /// Back to the first page, unless this is it.
    pub(super) first: Option<String>,
}

/// One clinic of it.
pub(super) struct ClinicWords<'a> {
    pub(super) name: &'a str,
    pub(super) kind: Cow<'static, str>,
    pub(super) address: &'a str,
    pub(super) distance: Option<String>,
    pub(super) days: i64,
    pub(super) places: i64,
    pub(super) href: ClinicHref<'a>,
    pub(super) times: Vec<TimeLink<'a>>,
}

/// The address of a clinic's page, written where it stands. Codes and reservation numbers stand in addresses as they are, and
/// in HTML too.
pub(super) struct ClinicHref<'a> {
    pub(super) clinic: &'a str,
    pub(super) product: &'a str,
    /// The reservation that is being moved, or nothing.
    pub(super) change: &'a str,
}

impl fmt::Display for ClinicHref<'_> {
    fn fmt(&self, html: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in ["/find/", self.clinic, "/", self.product] {
            html.write_str(part)?;
        }
        if !self.change.is_empty() {
            html.write_str("?change=")?;
            html.write_str(self.change)?;
        }
        Ok(())
    }
}

impl HtmlSafe for ClinicHref<'_> {}

/// One of its earliest times.
pub(super) struct TimeLink<'a> {
    pub(super) href: TimeHref<'a>,
    pub(super) when: When<'a>,
    pub(super) product: &'a str,
}

/// The address of a clinic's day with a time chosen, written where it stands: a page has sixty. Codes, dates and numbers
/// stand in addresses as they are, and in HTML too.
pub(super) struct TimeHref<'a> {
    pub(super) clinic: &'a str,
    pub(super) product: &'a str,
    pub(super) day: &'a str,
    pub(super) slot: SlotId,
    pub(super) change: &'a str,
}

impl fmt::Display for TimeHref<'_> {
    fn fmt(&self, html: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in ["/find/", self.clinic, "/", self.product, "?day=", self.day, "&#38;first="] {
            html.write_str(part)?;
        }
        write!(html, "{}", self.slot.0)?;
        if !self.change.is_empty() {
            html.write_str("&#38;change=")?;
            html.write_str(self.change)?;
        }
        Ok(())
    }
}

impl HtmlSafe for TimeHref<'_> {}

/// What a search found, in words.
pub(super) fn found_words<'a>(
    language: Language,
    availability: &'a Availability,
    campaign: &'a Campaign,
    days: &'a DayWords,
    wish: &Wish,
    change: &'a str,
    page: &SearchPage,
) -> Found<'a> {
    let matching = match page.matching {
        Count::Exactly(0) => language.text("find-none"),
        Count::Exactly(count) => language.text_with("find-matching", &[("count", count.into())]),
        Count::AtLeast(count) => language.text_with("find-matching-more", &[("count", count.into())]),
    };
    let words = |found| clinic_words(language, availability, campaign, days, change, found);
    let clinics = page.clinics.iter().filter_map(words);
    Found {
        matching: matching.into_owned(),
        none: page.clinics.is_empty(),
        clinics: clinics.collect(),
        next: page.next.map(|cursor| wish.link(&cursor.to_string())),
        first: (!wish.cursor.is_empty()).then(|| wish.link("")),
    }
}

fn clinic_words<'a>(
    language: Language,
    availability: &'a Availability,
    campaign: &'a Campaign,
    days: &'a DayWords,
    change: &'a str,
    found: &ClinicFound,
) -> Option<ClinicWords<'a>> {
    let clinic = availability.directory().clinic(found.clinic)?;
    let earliest = campaign.product(found.next_times.iter().next()?.product)?;
    let times = found.next_times.iter().filter_map(|time| {
        let product = campaign.product(time.product)?;
        let day = days.iso(time.day);
        Some(TimeLink {
            href: TimeHref { clinic: &clinic.code, product: &product.code, day, slot: time.slot, change },
            when: days.when(language, time.day, time.start),
            product: language.of(&product.name),
        })
    });
    Some(ClinicWords {
        name: language.of(&clinic.name),
        kind: language.text(kind_key(clinic.kind)),
        address: &clinic.address,
        distance: found.distance_m.map(|metres| distance_text(language, metres)),
        days: found.days.len().into(),
        places: found.places.into(),
        href: ClinicHref { clinic: &clinic.code, product: &earliest.code, change },
        times: times.collect(),
    })
}

pub(super) fn kind_key(kind: ClinicKind) -> &'static str {
    match kind {
        ClinicKind::Contracted => "clinic-contracted",
        ClinicKind::Centre => "clinic-centre",
        ClinicKind::HealthCentre => "clinic-health-centre",
    }
}

#[cfg(test)]
mod tests {
    use super::super::form::link;
    use super::*;

    #[test]
    fn a_time_and_a_clinic_lead_where_their_links_would() {
        let slot = SlotId(64);
        for change in ["", "1234-5678-901"] {
            let pairs = [("day", "2021-08-30"), ("first", "64"), ("change", change)];
            let linked = link("/find/11110.a_1-b/pfizer", &pairs);
            let (clinic, product, day) = ("11110.a_1-b", "pfizer", "2021-08-30");
            let href = TimeHref { clinic, product, day, slot, change };
            assert_eq!(href.to_string().replace("&#38;", "&"), linked);
            let linked = link("/find/11110.a_1-b/pfizer", &[("change", change)]);
            assert_eq!(ClinicHref { clinic, product, change }.to_string(), linked);
        }
    }
}
