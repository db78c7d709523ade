//! Room: web/locale. Texts worked out once a process: those without values, and those with one number or one word in them. A
//! page asks for a hundred, and working one out costs as much as copying thirty. Never says anything that fluent would not say.

use std::collections::HashMap;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use rustc_hash::FxBuildHasher;

use super::{GROUPED_BYTES_MAX, grouped, push_grouped};

type ByKey<T> = HashMap<&'static str, T, FxBuildHasher>;

/// The texts of one language that are ready.
pub(super) struct ReadyTexts {
    plain: ByKey<Box<str>>,
    counted: ByKey<Counted>,
    around: ByKey<Around>,
}

/// A text into which one word is put as it is.
struct Around {
    name: Box<str>,
    before: Box<str>,
    behind: Box<str>,
}

/// A text about a number: what stands before and behind it, but for the numbers that are said in another way.
struct Counted {
    before: Box<str>,
    behind: Box<str>,
    otherwise: Vec<(i64, Box<str>)>,
}

/// Numbers of which each is looked at: whatever a language says of few, it says below this.
const FEW: i64 = 20;
/// Ten numbers that end in each digit, and look like nothing else in a text. What is said of all is said of any.
const MANY: i64 = 7_654_320;
/// A word that looks like nothing else in a text.
const WORD: &str = "\u{2}word\u{3}";

impl ReadyTexts {
    /// Works out every text of these files that needs no value, or one named `count`.
    pub(super) fn of(bundle: &FluentBundle<FluentResource>, files: &[&'static str]) -> Self {
        let mut ready = Self { plain: ByKey::default(), counted: ByKey::default(), around: ByKey::default() };
        let mut lines = files.iter().flat_map(|file| file.lines()).peekable();
        while let Some(line) = lines.next() {
            let Some(key) = key_of(line) else { continue };
            // What goes on in the next line may ask which word it is.
            let is_whole = lines.peek().is_none_or(|next| !next.starts_with(char::is_whitespace));
            if let Some(around) =
                only_placeable(line).filter(|_| is_whole).and_then(|name| Around::of(bundle, key, name))
            {
                ready.around.insert(key, around);
            }
            if let Some(text) = said(bundle, key, None) {
                ready.plain.insert(key, text.into());
            } else if let Some(counted) = Counted::of(bundle, key) {
                ready.counted.insert(key, counted);
            }
        }
        ready
    }

    pub(super) fn plain(&self, key: &str) -> Option<&str> {
        self.plain.get(key).map(|text| &**text)
    }

    pub(super) fn counted(&self, key: &str, count: i64) -> Option<String> {
        let counted = self.counted.get(key)?;
        if let Some((_, text)) = counted.otherwise.iter().find(|(number, _)| *number == count) {
            return Some(text.to_string());
        }
        // Below zero nothing was looked at.
        (count >= 0).then(|| {
            let bytes = counted.before.len() + GROUPED_BYTES_MAX + counted.behind.len();
            let mut text = String::with_capacity(bytes);
            text.push_str(&counted.before);
            push_grouped(&mut text, count);
            text.push_str(&counted.behind);
            text
        })
    }

    /// The text in which this word is put in the place of this name, if that is all that it needs.
    pub(super) fn with_text(&self, key: &str, name: &str, word: &str) -> Option<String> {
        let around = self.around.get(key).filter(|around| &*around.name == name)?;
        Some([&*around.before, word, &*around.behind].concat())
    }
}

impl Around {
    fn of(bundle: &FluentBundle<FluentResource>, key: &str, name: &str) -> Option<Self> {
        let text = said(bundle, key, Some((name, WORD.into())))?;
        let (before, behind) = text.split_once(WORD)?;
        (!behind.contains(WORD)).then(|| Self { name: name.into(), before: before.into(), behind: behind.into() })
    }
}

impl Counted {
    fn of(bundle: &FluentBundle<FluentResource>, key: &str) -> Option<Self> {
        let of_count = |count: i64| said(bundle, key, Some(("count", count.into())));
        let text = of_count(MANY)?;
        let (before, behind) = text.split_once(&grouped(MANY))?;
        let around = |count: i64| [before, &grouped(count), behind].concat();
        if (MANY..MANY + 10).any(|count| of_count(count).as_ref() != Some(&around(count))) {
            return None;
        }
        let few = (0..FEW).filter_map(|count| Some((count, of_count(count)?)));
        let otherwise = few.filter(|(count, text)| *text != around(*count)).map(|(count, text)| (count, text.into()));
        Some(Self { before: before.into(), behind: behind.into(), otherwise: otherwise.collect() })
    }
}

/// The key that a line of a file begins, if it does.
fn key_of(line: &'static str) -> Option<&'static str> {
    let (key, _) = line.split_once(" =")?;
    key.starts_with(|first: char| first.is_ascii_lowercase()).then_some(key)
}

/// The name that is all a line puts into its text, such as `distance` in `{ $distance } km`.
fn only_placeable(line: &str) -> Option<&str> {
    let (_, behind) = line.split_once('{')?;
    let (name, rest) = behind.split_once('}')?;
    let name = name.trim().strip_prefix('$')?;
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    (is_name && !rest.contains('{')).then_some(name)
}

/// A text with this value, if it needs no others.
fn said(bundle: &FluentBundle<FluentResource>, key: &str, value: Option<(&str, FluentValue<'_>)>) -> Option<String> {
    let pattern = bundle.get_message(key)?.value()?;
    let mut args = FluentArgs::new();
    if let Some((name, value)) = value {
        args.set(name, value);
    }
    let mut errors = Vec::new();
    let text = bundle.format_pattern(pattern, Some(&args), &mut errors);
    errors.is_empty().then(|| text.into_owned())
}
