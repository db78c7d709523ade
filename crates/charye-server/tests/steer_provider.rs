//! Operators and identity providers, from outside: what an operator says of a provider is in force with the answer, is told to
//! whoever signs in, and is in force again after the program was killed and started anew.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what tests share is not seen as a test by the lint")]

mod support;

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use serde_json::{Value, json};
use support::{Client, Server, charye};

const TOKEN: &str = "bm90IGEgc2VjcmV0LCBqdXN0IGZvciBhIHRlc3Q=";

struct House {
    folder: tempfile::TempDir,
    config: PathBuf,
    server: Server,
}

impl House {
    /// A demo's installation with operators and the rehearsal's own providers, served anew.
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("demo");
        drop(Server::demo(&data));
        let tokens = folder.path().join("operators");
        std::fs::write(&tokens, format!("7 {TOKEN}\n")).unwrap();
        std::fs::set_permissions(&tokens, std::fs::Permissions::from_mode(0o600)).unwrap();
        let config = support::write_config(folder.path(), &data, "");
        let text = std::fs::read_to_string(&config).unwrap();
        let more = format!("operations_address = \"127.0.0.1:0\"\n[operators]\ntoken_file = {tokens:?}\n[engine]");
        let text = text.replace("[engine]", &more).replace("[rehearsal]", "[rehearsal]\nidentity_port = 0");
        std::fs::write(&config, text).unwrap();
        let server = Self::serve(&config);
        Self { folder, config, server }
    }

    fn serve(config: &std::path::Path) -> Server {
        Server::start(&["serve", "--config", config.to_str().unwrap()], &[])
    }

    fn started_anew(self) -> Self {
        self.server.kill();
        Self { server: Self::serve(&self.config), ..self }
    }

    fn provider(&self, words: &[&str]) -> (i32, String, String) {
        let address = self.server.operators.unwrap().to_string();
        let tokens = self.folder.path().join("operators");
        let named = ["--address", &address, "--token-file", tokens.to_str().unwrap()];
        charye(&[&["provider"], words, &named].concat())
    }

    fn order(&self, words: &[&str]) {
        let (code, told, complained) = self.provider(&[words, &["--reason", "a drill"]].concat());
        assert_eq!(code, 0, "{told}{complained}");
        assert!(told.contains("in force as of entry"), "{told}");
    }

    /// What citizens are told of a provider.
    fn told(&self, id: &str) -> Value {
        let heard = self.server.client().get("/api/v1/providers").expect(200).json();
        heard["providers"].as_array().unwrap().iter().find(|provider| provider["id"] == id).unwrap().clone()
    }

    /// The code that a beginning ends with; nothing if it leads on.
    fn begins(&self, id: &str) -> Option<String> {
        let path = format!("/api/v1/providers/{id}/begin");
        let heard = self.server.client().post_json(&path, "not-needed", &json!({}));
        heard.json()["code"].as_str().map(str::to_owned)
    }
}

#[test]
fn a_closed_provider_is_closed_at_once_and_after_a_kill_until_it_is_opened() {
    let house = House::open();
    let (code, told, _) = house.provider(&["status"]);
    assert_eq!(code, 0);
    for part in ["oidc  Rehearsal A  ● Smooth", "registry  Rehearsal registry", "of 64 questions under way"] {
        assert!(told.contains(part), "{part}:\n{told}");
    }
    assert_eq!((house.told("oidc")["light"].as_str(), house.begins("oidc")), (Some("smooth"), None));

    house.order(&["close", "oidc"]);
    assert_eq!(house.told("oidc")["light"], "closed");
    assert_eq!(house.begins("oidc").as_deref(), Some("left_alone"));
    assert_eq!(house.begins("window"), None, "the others go on");
    let (_, told, _) = house.provider(&["status"]);
    assert!(told.contains("✕ Closed") && told.contains("closed by an operator"), "{told}");

    let house = house.started_anew();
    assert_eq!(house.told("oidc")["light"], "closed");
    assert_eq!(house.begins("oidc").as_deref(), Some("left_alone"));
    house.order(&["open", "oidc"]);
    assert_eq!((house.told("oidc")["light"].as_str(), house.begins("oidc")), (Some("smooth"), None));
}

#[test]
fn a_cap_is_told_and_what_does_not_fit_is_refused() {
    let house = House::open();
    house.order(&["cap", "window", "--at-once-max", "3"]);
    let (_, told, _) = house.provider(&["status", "--json"]);
    let told: Value = serde_json::from_str(&told).unwrap();
    let window = told["providers"].as_array().unwrap().iter().find(|provider| provider["id"] == "window").unwrap();
    assert_eq!((&window["word"], &window["cap"]), (&json!("capped"), &json!(3)));
    let refused = |words: &[&str], reason: &str| {
        let (code, _, complained) = house.provider(&[words, &["--reason", reason]].concat());
        assert_eq!(code, 65, "{complained}");
        complained
    };
    assert!(refused(&["close", "nobody"], "a drill").contains("not_found"));
    assert!(refused(&["close", "No Such"], "a drill").contains("cannot be the id"));
    assert!(refused(&["close", "oidc"], "").contains("request_invalid"));
    assert!(refused(&["close", "oidc"], &"x".repeat(201)).contains("request_invalid"));
    let mut outside = house.server.client();
    outside.headers.push(("Authorization".to_owned(), format!("Bearer {TOKEN}")));
    outside.get("/api/operator/v1/providers").expect(404);
    Client::new(house.server.operators.unwrap()).get("/api/operator/v1/providers").expect(401);
}
