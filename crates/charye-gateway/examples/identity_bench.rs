//! What a callback costs beyond the check of its signature: `cargo xtask bench identity`.
//!
//! Everything between the callback's parameters and the proven citizen is timed, the desk's bulkhead and sealed state
//! included; the provider's answer is given. Beside it, in the same run and in turns, the signature check alone. Then what a
//! hundred thousand sign-ins hold that are under way at once.

use std::collections::VecDeque;
use std::future::Future;
use std::hint::black_box;
use std::io::Write as _;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair};
use charye_domain::time::UnixMillis;
use charye_engine::fakes::HandClock;
use charye_engine::identity::{
    BegunSignIn, SignInAnswer, SignInBy, SignInDesk, SignInPorts, SignInWish, answer_sign_in, begin_sign_in,
};
use charye_engine::ports::{Begun, Doing, Keys, Parameters, ProviderFault};
use charye_gateway::identity::jose::encode;
use charye_gateway::identity::outbound::{AskOutside, OutboundAnswer, OutboundRequest};
use charye_gateway::identity::{IdentitySection, ProviderPorts};
use charye_gateway::keys::{self, DataFolder, LocalKeys};
use charye_gateway::os_random::OsRandom;
use serde_json::{Value, json};

const ROUNDS: usize = 80;
const A_ROUND: usize = 250;
/// Sign-ins under way at once.
const UNDER_WAY: usize = 100_000;
const NOW: i64 = 1_700_000_000_000;
const ISSUER: &str = "https://id.example";
/// Of 2021: completions a second at the peak.
const PEAK_2021: f64 = 704.0;

type Failed = Box<dyn std::error::Error>;

/// The outside, with its answers given.
struct Given {
    keys: Value,
    tokens: Mutex<VecDeque<String>>,
}

impl AskOutside for Given {
    fn ask(&self, request: OutboundRequest) -> Doing<'_, Result<OutboundAnswer, ProviderFault>> {
        let body = match request.to.as_str().strip_prefix(ISSUER) {
            Some("/token") => self.tokens.lock().unwrap_or_else(PoisonError::into_inner).pop_front(),
            Some("/keys") => Some(self.keys.to_string()),
            _ => Some(
                json!({"issuer": ISSUER, "authorization_endpoint": "https://id.example/authorize",
                    "token_endpoint": "https://id.example/token", "jwks_uri": "https://id.example/keys"})
                .to_string(),
            ),
        };
        let answer = body.map(|body| OutboundAnswer { status: 200, is_json: true, body: body.into_bytes().into() });
        Box::pin(std::future::ready(answer.ok_or(ProviderFault::Unreachable)))
    }

    fn go_on(&self, work: Pin<Box<dyn Future<Output = ()> + Send>>) {
        tokio::spawn(work);
    }
}

#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let started = Instant::now();
    let made = work();
    (started.elapsed(), made)
}

fn main() -> Result<(), Failed> {
    let key = RsaKeyPair::generate(KeySize::Rsa2048)?;
    let (n, e) = rsa_parts(key.public_key().as_ref());
    let ready = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public_key().as_ref())?;
    let set = json!({"keys": [{"kty": "RSA", "kid": "1", "alg": "RS256", "n": encode(n), "e": encode(e)}]});
    let given = Arc::new(Given { keys: set, tokens: Mutex::default() });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let folder = tempfile::tempdir()?;
    let (desk, clock) = desk(Arc::clone(&given), folder.path())?;

    let (mut callbacks, mut checks) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let mut begun = Vec::new();
        let mut signed = Vec::new();
        for number in 0..A_ROUND {
            let (sign_in, token) = runtime.block_on(begin(&desk, &key, callbacks.len() * A_ROUND + number))?;
            let (message, signature) = token.rsplit_once('.').ok_or("a token has three parts")?;
            let signature = base64_url(signature)?;
            signed.push((message.to_owned(), signature));
            let answer = json!({"access_token": "at", "token_type": "Bearer", "expires_in": 3600, "id_token": token});
            given.tokens.lock().unwrap_or_else(PoisonError::into_inner).push_back(answer.to_string());
            begun.push(sign_in);
        }
        let (took, proven) = timed(|| {
            runtime.block_on(async {
                let mut proven = 0;
                for (sign_in, callback) in &begun {
                    let answer = answer_sign_in(&desk, "bench", &sign_in.sealed_state, callback).await;
                    proven += usize::from(matches!(answer, Ok(SignInAnswer::Proven(_))));
                }
                proven
            })
        });
        if proven != A_ROUND {
            return Err(format!("only {proven} of {A_ROUND} sign-ins were proven").into());
        }
        callbacks.push(took);
        let (took, good) = timed(|| {
            signed
                .iter()
                .filter(|(message, signature)| black_box(&ready).verify_sig(message.as_bytes(), signature).is_ok())
                .count()
        });
        if good != A_ROUND {
            return Err("a signature did not verify".into());
        }
        checks.push(took);
        clock.pass(1_000);
    }
    let (callback_us, check_us) = (quiet_us(callbacks), quiet_us(checks));
    let ratio = callback_us / check_us;
    let per_sec = 1e6 / callback_us;
    let mut out = std::io::stdout().lock();
    let figure = json!({"id": "identity.callback", "value": callback_us, "unit": "us CPU, RS256", "baseline": check_us,
        "ratio": ratio, "goal": "<= 1.6 x the signature check", "met": ratio <= 1.6});
    writeln!(out, "{figure}")?;
    writeln!(out, "{}", memory(&runtime, &desk)?)?;
    let times = per_sec / PEAK_2021;
    let figure = json!({"id": "identity.callbacks_per_core", "value": per_sec.round(), "unit": "1/s", "baseline": PEAK_2021,
        "ratio": times, "goal": ">= 15 x the peak of 2021", "met": times >= 15.0});
    writeln!(out, "{figure}")?;
    Ok(())
}

