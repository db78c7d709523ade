//! Room: gateway/identity/rehearsal_identity. What its providers say to each question, honestly: codes are taken once, the
//! verifier must fit, the secret must be right. No I/O here.

use aws_lc_rs::aead::{Aad, Nonce};
use aws_lc_rs::hmac;
use aws_lc_rs::signature::KeyPair as _;
use charye_engine::ports::{RehearsalCitizenId, RehearsalFilter, RehearsalPeople as _};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::grants::Grant;
use super::{CLIENT_ID, NAMES, Shared, Trouble, pages};
use crate::identity::oidc::code_challenge;
use crate::identity::rehearsal_provider::Attested;
use crate::identity::secret::Secret;
use crate::identity::{form, jose, strict_json};

/// How long a citizen of a rehearsal takes to confirm in their app. Unit: milliseconds.
const CONFIRMS_AFTER_MS: u128 = 3_000;
/// Codes and requests are good for this long.
const GRANT_SECS: u64 = 600;

/// A question.
pub(super) struct Asked {
    pub(super) path: String,
    pub(super) query: String,
    pub(super) authorization: Option<String>,
    pub(super) body: Vec<u8>,
}

/// An answer.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) content_type: &'static str,
    pub(super) location: Option<String>,
    pub(super) body: String,
}

impl Answer {
    pub(super) fn text(status: u16, body: &str) -> Self {
        Self { status, content_type: "text/plain; charset=utf-8", location: None, body: body.to_owned() }
    }

    fn json(status: u16, body: &Value) -> Self {
        Self { status, content_type: "application/json", location: None, body: body.to_string() }
    }

    fn page(body: String) -> Self {
        Self { status: 200, content_type: "text/html; charset=utf-8", location: None, body }
    }

    fn see_other(location: String) -> Self {
        Self { status: 303, content_type: "text/plain", location: Some(location), body: String::new() }
    }

    fn error(code: &str) -> Self {
        Self::json(400, &json!({ "error": code }))
    }
}

impl Asked {
    fn form(&self) -> Pairs {
        Pairs::parse(&String::from_utf8_lossy(&self.body))
    }

    fn json(&self) -> Value {
        strict_json::parse(&self.body).unwrap_or_default()
    }
}

/// Pairs of a query or form; of doubled ones, the first.
struct Pairs(Vec<(String, String)>);

impl Pairs {
    fn parse(text: &str) -> Self {
        let decoded = |part: &str| percent_decode_str(&part.replace('+', " ")).decode_utf8_lossy().into_owned();
        let pair = |pair: &str| pair.split_once('=').map(|(name, value)| (decoded(name), decoded(value)));
        Self(text.split('&').take(64).filter_map(pair).collect())
    }

    fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str())
    }

    fn owned(&self, name: &str) -> Option<String> {
        Some(self.get(name)).filter(|value| !value.is_empty()).map(str::to_owned)
    }
}

/// What is asked below one provider's name.
pub(super) fn answer(shared: &Shared, name: &str, asked: &Asked) -> Answer {
    let rest = asked.path.split_at(1 + name.len()).1;
    match (name, rest) {
        ("oidc" | "ciba", "/.well-known/openid-configuration") => discovery(shared, name),
        ("oidc" | "ciba", "/keys") => {
            let key = json!({"kty": "OKP", "crv": "Ed25519", "kid": "1", "use": "sig", "alg": "EdDSA",
                "x": jose::encode(shared.signer.public_key().as_ref())});
            Answer::json(200, &json!({ "keys": [key] }))
        }
        ("oidc" | "oauth2", "/authorize") => authorize(shared, name, &Pairs::parse(&asked.query)),
        ("oidc" | "oauth2", "/consent") => consent(shared, name, &asked.form()),
        ("oidc", "/token") => exchange(shared, asked, |grant, person| {
            json!({"id_token": id_token(shared, "oidc", person, grant.nonce.as_deref()), "access_token": shared.ticket(),
                "token_type": "Bearer", "expires_in": GRANT_SECS})
        }),
        ("oauth2", "/token") => exchange(shared, asked, |grant, _| {
            let access_token = shared.ticket();
            shared.grants().give(access_token.clone(), grant.clone());
            json!({"access_token": access_token, "token_type": "bearer", "expires_in": GRANT_SECS})
        }),
        ("oauth2", "/me") => {
            let ticket = asked.authorization.as_deref().and_then(|value| value.strip_prefix("Bearer "));
            match ticket.and_then(|ticket| person_of(shared, ticket)) {
                Some(person) => Answer::json(
                    200,
                    &json!({"resultcode": "00", "message": "success", "response": {
                    "id": person.number, "ci": person.number, "name": person.name, "mobile": person.phone,
                    "birthyear": person.birth_date.strftime("%Y").to_string(),
                    "birthday": person.birth_date.strftime("%m-%d").to_string()}}),
                ),
                None => Answer::json(401, &json!({"resultcode": "024", "message": "authentication failed"})),
            }
        }
        ("ciba", "/backchannel") => ciba_begin(shared, asked),
        ("ciba", "/token") => ciba_token(shared, asked),
        ("push", "/begin") => push_begin(shared, asked),
        ("push", "/status") => push_status(shared, asked),
        ("window", "/confirm") => window(shared, &asked.form()),
        ("window", "/answer") => window_answer(shared, &asked.form()),
        ("registry", "/person") => registry(shared, asked),
        _ => Answer::text(404, "nothing here"),
    }
}

