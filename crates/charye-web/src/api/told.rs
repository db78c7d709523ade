//! Room: web/api. What several answers tell alike: times, names, clinics, places, problems. Plain types with a schema, made
//! from the domain's; must never carry a number of ours that is not meant to leave.

use charye_domain::campaign::{Bilingual, Campaign};
use charye_domain::clinic::{Clinic, ClinicKind};
use charye_domain::ids::SlotId;
use charye_domain::reservation::DoseState;
use charye_domain::time::{DayIndex, MinuteOfDay, UnixMillis};
use charye_engine::availability::{Alternatives, Availability, Offer};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use utoipa::ToSchema;

/// A text in both languages.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NameTold<'a> {
    pub(super) ko: &'a str,
    pub(super) en: &'a str,
}

impl<'a> From<&'a Bilingual> for NameTold<'a> {
    fn from(name: &'a Bilingual) -> Self {
        Self { ko: &name.ko, en: &name.en }
    }
}

/// What a wall clock shows, in the campaign's time zone.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LocalTold {
    #[schema(format = Date)]
    date: String,
    /// Hours and minutes, such as `20:00`.
    time: String,
}

/// An instant as RFC 3339, with the zone's offset.
pub(crate) fn instant(at: UnixMillis, zone: &TimeZone) -> String {
    let edge = if at.0 < 0 { Timestamp::MIN } else { Timestamp::MAX };
    let timestamp = Timestamp::from_millisecond(at.0).unwrap_or(edge);
    timestamp.display_with_offset(zone.to_offset(timestamp)).to_string()
}

/// The same on a wall clock.
pub(super) fn local(at: UnixMillis, zone: &TimeZone) -> LocalTold {
    let civil = at.civil(zone);
    LocalTold { date: civil.date().to_string(), time: civil.strftime("%H:%M").to_string() }
}

/// The instant at which a time of a campaign's day comes.
pub(super) fn instant_of(campaign: &Campaign, day: DayIndex, start: MinuteOfDay) -> UnixMillis {
    let midnight = campaign.date(day).at(0, 0, 0, 0);
    let civil = midnight.saturating_add(jiff::Span::new().minutes(i64::from(start.0)));
    UnixMillis::from_civil(civil, &campaign.time_zone).unwrap_or(UnixMillis::NEVER)
}

/// A slot's name: opaque to clients.
pub(super) fn slot_text(slot: SlotId) -> String {
    format!("s{:08x}", slot.0)
}

/// Reads what [`slot_text`] wrote.
pub(super) fn parse_slot(text: &str) -> Option<SlotId> {
    parse_hex(text, 's').map(SlotId)
}

/// Reads a letter and eight lower-case hexadecimal digits.
pub(super) fn parse_hex(text: &str, letter: char) -> Option<u32> {
    let digits = text.strip_prefix(letter)?;
    let well_formed = digits.len() == 8 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    well_formed.then(|| u32::from_str_radix(digits, 16).ok()).flatten()
}

/// Where doses are given.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ClinicTold<'a> {
    code: &'a str,
    kind: ClinicKindTold,
    name: NameTold<'a>,
    /// Five digits, of which the first two are the province's.
    district: String,
    address: &'a str,
    phone: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    lat: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lon: Option<f64>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ClinicKindTold {
    Contracted,
    Centre,
    HealthCentre,
}

impl<'a> From<&'a Clinic> for ClinicTold<'a> {
    fn from(clinic: &'a Clinic) -> Self {
        let degrees = |millionths: i32| f64::from(millionths) / 1e6;
        Self {
            code: &clinic.code,
            kind: match clinic.kind {
                ClinicKind::Contracted => ClinicKindTold::Contracted,
                ClinicKind::Centre => ClinicKindTold::Centre,
                ClinicKind::HealthCentre => ClinicKindTold::HealthCentre,
            },
            name: (&clinic.name).into(),
            district: format!("{:05}", clinic.district),
            address: &clinic.address,
            phone: &clinic.phone,
            lat: clinic.point.map(|point| degrees(point.lat_e6)),
            lon: clinic.point.map(|point| degrees(point.lon_e6)),
        }
    }
}

/// A time at a clinic.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TimeTold {
    /// Opaque; what a hold asks for.
    slot: String,
    #[schema(format = DateTime)]
    starts_at: String,
    #[schema(format = Date)]
    date: String,
    time: String,
    /// Places left; 255 stands for this many or more.
    remaining: u16,
}

impl TimeTold {
    pub(super) fn of(campaign: &Campaign, slot: SlotId, day: DayIndex, start: MinuteOfDay, remaining: u16) -> Self {
        Self {
            slot: slot_text(slot),
            starts_at: instant(instant_of(campaign, day, start), &campaign.time_zone),
            date: campaign.date(day).to_string(),
            time: start.to_string(),
            remaining,
        }
    }
}

/// The place of one dose, held or reserved.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PlaceTold<'a> {
    slot: String,
    /// 1 or 2.
    dose: u8,
    product: &'a str,
    /// Absent once the clinic's timetable no longer has the slot.
    #[serde(skip_serializing_if = "Option::is_none")]
    clinic: Option<ClinicTold<'a>>,
    #[schema(format = DateTime)]
    starts_at: String,
    #[schema(format = Date)]
    date: String,
    time: String,
    /// Absent while the place is only held.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<DoseStateTold>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum DoseStateTold {
    Reserved,
    CheckedIn,
    Administered,
    NoShow,
    Cancelled,
}

