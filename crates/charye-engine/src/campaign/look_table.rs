//! Room: engine/campaign. The table `[look]`: name at the head, logo, colours and texts of a campaign's pages. Called by
//! `file`; notes what is wrong and changes nothing.
//!
//! A draft's colours and logo are judged. A published text's are only read: what was right when it was published is shown
//! as long as it stands, whatever later versions would say of it.

use charye_domain::campaign::look::{CampaignLook, Colours, Logo, Rgb};
use toml::de::DeValue;

use super::contrast::{GROUNDS, Grounds, TooFaint};
use super::file_error::Findings;
use super::logo::{self, LOGO_BYTES_MAX};
use super::toml_walk::{Complaint, Section, Value, bilingual, bilingual_up_to, string};

/// Characters of a text on pages.
const LONG_TEXT_CHARS_MAX: usize = 240;

const KNOWN: [&str; 8] = ["service", "logo", "logo_words", "accent", "stripe", "welcome", "bring", "contact"];

/// Whose text is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// A file that somebody may still correct.
    Draft,
    /// The canonical text of a campaign that was published.
    Published,
}

/// The look; `Some(None)` if the file has no `[look]`, `None` if what it says cannot be used.
pub(super) fn read(
    findings: &mut Findings<'_>,
    top: &Section<'_, '_>,
    reading: Reading,
) -> Option<Option<Box<CampaignLook>>> {
    let Some(value) = top.value("look") else { return Some(None) };
    let Some(table) = value.get_ref().as_table() else {
        findings.note(&value.span(), "`look` is not a table", "write [look] above its lines");
        return None;
    };
    let section = Section::new(findings, "[look]", value.span(), table, &KNOWN);
    let long = |value: &Value<'_>| bilingual_up_to(value, LONG_TEXT_CHARS_MAX);
    let look = CampaignLook {
        service: section.optional(findings, "service", bilingual),
        logo: read_logo(findings, &section, reading),
        accent: section.optional(findings, "accent", colours),
        stripe: section.optional(findings, "stripe", colours),
        welcome: section.optional(findings, "welcome", long),
        bring: section.optional(findings, "bring", long),
        contact: section.optional(findings, "contact", long),
    };
    if reading == Reading::Draft {
        judge(findings, &section, "accent", look.accent, Grounds::of_text);
        judge(findings, &section, "stripe", look.stripe, Grounds::of_part);
    }
    Some(Some(Box::new(look)))
}

fn read_logo(findings: &mut Findings<'_>, section: &Section<'_, '_>, reading: Reading) -> Option<Logo> {
    let words = section.optional(findings, "logo_words", bilingual);
    let svg = section.optional(findings, "logo", |value| drawing(value, reading));
    match (svg, words) {
        (Some(svg), Some(words)) => Some(Logo { svg, words }),
        (Some(_), None) if section.value("logo_words").is_none() => {
            let remedy = "add a line such as `logo_words = { ko = \"보건소\", en = \"Health centre\" }`";
            findings.note(&section.place("logo"), "the logo has no words for those who do not see it", remedy);
            None
        }
        (None, Some(_)) if section.value("logo").is_none() => {
            let remedy = "add the drawing as `logo = '''..'''`, or remove the words";
            findings.note(&section.place("logo_words"), "there are words for a logo, and no logo", remedy);
            None
        }
        _ => None,
    }
}

/// An SVG on one line.
fn drawing(value: &Value<'_>, reading: Reading) -> Result<String, Complaint> {
    // As an editor leaves it: line breaks and indents mean nothing in what may stand in a logo.
    let svg = string(value)?.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
    let remedy =
        || format!("export it as plain SVG of shapes and colours, {LOGO_BYTES_MAX} bytes at most, without style");
    if svg.len() > LOGO_BYTES_MAX || svg.chars().any(char::is_control) {
        return Err((format!("the logo has {} bytes, or control characters", svg.len()), remedy()));
    }
    match logo::check(&svg) {
        Err(no) if reading == Reading::Draft => {
            Err((format!("at character {} of the logo {}", no.at, no.why), remedy()))
        }
        _ => Ok(svg),
    }
}

/// `{ light = "#0b50b0", dark = "#9cc4ff" }`.
fn colours(value: &Value<'_>) -> Result<Colours, Complaint> {
    let wrong = |what: &str| (what.to_owned(), "write { light = \"#0b50b0\", dark = \"#9cc4ff\" }".to_owned());
    let Some(table) = value.get_ref().as_table() else {
        return Err(wrong("a colour for light and one for dark pages are wanted"));
    };
    if table.keys().any(|key| !["light", "dark"].contains(&&**key.get_ref())) {
        return Err(wrong("colours are of light and of dark pages, and of no others"));
    }
    let colour = |scheme: &str| {
        let text = table.get(scheme).and_then(|value| value.get_ref().as_str());
        text.and_then(Rgb::parse).ok_or_else(|| wrong(&format!("there is no `{scheme}` colour such as \"#0b50b0\"")))
    };
    Ok(Colours { light: colour("light")?, dark: colour("dark")? })
}

fn judge(
    findings: &mut Findings<'_>,
    section: &Section<'_, '_>,
    key: &str,
    colours: Option<Colours>,
    rule: impl Fn(&Grounds, Rgb) -> Result<(), TooFaint>,
) {
    let Some(colours) = colours else { return };
    for (grounds, colour) in GROUNDS.iter().zip([colours.light, colours.dark]) {
        let Err(faint) = rule(grounds, colour) else { continue };
        let at = match section.value(key).map(toml::Spanned::get_ref) {
            Some(DeValue::Table(table)) => table.get(grounds.scheme).map(toml::Spanned::span),
            _ => None,
        };
        let message = format!(
            "`{key}`: {colour} on {} pages has a contrast of {:.2} with {} ({}), {} is needed",
            grounds.scheme,
            // Never rounded up to what is needed.
            (faint.found * 100.0).floor() / 100.0,
            faint.against,
            faint.against_name,
            faint.needed,
        );
        let remedy = format!("write \"{}\", the nearest of its hue that does, or another colour", faint.nearest);
        findings.note(&at.unwrap_or_else(|| section.place(key)), message, remedy);
    }
}
