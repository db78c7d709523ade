//! Room: web/citizen. What every page has around it: language, banner, who is signed in, where one is.

use std::borrow::Cow;
use std::sync::Arc;

use charye_domain::campaign::{Bilingual, Campaign};
use hyper::HeaderMap;

use super::assets;
use super::look::{LookShown, look_of};
use crate::gate::{Caller, CsrfToken, Surface};
use crate::locale::{Language, Value, between_day_and_time};
use crate::{App, Asked};

/// The part of the site a page belongs to, for `aria-current`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Home,
    Find,
    Reservations,
    Helping,
    Elsewhere,
}

/// The frame of a page.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) language: Language,
    /// Whether this is a rehearsal: then every page wears a banner.
    pub(super) rehearsal: bool,
    /// Path and query at which this page, or the one before its form, can be opened again: where a change of language
    /// leads.
    pub(super) target: String,
    /// Present when somebody is signed in; every form carries it then.
    pub(super) csrf: Option<String>,
    /// The name of the person whom a helper acts for: then every page says so.
    pub(super) acting: Option<String>,
    /// Whether this is a page of the agents' listener: then its frame leads nowhere else.
    pub(super) of_agents: bool,
    /// Whether an agent has somebody on the telephone: then every page says so.
    pub(super) on_call: bool,
    pub(super) part: Part,
    /// When the page should load itself again. Only near the end of a hold, to say that it has ended. Unit: seconds.
    pub(super) refresh_secs: Option<i64>,
    /// The look of the campaign the page is about, if it has one of its own.
    pub(super) look: Arc<Option<LookShown>>,
}

impl Layout {
    /// The frame of the answer to a GET.
    pub(super) fn of(asked: &Asked, part: Part) -> Self {
        Self::answering(asked, part, &asked.target)
    }

    /// The frame of a page that answers a form: `target` is a page that can be opened again.
    pub(super) fn answering(asked: &Asked, part: Part, target: &str) -> Self {
        Self::with(&asked.app, &asked.caller, asked.language, part, target)
    }

    /// The frame of a page that tells a problem before any handler was asked.
    pub(super) fn of_problem(app: &App, headers: &HeaderMap, target: &str, language: Language) -> Self {
        let caller = app.gate.recognise(Surface::Page, headers, app.engine.now());
        Self::with(app, &caller, language, Part::Elsewhere, target)
    }

    fn with(app: &App, caller: &Caller, language: Language, part: Part, target: &str) -> Self {
        let campaigns = app.engine.campaigns();
        // Whoever is inside is inside one campaign; and where there is only one, every page is about it.
        let inside = caller.pass.as_ref().and_then(|pass| campaigns.get(pass.campaign));
        let campaign = inside.or_else(|| campaigns.iter().next().filter(|_| campaigns.len() == 1));
        Self {
            look: campaign.map_or_else(Arc::default, look_of),
            language,
            rehearsal: app.rehearsal.is_some(),
            target: target.to_owned(),
            acting: caller.login.as_ref().and_then(|login| login.helped_name().map(str::to_owned)),
            csrf: CsrfToken::of_caller(caller).map(|token| token.masked(app.engine.random())),
            of_agents: app.gate.is_of_agents(),
            on_call: caller.login.as_ref().is_some_and(|login| login.agent().is_some()),
            part,
            refresh_secs: None,
        }
    }

    /// The frame of a page that is about this campaign, whichever the citizen is inside of.
    pub(super) fn about(self, campaign: &Arc<Campaign>) -> Self {
        Self { look: look_of(campaign), ..self }
    }

    fn look(&self) -> Option<&LookShown> {
        self.look.as_ref().as_ref()
    }

    /// What stands at the head of every page.
    pub(super) fn service_name(&self) -> Cow<'_, str> {
        match self.look().and_then(LookShown::service) {
            Some(name) => self.language.of(name).into(),
            None => self.text("service-name"),
        }
    }

    /// The stylesheet of the campaign's own colours.
    pub(super) fn look_stylesheet(&self) -> Option<&str> {
        self.look()?.stylesheet()
    }

    /// The campaign's logo: where it is, and its words.
    pub(super) fn logo(&self) -> Option<(&str, &str)> {
        let (path, words): (_, &Bilingual) = self.look()?.logo()?;
        Some((path, self.language.of(words)))
    }

    /// Whom to ask.
    pub(super) fn contact(&self) -> Option<&str> {
        Some(self.language.of(self.look()?.contact()?))
    }

    /// A text of this page's language.
    pub(super) fn text(&self, key: &str) -> Cow<'static, str> {
        self.language.text(key)
    }

    /// A text with one value put in.
    pub(super) fn say(&self, key: &str, name: &'static str, value: &str) -> Cow<'static, str> {
        self.language.text_with(key, &[(name, Value::Text(value))])
    }

    /// A text about a number of things: its placeable is `count`.
    pub(super) fn count(&self, key: &str, count: &i64) -> Cow<'static, str> {
        self.language.text_with(key, &[("count", Value::Number(*count))])
    }

    /// A text about a number of minutes: its placeable is `minutes`.
    pub(super) fn minutes(&self, key: &str, minutes: &i64) -> Cow<'static, str> {
        self.language.text_with(key, &[("minutes", Value::Number(*minutes))])
    }

    /// What stands between a day and a time of it.
    pub(super) fn between_day_and_time(&self) -> &'static str {
        between_day_and_time(self.language)
    }

    pub(super) fn line_stylesheet(&self) -> &'static str {
        assets::line_stylesheet_path()
    }

    pub(super) fn line_script(&self) -> &'static str {
        assets::line_script_path()
    }

    pub(super) fn stylesheet(&self) -> &'static str {
        assets::stylesheet_path()
    }

    pub(super) fn script(&self) -> &'static str {
        assets::script_path()
    }

    /// The icon of the browser's tab: the campaign's logo, if it has one, so that no page loads two.
    pub(super) fn icon(&self) -> &str {
        self.look().and_then(LookShown::logo).map_or(assets::icon_path(), |(path, _)| path)
    }

    pub(super) fn signed_in(&self) -> bool {
        self.csrf.is_some()
    }

    /// Whether the page belongs to this part.
    pub(super) fn is_in(&self, part: &str) -> bool {
        matches!(
            (self.part, part),
            (Part::Find, "find") | (Part::Reservations, "reservations") | (Part::Helping, "helping")
        )
    }

    /// The other language: its tag and its own name.
    pub(super) fn other_language(&self) -> (&'static str, &'static str) {
        match self.language {
            Language::Korean => ("en", "English"),
            Language::English => ("ko", "한국어"),
        }
    }

    /// A frame for samples: signed in or not, in a rehearsal.
    #[cfg(any(test, feature = "samples"))]
    pub(super) fn sample(language: Language, signed_in: bool, part: Part) -> Self {
        Self {
            language,
            rehearsal: true,
            target: "/find?product=pfizer&from=2021-08-30".to_owned(),
            acting: None,
            csrf: signed_in.then(|| "bWFzazAxMjM0NTY3ODlhYvEUEx1EVUZXcGFyVDM4YWI".to_owned()),
            of_agents: false,
            on_call: false,
            part,
            refresh_secs: None,
            look: Arc::default(),
        }
    }

    /// The same, of a campaign with a look of its own.
    #[cfg(any(test, feature = "samples"))]
    pub(super) fn with_sample_look(self) -> Self {
        Self { look: super::look::sample::SAMPLE.clone(), ..self }
    }
}
