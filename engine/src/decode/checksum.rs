//! Internet checksums of TCP and UDP (RFC 1071, 9293, 768, 8200).

use super::ip::{Datagram, TCP, UDP};
use super::{u16_at, u32_at};

/// True when the checksum of a datagram's transport is wrong. Only what is whole and captured whole
/// is judged: no fragment, nothing behind IPv6 extension headers, which may name another
/// destination, and no TCP header that lies about its length. Takes a copy: the datagram of which
/// something had the address could not stay in registers.
#[cold]
#[inline(never)]
pub fn is_bad(datagram: Datagram<'_>) -> bool {
    let bytes = datagram.ip_bytes.saturating_sub(datagram.header_bytes) as usize;
    let is_extended = datagram.is_ipv6 && datagram.header_bytes > 40;
    let Some(transport) = datagram.payload.get(..bytes) else { return false };
    if datagram.is_fragment() || is_extended {
        return false;
    }
    let is_judged = match datagram.protocol {
        TCP => transport.get(12).is_some_and(|offset| {
            let header_bytes = usize::from(offset >> 4) * 4;
            (20..=bytes).contains(&header_bytes)
        }),
        // 0 is none over IPv4.
        UDP => bytes >= 8 && (datagram.is_ipv6 || u16_at(transport, 6) != Some(0)),
        _ => false,
    };
    is_judged && !sums_up(&datagram, transport)
}

/// Whether the words of pseudo-header and transport add up to nothing.
fn sums_up(datagram: &Datagram<'_>, transport: &[u8]) -> bool {
    let (words, rest) = transport.as_chunks::<4>();
    let mut last = [0; 4];
    last[..rest.len()].copy_from_slice(rest);
    // An IPv4 address stands behind ffff, which is 0 in this arithmetic.
    let addresses = [datagram.source, datagram.destination]
        .map(|address| (address >> 64) as u64 % FOLD + address as u64 % FOLD);
    let pseudo = addresses[0] + addresses[1] + u64::from(datagram.protocol);
    let sum = words.iter().chain([&last]).fold(pseudo + transport.len() as u64, |sum, word| {
        sum + u64::from(u32_at(word, 0).unwrap_or_default())
    });
    sum % FOLD == 0
}

/// Sums of 16-bit words that carry round are sums modulo this.
const FOLD: u64 = 0xffff;
