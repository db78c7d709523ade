//! Room: rehearsal, bench `journeys`. An OpenID provider by redirect, on a thread of its own: discovery, key set, and a token
//! endpoint that exchanges each code once, against the client's secret and PKCE's verifier. Its CPU is not the server's.
//!
//! It signs by RS256, as the large providers of the country do, and before the run: what it costs them is not measured.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::{self, SystemRandom};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::LocalSet;

use super::Failure;

const CLIENT_ID: &str = "bench";
/// Seconds for which an ID token holds.
const HOLDS_SECS: u64 = 3_600;
/// Bytes of a request, far more than any has.
const REQUEST_BYTES_MAX: usize = 64 * 1024;
/// Headers of a request.
const HEADERS_MAX: usize = 32;

/// The provider, listening until the bench ends.
pub(crate) struct Exchange {
    address: SocketAddr,
    /// Hexadecimal digits, which mean the same however they are encoded.
    secret: String,
    key: KeyPair,
    codes: Codes,
}

/// What each code is given for.
type Codes = Arc<Mutex<HashMap<String, Issued>>>;

struct Issued {
    code_challenge: String,
    /// The token endpoint's answer.
    tokens: String,
}

/// Who signs in.
pub(crate) struct Subject<'a> {
    pub(crate) id: &'a str,
    pub(crate) birth_date: &'a str,
    pub(crate) phone: &'a str,
}

impl Exchange {
    pub(crate) fn start() -> Result<Self, Failure> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let mut secret = [0; 32];
        rand::fill(&mut secret)?;
        let secret: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        let key = KeyPair::generate(KeySize::Rsa2048)?;
        let issuer = format!("http://{address}");
        let document = json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "jwks_uri": format!("{issuer}/keys"),
            "authorization_response_iss_parameter_supported": true,
        });
        let modulus = modulus_in(key.public_key().as_ref()).ok_or("an RSA key in another form than ever")?;
        let keys = json!({ "keys": [{
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": "bench",
            "n": URL_SAFE_NO_PAD.encode(modulus), "e": "AQAB",
        }] });
        let codes = Codes::default();
        let desk = Desk {
            authorization: format!("Basic {}", STANDARD.encode(format!("{CLIENT_ID}:{secret}"))),
            document: document.to_string(),
            keys: keys.to_string(),
            codes: codes.clone(),
        };
        std::thread::Builder::new().name("exchange".to_owned()).spawn(move || desk.serve(listener))?;
        Ok(Self { address, secret, key, codes })
    }

    /// `host:port`.
    pub(crate) fn host(&self) -> String {
        self.address.to_string()
    }

    /// What is written into a file of its own, and named in the configuration.
    pub(crate) fn secret(&self) -> &str {
        &self.secret
    }

    /// The provider's block.
    pub(crate) fn configuration(&self, provider: &str, secret_file: &str) -> String {
        format!(
            "[[identity.provider]]\nid = \"{provider}\"\nname = {{ ko = \"교환\", en = \"Exchange\" }}\n\
             scheme = \"rehearsal\"\nassurance = \"rehearsed\"\nat_once_max = 1024\nline_max = 4096\n\
             [identity.provider.oidc]\nissuer = \"http://{}\"\nclient_id = \"{CLIENT_ID}\"\n\
             client_secret = {{ file = {secret_file:?} }}\nscopes = [\"openid\", \"profile\", \"phone\"]\n\
             algorithms = [\"RS256\"]\n[identity.provider.profile]\nidentifier = \"/sub\"\nname = \"/name\"\n\
             birth_date = \"/birthdate\"\nphone = \"/phone_number\"\n\n",
            self.host()
        )
    }

    /// Somebody who was sent here with this address says yes; the query with which they are sent back.
    pub(crate) fn agree(&self, address: &str, subject: &Subject<'_>, now_secs: u64) -> Result<String, Failure> {
        let query = address.split_once('?').ok_or("an address without a query")?.1;
        let asked = |name: &str| {
            let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
            value.ok_or_else(|| format!("no {name} in {address}"))
        };
        let claims = json!({
            "iss": format!("http://{}", self.host()), "aud": CLIENT_ID, "sub": subject.id,
            "iat": now_secs, "exp": now_secs + HOLDS_SECS, "nonce": asked("nonce")?,
            "name": "김차례", "birthdate": subject.birth_date, "phone_number": subject.phone,
        });
        let head = URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","typ":"JWT","kid":"bench"}"#);
        let signed = format!("{head}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)?;
        let id_token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature));
        let tokens = json!({ "access_token": "bench", "token_type": "Bearer", "id_token": id_token }).to_string();
        let mut code = [0; 16];
        rand::fill(&mut code)?;
        let code = URL_SAFE_NO_PAD.encode(code);
        let issued = Issued { code_challenge: asked("code_challenge")?.to_owned(), tokens };
        self.codes.lock().unwrap_or_else(PoisonError::into_inner).insert(code.clone(), issued);
        Ok(format!("code={code}&state={}&iss=http%3A%2F%2F{}", asked("state")?, self.host().replace(':', "%3A")))
    }
}

