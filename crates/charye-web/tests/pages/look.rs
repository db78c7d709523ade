//! A campaign's own look on its pages, what is found by a neighbourhood's name, and what is given again to whoever asks the
//! same.

use charye_domain::book::samples;
use charye_domain::campaign::look::{CampaignLook, Colours, Logo, Rgb};
use charye_domain::campaign::{Bilingual, Campaign};
use charye_domain::vaccine::DoseTwoPolicy;

use crate::stage::{FIRST_ADULT, House, Page, SECOND_ADULT};

fn both(ko: &str, en: &str) -> Option<Bilingual> {
    Some(Bilingual { ko: ko.to_owned(), en: en.to_owned() })
}

fn house_with_a_look() -> House {
    let svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 8 8\"><path d=\"M0 0h8v8z\"/></svg>";
    let words = Bilingual { ko: "보건소".to_owned(), en: "Health centre".to_owned() };
    let look = CampaignLook {
        service: both("샛별시 예방접종", "Saetbyeol vaccination"),
        logo: Some(Logo { svg: svg.to_owned(), words }),
        accent: Some(Colours { light: Rgb([0x0a, 0x6b, 0x3d]), dark: Rgb([0x7f, 0xd8, 0xa6]) }),
        stripe: None,
        welcome: both("어서 오세요", "Come in <b>"),
        bring: both("건강보험증", "Your insurance card"),
        contact: both("문의 02-000-0000", "Questions: 02-000-0000"),
    };
    House::with(Campaign { look: Some(look.into()), ..samples::campaign(DoseTwoPolicy::Together) }, 4)
}

fn asset(page: &Page, ending: &str) -> String {
    let all = page.body.split('"').filter(|text| text.starts_with("/look/"));
    all.into_iter()
        .find(|text| text.ends_with(ending))
        .unwrap_or_else(|| panic!("no {ending}: {}", page.body))
        .to_owned()
}

#[test]
fn a_campaigns_look_is_on_every_page_of_it_and_its_files_are_kept_for_ever() {
    let house = house_with_a_look();
    let mut citizen = house.browser("en");
    let landing = citizen.get("/");
    landing.says("Come in &#60;b&#62;").says("· Saetbyeol vaccination</title>").says("alt=\"Health centre\"");
    let (css, svg) = (citizen.get(&asset(&landing, ".css")), citizen.get(&asset(&landing, ".svg")));
    assert_eq!(
        css.body,
        ":root{--blue:#0a6b3d;--focus:#0a6b3d;}\n@media (prefers-color-scheme:dark){:root{--blue:#7fd8a6;--focus:#7fd8a6;}}\n"
    );
    for file in [&css, &svg] {
        assert_eq!(file.status, 200);
        assert!(file.header("cache-control").unwrap().contains("immutable"));
    }
    assert_eq!(
        (css.header("content-type"), svg.header("content-type")),
        (Some("text/css; charset=utf-8"), Some("image/svg+xml"))
    );
    let policies: Vec<_> = svg.headers.iter().filter(|(name, _)| name == "content-security-policy").collect();
    assert!(
        policies.iter().any(|(_, policy)| policy.contains("default-src 'none'") && policy.contains("sandbox")),
        "{policies:?}"
    );

    let mut citizen = house.inside("en", FIRST_ADULT);
    for target in ["/", "/find", "/reservations", "/problems", "/my-data", "/consent", "/nowhere"] {
        let page = citizen.get(target);
        page.says("Questions: 02-000-0000").says(&asset(&landing, ".css")).says("Saetbyeol vaccination");
    }
    let reservation = citizen.reserve_single();
    citizen.get(&reservation).says("<li>Your insurance card</li>");
}

#[test]
fn a_file_of_no_look_is_not_found_and_pages_without_a_look_ask_for_none() {
    let house = House::open(1);
    let mut citizen = house.browser("ko");
    assert_eq!(citizen.get("/look/000000000000.css").status, 404);
    assert!(!citizen.get("/").body.contains("/look/"));
}

/// The page of clinics without what is different on every page: the masks of the token.
fn found(page: &Page) -> String {
    let mut parts = page.body.split("name=\"csrf\" value=\"");
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |all, part| all + part.split_once('"').unwrap().1)
}

#[test]
fn whoever_asks_the_same_is_shown_the_same_until_a_place_is_taken() {
    let house = House::open(1);
    let (mut first, mut second) = (house.inside("en", FIRST_ADULT), house.inside("en", SECOND_ADULT));
    let before = first.get("/find?product=single");
    assert_eq!(found(&before), found(&first.get("/find?product=single")));
    assert_eq!(found(&before), found(&second.get("/find?product=single")));
    assert_ne!(before.field("csrf"), second.get("/find?product=single").field("csrf"));
    assert_ne!(found(&before), found(&second.get("/find?product=paired")));
    first.reserve_single();
    let after = second.get("/find?product=single");
    assert_ne!(found(&before), found(&after), "a place fewer");
    assert_eq!(found(&after), found(&second.get("/find?product=single")));
    second.language = "ko";
    assert!(found(&second.get("/find?product=single")).contains("<html lang=\"ko\">"));
}
