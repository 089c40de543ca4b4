//! Transport headers: ports, flags and how many bytes are payload.

use super::ip::{self, Datagram};
use super::{
    Counts, Endpoint, Key, Kind, Moment, Placement, Segment, answers, icmp, marks, u16_at,
};
use etherparse::TcpHeaderSlice;

/// What a packet says of its transport; absent fields are 0.
#[derive(Default)]
pub struct Transport {
    ports: Option<(u16, u16)>,
    payload_bytes: u32,
    header_bytes: u32,
    has_tcp_header: bool,
    flags: u8,
    window: u16,
    sequence: u32,
    acknowledgement: u32,
}

/// Reads the transport header of a datagram.
#[inline(always)]
pub fn read(datagram: &Datagram<'_>, counts: &mut Counts) -> Result<Transport, Kind> {
    let behind_ip = datagram.ip_bytes.saturating_sub(datagram.header_bytes);
    if datagram.is_later_fragment() {
        let header_bytes = marks::NO_HEADER;
        return Ok(Transport { payload_bytes: behind_ip, header_bytes, ..Transport::default() });
    }
    match datagram.protocol {
        ip::TCP => tcp(datagram.payload, behind_ip, counts),
        ip::UDP => udp(datagram.payload, behind_ip),
        ip::SCTP => Ok(Transport {
            ports: Some(two_ports(datagram.payload)?),
            payload_bytes: behind_ip.saturating_sub(12),
            header_bytes: 12,
            ..Transport::default()
        }),
        ip::ICMP => control(datagram.payload, behind_ip, icmp::mate_v4),
        ip::ICMPV6 => control(datagram.payload, behind_ip, icmp::mate_v6),
        _ => Ok(Transport { payload_bytes: behind_ip, ..Transport::default() }),
    }
}

#[inline(always)]
fn two_ports(payload: &[u8]) -> Result<(u16, u16), Kind> {
    let [a, b, c, d] = *payload.first_chunk().ok_or(Kind::CutShort)?;
    Ok((u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])))
}

#[inline(always)]
fn tcp(payload: &[u8], behind_ip: u32, counts: &mut Counts) -> Result<Transport, Kind> {
    let ports = Some(two_ports(payload)?);
    let mut transport = Transport { ports, has_tcp_header: true, ..Transport::default() };
    // The options may be cut off and the data offset may lie: then each field is read by hand.
    let Ok(header) = TcpHeaderSlice::from_slice(payload) else {
        return Ok(cut_tcp(transport, payload, behind_ip, counts));
    };
    transport.flags = header.slice()[13];
    transport.window = header.window_size();
    transport.sequence = header.sequence_number();
    transport.acknowledgement = header.acknowledgment_number();
    transport.header_bytes = header.slice().len() as u32;
    transport.payload_bytes = behind_ip.saturating_sub(transport.header_bytes);
    Ok(transport)
}

/// Header bytes by the data offset; a lying one is counted.
#[inline]
fn tcp_header_bytes(offset: u8, counts: &mut Counts) -> u32 {
    let bytes = u32::from(offset >> 4) * 4;
    if bytes < 20 {
        counts.add(Kind::BadTcpHeader);
    }
    bytes.max(20)
}

/// A header that the parser does not take: each field that is whole counts.
#[inline(always)]
fn cut_tcp(
    mut transport: Transport,
    payload: &[u8],
    behind_ip: u32,
    counts: &mut Counts,
) -> Transport {
    transport.sequence = super::u32_at(payload, 4).unwrap_or(0);
    transport.acknowledgement = super::u32_at(payload, 8).unwrap_or(0);
    transport.header_bytes = payload.get(12).map_or(20, |&offset| tcp_header_bytes(offset, counts));
    transport.flags = payload.get(13).copied().unwrap_or(0);
    transport.window = u16_at(payload, 14).unwrap_or(0);
    transport.payload_bytes = behind_ip.saturating_sub(transport.header_bytes);
    transport
}

#[inline(always)]
fn udp(payload: &[u8], behind_ip: u32) -> Result<Transport, Kind> {
    let ports = Some(two_ports(payload)?);
    let announced = match u16_at(payload, 4) {
        Some(length @ 8..) => u32::from(length) - 8,
        // Absent, or 0 for a jumbogram (RFC 2675): IP knows.
        _ => u32::MAX,
    };
    let payload_bytes = behind_ip.saturating_sub(8).min(announced);
    Ok(Transport { ports, payload_bytes, header_bytes: 8, ..Transport::default() })
}

#[inline(always)]
fn control(payload: &[u8], behind_ip: u32, mate: fn(u8) -> Option<u8>) -> Result<Transport, Kind> {
    let [kind, code] = *payload.first_chunk().ok_or(Kind::CutShort)?;
    let ports = Some(icmp::ports(kind, code, mate(kind)));
    let payload_bytes = behind_ip.saturating_sub(8);
    Ok(Transport { ports, payload_bytes, header_bytes: 8, ..Transport::default() })
}

impl Transport {
    /// What was captured of the payload.
    #[inline(always)]
    pub fn payload<'a>(&self, datagram: &Datagram<'a>) -> &'a [u8] {
        let header_bytes = match self.header_bytes {
            marks::NO_HEADER => 0,
            bytes => bytes as usize,
        };
        let captured = datagram.payload.get(header_bytes..).unwrap_or_default();
        &captured[..captured.len().min(self.payload_bytes as usize)]
    }

    /// Whether the packet may answer a question for a name.
    #[inline(always)]
    pub fn is_from_answerer(&self) -> bool {
        self.ports.is_some_and(|(from, _)| answers::is_from_answerer(from))
    }

    /// The record of the packet.
    #[inline(always)]
    pub fn segment(
        &self,
        datagram: &Datagram<'_>,
        moment: Moment,
        stack: u64,
        placement: &Placement,
    ) -> Segment {
        let (from, to) = self.ports.unwrap_or((0, 0));
        let (key, from_larger) = Key::new(
            Endpoint { address: datagram.source, port: from },
            Endpoint { address: datagram.destination, port: to },
            datagram.protocol,
            self.ports.is_some(),
            datagram.is_ipv6,
            stack,
        );
        Segment {
            key,
            time: moment.time,
            clock: moment.clock,
            hash: placement.hash(&key),
            ip_bytes: datagram.ip_bytes,
            payload_bytes: self.payload_bytes,
            sequence: self.sequence,
            acknowledgement: self.acknowledgement,
            index: moment.index,
            window: self.window,
            flags: self.flags,
            marks: (u16::from(from_larger) * marks::FROM_LARGER)
                | (u16::from(self.has_tcp_header) * marks::TCP_HEADER)
                | marks::packed(datagram.dscp, self.header_bytes),
            time_to_live: datagram.time_to_live,
        }
    }
}
