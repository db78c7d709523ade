//! `charye fill-line`, from outside: made-up people wait in the line of a rehearsal, with tickets that the server knows, and
//! nowhere else.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what tests share is not seen as a test by the lint")]

mod support;

use std::path::Path;

use support::{Server, charye, write_config};

const CAMPAIGN: &str = "kr-2021-18-49";

fn fill(config: &Path, into: &Path) -> (i32, String, String) {
    let (config, into) = (config.to_str().unwrap(), into.to_str().unwrap());
    charye(&["fill-line", CAMPAIGN, "--people", "3000", "--logins", "2", "--into", into, "--config", config])
}

#[test]
fn made_up_people_wait_in_a_rehearsals_line_in_their_order_and_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    let (data, into) = (folder.path().join("demo"), folder.path().join("pockets"));
    drop(Server::demo(&data));
    std::fs::create_dir(&into).unwrap();
    let config = write_config(folder.path(), &data, "");

    let real = folder.path().join("real.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    let in_earnest = text.split("[rehearsal]").next().unwrap().replace("accept_clock = true\n", "");
    std::fs::write(&real, in_earnest).unwrap();
    let (code, _, complained) = fill(&real, &into);
    assert_eq!(code, 65, "{complained}");
    assert!(complained.contains("in a rehearsal only"), "{complained}");
    assert_eq!(into.read_dir().unwrap().count(), 0);

    let (code, said, complained) = fill(&config, &into);
    assert_eq!(code, 0, "{complained}");
    assert!(said.starts_with("3000 people wait in opening"), "{said}");
    let lines = |name: &str| -> Vec<String> {
        std::fs::read_to_string(into.join(name)).unwrap().lines().map(str::to_owned).collect()
    };
    let (tickets, logins) = (lines("tickets.txt"), lines("logins.txt"));
    assert_eq!((tickets.len(), logins.len()), (3_000, 2));

    let server = Server::start(&["serve", "--config", config.to_str().unwrap()], &[]);
    let mut client = server.client();
    let mut ahead_of = |ticket: &str| {
        client.headers = vec![("Charye-Ticket".to_owned(), ticket.to_owned())];
        let told = client.get("/api/v1/line").expect(200).json();
        assert_eq!((&told["state"], &told["paused"]), (&"waiting".into(), &"operator".into()), "{told}");
        told["ahead"].as_u64().unwrap()
    };
    assert!(ahead_of(&tickets[0]) <= ahead_of(&tickets[2_999]));
    client.headers = vec![("Authorization".to_owned(), format!("Bearer {}", logins[0]))];
    let told = client.ask("POST", &format!("/api/v1/campaigns/{CAMPAIGN}/visit"), &[], "").unwrap();
    assert_eq!(told.json()["code"], "not_called", "{}", told.body);
    drop(server);

    // The tickets of another line are never written over.
    let (code, _, complained) = fill(&config, &into);
    assert_eq!(code, 65, "{complained}");
    assert!(complained.contains("tickets.txt"), "{complained}");
}
