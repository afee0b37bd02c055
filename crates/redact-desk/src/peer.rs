//! The address of a client, for counting sign-in attempts.

use std::net::{IpAddr, Ipv6Addr};

/// The address of the client, or of a reverse proxy in front of the desk.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) Option<IpAddr>);

impl Peer {
    /// The key under which its attempts are counted.
    pub(crate) fn network(self) -> String {
        self.0
            .map_or_else(|| "local".to_owned(), |ip| network(ip).to_string())
    }

    /// The address as a label of the event log, which takes no colons.
    pub(crate) fn label(self) -> String {
        self.0
            .map_or_else(|| "local".to_owned(), |ip| ip.to_string().replace(':', "-"))
    }
}

/// The address itself, or its /64 in IPv6, since a host can use any address of it.
pub(crate) fn network(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => {
            let [a, b, c, d, ..] = ip.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        ip => ip,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_host_cannot_change_its_network() {
        let of = |text: &str| network(text.parse().unwrap()).to_string();
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), of("2001:db8:1:2:ffff::1"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.7"), "192.0.2.7");
    }
}
