//! Room: web/locale. Which language a request is answered in, and the texts of both. Korean first, English complete.
//!
//! Texts live in `translations/{ko,en}/*.ftl`, compiled in; a test holds both languages to the same keys. Must never
//! decide anything but words.

mod dates;
mod particle;
mod ready;

use std::borrow::Cow;
use std::sync::OnceLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use hyper::HeaderMap;
use hyper::header::ACCEPT_LANGUAGE;
use unic_langid::LanguageIdentifier;

use charye_domain::campaign::Bilingual;
pub(crate) use dates::{between_day_and_time, write_time_of_day};
pub use dates::{day_and_time, long_date, month_of_year, plain_date, short_date, time_of_day, until_text};
pub use particle::with_particle;
use ready::ReadyTexts;

/// The languages every screen speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Language {
    #[default]
    Korean,
    English,
}

impl Language {
    /// Both, Korean first.
    pub const ALL: [Self; 2] = [Self::Korean, Self::English];

    /// `ko` or `en`, for `lang` attributes, cookies and queries.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Korean => "ko",
            Self::English => "en",
        }
    }

    /// The language with this tag.
    pub fn from_tag(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.tag() == tag)
    }

    /// The language of a request: the choice in the cookie, else the first of ours that `Accept-Language` names, else
    /// Korean.
    pub fn negotiate(chosen: Option<&str>, headers: &HeaderMap) -> Self {
        chosen.and_then(Self::from_tag).or_else(|| Self::accepted(headers)).unwrap_or_default()
    }

    fn accepted(headers: &HeaderMap) -> Option<Self> {
        let text = headers.get(ACCEPT_LANGUAGE)?.to_str().ok()?;
        let mut best: Option<(f32, Self)> = None;
        for part in text.split(',').take(16) {
            let mut pieces = part.split(';');
            let tag = pieces.next().unwrap_or_default().trim();
            let quality = pieces
                .find_map(|piece| piece.trim().strip_prefix("q=")?.parse::<f32>().ok())
                .filter(|quality| (0.0..=1.0).contains(quality))
                .unwrap_or(1.0);
            let primary = tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
            let Some(language) = Self::from_tag(&primary) else { continue };
            if quality > 0.0 && best.is_none_or(|(q, _)| quality > q) {
                best = Some((quality, language));
            }
        }
        best.map(|(_, language)| language)
    }

    /// The side of a bilingual text that is in this language.
    pub fn of(self, text: &Bilingual) -> &str {
        match self {
            Self::Korean => &text.ko,
            Self::English => &text.en,
        }
    }

    /// A text by its key.
    pub fn text(self, key: &str) -> Cow<'static, str> {
        ready(self).plain(key).map_or_else(|| self.formatted(key, &[]), Cow::Borrowed)
    }

    /// A text by its key, with values for its placeables.
    pub fn text_with(self, key: &str, values: &[(&'static str, Value<'_>)]) -> Cow<'static, str> {
        let text = match values {
            [("count", Value::Number(count))] => ready(self).counted(key, *count),
            [(name, Value::Text(text))] => ready(self).with_text(key, name, text),
            _ => None,
        };
        text.map_or_else(|| self.formatted(key, values), Cow::Owned)
    }

    fn formatted(self, key: &str, values: &[(&'static str, Value<'_>)]) -> Cow<'static, str> {
        let bundle = &bundles()[self as usize];
        let Some(pattern) = bundle.get_message(key).and_then(|message| message.value()) else {
            // Cannot happen for keys in our own code: a test looks every one of them up.
            tracing::error!(key, language = self.tag(), "text is missing");
            return Cow::Owned(format!("[{key}]"));
        };
        let mut args = FluentArgs::with_capacity(values.len());
        for (name, value) in values {
            let value: FluentValue<'_> = match value {
                Value::Text(text) => FluentValue::from(*text),
                Value::Number(number) => FluentValue::from(*number),
            };
            args.set(*name, value);
        }
        let mut errors = Vec::new();
        let text = bundle.format_pattern(pattern, Some(&args), &mut errors);
        if !errors.is_empty() {
            tracing::error!(key, language = self.tag(), ?errors, "text does not fit its values");
        }
        Cow::Owned(text.into_owned())
    }

    /// Whether a text exists.
    pub fn has_text(self, key: &str) -> bool {
        bundles()[self as usize].has_message(key)
    }
}

