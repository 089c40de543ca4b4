//! IPv4 and IPv6 headers, extension headers and fragment fields.

use super::walk::{Version, Walk};
use super::{Counts, Key, Kind, u16_at, u32_at};
use crate::limits::HEADER_DEPTH_MAX;
use etherparse::{Ipv4HeaderSlice, Ipv6HeaderSlice};

pub const ICMP: u8 = 1;
pub const TCP: u8 = 6;
pub const UDP: u8 = 17;
pub const FRAGMENT: u8 = 44;
pub const AUTHENTICATION: u8 = 51;
pub const ICMPV6: u8 = 58;
pub const SCTP: u8 = 132;

/// An IP packet without its headers.
#[derive(Clone, Copy)]
pub struct Datagram<'a> {
    pub source: u128,
    pub destination: u128,
    pub is_ipv6: bool,
    /// What follows the last header that was stepped over.
    pub protocol: u8,
    pub fragment: Option<Part>,
    /// Header and payload on the wire.
    pub ip_bytes: u32,
    /// Bytes of IP header and extension headers.
    pub header_bytes: u32,
    pub time_to_live: u8,
    pub dscp: u8,
    /// What was captured of the payload, padding cut off.
    pub payload: &'a [u8],
}

/// Which part of a fragmented datagram this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    pub identification: u32,
    /// The protocol field that all parts share.
    pub protocol: u8,
    /// Offset 0: the part with the transport header.
    pub is_first: bool,
}

impl<'a> Datagram<'a> {
    pub fn is_fragment(&self) -> bool {
        self.fragment.is_some()
    }

    /// What a tunnel's header would be at the start of.
    #[inline(always)]
    pub fn payload(&self) -> Walk<'a> {
        let original = self.ip_bytes.saturating_sub(self.header_bytes) as usize;
        Walk { rest: self.payload, original }
    }

    /// A part without transport header.
    #[inline]
    pub fn is_later_fragment(&self) -> bool {
        self.fragment.is_some_and(|part| !part.is_first)
    }
}

/// Reads the IP headers that the walk has come to.
#[inline(always)]
pub fn read<'a>(
    version: Version,
    walk: Walk<'a>,
    counts: &mut Counts,
) -> Result<Datagram<'a>, Kind> {
    let Walk { rest, original } = walk;
    let nibble = rest.first().ok_or(Kind::CutShort)? >> 4;
    match (version, nibble) {
        (Version::Four | Version::ByNibble, 4) => version_4(rest, original, counts),
        (Version::Six | Version::ByNibble, 6) => version_6(rest, original, counts),
        (Version::ByNibble, _) => Err(Kind::NotIp),
        _ => Err(Kind::BadIpVersion),
    }
}

/// IP bytes by the header's own field, checked against what was on the wire.
#[inline(always)]
fn length(
    field: usize,
    header: usize,
    original: usize,
    counts: &mut Counts,
) -> Result<usize, Kind> {
    // Segmentation offload leaves the field 0, and so does a jumbogram.
    let bytes = if field == 0 { original } else { field.min(original) };
    if bytes < header {
        return Err(Kind::BadIpLength);
    }
    if field > original {
        counts.add(Kind::BadIpLength);
    }
    Ok(bytes)
}

#[inline(always)]
fn version_4<'a>(
    rest: &'a [u8],
    original: usize,
    counts: &mut Counts,
) -> Result<Datagram<'a>, Kind> {
    let fixed;
    let header = match Ipv4HeaderSlice::from_slice(rest) {
        Ok(header) => header,
        Err(_) => {
            fixed = fixed_part(rest)?;
            Ipv4HeaderSlice::from_slice(&fixed).map_err(|_| Kind::BadIpHeader)?
        }
    };
    let header_bytes = usize::from(rest[0] & 0xf) * 4;
    let ip_bytes = length(header.total_len().into(), header_bytes, original, counts)?;
    let available = &rest[..rest.len().min(ip_bytes)];
    let offset = header.fragments_offset().value();
    let fragment = (offset != 0 || header.more_fragments()).then(|| Part {
        identification: header.identification().into(),
        protocol: header.protocol().0,
        is_first: offset == 0,
    });
    let mut datagram = Datagram {
        source: Key::address_v4(u32::from_be_bytes(header.source())),
        destination: Key::address_v4(u32::from_be_bytes(header.destination())),
        is_ipv6: false,
        protocol: header.protocol().0,
        fragment,
        ip_bytes: ip_bytes as u32,
        header_bytes: header_bytes as u32,
        time_to_live: header.ttl(),
        dscp: header.dcp().value(),
        payload: available.get(header_bytes..).unwrap_or_default(),
    };
    if datagram.protocol == AUTHENTICATION && !datagram.is_later_fragment() {
        step_over_extensions(&mut datagram)?;
    }
    Ok(datagram)
}

