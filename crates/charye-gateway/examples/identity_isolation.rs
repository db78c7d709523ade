//! What one identity provider's trouble costs the others, in real time: `cargo xtask bench identity-isolation`.
//!
//! Five OpenID providers behind one desk, each asked many times a second, whoever is waiting. One of them hangs, is slow, fails
//! or lies, and then recovers; the sign-ins at the other four are counted and timed, beside calm stretches of the same run. Then
//! a storm of forged callbacks. The outside is given: what is real is the desk, the deadlines, the breakers and the lights.

use std::collections::HashMap;
use std::future::Future;
use std::io::Write as _;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use charye_domain::identity::TrafficLight;
use charye_domain::time::UnixMillis;
use charye_engine::fakes::ToyKeys;
use charye_engine::identity::{
    SignInAnswer, SignInBy, SignInDesk, SignInFailure, SignInPorts, SignInWish, answer_sign_in, begin_sign_in,
    probe_providers,
};
use charye_engine::ports::{Begun, Clock, Doing, Parameters, ProviderFault};
use charye_gateway::identity::jose::encode;
use charye_gateway::identity::outbound::{AskOutside, Body, OutboundAnswer, OutboundRequest};
use charye_gateway::identity::{IdentitySection, ProviderPorts};
use charye_gateway::os_random::OsRandom;
use serde_json::{Value, json};

/// Sign-ins at each provider in a second.
const A_SECOND: u32 = 100;
/// How long a sound provider takes: as real ones do, and far above what the machine's own timers are off by.
const ANSWERS_IN: Duration = Duration::from_millis(50);
const CALM: Duration = Duration::from_secs(12);
const TROUBLE: Duration = Duration::from_secs(12);
const RECOVERY: Duration = Duration::from_secs(40);
/// Forged callbacks in the storm.
const FORGED: u32 = 20_000;
/// The one that gets into trouble.
const ILL: usize = 2;

const SOUND: u8 = 0;
const TROUBLES: [(u8, &str); 4] = [(1, "hung"), (2, "slow"), (3, "failing"), (4, "lying")];

type Failed = Box<dyn std::error::Error>;

/// Five providers on the outside.
struct Outside {
    signer: Ed25519KeyPair,
    stranger: Ed25519KeyPair,
    /// Which nonce a code stands for.
    nonces: Mutex<HashMap<String, String>>,
    /// What is wrong with the ill one.
    trouble: AtomicU8,
    asked: AtomicU64,
    clock: WallClock,
}

/// The machine's time, beginning at a moment of the bench's own calendar.
#[derive(Clone)]
struct WallClock(Instant);

impl Clock for WallClock {
    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }

    fn wall(&self) -> UnixMillis {
        UnixMillis(1_700_000_000_000).plus_millis(i64::try_from(self.0.elapsed().as_millis()).unwrap_or(i64::MAX))
    }
}

impl AskOutside for Outside {
    fn ask(&self, request: OutboundRequest) -> Doing<'_, Result<OutboundAnswer, ProviderFault>> {
        Box::pin(async move {
            self.asked.fetch_add(1, Ordering::Relaxed);
            let to = request.to.as_str();
            let host = to.trim_start_matches("https://").split('/').next().unwrap_or_default();
            let trouble = if host == host_of(ILL) { self.trouble.load(Ordering::Relaxed) } else { SOUND };
            match trouble {
                1 => std::future::pending().await,
                2 => tokio::time::sleep(Duration::from_secs(2)).await,
                3 => return Ok(OutboundAnswer { status: 500, is_json: true, body: "{}".into() }),
                _ => tokio::time::sleep(ANSWERS_IN).await,
            }
            let signer = if trouble == 4 { &self.stranger } else { &self.signer };
            let body = self.answer(to, host, &request.body, signer);
            let status = if body.get("error").is_some() { 400 } else { 200 };
            Ok(OutboundAnswer { status, is_json: true, body: body.to_string().into() })
        })
    }

    fn go_on(&self, work: Pin<Box<dyn Future<Output = ()> + Send>>) {
        tokio::spawn(work);
    }
}

