//! Room: web/citizen. What every page has around it: language, banner, who is signed in.

use std::borrow::Cow;

use crate::App;
use crate::locale::Language;

/// The frame of a page.
#[derive(Debug)]
pub struct Layout<'a> {
    pub language: Language,
    /// Whether this is a rehearsal: then every page wears a banner.
    pub rehearsal: bool,
    /// Path and query of this page, for the language switch.
    pub target: &'a str,
}

impl<'a> Layout<'a> {
    /// The frame for one request.
    pub fn new(app: &App, target: &'a str, language: Language) -> Self {
        Self { language, rehearsal: app.rehearsal.is_some(), target }
    }

    /// A text of this page's language.
    pub fn text(&self, key: &str) -> Cow<'static, str> {
        self.language.text(key)
    }
}
