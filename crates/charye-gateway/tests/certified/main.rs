//! Room: gateway/tests. Sign-in at the certified OpenID provider (npm `oidc-provider`), by redirect and by CIBA, over HTTP
//! on loopback. Nobody here plays the provider's part: what it says is what the standard's certification accepts.
//!
//! Needs `tests/identity/node_modules`, which `cargo xtask setup` (and so `ci`) installs; without it the tests say so.
#![expect(clippy::unwrap_used, clippy::panic, reason = "the steps of a test")]
#![expect(clippy::print_stdout, reason = "a test that is skipped says so")]

#[path = "../identity/stage.rs"]
mod stage;

mod browser;

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use browser::Browser;
use charye_domain::time::UnixMillis;
use charye_engine::fakes::ToyKeys;
use charye_engine::identity::SignInAnswer;
use charye_engine::ports::{Begun, Keys as _};
use serde_json::Value;
use stage::{Stage, failure, proven};

const RETURN_URL: &str = "https://vaccine.example/sign-in/redirect/callback";

/// The program with both providers. Ends when its standard input does.
struct Certified {
    child: Child,
    _stdin: ChildStdin,
    addresses: Value,
}

impl Certified {
    /// `None` where it is not installed.
    fn start() -> Option<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/identity");
        let Some(node) = node_of(&folder) else {
            println!("skipped: tests/identity/node_modules is not there; cargo xtask setup installs it");
            return None;
        };
        let mut child = Command::new(node)
            .current_dir(&folder)
            .args(["provider/certified.mjs", RETURN_URL])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.map_while(Result::ok).find(|line| line.starts_with('{')).unwrap();
        Some(Self { child, _stdin: stdin, addresses: serde_json::from_str(&first).unwrap() })
    }

    fn address(&self, of: &str) -> &str {
        self.addresses[of].as_str().unwrap()
    }

    fn stage(&self) -> Stage {
        let host = |of| self.address(of).strip_prefix("http://").unwrap().to_owned();
        let stage = Stage::of(&format!(
            r#"
            public_url = "https://vaccine.example"
            private_hosts = ["{}", "{}"]
            {}
            [provider.oidc]
            issuer = "{}"
            scopes = ["openid", "profile", "phone"]
            {}
            {}
            [provider.ciba]
            issuer = "{}"
            scopes = ["openid", "profile", "phone"]
            hint = "login"
            {}
            "#,
            host("redirect"),
            host("ciba"),
            provider("redirect"),
            self.address("redirect"),
            CLIENT,
            provider("ciba"),
            self.address("ciba"),
            CLIENT,
        ));
        // The provider's clock is the machine's: the stage's must agree to within a minute.
        let now = machine_now_millis();
        stage.clock.turn_wall_to(UnixMillis(now));
        stage
    }
}

impl Drop for Certified {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

const CLIENT: &str = r#"client_id = "charye"
            client_secret = { environment = "CERTIFIED" }
            algorithms = ["RS256"]
            userinfo = false
            [provider.profile]
            identifier = "/sub"
            name = "/name"
            birth_date = "/birthdate"
            phone = "/phone_number""#;

fn provider(id: &str) -> String {
    format!(
        r#"[[provider]]
            id = "{id}"
            name = {{ ko = "{id}", en = "{id}" }}
            scheme = "pairwise-subject"
            assurance = "ial2"
            deadline_ms = 10000"#
    )
}

#[expect(clippy::disallowed_methods, reason = "the certified provider lives by the machine's clock")]
fn machine_now_millis() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

/// Node of this machine's kind, if both it and the provider are installed.
fn node_of(folder: &Path) -> Option<PathBuf> {
    let kind = if cfg!(target_arch = "aarch64") { "arm64" } else { "x64" };
    let node = folder.join(format!("node_modules/node-linux-{kind}/bin/node"));
    (node.exists() && folder.join("node_modules/oidc-provider").exists()).then_some(node)
}

#[test]
fn a_citizen_signs_in_by_redirect_at_the_certified_provider() {
    let Some(certified) = Certified::start() else { return };
    let stage = certified.stage();
    let begun = stage.begin("redirect", &[]).unwrap();
    let Begun::Redirect { url } = &begun.begun else { panic!("a redirect") };
    let callback = Browser::default().sign_in(url, "citizen-7", RETURN_URL);
    assert!(callback.iter().any(|(name, value)| name == "iss" && value == certified.address("redirect")));
    let pairs: Vec<(&str, &str)> = callback.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let signed_in = proven(stage.answer("redirect", &begun, &pairs)).citizen;
    assert_eq!(signed_in.key, ToyKeys.citizen_key("pairwise-subject", b"citizen-7"));
    assert_eq!((signed_in.details.name.as_str(), signed_in.details.phone.as_str()), ("김차례", "01012345678"));
    assert_eq!(failure(stage.answer("redirect", &begun, &pairs)), "already_used");
    assert_eq!(stage.runtime.block_on(stage.providers[0].probe()), Ok(()));

    // Another sign-in with the first one's code: the provider has forgotten it, or finds that the verifier does not fit.
    let second = stage.begin("redirect", &[]).unwrap();
    let state = stage::query_of(&second, "state");
    let stolen: Vec<(&str, &str)> =
        pairs.iter().map(|(name, value)| (*name, if *name == "state" { state.as_str() } else { value })).collect();
    assert_eq!(failure(stage.answer("redirect", &second, &stolen)), "code_refused");
}

#[test]
fn a_citizen_confirms_in_the_app_of_the_certified_provider() {
    let Some(certified) = Certified::start() else { return };
    let stage = certified.stage();
    let begun = stage.begin("ciba", &[("login", "citizen-8")]).unwrap();
    assert!(matches!(&begun.begun, Begun::Decoupled { compare: Some(_), .. }));
    for _ in 0..2 {
        let answer = stage.answer("ciba", &begun, &[]);
        assert!(matches!(answer, Ok(SignInAnswer::NotYet { .. })), "{answer:?}");
    }
    let browser = Browser::default();
    browser.post(&format!("{}/confirm", certified.address("hand")), "");
    let signed_in = proven(stage.answer("ciba", &begun, &[])).citizen;
    assert_eq!(signed_in.key, ToyKeys.citizen_key("pairwise-subject", b"citizen-8"));

    let refused = stage.begin("ciba", &[("login", "citizen-9")]).unwrap();
    browser.post(&format!("{}/deny", certified.address("hand")), "");
    assert_eq!(failure(stage.answer("ciba", &refused, &[])), "cancelled");
    assert_eq!(failure(stage.begin("ciba", &[("login", "nobody")])), "nobody_found");
    assert_eq!(failure(stage.begin("ciba", &[])), "parameter_missing");
    assert_eq!(stage.runtime.block_on(stage.providers[1].probe()), Ok(()));
}
