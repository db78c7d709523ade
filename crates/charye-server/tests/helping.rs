//! Helping, from outside: somebody reserves for their mother with the code she was sent, a guardian for a child by the registry's
//! word, an agent for a caller; and each of them is stopped where their right ends.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what tests share is not seen as a test by the lint")]

mod support;

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use support::api::free_pair;
use support::page::{Form, link};
use support::{Answer, Client, Server, charye};

const TOKEN: &str = "bm90IGEgc2VjcmV0LCBqdXN0IGZvciBhIHRlc3Q=";
const OTHER_TOKEN: &str = "YW5vdGhlciB0aGF0IGlzIG5vIHNlY3JldCBlaXRoZXI=";
const CAMPAIGN: &str = "kr-2021-18-49";
/// A made-up child: its check digit is wrong.
const CHILD: &str = "1503093961110";

struct House {
    _folder: tempfile::TempDir,
    data: PathBuf,
    server: Server,
    /// National number, name and birth date of who may reserve now.
    mother: [String; 3],
    /// The same of another adult, who is the child's guardian.
    helper: [String; 3],
}

impl House {
    /// A demo's installation with agents, and with a child among its people, served anew.
    fn open() -> Self {
        Self::with(&|text, agents| {
            text.replace("[engine]", agents).replace("[rehearsal]", "[rehearsal]\nidentity_port = 0")
        })
    }

    /// The same without agents, where people are chosen on the sign-in page.
    fn open_for_browsers() -> Self {
        Self::with(&|text, _| text.to_owned())
    }

    fn with(configured: &dyn Fn(&str, &str) -> String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("demo");
        let demo = Server::demo(&data);
        let [mother, helper] = ["may reserve now", "may come on"].map(|words| demo.citizen(&data, words).1);
        drop(demo);
        let citizens = data.join("nation/citizens.csv");
        let text = std::fs::read_to_string(&citizens).unwrap();
        let told = |number: &str| {
            let row = text.lines().find(|row| row.starts_with(number)).unwrap();
            let cells: Vec<&str> = row.split(',').collect();
            [cells[0].to_owned(), cells[1].to_owned(), cells[3].to_owned()]
        };
        let (mother, helper) = (told(&mother), told(&helper));
        let child = format!("{CHILD},김하나,Hana Kim,2015-03-09,,11110,{}\n", helper[0]);
        std::fs::write(&citizens, text + &child).unwrap();

        let tokens = folder.path().join("agents");
        std::fs::write(&tokens, format!("# day shift\n7 kim 60 {TOKEN}\n8 lee 2 {OTHER_TOKEN}\n")).unwrap();
        std::fs::set_permissions(&tokens, std::fs::Permissions::from_mode(0o600)).unwrap();
        let agents =
            format!("[agents]\naddress = \"127.0.0.1:0\"\ntoken_file = {tokens:?}\nregistry = \"registry\"\n[engine]");
        let config = support::write_config(folder.path(), &data, "");
        let text = std::fs::read_to_string(&config).unwrap();
        std::fs::write(&config, configured(&text, &agents)).unwrap();
        let server = Server::start(&["serve", "--config", config.to_str().unwrap()], &[]);
        Self { _folder: folder, data, server, mother, helper }
    }

    fn signed_in(&self, number: &str) -> Client {
        let mut client = self.server.client();
        let login = client.post_json("/api/v1/sign-in", "not-needed", &json!({ "citizen": number })).expect(200).json();
        authorize(&mut client, login["login"].as_str().unwrap());
        client
    }

    /// A browser in which somebody has signed in.
    fn browser(&self, number: &str) -> Client {
        let mut client = self.server.client();
        let page = client.get("/sign-in").expect(200).body;
        Form::of(&page, "/sign-in").without("citizen").with("number", number).send(&mut client).expect(303);
        client
    }

