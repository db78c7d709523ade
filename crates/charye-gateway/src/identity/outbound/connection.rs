//! Room: gateway/identity/outbound. Connections: looked up, checked, opened, spoken to, kept a while for the next question.
//!
//! Runs on the outbound thread only. A question is sent twice only if it certainly was not sent the first time.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use charye_engine::ports::ProviderFault;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Request, Response, body::Incoming};
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::address::{self, Address, PrivateHosts};
use super::{BODY_BYTES_MAX, Body, Method, OutboundAnswer, OutboundRequest};

/// Connections of one provider that wait for a next question.
const IDLE_MAX: usize = 16;
/// How long they wait.
const IDLE_FOR: Duration = Duration::from_secs(15);
/// Bytes of a head.
const HEAD_BYTES_MAX: usize = 32 * 1024;
/// Lines of a head.
const HEADERS_MAX: usize = 64;
/// Addresses of one name that are tried.
const ADDRESSES_MAX: usize = 4;
/// Time for one of them.
const CONNECT_MAX: Duration = Duration::from_secs(2);

/// Whose certificates are trusted.
pub struct TrustedRoots(RootCertStore);

impl TrustedRoots {
    /// Reads a bundle in PEM, such as `/etc/ssl/certs/ca-certificates.crt`.
    ///
    /// # Errors
    /// It does not read, or has no certificate in it.
    pub fn read(bundle: &Path) -> std::io::Result<Self> {
        let pem = std::fs::read(bundle)?;
        let mut roots = RootCertStore::empty();
        let (added, _) = roots.add_parsable_certificates(CertificateDer::pem_slice_iter(&pem).flatten());
        if added == 0 {
            return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, "it has no certificate in it"));
        }
        Ok(Self(roots))
    }
}

type Sender = SendRequest<Full<Bytes>>;
type Origin = (bool, String, u16);

/// How to reach providers, and who is connected already.
pub(super) struct Connections {
    tls: Option<TlsConnector>,
    private_hosts: PrivateHosts,
    idle: Mutex<HashMap<Origin, VecDeque<(Sender, tokio::time::Instant)>>>,
}

impl Connections {
    pub(super) fn new(roots: Option<&TrustedRoots>, private_hosts: PrivateHosts) -> std::io::Result<Self> {
        let tls = roots.map(|roots| {
            let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
            let config = ClientConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()?
                .with_root_certificates(roots.0.clone())
                .with_no_client_auth();
            Ok::<_, rustls::Error>(TlsConnector::from(Arc::new(config)))
        });
        let tls = tls.transpose().map_err(std::io::Error::other)?;
        Ok(Self { tls, private_hosts, idle: Mutex::default() })
    }

    pub(super) async fn ask(&self, request: &OutboundRequest) -> Result<OutboundAnswer, ProviderFault> {
        if !self.private_hosts.permits(&request.to) {
            return Err(ProviderFault::Unreachable);
        }
        let origin = (request.to.tls, request.to.host.clone(), request.to.port);
        let mut message = to_message(request)?;
        if let Some(mut sender) = self.take_idle(&origin) {
            match sender.try_send_request(message).await {
                Ok(response) => return self.read(origin, sender, response).await,
                Err(mut failed) => match failed.take_message() {
                    // It had been closed meanwhile: nothing was sent.
                    Some(unsent) => message = unsent,
                    None => return Err(ProviderFault::Unreachable),
                },
            }
        }
        let mut sender = self.connect(&request.to).await?;
        let response = sender.send_request(message).await.map_err(|error| {
            if error.is_parse() { ProviderFault::Malformed("HTTP") } else { ProviderFault::Unreachable }
        })?;
        self.read(origin, sender, response).await
    }

    async fn read(
        &self,
        origin: Origin,
        sender: Sender,
        response: Response<Incoming>,
    ) -> Result<OutboundAnswer, ProviderFault> {
        let status = response.status().as_u16();
        if response.status().is_redirection() {
            return Err(ProviderFault::Status(status));
        }
        let is_coded = response.headers().get(CONTENT_ENCODING).is_some_and(|coding| coding != "identity");
        if is_coded {
            return Err(ProviderFault::Malformed("content coding"));
        }
        let is_json = response.headers().get(CONTENT_TYPE).is_some_and(says_json);
        let body = Limited::new(response.into_body(), BODY_BYTES_MAX).collect().await.map_err(|error| {
            match error.downcast_ref::<http_body_util::LengthLimitError>() {
                Some(_) => ProviderFault::Malformed("body too large"),
                None => ProviderFault::Unreachable,
            }
        })?;
        self.keep(origin, sender);
        Ok(OutboundAnswer { status, is_json, body: body.to_bytes() })
    }

