//! Room: rehearsal/load. Whom the load may hit: a server on this machine, or one that the configuration lists as one's own,
//! and nobody else.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, ToSocketAddrs as _};

use super::LoadFailure;

/// A server that may be loaded: on this machine's IPv4 loopback, or listed as one's own.
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

    /// Reads `http://HOST:PORT` as [`Target::parse`] does, or as one of `own`, each `HOST:PORT` letter for letter.
    ///
    /// # Errors
    /// `TargetRefused` for what is neither; `Connect` if a listed name has no IPv4 address.
    pub fn own(text: &str, own: &[String]) -> Result<Self, LoadFailure> {
        let host = text.strip_prefix("http://").unwrap_or_default().trim_end_matches('/');
        if !own.iter().any(|listed| listed == host) {
            return Self::parse(text);
        }
        let found = host.to_socket_addrs().map_err(LoadFailure::Connect)?.find_map(|address| match address {
            SocketAddr::V4(address) => Some(address),
            SocketAddr::V6(_) => None,
        });
        let nowhere = || LoadFailure::Connect(std::io::ErrorKind::AddrNotAvailable.into());
        found.map(|address| Self { address }).ok_or_else(nowhere)
    }

    /// Whether it is on this machine.
    pub fn is_loopback(self) -> bool {
        self.address.ip().is_loopback()
    }

    /// Where it listens.
    pub fn address(self) -> SocketAddr {
        self.address.into()
    }
}

/// The loopback address that the connection with this index comes from, so that a limit per address does not stop it:
/// `per_address` connections each.
pub(crate) fn source_address(index: usize, per_address: usize) -> SocketAddr {
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
    fn another_machine_may_be_loaded_only_if_it_is_listed_letter_for_letter() {
        let own = ["192.0.2.7:8080".to_owned()];
        let target = Target::own("http://192.0.2.7:8080/", &own).unwrap();
        assert!(!target.is_loopback());
        assert!(Target::own("http://127.0.0.1:8080", &own).unwrap().is_loopback());
        for text in ["http://192.0.2.7:8081", "http://192.0.2.8:8080", "https://192.0.2.7:8080", "192.0.2.7:8080"] {
            assert!(matches!(Target::own(text, &own), Err(LoadFailure::TargetRefused { .. })), "{text}");
        }
    }

    #[test]
    fn connections_are_spread_over_loopback_addresses() {
        assert_eq!(source_address(0, 400), SocketAddr::from(([127, 1, 0, 0], 0)));
        assert_eq!(source_address(799, 400), SocketAddr::from(([127, 1, 0, 1], 0)));
        assert_eq!(source_address(400 * 257, 400), SocketAddr::from(([127, 1, 1, 1], 0)));
    }
}
