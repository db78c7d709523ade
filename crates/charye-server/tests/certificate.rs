//! A certificate that is renewed while the program serves: told by SIGHUP it reads the files again, shows what is in them to
//! whoever comes, disturbs nobody who is there, and goes on with the one before if they cannot be used.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what tests share is not seen as a test by the lint")]

mod support;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use support::{CHARYE, Server, write_config};

const CERTIFICATE: &[u8] = include_bytes!("../../charye-web/tests/fixtures/loopback-certificate.pem");
const KEY: &[u8] = include_bytes!("../../charye-web/tests/fixtures/loopback-key.pem");
const RENEWED_CERTIFICATE: &[u8] = include_bytes!("../../charye-web/tests/fixtures/renewed-certificate.pem");
const RENEWED_KEY: &[u8] = include_bytes!("../../charye-web/tests/fixtures/renewed-key.pem");

/// A client that trusts this certificate and no other. Hands are shaken with the first request.
fn connected(address: SocketAddr, trusted: &[u8]) -> StreamOwned<ClientConnection, TcpStream> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(trusted) {
        roots.add(certificate.unwrap()).unwrap();
    }
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connection = ClientConnection::new(Arc::new(config), ServerName::try_from("localhost").unwrap()).unwrap();
    StreamOwned::new(connection, TcpStream::connect(address).unwrap())
}

/// Whether `/livez` is answered on this connection.
fn is_answered(stream: &mut StreamOwned<ClientConnection, TcpStream>) -> bool {
    let asked = stream.write_all(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n").and_then(|()| stream.flush());
    let mut answer = Vec::new();
    let mut piece = [0; 1_024];
    while asked.is_ok() && !answer.ends_with(b"ok\n") {
        match stream.read(&mut piece) {
            Ok(read @ 1..) => answer.extend_from_slice(&piece[..read]),
            _ => break,
        }
    }
    answer.starts_with(b"HTTP/1.1 200")
}

#[track_caller]
fn until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..600 {
        if holds() {
            return;
        }
        std::thread::park_timeout(Duration::from_millis(100));
    }
    panic!("{what}: not within a minute");
}

#[test]
fn a_certificate_is_renewed_under_those_who_are_connected() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    drop(Server::demo(&data));
    let [certificate, key, log] = ["certificate.pem", "key.pem", "log"].map(|name| folder.path().join(name));
    let put = |chain: &[u8], secret: &[u8]| {
        std::fs::write(&certificate, chain).unwrap();
        std::fs::write(&key, secret).unwrap();
    };
    put(CERTIFICATE, KEY);
    let config = write_config(folder.path(), &data, "");
    let text = std::fs::read_to_string(&config).unwrap();
    let text = text.replace("[engine]", &format!("tls_certificate = {certificate:?}\ntls_key = {key:?}\n[engine]"));
    std::fs::write(&config, text).unwrap();
    let line = format!("exec \"$0\" \"$@\" 2>>'{}'", log.display());
    let arguments = ["-c", &line, CHARYE, "serve", "--config", config.to_str().unwrap()];
    let mut server = Server::start_program(Path::new("/bin/sh"), &arguments, &[]);
    let is_shown = |trusted| is_answered(&mut connected(server.address, trusted));
    let mut there = connected(server.address, CERTIFICATE);
    assert!(is_answered(&mut there) && !is_shown(RENEWED_CERTIFICATE));

    put(RENEWED_CERTIFICATE, RENEWED_KEY);
    server.hang_up();
    until("the renewed one is shown", || is_shown(RENEWED_CERTIFICATE));
    assert!(!is_shown(CERTIFICATE), "the former one is shown to nobody");
    assert!(is_answered(&mut there), "who is there goes on");

    // A chain without its key, as in the middle of being replaced: said, and nothing changes.
    put(CERTIFICATE, RENEWED_KEY);
    server.hang_up();
    until("it is said", || std::fs::read_to_string(&log).unwrap().contains("is shown as it was before"));
    assert!(is_shown(RENEWED_CERTIFICATE) && is_answered(&mut there));
    server.terminate();
    assert!(server.wait().success());
}
