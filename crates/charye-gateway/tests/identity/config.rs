//! Room: gateway/tests. `[identity]` as people get it wrong: what is said names the provider and the key, and no secret.

use std::sync::Arc;

use charye_engine::fakes::{HandClock, ToyKeys};
use charye_gateway::identity::outbound::{Outbound, PrivateHosts};
use charye_gateway::identity::{IdentitySection, ProviderPorts};

const GOOD: &str = r#"
public_url = "https://vaccine.example"
[[provider]]
id = "naver"
preset = "naver"
[provider.oidc]
client_id = "c"
client_secret = { environment = "HUSH" }
"#;

fn opened(text: &str, is_rehearsal: bool) -> Result<usize, String> {
    let section: IdentitySection = toml::from_str(text).map_err(|error| error.to_string())?;
    section.check(is_rehearsal).map_err(|error| error.to_string())?;
    let ports = ProviderPorts {
        outside: Arc::new(Outbound::start(None, PrivateHosts::default()).unwrap()),
        keys: Arc::new(ToyKeys),
        clock: Arc::new(HandClock::default()),
    };
    let environment = |name: &str| (name == "HUSH").then(|| "a-secret-indeed".to_owned());
    section.open(&ports, &environment).map(|providers| providers.len()).map_err(|error| error.to_string())
}

#[test]
fn no_identity_at_all_is_sound_and_so_is_a_preset_with_a_secret() {
    assert_eq!(opened("", false), Ok(0));
    assert_eq!(opened(GOOD, false), Ok(1));
}

#[test]
fn what_is_wrong_is_named_with_its_provider() {
    let rows = [
        (GOOD.replace("https://vaccine.example", "vaccine.example"), "public_url"),
        (GOOD.replace("public_url = \"https://vaccine.example\"\n", ""), "public_url is missing"),
        (
            GOOD.replace("preset = \"naver\"", "preset = \"neighbour\""),
            "provider naver: no preset is called \"neighbour\"",
        ),
        (GOOD.replace("preset = \"naver\"", "preset = 7"), "provider naver: preset is a name"),
        (GOOD.replace("preset = \"naver\"\n", ""), "provider naver: missing field"),
        (GOOD.replace("id = \"naver\"", "id = \"Naver!\""), "provider Naver!: id:"),
        (GOOD.replace("id = \"naver\"\n", ""), "provider number 1: missing field `id`"),
        (GOOD.replace("client_id", "clientid"), "provider naver: unknown field `clientid`"),
        (GOOD.replace("HUSH", "MISSING"), "environment variable MISSING is not set"),
        (GOOD.replace("client_id = \"c\"", "client_id = \"c\"\nclient_proof = \"none\""), "client_proof"),
        (GOOD.replace("client_id = \"c\"", "client_id = \"c\"\nalgorithms = [\"none\"]"), "\"none\" is not RS256"),
        (GOOD.replace("client_id = \"c\"", "client_id = \"c\"\nscopes = [\"name\"]"), "openid is missing"),
        (GOOD.replace("client_id = \"c\"", "client_id = \"c\"\nissuer = \"http://nid.naver.com\""), "without TLS"),
        (GOOD.replace("preset", "scheme = \"email\"\npreset"), "scheme: \"email\""),
        (GOOD.replace("preset", "assurance = \"high\"\npreset"), "assurance"),
        (GOOD.replace("preset", "deadline_ms = 60000\npreset"), "deadline_ms"),
        (GOOD.replace("preset", "assurance = \"rehearsed\"\npreset"), "outside a rehearsal"),
        (format!("private_hosts = [\"127.0.0.1:1\"]\n{GOOD}"), "private_hosts are for rehearsals"),
        (
            format!(
                "{GOOD}[provider.ciba]\nissuer = \"https://a\"\nclient_id = \"c\"\nscopes = []\nalgorithms = []\nhint = \"login\""
            ),
            "exactly one of",
        ),
        (format!("{GOOD}[provider.profile]\nname = \"name\""), "no JSON pointer"),
        (format!("colour = \"red\"\n{GOOD}"), "colour"),
    ];
    for (text, expected) in rows {
        let said = opened(&text, false).err().unwrap_or_default();
        assert!(said.contains(expected), "{expected:?}: {said:?}");
        assert!(!said.contains("a-secret-indeed"));
    }
}

#[test]
fn what_is_wrong_is_said_before_a_secret_is_fetched() {
    let window = |signature: &str| {
        format!(
            "public_url = \"https://vaccine.example\"\n[[provider]]\nid = \"kcb\"\npreset = \"kcb-window\"\n\
             [provider.hosted_window]\nclient_id = \"c\"\nrequest_secret = {{ environment = \"NOT_SET\" }}\n\
             answer_key = {{ environment = \"NOT_SET\" }}\n{signature}"
        )
    };
    let unset = GOOD.replace("HUSH", "NOT_SET");
    let block = unset.split_once("[[provider]]").unwrap().1;
    let rows = [
        (unset.replace("client_id = \"c\"", "client_id = \"c\"\nalgorithms = [\"none\"]"), "\"none\" is not RS256"),
        (unset.replace("client_id = \"c\"", "client_id = \"c\"\nscopes = [\"name\"]"), "openid is missing"),
        (unset.replace("client_id = \"c\"", "client_id = \"c\"\nissuer = \"http://a.example\""), "without TLS"),
        (unset.replace("client_id = \"c\"", "client_id = \"c\"\nissuer = \"nid\""), "issuer: \"nid\" is no address"),
        (unset.replace("client_id = \"c\"", "client_id = \"c\"\nclient_proof = \"magic\""), "client_proof"),
        (unset.replace("client_id = \"c\"", "client_id = \"c\"\nhint = \"login\""), "hint: belongs to ciba"),
        (format!("{unset}[[provider]]{block}"), "provider naver: its id stands twice"),
        (window("window_url = \"nowhere\"\n"), "window_url: \"nowhere\" is no address"),
        (window("window_url = \"https://kcb.example/\"\nsignature = \"magic\"\n"), "signature: hmac-sha256"),
        (
            window("window_url = \"https://kcb.example/\"\nsignature = \"ed25519\"\nsignature_public_key = \"AAAA\"\n"),
            "signature_public_key: 32 bytes",
        ),
    ];
    for (text, expected) in rows {
        let section: IdentitySection = toml::from_str(&text).unwrap();
        let said = section.check(false).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(said.contains(expected), "{expected:?}: {said:?}");
    }
    let section: IdentitySection = toml::from_str(&unset).unwrap();
    assert_eq!(section.check(false), Ok(()));
}

#[test]
fn a_secret_written_into_the_configuration_is_refused_and_not_repeated() {
    let named = "{ environment = \"HUSH\" }";
    for written in ["\"s3cret\"", "{ file = 3, s3cret = 1 }", "{ s3cret = \"s3cret\" }", "[\"s3cret\"]"] {
        let said = opened(&GOOD.replace(named, written), false).unwrap_err();
        assert!(said.contains("provider naver: a secret is not written here but named"), "{said:?}");
        assert!(!said.contains("s3cret"), "{said:?}");
    }
}

#[test]
fn a_rehearsal_may_list_private_hosts() {
    let text = GOOD.replace("[[provider]]", "private_hosts = [\"127.0.0.1:4001\"]\n[[provider]]");
    assert_eq!(opened(&text, true), Ok(1));
    let bad = text.replace("127.0.0.1:4001", "a b");
    assert!(opened(&bad, true).unwrap_err().contains("\"a b\" is no host:port"));
}
