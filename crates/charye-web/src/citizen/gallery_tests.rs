//! Every page with every sample in every language, held to what each page owes its reader: language, one heading, names
//! for controls, nothing inline, nothing foreign, nothing unescaped, no text missing.

use std::collections::BTreeSet;

use super::samples::Names;
use crate::gzip::Packer;
use crate::locale::Language;

/// A tag of a page: its name, its attributes, whether it closes.
struct Tag {
    name: String,
    attributes: Vec<(String, String)>,
    closes: bool,
    /// The text up to the next tag.
    text: String,
}

impl Tag {
    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    fn opens(&self, name: &str) -> bool {
        !self.closes && self.name == name
    }
}

/// Reads our own pages, strictly: what it does not understand fails the test.
fn tags(html: &str) -> Vec<Tag> {
    let mut tags = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        let (inner, after) = split_tag(&rest[start + 1..]);
        let text = after.split('<').next().unwrap().to_owned();
        rest = after;
        let closes = inner.starts_with('/');
        let inner = inner.trim_start_matches('/');
        let (name, attributes) = inner.split_once(char::is_whitespace).unwrap_or((inner, ""));
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || c == '!'), "not a tag: <{inner}>");
        tags.push(Tag { name: name.to_owned(), attributes: attributes_of(attributes), closes, text });
    }
    tags
}

/// Up to the `>` that is not in quotes.
fn split_tag(text: &str) -> (&str, &str) {
    let mut quoted = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '>' if !quoted => return (&text[..at], &text[at + 1..]),
            _ => {}
        }
    }
    panic!("a tag does not end: {}", text.chars().take(80).collect::<String>());
}

fn attributes_of(text: &str) -> Vec<(String, String)> {
    let mut attributes = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let end = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        if let Some(quoted) = after.strip_prefix("=\"") {
            let (value, after) = quoted.split_once('"').expect("an attribute's value ends");
            attributes.push((name.to_owned(), value.to_owned()));
            rest = after.trim_start();
        } else {
            assert!(!after.starts_with('='), "an attribute without quotes: {text}");
            attributes.push((name.to_owned(), String::new()));
            rest = after.trim_start();
        }
    }
    attributes
}

fn check_page(language: Language, name: &str, html: &str) {
    let place = format!("{name} in {}", language.tag());
    let own = [super::assets::script_path(), super::assets::line_script_path()];
    let own = own.map(|path| html.matches(&format!("<script src=\"{path}\" defer></script>")).count());
    let scripts = html.matches("<script").count();
    assert_eq!(scripts, own.iter().sum::<usize>(), "{place}: something unescaped, or a foreign script");
    assert!(scripts <= 1, "{place}: the script twice");
    for missing in html.split('[').skip(1) {
        let key = missing.split(']').next().unwrap();
        let looks_like_key = key.contains('-') && key.chars().all(|c| c.is_ascii_lowercase() || c == '-');
        assert!(!looks_like_key, "{place}: text {key} is missing");
    }
    let tags = tags(html);
    check_frame(language, &place, &tags);
    check_nothing_inline_or_foreign(&place, &tags);
    check_controls(&place, &tags);
    check_forms(&place, &tags, html.contains("action=\"/sign-out\""));
}

fn check_frame(language: Language, place: &str, tags: &[Tag]) {
    assert!(tags.iter().any(|tag| tag.opens("html") && tag.attribute("lang") == Some(language.tag())), "{place}: lang");
    assert_eq!(tags.iter().filter(|tag| tag.opens("h1")).count(), 1, "{place}: one h1");
    let title = tags.iter().find(|tag| tag.opens("title")).expect("a title");
    assert!(title.text.trim().chars().count() > 5 && !title.text.trim().starts_with('·'), "{place}: {}", title.text);
    let mut ids = BTreeSet::new();
    for id in tags.iter().filter_map(|tag| tag.attribute("id")) {
        assert!(ids.insert(id), "{place}: id {id} stands twice");
    }
    for (name, value) in tags.iter().flat_map(|tag| &tag.attributes) {
        if ["for", "aria-describedby", "aria-labelledby"].contains(&name.as_str()) {
            assert!(ids.contains(value.as_str()), "{place}: {name}={value} leads nowhere");
        }
    }
    let own = tags.iter().filter(|tag| tag.opens("a")).filter_map(|tag| tag.attribute("href")?.strip_prefix('#'));
    for id in own {
        assert!(ids.contains(id), "{place}: #{id} leads nowhere");
    }
    let mut open: Vec<&str> = Vec::new();
    for tag in tags {
        let void = ["!doctype", "meta", "link", "input", "br", "img"].contains(&tag.name.as_str());
        match tag.closes {
            false if !void => open.push(&tag.name),
            true => assert_eq!(open.pop(), Some(tag.name.as_str()), "{place}: tags do not nest"),
            false => {}
        }
    }
    assert!(open.is_empty(), "{place}: {open:?} not closed");
    let level = |tag: &Tag| tag.name.strip_prefix('h').filter(|_| !tag.closes)?.parse::<u8>().ok();
    let levels: Vec<u8> = tags.iter().filter_map(level).collect();
    assert!(
        levels.windows(2).all(|pair| pair[1] <= pair[0] + 1),
        "{place}: a level of headings is left out: {levels:?}"
    );
}