impl Outside {
    fn answer(&self, to: &str, host: &str, body: &Body, signer: &Ed25519KeyPair) -> Value {
        let issuer = format!("https://{host}");
        match to.strip_prefix(&issuer).unwrap_or_default() {
            "/keys" => {
                let x = encode(self.signer.public_key().as_ref());
                json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "1", "alg": "EdDSA", "x": x}]})
            }
            "/token" => {
                let Body::Form(form) = body else { return json!({"error": "invalid_request"}) };
                let code = form.split('&').find_map(|pair| pair.strip_prefix("code=")).unwrap_or_default();
                let nonce = self.nonces.lock().unwrap_or_else(PoisonError::into_inner).remove(code);
                let Some(nonce) = nonce else { return json!({"error": "invalid_grant"}) };
                json!({"access_token": "at", "token_type": "Bearer", "id_token": token(signer, &issuer, code, &nonce, self.clock.wall())})
            }
            _ => json!({"issuer": issuer, "authorization_endpoint": format!("{issuer}/authorize"),
                "token_endpoint": format!("{issuer}/token"), "jwks_uri": format!("{issuer}/keys")}),
        }
    }
}

fn host_of(number: usize) -> String {
    format!("p{number}.example")
}

fn token(signer: &Ed25519KeyPair, issuer: &str, code: &str, nonce: &str, now: UnixMillis) -> String {
    let secs = now.0 / 1_000;
    let claims = json!({"iss": issuer, "aud": "charye", "sub": code, "iat": secs, "exp": secs + 300, "nonce": nonce,
        "name": "김차례", "birthdate": "1985-02-28", "phone_number": "+82 10-1234-5678"});
    let header = json!({"alg": "EdDSA", "kid": "1", "typ": "JWT"});
    let signed = format!("{}.{}", encode(header.to_string().as_bytes()), encode(claims.to_string().as_bytes()));
    format!("{signed}.{}", encode(signer.sign(signed.as_bytes()).as_ref()))
}

/// One sign-in: whether it succeeded, and how long its callback took.
async fn sign_in(desk: &SignInDesk, outside: &Outside, provider: usize, number: u64) -> Option<Duration> {
    let (name, nothing) = (format!("p{provider}"), Parameters::default());
    let wish = SignInWish {
        provider: &name,
        by: SignInBy::Citizen,
        wanted: None,
        filled_in: &nothing,
        language: "ko",
        go_on_to: "",
        instead_of: None,
    };
    let mut place = None;
    let begun = loop {
        match begin_sign_in(desk, SignInWish { instead_of: place.as_deref(), ..wish }).await {
            // As the page does: it asks again by itself, until the way is free.
            Err(SignInFailure::InLine { about, place: kept, .. }) => {
                place = kept;
                tokio::time::sleep(about).await;
            }
            begun => break begun.ok()?,
        }
    };
    let Begun::Redirect { url } = &begun.begun else { return None };
    let of =
        |name: &str| url.split(&format!("&{name}=")).nth(1).and_then(|rest| rest.split('&').next()).unwrap_or_default();
    let code = format!("{name}-{number}");
    outside.nonces.lock().unwrap_or_else(PoisonError::into_inner).insert(code.clone(), of("nonce").to_owned());
    let pairs = vec![("code".to_owned(), code), ("state".to_owned(), of("state").to_owned())];
    let callback = Parameters::new(pairs).ok()?;
    let began = now();
    let answer = loop {
        match answer_sign_in(desk, &name, &begun.sealed_state, &callback).await {
            Err(SignInFailure::InLine { about, .. }) => tokio::time::sleep(about).await,
            answer => break answer,
        }
    };
    matches!(answer, Ok(SignInAnswer::Proven(_))).then(|| began.elapsed())
}

#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
fn now() -> Instant {
    Instant::now()
}

/// What the four sound ones were like for a while.
#[derive(Default)]
struct Stretch {
    took: Vec<Duration>,
    failed: u32,
}

impl Stretch {
    fn p99_ms(&mut self) -> f64 {
        self.took.sort();
        let at = self.took.len().saturating_sub(1) * 99 / 100;
        self.took.get(at).map_or(0.0, |took| took.as_secs_f64() * 1e3)
    }

    fn success(&self) -> f64 {
        let all = self.took.len() as f64 + f64::from(self.failed);
        self.took.len() as f64 / all.max(1.0)
    }
}

/// Everybody comes, at every provider, for as long; what became of those at the sound ones, and each change of the ill one's
/// light with the time since the beginning.
async fn stretch(
    desk: &Arc<SignInDesk>,
    outside: &Arc<Outside>,
    time: Duration,
    numbers: &mut u64,
) -> (Stretch, Vec<(Duration, TrafficLight)>) {
    let told = Arc::new(Mutex::new(Stretch::default()));
    let mut lights = vec![(Duration::ZERO, light(desk))];
    let began = now();
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / A_SECOND);
    while began.elapsed() < time {
        ticks.tick().await;
        *numbers += 1;
        for provider in 0..5 {
            let (desk, outside, told, number) = (Arc::clone(desk), Arc::clone(outside), Arc::clone(&told), *numbers);
            tokio::spawn(async move {
                let took = sign_in(&desk, &outside, provider, number).await;
                if provider != ILL {
                    let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
                    match took {
                        Some(took) => told.took.push(took),
                        None => told.failed += 1,
                    }
                }
            });
        }
        let shown = light(desk);
        if lights.last().is_some_and(|(_, before)| *before != shown) {
            lights.push((began.elapsed(), shown));
        }
    }
    // The last ones come to their end.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let told = std::mem::take(&mut *told.lock().unwrap_or_else(PoisonError::into_inner));
    (told, lights)
}

