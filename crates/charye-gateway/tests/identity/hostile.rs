//! Room: gateway/tests. A hostile OpenID provider on loopback: every row is one way to misbehave, and how it ends. None ends
//! with somebody signed in.

use std::sync::LazyLock;

use charye_engine::identity::SignInFailure;
use charye_gateway::identity::jose::encode;
use serde_json::{Value, json};

use super::server::{Manner, Reply, Server};
use super::signer::{OTHER, OWN, Signer};
use super::stage::{NOW, Stage, failure, proven, query_of};

const NOW_SECS: i64 = NOW / 1_000;

/// All that the provider says, and what the browser brings back. Honest until a row changes it.
struct Script {
    issuer: String,
    discovery: Value,
    discovery_reply: Option<Reply>,
    keys: Value,
    keys_reply: Option<Reply>,
    /// The answer of the token endpoint, besides the ID token.
    tokens: Value,
    tokens_reply: Option<Reply>,
    header: Value,
    claims: Value,
    /// Instead of the claims: what JSON libraries would not write.
    claims_text: Option<String>,
    signer: &'static LazyLock<Signer>,
    /// Changes the signed token.
    spoil: fn(String) -> String,
    userinfo: Value,
    callback: Vec<(&'static str, String)>,
    /// Whose code it is: the state of another sign-in.
    deadline_ms: u64,
}

impl Script {
    fn new(server: &Server) -> Self {
        let issuer = server.url("");
        Self {
            discovery: json!({
                "issuer": issuer,
                "authorization_endpoint": server.url("/authorize"),
                "token_endpoint": server.url("/token"),
                "userinfo_endpoint": server.url("/userinfo"),
                "jwks_uri": server.url("/keys"),
            }),
            discovery_reply: None,
            keys: OWN.key_set(),
            keys_reply: None,
            tokens: json!({"access_token": "at", "token_type": "Bearer", "expires_in": 3_600}),
            tokens_reply: None,
            header: json!({"alg": "RS256", "kid": "rsa", "typ": "JWT"}),
            claims: json!({"iss": issuer, "aud": "charye", "sub": "citizen-1", "iat": NOW_SECS, "exp": NOW_SECS + 300}),
            claims_text: None,
            signer: &OWN,
            spoil: |token| token,
            userinfo: json!({"sub": "citizen-1", "name": "김차례", "birthdate": "1985-02-28"}),
            callback: Vec::new(),
            deadline_ms: 10_000,
            issuer,
        }
    }
}

/// Signs in once; how it failed, or that it did not.
fn sign_in(change: &dyn Fn(&mut Script, &Server)) -> (String, Server) {
    let server = Server::start();
    let mut script = Script::new(&server);
    change(&mut script, &server);
    let stage = Stage::of(&config(&server, script.deadline_ms));
    let json = Reply::json;
    server.say(
        "/.well-known/openid-configuration",
        script.discovery_reply.clone().unwrap_or_else(|| json(&script.discovery)),
    );
    server.say("/keys", script.keys_reply.clone().unwrap_or_else(|| json(&script.keys)));
    server.say("/userinfo", json(&script.userinfo));
    let begun = match stage.begin("hostile", &[]) {
        Ok(begun) => begun,
        Err(failed) => return (failure::<()>(Err(failed)), server),
    };
    let (state, nonce) = (query_of(&begun, "state"), query_of(&begun, "nonce"));
    if script.claims.get("nonce").is_none() {
        script.claims["nonce"] = json!(nonce);
    } else if script.claims["nonce"].is_null() {
        script.claims.as_object_mut().unwrap().remove("nonce");
    }
    let claims = script.claims_text.clone().unwrap_or_else(|| script.claims.to_string()).replace("NONCE", &nonce);
    let id_token = (script.spoil)(script.signer.sign(&script.header, &claims));
    if script.tokens.get("id_token").is_none() {
        script.tokens["id_token"] = json!(id_token);
    }
    let tokens = script.tokens_reply.clone().map(|reply| Reply {
        body: String::from_utf8_lossy(&reply.body).replace("ID_TOKEN", &id_token).into_bytes(),
        ..reply
    });
    server.say("/token", tokens.unwrap_or_else(|| json(&script.tokens)));
    let mut callback = vec![("code", "the code".to_owned()), ("state", state)];
    for (name, value) in &script.callback {
        callback.retain(|(known, _)| known != name);
        callback.push((name, value.clone()));
    }
    let callback: Vec<(&str, &str)> = callback.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let answered = stage.answer("hostile", &begun, &callback);
    if answered.is_ok() {
        let again = stage.answer("hostile", &begun, &callback);
        assert_eq!(failure(again), "already_used");
    }
    (failure(answered), server)
}

fn config(server: &Server, deadline_ms: u64) -> String {
    format!(
        r#"
        public_url = "https://vaccine.example"
        private_hosts = ["127.0.0.1:{port}"]
        [[provider]]
        id = "hostile"
        name = {{ ko = "악당", en = "Hostile" }}
        scheme = "pairwise-subject"
        assurance = "ial2"
        deadline_ms = {deadline_ms}
        [provider.oidc]
        issuer = "{issuer}"
        client_id = "charye"
        client_secret = {{ environment = "HUSH" }}
        scopes = ["openid", "profile"]
        algorithms = ["RS256", "ES256", "EdDSA"]
        userinfo = true
        [provider.profile]
        identifier = "/sub"
        name = "/name"
        birth_date = "/birthdate"
        "#,
        port = server.port,
        issuer = server.url(""),
    )
}

#[test]
fn an_honest_provider_signs_people_in_with_every_algorithm() {
    for (algorithm, key) in [("RS256", "rsa"), ("ES256", "ec"), ("EdDSA", "ed")] {
        let (ended, server) = sign_in(&|script, _| script.header = json!({"alg": algorithm, "kid": key}));
        assert_eq!(ended, "it went well", "{algorithm}");
        let asked = server.asked();
        let token = asked.iter().find(|asked| asked.path == "/token").unwrap();
        assert!(token.body.contains("code=the%20code") && token.body.contains("code_verifier="), "{}", token.body);
        assert!(!token.body.contains("hush"), "the secret goes in the header");
    }
    // Neither a missing key name nor a token hash that fits is a misbehaviour.
    let (ended, _) = sign_in(&|script, _| script.header = json!({"alg": "RS256"}));
    assert_eq!(ended, "it went well");
    let (ended, _) = sign_in(&|script, server| script.callback = vec![("iss", server.url(""))]);
    assert_eq!(ended, "it went well");
}

type Change = Box<dyn Fn(&mut Script, &Server) + Send>;

/// What it does, how it does it, how it ends.
fn row(what: &'static str, ended: &'static str, change: impl Fn(&mut Script, &Server) + Send + 'static) -> Row {
    Row { what, ended, change: Box::new(change) }
}

struct Row {
    what: &'static str,
    ended: &'static str,
    change: Change,
}

const HTML: &str = "<html>sign in</html>";

fn huge() -> Reply {
    Reply::text(200, "application/json", &format!("{{\"x\":\"{}\"}}", "x".repeat(400_000)))
}

fn redirect(server: &Server) -> Reply {
    let headers = vec![("location", server.url("/elsewhere")), ("content-type", "application/json".to_owned())];
    Reply { status: 302, headers, body: b"{}".to_vec(), manner: Manner::Whole }
}

fn coded(value: &Value) -> Reply {
    let mut reply = Reply::json(value);
    reply.headers.push(("content-encoding", "gzip".to_owned()));
    reply
}

fn discovery_rows() -> Vec<Row> {
    let text = |body: &'static str| {
        move |script: &mut Script, _: &Server| {
            script.discovery_reply = Some(Reply::text(200, "application/json", body));
        }
    };
    vec![
        row("speaks for another", "Unbelievable(\"issuer in discovery\")", |s, _| {
            s.discovery["issuer"] = json!("https://kauth.kakao.com")
        }),
        row("has a slash too much", "Unbelievable(\"issuer in discovery\")", |s, _| {
            s.discovery["issuer"] = json!(format!("{}/", s.issuer))
        }),
        row("sends its tokens' questions inside", "Unbelievable(\"address in discovery\")", |s, _| {
            s.discovery["token_endpoint"] = json!("http://169.254.169.254/token")
        }),
        row("has its keys on another port of this machine", "Unbelievable(\"address in discovery\")", |s, _| {
            s.discovery["jwks_uri"] = json!("http://127.0.0.1:1/keys")
        }),
        row("has a name and password in an address", "Unbelievable(\"address in discovery\")", |s, _| {
            s.discovery["token_endpoint"] = json!("https://a:b@id.example/token")
        }),
        row("has its keys in a private network", "Unreachable", |s, _| {
            s.discovery["jwks_uri"] = json!("https://10.0.0.1/keys")
        }),
        row("has its token endpoint in a private network", "Unreachable", |s, _| {
            s.discovery["token_endpoint"] = json!("https://192.168.0.1/token")
        }),
        row("has its token endpoint on this machine by name", "Unreachable", |s, _| {
            s.discovery["token_endpoint"] = json!("https://localhost/token")
        }),
        row("has no keys", "Malformed(\"discovery\")", |s, _| s.discovery["jwks_uri"] = Value::Null),
        row("has a number for an address", "Malformed(\"discovery\")", |s, _| s.discovery["token_endpoint"] = json!(7)),
        row("discovers nothing", "Status(500)", |s, _| {
            s.discovery_reply = Some(Reply::text(500, "application/json", "{}"))
        }),
        row("redirects discovery", "Status(302)", |s, server| s.discovery_reply = Some(redirect(server))),
        row("answers discovery with a page", "Malformed(\"discovery content type\")", |s, _| {
            s.discovery_reply = Some(Reply::text(200, "text/html", HTML))
        }),
        row("answers discovery with a page called JSON", "Malformed(\"discovery\")", text(HTML)),
        row("answers discovery with a list", "Malformed(\"discovery\")", text("[]")),
        row("answers discovery with nothing", "Malformed(\"discovery\")", text("")),
        row("names two issuers", "Malformed(\"discovery\")", |s, _| {
            let doubled = s.discovery.to_string().replacen('{', &format!("{{\"issuer\":\"{}\",", s.issuer), 1);
            s.discovery_reply = Some(Reply::text(200, "application/json", &doubled));
        }),
        row("answers discovery with too much", "Malformed(\"body too large\")", |s, _| {
            s.discovery_reply = Some(huge())
        }),
        row("answers discovery in a coding", "Malformed(\"content coding\")", |s, _| {
            s.discovery_reply = Some(coded(&s.discovery))
        }),
        row("cuts discovery off", "Unreachable", |s, _| {
            s.discovery_reply = Some(Reply::json(&s.discovery).said(Manner::Cut))
        }),
        row("speaks no HTTP", "Malformed(\"HTTP\")", |s, _| s.discovery_reply = Some(huge().said(Manner::Noise))),
        row("hangs in discovery", "TimedOut", |s, _| {
            (s.deadline_ms, s.discovery_reply) = (200, Some(huge().said(Manner::Hangs)))
        }),
        row("drips discovery", "TimedOut", |s, _| {
            (s.deadline_ms, s.discovery_reply) = (200, Some(Reply::json(&s.discovery).said(Manner::Drips)));
        }),
    ]
}

