//! Room: rehearsal/load. Whom the load may hit: a server on this machine, and nobody else.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};

use super::LoadFailure;

/// A server on this machine's IPv4 loopback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    address: SocketAddrV4,
}

impl Target {
    /// Reads `http://127.0.0.1:PORT`.
    ///
    /// # Errors
    /// `TargetRefused` for anything else: names are not looked up, other machines are not loaded.
    pub fn parse(text: &str) -> Result<Self, LoadFailure> {
        let refused = || LoadFailure::TargetRefused { target: text.to_owned() };
        let address = text.strip_prefix("http://").unwrap_or_default().trim_end_matches('/');
        match address.parse() {
            Ok(SocketAddr::V4(address)) if address.ip().is_loopback() && address.port() != 0 => Ok(Self { address }),
            _ => Err(refused()),
        }
    }

    /// Where it listens.
    pub fn address(self) -> SocketAddr {
        self.address.into()
    }
}

/// The loopback address that the connection with this index comes from, so that a limit per address does not stop it:
/// `per_address` connections each.
pub(super) fn source_address(index: usize, per_address: usize) -> SocketAddr {
    // 127.1.0.0/16 holds 65,536: more than the bound on connections.
    let nth = u16::try_from(index / per_address.max(1)).unwrap_or(u16::MAX);
    let [high, low] = nth.to_be_bytes();
    SocketAddr::from((Ipv4Addr::new(127, 1, high, low), 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_may_be_loaded() {
        assert_eq!(
            Target::parse("http://127.0.0.1:8080/").unwrap().address(),
            SocketAddr::from(([127, 0, 0, 1], 8_080))
        );
        for text in [
            "",
            "127.0.0.1:8080",
            "https://127.0.0.1:8080",
            "http://127.0.0.1",
            "http://127.0.0.1:0",
            "http://192.0.2.1:80",
            "http://localhost:80",
            "http://0.0.0.0:80",
            "http://127.0.0.1:80@192.0.2.1:80",
            "http://[::1]:80",
        ] {
            assert!(matches!(Target::parse(text), Err(LoadFailure::TargetRefused { .. })), "{text}");
        }
    }

    #[test]
    fn connections_are_spread_over_loopback_addresses() {
        assert_eq!(source_address(0, 400), SocketAddr::from(([127, 1, 0, 0], 0)));
        assert_eq!(source_address(799, 400), SocketAddr::from(([127, 1, 0, 1], 0)));
        assert_eq!(source_address(400 * 257, 400), SocketAddr::from(([127, 1, 1, 1], 0)));
    }
}
