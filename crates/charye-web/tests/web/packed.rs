//! Fewer bytes: for whoever takes gzip, and never where a length would tell a secret to another site.

use charye_domain::campaign::UniquenessScheme;
use charye_domain::ids::{CitizenKey, Person};
use charye_web::gate::LoginSession;
use flate2::{Decompress, FlushDecompress};

use crate::client::{Client, Heard};
use crate::stage::Stage;

const TAKES_GZIP: (&str, &str) = ("Accept-Encoding", "gzip, br");

fn get(stage: &Stage, target: &str, headers: &[(&str, &str)]) -> Heard {
    let heard = Client::connect(stage.address).ask("GET", target, headers, b"");
    assert_eq!(heard.status, 200, "{target}: {heard:?}");
    heard
}

fn unpacked(heard: &Heard) -> Vec<u8> {
    assert_eq!(heard.header("content-encoding"), Some("gzip"), "{heard:?}");
    assert_eq!(heard.header("vary"), Some("accept-encoding"), "{heard:?}");
    let mut plain = Vec::with_capacity(256 * 1024);
    Decompress::new_gzip(15).decompress_vec(&heard.body, &mut plain, FlushDecompress::Finish).unwrap();
    plain
}

#[test]
fn pages_and_assets_say_the_same_in_fewer_bytes_to_whoever_takes_gzip() {
    let stage = Stage::open();
    let home = String::from_utf8(get(&stage, "/", &[]).body).unwrap();
    let assets = home.split("=\"/assets/").skip(1).map(|rest| format!("/assets/{}", rest.split('"').next().unwrap()));
    let targets: Vec<String> =
        assets.filter(|path| !path.ends_with(".svg")).chain(["/".into(), "/problems".into()]).collect();
    assert!(targets.len() >= 4, "{targets:?}");
    for target in &targets {
        let (plain, packed) = (get(&stage, target, &[]), get(&stage, target, &[TAKES_GZIP]));
        assert_eq!(plain.header("content-encoding"), None, "{target}");
        assert_eq!(String::from_utf8(unpacked(&packed)), String::from_utf8(plain.body.clone()), "{target}");
        let (bytes, of) = (packed.body.len(), plain.body.len());
        assert!(bytes * 4 < of * 3, "{target}: {bytes} of {of} bytes");
        assert_eq!(packed.header("content-type"), plain.header("content-type"), "{target}");
        assert_eq!(packed.header("cache-control"), plain.header("cache-control"), "{target}");
    }
}

#[test]
fn a_page_for_somebody_known_is_packed_only_if_no_other_site_asked_for_it() {
    let stage = Stage::open();
    let engine = &stage.app.engine;
    let (key, scheme, born) = (CitizenKey([7; 16]), UniquenessScheme::Rehearsal, jiff::civil::date(1990, 3, 9));
    let login = LoginSession::begin(Person(0), key, scheme, born, 0, engine.now(), engine.random());
    let cookie = format!("charye_login={}", stage.app.gate.seal_login(&login));
    let known = ("Cookie", cookie.as_str());
    for site in ["cross-site", "same-site"] {
        // What the other site would have stand beside the secret.
        let heard = get(&stage, "/?csrf=AAAA", &[TAKES_GZIP, known, ("Sec-Fetch-Site", site)]);
        assert_eq!(heard.header("content-encoding"), None, "{site}");
    }
    assert_eq!(get(&stage, "/", &[TAKES_GZIP, known]).header("content-encoding"), None, "a browser that does not say");
    for site in ["same-origin", "none"] {
        let heard = get(&stage, "/", &[TAKES_GZIP, known, ("Sec-Fetch-Site", site)]);
        assert!(String::from_utf8(unpacked(&heard)).unwrap().contains("name=\"csrf\""), "{site}");
    }
}

#[test]
fn answers_of_the_api_go_out_as_they_are() {
    let stage = Stage::open();
    let heard = get(&stage, "/api/v1/openapi.json", &[TAKES_GZIP]);
    assert_eq!(heard.header("content-encoding"), None);
}