fn key_rows() -> Vec<Row> {
    let keys = |keys: Value| move |script: &mut Script, _: &Server| script.keys = json!({"keys": keys});
    vec![
        row("publishes no keys", "Status(503)", |s, _| s.keys_reply = Some(Reply::text(503, "application/json", "{}"))),
        row("redirects its keys", "Status(302)", |s, server| s.keys_reply = Some(redirect(server))),
        row("publishes keys as a page", "Malformed(\"key set content type\")", |s, _| {
            s.keys_reply = Some(Reply::text(200, "text/html", HTML))
        }),
        row("publishes an empty set", "Malformed(\"key set\")", keys(json!([]))),
        row(
            "publishes a secret for MACs",
            "Malformed(\"key set\")",
            keys(json!([{"kty": "oct", "kid": "rsa", "k": "aHVzaA"}])),
        ),
        row("publishes its private key", "Malformed(\"key set\")", |s, _| {
            let mut key = s.keys["keys"][0].clone();
            key["d"] = json!("AQAB");
            s.keys = json!({"keys": [key]});
        }),
        row("publishes a key for encryption", "Malformed(\"key set\")", |s, _| {
            let mut key = s.keys["keys"][0].clone();
            key["use"] = json!("enc");
            s.keys = json!({"keys": [key]});
        }),
        row(
            "publishes a short key",
            "Malformed(\"key set\")",
            keys(json!([{"kty": "RSA", "kid": "rsa", "n": encode(&[0xc5; 128]), "e": "AQAB"}])),
        ),
        row("publishes two keys of one name", "Malformed(\"key set\")", |s, _| {
            let twice = json!([s.keys["keys"][0], s.keys["keys"][0]]);
            s.keys = json!({"keys": twice});
        }),
        row("swaps its keys", "Unbelievable(\"signature\")", |s, _| s.keys = OTHER.key_set()),
        row("publishes too much", "Malformed(\"body too large\")", |s, _| s.keys_reply = Some(huge())),
        row("hangs with its keys", "TimedOut", |s, _| {
            (s.deadline_ms, s.keys_reply) = (300, Some(huge().said(Manner::Hangs)))
        }),
    ]
}

