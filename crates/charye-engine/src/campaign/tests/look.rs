//! Room: engine/campaign. A campaign's own look: what is taken, what is refused with which remedy, and that a published look
//! stays readable.

use charye_domain::ids::{CampaignId, CampaignVersion};

use super::super::{bundled, canonical_text, diff, read_campaign, read_published};
use super::bundled_file;

const LOOK: &str = r##"
[look]
service = { ko = "우리구 보건소", en = "Our health centre" }
logo = '''
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"
  fill="#0a6b3d"/>'''
logo_words = { ko = "보건소", en = "Health centre" }
accent = { light = "#0a6b3d", dark = "#7fd8a6" }
stripe = { light = "#0a6b3d", dark = "#7fd8a6" }
welcome = { ko = "환영합니다", en = "Welcome" }
bring = { ko = "건강보험증", en = "Your \"insurance\" card" }
contact = { ko = "02-000-0000", en = "02-000-0000" }
"##;

fn with(look: &str) -> String {
    format!("{}\n{look}", bundled("one-clinic").unwrap().text)
}

/// The one door: in the look above `old` becomes `new`; the first error must be `expect`, as it is shown, without its place.
fn refused(old: &str, new: &str, expect: &str) {
    assert!(LOOK.contains(old), "the look has no {old:?}");
    let errors = read_campaign("c.toml", with(&LOOK.replacen(old, new, 1)).as_bytes()).unwrap_err();
    let first = errors.errors.first().unwrap();
    let shown = format!("{} | {}", first.message, first.remedy);
    assert!(shown.contains(expect), "{old:?} -> {new:?}: {shown}");
}

#[test]
fn a_look_is_read_and_its_canonical_text_reads_back_the_same() {
    let read = read_campaign("c.toml", with(LOOK).as_bytes()).unwrap_or_else(|errors| panic!("{errors}"));
    let look = read.campaign.look.as_deref().unwrap();
    assert_eq!(look.service.as_ref().unwrap().ko, "우리구 보건소");
    let logo = look.logo.as_ref().unwrap();
    assert!(logo.svg.starts_with("<svg ") && !logo.svg.contains('\n'), "{}", logo.svg);
    assert_eq!(look.accent.unwrap().light.to_string(), "#0a6b3d");
    let text = canonical_text(&read);
    let again = read_published(&text, CampaignId(0), CampaignVersion(1)).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(again, read.campaign);
}

#[test]
fn a_file_without_a_look_has_none_and_its_canonical_text_says_nothing_of_one() {
    let file = bundled_file("one-clinic");
    assert_eq!(file.campaign.look, None);
    assert!(!canonical_text(&file).contains("look"));
}

#[test]
fn colours_that_cannot_be_told_are_refused_with_the_ratio_and_the_nearest_that_can() {
    refused(
        "accent = { light = \"#0a6b3d\"",
        "accent = { light = \"#4caf50\"",
        "`accent`: #4caf50 on light pages has a contrast of 2.43 with #fdecea (bad-wash), 4.5 is needed | write \"#357b38\", the nearest of its hue that does, or another colour",
    );
    refused("dark = \"#7fd8a6\" }\nstripe", "dark = \"#0a6b3d\" }\nstripe", "`accent`: #0a6b3d on dark pages");
    refused("stripe = { light = \"#0a6b3d\"", "stripe = { light = \"#cccccc\"", "3 is needed");
    refused("stripe = { light = \"#0a6b3d\"", "stripe = { light = \"green\"", "there is no `light` colour");
    refused("stripe = { light = \"#0a6b3d\", ", "stripe = { ", "there is no `light` colour");
}

#[test]
fn a_finding_stands_at_the_colour_it_is_about() {
    let text = with(&LOOK.replace("dark = \"#7fd8a6\" }\nwelcome", "dark = \"#222222\" }\nwelcome"));
    let errors = read_campaign("c.toml", text.as_bytes()).unwrap_err();
    let line = text.lines().position(|line| line.contains("#222222")).unwrap() + 1;
    let column = text.lines().nth(line - 1).unwrap().find("\"#222222").unwrap() + 1;
    let first = errors.errors.first().unwrap();
    assert_eq!((first.line as usize, first.column as usize), (line, column));
}

#[test]
fn a_logo_that_does_more_than_draw_is_refused() {
    refused("<svg xmlns", "<script xmlns", "at character 1 of the logo <script> is not drawn here");
    refused("fill=\"#0a6b3d\"/>", "onclick=\"a()\"/>", "\"onclick\"");
    refused("logo_words = { ko = \"보건소\", en = \"Health centre\" }\n", "", "no words for those who do not see it");
    refused("[look]\n", "[look]\nlogo_word = 1\n", "did you mean `logo_words`?");
}

#[test]
fn what_was_published_is_read_whatever_is_thought_of_it_now() {
    let text = canonical_text(&read_campaign("c.toml", with(LOOK).as_bytes()).unwrap());
    let faint = text.replace("#0a6b3d", "#eeeeee");
    assert!(read_campaign("c.toml", faint.as_bytes()).is_err());
    let campaign = read_published(&faint, CampaignId(0), CampaignVersion(1)).unwrap();
    assert_eq!(campaign.look.unwrap().accent.unwrap().light.to_string(), "#eeeeee");
}

#[test]
fn a_changed_look_is_a_change_for_people() {
    let plain = bundled_file("one-clinic").campaign;
    let with_look = read_campaign("c.toml", with(LOOK).as_bytes()).unwrap().campaign;
    let changes: Vec<String> = diff(&plain, &with_look).iter().map(|change| change.what.clone()).collect();
    assert_eq!(changes.len(), 7, "{changes:?}");
    assert!(changes.iter().all(|what| what.starts_with("look, ")), "{changes:?}");
    assert_eq!(diff(&with_look, &with_look), Vec::new());
}

/// Between the fences of its page, the documented example: what is told there can be copied.
#[test]
fn the_documented_look_is_taken_as_it_stands() {
    let page = include_str!("../../../../../docs/reference/campaign-look.md");
    let example = page.split_once("```toml\n").and_then(|(_, rest)| rest.split_once("```")).unwrap().0;
    let read = read_campaign("c.toml", with(example).as_bytes()).unwrap_or_else(|errors| panic!("{errors}"));
    let look = read.campaign.look.unwrap();
    assert!(look.service.is_some() && look.logo.is_some() && look.accent.is_some() && look.stripe.is_some());
    assert!(look.welcome.is_some() && look.bring.is_some() && look.contact.is_some());
}
