//! Room: web/citizen. A campaign's own look as its pages show it: a small stylesheet that sets colours, a logo, texts. Asked
//! for by `layout` on every page, and served by hash, so that browsers keep both and no page needs style of its own. Never
//! judges a look: `charye campaign check` and `publish` have.

use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use charye_domain::campaign::look::{CampaignLook, Rgb};
use charye_domain::campaign::{Bilingual, Campaign};
use hyper::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderValue};
use hyper::{Method, StatusCode};

use crate::gate::Access;
use crate::made_of::MadeOf;
use crate::problem::Problem;
use crate::routes::Route;
use crate::{Answer, Asked};

/// The looks of the campaigns there are.
static LOOKS: LazyLock<MadeOf<Campaign, Option<LookShown>>> = LazyLock::new(MadeOf::default);

pub(super) fn routes() -> Vec<Route> {
    vec![Route::page(Method::GET, "/look/{file}", Access::Anyone, show)]
}

/// A look, ready to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LookShown {
    look: CampaignLook,
    stylesheet: Option<LookFile>,
    logo: Option<LookFile>,
}

/// One file of a look.
#[derive(Clone, Debug, PartialEq, Eq)]
struct LookFile {
    /// `/look/HASH.css` or `.svg`.
    path: String,
    content: Bytes,
}

impl LookFile {
    fn new(content: String, extension: &str) -> Self {
        let hash = blake3::hash(content.as_bytes()).to_hex();
        let path = format!("/look/{}.{extension}", hash.get(..12).unwrap_or_default());
        Self { path, content: content.into() }
    }
}

/// The look of a campaign, if it has one. Made once a version.
pub(super) fn look_of(campaign: &Arc<Campaign>) -> Arc<Option<LookShown>> {
    LOOKS.of(campaign, |campaign| campaign.look.as_deref().map(LookShown::of))
}

impl LookShown {
    fn of(look: &CampaignLook) -> Self {
        let logo = look.logo.as_ref().map(|logo| LookFile::new(logo.svg.clone(), "svg"));
        Self { stylesheet: stylesheet(look), logo, look: look.clone() }
    }

    pub(super) fn stylesheet(&self) -> Option<&str> {
        self.stylesheet.as_ref().map(|file| file.path.as_str())
    }

    /// Where the logo is, and what it says to somebody who does not see it.
    pub(super) fn logo(&self) -> Option<(&str, &Bilingual)> {
        Some((self.logo.as_ref()?.path.as_str(), &self.look.logo.as_ref()?.words))
    }

    /// What stands at the head of the page.
    pub(super) fn service(&self) -> Option<&Bilingual> {
        self.look.service.as_ref()
    }

    /// What stands at its foot.
    pub(super) fn contact(&self) -> Option<&Bilingual> {
        self.look.contact.as_ref()
    }

    fn files(&self) -> impl Iterator<Item = &LookFile> {
        [&self.stylesheet, &self.logo].into_iter().flatten()
    }
}

/// The tokens of the stylesheets that a campaign sets, for light pages and for dark ones.
fn stylesheet(look: &CampaignLook) -> Option<LookFile> {
    let tokens = |of: fn(&charye_domain::campaign::look::Colours) -> Rgb| {
        let mut css = String::new();
        if let Some(accent) = look.accent.as_ref().map(of) {
            let _ = write!(css, "--blue:{accent};--focus:{accent};");
        }
        if let Some(stripe) = look.stripe.as_ref().map(of) {
            let _ = write!(css, "--stripe:{stripe};");
        }
        css
    };
    let (light, dark) = (tokens(|colours| colours.light), tokens(|colours| colours.dark));
    let css = format!(":root{{{light}}}\n@media (prefers-color-scheme:dark){{:root{{{dark}}}}}\n");
    (!light.is_empty()).then(|| LookFile::new(css, "css"))
}

/// A file of a look in force. An older one is gone with its version: the page is shown in our own colours then.
async fn show(asked: Asked) -> Result<Answer, Problem> {
    let file = asked.path_value(0)?;
    let campaigns = asked.app.engine.campaigns();
    let looks: Vec<_> = campaigns.iter().map(look_of).collect();
    let shown = looks.iter().filter_map(|look| look.as_ref().as_ref());
    let is_asked = |found: &&LookFile| found.path.strip_prefix("/look/") == Some(file);
    let found = shown.flat_map(LookShown::files).find(is_asked).ok_or_else(|| Problem::new("not_found"))?;
    let is_logo = found.path.ends_with(".svg");
    let media_type = if is_logo { "image/svg+xml" } else { "text/css; charset=utf-8" };
    let kept = HeaderValue::from_static("public, max-age=31536000, immutable");
    let answer = Answer::of(StatusCode::OK, media_type, found.content.clone()).with(CACHE_CONTROL, kept);
    // Opened by itself a drawing is a document: one that may load and do nothing at all.
    let nothing = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; sandbox");
    Ok(if is_logo { answer.with(CONTENT_SECURITY_POLICY, nothing) } else { answer })
}