/// A header that the parser does not take: the options may be cut off, but the fixed part must be
/// there, so that part is lent to the parser, without options.
#[cold]
fn fixed_part(rest: &[u8]) -> Result<[u8; 20], Kind> {
    let mut fixed: [u8; 20] = *rest.first_chunk().ok_or(Kind::CutShort)?;
    if fixed[0] & 0xf < 5 {
        return Err(Kind::BadIpHeader);
    }
    fixed[0] = 0x45;
    Ok(fixed)
}

#[inline(always)]
fn version_6<'a>(
    rest: &'a [u8],
    original: usize,
    counts: &mut Counts,
) -> Result<Datagram<'a>, Kind> {
    let header = Ipv6HeaderSlice::from_slice(rest).map_err(|_| Kind::CutShort)?;
    let fixed = header.slice().len();
    let field = match header.payload_length() {
        0 => 0,
        payload => usize::from(payload) + fixed,
    };
    let ip_bytes = length(field, fixed, original, counts)?;
    let available = &rest[..rest.len().min(ip_bytes)];
    let mut datagram = Datagram {
        source: u128::from_be_bytes(header.source()),
        destination: u128::from_be_bytes(header.destination()),
        is_ipv6: true,
        protocol: header.next_header().0,
        fragment: None,
        ip_bytes: ip_bytes as u32,
        header_bytes: fixed as u32,
        time_to_live: header.hop_limit(),
        dscp: header.traffic_class() >> 2,
        payload: available.get(fixed..).unwrap_or_default(),
    };
    step_over_extensions(&mut datagram)?;
    Ok(datagram)
}

/// Steps over extension headers (RFC 8200, section 4) up to the transport or a later fragment.
#[inline(always)]
fn step_over_extensions(datagram: &mut Datagram<'_>) -> Result<(), Kind> {
    for depth in 0.. {
        let unit = match datagram.protocol {
            // Hop-by-hop, routing, destination options, mobility, HIP, shim6: units of 8 bytes.
            0 | 43 | 60 | 135 | 139 | 140 if datagram.is_ipv6 => 8,
            // Authentication: units of 4 bytes, counted from 2 (RFC 4302).
            AUTHENTICATION => 4,
            FRAGMENT if datagram.is_ipv6 => 0,
            _ => return Ok(()),
        };
        if depth == HEADER_DEPTH_MAX {
            return Err(Kind::TooDeep);
        }
        let payload = datagram.payload;
        let [next, length] = *payload.first_chunk().ok_or(Kind::CutShort)?;
        let bytes = match unit {
            8 => (usize::from(length) + 1) * 8,
            4 => (usize::from(length) + 2) * 4,
            _ => {
                fragment_header(datagram, next)?;
                8
            }
        };
        datagram.protocol = next;
        datagram.header_bytes += bytes as u32;
        datagram.payload = payload.get(bytes..).unwrap_or_default();
        if datagram.is_later_fragment() {
            return Ok(());
        }
    }
    Ok(())
}

/// Notes the fragment header at the start of the payload. One that is no fragment (offset 0, no
/// more to come) changes nothing (RFC 6946).
#[inline(always)]
fn fragment_header(datagram: &mut Datagram<'_>, next: u8) -> Result<(), Kind> {
    let field = u16_at(datagram.payload, 2).ok_or(Kind::CutShort)?;
    let identification = u32_at(datagram.payload, 4).ok_or(Kind::CutShort)?;
    let (offset, more) = (field >> 3, field & 1 == 1);
    if offset != 0 || more {
        datagram.fragment = Some(Part { identification, protocol: next, is_first: offset == 0 });
    }
    Ok(())
}