    fn agent(&self, token: &str) -> Client {
        let mut client = Client::new(self.server.agents.unwrap());
        authorize(&mut client, token);
        client
    }

    /// The newest code that was sent: what its receiver reads on their telephone.
    fn newest_code(&self) -> String {
        let sent = (0..600).find_map(|_| {
            let files = std::fs::read_dir(self.data.join("outbox")).unwrap().map(|entry| entry.unwrap().path());
            let mut texts: Vec<_> = files.map(|file| (file.clone(), std::fs::read_to_string(file).unwrap())).collect();
            texts.sort();
            let lines = texts.iter().flat_map(|(_, text)| text.lines());
            let mut told = lines.filter_map(|line| serde_json::from_str::<Value>(line).ok());
            let code = told.rfind(|told| told["kind"] == "help_code");
            code.or_else(|| {
                std::thread::park_timeout(Duration::from_millis(100));
                None
            })
        });
        sent.expect("a code within a minute")["code"].as_str().unwrap().to_owned()
    }

    /// The helper, with a consent of the mother's and a login to act for her.
    fn helping(&self) -> (Client, Client, u64) {
        let (mut mother, mut helper) = (self.signed_in(&self.mother[0]), self.signed_in(&self.helper[0]));
        send(&mut mother, "/api/v1/helping/invitations", &json!({})).expect(201);
        let code = self.newest_code();
        let stands = send(&mut helper, "/api/v1/helping/codes", &json!({ "code": code })).expect(201).json();
        let help = stands["help"].as_u64().unwrap();
        let acting = send(&mut helper, &format!("/api/v1/helping/{help}/login"), &json!({})).expect(200).json();
        assert_eq!(acting["name"], self.mother[1]);
        let mut acts = self.server.client();
        authorize(&mut acts, acting["login"].as_str().unwrap());
        (mother, acts, help)
    }
}

fn authorize(client: &mut Client, token: &str) {
    client.headers.retain(|(name, _)| name != "Authorization");
    client.headers.push(("Authorization".to_owned(), format!("Bearer {token}")));
}

fn send(client: &mut Client, path: &str, body: &Value) -> Answer {
    client.post_json(path, "a-key-for-this-one", body)
}

fn go_in(client: &mut Client) {
    let path = format!("/api/v1/campaigns/{CAMPAIGN}/visit");
    let visit = (0..600).find_map(|_| {
        let answer = send(client, &path, &json!({}));
        if answer.status == 200 {
            return Some(answer.json());
        }
        assert_eq!(answer.json()["code"], "not_called", "{answer:?}");
        std::thread::park_timeout(Duration::from_millis(100));
        None
    });
    let pass = visit.expect("a call within a minute")["pass"].as_str().unwrap().to_owned();
    client.headers.retain(|(name, _)| name != "Charye-Pass");
    client.headers.push(("Charye-Pass".to_owned(), pass));
}

/// Holds and confirms a free pair; the reservation's number.
fn reserve(client: &mut Client) -> String {
    let pair = free_pair(client);
    let hold = send(client, "/api/v1/holds", &pair).expect(201).json()["hold"].as_str().unwrap().to_owned();
    let reserved = send(client, &format!("/api/v1/holds/{hold}/confirm"), &json!({})).expect(201).json();
    reserved["number"].as_str().unwrap().to_owned()
}

fn code_of(answer: &Answer) -> String {
    answer.json()["code"].as_str().unwrap_or_default().to_owned()
}

fn reservations(client: &mut Client) -> Answer {
    client.get(&format!("/api/v1/reservations?campaign={CAMPAIGN}"))
}

