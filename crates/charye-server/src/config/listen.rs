//! Room: server/config. `[listen]`: where we listen and how much we let strangers take.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use charye_web::gate::CookieSecurity;
use charye_web::listener::{Limits, Tls, TlsFailure};
use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ListenSection {
    pub(crate) address: SocketAddr,
    /// A listener for operators alone (`/metrics`, `/livez`, `/readyz`), out of strangers' reach; none if left out.
    pub(crate) operations_address: Option<SocketAddr>,
    /// Listener threads; one a core if left out.
    pub(crate) threads: Option<usize>,
    pub(crate) without_tls: WithoutTls,
    /// A certificate chain in PEM, leaf first; with `tls_key`, we speak TLS ourselves.
    pub(crate) tls_certificate: Option<PathBuf>,
    /// Its private key in PEM.
    pub(crate) tls_key: Option<PathBuf>,
    pub(crate) connections_max: usize,
    /// 0 turns it off, for those behind one load balancer.
    pub(crate) connections_per_address_max: usize,
    pub(crate) first_byte_secs: u64,
    pub(crate) head_secs: u64,
    pub(crate) request_secs: u64,
    pub(crate) idle_secs: u64,
    pub(crate) drain_secs: u64,
}

/// Why it is all right to listen without TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum WithoutTls {
    /// Only this machine can connect.
    Loopback,
    /// A proxy in front speaks TLS; cookies are marked for TLS only.
    BehindProxy,
}

impl ListenSection {
    /// Listener threads, at least one.
    pub(crate) fn threads(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        self.threads.unwrap_or_else(cores).clamp(1, 256)
    }

    /// A limit of nothing, under which nobody would be heard.
    pub(super) fn unfit(&self) -> Option<String> {
        let limits = [
            ("connections_max", self.connections_max as u64),
            ("first_byte_secs", self.first_byte_secs),
            ("head_secs", self.head_secs),
            ("request_secs", self.request_secs),
            ("idle_secs", self.idle_secs),
        ];
        let (key, _) = limits.into_iter().find(|(_, limit)| *limit == 0)?;
        Some(format!("[listen] {key}: at least 1"))
    }

    /// The listener's limits.
    pub(crate) fn limits(&self) -> Limits {
        Limits {
            connections_max: self.connections_max,
            connections_per_address_max: self.connections_per_address_max,
            first_byte: Duration::from_secs(self.first_byte_secs),
            head: Duration::from_secs(self.head_secs),
            request: Duration::from_secs(self.request_secs),
            idle: Duration::from_secs(self.idle_secs),
            drain: Duration::from_secs(self.drain_secs),
            ..Limits::default()
        }
    }

    /// How cookies travel.
    pub(crate) fn cookie_security(&self) -> CookieSecurity {
        match self.without_tls {
            WithoutTls::Loopback if !self.speaks_tls() => CookieSecurity::Loopback,
            WithoutTls::Loopback | WithoutTls::BehindProxy => CookieSecurity::TlsOnly,
        }
    }

    /// Whether what is said at this address could be read on its way.
    pub(super) fn is_open_without_tls(&self, address: SocketAddr) -> bool {
        !address.ip().is_loopback() && !self.speaks_tls() && self.without_tls != WithoutTls::BehindProxy
    }

    /// Whether we speak TLS ourselves.
    pub(crate) fn speaks_tls(&self) -> bool {
        self.tls_certificate.is_some() && self.tls_key.is_some()
    }

    /// The certificate and its key, if we speak TLS ourselves.
    ///
    /// # Errors
    /// A file does not read, or what is in it cannot be used.
    pub(crate) fn tls(&self) -> Result<Option<Tls>, anyhow::Error> {
        self.with_tls_files(Tls::from_pem)
    }

    /// Reads the certificate and its key again: whoever shakes hands from now on is shown them.
    ///
    /// # Errors
    /// As [`Self::tls`]; then the ones before are shown as they were.
    pub(crate) fn renew(&self, tls: &Tls) -> Result<(), anyhow::Error> {
        self.with_tls_files(|certificate, key| tls.renew(certificate, key)).map(|_| ())
    }

    fn with_tls_files<T>(
        &self,
        take: impl FnOnce(&[u8], &[u8]) -> Result<T, TlsFailure>,
    ) -> Result<Option<T>, anyhow::Error> {
        let (Some(certificate), Some(key)) = (&self.tls_certificate, &self.tls_key) else { return Ok(None) };
        let read = |path: &PathBuf| std::fs::read(path).with_context(|| format!("could not read {}", path.display()));
        take(&read(certificate)?, &read(key)?)
            .with_context(|| format!("could not use {} with {}", certificate.display(), key.display()))
            .map(Some)
    }
}

impl Default for ListenSection {
    fn default() -> Self {
        let limits = Limits::default();
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], 8080)),
            operations_address: None,
            threads: None,
            without_tls: WithoutTls::Loopback,
            tls_certificate: None,
            tls_key: None,
            connections_max: limits.connections_max,
            connections_per_address_max: limits.connections_per_address_max,
            first_byte_secs: limits.first_byte.as_secs(),
            head_secs: limits.head.as_secs(),
            request_secs: limits.request.as_secs(),
            idle_secs: limits.idle.as_secs(),
            drain_secs: limits.drain.as_secs(),
        }
    }
}