fn token_endpoint_rows() -> Vec<Row> {
    let reply = |status, kind: &'static str, body: &'static str| {
        move |script: &mut Script, _: &Server| {
            script.tokens_reply = Some(Reply::text(status, kind, body));
        }
    };
    vec![
        row("has lost the code", "code_refused", reply(400, "application/json", "{\"error\":\"invalid_grant\"}")),
        row("does not know us", "Status(401)", reply(401, "application/json", "{\"error\":\"invalid_client\"}")),
        row("fails with the code", "Status(500)", reply(500, "application/json", "{}")),
        row("is overrun", "Status(429)", reply(429, "text/plain", "slow down")),
        row("refuses with a page", "Status(400)", reply(400, "text/html", HTML)),
        row("redirects the code", "Status(302)", |s, server| s.tokens_reply = Some(redirect(server))),
        row("answers the code with a page", "Malformed(\"content type\")", reply(200, "text/html", HTML)),
        row(
            "answers the code with half an object",
            "Malformed(\"token answer\")",
            reply(200, "application/json", "{\"id_token\":"),
        ),
        row(
            "gives two ID tokens",
            "Malformed(\"token answer\")",
            reply(200, "application/json", "{\"id_token\":\"ID_TOKEN\",\"id_token\":\"ID_TOKEN\"}"),
        ),
        row(
            "gives no ID token",
            "Malformed(\"no ID token\")",
            reply(200, "application/json", "{\"access_token\":\"at\"}"),
        ),
        row("gives a number for an ID token", "Malformed(\"no ID token\")", |s, _| s.tokens["id_token"] = json!(1)),
        row("gives too much", "Malformed(\"body too large\")", |s, _| s.tokens_reply = Some(huge())),
        row("hangs with the code", "TimedOut", |s, _| {
            (s.deadline_ms, s.tokens_reply) = (300, Some(huge().said(Manner::Hangs)))
        }),
        row("drips", "TimedOut", |s, _| (s.deadline_ms, s.tokens_reply) = (300, Some(huge().said(Manner::Drips)))),
        row("has headers without end", "Malformed(\"HTTP\")", |s, _| {
            s.tokens_reply = Some(huge().said(Manner::EndlessHead))
        }),
    ]
}

