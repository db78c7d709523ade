//! A child's reservation, from outside: the campaign for those aged 5 to 11 beside the demo's, a guardian who answers for a
//! child by the registry's word, both doses in the child's name, seen and given back; and the guardian, too old, gets none.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what tests share is not seen as a test by the lint")]

mod support;

use std::path::Path;
use std::time::Duration;

use jiff::ToSpan as _;
use jiff::civil::Date;
use serde_json::{Value, json};
use support::api::free_pair_in;
use support::{Client, Server, charye};

const CAMPAIGN: &str = "kr-2022-5-11";
/// A made-up child: its check digit is wrong.
const CHILD: &str = "1503093961110";

/// The bundled campaign with every date moved by so many days, its people made up, and without a table of holidays, which
/// knows some years only.
fn campaign_moved_by(days: i64) -> String {
    let text = include_str!("../../../campaigns/kr-2022-5-11.toml");
    let moved = |line: &str| {
        let is_of_birth = line.starts_with("born_");
        let at = line.find("= 2022-").map(|at| at + 2).filter(|_| !is_of_birth);
        at.map_or_else(
            || line.to_owned(),
            |at| {
                let day: Date = line[at..at + 10].parse().unwrap();
                format!("{}{}{}", &line[..at], day + days.days(), &line[at + 10..])
            },
        )
    };
    let text: Vec<String> = text.lines().map(moved).collect();
    text.join("\n").replace("connecting-information", "rehearsal").replace("holidays = \"kr\"\n", "")
}

/// Ten clinics of the demo's nation, each giving both doses every weekday.
fn sessions(nation: &Path, first_day: Date, last_day: Date) -> String {
    let clinics = std::fs::read_to_string(nation.join("clinics.csv")).unwrap();
    let codes = clinics.lines().skip(1).take(10).map(|row| row.split(',').next().unwrap());
    let header = "clinic_code,product,dose,first_day,last_day,weekdays,start,end,slot_minutes,capacity\n";
    let rows = codes.flat_map(|code| {
        [1, 2].map(|dose| format!("{code},pfizer-5-11,{dose},{first_day},{last_day},mon-fri,14:00,17:00,30,2\n"))
    });
    std::iter::once(header.to_owned()).chain(rows).collect()
}

/// A demo's installation in which children may reserve too, with its guardian's national number and the child's row.
fn open(folder: &Path) -> (Server, [String; 2]) {
    let data = folder.join("demo");
    let demo = Server::demo(&data);
    let numbers = ["may reserve now", "may come on"].map(|words| demo.citizen(&data, words).1);
    let opened = demo.client().get("/livez").header("date").unwrap().to_owned();
    drop(demo);
    let today = jiff::fmt::rfc2822::parse(&opened).unwrap().date();
    let days = (today - Date::constant(2022, 4, 1)).get_days();
    let campaign = folder.join("children.toml");
    std::fs::write(&campaign, campaign_moved_by(days.into())).unwrap();
    let sessions_file = folder.join("sessions.csv");
    std::fs::write(&sessions_file, sessions(&data.join("nation"), today + 7.days(), today + 100.days())).unwrap();

    let citizens = data.join("nation/citizens.csv");
    let text = std::fs::read_to_string(&citizens).unwrap();
    let child = format!("{CHILD},김하나,Hana Kim,2015-03-09,,11110,{}\n", numbers[0]);
    std::fs::write(&citizens, text + &child).unwrap();

    let config = support::write_config(folder, &data, "");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.replace("[rehearsal]", "[rehearsal]\nidentity_port = 0")).unwrap();
    let config = config.to_str().unwrap();
    let done = |arguments: &[&str]| {
        let (code, said, complained) = charye(arguments);
        assert_eq!(code, 0, "{said}{complained}");
    };
    done(&["campaign", "publish", campaign.to_str().unwrap(), "--config", config]);
    done(&["import", "sessions", sessions_file.to_str().unwrap(), "--campaign", CAMPAIGN, "--config", config]);
    (Server::start(&["serve", "--config", config], &[]), numbers)
}

