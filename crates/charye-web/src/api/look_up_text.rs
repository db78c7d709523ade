//! Room: web/api. The answer to a look-up as JSON text, written without a value in between: what does not change of a
//! clinic or a day is text already, made once a directory and once a campaign, and copied.
//!
//! Called by `clinics`. Says byte for byte what `ClinicsTold` would, which the OpenAPI document describes: a test compares.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use charye_domain::campaign::Campaign;
use charye_domain::ids::{ClinicId, SlotId};
use charye_domain::time::{DayIndex, MinuteOfDay};
use charye_engine::availability::{ClinicFound, Count, Directory, NextTime, SearchPage};

use super::told::{ClinicTold, instant, instant_of};
use crate::made_of::MadeOf;

/// What look-ups copy.
#[derive(Default)]
pub(super) struct LookUpTexts {
    clinics: MadeOf<Directory, ClinicTexts>,
    campaigns: MadeOf<Campaign, CampaignTexts>,
}

/// Bytes of a clinic in an answer, as most are: what is reserved at once, and kept with the answer.
const CLINIC_BYTES: usize = 320;
/// Bytes of one of its times.
const TIME_BYTES: usize = 136;
const MIDNIGHT: MinuteOfDay = MinuteOfDay(24 * 60);

impl LookUpTexts {
    /// The answer.
    pub(super) fn write(&self, campaign: &Arc<Campaign>, directory: &Arc<Directory>, page: &SearchPage) -> Vec<u8> {
        let clinics = self.clinics.of(directory, |directory| ClinicTexts::of(directory));
        let days = self.campaigns.of(campaign, CampaignTexts::of);
        let times = page.clinics.iter().map(|found| found.next_times.iter().count()).sum::<usize>();
        let mut text = JsonText(Vec::with_capacity(128 + page.clinics.len() * CLINIC_BYTES + times * TIME_BYTES));
        text.raw("{\"clinics\":[");
        let mut separator = "";
        for found in &page.clinics {
            let Some(clinic) = clinics.json(directory, found.clinic) else { continue };
            text.raw(separator);
            write_found(&mut text, clinic, &days, found);
            separator = ",";
        }
        let (matching, at_least) = match page.matching {
            Count::Exactly(count) => (count, "false"),
            Count::AtLeast(count) => (count, "true"),
        };
        text.raw("],\"matching\":");
        text.number(matching);
        text.raw(",\"matching_at_least\":");
        text.raw(at_least);
        if let Some(next) = page.next {
            text.raw(",\"next\":\"");
            text.raw(&next.to_string());
            text.raw("\"");
        }
        text.raw("}");
        text.0
    }
}

fn write_found(text: &mut JsonText, clinic: &str, days: &CampaignTexts, found: &ClinicFound) {
    text.raw("{\"clinic\":");
    text.raw(clinic);
    if let Some(distance_m) = found.distance_m {
        text.raw(",\"distance_m\":");
        text.number(distance_m);
    }
    text.raw(",\"free_days\":");
    text.number(found.days.len());
    text.raw(",\"places\":");
    text.number(found.places);
    text.raw(",\"next_times\":[");
    let mut separator = "";
    for time in found.next_times.iter() {
        let Some(product) = days.products.get(usize::from(time.product.0)) else { continue };
        text.raw(separator);
        write_time(text, product, days, time);
        separator = ",";
    }
    text.raw("]}");
}

fn write_time(text: &mut JsonText, product: &str, days: &CampaignTexts, time: &NextTime) {
    text.raw(product);
    text.slot(time.slot);
    let day = days.day(time.day);
    match &day.around_time {
        Some((before, after)) if time.start < MIDNIGHT => {
            text.raw(before);
            text.time(time.start);
            text.raw(after);
        }
        _ => {
            let at = instant_of(&days.campaign, time.day, time.start);
            text.raw("\",\"starts_at\":\"");
            text.raw(&instant(at, &days.campaign.time_zone));
            text.raw("\",\"date\":\"");
            text.raw(&day.date);
            text.raw("\",\"time\":\"");
        }
    }
    text.time(time.start);
    text.raw("\",\"remaining\":");
    text.number(time.remaining);
    text.raw("}");
}

/// Every clinic of a directory as JSON. Neighbours in the directory's order, which are told together, lie together; and they
/// are written when one of them is first told, so that a new directory makes nobody wait.
struct ClinicTexts(Box<[OnceLock<Neighbours>]>);

/// Some clinics, one after the other.
struct Neighbours {
    text: Box<str>,
    /// Where each ends.
    ends: Box<[u32]>,
}