fn id_token_rows() -> Vec<Row> {
    let header = |header: Value| move |script: &mut Script, _: &Server| script.header = header.clone();
    let claim =
        |name: &'static str, value: Value| move |script: &mut Script, _: &Server| script.claims[name] = value.clone();
    let spoil = |spoil: fn(String) -> String| move |script: &mut Script, _: &Server| script.spoil = spoil;
    vec![
        row("signs with none", "Unbelievable(\"algorithm\")", header(json!({"alg": "none"}))),
        row("signs with None", "Unbelievable(\"algorithm\")", header(json!({"alg": "None", "kid": "rsa"}))),
        row(
            "signs with its public key as a secret",
            "Unbelievable(\"algorithm\")",
            header(json!({"alg": "HS256", "kid": "rsa"})),
        ),
        row(
            "signs with what we did not allow",
            "Unbelievable(\"algorithm\")",
            header(json!({"alg": "PS256", "kid": "rsa"})),
        ),
        row("names no algorithm", "Unbelievable(\"algorithm\")", header(json!({"kid": "rsa"}))),
        row(
            "names a key of another kind",
            "Unbelievable(\"signature\")",
            header(json!({"alg": "ES256", "kid": "rsa"})),
        ),
        row(
            "names a key that is not there",
            "Unbelievable(\"signature\")",
            header(json!({"alg": "RS256", "kid": "../../dev/null"})),
        ),
        row("brings its own key along", "Unbelievable(\"signature\")", |s, server| {
            s.signer = &OTHER;
            s.header =
                json!({"alg": "RS256", "kid": "rsa", "jku": server.url("/evil"), "jwk": OTHER.key_set()["keys"][0]});
        }),
        row(
            "must be understood",
            "Unbelievable(\"token header\")",
            header(json!({"alg": "RS256", "kid": "rsa", "crit": ["exp"], "exp": 1})),
        ),
        row(
            "is an access token",
            "Unbelievable(\"token type\")",
            header(json!({"alg": "RS256", "kid": "rsa", "typ": "at+jwt"})),
        ),
        row("is signed by somebody else", "Unbelievable(\"signature\")", |s, _| s.signer = &OTHER),
        row(
            "is changed after signing",
            "Unbelievable(\"signature\")",
            spoil(|token| {
                let parts: Vec<&str> = token.split('.').collect();
                format!("{}.{}.{}", parts[0], encode(b"{\"sub\":\"somebody else\"}"), parts[2])
            }),
        ),
        row(
            "has lost its signature",
            "Unbelievable(\"signature\")",
            spoil(|token| token[..=token.rfind('.').unwrap()].to_owned()),
        ),
        row("is encrypted", "Unbelievable(\"token coding\")", spoil(|token| format!("{token}.x.y"))),
        row("has one part", "Unbelievable(\"token shape\")", spoil(|token| token.replace('.', ""))),
        row("is padded", "Unbelievable(\"token coding\")", spoil(|token| format!("{token}="))),
        row("is too long", "Unbelievable(\"token too long\")", spoil(|token| token + &"A".repeat(20_000))),
        row("is of another issuer", "Unbelievable(\"issuer\")", claim("iss", json!("https://nid.naver.com"))),
        row("is of nobody", "Unbelievable(\"issuer\")", claim("iss", json!(["x"]))),
        row("is for somebody else", "Unbelievable(\"audience\")", claim("aud", json!("another client"))),
        row("is for two of us", "Unbelievable(\"audience\")", claim("aud", json!(["charye", "another client"]))),
        row("was asked for by another", "Unbelievable(\"audience\")", claim("azp", json!("another client"))),
        row("is of another sign-in", "nonce_mismatch", claim("nonce", json!("0123456789abcdef0123456789abcdef"))),
        row("has no nonce", "Unbelievable(\"nonce\")", claim("nonce", Value::Null)),
        row("has a list for a nonce", "Unbelievable(\"nonce\")", claim("nonce", json!(["NONCE"]))),
        row("has expired", "Unbelievable(\"expiry\")", claim("exp", json!(NOW_SECS - 61))),
        row("never expires", "Unbelievable(\"expiry\")", claim("exp", Value::Null)),
        row("expires in words", "Unbelievable(\"expiry\")", claim("exp", json!("tomorrow"))),
        row("comes from the future", "Unbelievable(\"time of issue\")", claim("iat", json!(NOW_SECS + 3_600))),
        row("comes from last year", "Unbelievable(\"time of issue\")", claim("iat", json!(NOW_SECS - 31_536_000))),
        row("holds from tomorrow on", "Unbelievable(\"not before\")", claim("nbf", json!(NOW_SECS + 86_400))),
        row("is about nobody", "Unbelievable(\"subject\")", claim("sub", json!(""))),
        row("is about a crowd", "Unbelievable(\"subject\")", claim("sub", json!("x".repeat(256)))),
        row(
            "hashes another access token",
            "Unbelievable(\"access token hash\")",
            claim("at_hash", json!("AAAAAAAAAAAAAAAAAAAAAA")),
        ),
        row("says everything twice", "Unbelievable(\"token claims\")", |s, _| {
            let claims = s.claims.to_string();
            s.claims_text =
                Some(format!("{},\"nonce\":\"NONCE\",\"sub\":\"somebody else\"}}", &claims[..claims.len() - 1]));
        }),
        row("tells of another in userinfo", "Unbelievable(\"subject of userinfo\")", |s, _| {
            s.userinfo["sub"] = json!("citizen-2")
        }),
        row("tells no birth date", "detail_missing", |s, _| s.userinfo["birthdate"] = Value::Null),
        row("tells of a day that never was", "Unbelievable(\"birth date\")", |s, _| {
            s.userinfo["birthdate"] = json!("1985-02-30")
        }),
    ]
}