    fn take_idle(&self, origin: &Origin) -> Option<Sender> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = idle.get_mut(origin)?;
        while let Some((sender, since)) = waiting.pop_back() {
            if since.elapsed() < IDLE_FOR && sender.is_ready() {
                return Some(sender);
            }
        }
        None
    }

    fn keep(&self, origin: Origin, sender: Sender) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = idle.entry(origin).or_default();
        while waiting.len() >= IDLE_MAX || waiting.front().is_some_and(|(_, since)| since.elapsed() >= IDLE_FOR) {
            waiting.pop_front();
        }
        if !sender.is_closed() {
            waiting.push_back((sender, tokio::time::Instant::now()));
        }
    }

    async fn connect(&self, to: &Address) -> Result<Sender, ProviderFault> {
        let is_listed = self.private_hosts.lists(to);
        let found = tokio::net::lookup_host((to.host.as_str(), to.port)).await;
        let found: Vec<SocketAddr> = found.map_err(|_| ProviderFault::Unreachable)?.take(ADDRESSES_MAX).collect();
        for address in found.into_iter().filter(|found| is_listed || address::is_public(found.ip())) {
            let Ok(Ok(stream)) = tokio::time::timeout(CONNECT_MAX, TcpStream::connect(address)).await else { continue };
            // Without it small requests wait for an acknowledgement; with it or not, they arrive.
            drop(stream.set_nodelay(true));
            return self.shake_hands(stream, to).await;
        }
        Err(ProviderFault::Unreachable)
    }

    async fn shake_hands(&self, stream: TcpStream, to: &Address) -> Result<Sender, ProviderFault> {
        if !to.tls {
            return speak(TokioIo::new(stream)).await;
        }
        let connector = self.tls.as_ref().ok_or(ProviderFault::Unreachable)?;
        let name = ServerName::try_from(to.host.clone()).map_err(|_| ProviderFault::Unreachable)?;
        let stream = connector.connect(name, stream).await.map_err(|_| ProviderFault::Unbelievable("certificate"))?;
        speak(TokioIo::new(stream)).await
    }
}

async fn speak<S>(stream: S) -> Result<Sender, ProviderFault>
where
    S: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let (sender, connection) = http1::Builder::new()
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEAD_BYTES_MAX)
        .handshake(stream)
        .await
        .map_err(|_| ProviderFault::Unreachable)?;
    tokio::spawn(async move {
        // Whoever asked over it learns of the failure; an idle one just ends.
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection to an identity provider ended");
        }
    });
    Ok(sender)
}

fn to_message(request: &OutboundRequest) -> Result<Request<Full<Bytes>>, ProviderFault> {
    let (body, content_type) = match &request.body {
        Body::Nothing => (Bytes::new(), None),
        Body::Form(form) => (Bytes::copy_from_slice(form.as_bytes()), Some("application/x-www-form-urlencoded")),
        Body::Json(json) => (Bytes::copy_from_slice(json), Some("application/json")),
    };
    let method = match request.method {
        Method::Get => hyper::Method::GET,
        Method::Post => hyper::Method::POST,
    };
    let mut message = Request::builder()
        .method(method)
        .uri(request.to.path())
        .header(HOST, request.to.authority())
        .header(ACCEPT, "application/json");
    if let Some(content_type) = content_type {
        message = message.header(CONTENT_TYPE, content_type);
    }
    if let Some(authorization) = &request.authorization {
        let mut value = HeaderValue::from_str(authorization).map_err(|_| ProviderFault::Malformed("credentials"))?;
        value.set_sensitive(true);
        message = message.header(AUTHORIZATION, value);
    }
    message.body(Full::new(body)).map_err(|_| ProviderFault::Malformed("address"))
}

/// `application/json`, or a kind of it such as `application/jwk-set+json`, whatever parameters follow.
fn says_json(content_type: &HeaderValue) -> bool {
    let Ok(text) = content_type.to_str() else { return false };
    let kind = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}