fn light(desk: &SignInDesk) -> TrafficLight {
    desk.reports()[ILL].choice.light
}

/// The worst of what was seen; of latencies the middle one, since one minute of a shared machine is not another.
#[derive(Default)]
struct Worst {
    success: f64,
    /// At the others, ill and calm, in each of the troubles.
    p99s_ms: Vec<(f64, f64)>,
    turned_secs: f64,
    back_secs: f64,
    flaps: usize,
}

async fn measure(desk: Arc<SignInDesk>, outside: Arc<Outside>) -> Result<(), Failed> {
    let mut worst = Worst { success: 1.0, ..Worst::default() };
    let mut numbers = 0;
    // Documents are fetched, pools are warm.
    stretch(&desk, &outside, Duration::from_secs(3), &mut numbers).await;
    for (trouble, name) in TROUBLES {
        let (mut calm, _) = stretch(&desk, &outside, CALM, &mut numbers).await;
        outside.trouble.store(trouble, Ordering::Relaxed);
        let (mut ill, turned) = stretch(&desk, &outside, TROUBLE, &mut numbers).await;
        outside.trouble.store(SOUND, Ordering::Relaxed);
        let (_, back) = stretch(&desk, &outside, RECOVERY, &mut numbers).await;
        let turned_at = turned.iter().find(|(_, light)| *light > TrafficLight::Smooth).map(|(at, _)| at.as_secs_f64());
        let smooth = back.iter().rfind(|(_, light)| *light == TrafficLight::Smooth).map(|(at, _)| at.as_secs_f64());
        let ended_smooth = back.last().is_some_and(|(_, light)| *light == TrafficLight::Smooth);
        let back_at = smooth.filter(|_| ended_smooth).unwrap_or(f64::INFINITY);
        let all: Vec<TrafficLight> = turned.iter().chain(&back).map(|(_, light)| *light).collect();
        let flaps = flaps(&all);
        let (calm_ms, ill_ms) = (calm.p99_ms(), ill.p99_ms());
        writeln!(
            std::io::stdout().lock(),
            "{name}: others {:.4} of {}, p99 {ill_ms:.2} ms (calm {calm_ms:.2}); light turned after {turned_at:?} s, back after \
             {back_at:.1} s, flaps {flaps}",
            ill.success(),
            ill.took.len()
        )?;
        worst.success = worst.success.min(ill.success());
        worst.p99s_ms.push((ill_ms, calm_ms));
        worst.turned_secs = worst.turned_secs.max(turned_at.unwrap_or(f64::INFINITY));
        worst.back_secs = worst.back_secs.max(back_at);
        worst.flaps = worst.flaps.max(flaps);
    }
    tell(&worst)?;
    storm(&desk, &outside).await
}

/// Turns from better to worse after the light had become better.
fn flaps(lights: &[TrafficLight]) -> usize {
    let mut was_better = false;
    lights
        .windows(2)
        .filter(|pair| {
            was_better |= pair[1] < pair[0];
            was_better && pair[1] > pair[0]
        })
        .count()
}

fn tell(worst: &Worst) -> Result<(), Failed> {
    let mut out = std::io::stdout().lock();
    let mut p99s = worst.p99s_ms.clone();
    p99s.sort_by(|(ill, calm), (ill_too, calm_too)| (ill / calm).total_cmp(&(ill_too / calm_too)));
    let (p99_ms, calm_ms) = p99s.get(p99s.len() / 2).copied().unwrap_or_default();
    let p99_ratio = p99_ms / calm_ms;
    let figures = [
        json!({"id": "identity.others_success", "value": worst.success, "unit": "of one", "baseline": 1, "ratio": worst.success,
            "goal": ">= 0.999 while one of five is ill", "met": worst.success >= 0.999}),
        json!({"id": "identity.others_p99", "value": p99_ms, "unit": "ms, the median of four troubles", "baseline": calm_ms,
            "ratio": p99_ratio, "goal": "<= 1.05 x calm", "met": p99_ratio <= 1.05}),
        json!({"id": "identity.light_turns", "value": worst.turned_secs, "unit": "s", "baseline": null, "ratio": null,
            "goal": "<= 5 s", "met": worst.turned_secs <= 5.0}),
        json!({"id": "identity.light_is_back", "value": worst.back_secs, "unit": "s", "baseline": null, "ratio": null,
            "goal": "<= 30 s", "met": worst.back_secs <= 30.0}),
        json!({"id": "identity.light_flaps", "value": worst.flaps, "unit": "turns", "baseline": null, "ratio": null,
            "goal": "<= 1", "met": worst.flaps <= 1}),
    ];
    for figure in figures {
        writeln!(out, "{figure}")?;
    }
    Ok(())
}

