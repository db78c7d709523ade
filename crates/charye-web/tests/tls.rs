//! A listener that speaks TLS: whoever trusts its certificate is answered, whoever does not is not, and nobody can keep a
//! connection by never shaking hands.

#![expect(clippy::unwrap_used, reason = "what tests share is not seen as a test by the lint")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use charye_web::listener::{self, Body, Drain, Limits, Respond, Tls};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::{Request, Response};
use rustls::{ClientConfig, HandshakeKind, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{Notify, watch};
use tokio_rustls::TlsConnector;

const CERTIFICATE: &[u8] = include_bytes!("fixtures/loopback-certificate.pem");
const KEY: &[u8] = include_bytes!("fixtures/loopback-key.pem");
const RENEWED_CERTIFICATE: &[u8] = include_bytes!("fixtures/renewed-certificate.pem");
const RENEWED_KEY: &[u8] = include_bytes!("fixtures/renewed-key.pem");

/// Greets; `/never` says when it was given up, and nothing else ever.
struct Hello;

/// What asked for `/never` and is not waited for any more.
static GIVEN_UP: Notify = Notify::const_new();

struct SaidWhenDropped;

impl Drop for SaidWhenDropped {
    fn drop(&mut self) {
        GIVEN_UP.notify_one();
    }
}

impl Respond for Hello {
    async fn respond(&self, request: Request<Incoming>, _peer: SocketAddr) -> Response<Body> {
        if request.uri().path() == "/never" {
            let _said = SaidWhenDropped;
            std::future::pending::<()>().await;
        }
        Response::new(Full::new(Bytes::from_static(b"one's turn")))
    }
}

/// Runs `talk` against a listener with these limits, then drains it.
fn with_listener<F: Future<Output = ()>>(limits: &Limits, talk: impl FnOnce(SocketAddr) -> F) {
    with_certificate(limits, &Tls::from_pem(CERTIFICATE, KEY).unwrap(), talk);
}

fn with_certificate<F: Future<Output = ()>>(limits: &Limits, tls: &Tls, talk: impl FnOnce(SocketAddr) -> F) {
    let bound = listener::bind("127.0.0.1:0".parse().unwrap(), 1).unwrap().with_tls(tls.clone());
    let address = bound.address;
    let (drain, drained) = watch::channel(Drain::No);
    let serving = listener::serve(bound, limits, &drained, || Hello).unwrap();
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(talk(address));
    drain.send_replace(Drain::Begin);
    serving.join();
}

fn connector(trusted: &[u8]) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(trusted) {
        roots.add(certificate.unwrap()).unwrap();
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

#[test]
fn whoever_trusts_the_certificate_is_answered() {
    with_listener(&Limits::default(), async |address| {
        let stream = TcpStream::connect(address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let mut stream = connector(CERTIFICATE).connect(name, stream).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("one's turn"), "{answer}");
    });
}

/// Asks once; how hands were shaken.
async fn ask(connector: &TlsConnector, address: SocketAddr) -> Option<HandshakeKind> {
    let stream = TcpStream::connect(address).await.unwrap();
    let mut stream = connector.connect(ServerName::try_from("localhost").unwrap(), stream).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.unwrap();
    stream.read_to_end(&mut Vec::new()).await.unwrap();
    stream.get_ref().1.handshake_kind()
}

#[test]
fn whoever_comes_back_resumes_however_many_came_in_between() {
    with_listener(&Limits::default(), async |address| {
        let first = connector(CERTIFICATE);
        assert_eq!(ask(&first, address).await, Some(HandshakeKind::Full));
        for _ in 0..300 {
            assert_eq!(ask(&connector(CERTIFICATE), address).await, Some(HandshakeKind::Full));
        }
        assert_eq!(ask(&first, address).await, Some(HandshakeKind::Resumed));
    });
}

#[test]
fn a_renewed_certificate_is_shown_to_whoever_comes_and_disturbs_nobody_who_is_there() {
    let tls = Tls::from_pem(CERTIFICATE, KEY).unwrap();
    with_certificate(&Limits::default(), &tls, async |address| {
        let shakes_hands = async |trusted| {
            let stream = TcpStream::connect(address).await.unwrap();
            connector(trusted).connect(ServerName::try_from("localhost").unwrap(), stream).await
        };
        let resumes = connector(CERTIFICATE);
        assert_eq!(ask(&resumes, address).await, Some(HandshakeKind::Full));
        let mut there = shakes_hands(CERTIFICATE).await.unwrap();

        // What cannot be used changes nothing.
        assert!(tls.renew(RENEWED_CERTIFICATE, KEY).is_err(), "they do not belong together");
        assert!(tls.renew(b"", RENEWED_KEY).is_err());
        assert!(shakes_hands(CERTIFICATE).await.is_ok());

        tls.renew(RENEWED_CERTIFICATE, RENEWED_KEY).unwrap();
        assert!(shakes_hands(RENEWED_CERTIFICATE).await.is_ok());
        assert!(shakes_hands(CERTIFICATE).await.is_err(), "the former one is shown to nobody");
        assert_eq!(ask(&resumes, address).await, Some(HandshakeKind::Resumed), "who comes back is not shown any");
        there.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        there.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with("one's turn"), "{answer}");
    });
}

#[test]
fn whoever_does_not_trust_it_and_whoever_speaks_plainly_is_not() {
    with_listener(&Limits::default(), async |address| {
        let stream = TcpStream::connect(address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        assert!(connector(b"").connect(name, stream).await.is_err());

        let mut plain = TcpStream::connect(address).await.unwrap();
        plain.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
        let mut answer = Vec::new();
        // A TLS alert or nothing at all, but never the page.
        let _ = plain.read_to_end(&mut answer).await;
        assert!(!answer.windows(4).any(|window| window == b"HTTP"), "{answer:?}");
    });
}

#[test]
fn whoever_leaves_before_the_answer_is_waited_for_no_longer() {
    let limits = Limits { request: Duration::from_secs(600), drain: Duration::from_millis(300), ..Limits::default() };
    with_listener(&limits, async |address| {
        let stream = TcpStream::connect(address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let mut stream = connector(CERTIFICATE).connect(name, stream).await.unwrap();
        stream.write_all(b"GET /never HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
        // Says goodbye as TLS does, so that there is something to be read before the end.
        stream.shutdown().await.unwrap();
        drop(stream);
        tokio::time::timeout(Duration::from_secs(60), GIVEN_UP.notified()).await.expect("it is given up");
    });
}

#[test]
fn a_handshake_that_never_comes_is_given_up() {
    let limits = Limits { first_byte: Duration::from_millis(300), ..Limits::default() };
    with_listener(&limits, async |address| {
        let mut silent = TcpStream::connect(address).await.unwrap();
        let ended = tokio::time::timeout(Duration::from_secs(60), silent.read_u8()).await;
        assert!(ended.expect("the listener closes it").is_err());
    });
}
