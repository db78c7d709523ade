//! Room: web/citizen. What forms share: mistakes beside their fields, dates typed as three numbers, addresses that lead
//! nowhere but here, links with a query. Must never lose what was typed.

use std::borrow::Cow;

use charye_domain::time::UnixMillis;
use charye_domain::weakness::Defence;
use charye_engine::Answered;
use charye_engine::ports::Random;
use jiff::civil::Date;

use crate::asked::Fields;
use crate::gate::LoginSession;
use crate::locale::Language;
use crate::{Answer, Asked};

/// What was wrong with a form: each with the id of its control.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Mistakes(pub(super) Vec<Mistake>);

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mistake {
    /// Id of the control it is about.
    pub(super) control: Cow<'static, str>,
    pub(super) text: String,
}

impl Mistakes {
    /// Adds a mistake, told in the text with this key.
    pub(super) fn add(&mut self, language: Language, control: impl Into<Cow<'static, str>>, key: &str) {
        self.0.push(Mistake { control: control.into(), text: language.text(key).into_owned() });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What was wrong with this control.
    pub(super) fn of(&self, control: &str) -> Option<&str> {
        self.0.iter().find(|mistake| mistake.control == control).map(|mistake| mistake.text.as_str())
    }
}

/// A birth date as typed, in three fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TypedDate {
    pub(super) year: String,
    pub(super) month: String,
    pub(super) day: String,
}

impl TypedDate {
    pub(super) fn of(form: &Fields) -> Self {
        let kept = |name| form.get(name).unwrap_or_default().chars().take(8).collect();
        Self { year: kept("year"), month: kept("month"), day: kept("day") }
    }

    /// The date, if it is one on which somebody alive today may have been born.
    ///
    /// # Errors
    /// The control that is wrong, and the key of the text that says how.
    pub(super) fn birth_date(&self, today: Date) -> Result<Date, (&'static str, &'static str)> {
        let parts = [("birth-year", &self.year), ("birth-month", &self.month), ("birth-day", &self.day)];
        if let Some((control, _)) = parts.iter().find(|(_, text)| text.is_empty()) {
            return Err((control, "birth-missing"));
        }
        let number = |control, text: &str| {
            let digits = text.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| text.parse::<i16>().ok()).flatten().ok_or((control, "birth-not-digits"))
        };
        let year = number("birth-year", &self.year)?;
        let month = number("birth-month", &self.month)?;
        let day = number("birth-day", &self.day)?;
        if !(1900..=9999).contains(&year) {
            return Err(("birth-year", "birth-year-wrong"));
        }
        if !(1..=12).contains(&month) {
            return Err(("birth-month", "birth-month-wrong"));
        }
        let date = i8::try_from(day).ok().and_then(|day| Date::new(year, i8::try_from(month).ok()?, day).ok());
        let date = date.ok_or(("birth-day", "birth-day-wrong"))?;
        if date > today { Err(("birth-year", "birth-in-future")) } else { Ok(date) }
    }
}

/// A date as machines write it, `2021-08-30`.
pub(super) fn iso_date(text: &str) -> Option<Date> {
    let shaped = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    shaped.then(|| text.parse().ok()).flatten()
}

/// `text` if it is a path of this site that a citizen may be led to after a form; anything else would be an open
/// redirect.
pub(super) fn own_path(text: &str) -> Option<&str> {
    let plain = text.len() <= 1_000 && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let relative = text.starts_with('/') && !text.starts_with("//");
    // A browser drops dot segments, and what is left could begin with two slashes.
    let path = text.split(['?', '#']).next().unwrap_or_default();
    let tricks = path.contains("//") || path.split('/').any(|segment| segment == "." || segment == "..");
    let encoded = path.to_ascii_lowercase();
    let encoded_tricks = ["%2f", "%5c", "%2e", "%09", "%0a", "%0d"].iter().any(|trick| encoded.contains(trick));
    // `weak-own-path` stands here.
    (plain && relative && !tricks && !encoded_tricks || Defence::OwnPath.is_off()).then_some(text)
}

/// The `next` field of a form or query, if it leads to a page of ours.
pub(super) fn next_of(fields: &Fields) -> Option<String> {
    fields.filled("next").and_then(own_path).map(str::to_owned)
}

