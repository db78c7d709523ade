//! Room: gateway/identity. Where a provider's document tells who somebody is: pointers into JSON, and the ways in which
//! dates and phone numbers are written. What comes out is `PersonalDetails` and citizen keys; the raw identifier stays here.
//!
//! Used by every flow. A detail that is missing is the citizen's refusal to consent, or the provider's not knowing: it is
//! never made up.

use charye_domain::campaign::UniquenessScheme;
use charye_domain::identity::Assurance;
use charye_engine::identity::normal_form;
use charye_engine::ports::{Keys, PersonalDetails, ProvenCitizen, ProviderFailure, ProviderFault, SignInRefusal};
use jiff::civil::{Date, date};
use serde::Deserialize;
use serde_json::Value;

use super::prove_citizen;

/// Characters of an identifier. A CI has 88.
const IDENTIFIER_CHARS_MAX: usize = 255;
/// Characters of a name.
const NAME_CHARS_MAX: usize = 80;

/// `[identity.provider.profile]`: JSON pointers (RFC 6901).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileBlock {
    /// What makes a citizen one citizen: text or a whole number.
    pub identifier: String,
    pub name: String,
    /// A whole date, as `1985-02-28`, `19850228` or `1985.02.28`.
    pub birth_date: Option<String>,
    /// Or its year apart, four digits, ..
    pub birth_year: Option<String>,
    /// .. and its day, as `0228` or `02-28`.
    pub birth_day: Option<String>,
    /// What says that the day is of the lunar calendar (`LUNAR`): then it is not taken.
    pub birth_calendar: Option<String>,
    /// As `010-1234-5678` or `+82 10-1234-5678`; left out or absent: none.
    pub phone: Option<String>,
}

impl ProfileBlock {
    /// Whether the pointers are pointers and the birth date is told in one way.
    ///
    /// # Errors
    /// What is wrong.
    pub(crate) fn check(&self) -> Result<(), String> {
        let optional = [&self.birth_date, &self.birth_year, &self.birth_day, &self.birth_calendar, &self.phone];
        let pointers = optional.into_iter().flatten().chain([&self.identifier, &self.name]);
        if let Some(bad) = pointers.into_iter().find(|pointer| !pointer.starts_with('/')) {
            return Err(format!("{bad:?} in profile is no JSON pointer: it begins with /"));
        }
        let whole = self.birth_date.is_some();
        let parted = self.birth_year.is_some() && self.birth_day.is_some();
        let half = self.birth_year.is_some() != self.birth_day.is_some();
        if whole == parted || half {
            return Err("profile tells birth_date, or birth_year and birth_day".to_owned());
        }
        Ok(())
    }

    /// Reads who somebody is out of the first document that tells it.
    pub(crate) fn prove(
        &self,
        documents: &[&Value],
        keys: &dyn Keys,
        scheme: UniquenessScheme,
        assurance: Assurance,
    ) -> Result<ProvenCitizen, ProviderFailure> {
        let find = |pointer: &str| documents.iter().find_map(|document| document.pointer(pointer));
        let identifier = match find(&self.identifier) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => {
                number.as_u64().ok_or(ProviderFault::Unbelievable("identifier"))?.to_string()
            }
            Some(_) => return Err(ProviderFault::Unbelievable("identifier").into()),
            None => return Err(SignInRefusal::DetailMissing("identifier").into()),
        };
        let fits = !identifier.is_empty() && identifier.chars().count() <= IDENTIFIER_CHARS_MAX;
        if !fits || identifier.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(ProviderFault::Unbelievable("identifier").into());
        }
        let text = |pointer: &Option<String>| pointer.as_deref().and_then(find).and_then(Value::as_str);
        let name = find(&self.name).and_then(Value::as_str).map(str::trim).filter(|name| !name.is_empty());
        let name = name.ok_or(SignInRefusal::DetailMissing("name"))?;
        if name.chars().count() > NAME_CHARS_MAX || name.chars().any(char::is_control) {
            return Err(ProviderFault::Unbelievable("name").into());
        }
        if text(&self.birth_calendar).is_some_and(|calendar| !calendar.eq_ignore_ascii_case("solar")) {
            return Err(SignInRefusal::DetailMissing("birth_date").into());
        }
        let birth_date = match text(&self.birth_date) {
            Some(whole) => read_date(whole),
            None => match (text(&self.birth_year), text(&self.birth_day)) {
                (Some(year), Some(day)) => read_date(&format!("{year}{day}")),
                _ => return Err(SignInRefusal::DetailMissing("birth_date").into()),
            },
        };
        let birth_date = birth_date.ok_or(ProviderFault::Unbelievable("birth date"))?;
        let phone = text(&self.phone).map(normal_form::phone).unwrap_or_default();
        let phone = if phone.len() <= 20 { phone } else { String::new() };
        let details = PersonalDetails { name: name.to_owned(), birth_date, phone };
        Ok(prove_citizen(keys, scheme, identifier.as_bytes(), details, assurance))
    }
}