impl ClinicTexts {
    /// Clinics that are written together: a tenth of a millisecond.
    const TOGETHER: u32 = 64;

    fn of(directory: &Directory) -> Self {
        Self((0..directory.len().div_ceil(Self::TOGETHER)).map(|_| OnceLock::new()).collect())
    }

    fn json(&self, directory: &Directory, clinic: ClinicId) -> Option<&str> {
        let rank = directory.rank(clinic)?;
        let (group, place) = (rank / Self::TOGETHER, (rank % Self::TOGETHER) as usize);
        let first = group * Self::TOGETHER;
        let last = directory.len().min(first + Self::TOGETHER);
        let Neighbours { text, ends } =
            self.0.get(group as usize)?.get_or_init(|| Neighbours::of(directory, first..last));
        let begin = place.checked_sub(1).map_or(0, |before| ends.get(before).copied().unwrap_or_default());
        text.get(begin as usize..*ends.get(place)? as usize)
    }
}

impl Neighbours {
    fn of(directory: &Directory, ranks: Range<u32>) -> Self {
        let (mut text, mut ends) = (String::new(), Vec::with_capacity(ranks.len()));
        for clinic in ranks.filter_map(|rank| directory.clinic_at(rank)) {
            // Serialising our own types cannot fail.
            text.push_str(&serde_json::to_string(&ClinicTold::from(clinic)).unwrap_or_default());
            ends.push(u32::try_from(text.len()).unwrap_or(u32::MAX));
        }
        Self { text: text.into(), ends: ends.into() }
    }
}

/// What a campaign's days and products are called in JSON.
struct CampaignTexts {
    campaign: Arc<Campaign>,
    days: Box<[DayText]>,
    /// How a time of each begins, by id: its code and all before the slot.
    products: Box<[String]>,
}

struct DayText {
    /// Such as `2021-08-26`.
    date: String,
    /// What stands between slot, time and time, if the offset is the same from the day's first minute to its last.
    around_time: Option<(String, String)>,
}

impl CampaignTexts {
    fn of(campaign: &Arc<Campaign>) -> Self {
        let days = (0..DayIndex::MAX_DAYS as u8).map(|day| DayText::of(campaign, DayIndex(day)));
        let begin = |code: &str| format!("{{\"product\":{},\"slot\":\"", serde_json::Value::from(code));
        Self {
            days: days.collect(),
            products: campaign.products.iter().map(|product| begin(&product.code)).collect(),
            campaign: campaign.clone(),
        }
    }

    fn day(&self, day: DayIndex) -> &DayText {
        // A day index is below 128, and there is a text for each.
        &self.days[usize::from(day.0) % self.days.len()]
    }
}

impl DayText {
    fn of(campaign: &Campaign, day: DayIndex) -> Self {
        let date = campaign.date(day).to_string();
        let offset_at = |minute: u16, time: &str| {
            let told = instant(instant_of(campaign, day, MinuteOfDay(minute)), &campaign.time_zone);
            told.strip_prefix(&format!("{date}T{time}:00")).map(str::to_owned)
        };
        // A zone's offset changes at most once a day, so what holds at both ends holds in between.
        let offset = offset_at(0, "00:00").filter(|offset| offset_at(1_439, "23:59").as_ref() == Some(offset));
        let around = |offset| {
            let before = format!("\",\"starts_at\":\"{date}T");
            (before, format!(":00{offset}\",\"date\":\"{date}\",\"time\":\""))
        };
        Self { around_time: offset.map(around), date }
    }
}

/// JSON as it grows.
struct JsonText(Vec<u8>);

impl JsonText {
    /// Text that is JSON already.
    fn raw(&mut self, text: &str) {
        self.0.extend_from_slice(text.as_bytes());
    }

    fn number(&mut self, number: impl Into<u32>) {
        let (mut rest, mut digits, mut first): (u32, _, _) = (number.into(), [b'0'; 10], 10);
        loop {
            first -= 1;
            digits[first] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                return self.0.extend_from_slice(&digits[first..]);
            }
        }
    }

    /// As `told::slot_text` writes it.
    fn slot(&mut self, slot: SlotId) {
        let mut text = *b"s00000000";
        for (nibble, place) in text[1..].iter_mut().rev().enumerate() {
            *place = b"0123456789abcdef"[(slot.0 >> (nibble * 4) & 15) as usize];
        }
        self.0.extend_from_slice(&text);
    }

    /// Hours and minutes, such as `09:05`.
    fn time(&mut self, time: MinuteOfDay) {
        let (hour, minute) = (time.0 / 60 % 100, time.0 % 60);
        let digit = |number: u16| b'0' + (number % 10) as u8;
        self.0.extend_from_slice(&[digit(hour / 10), digit(hour), b':', digit(minute / 10), digit(minute)]);
    }
}