/// Forged callbacks, as fast as one core takes them: nothing goes out, and each costs little.
async fn storm(desk: &SignInDesk, outside: &Outside) -> Result<(), Failed> {
    let nothing = Parameters::default();
    let wish = SignInWish {
        provider: "p0",
        by: SignInBy::Citizen,
        wanted: None,
        filled_in: &nothing,
        language: "ko",
        go_on_to: "",
        instead_of: None,
    };
    let begun = begin_sign_in(desk, wish).await.map_err(|failed| failed.code())?;
    let pairs = vec![("code".to_owned(), "forged".to_owned()), ("state".to_owned(), "0".repeat(32))];
    let callback = Parameters::new(pairs)?;
    let mut made_up = begun.sealed_state.clone();
    let last = made_up.len() - 1;
    made_up[last] ^= 1;
    let before = outside.asked.load(Ordering::Relaxed);
    let began = now();
    for number in 0..FORGED {
        // Half with a seal of their own making, half with a true one and an answer that is not its.
        let sealed = if number % 2 == 0 { &made_up } else { &begun.sealed_state };
        if answer_sign_in(desk, "p0", sealed, &callback).await.is_ok() {
            return Err("a forged callback signed somebody in".into());
        }
    }
    let each_us = began.elapsed().as_secs_f64() * 1e6 / f64::from(FORGED);
    let asked = outside.asked.load(Ordering::Relaxed) - before;
    if asked > 0 {
        return Err(format!("{asked} questions went out for forged callbacks").into());
    }
    let share = each_us * 5_000.0 / 1e6;
    let figure = json!({"id": "identity.storm", "value": each_us, "unit": "us a forged callback, nothing going out",
        "baseline": null, "ratio": share, "goal": "5,000/s take <= 5 % of a core", "met": share <= 0.05});
    writeln!(std::io::stdout().lock(), "{figure}")?;
    Ok(())
}

fn main() -> Result<(), Failed> {
    let key = || Ed25519KeyPair::generate();
    let wall = WallClock(now());
    let outside = Arc::new(Outside {
        clock: wall.clone(),
        signer: key()?,
        stranger: key()?,
        nonces: Mutex::default(),
        trouble: AtomicU8::new(SOUND),
        asked: AtomicU64::new(0),
    });
    let blocks: String = (0..5).map(block).collect();
    let section: IdentitySection = toml::from_str(&format!("public_url = \"https://vaccine.example\"\n{blocks}"))?;
    let clock: Arc<dyn Clock> = Arc::new(wall);
    let keys = Arc::new(ToyKeys);
    let ports = ProviderPorts { outside: Arc::clone(&outside) as _, keys: keys.clone(), clock: Arc::clone(&clock) };
    let providers = section.open(&ports, &|_| Some("a secret".to_owned()))?;
    let desk = SignInDesk::new(providers, SignInPorts { keys, clock, random: Arc::new(OsRandom::new()?) })?;
    let desk = Arc::new(desk);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    runtime.block_on(async {
        let (_end, ended) = tokio::sync::watch::channel(false);
        tokio::spawn(probe_providers(Arc::clone(&desk), Weak::new(), ended));
        measure(desk, outside).await
    })
}

fn block(number: usize) -> String {
    let host = host_of(number);
    format!(
        r#"
        [[provider]]
        id = "p{number}"
        name = {{ ko = "{number}", en = "{number}" }}
        scheme = "pairwise-subject"
        assurance = "ial2"
        [provider.oidc]
        issuer = "https://{host}"
        client_id = "charye"
        client_secret = {{ environment = "SECRET" }}
        scopes = ["openid"]
        algorithms = ["EdDSA"]
        [provider.profile]
        identifier = "/sub"
        name = "/name"
        birth_date = "/birthdate"
        phone = "/phone_number"
        "#
    )
}
