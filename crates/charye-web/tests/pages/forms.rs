//! What every form owes whoever fills it in wrongly. The forms are those of the table of routes: a form without a row here
//! fails the test, so does a row whose form is gone. Each typed field is sent empty, wrong, too long and with markup.

use charye_domain::book::samples;
use charye_domain::campaign::{Campaign, UniquenessScheme};
use charye_domain::vaccine::DoseTwoPolicy;
use charye_engine::fakes::FakeProvider;
use charye_engine::ports::{AskedField, FlowKind, IdentityProvider as _, ProviderFacts};

use super::stage::{Browser, CHILD, FIRST_ADULT, House, Page, unescaped};

/// A form with fields that somebody types into.
struct Typed {
    method: &'static str,
    path: &'static str,
    /// Which are typed, with what is right in each.
    fields: &'static [Field],
    /// Whether it may be sent without anything in it.
    may_be_empty: bool,
}

struct Field {
    name: &'static str,
    /// Id of its control.
    control: &'static str,
    right: &'static str,
    /// Each wrong by itself, the other fields being right.
    wrong: &'static [&'static str],
    /// How much of it is kept. Unit: characters.
    kept_max: usize,
}

/// Markup as somebody would type it who wants to break a page.
const MARKUP: &str = "\"><b>";

const YEAR: Field = Field {
    name: "year",
    control: "birth-year",
    right: "1990",
    wrong: &["", "90", "y", "2999", "99999999"],
    kept_max: 8,
};
const MONTH: Field =
    Field { name: "month", control: "birth-month", right: "3", wrong: &["", "13", "m", "333333333"], kept_max: 8 };
const DAY: Field =
    Field { name: "day", control: "birth-day", right: "9", wrong: &["", "32", "d", "999999999"], kept_max: 8 };

const TYPED: [Typed; 7] = [
    Typed { method: "POST", path: "/my-day", fields: &[YEAR, MONTH, DAY], may_be_empty: false },
    Typed {
        method: "POST",
        path: "/sign-in",
        fields: &[Field {
            name: "number",
            control: "number",
            right: "900309-9000000",
            wrong: &["", "1", "no number at all"],
            kept_max: 20,
        }],
        may_be_empty: false,
    },
    Typed {
        method: "POST",
        path: "/sign-in/{provider}",
        fields: &[
            Field { name: "name", control: "app-name", right: "김하나", wrong: &[""], kept_max: 60 },
            Field { name: "phone", control: "app-phone", right: "010-1234-5678", wrong: &[""], kept_max: 60 },
        ],
        may_be_empty: false,
    },
    Typed {
        method: "POST",
        path: "/helping/code",
        fields: &[Field {
            name: "code",
            control: "code",
            right: "1-2345-6789",
            wrong: &["", "12", "code"],
            kept_max: 40,
        }],
        may_be_empty: false,
    },
    Typed {
        method: "POST",
        path: "/helping/child",
        fields: &[
            Field { name: "name", control: "child-name", right: "시험 아이", wrong: &[""], kept_max: 80 },
            YEAR,
            MONTH,
            DAY,
            Field { name: "number", control: "child-number", right: "170309-9000001", wrong: &[""], kept_max: 20 },
        ],
        may_be_empty: false,
    },
    Typed {
        method: "POST",
        path: "/my-data/erase",
        fields: &[Field { name: "sure", control: "sure", right: "1", wrong: &["", "0", "yes"], kept_max: 0 }],
        may_be_empty: false,
    },
    Typed {
        method: "GET",
        path: "/find",
        fields: &[
            Field {
                name: "name",
                control: "name",
                right: "C1",
                wrong: &["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"],
                kept_max: 60,
            },
            Field { name: "product", control: "product", right: "", wrong: &["nothing"], kept_max: 0 },
            Field { name: "from", control: "from", right: "", wrong: &["2021-13-01", "2031-01-01", "x"], kept_max: 60 },
            Field { name: "to", control: "to", right: "", wrong: &["2021-13-01", "x"], kept_max: 60 },
        ],
        may_be_empty: true,
    },
];

/// Forms of buttons and of what the page itself put in: nobody types there, so nothing can be typed wrongly. What a forged one
/// is answered with, `wrong_turns` and `whole_way` hold. One is the way back from an identity provider (`providers`).
const PRESSED: [&str; 16] = [
    "/line",
    "/line/{campaign}/leave",
    "/find/near",
    "/holds",
    "/hold/extend",
    "/hold/release",
    "/hold/confirm",
    "/reservations/{number}/change",
    "/reservations/{number}/cancel",
    "/helping/invite",
    "/helping/stop",
    "/helping/{help}/act",
    "/helping/{help}/end",
    "/sign-out",
    "/language",
    "/sign-in/{provider}/callback",
];

#[test]
fn every_form_of_the_table_of_routes_has_its_row_here() {
    let house = House::open(4);
    let posted: Vec<&str> =
        house.table.routes().filter(|route| route.method == "POST").map(|route| route.path).collect();
    for path in &posted {
        let typed = TYPED.iter().any(|form| form.method == "POST" && form.path == *path);
        assert!(typed != PRESSED.contains(path), "{path} has no row here, or two");
    }
    for path in TYPED.iter().filter(|form| form.method == "POST").map(|form| form.path).chain(PRESSED) {
        assert!(posted.contains(&path), "{path} is no form any more");
    }
}

