//! Room: gateway/identity/outbound. Addresses of providers, and which of them may be connected to at all: nothing inside a
//! private network, unless a rehearsal's configuration lists that very host and port.
//!
//! Called by the configuration, by discovery (whose addresses are a stranger's words) and before every connection, with
//! the address that is then connected to: a name that changes its address in between wins nothing.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Characters of an address.
const ADDRESS_CHARS_MAX: usize = 1_024;

/// An absolute address of a provider, without a fragment and without a name and password in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    text: String,
    pub(super) tls: bool,
    pub(super) host: String,
    pub(super) port: u16,
    /// Where path and query begin in the text.
    path_at: usize,
}

impl Address {
    /// Reads `https://host[:port]/path?query`, or the same with `http`.
    pub fn parse(text: &str) -> Option<Self> {
        let (tls, rest) = match text.split_once("://")? {
            ("https", rest) => (true, rest),
            ("http", rest) => (false, rest),
            _ => return None,
        };
        let clean = text.len() <= ADDRESS_CHARS_MAX
            && text.bytes().all(|c| c.is_ascii_graphic() && !b"\"<>\\^`{|}#".contains(&c));
        let authority_end = rest.find(['/', '?']).unwrap_or(rest.len());
        let authority = &rest[..authority_end];
        if !clean || authority.contains('@') {
            return None;
        }
        let (host, port) = match authority.strip_prefix('[') {
            Some(bracketed) => {
                let (host, port) = bracketed.split_once(']')?;
                (
                    host.parse::<Ipv6Addr>().ok()?.to_string(),
                    port.strip_prefix(':').or(port.is_empty().then_some(port))?,
                )
            }
            None => {
                let (host, port) = authority.split_once(':').unwrap_or((authority, ""));
                let is_name = |c: u8| c.is_ascii_alphanumeric() || c == b'-' || c == b'.';
                if host.is_empty() || !host.bytes().all(is_name) {
                    return None;
                }
                (host.to_ascii_lowercase(), port)
            }
        };
        let port = match port {
            "" => {
                if tls {
                    443
                } else {
                    80
                }
            }
            digits => digits.parse().ok().filter(|port| *port != 0)?,
        };
        let path_at = text.len() - (rest.len() - authority_end);
        Some(Self { text: text.to_owned(), tls, host, port, path_at })
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Path and query, at least `/`.
    pub(super) fn path(&self) -> String {
        match &self.text[self.path_at..] {
            "" => "/".to_owned(),
            query if query.starts_with('?') => format!("/{query}"),
            path => path.to_owned(),
        }
    }

    /// What goes into `Host`.
    pub(super) fn authority(&self) -> &str {
        let start = self.text.find("://").map_or(0, |at| at + 3);
        &self.text[start..self.path_at]
    }

    /// The same scheme, host and port with another path: `/.well-known/..` below this path.
    pub fn below(&self, path: &str) -> Option<Self> {
        Self::parse(&format!("{}{path}", self.text.trim_end_matches('/')))
    }
}

/// Hosts and ports that may be private, because the configuration of a rehearsal lists them. Usually none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrivateHosts(BTreeSet<(String, u16)>);

impl PrivateHosts {
    /// Reads `host:port` each; the first that is none is named.
    pub fn parse<'a>(listed: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let read = |text: &str| {
            let address = Address::parse(&format!("http://{text}/"));
            address.map(|address| (address.host, address.port)).ok_or_else(|| text.to_owned())
        };
        listed.into_iter().map(read).collect::<Result<_, _>>().map(Self)
    }

    /// Whether this address is listed.
    pub fn lists(&self, address: &Address) -> bool {
        self.0.contains(&(address.host.clone(), address.port))
    }

    /// Whether the address may be asked at all, as far as its text says: TLS, or listed.
    pub fn permits(&self, address: &Address) -> bool {
        address.tls || self.lists(address)
    }
}