#[cfg(test)]
mod tests {
    use charye_domain::book::samples;
    use charye_domain::clinic::{Clinic, Point};
    use charye_domain::ids::{BlockId, ProductId};
    use charye_domain::vaccine::DoseTwoPolicy;
    use charye_engine::availability::{Cursor, DaySet, NextTimes};
    use jiff::tz::{TimeZone, offset};

    use super::super::clinics::told;
    use super::*;

    fn clinics() -> Vec<Clinic> {
        let plain = samples::clinic("C1");
        let point = |lat_e6, lon_e6| Some(Point { lat_e6, lon_e6 });
        let mut odd = Clinic { point: None, address: "\"가\\나\"\n\u{1}</script>".to_owned(), ..plain.clone() };
        odd.name.en = "O\u{2019}Neil \u{1F489}".to_owned();
        odd.code = "C2".to_owned();
        let far = Clinic { code: "C3".to_owned(), point: point(-33_868_820, 151_209_300), ..plain.clone() };
        vec![Clinic { point: point(37_566_500, 126_978_000), ..plain }, odd, far]
    }

    fn pages() -> Vec<SearchPage> {
        let time = |product, day, start, remaining| NextTime {
            slot: SlotId::new(BlockId(1_000_000 + u32::from(day)), 63),
            product: ProductId(product),
            day: DayIndex(day),
            start: MinuteOfDay(start),
            remaining,
        };
        let found = |clinic, distance_m, places, times: Vec<NextTime>| ClinicFound {
            clinic: ClinicId(clinic),
            distance_m,
            days: times.iter().fold(DaySet::EMPTY, |days, time| days.or(DaySet::day(time.day))),
            places,
            next_times: times.into_iter().collect::<NextTimes>(),
        };
        let some = vec![
            found(0, Some(0), 4_294_967_295, vec![time(0, 0, 0, 1), time(1, 127, 1_439, 255)]),
            found(1, Some(99_999), 10, vec![time(0, 73, 90, 9), time(0, 74, 150, 10), time(9, 74, 150, 10)]),
            // A clinic that an import has just taken away is left out.
            found(7, None, 1, vec![]),
            found(2, None, 0, vec![time(0, 63, 1_440, 100)]),
        ];
        let next = Cursor::parse("000100000000000000000000000007");
        let page = |clinics, matching, next| SearchPage { clinics, matching, places: None, next };
        vec![page(some, Count::AtLeast(21), next), page(Vec::new(), Count::Exactly(0), None)]
    }

    #[test]
    fn the_text_says_byte_for_byte_what_the_documented_type_says() {
        let clinics = clinics();
        let directory = Arc::new(Directory::new(clinics, &[]));
        let zones = [
            TimeZone::fixed(offset(9)),
            TimeZone::UTC,
            // Clocks go forward at two in the night, back at one; and at midnight, so that a day has none.
            TimeZone::posix("EST5EDT,M3.2.0,M11.1.0").unwrap(),
            TimeZone::posix("XXX3YYY,M10.3.0/0,M2.3.0/0").unwrap(),
        ];
        for zone in zones {
            for first_day in [jiff::civil::date(2021, 8, 26), jiff::civil::date(2022, 1, 1)] {
                let mut campaign = samples::campaign(DoseTwoPolicy::Together);
                (campaign.time_zone, campaign.first_day) = (zone.clone(), first_day);
                let (campaign, texts) = (Arc::new(campaign), LookUpTexts::default());
                for page in pages() {
                    let told = serde_json::to_string(&told(&campaign, &directory, &page)).unwrap();
                    for _ in 0..2 {
                        let text = texts.write(&campaign, &directory, &page);
                        assert_eq!(String::from_utf8(text).unwrap(), told, "{zone:?} {first_day}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_new_directory_is_told_at_once() {
        let texts = LookUpTexts::default();
        let campaign = Arc::new(samples::campaign(DoseTwoPolicy::Together));
        let mut clinics = clinics();
        for phone in ["02-1", "02-2"] {
            clinics[0].phone = phone.to_owned();
            let directory = Arc::new(Directory::new(clinics.clone(), &[]));
            let text = String::from_utf8(texts.write(&campaign, &directory, &pages()[0])).unwrap();
            assert!(text.contains(&format!("\"phone\":\"{phone}\"")), "{text}");
        }
    }
}
