//! Room: rehearsal/citizen. What answers tell, read as little as a citizen needs: fields by name, everything else passed
//! over. Knows the API's document, not its code.

use serde::Deserialize;

/// Any answer with a JSON object. What it does not say is absent.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Told<'a> {
    pub(super) login: Option<&'a str>,
    pub(super) pass: Option<&'a str>,
    pub(super) hold: Option<&'a str>,
    pub(super) number: Option<&'a str>,
    pub(super) seq: Option<u64>,
    // The way in by a provider.
    pub(super) sign_in: Option<&'a str>,
    #[serde(borrow)]
    pub(super) next: Option<Leads<'a>>,
    // Refusals.
    pub(super) code: Option<&'a str>,
    pub(super) recorded: Option<bool>,
    pub(super) retry_after_secs: Option<u64>,
    // The line, and operations.
    pub(super) state: Option<&'a str>,
    pub(super) ticket: Option<&'a str>,
    pub(super) wait: Option<Wait>,
    pub(super) ask_again_ms: Option<u64>,
    // Look-ups.
    #[serde(borrow)]
    pub(super) free_days: Vec<&'a str>,
    #[serde(borrow)]
    pub(super) times: Vec<Time<'a>>,
    #[serde(borrow)]
    pub(super) reservations: Vec<Reservation<'a>>,
    pub(super) eligible: Option<bool>,
}

/// Where the beginning of a sign-in leads.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Leads<'a> {
    pub(super) url: Option<&'a str>,
}

/// The range that somebody who waits is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Wait {
    pub(super) from_secs: u64,
    pub(super) to_secs: u64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Time<'a> {
    pub(super) slot: &'a str,
    #[serde(default)]
    pub(super) remaining: u64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Reservation<'a> {
    pub(super) number: &'a str,
    #[serde(borrow)]
    pub(super) places: Vec<Place<'a>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Place<'a> {
    #[serde(default)]
    pub(super) state: Option<&'a str>,
}

impl<'a> Told<'a> {
    /// Reads an answer's body; an empty one tells nothing.
    pub(super) fn read(body: &'a [u8]) -> Option<Self> {
        if body.is_empty() {
            return Some(Self::default());
        }
        serde_json::from_slice(body).ok()
    }

    /// The number of the reservation that is to come.
    pub(super) fn active_number(&self) -> Option<&'a str> {
        let to_come = |reservation: &&Reservation<'_>| {
            reservation.places.first().is_some_and(|place| place.state == Some("reserved"))
        };
        self.reservations.iter().find(to_come).map(|reservation| reservation.number)
    }
}

/// A place among the clinics of a look-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Offer<'a> {
    pub(super) clinic: &'a str,
    pub(super) product: &'a str,
    pub(super) slot: &'a str,
}

/// One of the places that a look-up's answer offers: the first after `from`, round the end if need be.
///
/// Reads only the neighbourhood of that place: twenty clinics are nine thousand bytes, and a citizen wants one.
pub(super) fn an_offer(body: &[u8], from: usize) -> Option<Offer<'_>> {
    let text = std::str::from_utf8(body).ok()?;
    let mut from = from.min(text.len());
    while !text.is_char_boundary(from) {
        from -= 1;
    }
    const SLOT: &str = "\"slot\":\"";
    let at = text[from..].find(SLOT).map(|at| at + from).or_else(|| text.find(SLOT))?;
    let before = &text[..at];
    let after = |key: &str| {
        let start = before.rfind(key)? + key.len();
        before[start..].split('"').next()
    };
    let clinic_at = before.rfind("\"clinic\":{")?;
    let clinic = text[clinic_at..].split_once("\"code\":\"")?.1.split('"').next()?;
    Some(Offer { clinic, product: after("\"product\":\"")?, slot: text[at + SLOT.len()..].split('"').next()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"{"clinics":[{"clinic":{"code":"C1","name":{"ko":"가나의원"}},"places":3,"next_times":
        [{"product":"pfizer","slot":"s00000001","time":"09:00"}]},{"clinic":{"kind":"x","code":"C2"},"next_times":
        [{"product":"moderna","slot":"s00000002"}]}],"matching":2}"#;

    #[test]
    fn an_offer_is_read_with_its_clinic_and_product_wherever_the_reader_begins() {
        let first = Offer { clinic: "C1", product: "pfizer", slot: "s00000001" };
        let second = Offer { clinic: "C2", product: "moderna", slot: "s00000002" };
        for from in 0..PAGE.len() + 10 {
            let passed = |slot: &str| from > PAGE.find(slot).unwrap() - "\"slot\":\"".len();
            let expect = if passed("s00000001") && !passed("s00000002") { second } else { first };
            assert_eq!(an_offer(PAGE.as_bytes(), from), Some(expect), "from byte {from}");
        }
        assert_eq!(an_offer(br#"{"clinics":[],"matching":0}"#, 3), None);
        assert_eq!(an_offer(b"\xff", 0), None);
    }

    #[test]
    fn only_a_reservation_to_come_is_ones_own() {
        let told = br#"{"seq":7,"reservations":[{"number":"0000-0001-001","places":[{"state":"cancelled"}]},
            {"number":"0000-0002-002","places":[{"state":"reserved","slot":"s1"},{"state":"reserved"}]}]}"#;
        assert_eq!(Told::read(told).unwrap().active_number(), Some("0000-0002-002"));
        assert_eq!(Told::read(b"").unwrap().active_number(), None);
        assert!(Told::read(b"<html>").is_none());
    }
}
