//! What the rules see of a flow, and the view of it that a signature reads.

/// Protocol numbers (IANA) that have payload to read.
pub const TCP: u8 = 6;
pub const UDP: u8 = 17;

/// Offset of a packet whose payload was not kept.
pub const NOT_KEPT: u32 = u32::MAX;

/// Where a server name came from, as the plugin interface numbers it.
pub const FROM_NOTHING: u8 = 0;
pub const FROM_SNI: u8 = 1;
pub const FROM_QUIC: u8 = 2;
pub const FROM_HOST: u8 = 3;
pub const FROM_DNS: u8 = 4;
pub const FROM_BANNER: u8 = 5;

/// One of a flow's first packets.
#[derive(Clone, Copy, Debug, Default)]
pub struct SeenPacket {
    /// 0 from the client, 1 from the server.
    pub direction: u8,
    pub tcp_flags: u8,
    pub wire_bytes: u32,
    pub payload_bytes: u32,
    /// Where its payload begins in that of its direction.
    pub payload_at: u32,
    /// Since the flow's first packet.
    pub time_us: u64,
}

/// What the rules see of a flow. Index 0 is from client to server.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    pub transport: u8,
    /// IPv4 as ::ffff:a.b.c.d.
    pub client_ip: [u8; 16],
    pub server_ip: [u8; 16],
    pub client_port: u16,
    pub server_port: u16,
    pub packets: [u64; 2],
    pub bytes: [u64; 2],
    /// The first bytes in order; datagrams one behind the other.
    pub payload: [&'a [u8]; 2],
    pub first_packets: &'a [SeenPacket],
    /// Empty where unknown, as the next two.
    pub server_name: &'a str,
    pub user_agent: &'a str,
    /// What the client offered, joined by commas.
    pub alpn: &'a str,
    pub server_name_from: u8,
    /// An open flow's payload may still come.
    pub is_closed: bool,
}

/// One side's payload as a signature reads it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Said<'a> {
    /// TCP: the stream's first bytes. UDP: the first datagram, as much as was kept of it.
    pub bytes: &'a [u8],
    /// Bytes of the first datagram or segment on the wire.
    pub length: usize,
}

impl Said<'_> {
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Whether the datagram was kept whole.
    pub fn is_whole(&self) -> bool {
        self.length == self.bytes.len()
    }
}

/// A flow with its sides named. Where the capture began in the middle the sides may be the wrong
/// way round: signatures that find nothing are asked once more with the sides exchanged.
#[derive(Clone, Copy)]
pub struct Talk<'a> {
    pub seen: &'a Seen<'a>,
    pub client: Said<'a>,
    pub server: Said<'a>,
    is_turned: bool,
}

impl<'a> Talk<'a> {
    pub fn new(seen: &'a Seen<'a>) -> Self {
        Talk { seen, client: said(seen, 0), server: said(seen, 1), is_turned: false }
    }

    /// The same with client and server exchanged.
    pub fn turned(self) -> Self {
        Talk { client: self.server, server: self.client, is_turned: !self.is_turned, ..self }
    }

    pub fn is_tcp(&self) -> bool {
        self.seen.transport == TCP
    }

    pub fn client_port(&self) -> u16 {
        if self.is_turned { self.seen.server_port } else { self.seen.client_port }
    }

    pub fn server_port(&self) -> u16 {
        if self.is_turned { self.seen.client_port } else { self.seen.server_port }
    }

    pub fn has_port(&self, port: u16) -> bool {
        self.seen.client_port == port || self.seen.server_port == port
    }

    pub fn both_spoke(&self) -> bool {
        !self.client.is_empty() && !self.server.is_empty()
    }

    /// The sides that said something, the client first.
    pub fn sides(&self) -> impl Iterator<Item = Said<'a>> {
        [self.client, self.server].into_iter().filter(|said| !said.is_empty())
    }

    /// Datagrams (or segments) of one side that were kept at least in part: 0 the client's.
    pub fn datagrams(&self, side: usize) -> impl Iterator<Item = Said<'a>> {
        let direction = side ^ usize::from(self.is_turned);
        let payload = self.seen.payload[direction];
        let packets = self.seen.first_packets.iter();
        let mine = packets.filter(move |packet| usize::from(packet.direction) == direction);
        mine.filter_map(move |packet| part(payload, packet))
    }
}

fn part<'a>(payload: &'a [u8], packet: &SeenPacket) -> Option<Said<'a>> {
    if packet.payload_bytes == 0 || packet.payload_at == NOT_KEPT {
        return None;
    }
    let rest = payload.get(packet.payload_at as usize..)?;
    let length = packet.payload_bytes as usize;
    (!rest.is_empty()).then(|| Said { bytes: &rest[..rest.len().min(length)], length })
}

fn said<'a>(seen: &'a Seen<'a>, direction: usize) -> Said<'a> {
    let payload = seen.payload[direction];
    if payload.is_empty() {
        return Said::default();
    }
    let mut mine = seen
        .first_packets
        .iter()
        .filter(|packet| usize::from(packet.direction) == direction && packet.payload_bytes > 0);
    let first = mine.next().and_then(|packet| part(payload, packet));
    match first {
        Some(first) if seen.transport != TCP => first,
        Some(first) => Said { bytes: payload, length: first.length },
        None => Said { bytes: payload, length: payload.len() },
    }
}