/// A value put into a text.
#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    Text(&'a str),
    /// Grouped and pluralised as the language does.
    Number(i64),
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<u32> for Value<'_> {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

/// The files of each language, in the same order. A new file goes into both.
const FILES: [&[&str]; 2] = [
    &[
        include_str!("../../translations/ko/pages.ftl"),
        include_str!("../../translations/ko/line.ftl"),
        include_str!("../../translations/ko/operators.ftl"),
        include_str!("../../translations/ko/problems.ftl"),
        include_str!("../../translations/ko/helping.ftl"),
    ],
    &[
        include_str!("../../translations/en/pages.ftl"),
        include_str!("../../translations/en/line.ftl"),
        include_str!("../../translations/en/operators.ftl"),
        include_str!("../../translations/en/problems.ftl"),
        include_str!("../../translations/en/helping.ftl"),
    ],
];

fn bundles() -> &'static [FluentBundle<FluentResource>; 2] {
    static BUNDLES: OnceLock<[FluentBundle<FluentResource>; 2]> = OnceLock::new();
    BUNDLES.get_or_init(|| Language::ALL.map(|language| bundle(language, FILES[language as usize])))
}

fn ready(language: Language) -> &'static ReadyTexts {
    static READY: OnceLock<[ReadyTexts; 2]> = OnceLock::new();
    let of = |language: Language| ReadyTexts::of(&bundles()[language as usize], FILES[language as usize]);
    &READY.get_or_init(|| Language::ALL.map(of))[language as usize]
}

fn bundle(language: Language, files: &[&str]) -> FluentBundle<FluentResource> {
    let identifier = language.tag().parse::<LanguageIdentifier>().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![identifier]);
    // Isolation marks around values would show as boxes on old phones, and our values are never right-to-left.
    bundle.set_use_isolating(false);
    bundle.set_formatter(Some(|value, _| match value {
        FluentValue::Number(number) => Some(grouped(number.value as i64)),
        _ => None,
    }));
    // Only fails if the function is added twice, and this bundle is new.
    let _ = bundle.add_function("JOSA", |positional, _| match positional {
        [FluentValue::String(word), FluentValue::String(pair)] => with_particle(word, pair).into(),
        [FluentValue::Number(number), FluentValue::String(pair)] => {
            with_particle(&grouped(number.value as i64), pair).into()
        }
        _ => FluentValue::Error,
    });
    for file in files {
        // The files are compiled in and a test parses them: what does not parse cannot be shipped.
        let resource = FluentResource::try_new((*file).to_owned()).unwrap_or_else(|(partial, _)| partial);
        bundle.add_resource_overriding(resource);
    }
    bundle
}

/// A whole number with commas between thousands, as both languages write it.
pub(crate) fn grouped(number: i64) -> String {
    let mut text = String::with_capacity(GROUPED_BYTES_MAX);
    push_grouped(&mut text, number);
    text
}

/// Bytes of the longest number, with its sign and commas.
const GROUPED_BYTES_MAX: usize = 26;