/// The modulus in a PKCS#1 public key of 2,048 bits with the exponent 65,537: a sequence of two integers, the first with a
/// leading zero.
fn modulus_in(public_key: &[u8]) -> Option<&[u8]> {
    public_key.strip_prefix(b"\x30\x82\x01\x0a\x02\x82\x01\x01\x00")?.strip_suffix(b"\x02\x03\x01\x00\x01")
}

/// What the thread has at hand.
struct Desk {
    /// How the client proves who it is.
    authorization: String,
    document: String,
    keys: String,
    codes: Codes,
}

impl Desk {
    fn serve(self, listener: TcpListener) -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let desk = Rc::new(self);
        LocalSet::new().block_on(&runtime, async move {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            loop {
                let (stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                let desk = desk.clone();
                // A connection that ends badly ends alone.
                tokio::task::spawn_local(async move { desk.answer_all(stream).await });
            }
        })
    }

    async fn answer_all(&self, mut stream: TcpStream) -> io::Result<()> {
        let mut received = Vec::new();
        while stream.read_buf(&mut received).await? > 0 && received.len() <= REQUEST_BYTES_MAX {
            while let Some((bytes, answer)) = self.answer(&received) {
                received.drain(..bytes);
                stream.write_all(answer.as_bytes()).await?;
            }
        }
        Ok(())
    }

    /// The first whole request's bytes, and the answer to it.
    fn answer(&self, received: &[u8]) -> Option<(usize, String)> {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let mut request = httparse::Request::new(&mut headers);
        let Ok(httparse::Status::Complete(head)) = request.parse(received) else { return None };
        let value = |name: &str| {
            let header = request.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name))?;
            std::str::from_utf8(header.value).ok()
        };
        let length = value("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        let body = received.get(head..head + length)?;
        let known = value("authorization") == Some(&*self.authorization);
        let (status, body) = match (request.method, request.path) {
            (Some("GET"), Some("/.well-known/openid-configuration")) => ("200 OK", self.document.clone()),
            (Some("GET"), Some("/keys")) => ("200 OK", self.keys.clone()),
            (Some("POST"), Some("/token")) if known => match self.exchange(body) {
                Some(tokens) => ("200 OK", tokens),
                None => ("400 Bad Request", r#"{"error":"invalid_grant"}"#.to_owned()),
            },
            (Some("POST"), Some("/token")) => ("401 Unauthorized", r#"{"error":"invalid_client"}"#.to_owned()),
            _ => ("404 Not Found", "{}".to_owned()),
        };
        let bytes = body.len();
        let answer = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncache-control: no-store\r\n\
             content-length: {bytes}\r\n\r\n{body}"
        );
        Some((head + length, answer))
    }

    /// The tokens for a code, which is worth something once, and only to whoever began.
    fn exchange(&self, form: &[u8]) -> Option<String> {
        let form = std::str::from_utf8(form).ok()?;
        let said = |name: &str| form.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        let issued = self.codes.lock().unwrap_or_else(PoisonError::into_inner).remove(said("code")?)?;
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, said("code_verifier")?.as_bytes()));
        let is_due = said("grant_type")? == "authorization_code" && challenge == issued.code_challenge;
        is_due.then_some(issued.tokens)
    }
}