#[test]
fn a_helper_reserves_for_their_mother_until_she_ends_it() {
    let house = House::open();
    let (mut mother, mut acts, help) = house.helping();
    go_in(&mut acts);
    let number = reserve(&mut acts);
    let hers = reservations(&mut mother).expect(200).json();
    assert_eq!(hers["reservations"][0]["number"], number, "the place is hers");
    let mut helper = house.signed_in(&house.helper[0]);
    assert_eq!(reservations(&mut helper).expect(200).json()["reservations"], json!([]), "and not the helper's");

    // What is her own stays her own.
    assert_eq!(code_of(&send(&mut acts, "/api/v1/helping/invitations", &json!({})).expect(409)), "acting_for_another");
    send(&mut acts, &format!("/api/v1/reservations/{number}/cancel"), &json!({})).expect(200);

    let told = mother.get("/api/v1/helping").expect(200).json();
    assert_eq!(
        (told["helps_me"][0]["name"].as_str(), told["helps_me"][0]["help"].as_u64()),
        (Some(house.helper[1].as_str()), Some(help))
    );
    mother.ask("DELETE", &format!("/api/v1/helping/{help}"), &[], "").unwrap().expect(200);
    assert_eq!(code_of(&reservations(&mut acts).expect(403)), "help_not_standing", "not even a look");
    let path = format!("/api/v1/helping/{help}/login");
    assert_eq!(code_of(&send(&mut helper, &path, &json!({})).expect(403)), "help_not_standing");

    // The journal says who did it.
    let data = house.data.to_str().unwrap().to_owned();
    drop(house.server);
    let (code, story, complained) = charye(&["audit", "show", &number, "--data", &data]);
    assert_eq!(code, 0, "{complained}");
    assert!(story.contains("helper (person"), "{story}");
    let (code, told, complained) = charye(&["audit", "verify", "--data", &data]);
    assert_eq!(code, 0, "{told}{complained}");
    for secret in [&house.mother[1], &house.mother[2]] {
        assert!(!story.contains(secret.as_str()), "{story}");
    }
}

#[test]
fn a_code_is_good_once_and_wrong_ones_run_out() {
    let house = House::open();
    let (mut mother, mut helper) = (house.signed_in(&house.mother[0]), house.signed_in(&house.helper[0]));
    send(&mut mother, "/api/v1/helping/invitations", &json!({})).expect(201);
    let code = house.newest_code();
    let accept =
        |client: &mut Client, code: &str| code_of(&send(client, "/api/v1/helping/codes", &json!({ "code": code })));
    assert_eq!(accept(&mut mother, &code), "help_unknown", "nobody helps themselves");
    assert_eq!(accept(&mut helper, "no code"), "request_invalid");
    let last = if code.ends_with('0') { '1' } else { '0' };
    let wrong = format!("{}{last}", &code[..code.len() - 1]);
    for _ in 0..5 {
        assert_eq!(accept(&mut helper, &wrong), "help_code_wrong");
    }
    assert_eq!(accept(&mut helper, &code), "help_unknown", "five were wrong");
    for _ in 0..4 {
        accept(&mut helper, "77-00000000");
    }
    let refused = send(&mut helper, "/api/v1/helping/codes", &json!({ "code": "77-00000000" })).expect(429);
    assert_eq!(code_of(&refused), "tried_too_often");
    assert!(refused.header("retry-after").is_some());
}

#[test]
fn a_guardian_speaks_for_a_child_only_by_the_registrys_word() {
    let house = House::open();
    let mut guardian = house.signed_in(&house.helper[0]);
    let child = |name: &str| json!({ "campaign": CAMPAIGN, "name": name, "birth_date": "2015-03-09", "registry_number": CHILD });
    let mut stranger = house.signed_in(&house.mother[0]);
    for (client, told) in [(&mut guardian, child("김두나")), (&mut stranger, child("김하나"))] {
        let refused = send(client, "/api/v1/helping/children", &told).expect(404);
        assert_eq!(
            code_of(&refused),
            "child_not_found",
            "neither a wrong name nor a wrong guardian is told from nobody"
        );
    }
    let stands = send(&mut guardian, "/api/v1/helping/children", &child("김하나")).expect(201).json();
    let path = format!("/api/v1/helping/{}/login", stands["help"]);
    let login = send(&mut guardian, &path, &json!({})).expect(200).json();
    let mut acts = house.server.client();
    authorize(&mut acts, login["login"].as_str().unwrap());
    // The rules look at the child, not at who asks for it.
    let visit = send(&mut acts, &format!("/api/v1/campaigns/{CAMPAIGN}/visit"), &json!({})).expect(403);
    assert_eq!(code_of(&visit), "not_in_cohort");
    reservations(&mut acts).expect(200);
}