impl From<DoseState> for DoseStateTold {
    fn from(state: DoseState) -> Self {
        match state {
            DoseState::Reserved => Self::Reserved,
            DoseState::CheckedIn => Self::CheckedIn,
            DoseState::Administered => Self::Administered,
            DoseState::NoShow => Self::NoShow,
            DoseState::Cancelled => Self::Cancelled,
        }
    }
}

impl<'a> PlaceTold<'a> {
    /// A slot's place; `None` if the board does not know it (yet): a moment after an import, or never.
    pub(super) fn of(
        availability: &'a Availability,
        campaign: &'a Campaign,
        slot: SlotId,
        state: Option<DoseState>,
    ) -> Option<Self> {
        let (clinic, place) = availability.slot(slot)?;
        Some(Self {
            slot: slot_text(slot),
            dose: place.plane.dose.value(),
            product: &campaign.product(place.plane.product)?.code,
            clinic: availability.directory().clinic(clinic).map(ClinicTold::from),
            starts_at: instant(instant_of(campaign, place.day, place.start), &campaign.time_zone),
            date: campaign.date(place.day).to_string(),
            time: place.start.to_string(),
            state: state.map(DoseStateTold::from),
        })
    }
}

/// What is near a place that is gone.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AlternativesTold<'a> {
    /// At the same clinic, the nearest in time first.
    same_clinic: Vec<OfferTold<'a>>,
    /// One each at other clinics, the nearest clinic first.
    nearby: Vec<OfferTold<'a>>,
}

#[derive(Debug, Serialize, ToSchema)]
struct OfferTold<'a> {
    clinic: ClinicTold<'a>,
    product: &'a str,
    #[serde(flatten)]
    time: TimeTold,
    #[serde(skip_serializing_if = "Option::is_none")]
    distance_m: Option<u32>,
}

impl<'a> AlternativesTold<'a> {
    pub(super) fn of(availability: &'a Availability, campaign: &'a Campaign, alternatives: &Alternatives) -> Self {
        let told = |offer: &Offer| {
            Some(OfferTold {
                clinic: availability.directory().clinic(offer.clinic)?.into(),
                product: &campaign.product(offer.product)?.code,
                time: TimeTold::of(campaign, offer.slot, offer.day, offer.start, offer.remaining),
                distance_m: offer.distance_m,
            })
        };
        Self {
            same_clinic: alternatives.same_clinic.iter().filter_map(told).collect(),
            nearby: alternatives.nearby.iter().filter_map(told).collect(),
        }
    }
}

/// A refusal or a failure (RFC 9457). `code` is stable; what to do about each stands at `/problems`.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProblemTold<'a> {
    r#type: String,
    title: String,
    status: u16,
    detail: String,
    code: String,
    /// `false`: nothing happened, and nothing will unless you ask again.
    #[serde(skip_serializing_if = "Option::is_none")]
    recorded: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_secs: Option<u64>,
    /// What to quote when you ask us about a fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    incident: Option<String>,
    /// Unix milliseconds: when asking makes sense, or until when it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    at_ms: Option<i64>,
    /// What was wrong with which field.
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<Vec<FieldErrorTold>>,
    /// Where the JSON text went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// With every `sold_out`.
    #[serde(skip_serializing_if = "Option::is_none")]
    alternatives: Option<AlternativesTold<'a>>,
    /// With `not_called`: the place in the line, and when to ask again.
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<super::line::LinePlaceTold>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ask_again_ms: Option<u32>,
    /// With `in_line`: people ahead at the identity provider and, before the sign-in has begun, the place: send it as
    /// `instead_of`.
    #[serde(skip_serializing_if = "Option::is_none")]
    ahead: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sign_in: Option<String>,
    /// With `left_alone`: the provider's light.
    #[serde(skip_serializing_if = "Option::is_none")]
    light: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct FieldErrorTold {
    field: String,
    code: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use charye_domain::ids::BlockId;

    #[test]
    fn a_slot_survives_the_way_to_the_client_and_nothing_else_is_one() {
        for slot in [SlotId::new(BlockId(0), 0), SlotId::new(BlockId(77), 63), SlotId(u32::MAX)] {
            assert_eq!(parse_slot(&slot_text(slot)), Some(slot));
        }
        for text in
            ["", "s", "s0000000", "s000000000", "S00000000", "s+0000000", "s0000000G", "00000000", "s０００００００"]
        {
            assert_eq!(parse_slot(text), None, "{text}");
        }
    }

    #[test]
    fn instants_carry_the_campaigns_offset() {
        let seoul = TimeZone::fixed(jiff::tz::offset(9));
        assert_eq!(instant(UnixMillis(1_628_506_800_000), &seoul), "2021-08-09T20:00:00+09:00");
        assert_eq!(instant(UnixMillis(1_628_506_800_250), &TimeZone::UTC), "2021-08-09T11:00:00.25+00:00");
        assert_eq!(local(UnixMillis(1_628_506_800_000), &seoul).time, "20:00");
    }
}