/// What is asked of the server itself: `POST /trouble` with `provider`, `latency_ms`, `error_percent`, `hang_percent` and
/// `at_once_max`; what is left out is no trouble.
pub(super) fn others(shared: &Shared, asked: &Asked) -> Answer {
    if asked.path != "/trouble" {
        return Answer::text(404, "nothing here");
    }
    let form = asked.form();
    let number = |name: &str| match form.get(name) {
        "" => Ok(None),
        text => text.parse::<u32>().map(Some).map_err(|_| ()),
    };
    let read = || -> Result<Trouble, ()> {
        let none = Trouble::default();
        let percent = |name| number(name).map(|given| given.map_or(0, |percent| percent.min(100) as u8));
        Ok(Trouble {
            latency: number("latency_ms")?.map_or(none.latency, |ms| std::time::Duration::from_millis(ms.into())),
            error_percent: percent("error_percent")?,
            hang_percent: percent("hang_percent")?,
            at_once_max: number("at_once_max")?.map_or(none.at_once_max, |max| max as usize),
        })
    };
    match read() {
        Ok(trouble) if shared.set_trouble(form.get("provider"), trouble) => Answer::text(200, "so it is"),
        Ok(_) => Answer::text(400, &format!("provider is one of {}", NAMES.join(", "))),
        Err(()) => Answer::text(400, "numbers only"),
    }
}

fn discovery(shared: &Shared, name: &str) -> Answer {
    let issuer = format!("{}/{name}", shared.base);
    Answer::json(
        200,
        &json!({"issuer": issuer, "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"), "jwks_uri": format!("{issuer}/keys"),
            "backchannel_authentication_endpoint": format!("{issuer}/backchannel"),
            "authorization_response_iss_parameter_supported": true}),
    )
}

fn authorize(shared: &Shared, name: &str, query: &Pairs) -> Answer {
    if query.get("client_id") != CLIENT_ID || !is_ours(shared, query.get("redirect_uri")) {
        return Answer::text(400, "not a client of this rehearsal");
    }
    let carried: Vec<(String, String)> = ["redirect_uri", "state", "nonce", "code_challenge"]
        .iter()
        .map(|name| ((*name).to_owned(), query.get(name).to_owned()))
        .collect();
    Answer::page(pages::choose(shared, &format!("/{name}/consent"), query.get("name"), &carried))
}

fn is_ours(shared: &Shared, address: &str) -> bool {
    address.strip_prefix(shared.public_url.trim_end_matches('/')).is_some_and(|rest| rest.starts_with('/'))
}

fn consent(shared: &Shared, name: &str, form: &Pairs) -> Answer {
    let redirect_uri = form.get("redirect_uri").to_owned();
    if !is_ours(shared, &redirect_uri) {
        return Answer::text(400, "not a client of this rehearsal");
    }
    let issuer = format!("{}/{name}", shared.base);
    let state = form.get("state");
    let Some(citizen) = form.get("citizen").parse().ok().map(RehearsalCitizenId) else {
        let pairs = [("error", "access_denied"), ("state", state), ("iss", &issuer)];
        return Answer::see_other(form::with_query(&redirect_uri, &pairs));
    };
    let code = shared.ticket();
    let grant = Grant {
        citizen,
        nonce: form.owned("nonce"),
        code_challenge: form.owned("code_challenge"),
        redirect_uri: redirect_uri.clone(),
        given_at: shared.clock.monotonic(),
    };
    shared.grants().give(code.clone(), grant);
    let pairs = [("code", code.as_str()), ("state", state), ("iss", &issuer)];
    Answer::see_other(form::with_query(&redirect_uri, &pairs))
}

/// Whether the question comes from whom the providers know.
fn is_client(shared: &Shared, asked: &Asked, form: &Pairs) -> bool {
    let basic = form::basic(CLIENT_ID, &Secret::new(shared.secret.clone()));
    let in_form = form.get("client_id") == CLIENT_ID && form.get("client_secret") == shared.secret;
    asked.authorization.as_deref() == Some(&basic) || in_form
}