#[test]
fn an_agent_reserves_for_a_caller_on_the_record_and_within_a_budget() {
    let house = House::open();
    let mut agent = house.agent(TOKEN);
    let [number, name, born] = &house.mother;
    let caller = |name: &str, reason: &str| json!({ "campaign": CAMPAIGN, "reason": reason, "name": name, "birth_date": born, "registry_number": number });
    assert_eq!(
        code_of(&send(&mut agent, "/api/v1/callers", &caller("아무도", "no_device")).expect(404)),
        "caller_not_found"
    );
    assert_eq!(send(&mut agent, "/api/v1/callers", &caller(name, "curious")).status, 400, "a reason is one of five");
    let found = send(&mut agent, "/api/v1/callers", &caller(name, "no_device")).expect(201).json();
    assert_eq!((found["eligibility"]["eligible"].as_bool(), found["reservations"].clone()), (Some(true), json!([])));
    let sealed = found["caller"].as_str().unwrap().to_owned();
    agent.headers.push(("Charye-Caller".to_owned(), sealed.clone()));
    go_in(&mut agent);
    let reserved = reserve(&mut agent);
    assert_eq!(reservations(&mut agent).expect(200).json()["reservations"][0]["number"], reserved);
    let mut mother = house.signed_in(number);
    assert_eq!(reservations(&mut mother).expect(200).json()["reservations"][0]["number"], reserved);

    // Another agent cannot go on with this caller, and no citizen comes in by the agents' door.
    let mut other = house.agent(OTHER_TOKEN);
    other.headers.push(("Charye-Caller".to_owned(), sealed.clone()));
    reservations(&mut other).expect(401);
    let mut outside = house.server.client();
    authorize(&mut outside, TOKEN);
    outside.headers.push(("Charye-Caller".to_owned(), sealed));
    reservations(&mut outside).expect(401);
    assert_eq!(send(&mut outside, "/api/v1/callers", &caller(name, "question")).status, 404);
    let mut nobody = Client::new(house.server.agents.unwrap());
    assert_eq!(code_of(&nobody.get("/api/v1/campaigns").expect(401)), "agents_only", "nothing is open there");
    mother.headers.retain(|(name, _)| name == "Authorization");
    let login = mother.headers[0].1.clone();
    nobody.headers.push(("Authorization".to_owned(), login));
    reservations(&mut nobody).expect(401);

    // Two an hour: the third has to wait, found or not.
    other.headers.retain(|(name, _)| name == "Authorization");
    for _ in 0..2 {
        send(&mut other, "/api/v1/callers", &caller("아무도", "question")).expect(404);
    }
    let refused = send(&mut other, "/api/v1/callers", &caller(name, "question")).expect(429);
    assert_eq!(code_of(&refused), "tried_too_often");
    assert!(refused.header("retry-after").unwrap().parse::<u64>().unwrap() > 1_000);

    let data = house.data.to_str().unwrap().to_owned();
    drop(house.server);
    let (code, story, complained) = charye(&["audit", "show", &reserved, "--data", &data]);
    assert_eq!(code, 0, "{complained}");
    assert!(story.contains("agent 7") && story.contains("reason 101: no device to sign in with"), "{story}");
}

