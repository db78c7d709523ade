//! The API as a small program uses it: in, and on to places that are free.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Client, Server};

/// Signed in and inside, over the API.
pub(crate) fn api_client(server: &Server, number: &str) -> Client {
    let mut client = server.client();
    let login = client.post_json("/api/v1/sign-in", "not-needed", &json!({ "citizen": number })).expect(200).json();
    client.headers.push(("Authorization".to_owned(), format!("Bearer {}", login["login"].as_str().unwrap())));
    go_in(&mut client);
    client
}

/// Goes in, on a visit begun or on one that goes on. Where people wait, one is called before long: a hang guard of a minute.
pub(crate) fn go_in(client: &mut Client) {
    let visit = (0..600).find_map(|_| {
        let answer = client.post_json("/api/v1/campaigns/kr-2021-18-49/visit", "not-needed", &json!({}));
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

/// A pair of places of the demo's campaign that is free.
pub(crate) fn free_pair(client: &mut Client) -> Value {
    free_pair_in(client, "kr-2021-18-49")
}

/// A pair of places of a campaign that is free. While others take places, what was free a moment ago may be gone: then it is
/// looked for again, so often and no more.
pub(crate) fn free_pair_in(client: &mut Client, campaign: &str) -> Value {
    const LOOKS_MAX: usize = 200;
    let found = (0..LOOKS_MAX).find_map(|_| a_free_pair(client, campaign));
    found.unwrap_or_else(|| panic!("no two places of {campaign} were free in {LOOKS_MAX} looks"))
}

fn a_free_pair(client: &mut Client, campaign: &str) -> Option<Value> {
    let root = format!("/api/v1/campaigns/{campaign}/clinics");
    let found = client.get(&format!("{root}?limit=1")).expect(200).json();
    let code = found["clinics"][0]["clinic"]["code"].as_str()?;
    let time = &found["clinics"][0]["next_times"][0];
    let (product, first) = (time["product"].as_str()?, time["slot"].as_str()?);
    let days = client.get(&format!("{root}/{code}/{product}/days?first={first}")).expect(200).json();
    let day = days["free_days"][0].as_str()?;
    let times = client.get(&format!("{root}/{code}/{product}/days/{day}?first={first}")).expect(200).json();
    let second = times["times"].as_array()?.iter().find(|time| time["remaining"] != 0)?;
    Some(json!({ "campaign": campaign, "first": first, "second": second["slot"] }))
}