fn exchange(shared: &Shared, asked: &Asked, tokens: impl FnOnce(&Grant, &Attested) -> Value) -> Answer {
    let form = asked.form();
    if !is_client(shared, asked, &form) {
        return Answer::json(401, &json!({"error": "invalid_client"}));
    }
    let grant = shared.grants().take(form.get("code"));
    let fits = |grant: &Grant| {
        let verified =
            grant.code_challenge.as_ref().is_none_or(|known| *known == code_challenge(form.get("code_verifier")));
        verified && grant.redirect_uri == form.get("redirect_uri") && is_current(shared, grant)
    };
    let Some(grant) = grant.filter(fits) else { return Answer::error("invalid_grant") };
    match shared.people.attested(grant.citizen) {
        Some(person) => Answer::json(200, &tokens(&grant, &person)),
        None => Answer::error("invalid_grant"),
    }
}

fn is_current(shared: &Shared, grant: &Grant) -> bool {
    shared.clock.monotonic().saturating_sub(grant.given_at).as_secs() < GRANT_SECS
}

fn id_token(shared: &Shared, name: &str, person: &Attested, nonce: Option<&str>) -> String {
    let now = shared.clock.wall().0.div_euclid(1_000);
    let mut claims = json!({"iss": format!("{}/{name}", shared.base), "aud": CLIENT_ID, "sub": person.number, "iat": now,
        "exp": now + 300, "name": person.name, "birthdate": person.birth_date.to_string(), "phone_number": person.phone});
    if let Some(nonce) = nonce {
        claims["nonce"] = Value::from(nonce);
    }
    let header = json!({"alg": "EdDSA", "kid": "1", "typ": "JWT"});
    let signed =
        format!("{}.{}", jose::encode(header.to_string().as_bytes()), jose::encode(claims.to_string().as_bytes()));
    let signature = shared.signer.sign(signed.as_bytes());
    format!("{signed}.{}", jose::encode(signature.as_ref()))
}

fn person_of(shared: &Shared, ticket: &str) -> Option<Attested> {
    let citizen = shared.grants().see(ticket).filter(|grant| is_current(shared, grant))?.citizen;
    shared.people.attested(citizen)
}

/// Has an app asked, and gives the request's ticket.
fn ask_app(shared: &Shared, citizen: RehearsalCitizenId) -> String {
    let ticket = shared.ticket();
    let given_at = shared.clock.monotonic();
    let grant = Grant { citizen, nonce: None, code_challenge: None, redirect_uri: String::new(), given_at };
    shared.grants().give(ticket.clone(), grant);
    ticket
}

/// Whether the citizen has had the time to confirm; `None` if nobody was asked.
fn has_confirmed(shared: &Shared, ticket: &str) -> Option<bool> {
    let grants = shared.grants();
    let grant = grants.see(ticket).filter(|grant| is_current(shared, grant))?;
    Some(shared.clock.monotonic().saturating_sub(grant.given_at).as_millis() >= CONFIRMS_AFTER_MS)
}

fn ciba_begin(shared: &Shared, asked: &Asked) -> Answer {
    let form = asked.form();
    if !is_client(shared, asked, &form) {
        return Answer::json(401, &json!({"error": "invalid_client"}));
    }
    match shared.people.by_number(form.get("login_hint")) {
        None => Answer::error("unknown_user_id"),
        Some(citizen) => Answer::json(
            200,
            &json!({"auth_req_id": ask_app(shared, citizen), "expires_in": GRANT_SECS, "interval": 2}),
        ),
    }
}

fn ciba_token(shared: &Shared, asked: &Asked) -> Answer {
    let form = asked.form();
    if !is_client(shared, asked, &form) {
        return Answer::json(401, &json!({"error": "invalid_client"}));
    }
    let ticket = form.get("auth_req_id");
    match has_confirmed(shared, ticket) {
        None => Answer::error("invalid_grant"),
        Some(false) => Answer::error("authorization_pending"),
        Some(true) => match person_of(shared, ticket) {
            None => Answer::error("invalid_grant"),
            Some(person) => {
                shared.grants().take(ticket);
                let id_token = id_token(shared, "ciba", &person, None);
                Answer::json(
                    200,
                    &json!({"id_token": id_token, "access_token": shared.ticket(), "token_type": "Bearer"}),
                )
            }
        },
    }
}

/// Whether the question carries the secret as its bearer.
fn is_bearer(shared: &Shared, asked: &Asked) -> bool {
    asked.authorization.as_deref() == Some(&format!("Bearer {}", shared.secret))
}