fn check_nothing_inline_or_foreign(place: &str, tags: &[Tag]) {
    for tag in tags {
        assert!(!["style", "iframe", "object"].contains(&tag.name.as_str()), "{place}: {}", tag.name);
        // The only picture is a campaign's own logo, of which a reader is told.
        let is_logo =
            tag.attribute("src").is_some_and(|src| src.starts_with("/look/")) && tag.attribute("alt").is_some();
        assert!(tag.name != "img" || is_logo, "{place}: a picture");
        for (name, value) in &tag.attributes {
            assert!(!name.starts_with("on") && name != "style", "{place}: inline {name}");
            if ["href", "src", "action"].contains(&name.as_str()) {
                let ours = value.starts_with('#') || value.starts_with('/') && !value.starts_with("//");
                // The one page that leads to a provider leads there with a link or a form, and loads nothing of it.
                let away = place.starts_with("sign-in-away")
                    && name != "src"
                    && value.starts_with("https://provider.example/");
                assert!(ours || away, "{place}: {name}={value} is not ours");
            }
        }
    }
}

fn check_controls(place: &str, tags: &[Tag]) {
    let labelled: BTreeSet<&str> =
        tags.iter().filter(|tag| tag.opens("label")).filter_map(|tag| tag.attribute("for")).collect();
    for tag in tags.iter().filter(|tag| ["input", "select", "textarea"].contains(&tag.name.as_str()) && !tag.closes) {
        assert!(tag.attribute("name").is_some(), "{place}: a control without a name");
        if tag.attribute("type") != Some("hidden") {
            let id = tag.attribute("id").expect("a control has an id");
            assert!(labelled.contains(id), "{place}: control {id} has no label");
        }
    }
    for (index, tag) in tags.iter().enumerate().filter(|(_, tag)| tag.opens("button") || tag.opens("a")) {
        let end = tags[index..].iter().position(|end| end.closes && end.name == tag.name).unwrap();
        let text: String = tags[index..index + end].iter().map(|tag| tag.text.trim()).collect();
        assert!(!text.is_empty() || tag.attribute("aria-label").is_some(), "{place}: {} without a name", tag.name);
    }
    for (index, _) in tags.iter().enumerate().filter(|(_, tag)| tag.opens("fieldset")) {
        assert!(tags[index + 1].opens("legend") && !tags[index + 1].text.trim().is_empty(), "{place}: a legend");
    }
}

fn check_forms(place: &str, tags: &[Tag], signed_in: bool) {
    for (index, form) in tags.iter().enumerate().filter(|(_, tag)| tag.opens("form")) {
        assert!(
            form.attribute("method").is_some() && form.attribute("action").is_some(),
            "{place}: a form leads nowhere"
        );
        let end = tags[index..].iter().position(|tag| tag.closes && tag.name == "form").unwrap();
        let inside = &tags[index..index + end];
        assert!(inside.iter().any(|tag| tag.opens("button")), "{place}: a form without a button");
        let csrf = inside.iter().any(|tag| tag.attribute("name") == Some("csrf"));
        let changes = form.attribute("method") == Some("post");
        assert_eq!(csrf, changes && signed_in, "{place}: csrf in {:?}", form.attribute("action"));
    }
}

#[test]
fn every_page_keeps_what_it_owes_in_both_languages() {
    for language in Language::ALL {
        let pages = super::samples(language, Names::Hostile);
        assert!(pages.len() > 80, "samples are collected");
        for (name, html) in pages {
            check_page(language, name, &html);
        }
    }
}

/// Bytes of a text as they are sent to whoever takes gzip.
fn sent_bytes(packer: &mut Packer, text: &str) -> usize {
    packer.pack(text.as_bytes()).map_or(text.len(), |packed| packed.len())
}