/// Sends a form with these fields, from a page of the same person.
fn send(browser: &mut Browser, form: &Typed, fields: &[(&str, &str)]) -> Page {
    if form.method == "GET" {
        return browser.get(&format!("{}?{}", form.path, serde_urlencoded::to_string(fields).unwrap()));
    }
    let frame = browser.get(if form.path.starts_with("/helping") { "/helping" } else { "/problems" });
    let path = form.path.replace("{provider}", "app");
    match frame.body.contains("name=\"csrf\"") {
        true => browser.submit(&frame, &path, fields),
        false => browser.post(&path, fields),
    }
}

/// The tag of the control with this id.
fn control<'a>(page: &'a Page, id: &str) -> &'a str {
    let mark = format!(" id=\"{id}\"");
    let at = page.body.find(&mark).unwrap_or_else(|| panic!("no control {id}: {}", page.body));
    let start = page.body[..at].rfind('<').unwrap();
    &page.body[start..start + page.body[start..].find('>').unwrap()]
}

/// What a page that complains about this control owes its reader.
fn complains(page: &Page, language: &str, field: &Field, what: &str) {
    assert!((400..500).contains(&page.status), "{what}: {} {}", page.status, page.body);
    let title = page.body.split_once("<title>").unwrap().1;
    let begins = if language == "ko" { "입력 오류: " } else { "Error: " };
    assert!(title.starts_with(begins), "{what}: the title does not begin with it: {}", &title[..80.min(title.len())]);
    let summary = page
        .body
        .split_once("role=\"alert\" tabindex=\"-1\" autofocus")
        .unwrap_or_else(|| panic!("{what}: no summary"))
        .1;
    let summary = summary.split_once("</div>").unwrap().0;
    let told = summary.split("href=\"#").nth(1).unwrap_or_else(|| panic!("{what}: the summary leads nowhere"));
    assert!(summary.contains(&format!("href=\"#{}\"", field.control)), "{what}: the summary leads to #{told}");
    let tag = control(page, field.control);
    let described = format!("aria-describedby=\"{}-mistake\"", field.control);
    assert!(tag.contains("aria-invalid=\"true\"") && tag.contains(&described), "{what}: {tag}");
    let beside = page.body.split_once(&format!("id=\"{}-mistake\">", field.control)).unwrap().1;
    let text = beside.split_once('<').unwrap().0;
    assert!(text.chars().count() > 5 && summary.contains(text), "{what}: {text:?} stands beside it and in the summary");
}

/// What is in a control: of an input its value, of a select what is chosen.
fn is_kept(page: &Page, field: &Field, typed: &str) -> bool {
    let kept: String = typed.chars().take(field.kept_max).collect();
    let tag = control(page, field.control);
    let value = tag.split_once(" value=\"").and_then(|(_, rest)| rest.split_once('"')).map_or("", |(value, _)| value);
    unescaped(value) == kept
}

fn check_form(form: &Typed, browser: &mut Browser) {
    let language = browser.language;
    let right: Vec<(&str, &str)> = form.fields.iter().map(|field| (field.name, field.right)).collect();
    let with = |field: &Field, typed: &'static str| -> Vec<(&str, &str)> {
        right.iter().map(|(name, value)| (*name, if *name == field.name { typed } else { *value })).collect()
    };
    if !form.may_be_empty {
        let page = send(browser, form, &[]);
        complains(&page, language, &form.fields[0], &format!("{} empty", form.path));
    }
    for field in form.fields {
        // Names are what people and clinics are called, and numbers what a registry or provider has: markup is not wrong there.
        let takes_anything = field.name == "name" || ["child-number", "app-phone"].contains(&field.control);
        for typed in field.wrong.iter().copied().chain((!takes_anything).then_some(MARKUP)) {
            let what = format!("{} in {language}: {}={typed:?}", form.path, field.name);
            let page = send(browser, form, &with(field, typed));
            complains(&page, language, field, &what);
            assert!(!page.body.contains(MARKUP), "{what}: markup comes back as markup");
            for other in form.fields.iter().filter(|other| other.kept_max > 0) {
                let sent = if other.name == field.name { typed } else { other.right };
                assert!(
                    is_kept(&page, other, sent),
                    "{what}: {} is lost: {}",
                    other.name,
                    control(&page, other.control)
                );
            }
        }
    }
}

#[test]
fn every_form_tells_what_is_wrong_where_it_is_and_loses_nothing_typed() {
    let facts = FakeProvider::new("app", FlowKind::Decoupled).facts().clone();
    let app = FakeProvider::with_facts(ProviderFacts { asks: vec![AskedField::Name, AskedField::Phone], ..facts });
    let house = House::open(4);
    let uniqueness = UniquenessScheme::ConnectingInformation;
    let campaign = Campaign { uniqueness, ..samples::campaign(DoseTwoPolicy::Together) };
    let with_provider = House::with_providers(campaign, 4, &[app]);
    for language in ["ko", "en"] {
        for form in &TYPED {
            let mut browser = match form.path {
                "/my-day" | "/sign-in" => house.browser(language),
                "/sign-in/{provider}" => with_provider.browser(language),
                "/find" => house.inside(language, FIRST_ADULT),
                "/my-data/erase" => {
                    let mut browser = house.browser(language);
                    browser.sign_in(CHILD, "/my-data");
                    browser
                }
                _ => {
                    let mut browser = house.browser(language);
                    browser.sign_in(FIRST_ADULT, "/helping");
                    browser
                }
            };
            check_form(form, &mut browser);
        }
    }
}