fn push_begin(shared: &Shared, asked: &Asked) -> Answer {
    if !is_bearer(shared, asked) {
        return Answer::text(401, "who asks?");
    }
    let question = asked.json();
    let text = |name: &str| question[name].as_str().unwrap_or_default();
    let born = text("birthday").parse().ok();
    let filter =
        RehearsalFilter { name: text("name").to_owned(), born_from: born, born_to: born, ..RehearsalFilter::default() };
    let found = shared.people.list(&filter, None, 1);
    match found.first().filter(|citizen| born.is_some() && citizen.name_ko == text("name")) {
        Some(citizen) => Answer::json(200, &json!({"txId": ask_app(shared, citizen.id)})),
        None => Answer::text(404, "nobody like that"),
    }
}

fn push_status(shared: &Shared, asked: &Asked) -> Answer {
    if !is_bearer(shared, asked) {
        return Answer::text(401, "who asks?");
    }
    let question = asked.json();
    let ticket = question["txId"].as_str().unwrap_or_default();
    match (has_confirmed(shared, ticket), person_of(shared, ticket)) {
        (Some(true), Some(person)) => Answer::json(
            200,
            &json!({"txId": ticket, "status": "COMPLETED", "ci": person.number, "name": person.name,
                "birthday": person.birth_date.to_string(), "phoneNo": person.phone}),
        ),
        (Some(false), _) => Answer::json(200, &json!({"txId": ticket, "status": "PENDING"})),
        _ => Answer::text(404, "no such request"),
    }
}

fn window_key(shared: &Shared) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, shared.secret.as_bytes())
}

fn window(shared: &Shared, form: &Pairs) -> Answer {
    let signed: Vec<&str> =
        ["client_id", "transaction", "issued_at", "return_url"].iter().map(|name| form.get(name)).collect();
    let signature = jose::decode(form.get("signature")).unwrap_or_default();
    let is_signed = hmac::verify(&window_key(shared), signed.join("|").as_bytes(), &signature).is_ok();
    if !is_signed || form.get("client_id") != CLIENT_ID || !is_ours(shared, form.get("return_url")) {
        return Answer::text(400, "not a client of this rehearsal");
    }
    let carried = ["transaction", "return_url"].map(|name| (name.to_owned(), form.get(name).to_owned()));
    Answer::page(pages::choose(shared, "/window/answer", form.get("name"), &carried))
}

fn window_answer(shared: &Shared, form: &Pairs) -> Answer {
    let transaction = form.get("transaction");
    if !is_ours(shared, form.get("return_url")) {
        return Answer::text(400, "not a client of this rehearsal");
    }
    let chosen = form.get("citizen").parse().ok().and_then(|id| shared.people.attested(RehearsalCitizenId(id)));
    let issued_at = shared.clock.wall().0.div_euclid(1_000);
    let told = match chosen {
        None => json!({"transaction": transaction, "issued_at": issued_at, "result": "cancelled"}),
        Some(person) => json!({"transaction": transaction, "issued_at": issued_at, "result": "verified",
            "ci": person.number, "name": person.name, "birth_date": person.birth_date.to_string(), "phone": person.phone}),
    };
    let bound = format!("{CLIENT_ID}|{transaction}");
    let mut nonce = [0; 12];
    shared.random.fill(&mut nonce);
    let mut sealed = told.to_string().into_bytes();
    let sealing = Nonce::assume_unique_for_key(nonce);
    let key = &shared.window_key.1;
    if key.seal_in_place_append_tag(sealing, Aad::from(bound.as_bytes()), &mut sealed).is_err() {
        return Answer::text(500, "could not seal");
    }
    let answer = jose::encode(&[nonce.as_slice(), &sealed].concat());
    let signature = hmac::sign(&window_key(shared), format!("{bound}|{answer}").as_bytes());
    let signature = jose::encode(signature.as_ref());
    let fields = [("transaction", transaction.to_owned()), ("answer", answer), ("signature", signature)];
    let fields = fields.map(|(name, value)| (name.to_owned(), value));
    Answer::page(pages::post_back(form.get("return_url"), &fields))
}

fn registry(shared: &Shared, asked: &Asked) -> Answer {
    if !is_bearer(shared, asked) {
        return Answer::text(401, "who asks?");
    }
    let question = asked.json();
    let text = |name: &str| question[name].as_str().unwrap_or_default();
    let found = shared.people.by_number(text("registry_number")).and_then(|id| shared.people.attested(id));
    match found.filter(|person| person.name == text("name") && person.birth_date.to_string() == text("birth_date")) {
        None => Answer::json(404, &json!({"error": "not_found"})),
        Some(person) => Answer::json(
            200,
            &json!({"person_key": person.number, "name": person.name, "birth_date": person.birth_date.to_string(),
                "phone": person.phone}),
        ),
    }
}