/// Every asset's path, and its bytes as sent.
fn assets_sent() -> Vec<(&'static str, usize)> {
    let all = super::assets::all().into_iter().chain(super::look::sample::files());
    all.map(|(path, content)| (path, sent_bytes(&mut Packer::thorough(), content))).collect()
}

/// What a page asks for beyond itself, and the bytes of everything together as sent.
fn load(packer: &mut Packer, assets: &[(&str, usize)], html: &str) -> (usize, usize) {
    let loaded: Vec<_> = assets.iter().filter(|(path, _)| html.contains(&format!("=\"{path}\""))).collect();
    (1 + loaded.len(), sent_bytes(packer, html) + loaded.iter().map(|(_, bytes)| bytes).sum::<usize>())
}

#[test]
fn every_page_with_all_it_loads_stays_within_what_a_slow_link_bears() {
    let (assets, mut packer) = (assets_sent(), Packer::quick());
    let [(_, sheet), (_, script), _, (_, line_sheet), (_, line_script), ..] = assets[..] else { panic!("five assets") };
    assert!(sheet <= 15_000, "{sheet} bytes of stylesheet");
    assert!(line_sheet <= 4_000, "{line_sheet} bytes of the waiting page's stylesheet");
    assert!(script + line_script <= 10_000, "{script} and {line_script} bytes of script");
    for (name, html) in Language::ALL.into_iter().flat_map(|language| super::samples(language, Names::Usual)) {
        let (requests, bytes) = load(&mut packer, &assets, &html);
        let own = ["=\"/assets/", "=\"/look/"].map(|folder| html.matches(folder).count());
        // A logo stands at the head and in the browser's tab, and is asked for once.
        let twice = usize::from(html.contains("<img"));
        assert_eq!(own.iter().sum::<usize>() - twice + 1, requests, "{name} loads what is there, and once");
        let bytes_max = if name.starts_with("wait-") { 14_000 } else { 40_000 };
        assert!(requests <= 6 && bytes <= bytes_max, "{name}: {requests} requests, {bytes} bytes");
    }
}

/// Everyone loads the waiting page at once, and whoever comes from an identity provider's site loads it without
/// compression: even then page, stylesheet, script and icon stay small.
#[test]
fn the_waiting_page_stays_small_in_every_state_and_language() {
    let [_, _, icon, sheet, script] = super::assets::all().map(|(_, content)| content.len());
    assert!(sheet <= 4_096, "{sheet} bytes of stylesheet");
    assert!(script <= 4_608, "{script} bytes of script");
    let mut seen = 0;
    for (name, html) in Language::ALL.into_iter().flat_map(|language| super::samples(language, Names::Usual)) {
        if !name.starts_with("wait-") {
            continue;
        }
        seen += 1;
        let sum = html.len() + sheet + script + icon;
        assert!(html.len() <= 9_000 && sum <= 18_000, "{name}: {} of page, {sum} bytes in all", html.len());
        let assets = html.matches("=\"/assets/").count();
        assert_eq!(assets, 3, "{name} loads its stylesheet, its script, the icon and nothing else");
    }
    assert!(seen >= 20, "{seen} samples");
}

/// What stands in quotes after each `opener` in a text.
fn quoted_after<'a>(text: &'a str, opener: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(opener).skip(1).filter_map(|rest| rest.split('"').next())
}

#[test]
fn every_text_that_pages_ask_for_exists_and_every_text_is_asked_for() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = String::new();
    for folder in ["pages", "src/citizen"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                sources.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }
    let mut asked = 0;
    for opener in ["layout.text(\"", "language.text(\"", "language.text_with(\"", ".say(\"", ".count(\"", ".minutes(\""]
    {
        for key in quoted_after(&sources, opener) {
            asked += 1;
            for language in Language::ALL {
                assert!(language.has_text(key), "{} has no text {key}", language.tag());
            }
        }
    }
    assert!(asked > 150, "{asked} texts found: the scan reads the templates");
    let file = |name| std::fs::read_to_string(root.join("translations/ko").join(name)).unwrap();
    let texts = ["pages.ftl", "line.ftl"].map(file).concat();
    for key in texts.lines().filter_map(|line| line.split_once(" =")).map(|(key, _)| key) {
        let named = sources.contains(&format!("\"{key}\"")) || key.starts_with("field-error-");
        assert!(!key.starts_with(|c: char| c.is_ascii_lowercase()) || named, "nobody asks for text {key}");
    }
}