/// A path with a query of those pairs that say something.
pub(super) fn link(path: &str, pairs: &[(&str, &str)]) -> String {
    let told: Vec<_> = pairs.iter().filter(|(_, value)| !value.is_empty()).collect();
    if told.is_empty() {
        return path.to_owned();
    }
    let query = serde_urlencoded::to_string(told).unwrap_or_default();
    format!("{path}?{query}")
}

/// A key for one rendering of a form: sent again by a second press, it gets the first answer.
pub(super) fn new_key(random: &dyn Random) -> String {
    format!("{:016x}{:016x}", random.bits(), random.bits())
}

/// The key a form carried, if it is one of ours.
pub(super) fn key_of(form: &Fields) -> Option<&str> {
    form.filled("key").filter(|key| key.len() == 32 && key.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// The answer with the login cookie brought up to what the citizen has now seen.
pub(super) fn seen<T>(asked: &Asked, answered: &Answered<T>, answer: Answer) -> Answer {
    match &asked.caller.login {
        Some(login) if login.seen_seq < answered.seq => {
            let login = LoginSession { seen_seq: answered.seq, ..login.clone() };
            answer.with_cookie(asked.app.gate.login_cookie(&login, asked.now))
        }
        _ => answer,
    }
}

/// Whole minutes until `end`, rounded up; 0 once it has passed.
pub(super) fn minutes_left(now: UnixMillis, end: UnixMillis) -> i64 {
    let left_ms = end.millis_since(now).max(0);
    left_ms / 60_000 + i64::from(left_ms % 60_000 > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn birth(year: &str, month: &str, day: &str) -> Result<Date, (&'static str, &'static str)> {
        let typed = TypedDate { year: year.to_owned(), month: month.to_owned(), day: day.to_owned() };
        typed.birth_date(date(2021, 8, 9))
    }

    #[test]
    fn a_birth_date_says_which_field_is_wrong() {
        let check = |year, month, day, expect| assert_eq!(birth(year, month, day), expect, "{year}-{month}-{day}");
        check("1990", "3", "9", Ok(date(1990, 3, 9)));
        check("1990", "03", "09", Ok(date(1990, 3, 9)));
        check("", "3", "9", Err(("birth-year", "birth-missing")));
        check("1990", "", "9", Err(("birth-month", "birth-missing")));
        check("90", "3", "9", Err(("birth-year", "birth-year-wrong")));
        check("1990", "13", "9", Err(("birth-month", "birth-month-wrong")));
        check("1990", "2", "30", Err(("birth-day", "birth-day-wrong")));
        check("1990", "2", "-1", Err(("birth-day", "birth-not-digits")));
        check("１９９０", "2", "1", Err(("birth-year", "birth-not-digits")));
        check("99999999", "2", "1", Err(("birth-year", "birth-not-digits")));
        check("2021", "8", "10", Err(("birth-year", "birth-in-future")));
        check("2020", "2", "29", Ok(date(2020, 2, 29)));
    }

    #[test]
    fn only_paths_of_this_site_are_followed() {
        for good in ["/", "/find", "/find?province=11&name=%EC%A2%85", "/reservations/1234-5678-901?done=1"] {
            assert_eq!(own_path(good), Some(good));
        }
        let long = format!("/{}", "a".repeat(1_000));
        for bad in [
            "",
            "find",
            "//evil.test",
            "///evil.test",
            "https://evil.test",
            "/\\evil.test",
            "\\\\evil.test",
            "/a//b",
            "/%2Fevil.test",
            "/%5cevil.test",
            "/.//evil.test",
            "/..//evil.test",
            "/a/../b",
            "/%2e%2e/b",
            "/\t/evil.test",
            "/\r\nSet-Cookie:x",
            "/%0d%0aSet-Cookie:x",
            "javascript:alert(1)",
            "/종로",
            &long,
        ] {
            assert_eq!(own_path(bad), None, "{bad}");
        }
    }

    #[test]
    fn links_leave_out_what_says_nothing() {
        assert_eq!(link("/find", &[("province", ""), ("name", "")]), "/find");
        assert_eq!(link("/find", &[("province", "11"), ("name", "a b&c")]), "/find?province=11&name=a+b%26c");
    }

    #[test]
    fn a_minute_begun_counts_as_a_minute() {
        let check = |left_ms, expect| assert_eq!(minutes_left(UnixMillis(0), UnixMillis(left_ms)), expect);
        check(300_000, 5);
        check(299_999, 5);
        check(1, 1);
        check(0, 0);
        check(-5, 0);
    }
}
