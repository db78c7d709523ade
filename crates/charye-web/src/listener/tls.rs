//! Room: web/listener. TLS, where no proxy in front speaks it: rustls with aws-lc-rs, TLS 1.3 and 1.2, HTTP/1.1 only.
//!
//! An ECDSA P-256 certificate makes a full handshake cost 220 to 400 us, an RSA one 1,100 (prototype); X25519 is asked for
//! first, and one ticket is given, so that people who come back resume: however many came in between, for what they resume
//! is sealed in their ticket and kept nowhere here. Its keys live in memory for twelve hours; after a restart hands are
//! shaken anew. A certificate can be renewed while people are connected: whoever comes next is shown the newer one.

use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// A certificate with its key, ready to serve. Clones show the same one.
#[derive(Clone)]
pub struct Tls {
    pub(super) config: Arc<ServerConfig>,
    shown: Arc<Shown>,
}

/// What whoever shakes hands is shown.
#[derive(Debug)]
struct Shown(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls(..)")
    }
}

/// Why a certificate or its key cannot be used. Never shows either.
#[derive(Debug, thiserror::Error)]
pub enum TlsFailure {
    #[error("the certificate file has no readable certificate in PEM")]
    Certificate,
    #[error("the key file has no readable private key in PEM")]
    Key,
    #[error("the certificate and the key cannot be used together")]
    Unfit(#[source] rustls::Error),
    #[error("could not make the keys of TLS tickets")]
    Tickets(#[source] rustls::Error),
}

impl Tls {
    /// Reads a certificate chain (leaf first) and its private key, both PEM.
    ///
    /// # Errors
    /// One of them does not read, or they do not belong together; or there is no randomness for tickets' keys.
    pub fn from_pem(certificates: &[u8], key: &[u8]) -> Result<Self, TlsFailure> {
        let mut provider = aws_lc_rs::default_provider();
        provider.kx_groups = vec![aws_lc_rs::kx_group::X25519, aws_lc_rs::kx_group::SECP256R1];
        let shown = Arc::new(Shown(RwLock::new(Arc::new(certified(certificates, key, &provider)?))));
        let mut config = ServerConfig::builder_with_provider(Arc::new(provider))
            .with_safe_default_protocol_versions()
            .map_err(TlsFailure::Unfit)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::<Shown>::clone(&shown));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config.send_tls13_tickets = 1;
        config.ticketer = aws_lc_rs::Ticketer::new().map_err(TlsFailure::Tickets)?;
        Ok(Self { config: Arc::new(config), shown })
    }

    /// Shows this certificate chain to whoever shakes hands from now on. Connections that stand go on, and who resumes is not
    /// shown any.
    ///
    /// # Errors
    /// As [`Tls::from_pem`]; then the one before is shown as it was.
    pub fn renew(&self, certificates: &[u8], key: &[u8]) -> Result<(), TlsFailure> {
        let newer = Arc::new(certified(certificates, key, self.config.crypto_provider())?);
        *self.shown.0.write().unwrap_or_else(PoisonError::into_inner) = newer;
        Ok(())
    }
}

/// A certificate chain and its private key, both PEM, that belong together.
fn certified(certificates: &[u8], key: &[u8], provider: &CryptoProvider) -> Result<CertifiedKey, TlsFailure> {
    let certificates = CertificateDer::pem_slice_iter(certificates)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| TlsFailure::Certificate)?;
    if certificates.is_empty() {
        return Err(TlsFailure::Certificate);
    }
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| TlsFailure::Key)?;
    CertifiedKey::from_der(certificates, key, provider).map_err(TlsFailure::Unfit)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CERTIFICATE: &[u8] = include_bytes!("../../tests/fixtures/loopback-certificate.pem");
    const KEY: &[u8] = include_bytes!("../../tests/fixtures/loopback-key.pem");

    #[test]
    fn a_certificate_with_its_key_is_taken() {
        assert!(Tls::from_pem(CERTIFICATE, KEY).is_ok());
    }

    #[test]
    fn what_does_not_read_is_told_apart() {
        assert!(matches!(Tls::from_pem(b"", KEY), Err(TlsFailure::Certificate)));
        assert!(matches!(Tls::from_pem(KEY, KEY), Err(TlsFailure::Certificate)));
        assert!(matches!(Tls::from_pem(CERTIFICATE, b"nothing"), Err(TlsFailure::Key)));
        assert!(matches!(Tls::from_pem(CERTIFICATE, CERTIFICATE), Err(TlsFailure::Key)));
    }
}