/// Whether an address is one of the public internet, and nothing that leads into a network of ours or of the machine's.
pub(super) fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => {
            let [a, b, ..] = ip.segments();
            match ip.to_ipv4_mapped() {
                Some(mapped) => is_public_v4(mapped),
                // Of what is given out, only 2000::/3 is global unicast. Tunnels (6to4, Teredo) and documentation are not.
                None => {
                    (a & 0xe000) == 0x2000
                        && a != 0x2002
                        && !(a == 0x2001 && (b < 0x0200 || b == 0x0db8))
                        && a != 0x3fff
                }
            }
        }
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let is_special = a == 0
        || a == 10
        || a == 127
        || a >= 224
        || (a, b) == (169, 254)
        || (a, b) == (192, 168)
        || (a == 172 && (16..32).contains(&b))
        || (a == 100 && (64..128).contains(&b))
        || (a == 198 && (18..20).contains(&b))
        || matches!((a, b, c), (192, 0, 0 | 2) | (192, 88, 99) | (198, 51, 100) | (203, 0, 113));
    !is_special
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_special_and_tunnelled_addresses_are_not_public() {
        for bad in [
            "0.0.0.0",
            "10.1.2.3",
            "127.0.0.1",
            "127.255.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "100.64.0.1",
            "192.0.0.8",
            "192.0.2.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.9",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:10.0.0.1",
            "::ffff:127.0.0.1",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2001::1",
            "64:ff9b::a00:1",
            "100::1",
            "3fff::1",
        ] {
            assert!(!is_public(bad.parse().unwrap()), "{bad}");
        }
        for good in ["8.8.8.8", "172.32.0.1", "100.128.0.1", "211.249.220.24", "2606:4700::1111", "::ffff:8.8.8.8"] {
            assert!(is_public(good.parse().unwrap()), "{good}");
        }
    }

    #[test]
    fn addresses_are_read_to_their_parts() {
        let address = Address::parse("https://KAUTH.kakao.com:8443/oauth?x=1").unwrap();
        assert_eq!((address.host.as_str(), address.port, address.tls), ("kauth.kakao.com", 8443, true));
        assert_eq!((address.path().as_str(), address.authority()), ("/oauth?x=1", "KAUTH.kakao.com:8443"));
        assert_eq!(Address::parse("http://a").map(|a| (a.port, a.path())), Some((80, "/".to_owned())));
        assert_eq!(Address::parse("https://a?b").map(|a| a.path()).as_deref(), Some("/?b"));
        assert_eq!(
            Address::parse("https://[2606:4700::1]:9/").map(|a| (a.host, a.port)),
            Some(("2606:4700::1".into(), 9))
        );
        let issuer = Address::parse("https://a/tenant/").unwrap();
        assert_eq!(issuer.below("/.well-known/x").unwrap().as_str(), "https://a/tenant/.well-known/x");
    }

    #[test]
    fn what_could_mean_two_things_is_no_address() {
        for bad in [
            "",
            "a",
            "ftp://a/",
            "https://",
            "https:///x",
            "https://a@b/",
            "https://a:b@c/",
            "https://a:0/",
            "https://a:99999/",
            "https://a b/",
            "https://a\\b/",
            "https://a/#x",
            "https://a\n/",
            "https://[::1",
            "https://[x]/",
            "https://a_b/",
            "https://한글/",
            "HTTPS://a/",
        ] {
            assert_eq!(Address::parse(bad), None, "{bad}");
        }
        assert_eq!(Address::parse(&format!("https://a/{}", "x".repeat(ADDRESS_CHARS_MAX))), None);
    }

    #[test]
    fn only_what_is_listed_goes_without_tls() {
        let listed = PrivateHosts::parse(["127.0.0.1:4001", "localhost:80"]).unwrap();
        let permits = |text| listed.permits(&Address::parse(text).unwrap());
        assert!(permits("http://127.0.0.1:4001/x") && permits("http://localhost/") && permits("https://any.example/"));
        assert!(!permits("http://127.0.0.1:4002/") && !permits("http://any.example/"));
        assert_eq!(PrivateHosts::parse(["a b"]), Err("a b".to_owned()));
    }
}