#[test]
fn pages_say_for_whom_one_acts_and_a_form_of_ones_own_does_nothing_for_another() {
    let house = House::open_for_browsers();
    let (mut mother, mut helper) = (house.browser(&house.mother[0]), house.browser(&house.helper[0]));
    let page = mother.get("/helping").expect(200).body;
    let invited = Form::of(&page, "/helping/invite").send(&mut mother).expect(303);
    let page = mother.get(invited.header("location").unwrap()).expect(200).body;
    let code = house.newest_code();
    assert!(!page.contains(&code), "no page shows a code");

    let page = helper.get("/helping").expect(200).body;
    let wrong = Form::of(&page, "/helping/code").with("code", "not a code").send(&mut helper).expect(422);
    assert!(wrong.body.contains("not a code") && wrong.body.contains("code-mistake"), "nothing typed is lost");
    let began = Form::of(&page, "/helping/code").with("code", &code).send(&mut helper).expect(303);
    let pressed_again = Form::of(&page, "/helping/code").with("code", &code).send(&mut helper).expect(303);
    assert_eq!(pressed_again.header("location"), began.header("location"));
    Form::of(&page, "/helping/code").with("code", "77-00000000").send(&mut helper).expect(422);
    let own = helper.get(began.header("location").unwrap()).expect(200).body;
    assert!(own.contains(&house.mother[1]));
    let help = code.split('-').next().unwrap();
    Form::of(&own, &format!("/helping/{help}/act")).send(&mut helper).expect(303);
    let acting = helper.get("/reservations").expect(200).body;
    assert!(acting.contains(&house.mother[1]) && acting.contains("action=\"/helping/stop\""), "{acting}");

    // A tab that was open before still shows forms of the helper's own: they fit nobody else.
    assert_eq!(Form::of(&own, "/helping/invite").send(&mut helper).status, 403);
    helper.get("/my-data").expect(409);
    Form::of(&acting, "/helping/stop").send(&mut helper).expect(303);
    let own = helper.get("/helping").expect(200).body;
    assert!(!own.contains("action=\"/helping/stop\""));

    // Ended by the one while the other acts: the next page says so, and then one is oneself again.
    Form::of(&own, &format!("/helping/{help}/act")).send(&mut helper).expect(303);
    let page = mother.get("/helping").expect(200).body;
    assert!(page.contains(&house.helper[1]));
    let over = Form::of(&page, &format!("/helping/{help}/end")).send(&mut mother).expect(303);
    let pressed_again = Form::of(&page, &format!("/helping/{help}/end")).send(&mut mother).expect(303);
    assert_eq!(pressed_again.header("location"), over.header("location"));
    helper.get("/reservations").expect(403);
    let page = helper.get("/reservations").expect(200).body;
    assert!(!page.contains(&house.mother[1]));
}

/// A browser at the agents' listener, at work with this token.
fn at_work(house: &House, token: &str) -> Client {
    let mut browser = Client::new(house.server.agents.unwrap());
    let page = browser.get("/sign-in").expect(200).body;
    let began = Form::of(&page, "/sign-in").with("token", token).send(&mut browser).expect(303);
    let cookies: Vec<_> = began.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie")).collect();
    assert!(cookies.iter().any(|(_, value)| value.starts_with("charye_shift=")), "{cookies:?}");
    assert!(cookies.iter().all(|(_, value)| value.contains("; HttpOnly; ")), "{cookies:?}");
    assert!(!format!("{cookies:?}").contains(token), "a token goes into no cookie");
    browser
}

/// The form in which a caller is looked up, filled in.
fn about(page: &str, [number, name, born]: &[String; 3]) -> Form {
    let born: Vec<&str> = born.split('-').collect();
    let form = Form::of(page, "/callers").with("campaign", CAMPAIGN).with("reason", "no_device");
    form.with("name", name).with("number", number).with("year", born[0]).with("month", born[1]).with("day", born[2])
}

