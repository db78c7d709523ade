//! Room: gateway/tests. However many tokens with unknown keys come, and from however many at once: one fetch of the keys at
//! a time, and none within 30 seconds of the last.

use charye_engine::ports::{CompleteAt, SignInSecrets};
use charye_gateway::identity::FETCH_INTERVAL_MIN;
use serde_json::json;

use super::server::{Manner, Reply, Server};
use super::signer::{OTHER, OWN};
use super::stage::{NOW, Stage, parameters};

fn stage(server: &Server) -> Stage {
    Stage::of(&format!(
        r#"
        public_url = "https://vaccine.example"
        private_hosts = ["127.0.0.1:{}"]
        [[provider]]
        id = "p"
        name = {{ ko = "p", en = "p" }}
        scheme = "pairwise-subject"
        assurance = "ial2"
        [provider.oidc]
        issuer = "{}"
        client_id = "charye"
        client_proof = "none"
        scopes = ["openid"]
        algorithms = ["ES256"]
        [provider.profile]
        identifier = "/sub"
        name = "/name"
        birth_date = "/birthdate"
        "#,
        server.port,
        server.url("")
    ))
}

fn secrets() -> SignInSecrets {
    SignInSecrets { state: "s".to_owned(), nonce: "n".to_owned(), code_verifier: "v".to_owned() }
}

fn set_up(server: &Server, key: &str, signed_by: &super::signer::Signer) {
    server.say(
        "/.well-known/openid-configuration",
        Reply::json(&json!({"issuer": server.url(""), "authorization_endpoint": server.url("/a"),
            "token_endpoint": server.url("/token"), "jwks_uri": server.url("/keys")})),
    );
    let claims = json!({"iss": server.url(""), "aud": "charye", "sub": "s", "nonce": "n", "iat": NOW / 1_000,
        "exp": NOW / 1_000 + 300, "name": "김차례", "birthdate": "1985-02-28"});
    let id_token = signed_by.sign(&json!({"alg": "ES256", "kid": key}), &claims.to_string());
    server.say("/token", Reply::json(&json!({"id_token": id_token, "access_token": "at"})));
}

/// The provider is asked directly: the breaker would have spared it long before.
fn complete(stage: &Stage, times: usize) -> usize {
    let (secrets, callback) = (secrets(), parameters(&[("code", "x")]));
    let now = charye_domain::time::UnixMillis(NOW);
    let at = CompleteAt { secrets: &secrets, callback: &callback, carried: &[], now };
    stage.runtime.block_on(async {
        let mut proven = 0;
        let all: Vec<_> = (0..times).map(|_| Box::pin(stage.providers[0].complete(at))).collect();
        // All are under way before the first ends: each is polled once, in turn, until all are done.
        let mut waiting = all;
        while !waiting.is_empty() {
            let mut still = Vec::new();
            for mut one in waiting {
                tokio::select! {
                    biased;
                    reply = &mut one => proven += usize::from(reply.result.is_ok()),
                    () = tokio::task::yield_now() => still.push(one),
                }
            }
            waiting = still;
            tokio::task::yield_now().await;
        }
        proven
    })
}

#[test]
fn unknown_keys_have_the_keys_fetched_once_in_thirty_seconds() {
    let server = Server::start();
    set_up(&server, "a key that nobody has", &OWN);
    server.say("/keys", Reply::json(&OWN.key_set()));
    let stage = stage(&server);
    let mut seconds = 0;
    while seconds < 90 {
        assert_eq!(complete(&stage, 2), 0);
        stage.clock.pass(5_000);
        seconds += 5;
        let most = seconds / FETCH_INTERVAL_MIN.as_secs() + 1;
        assert!(server.count("/keys") as u64 <= most, "{} fetches in {seconds} s", server.count("/keys"));
    }
    assert!(server.count("/keys") >= 2, "and it does look for new keys");
    assert_eq!(server.count("/.well-known/openid-configuration"), 1);
}

#[test]
fn a_crowd_that_waits_for_the_keys_waits_for_one_fetch() {
    let server = Server::start();
    set_up(&server, "ec", &OWN);
    server.say("/keys", Reply::json(&OWN.key_set()));
    let stage = stage(&server);
    assert_eq!(complete(&stage, 20), 20);
    assert_eq!((server.count("/keys"), server.count("/.well-known/openid-configuration")), (1, 1));
}

#[test]
fn keys_that_have_changed_are_found_out_after_thirty_seconds_at_most() {
    let server = Server::start();
    set_up(&server, "ec", &OTHER);
    server.say("/keys", Reply::json(&OWN.key_set()));
    let stage = stage(&server);
    assert_eq!(complete(&stage, 1), 0);
    server.say("/keys", Reply::json(&OTHER.key_set()));
    assert_eq!(complete(&stage, 1), 0, "too soon to ask again");
    stage.clock.pass(30_000);
    assert_eq!(complete(&stage, 1), 1);
    assert_eq!(server.count("/keys"), 2);
}

#[test]
fn whoever_asked_for_the_keys_and_left_keeps_nobody_else_from_them() {
    let server = Server::start();
    set_up(&server, "ec", &OWN);
    server.say("/keys", Reply::json(&OWN.key_set()));
    let stage = stage(&server);
    let (secrets, callback) = (secrets(), parameters(&[("code", "x")]));
    let now = charye_domain::time::UnixMillis(NOW);
    let at = CompleteAt { secrets: &secrets, callback: &callback, carried: &[], now };
    stage.runtime.block_on(async {
        let mut leaves = stage.providers[0].complete(at);
        // Until the fetch of the keys is under way, or over.
        while server.count("/keys") == 0 {
            tokio::select! {
                biased;
                _ = &mut leaves => break,
                () = tokio::task::yield_now() => {}
            }
        }
    });
    assert_eq!(complete(&stage, 3), 3);
    assert_eq!(server.count("/keys"), 1);
}

#[test]
fn keys_that_cannot_be_fetched_are_not_asked_for_again_at_once() {
    let server = Server::start();
    set_up(&server, "ec", &OWN);
    server.say("/keys", Reply::text(500, "application/json", "{}").said(Manner::Cut));
    let stage = stage(&server);
    for _ in 0..5 {
        assert_eq!(complete(&stage, 2), 0);
    }
    assert_eq!(server.count("/keys"), 1);
}
