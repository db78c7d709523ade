//! Room: engine/campaign. Moves a campaign's calendar by whole days, so that a demo opens today. Birth dates stay; the
//! hours stay; public holidays are those of the new dates. Called by the demo before it publishes.

use std::collections::BTreeSet;

use charye_domain::campaign::Campaign;
use charye_domain::opening::{Opening, ReservationWindow};
use charye_domain::time::UnixMillis;
use jiff::Span;
use jiff::civil::{Date, DateTime};

use super::canonical::canonical_text;
use super::file::{CampaignFile, read_campaign};
use super::file_error::CampaignFileErrors;

/// Why a calendar is not moved.
#[derive(Debug, thiserror::Error)]
pub enum ShiftError {
    #[error("could not move the calendar by {days} days: it leaves the years 1880 to 2200")]
    OutOfRange { days: i32 },
    /// For instance because every second-dose day now falls on a holiday.
    #[error("the campaign moved by {days} days is not valid")]
    NotValid { days: i32, source: CampaignFileErrors },
}

/// The campaign, every date of its calendar `days` later (earlier if negative).
///
/// Where the table of holidays does not reach the new dates, only the file's own closed days are closed.
///
/// # Errors
/// [`ShiftError`]: a date leaves the calendar, or what comes out is refused by the checks of a campaign file.
pub fn shift(file: &CampaignFile, days: i32) -> Result<CampaignFile, ShiftError> {
    let moved = moved(file, days).ok_or(ShiftError::OutOfRange { days })?;
    // The checks are those of the file: the canonical text is read again rather than checked by a second set of rules.
    read_campaign("shifted campaign", canonical_text(&moved).as_bytes())
        .map_err(|source| ShiftError::NotValid { days, source })?;
    Ok(moved)
}

/// By how many days to move a campaign so that at `now` its first opening is open; if no day does that, because `now`
/// falls between closing and opening hours, so that it opens later on the same day.
pub fn days_to_open(campaign: &Campaign, now: UnixMillis) -> i32 {
    let Some(first) = campaign.openings.first() else { return 0 };
    let now = now.civil(&campaign.time_zone);
    let (opens, closes) = (first.window.opens_civil, first.window.closes_civil);
    let opens_today = (now.date() - opens.date()).get_days();
    let opens_at = |days: i32| opens.checked_add(Span::new().days(i64::from(days)));
    let closes_at = |days: i32| closes.checked_add(Span::new().days(i64::from(days)));
    let began_yesterday = opens_today - 1;
    let still_open_from_yesterday = now < opens_at(opens_today).unwrap_or(now)
        && opens_at(began_yesterday).is_ok_and(|opens| opens <= now)
        && closes_at(began_yesterday).is_ok_and(|closes| now < closes);
    if still_open_from_yesterday { began_yesterday } else { opens_today }
}

fn moved(file: &CampaignFile, days: i32) -> Option<CampaignFile> {
    let by = Span::new().try_days(i64::from(days)).ok()?;
    let day = |date: Date| date.checked_add(by).ok().filter(|date| (1880..=2200).contains(&date.year()));
    let hour = |at: DateTime| day(at.date()).map(|date| date.to_datetime(at.time()));
    let old = &file.campaign;
    let (first_day, last_day) = (day(old.first_day)?, day(old.last_day)?);
    let mut openings = Vec::with_capacity(old.openings.len());
    for opening in &old.openings {
        let (opens_civil, closes_civil) = (hour(opening.window.opens_civil)?, hour(opening.window.closes_civil)?);
        let window = ReservationWindow {
            opens_at: UnixMillis::from_civil(opens_civil, &old.time_zone)?,
            closes_at: UnixMillis::from_civil(closes_civil, &old.time_zone)?,
            opens_civil,
            closes_civil,
        };
        openings.push(Opening { window, ..opening.clone() });
    }
    let own_closed_days = file.own_closed_days.iter().map(|date| day(*date)).collect::<Option<BTreeSet<Date>>>()?;
    let mut closed_days = own_closed_days.clone();
    if let Some(table) = file.holidays {
        closed_days.extend(table.known_between(first_day, last_day));
    }
    let campaign = Campaign { first_day, last_day, openings, closed_days, ..old.clone() };
    Some(CampaignFile { campaign, own_closed_days, ..file.clone() })
}
