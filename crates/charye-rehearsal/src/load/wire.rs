//! Room: rehearsal/load. How a crowd is connected: for how long a connection is kept, and in the clear or in TLS.
//!
//! Called by whoever makes a crowd's plan. Must never trust a certificate that it was not given.

use std::fmt;
use std::io;
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::LoadFailure;

/// How people are connected.
#[derive(Clone, Debug, Default)]
pub struct Wire {
    pub kept: Kept,
    /// In TLS, by whoever has this certificate; in the clear without.
    pub tls: Option<Trust>,
}

/// How long a connection is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kept {
    /// By everybody who comes by it, one after the other: made before anybody comes.
    #[default]
    AllAlong,
    /// For one person, who comes with one of their own.
    APerson,
    /// For one request. In TLS each but a person's first resumes, as browsers do.
    ARequest,
}

/// Whose certificate is trusted, and what a person's browser remembers of it.
#[derive(Clone)]
pub struct Trust {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Trust({:?})", self.name)
    }
}

impl Trust {
    /// Trusts these certificates in PEM, and nothing else, to speak for `name`.
    ///
    /// # Errors
    /// `Trust` if they do not read, are none, or the name is no name.
    pub fn in_pem(certificates: &[u8], name: &str) -> Result<Self, LoadFailure> {
        let unreadable = |_| LoadFailure::Trust { reason: "no readable certificate in PEM" };
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(certificates) {
            roots.add(certificate.map_err(unreadable)?).map_err(LoadFailure::Tls)?;
        }
        if roots.is_empty() {
            return Err(LoadFailure::Trust { reason: "no certificate" });
        }
        let name =
            ServerName::try_from(name.to_owned()).map_err(|_| LoadFailure::Trust { reason: "no server's name" })?;
        let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(LoadFailure::Tls)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config.resumption = Resumption::disabled();
        Ok(Self { config: Arc::new(config), name })
    }

    /// The same trust in a browser that has not been there yet: what it is given to resume with, nobody else has.
    pub(super) fn of_somebody_new(&self) -> Self {
        let mut config = ClientConfig::clone(&self.config);
        // One server's tickets.
        config.resumption = Resumption::in_memory_sessions(1);
        Self { config: Arc::new(config), name: self.name.clone() }
    }

    /// Shakes hands over a connection.
    pub(super) async fn connect(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        TlsConnector::from(self.config.clone()).connect(self.name.clone(), stream).await
    }

    /// A connection's side of TLS, which has not said anything yet.
    pub(super) fn begin(&self) -> Result<ClientConnection, LoadFailure> {
        ClientConnection::new(self.config.clone(), self.name.clone()).map_err(LoadFailure::Tls)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trust_needs_a_certificate_and_a_name() {
        let certificate = include_bytes!("../../../charye-web/tests/fixtures/loopback-certificate.pem");
        assert!(Trust::in_pem(certificate, "localhost").is_ok());
        assert!(matches!(Trust::in_pem(b"", "localhost"), Err(LoadFailure::Trust { .. })));
        assert!(matches!(Trust::in_pem(certificate, "no name"), Err(LoadFailure::Trust { .. })));
    }
}
