//! Room: rehearsal, bench `journeys`. A first and a second place for everybody, found as clients would: at each clinic, the
//! times of a day, and the times of a day that fits for the second dose. Outside of any measurement.

use serde_json::Value;

use super::stage::Failure;
use super::stage::people::Client;

/// Pages of a province's clinics; a search goes no deeper.
const PAGES_MAX: usize = 100;
const PROVINCES: [u32; 17] = [11, 26, 27, 28, 29, 30, 31, 36, 41, 42, 43, 44, 45, 46, 47, 48, 50];
/// Days of a clinic that are used.
const DAYS_EACH: usize = 3;

/// A first and a second slot of one clinic.
pub(crate) struct Pair {
    pub(crate) first: String,
    pub(crate) second: String,
    /// The clinic's page: `/find/CLINIC/PRODUCT`.
    pub(crate) page: String,
    /// Days of both, as pages name them.
    pub(crate) first_day: String,
    pub(crate) second_day: String,
}

/// So many pairs of slots, each slot as often as it has places.
pub(crate) fn pairs(client: &mut Client, campaign: &str, wanted: usize) -> Result<Vec<Pair>, Failure> {
    let base = format!("/api/v1/campaigns/{campaign}/clinics");
    let mut pairs = Vec::with_capacity(wanted);
    for province in PROVINCES {
        let mut cursor = String::new();
        for _ in 0..PAGES_MAX {
            let page = client.get(&format!("{base}?province={province}&order=district&limit=20{cursor}"))?;
            for found in list(&page["clinics"]) {
                let clinic = text(&found["clinic"]["code"]);
                let Some(next) = list(&found["next_times"]).first() else { continue };
                of_clinic(client, &base, &format!("{clinic}/{}", text(&next["product"])), &mut pairs)?;
                if pairs.len() >= wanted {
                    pairs.truncate(wanted);
                    return Ok(pairs);
                }
            }
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
    }
    Ok(pairs)
}

fn of_clinic(client: &mut Client, base: &str, at: &str, pairs: &mut Vec<Pair>) -> Result<(), Failure> {
    let (page, days) = (format!("/find/{at}"), format!("{base}/{at}/days"));
    let told = client.get(&days)?;
    let mut taken_days: Vec<String> = Vec::new();
    for first_day in list(&told["free_days"]).iter().map(text).take(DAYS_EACH) {
        let firsts = free_slots(&client.get(&format!("{days}/{first_day}"))?);
        let Some(first) = firsts.first() else { continue };
        let seconds = client.get(&format!("{days}?first={first}"))?;
        let mut second_days = list(&seconds["free_days"]).iter().map(text);
        let fresh = |day: &&str| !taken_days.iter().any(|taken| taken == day);
        let Some(second_day) = second_days.find(fresh) else { continue };
        let seconds = free_slots(&client.get(&format!("{days}/{second_day}?first={first}"))?);
        taken_days.push(second_day.to_owned());
        pairs.extend(firsts.into_iter().zip(seconds).map(|(first, second)| Pair {
            first,
            second,
            page: page.clone(),
            first_day: first_day.to_owned(),
            second_day: second_day.to_owned(),
        }));
    }
    Ok(())
}

/// Each slot of a day, as often as it has places left.
fn free_slots(times: &Value) -> Vec<String> {
    let mut slots = Vec::new();
    for time in list(&times["times"]) {
        let places = usize::try_from(time["remaining"].as_u64().unwrap_or(0)).unwrap_or(0);
        slots.extend(std::iter::repeat_n(text(&time["slot"]).to_owned(), places));
    }
    slots
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
