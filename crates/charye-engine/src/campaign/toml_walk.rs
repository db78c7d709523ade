//! Room: engine/campaign. Walks a parsed TOML document table by table, taking typed values and noting every error with
//! its place. Knows TOML and nothing of campaigns. Called by `file`.

use std::ops::Range;

use charye_domain::campaign::Bilingual;
use jiff::civil::{Date, DateTime, Time};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::examples::example;
use super::file_error::Findings;

/// Characters in a text shown to people.
pub(super) const TEXT_CHARS_MAX: usize = 80;

/// A value of the document with its place.
pub(super) type Value<'t> = Spanned<DeValue<'t>>;

/// Why a value is not taken: what is wrong with it, and the remedy.
pub(super) type Complaint = (String, String);

/// One table of the document, with the keys it may have.
pub(super) struct Section<'d, 't> {
    /// As it is written in the file, such as `[[cohort]]`.
    pub(super) title: &'static str,
    /// Where it begins.
    pub(super) at: Range<usize>,
    table: &'d DeTable<'t>,
    /// Known keys that an unknown one was taken for: they are not noted as missing too.
    meant: Vec<String>,
}

impl<'d, 't> Section<'d, 't> {
    /// The table, once keys it does not know are noted, with the nearest one it does know.
    pub(super) fn new(
        findings: &mut Findings<'_>,
        title: &'static str,
        at: Range<usize>,
        table: &'d DeTable<'t>,
        known: &[&str],
    ) -> Self {
        let mut meant = Vec::new();
        for key in table.keys().filter(|key| !known.contains(&&**key.get_ref())) {
            let nearest = known.iter().min_by_key(|name| edits(name, key.get_ref()));
            let remedy = match nearest.filter(|name| edits(name, key.get_ref()) <= 1 + name.len() / 3) {
                Some(name) => {
                    meant.push((*name).to_owned());
                    format!("did you mean `{name}`?")
                }
                None => format!("remove it; known here: {}", known.join(", ")),
            };
            findings.note(&key.span(), format!("unknown key `{}` in {title}", shortened(key.get_ref())), remedy);
        }
        Self { title, at, table, meant }
    }

    /// A value as it stands.
    pub(super) fn value(&self, key: &str) -> Option<&'d Value<'t>> {
        self.table.get(key)
    }

    /// Where a key's value stands; the start of the table if it is absent.
    pub(super) fn place(&self, key: &str) -> Range<usize> {
        self.value(key).map_or_else(|| self.at.clone(), Spanned::span)
    }

