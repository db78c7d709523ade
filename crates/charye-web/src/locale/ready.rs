//! Room: web/locale. Texts worked out once a process: those without values, and those with one number in them. A page asks
//! for a hundred, and working one out costs as much as copying thirty. Never says anything that fluent would not say.

use std::collections::HashMap;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use rustc_hash::FxBuildHasher;

use super::grouped;

type ByKey<T> = HashMap<&'static str, T, FxBuildHasher>;

/// The texts of one language that are ready.
pub(super) struct ReadyTexts {
    plain: ByKey<Box<str>>,
    counted: ByKey<Counted>,
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

impl ReadyTexts {
    /// Works out every text of these files that needs no value, or one named `count`.
    pub(super) fn of(bundle: &FluentBundle<FluentResource>, files: &[&'static str]) -> Self {
        let mut ready = Self { plain: ByKey::default(), counted: ByKey::default() };
        for key in files.iter().flat_map(|file| file.lines()).filter_map(key_of) {
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
        (count >= 0).then(|| [&*counted.before, &grouped(count), &*counted.behind].concat())
    }
}

impl Counted {
    fn of(bundle: &FluentBundle<FluentResource>, key: &str) -> Option<Self> {
        let text = said(bundle, key, Some(MANY))?;
        let (before, behind) = text.split_once(&grouped(MANY))?;
        let around = |count: i64| [before, &grouped(count), behind].concat();
        if (MANY..MANY + 10).any(|count| said(bundle, key, Some(count)).as_ref() != Some(&around(count))) {
            return None;
        }
        let few = (0..FEW).filter_map(|count| Some((count, said(bundle, key, Some(count))?)));
        let otherwise = few.filter(|(count, text)| *text != around(*count)).map(|(count, text)| (count, text.into()));
        Some(Self { before: before.into(), behind: behind.into(), otherwise: otherwise.collect() })
    }
}

/// The key that a line of a file begins, if it does.
fn key_of(line: &'static str) -> Option<&'static str> {
    let (key, _) = line.split_once(" =")?;
    key.starts_with(|first: char| first.is_ascii_lowercase()).then_some(key)
}

/// A text with these values, if it needs no others.
fn said(bundle: &FluentBundle<FluentResource>, key: &str, count: Option<i64>) -> Option<String> {
    let pattern = bundle.get_message(key)?.value()?;
    let mut args = FluentArgs::new();
    if let Some(count) = count {
        args.set("count", FluentValue::from(count));
    }
    let mut errors = Vec::new();
    let text = bundle.format_pattern(pattern, Some(&args), &mut errors);
    errors.is_empty().then(|| text.into_owned())
}
