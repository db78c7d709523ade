//! Room: gateway/tests. The way out itself: where it goes, where it does not, and how much it takes.

use charye_engine::ports::ProviderFault;
use charye_gateway::identity::outbound::{
    Address, AskOutside as _, Body, Method, Outbound, OutboundRequest, PrivateHosts, TrustedRoots,
};

use super::server::{Reply, Server};

fn ask(outbound: &Outbound, to: &str) -> Result<u16, ProviderFault> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let to = Address::parse(to).unwrap();
    let request = OutboundRequest { to, method: Method::Get, authorization: None, body: Body::Nothing };
    runtime.block_on(outbound.ask(request)).map(|answer| answer.status)
}

#[test]
fn nothing_private_is_connected_to_unless_it_is_listed_port_and_all() {
    let server = Server::start();
    server.say("/", Reply::text(200, "application/json", "{}"));
    let closed = Outbound::start(None, PrivateHosts::default()).unwrap();
    assert_eq!(ask(&closed, &server.url("/")), Err(ProviderFault::Unreachable));
    let listed = PrivateHosts::parse([format!("127.0.0.1:{}", server.port).as_str()]).unwrap();
    let open = Outbound::start(None, listed).unwrap();
    assert_eq!(ask(&open, &server.url("/")), Ok(200));
    // The same machine by other names is not listed.
    for other in ["localhost", "[::ffff:127.0.0.1]", "127.0.0.2", "0.0.0.0"] {
        let to = format!("http://{other}:{}/", server.port);
        assert_eq!(ask(&open, &to), Err(ProviderFault::Unreachable), "{to}");
    }
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn a_server_that_is_gone_is_unreachable() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let open = Outbound::start(None, PrivateHosts::parse([format!("127.0.0.1:{port}").as_str()]).unwrap()).unwrap();
    assert_eq!(ask(&open, &format!("http://127.0.0.1:{port}/")), Err(ProviderFault::Unreachable));
}

#[test]
fn a_bundle_without_certificates_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = folder.path().join("roots.pem");
    std::fs::write(&bundle, "no certificate\n").unwrap();
    assert!(TrustedRoots::read(&bundle).is_err());
    assert!(TrustedRoots::read(&folder.path().join("none")).is_err());
}

#[test]
fn a_certificate_that_nobody_vouches_for_ends_the_question() {
    let Ok(roots) = TrustedRoots::read(std::path::Path::new("/etc/ssl/certs/ca-certificates.crt")) else {
        println!("skipped: this machine keeps no bundle of certificates");
        return;
    };
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let peer = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        // It speaks no TLS: what it says is no certificate.
        std::io::Write::write_all(&mut stream, b"SSH-2.0-OpenSSH_9.9\r\n").unwrap();
    });
    let listed = PrivateHosts::parse([format!("127.0.0.1:{port}").as_str()]).unwrap();
    let outbound = Outbound::start(Some(&roots), listed).unwrap();
    let ended = ask(&outbound, &format!("https://127.0.0.1:{port}/"));
    assert_eq!(ended, Err(ProviderFault::Unbelievable("certificate")));
    peer.join().unwrap();
}
