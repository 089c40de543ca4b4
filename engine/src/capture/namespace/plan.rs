//! The addresses of an application's own network.

use crate::capture::Fault;
use std::fmt::{Display, Formatter};
use std::net::Ipv4Addr;
use std::str::FromStr;

/// A range of IPv4 addresses, such as 10.0.0.0/24.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    base: Ipv4Addr,
    prefix: u8,
}

impl Network {
    /// The range of that prefix length round an address.
    pub fn round(address: Ipv4Addr, prefix: u8) -> Self {
        let prefix = prefix.min(32);
        Self { base: Ipv4Addr::from_bits(address.to_bits() & mask(prefix)), prefix }
    }

    pub fn prefix(self) -> u8 {
        self.prefix
    }

    pub fn contains(self, address: Ipv4Addr) -> bool {
        address.to_bits() & mask(self.prefix) == self.base.to_bits()
    }

    /// Whether both have an address in common.
    pub fn overlaps(self, other: Self) -> bool {
        self.contains(other.base) || other.contains(self.base)
    }

    /// The first address that a machine may have.
    pub fn first(self) -> Ipv4Addr {
        Ipv4Addr::from_bits(self.base.to_bits() + 1)
    }

    /// The last address that a machine may have.
    pub fn last(self) -> Ipv4Addr {
        Ipv4Addr::from_bits((self.base.to_bits() | !mask(self.prefix)) - 1)
    }

    fn has_room_for(self, address: Ipv4Addr) -> bool {
        self.contains(address) && (self.first()..=self.last()).contains(&address)
    }
}

fn mask(prefix: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0)
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "give an IPv4 network with 8 to 30 bits, such as 10.0.0.0/24".to_owned();
        let (base, prefix) = text.split_once('/').ok_or_else(wrong)?;
        let base: Ipv4Addr = base.parse().map_err(|_| wrong())?;
        let prefix: u8 = prefix.parse().map_err(|_| wrong())?;
        if !(8..=30).contains(&prefix) {
            return Err(wrong());
        }
        let network = Self::round(base, prefix);
        if network.base != base {
            return Err(format!("{base} is inside of a network; that one is {network}"));
        }
        Ok(network)
    }
}

impl Display for Network {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}/{}", self.base, self.prefix)
    }
}

/// A network with the two that are in it: the application, and the machine as its way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub network: Network,
    pub address: Ipv4Addr,
    pub gateway: Ipv4Addr,
    /// Whether what leaves the machine has its address, as most networks need it to come back.
    pub translates: bool,
}

impl Plan {
    /// Without an address the application has the first, without a gateway the machine has the last one of
    /// the network.
    ///
    /// # Errors
    /// A sentence: when one of them is none of the network's, or both are the same.
    pub fn new(
        network: Network,
        address: Option<Ipv4Addr>,
        gateway: Option<Ipv4Addr>,
        translates: bool,
    ) -> Result<Self, Fault> {
        let address = address.unwrap_or_else(|| network.first());
        let gateway = gateway.unwrap_or_else(|| network.last());
        for (flag, one) in [("--address", address), ("--gateway", gateway)] {
            if !network.has_room_for(one) {
                let (first, last) = (network.first(), network.last());
                return Err(Fault::usage(format!(
                    "{flag} {one} is no address of {network}: it has {first} to {last}"
                )));
            }
        }
        if address == gateway {
            return Err(Fault::usage(format!(
                "--address and --gateway are both {address}: the application and the machine need one each"
            )));
        }
        Ok(Self { network, address, gateway, translates })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_know_their_addresses() {
        let network: Network = "10.0.0.0/24".parse().unwrap();
        let plan = Plan::new(network, None, None, true).unwrap();
        assert_eq!((plan.address, plan.gateway), ([10, 0, 0, 1].into(), [10, 0, 0, 254].into()));
        assert!(network.overlaps("10.0.0.0/8".parse().unwrap()));
        assert!(!network.overlaps("10.0.1.0/24".parse().unwrap()));
        assert!(Network::round(Ipv4Addr::UNSPECIFIED, 0).overlaps(network));
        for wrong in ["10.0.0.0", "10.0.0.0/31", "10.0.0.1/24", "10.0.0.0/7", "x/24"] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
        for wrong in [[10, 0, 0, 0], [10, 0, 0, 255], [10, 0, 1, 1], [10, 0, 0, 254]] {
            assert!(Plan::new(network, Some(wrong.into()), None, true).is_err(), "{wrong:?}");
        }
    }
}