/// The same, behind a text.
fn push_grouped(text: &mut String, number: i64) {
    if number < 0 {
        text.push('-');
    }
    let (mut rest, mut digits, mut count) = (number.unsigned_abs(), [0_u8; 20], 0);
    while count == 0 || rest > 0 {
        digits[count] = b'0' + (rest % 10) as u8;
        rest /= 10;
        count += 1;
    }
    for index in (0..count).rev() {
        text.push(char::from(digits[index]));
        if index > 0 && index.is_multiple_of(3) {
            text.push(',');
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use hyper::header::HeaderValue;

    /// Every key of some files with the placeables of its text, in order of keys.
    fn placeables(files: &[&str]) -> BTreeMap<String, BTreeSet<String>> {
        let mut found = BTreeMap::<_, BTreeSet<_>>::new();
        let mut key = String::new();
        for line in files.iter().flat_map(|file| file.lines()) {
            if let Some((name, _)) =
                line.split_once(" =").filter(|_| line.starts_with(|c: char| c.is_ascii_lowercase()))
            {
                key = name.to_owned();
                assert!(found.insert(key.clone(), BTreeSet::new()).is_none(), "{key} stands twice");
            }
            for piece in line.split('$').skip(1) {
                let name = piece.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_').next();
                found.get_mut(&key).unwrap().insert(name.unwrap().to_owned());
            }
        }
        found
    }

    #[test]
    fn both_languages_have_the_same_texts_with_the_same_values() {
        let [ko, en] = FILES.map(placeables);
        assert_eq!(ko, en);
    }

    #[test]
    fn every_file_parses() {
        for file in FILES.concat() {
            let parsed = FluentResource::try_new(file.to_owned());
            assert!(parsed.is_ok(), "{:?}", parsed.err().map(|(_, errors)| errors));
        }
    }

    fn negotiated(chosen: Option<&str>, accept: &str) -> Language {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_str(accept).unwrap());
        Language::negotiate(chosen, &headers)
    }

    #[test]
    fn the_language_is_the_one_chosen_else_the_one_preferred_else_korean() {
        assert_eq!(negotiated(None, ""), Language::Korean);
        assert_eq!(negotiated(None, "fr, en;q=0.8, ko;q=0.2"), Language::English);
        assert_eq!(negotiated(None, "en-US,en;q=0.9"), Language::English);
        assert_eq!(negotiated(None, "en;q=0.1, ko-KR"), Language::Korean);
        assert_eq!(negotiated(None, "en;q=0"), Language::Korean);
        assert_eq!(negotiated(Some("en"), "ko"), Language::English);
        assert_eq!(negotiated(Some("xx"), "en"), Language::English);
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(grouped(16_210_000), "16,210,000");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(-1_000), "-1,000");
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(i64::MIN), "-9,223,372,036,854,775,808");
        assert_eq!(grouped(i64::MIN).len(), GROUPED_BYTES_MAX);
    }

    #[test]
    fn a_text_that_is_ready_says_what_it_would_say_when_worked_out() {
        for (language, files) in Language::ALL.into_iter().zip(FILES) {
            let (mut counted, mut around) = (0, 0);
            for (key, names) in placeables(files) {
                if names.is_empty() {
                    assert_eq!(language.text(&key), language.formatted(&key, &[]), "{key}");
                    assert!(ready(language).plain(&key).is_some(), "{key}");
                } else if names.iter().eq(["count"]) {
                    for count in (-2..130).chain([999, 1_000, 1_001, 12_345, 7_654_321, 10_000_000]) {
                        let values = [("count", Value::Number(count))];
                        assert_eq!(language.text_with(&key, &values), language.formatted(&key, &values), "{key}");
                    }
                    counted += usize::from(ready(language).counted(&key, 7).is_some());
                } else if names.len() == 1 {
                    let name = names.iter().next().unwrap().clone().leak();
                    for word in ["서울", "부산 7", "kim & <b>", "", "1.5", "{ $a }"] {
                        let values = [(&*name, Value::Text(word))];
                        assert_eq!(language.text_with(&key, &values), language.formatted(&key, &values), "{key}");
                    }
                    around += usize::from(ready(language).with_text(&key, name, "").is_some());
                    assert_eq!(ready(language).with_text(&key, "another", ""), None);
                }
            }
            assert!(around >= 5, "{around} texts with a word are ready in {}", language.tag());
            assert!(ready(language).with_text("distance-metres", "distance", "").is_some());
            assert!(counted >= 5, "{counted} texts with a number are ready in {}", language.tag());
        }
    }
}