/// Presses the button of the way in until there is a seat.
fn come_in(agent: &mut Client, line: &str) -> String {
    let form = Form::of(line, "/line");
    let inside = (0..600).find_map(|_| {
        let answer = form.send(agent);
        if answer.status != 303 {
            std::thread::park_timeout(Duration::from_millis(100));
        }
        (answer.status == 303).then(|| answer.header("location").unwrap().to_owned())
    });
    inside.expect("a seat within a minute")
}

#[test]
fn an_agent_reserves_and_cancels_for_a_caller_on_pages_and_nobody_elses_form_counts() {
    let house = House::open();
    let mut agent = at_work(&house, TOKEN);
    let page = agent.get("/").expect(200).body;
    let found = about(&page, &house.mother).send(&mut agent).expect(303);
    assert_eq!(found.header("location"), Some("/line"), "nothing of the caller stands in an address");
    let line = agent.get("/line").expect(200).body;
    assert!(line.contains("action=\"/callers/end\"") && !line.contains("/helping"), "{line}");
    let search = come_in(&mut agent, &line);
    let search = agent.get(&search).expect(200).body;
    let times = agent.get(&link(&search, "first=")).expect(200).body;
    let choice = agent.get(&link(&times, "second_day=")).expect(200).body;
    let consent = Form::of(&choice, "/holds").follow(&mut agent).expect(200).body;
    assert!(!consent.contains("/my-data"), "{consent}");
    let held = Form::of(&consent, "/holds").follow(&mut agent).expect(200).body;
    let confirm = Form::of(&held, "/hold/confirm");
    let done = confirm.send(&mut agent).expect(303);
    let reserved = done.header("location").unwrap().to_owned();
    assert_eq!(confirm.send(&mut agent).expect(303).header("location"), Some(&*reserved), "pressed twice");
    let number = reserved.split(['/', '?']).nth(2).unwrap().to_owned();
    let mut mother = house.signed_in(&house.mother[0]);
    assert_eq!(reservations(&mut mother).expect(200).json()["reservations"][0]["number"], *number);

    let change = format!("/reservations/{number}/change");
    let turned_away = agent.get(&change).expect(303);
    let line = agent.get(turned_away.header("location").unwrap()).expect(200).body;
    let page = come_in(&mut agent, &line);
    let page = agent.get(&page).expect(200).body;
    let clinic = agent.get(&link(&page, "/find/")).expect(200).body;
    let first = agent.get(&link(&clinic, "first=")).expect(200).body;
    let choice = if first.contains(&format!("action=\"{change}\"")) {
        first
    } else {
        agent.get(&link(&first, "second_day=")).expect(200).body
    };
    let moved = Form::of(&choice, &change).follow(&mut agent).expect(200).body;
    assert!(
        moved.contains(&number) && moved.contains("<p class=\"notice warn\"><strong>"),
        "it is read aloud: {moved}"
    );

    let cancel = format!("/reservations/{number}/cancel");
    let ask = agent.get(&cancel).expect(200).body;
    let from_elsewhere = [("Sec-Fetch-Site", "cross-site"), ("Content-Type", "application/x-www-form-urlencoded")];
    assert_eq!(agent.ask("POST", &cancel, &from_elsewhere, "").unwrap().status, 403, "another site's form");
    assert_eq!(Form::of(&ask, &cancel).without("csrf").send(&mut agent).status, 403);
    for page in ["/helping", "/my-data", "/sign-in/registry"] {
        assert_eq!(agent.get(page).status, 404, "{page} is the citizen's own");
    }

    // The same caller again is another call: forms of the one before fit it no more.
    let page = agent.get("/").expect(200).body;
    about(&page, &house.mother).send(&mut agent).expect(303);
    assert_eq!(Form::of(&ask, &cancel).send(&mut agent).status, 403);
    let ask = agent.get(&cancel).expect(200).body;
    Form::of(&ask, &cancel).send(&mut agent).expect(303);
    assert_eq!(reservations(&mut mother).expect(200).json()["reservations"][0]["places"][0]["state"], "cancelled");

    let page = agent.get("/reservations").expect(200).body;
    assert!(!page.contains("/my-data"), "no link leads where nothing is: {page}");
    Form::of(&page, "/callers/end").send(&mut agent).expect(303);
    assert_eq!(agent.get("/line").expect(303).header("location"), Some("/sign-in?next=%2Fline"));
    let data = house.data.to_str().unwrap().to_owned();
    drop(house.server);
    let (code, story, complained) = charye(&["audit", "show", &number, "--data", &data]);
    assert_eq!(code, 0, "{complained}");
    assert!(story.contains("agent 7") && story.contains("reason 101: no device to sign in with"), "{story}");
    let (code, told, complained) = charye(&["audit", "verify", "--data", &data]);
    assert_eq!(code, 0, "{told}{complained}");
}