fn callback_rows() -> Vec<Row> {
    let bring = |name: &'static str, value: &'static str| {
        move |script: &mut Script, _: &Server| {
            script.callback = vec![(name, value.to_owned())];
        }
    };
    vec![
        row("sends the answer of another issuer", "issuer_mismatch", bring("iss", "https://nid.naver.com")),
        row("promises its name and does not give it", "issuer_mismatch", |s, _| {
            s.discovery["authorization_response_iss_parameter_supported"] = json!(true);
        }),
        row("sends the state of another sign-in", "state_mismatch", bring("state", "0123456789abcdef0123456789abcdef")),
        row("sends no state", "parameter_missing", bring("state", "")),
        row("sends no code", "parameter_missing", bring("code", "")),
        row("sends a huge code", "parameter_unfit", |s, _| s.callback = vec![("code", "x".repeat(3_000))]),
        row("sends an even larger one", "parameter_unfit", |s, _| s.callback = vec![("code", "x".repeat(9_000))]),
        row("sends a code with lines in it", "parameter_unfit", bring("code", "a\r\nhost: b")),
        row("says no", "cancelled", bring("error", "access_denied")),
    ]
}

/// Every row, a few at a time: most of them wait for their own threads.
fn check(rows: Vec<Row>) {
    let failed: Vec<String> = std::thread::scope(|scope| {
        let running: Vec<_> = rows
            .into_iter()
            .map(|row| {
                scope.spawn(move || {
                    let (ended, server) = sign_in(&*row.change);
                    let fetches = server.count("/keys");
                    let quiet = server.count("/elsewhere") + server.count("/evil") == 0 && fetches <= 1;
                    let well = ended == row.ended && quiet;
                    (!well).then(|| {
                        format!("a provider that {}: {ended}, not {}; {fetches} key fetches", row.what, row.ended)
                    })
                })
            })
            .collect();
        running.into_iter().filter_map(|running| running.join().unwrap()).collect()
    });
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn a_provider_that_lies_about_itself_signs_nobody_in() {
    check(discovery_rows());
}

#[test]
fn a_provider_with_bad_keys_signs_nobody_in() {
    check(key_rows());
}

#[test]
fn a_provider_whose_token_endpoint_misbehaves_signs_nobody_in() {
    check(token_endpoint_rows());
}

#[test]
fn a_provider_with_bad_identities_signs_nobody_in() {
    check(id_token_rows());
}

#[test]
fn a_browser_that_brings_back_something_else_signs_nobody_in() {
    check(callback_rows());
}

#[test]
fn there_are_as_many_misbehaviours_as_are_promised() {
    let tables = [discovery_rows(), key_rows(), token_endpoint_rows(), id_token_rows(), callback_rows()];
    let all: usize = tables.iter().map(Vec::len).sum();
    assert!(all >= 40, "{all}");
}

/// Two honest providers, and an answer of one brought to the other's way back.
#[test]
fn an_answer_of_one_provider_does_not_fit_another() {
    let (a, b) = (Server::start(), Server::start());
    let second = config(&b, 10_000).replace("id = \"hostile\"", "id = \"second\"");
    let second = second.split_once("[[provider]]").unwrap().1.to_owned();
    let both = config(&a, 10_000).replace(
        &format!("[\"127.0.0.1:{}\"]", a.port),
        &format!("[\"127.0.0.1:{}\", \"127.0.0.1:{}\"]", a.port, b.port),
    );
    let stage = Stage::of(&format!("{both}\n[[provider]]{second}"));
    for server in [&a, &b] {
        server.say("/.well-known/openid-configuration", Reply::json(&Script::new(server).discovery));
        server.say("/keys", Reply::json(&OWN.key_set()));
    }
    let at_a = stage.begin("hostile", &[]).unwrap();
    let state = query_of(&at_a, "state");
    let ended = stage.answer("second", &at_a, &[("code", "x"), ("state", &state)]);
    assert!(matches!(ended, Err(SignInFailure::Refused(_))), "{ended:?}");
    assert_eq!((failure(ended), b.count("/token"), a.count("/token")), ("other_provider".to_owned(), 0, 0));
    // The own way back is still open.
    a.say("/userinfo", Reply::json(&Script::new(&a).userinfo));
    let mut claims = Script::new(&a).claims;
    claims["nonce"] = json!(query_of(&at_a, "nonce"));
    let id_token = OWN.sign(&json!({"alg": "RS256", "kid": "rsa"}), &claims.to_string());
    a.say("/token", Reply::json(&json!({"id_token": id_token, "access_token": "at"})));
    let ended = proven(stage.answer("hostile", &at_a, &[("code", "x"), ("state", &state)]));
    assert_eq!(ended.citizen.details.name, "김차례");
}
