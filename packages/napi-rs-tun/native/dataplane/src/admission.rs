//! Which packets of a peer may go to the interface: from an address of the peer, to an address of ours.

use crate::ip::IpPacket;
use crate::limits::OWN_ADDRESSES_MAX;
use crate::plane::{Refusal, Tables};
use std::net::{IpAddr, Ipv4Addr};

/// Why an authentic packet is left to the control plane.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stray {
    /// Its source is not routed to the peer that sent it.
    Source,
    /// Its destination is not one of our addresses.
    Destination,
}

/// The addresses that packets for the interface may be sent to; none at first.
#[derive(Default)]
pub struct OwnAddresses(Vec<IpAddr>);

impl OwnAddresses {
    /// Makes a set of unicast addresses; a group or broadcast address belongs to nobody alone.
    pub fn new(addresses: &[IpAddr]) -> Result<Self, Refusal> {
        if addresses.len() > OWN_ADDRESSES_MAX {
            return Err(Refusal::Full);
        }
        if !addresses.iter().all(is_unicast) {
            return Err(Refusal::Invalid);
        }
        Ok(OwnAddresses(addresses.to_vec()))
    }

    /// Returns whether `address` is one of them.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address)
    }
}

fn is_unicast(address: &IpAddr) -> bool {
    let is_broadcast = *address == IpAddr::V4(Ipv4Addr::BROADCAST);
    !is_broadcast && !address.is_multicast() && !address.is_unspecified()
}

/// A packet that passed the gate. Only a gate makes one, and nothing else can be written to the interface.
#[derive(Clone, Copy)]
pub struct Admitted<'a>(&'a IpPacket);

impl<'a> Admitted<'a> {
    /// Lets a test coalesce packets of nobody.
    #[cfg(test)]
    pub fn unchecked(outline: &'a IpPacket) -> Self {
        Admitted(outline)
    }

    /// Returns the packet's outline.
    pub fn outline(&self) -> &'a IpPacket {
        self.0
    }
}

/// Checks the packets of a train; mostly the next one is like the last.
pub struct Gate<'a> {
    tables: &'a Tables,
    passed: Option<(u32, IpAddr, IpAddr)>,
}

impl<'a> Gate<'a> {
    /// Makes one for as long as the tables stay as they are.
    pub fn new(tables: &'a Tables) -> Self {
        Gate { tables, passed: None }
    }

    /// Lets a packet of `peer` pass, or says what is wrong with it.
    pub fn check<'p>(&mut self, peer: u32, outline: &'p IpPacket) -> Result<Admitted<'p>, Stray> {
        let row = (peer, outline.source, outline.destination);
        if self.passed != Some(row) {
            if !self.tables.may_send_from(peer, outline.source) {
                return Err(Stray::Source);
            }
            if !self.tables.is_own(outline.destination) {
                return Err(Stray::Destination);
            }
            self.passed = Some(row);
        }
        Ok(Admitted(outline))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ip::tests::tcp_packet;
    use crate::plane::Plane;
    use proptest::prelude::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn groups_and_broadcasts_are_nobodys_own() {
        for text in ["224.0.0.1", "239.1.2.3", "255.255.255.255", "0.0.0.0", "ff02::1", "::"] {
            assert_eq!(OwnAddresses::new(&[ip("10.0.0.1"), ip(text)]).err(), Some(Refusal::Invalid));
        }
        let own = OwnAddresses::new(&[ip("10.0.0.1"), ip("fd00::1")]).unwrap();
        assert!(own.contains(ip("10.0.0.1")) && own.contains(ip("fd00::1")));
        assert!(!own.contains(ip("10.0.0.255")) && !own.contains(ip("::ffff:10.0.0.1")));
        assert!(!OwnAddresses::default().contains(ip("10.0.0.1")));
    }

    #[test]
    fn there_is_a_cap() {
        let addresses: Vec<IpAddr> = (0..=OWN_ADDRESSES_MAX as u8).map(|i| [10, 0, 0, i].into()).collect();
        assert!(OwnAddresses::new(&addresses[1..]).is_ok());
        assert_eq!(OwnAddresses::new(&addresses).err(), Some(Refusal::Full));
    }

    /// One of a few addresses of both families, so that they meet.
    fn address(number: u8) -> IpAddr {
        if number < 4 {
            [10, 0, 0, number].into()
        } else {
            let mut octets = [0xfd; 16];
            octets[15] = number;
            octets.into()
        }
    }

    #[derive(Clone, Debug)]
    enum Step {
        Own(Vec<u8>),
        Route(u8, u32),
        Withdraw(u8),
        Packets(Vec<(u32, u8, u8)>),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            prop::collection::vec(1u8..8, 0..3).prop_map(Step::Own),
            (1u8..8, 1u32..3).prop_map(|(at, peer)| Step::Route(at, peer)),
            (1u8..8).prop_map(Step::Withdraw),
            prop::collection::vec((1u32..3, 1u8..8, 1u8..8), 1..20).prop_map(Step::Packets),
        ]
    }

    fn outline(source: u8, destination: u8) -> IpPacket {
        let parsed = IpPacket::parse(&tcp_packet(false, 1, 0x10, b"x")).unwrap();
        IpPacket { source: address(source), destination: address(destination), ..parsed }
    }

    proptest! {
        #[test]
        fn agrees_with_a_model_that_remembers_nothing(steps in prop::collection::vec(step(), 1..30)) {
            let plane = Plane::default();
            plane.install_peer(1, true, 1472).unwrap();
            plane.install_peer(2, true, 1472).unwrap();
            let mut own: Vec<u8> = Vec::new();
            let mut routes: Vec<(u8, u32)> = Vec::new();
            for step in steps {
                match step {
                    Step::Own(numbers) => {
                        let addresses: Vec<IpAddr> = numbers.iter().map(|&n| address(n)).collect();
                        plane.set_own_addresses(&addresses).unwrap();
                        own = numbers;
                    }
                    Step::Route(at, peer) => {
                        let length = if at < 4 { 32 } else { 128 };
                        plane.install_route(address(at), length, peer).unwrap();
                        routes.retain(|(other, _)| *other != at);
                        routes.push((at, peer));
                    }
                    Step::Withdraw(at) => {
                        plane.withdraw_route(address(at), if at < 4 { 32 } else { 128 });
                        routes.retain(|(other, _)| *other != at);
                    }
                    Step::Packets(packets) => {
                        let tables = plane.tables();
                        let mut gate = Gate::new(&tables);
                        for (peer, source, destination) in packets {
                            let expected = if !routes.contains(&(source, peer)) {
                                Some(Stray::Source)
                            } else {
                                (!own.contains(&destination)).then_some(Stray::Destination)
                            };
                            let found = gate.check(peer, &outline(source, destination)).err();
                            prop_assert_eq!(found, expected);
                        }
                    }
                }
            }
        }
    }
}
