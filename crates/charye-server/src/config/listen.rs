//! Room: server/config. `[listen]`: where we listen and how much we let strangers take.

use std::net::SocketAddr;
use std::time::Duration;

use charye_web::gate::CookieSecurity;
use charye_web::listener::Limits;
use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ListenSection {
    pub(crate) address: SocketAddr,
    /// Listener threads; one a core if left out.
    pub(crate) threads: Option<usize>,
    pub(crate) without_tls: WithoutTls,
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
            WithoutTls::Loopback => CookieSecurity::Loopback,
            WithoutTls::BehindProxy => CookieSecurity::TlsOnly,
        }
    }
}

impl Default for ListenSection {
    fn default() -> Self {
        let limits = Limits::default();
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], 8080)),
            threads: None,
            without_tls: WithoutTls::Loopback,
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