/// `1985-02-28`, `19850228`, `1985.02.28`, `1985/02/28`: eight digits, and nothing but what may part them.
fn read_date(text: &str) -> Option<Date> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let only_parted = text.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | '.' | '/'));
    if digits.len() != 8 || !only_parted {
        return None;
    }
    let (year, month, day) = (digits[..4].parse().ok()?, digits[4..6].parse().ok()?, digits[6..].parse().ok()?);
    let read = Date::new(year, month, day).ok()?;
    // Nobody alive was born before, nobody who may be vaccinated will be born after.
    (date(1880, 1, 1)..=date(2200, 1, 1)).contains(&read).then_some(read)
}

#[cfg(test)]
mod tests {
    use charye_engine::fakes::ToyKeys;
    use serde_json::json;

    use super::*;

    fn block() -> ProfileBlock {
        ProfileBlock {
            identifier: "/id".to_owned(),
            name: "/account/name".to_owned(),
            birth_date: None,
            birth_year: Some("/account/birthyear".to_owned()),
            birth_day: Some("/account/birthday".to_owned()),
            birth_calendar: Some("/account/birthday_type".to_owned()),
            phone: Some("/account/phone_number".to_owned()),
        }
    }

    fn prove(block: &ProfileBlock, document: &Value) -> Result<ProvenCitizen, ProviderFailure> {
        block.prove(&[document], &ToyKeys, UniquenessScheme::PairwiseSubject, Assurance::Ial2)
    }

    fn sample() -> Value {
        json!({"id": 123_456_789_u64, "account": {"name": " 김차례 ", "birthyear": "1985", "birthday": "0228",
            "birthday_type": "SOLAR", "phone_number": "+82 10-1234-5678"}})
    }

    #[test]
    fn a_profile_in_parts_is_read_as_one() {
        let proven = prove(&block(), &sample()).unwrap();
        let details = proven.details;
        assert_eq!((details.name.as_str(), details.phone.as_str()), ("김차례", "01012345678"));
        assert_eq!(details.birth_date, date(1985, 2, 28));
        assert_eq!(proven.key, ToyKeys.citizen_key("pairwise-subject", b"123456789"));
    }

    #[test]
    fn dates_are_read_as_they_are_written_and_only_if_there_is_such_a_day() {
        for good in ["1985-02-28", "19850228", "1985.02.28", "1985/02/28", "198502-28"] {
            assert_eq!(read_date(good), Some(date(1985, 2, 28)), "{good}");
        }
        for bad in
            ["1985-02-29", "1985-2-28", "850228", "28-02-1985", "1985-02-28T00", "", "0000-00-00", "１９８５0228"]
        {
            assert_eq!(read_date(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_is_missing_or_impossible_is_told_apart() {
        let missing = |detail| Err(ProviderFailure::Refused(SignInRefusal::DetailMissing(detail)));
        let bad = |what| Err(ProviderFailure::Fault(ProviderFault::Unbelievable(what)));
        let rows: Vec<(&str, Value, Result<(), ProviderFailure>)> = vec![
            ("/id", Value::Null, bad("identifier")),
            ("/id", json!(""), bad("identifier")),
            ("/id", json!("a b"), bad("identifier")),
            ("/id", json!(1.5), bad("identifier")),
            ("/id", json!(["x"]), bad("identifier")),
            ("/id", json!("x".repeat(256)), bad("identifier")),
            ("/account/name", json!("  "), missing("name")),
            ("/account/name", json!(7), missing("name")),
            ("/account/name", json!("김\u{0}"), bad("name")),
            ("/account/name", json!("김".repeat(81)), bad("name")),
            ("/account/birthday_type", json!("LUNAR"), missing("birth_date")),
            ("/account/birthday", Value::Null, missing("birth_date")),
            ("/account/birthday", json!("0230"), bad("birth date")),
            ("/account/phone_number", Value::Null, Ok(())),
            ("/account/phone_number", json!("1".repeat(40)), Ok(())),
        ];
        for (pointer, value, expected) in rows {
            let mut document = sample();
            *document.pointer_mut(pointer).unwrap() = value;
            assert_eq!(prove(&block(), &document).map(|_| ()), expected, "{pointer}");
        }
        assert_eq!(prove(&block(), &json!({})).map(|_| ()), missing("identifier"));
    }

    #[test]
    fn a_block_tells_the_birth_date_in_one_way() {
        assert!(block().check().is_ok());
        assert!(ProfileBlock { birth_day: None, ..block() }.check().is_err());
        assert!(ProfileBlock { birth_date: Some("/b".to_owned()), ..block() }.check().is_err());
        assert!(ProfileBlock { name: "name".to_owned(), ..block() }.check().unwrap_err().contains("\"name\""));
    }
}