/// What a hundred thousand sign-ins cost that are under way at once: nothing is kept for them here, so their seals count too, as
/// if it were we who had to hold them.
fn memory(runtime: &tokio::runtime::Runtime, desk: &SignInDesk) -> Result<Value, Failed> {
    let nothing = Parameters::default();
    let before = resident_kib()?;
    let mut under_way = Vec::with_capacity(UNDER_WAY);
    for _ in 0..UNDER_WAY {
        let wish = SignInWish {
            provider: "bench",
            by: SignInBy::Citizen,
            wanted: None,
            filled_in: &nothing,
            language: "ko",
            go_on_to: "/ko/place",
            instead_of: None,
        };
        under_way.push(runtime.block_on(begin_sign_in(desk, wish)).map_err(|failed| failed.code())?.sealed_state);
    }
    let mib = resident_kib()?.saturating_sub(before) as f64 / 1_024.0;
    black_box(&under_way);
    Ok(
        json!({"id": "identity.under_way", "value": mib, "unit": "MiB for 100,000 sign-ins, seals included", "baseline": 256,
        "ratio": mib / 256.0, "goal": "<= 256 MiB", "met": mib <= 256.0}),
    )
}

fn resident_kib() -> Result<u64, Failed> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").trim().parse()?)
}

fn desk(given: Arc<Given>, folder: &std::path::Path) -> Result<(SignInDesk, HandClock), Failed> {
    let section: IdentitySection = toml::from_str(
        r#"
        public_url = "https://vaccine.example"
        [[provider]]
        id = "bench"
        name = { ko = "b", en = "b" }
        scheme = "pairwise-subject"
        assurance = "ial2"
        [provider.oidc]
        issuer = "https://id.example"
        client_id = "charye"
        client_secret = { environment = "SECRET" }
        scopes = ["openid"]
        algorithms = ["RS256"]
        [provider.profile]
        identifier = "/sub"
        name = "/name"
        birth_date = "/birthdate"
        phone = "/phone_number"
        "#,
    )?;
    let file = folder.join("keys.toml");
    keys::init(&file, UnixMillis(NOW))?;
    let keys: Arc<dyn Keys> = Arc::new(LocalKeys::open(&file, &folder.join("keys.check"), DataFolder::New)?);
    let clock = HandClock::default();
    clock.turn_wall_to(UnixMillis(NOW));
    let ports = ProviderPorts { outside: given, keys: Arc::clone(&keys), clock: Arc::new(clock.clone()) };
    let providers = section.open(&ports, &|_| Some("a secret".to_owned()))?;
    let ports = SignInPorts { keys, clock: Arc::new(clock.clone()), random: Arc::new(OsRandom::new()?) };
    Ok((SignInDesk::new(providers, ports)?, clock))
}

/// A sign-in that has begun, its callback, and the ID token that its code will give.
async fn begin(
    desk: &SignInDesk,
    key: &RsaKeyPair,
    number: usize,
) -> Result<((BegunSignIn, Parameters), String), Failed> {
    let nothing = Parameters::default();
    let wish = SignInWish {
        provider: "bench",
        by: SignInBy::Citizen,
        wanted: None,
        filled_in: &nothing,
        language: "ko",
        go_on_to: "/ko/place",
        instead_of: None,
    };
    let begun = begin_sign_in(desk, wish).await.map_err(|failed| failed.code())?;
    let Begun::Redirect { url } = &begun.begun else { return Err("not a redirect".into()) };
    let of =
        |name: &str| url.split(&format!("&{name}=")).nth(1).and_then(|rest| rest.split('&').next()).unwrap_or_default();
    let (state, nonce) = (of("state").to_owned(), of("nonce").to_owned());
    let secs = NOW / 1_000;
    let claims = json!({"iss": ISSUER, "aud": "charye", "sub": format!("citizen-{number}"), "iat": secs, "exp": secs + 300,
        "nonce": nonce, "name": "김차례", "birthdate": "1985-02-28", "phone_number": "+82 10-1234-5678"});
    let header = json!({"alg": "RS256", "kid": "1", "typ": "JWT"});
    let signed = format!("{}.{}", encode(header.to_string().as_bytes()), encode(claims.to_string().as_bytes()));
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)?;
    let pairs = vec![("code".to_owned(), format!("code-{number}")), ("state".to_owned(), state)];
    let callback = Parameters::new(pairs)?;
    Ok(((begun, callback), format!("{signed}.{}", encode(&signature))))
}

fn base64_url(text: &str) -> Result<Vec<u8>, Failed> {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).map_err(|error| error.to_string().into())
}

/// The best tenth of the rounds: nothing here waits, so what takes longer is somebody else's use of the machine.
fn quiet_us(mut rounds: Vec<Duration>) -> f64 {
    rounds.sort();
    rounds[rounds.len() / 10].as_secs_f64() * 1e6 / A_ROUND as f64
}

/// Modulus and exponent of a PKCS#1 public key of 2,048 bits: a sequence of two integers, their lengths known.
fn rsa_parts(der: &[u8]) -> (&[u8], &[u8]) {
    (&der[9..265], &der[267..])
}
