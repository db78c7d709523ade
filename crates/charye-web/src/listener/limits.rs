//! Room: web/listener. The limits, and the count of connections per address. Never holds more than it admits.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Everything a peer can make us wait for or keep. Times are checked every 250 ms, so they hold to that precision.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Open connections, all threads together.
    pub connections_max: usize,
    /// Open connections from one address (IPv6: one /64); 0 turns it off, for those behind one load balancer.
    pub connections_per_address_max: usize,
    /// From accept to the first byte of the first request.
    pub first_byte: Duration,
    /// From the first byte of a request to the end of its head.
    pub head: Duration,
    /// From the head to the last byte of the answer, the request's body included.
    pub request: Duration,
    /// Between requests on a kept connection.
    pub idle: Duration,
    /// Bytes of a request's head. hyper wants at least 8 KiB.
    pub head_bytes_max: usize,
    /// Headers of a request.
    pub headers_max: usize,
    /// From the beginning of a drain until connections that are still open are given up.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 50_000,
            connections_per_address_max: 512,
            first_byte: Duration::from_secs(10),
            head: Duration::from_secs(10),
            request: Duration::from_secs(30),
            idle: Duration::from_secs(60),
            head_bytes_max: 16 * 1024,
            headers_max: 64,
            drain: Duration::from_secs(10),
        }
    }
}

/// Open connections, in all and per address, over all threads of a listener.
#[derive(Debug)]
pub struct AddressCounts {
    open: AtomicUsize,
    open_max: usize,
    per_address_max: usize,
    by_address: Mutex<HashMap<IpAddr, usize>>,
}

impl AddressCounts {
    /// Counts against these limits.
    pub fn new(limits: &Limits) -> Self {
        Self {
            open: AtomicUsize::new(0),
            open_max: limits.connections_max,
            per_address_max: limits.connections_per_address_max,
            by_address: Mutex::default(),
        }
    }

    /// A place for one more connection, given back when dropped; `None` over a limit.
    pub fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Admitted> {
        let address = self.counted_address(address);
        if self.open.fetch_add(1, Ordering::Relaxed) >= self.open_max {
            self.open.fetch_sub(1, Ordering::Relaxed);
            metrics::counter!("charye_connections_refused_total", "limit" => "all").increment(1);
            return None;
        }
        let admitted = Admitted { counts: self.clone(), address };
        if let Some(address) = address {
            let mut by_address = self.by_address.lock().unwrap_or_else(PoisonError::into_inner);
            let count = by_address.entry(address).or_default();
            *count += 1;
            if *count > self.per_address_max {
                drop(by_address);
                metrics::counter!("charye_connections_refused_total", "limit" => "address").increment(1);
                return None; // dropping `admitted` gives both counts back
            }
        }
        Some(admitted)
    }

    /// The address as counted: an IPv6 subscriber has a whole /64 to play with, so that is one address.
    fn counted_address(&self, address: IpAddr) -> Option<IpAddr> {
        match address {
            _ if self.per_address_max == 0 => None,
            IpAddr::V4(v4) => Some(IpAddr::V4(v4)),
            IpAddr::V6(v6) => {
                let network = u128::from(v6) & !u128::from(u64::MAX);
                Some(IpAddr::V6(network.into()))
            }
        }
    }

    /// Connections open now.
    pub fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }
}

/// One admitted connection.
#[derive(Debug)]
pub struct Admitted {
    counts: Arc<AddressCounts>,
    address: Option<IpAddr>,
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.counts.open.fetch_sub(1, Ordering::Relaxed);
        if let Some(address) = self.address {
            let mut by_address = self.counts.by_address.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(count) = by_address.get_mut(&address) {
                *count -= 1;
                if *count == 0 {
                    by_address.remove(&address);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(connections_max: usize, connections_per_address_max: usize) -> Arc<AddressCounts> {
        let limits = Limits { connections_max, connections_per_address_max, ..Limits::default() };
        Arc::new(AddressCounts::new(&limits))
    }

    #[test]
    fn one_address_cannot_take_the_places_of_others() {
        let counts = counts(10, 2);
        let greedy: IpAddr = "192.0.2.1".parse().unwrap();
        let kept = (counts.admit(greedy), counts.admit(greedy));
        assert!(kept.0.is_some() && kept.1.is_some());
        assert!(counts.admit(greedy).is_none());
        assert!(counts.admit("192.0.2.2".parse().unwrap()).is_some());
        drop(kept);
        assert!(counts.admit(greedy).is_some());
        assert!(counts.by_address.lock().unwrap().is_empty(), "an address without connections is forgotten");
    }

    #[test]
    fn neighbours_in_one_ipv6_network_count_as_one() {
        let counts = counts(10, 1);
        let _kept = counts.admit("2001:db8::1".parse().unwrap()).unwrap();
        assert!(counts.admit("2001:db8::2".parse().unwrap()).is_none());
        assert!(counts.admit("2001:db8:0:1::1".parse().unwrap()).is_some());
    }

    #[test]
    fn the_total_holds_and_is_given_back() {
        let counts = counts(1, 0);
        let first = counts.admit("192.0.2.1".parse().unwrap());
        assert!(first.is_some());
        assert!(counts.admit("192.0.2.2".parse().unwrap()).is_none());
        drop(first);
        assert_eq!(counts.open(), 0);
        assert!(counts.admit("192.0.2.2".parse().unwrap()).is_some());
    }
}