fn authorize(client: &mut Client, token: &Value) {
    client.headers.retain(|(name, _)| name != "Authorization");
    client.headers.push(("Authorization".to_owned(), format!("Bearer {}", token.as_str().unwrap())));
}

fn signed_in(server: &Server, number: &str) -> Client {
    let mut client = server.client();
    let login = client.post_json("/api/v1/sign-in", "not-needed", &json!({ "citizen": number })).expect(200).json();
    authorize(&mut client, &login["login"]);
    client
}

#[test]
fn a_guardian_reserves_both_doses_for_a_child_sees_them_and_gives_them_back() {
    let folder = tempfile::tempdir().unwrap();
    let (server, [guardian_number, stranger_number]) = open(folder.path());
    let visit = format!("/api/v1/campaigns/{CAMPAIGN}/visit");
    let mine = format!("/api/v1/reservations?campaign={CAMPAIGN}");
    let mut guardian = signed_in(&server, &guardian_number);
    let refused = guardian.post_json(&visit, "a-key-for-this-one", &json!({})).expect(403).json();
    assert_eq!(refused["code"], "not_in_cohort", "whom the campaign is not for is not let in, guardian or not");

    let child = json!({ "campaign": CAMPAIGN, "name": "김하나", "birth_date": "2015-03-09", "registry_number": CHILD });
    signed_in(&server, &stranger_number)
        .post_json("/api/v1/helping/children", "a-key-for-this-one", &child)
        .expect(404);
    let stands = guardian.post_json("/api/v1/helping/children", "a-key-for-this-one", &child).expect(201).json();
    let path = format!("/api/v1/helping/{}/login", stands["help"]);
    let login = guardian.post_json(&path, "a-key-for-this-one", &json!({})).expect(200).json();
    assert_eq!(login["name"], "김하나");
    let mut acts = server.client();
    authorize(&mut acts, &login["login"]);

    let inside = (0..600).find_map(|_| {
        let answer = acts.post_json(&visit, "a-key-for-this-one", &json!({}));
        (answer.status == 200).then(|| answer.json()).or_else(|| {
            assert_eq!(answer.json()["code"], "not_called", "{answer:?}");
            std::thread::park_timeout(Duration::from_millis(100));
            None
        })
    });
    let pass = inside.expect("a call within a minute")["pass"].as_str().unwrap().to_owned();
    acts.headers.push(("Charye-Pass".to_owned(), pass));

    let pair = free_pair_in(&mut acts, CAMPAIGN);
    let hold =
        acts.post_json("/api/v1/holds", "holds-a-pair", &pair).expect(201).json()["hold"].as_str().unwrap().to_owned();
    let reserved =
        acts.post_json(&format!("/api/v1/holds/{hold}/confirm"), "confirms-it", &json!({})).expect(201).json();
    let number = reserved["number"].as_str().unwrap();

    let seen = acts.get(&mine).expect(200).json();
    let seen = &seen["reservations"][0];
    assert_eq!(seen["number"], number);
    let places = seen["places"].as_array().unwrap();
    let days: Vec<Date> = places.iter().map(|place| place["date"].as_str().unwrap().parse().unwrap()).collect();
    let apart = (days[1] - days[0]).get_days();
    assert!((56..=70).contains(&apart), "eight weeks, ten at most: {apart} days");
    let of_guardian = guardian.get(&mine).expect(200).json();
    assert_eq!(of_guardian["reservations"].as_array().unwrap().len(), 0, "it is the child's: {of_guardian}");

    acts.post_json(&format!("/api/v1/reservations/{number}/cancel"), "cancels-it", &json!({})).expect(200);
    let after = acts.get(&mine).expect(200).json();
    let states = after["reservations"][0]["places"].as_array().unwrap().iter().map(|place| place["state"].as_str());
    assert!(states.clone().all(|state| state == Some("cancelled")), "{after}");
}
