//! One cell of a row, before any format.

use super::{CommunityId, List};
use crate::decode::{Tunnels, Vlans};
use crate::flows::{Flow, Group};
use crate::time::Timestamp;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A value of a column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// Missing: an empty CSV cell.
    Null,
    Integer(i64),
    Unsigned(u64),
    /// NaN or infinite only in a profile that copies another program.
    Float(f64),
    Time(Timestamp),
    Address(IpAddr),
    Text(&'a str),
    CommunityId(CommunityId),
    Vlans(Vlans<'a>),
    Tunnels(Tunnels<'a>),
    /// A time that is printed with six decimals.
    MicrosecondTime(Timestamp),
    Printed(Printed<'a>),
    List(List<'a>),
}

/// Texts of profiles that copy another program.
#[derive(Clone, Copy, Debug)]
pub enum Printed<'a> {
    /// Addresses, ports and protocol, joined by hyphens.
    FiveTuple(&'a Flow),
    /// Day first, on a clock of twelve hours, UTC.
    TwelveHourTime(Timestamp),
    /// As the C library's `inet_ntop` has it.
    NetworkAddress(IpAddr),
    LinkAddress([u8; 6]),
    /// Names of rules, joined by semicolons.
    Rules(&'a Group),
    /// The first half of a link address, which names its maker.
    Organisation([u8; 6]),
}

impl PartialEq for Printed<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl fmt::Display for Printed<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FiveTuple(flow) => {
                let ((from, from_port), (to, to_port)) = (flow.client(), flow.server());
                let (from_port, to_port) = (from_port.unwrap_or(0), to_port.unwrap_or(0));
                let (from, to) = (AddressText(from), AddressText(to));
                write!(formatter, "{from}-{to}-{from_port}-{to_port}-{}", flow.protocol())
            }
            Self::TwelveHourTime(time) => time.twelve_hour(formatter),
            Self::NetworkAddress(IpAddr::V6(address)) => ntop(*address, formatter),
            Self::NetworkAddress(address) => write!(formatter, "{address}"),
            Self::Rules(group) => {
                for (place, rule) in group.rules().enumerate() {
                    let before = if place > 0 { ";" } else { "" };
                    write!(formatter, "{before}{}", rule.name())?;
                }
                Ok(())
            }
            Self::LinkAddress([a, b, c, d, e, f]) => {
                write!(formatter, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}")
            }
            Self::Organisation([a, b, c, ..]) => write!(formatter, "{a:02x}:{b:02x}:{c:02x}"),
        }
    }
}

/// Prints an address as [`IpAddr`] does, IPv4 on a shorter way: every row has several.
pub struct AddressText(pub IpAddr);

impl fmt::Display for AddressText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let IpAddr::V4(address) = self.0 else { return self.0.fmt(formatter) };
        let (mut text, mut length) = ([b'.'; "255.255.255.255.".len()], 0);
        for octet in address.octets() {
            let digits = [octet / 100, octet / 10 % 10, octet % 10];
            let zeros = usize::from(octet < 100) + usize::from(octet < 10);
            for digit in &digits[zeros..] {
                text[length] = b'0' + digit;
                length += 1;
            }
            length += 1;
        }
        formatter.write_str(str::from_utf8(&text[..length - 1]).unwrap_or_default())
    }
}

/// IPv4-compatible addresses (RFC 4291, 2.5.5.1) end in dotted decimals there.
fn ntop(address: Ipv6Addr, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    match address.to_bits() {
        low @ 0x1_0000..=0xffff_ffff => {
            write!(formatter, "::{}", Ipv4Addr::from_bits(low as u32))
        }
        _ => write!(formatter, "{address}"),
    }
}

impl Value<'_> {
    /// Nanoseconds as microseconds, the nanoseconds as decimals.
    pub fn microseconds(ns: i64) -> Self {
        Self::Float(ns as f64 / 1_000.0)
    }
}

impl From<u64> for Value<'_> {
    fn from(value: u64) -> Self {
        Self::Unsigned(value)
    }
}

impl From<f64> for Value<'_> {
    fn from(value: f64) -> Self {
        match value.is_finite() {
            true => Self::Float(value),
            false => Self::Null,
        }
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(value)
    }
}

impl<T> From<Option<T>> for Value<'_>
where
    Self: From<T>,
{
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_print_as_ever() {
        for text in ["0.0.0.0", "10.9.100.255", "255.255.255.255", "2001:db8::1", "::"] {
            let address: IpAddr = text.parse().unwrap();
            assert_eq!(AddressText(address).to_string(), address.to_string());
        }
    }
}