#[cfg(any(test, feature = "samples"))]
pub(super) mod sample {
    //! A look as a town's health centre could choose it.

    use charye_domain::campaign::look::{Colours, Logo};

    use super::*;

    pub(in super::super) static SAMPLE: LazyLock<Arc<Option<LookShown>>> = LazyLock::new(|| {
        let text = |ko: &str, en: &str| Some(Bilingual { ko: ko.to_owned(), en: en.to_owned() });
        let colours = |light, dark| Some(Colours { light: Rgb(light), dark: Rgb(dark) });
        let svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 24 24\"><circle cx=\"12\" cy=\"12\" r=\"11\" \
                   fill=\"#0a6b3d\"/><path d=\"M12 6v12M6 12h12\" stroke=\"#fff\" stroke-width=\"3\"/></svg>";
        let words = Bilingual { ko: "샛별시 보건소".to_owned(), en: "Saetbyeol Health Centre".to_owned() };
        let look = CampaignLook {
            service: text("샛별시 예방접종", "Saetbyeol Vaccination"),
            logo: Some(Logo { svg: svg.to_owned(), words }),
            accent: colours([0x0a, 0x6b, 0x3d], [0x7f, 0xd8, 0xa6]),
            stripe: colours([0xc2, 0x57, 0x0c], [0xe0, 0x80, 0x3a]),
            welcome: text("동네 의원에서 독감 예방접종을 합니다.", "Flu vaccination at clinics in your neighbourhood."),
            bring: text("건강보험증", "your health insurance card"),
            contact: text("문의: 샛별시 보건소 02-000-0000", "Questions: Saetbyeol Health Centre, 02-000-0000"),
        };
        Arc::new(Some(LookShown::of(&look)))
    });

    /// Its files, for whoever writes pages to a folder.
    pub(in super::super) fn files() -> Vec<(&'static str, &'static str)> {
        let shown = SAMPLE.as_ref().as_ref().map(LookShown::files);
        let text = |file: &'static LookFile| Some((file.path.as_str(), std::str::from_utf8(&file.content).ok()?));
        shown.into_iter().flatten().filter_map(text).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use charye_domain::campaign::look::Colours;
    use charye_engine::campaign::GROUNDS;

    #[test]
    fn a_look_without_colours_has_no_stylesheet_and_one_with_some_sets_these_only() {
        assert_eq!(stylesheet(&CampaignLook::default()), None);
        let stripe = Some(Colours { light: Rgb([1, 2, 3]), dark: Rgb([4, 5, 6]) });
        let file = stylesheet(&CampaignLook { stripe, ..CampaignLook::default() }).unwrap();
        let css = ":root{--stripe:#010203;}\n@media (prefers-color-scheme:dark){:root{--stripe:#040506;}}\n";
        assert_eq!(std::str::from_utf8(&file.content), Ok(css));
        assert!(file.path.starts_with("/look/") && file.path.ends_with(".css"), "{}", file.path);
    }

    /// The colours that a campaign's own are judged against are those of the stylesheet, in both schemes.
    #[test]
    fn what_colours_are_judged_against_is_what_they_stand_on() {
        let css = super::super::assets::all().map(|(_, content)| content)[0];
        let (light, dark) = css.split_once("prefers-color-scheme: dark").unwrap();
        for (grounds, tokens) in GROUNDS.iter().zip([light, dark]) {
            let tokens = tokens.split_once("color-scheme: light dark").map_or(tokens, |(tokens, _)| tokens);
            let is = |name: &str, colour: Rgb| {
                let value = tokens.split_once(&format!("--{name}: ")).unwrap().1.split(';').next().unwrap();
                let long = match value.len() {
                    4 => value.chars().skip(1).fold("#".to_owned(), |long, c| format!("{long}{c}{c}")),
                    _ => value.to_owned(),
                };
                assert_eq!(long, colour.to_string(), "{name} on {} pages", grounds.scheme);
            };
            grounds.papers.iter().for_each(|(name, colour)| is(name, *colour));
            is("blue-ink", grounds.button_ink);
        }
    }
}