#[test]
fn agents_pages_are_closed_without_a_shift_and_keep_what_was_typed_within_a_budget() {
    let house = House::open();
    let mut nobody = Client::new(house.server.agents.unwrap());
    for page in ["/", "/line", "/find", "/hold", "/reservations", "/problems"] {
        assert!(nobody.get(page).expect(303).header("location").unwrap().starts_with("/sign-in"), "{page}");
    }
    let page = nobody.get("/sign-in").expect(200).body;
    let long = "A".repeat(300);
    for wrong in ["", "short", "<b>bold</b>", OTHER_TOKEN.trim_end_matches('='), &long] {
        let told = Form::of(&page, "/sign-in").with("token", wrong).send(&mut nobody).expect(422);
        assert!(told.body.contains("token-mistake"), "{}", told.body);
        assert!(wrong.is_empty() || !told.body.contains(wrong), "a token is not shown again");
    }
    assert!(nobody.cookies.is_empty(), "{:?}", nobody.cookies);

    // Each agent's own call, whatever cookie the other shows beside their shift.
    let (mut kim, mut lee) = (at_work(&house, TOKEN), at_work(&house, OTHER_TOKEN));
    let page = kim.get("/").expect(200).body;
    about(&page, &house.mother).send(&mut kim).expect(303);
    kim.get("/reservations").expect(200);
    let on_call = kim.cookies.iter().find(|(name, _)| name == "charye_on_call").unwrap().clone();
    lee.cookies.push(on_call.clone());
    assert_eq!(lee.get("/reservations").status, 303);
    nobody.cookies.push(on_call);
    assert_eq!(nobody.get("/reservations").status, 303);
    lee.cookies.retain(|(name, _)| name == "charye_shift");

    let page = lee.get("/").expect(200).body;
    let whole = about(&page, &house.mother);
    for (field, wrong, at) in [
        ("campaign", "none", "campaign"),
        ("reason", "curious", "reason-no_device"),
        ("name", "", "name"),
        ("year", "19x2", "birth-year"),
        ("day", "39", "birth-day"),
        ("number", "", "number"),
    ] {
        let told = whole.clone().with(field, wrong).send(&mut lee).expect(422).body;
        assert!(told.contains(&format!("id=\"{at}-mistake\"")), "{field}:\n{told}");
        assert!(field == "name" || told.contains(&house.mother[1]), "{field}: what was typed is kept");
    }
    // Markup is shown as it was typed, and both look-ups that find nobody count.
    let told = whole.clone().with("name", "<b>아무도").send(&mut lee).expect(404).body;
    assert!(told.contains("&#60;b&#62;아무도") && !told.contains("<b>아무도"), "{told}");
    whole.clone().with("name", &"가".repeat(500)).send(&mut lee).expect(404);
    let spent = whole.send(&mut lee).expect(429);
    assert!(spent.header("retry-after").unwrap().parse::<u64>().unwrap() > 1_000);
    assert!(spent.body.contains("name-mistake") && spent.body.contains(&house.mother[1]), "{}", spent.body);
}