    /// A value that must be there. `None` if it is absent or not taken; both are noted.
    pub(super) fn required<T>(
        &self,
        findings: &mut Findings<'_>,
        key: &str,
        read: impl FnOnce(&Value<'t>) -> Result<T, Complaint>,
    ) -> Option<T> {
        if self.value(key).is_none() {
            if !self.meant.iter().any(|meant| meant == key) {
                let remedy = format!("add a line such as `{key} = {}`", example(self.title, key));
                findings.note(&self.at, format!("{} has no `{key}`", self.title), remedy);
            }
            return None;
        }
        self.optional(findings, key, read)
    }

    /// A value that may be absent. `None` if it is, or if it is not taken, which is noted.
    pub(super) fn optional<T>(
        &self,
        findings: &mut Findings<'_>,
        key: &str,
        read: impl FnOnce(&Value<'t>) -> Result<T, Complaint>,
    ) -> Option<T> {
        let value = self.value(key)?;
        match read(value) {
            Ok(read) => Some(read),
            Err((message, remedy)) => {
                findings.note(&value.span(), format!("`{key}`: {message}"), remedy);
                None
            }
        }
    }

    /// The tables of an array of tables; none if the key is absent.
    pub(super) fn tables(&self, findings: &mut Findings<'_>, key: &str) -> Vec<(Range<usize>, &'d DeTable<'t>)> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let mut tables = Vec::new();
        let elements = value.get_ref().as_array().map(|array| array.iter()).into_iter().flatten();
        for element in elements {
            if let Some(table) = element.get_ref().as_table() {
                tables.push((element.span(), table));
            }
        }
        let all_tables = value.get_ref().as_array().is_some_and(|array| array.len() == tables.len());
        if !all_tables {
            findings.note(
                &value.span(),
                format!("`{key}` is not a list of tables"),
                format!("write [[{key}]] above each"),
            );
        }
        tables
    }
}

/// A whole number within limits, both included.
pub(super) fn number(value: &Value<'_>, from: i64, to: i64) -> Result<i64, Complaint> {
    let remedy = || format!("write a whole number from {from} to {to}");
    let Some(digits) = value.get_ref().as_integer() else {
        return Err((format!("{} where a number is wanted", kind(value)), remedy()));
    };
    match i64::from_str_radix(digits.as_str(), digits.radix()) {
        Ok(number) if (from..=to).contains(&number) => Ok(number),
        _ => Err((format!("{} is out of range", shortened(digits.as_str())), remedy())),
    }
}

/// A whole number that fits a `u16`, within limits, both included.
pub(super) fn small_number(value: &Value<'_>, from: u16, to: u16) -> Result<u16, Complaint> {
    number(value, i64::from(from), i64::from(to)).map(|number| u16::try_from(number).unwrap_or(to))
}

/// A whole number that fits a `u32`, within limits, both included.
pub(super) fn whole_number(value: &Value<'_>, from: u32, to: u32) -> Result<u32, Complaint> {
    number(value, i64::from(from), i64::from(to)).map(|number| u32::try_from(number).unwrap_or(to))
}

/// A string.
pub(super) fn string<'v>(value: &'v Value<'_>) -> Result<&'v str, Complaint> {
    let wrong = || (format!("{} where a text is wanted", kind(value)), "put it in double quotes".to_owned());
    value.get_ref().as_str().ok_or_else(wrong)
}

/// A stable code: `[a-z0-9-]`, 1 to 40 characters.
pub(super) fn code(value: &Value<'_>) -> Result<String, Complaint> {
    let text = string(value)?;
    let letters = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !letters || text.is_empty() || text.len() > 40 {
        let remedy = "write 1 to 40 of the characters a-z, 0-9 and -".to_owned();
        return Err((format!("\"{}\" is not a code", shortened(text)), remedy));
    }
    Ok(text.to_owned())
}

/// One of a few words.
pub(super) fn choice<T: Copy>(value: &Value<'_>, choices: &[(&str, T)]) -> Result<T, Complaint> {
    let text = string(value)?;
    let found = choices.iter().find(|(word, _)| *word == text).map(|(_, choice)| *choice);
    found.ok_or_else(|| {
        let words: Vec<_> = choices.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        (format!("\"{}\" is not known", shortened(text)), format!("write one of {}", words.join(", ")))
    })
}

/// A text in both languages: `{ ko = "..", en = ".." }`.
pub(super) fn bilingual(value: &Value<'_>) -> Result<Bilingual, Complaint> {
    bilingual_up_to(value, TEXT_CHARS_MAX)
}

/// The same, of at most `chars_max` characters in each.
pub(super) fn bilingual_up_to(value: &Value<'_>, chars_max: usize) -> Result<Bilingual, Complaint> {
    let remedy = || "write { ko = \"..\", en = \"..\" }".to_owned();
    let Some(table) = value.get_ref().as_table() else {
        return Err((format!("{} where a text in two languages is wanted", kind(value)), remedy()));
    };
    if let Some(other) = table.keys().find(|key| !["ko", "en"].contains(&&**key.get_ref())) {
        return Err((format!("unknown language `{}`", shortened(other.get_ref())), remedy()));
    }
    let text = |language: &str| -> Result<String, Complaint> {
        let Some(value) = table.get(language) else {
            return Err((format!("the text has no `{language}`"), remedy()));
        };
        let text = string(value)?;
        let chars = text.chars().count();
        if text.trim().is_empty() || chars > chars_max || text.chars().any(char::is_control) {
            let remedy = format!("write 1 to {chars_max} characters on one line");
            return Err((format!("the `{language}` text is empty, too long, or has control characters"), remedy));
        }
        Ok(text.to_owned())
    };
    Ok(Bilingual { ko: text("ko")?, en: text("en")? })
}

/// A calendar day, such as `2021-08-26`.
pub(super) fn date(value: &Value<'_>) -> Result<Date, Complaint> {
    let wrong = || {
        let message = format!("{} where a day is wanted", kind(value));
        (message, "write a day such as 2021-08-26, without quotes".to_owned())
    };
    let written = value.get_ref().as_datetime().ok_or_else(wrong)?;
    match (written.date, written.time, written.offset) {
        (Some(date), None, None) => civil_date(date),
        _ => Err(wrong()),
    }
}

/// A time of day: `"20:00"` or `20:00`.
pub(super) fn time(value: &Value<'_>) -> Result<Time, Complaint> {
    let wrong = || {
        let message = format!("{} where a time of day is wanted", kind(value));
        (message, "write hours and minutes such as \"20:00\", from \"00:00\" to \"23:59\"".to_owned())
    };
    if let Some(text) = value.get_ref().as_str() {
        let (hour, minute) = text.split_once(':').ok_or_else(wrong)?;
        let two_digits = |part: &str| (part.len() == 2).then(|| part.parse::<i8>().ok()).flatten();
        let (hour, minute) = two_digits(hour).zip(two_digits(minute)).ok_or_else(wrong)?;
        return Time::new(hour, minute, 0, 0).map_err(|_| wrong());
    }
    let written = value.get_ref().as_datetime().ok_or_else(wrong)?;
    match (written.date, written.time, written.offset) {
        (None, Some(time), None) => whole_minute(time),
        _ => Err(wrong()),
    }
}

/// A day and a time of day, such as `2021-08-21T20:00:00`, in the campaign's civil time.
pub(super) fn date_time(value: &Value<'_>) -> Result<DateTime, Complaint> {
    let wrong = || {
        let message = format!("{} where a day and time are wanted", kind(value));
        (message, "write a day and time such as 2021-08-21T20:00:00, without quotes or offset".to_owned())
    };
    let written = value.get_ref().as_datetime().ok_or_else(wrong)?;
    match (written.date, written.time, written.offset) {
        (Some(date), Some(time), None) => Ok(civil_date(date)?.to_datetime(whole_minute(time)?)),
        _ => Err(wrong()),
    }
}

/// A list of values.
pub(super) fn list<T>(
    value: &Value<'_>,
    elements_max: usize,
    mut read: impl FnMut(&Value<'_>) -> Result<T, Complaint>,
) -> Result<Vec<T>, Complaint> {
    let Some(array) = value.get_ref().as_array() else {
        return Err((format!("{} where a list is wanted", kind(value)), "put it in square brackets".to_owned()));
    };
    if array.len() > elements_max {
        return Err((format!("{} elements", array.len()), format!("list at most {elements_max}")));
    }
    array.iter().map(&mut read).collect()
}

/// A piece of the file for a message: at most 40 characters, control characters escaped.
pub(super) fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(40).flat_map(|c| c.escape_debug().take(10)).collect();
    if text.chars().nth(40).is_some() {
        short.push_str("..");
    }
    short
}

fn civil_date(date: toml::value::Date) -> Result<Date, Complaint> {
    let parts = i16::try_from(date.year).ok().zip(i8::try_from(date.month).ok().zip(i8::try_from(date.day).ok()));
    parts
        .and_then(|(year, (month, day))| Date::new(year, month, day).ok())
        .filter(|date| (1880..=2200).contains(&date.year()))
        .ok_or_else(|| {
            (format!("the day {date} does not exist"), "write a day of the calendar, 1880 to 2200".to_owned())
        })
}

fn whole_minute(time: toml::value::Time) -> Result<Time, Complaint> {
    let whole = time.second.unwrap_or(0) == 0 && time.nanosecond.unwrap_or(0) == 0;
    let parts = i8::try_from(time.hour).ok().zip(i8::try_from(time.minute).ok());
    parts
        .filter(|_| whole)
        .and_then(|(hour, minute)| Time::new(hour, minute, 0, 0).ok())
        .ok_or_else(|| (format!("the time {time} is not a whole minute"), "write hours and minutes only".to_owned()))
}

fn kind(value: &Value<'_>) -> &'static str {
    match value.get_ref() {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a day or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// Letters to insert, delete or replace to turn one key into the other (Levenshtein). Both are short: keys of the file
/// are cut at 40 characters.
fn edits(known: &str, written: &str) -> usize {
    let written: Vec<char> = written.chars().take(40).collect();
    let mut row: Vec<usize> = (0..=written.len()).collect();
    for (i, a) in known.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in written.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[written.len()]
}
