//! Sharing among equals: files, coins, and Skype's own network.

use crate::labels::*;
use crate::read::{holds, u8_at, u16_at, u32_at, u32_little};
use crate::seen::{Said, Talk};
use crate::signature::{BOTH_SIDES, Hit, ONE_SIDE, Signature, WITH_PORT, tcp, udp};

pub const SIGNATURES: &[Signature] = &[
    tcp(&[0x13], bittorrent).or_server(&[0x13]),
    udp(b"d", dht),
    udp(&[0], tracker),
    udp(b"B", local_discovery),
    udp(&[0x01, 0x11, 0x21, 0x31, 0x41], micro_transport),
    tcp(b"G", gnutella).or_server(b"G"),
    udp(&[], gnutella_message),
    udp(b"G", gnutella_reliable),
    tcp(&[0xe3, 0xc5, 0xd4], edonkey).or_server(&[0xe3, 0xc5, 0xd4]),
    udp(&[0xe3, 0xe4, 0xe5, 0xc5], kademlia),
    tcp(b"$", direct_connect).or_server(b"$"),
    tcp(&[0x2e], syncthing).everywhere(),
    tcp(&[0x80], skype_disguised),
    udp(&[], skype),
];

/// BEP 3: 19, "BitTorrent protocol", eight reserved bytes, the torrent's hash, the peer's id.
fn bittorrent(talk: &Talk) -> Option<Hit> {
    let greets = |said: &Said| said.bytes.starts_with(b"\x13BitTorrent protocol");
    talk.sides()
        .any(|said| greets(&said))
        .then(|| Hit::of(talk, BITTORRENT, "BitTorrent: handshake"))
}

/// BEP 5: a bencoded dictionary with a query, response or error, and the sender's id of 20 bytes.
fn dht(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let begins = [
        &b"d1:ad2:id20:"[..],
        b"d1:rd2:id20:",
        b"d2:ip6:",
        b"d2:ip18:",
        b"d1:el",
        b"d1:md11:",
        b"d1:ad6:",
    ];
    let is_dictionary = begins.iter().any(|start| bytes.starts_with(start));
    let has_kind = [&b"1:y1:q"[..], b"1:y1:r", b"1:y1:e"].iter().any(|kind| holds(bytes, kind));
    let fits = is_dictionary && (has_kind || !talk.client.is_whole());
    fits.then(|| Hit::of(talk, BITTORRENT, "BitTorrent: DHT"))
}

/// BEP 15: connect with the protocol's number 0x41727101980, action 0; the answer repeats the
/// transaction.
fn tracker(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let asks = talk.client.length >= 16
        && u32_at(bytes, 0)? == 0x417
        && u32_at(bytes, 4)? == 0x2710_1980
        && u32_at(bytes, 8)? == 0;
    asks.then(|| Hit::of(talk, BITTORRENT, "BitTorrent: UDP tracker"))
}

/// BEP 14.
fn local_discovery(talk: &Talk) -> Option<Hit> {
    let asks = talk.client.bytes.starts_with(b"BT-SEARCH * HTTP/1.");
    asks.then(|| Hit::of(talk, BITTORRENT, "BitTorrent: local discovery"))
}

/// A uTP header (BEP 29): type and version 1, first extension, connection id.
struct Micro {
    kind: u8,
    id: u16,
    sequence: u16,
    acknowledged: u16,
}

fn micro_header(said: Said) -> Option<Micro> {
    let (kind, extension) = (u8_at(said.bytes, 0)?, u8_at(said.bytes, 1)?);
    let window = u32_at(said.bytes, 12)?;
    let fits = kind & 0xf == 1 && kind >> 4 <= 4 && extension <= 3 && window < 1 << 27;
    let length_fits = said.length >= 20 && (kind >> 4 == 0 || said.length <= 20 + 64);
    (fits && length_fits).then_some(Micro {
        kind: kind >> 4,
        id: u16_at(said.bytes, 2)?,
        sequence: u16_at(said.bytes, 16)?,
        acknowledged: u16_at(said.bytes, 18)?,
    })
}

/// BEP 29: SYN (4) is answered by STATE (2) with the same id; later ids of the two sides differ by
/// one.
fn micro_transport(talk: &Talk) -> Option<Hit> {
    const SYN: u8 = 4;
    let client = micro_header(talk.client)?;
    if talk.server.is_empty() {
        let all_fit = talk
            .datagrams(0)
            .all(|said| micro_header(said).is_some_and(|header| header.id == client.id));
        let fits = client.kind == SYN
            && client.acknowledged == 0
            && u32_at(talk.client.bytes, 8)? == 0
            && all_fit;
        return fits.then(|| Hit::new(BITTORRENT, WITH_PORT, "uTP: SYN"));
    }
    let server = micro_header(talk.server)?;
    let answers = client.kind == SYN
        && server.id == client.id
        && (server.acknowledged == client.sequence || server.kind == 3);
    let in_the_middle = client.kind != SYN && server.id.abs_diff(client.id) == 1;
    (answers || in_the_middle)
        .then(|| Hit::new(BITTORRENT, BOTH_SIDES, "uTP: headers of both sides"))
}

/// Gnutella 0.4 and 0.6: GNUTELLA CONNECT/0.6, answered by GNUTELLA/0.6 200; a push begins with
/// GIV.
fn gnutella(talk: &Talk) -> Option<Hit> {
    let says = |said: &Said| {
        said.bytes.starts_with(b"GNUTELLA CONNECT/")
            || said.bytes.starts_with(b"GNUTELLA/0.")
            || (said.bytes.starts_with(b"GIV ") && holds(said.bytes, b"/"))
            || said.bytes.starts_with(b"GTKG")
    };
    talk.sides().any(|said| says(&said)).then(|| Hit::of(talk, GNUTELLA, "Gnutella: CONNECT"))
}

/// Gnutella 0.6 section 2.2: id of 16 bytes, payload type, TTL, hops, length of what follows
/// (little-endian).
fn gnutella_message(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let kind = u8_at(bytes, 16)?;
    let is_kind = matches!(
        kind,
        0x00 | 0x01 | 0x02 | 0x10 | 0x11 | 0x30 | 0x31 | 0x32 | 0x40 | 0x44 | 0x80 | 0x81
    );
    let (time_to_live, hops) = (u8_at(bytes, 17)?, u8_at(bytes, 18)?);
    let length = u32_little(bytes, 19)? as usize & 0xffff;
    // Hops and TTL of a message stay within seven and a little (section 3.2); deflated ones have a
    // bit in the TTL.
    let fits =
        is_kind && time_to_live & 0x3f <= 15 && hops <= 15 && length + 23 == talk.client.length;
    fits.then(|| Hit::of(talk, GNUTELLA, "Gnutella: message"))
}

/// Reliable datagrams: GTA or GND, flags, sequence, part and number of parts.
fn gnutella_reliable(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let is_magic = bytes.starts_with(b"GND") || bytes.starts_with(b"GTA");
    let (part, parts) = (u8_at(bytes, 6)?, u8_at(bytes, 7)?);
    // An acknowledgement counts no parts.
    let fits = is_magic && u8_at(bytes, 3)? < 0x40 && part < 64 && parts < 64;
    fits.then(|| Hit::of(talk, GNUTELLA, "Gnutella: reliable datagram"))
}

/// eDonkey, eMule and packed messages: protocol byte, length (little-endian), opcode.
fn edonkey(talk: &Talk) -> Option<Hit> {
    let is_message = |said: Said| {
        let length = u32_little(said.bytes, 1).unwrap_or(0) as usize;
        let opcode = u8_at(said.bytes, 5).unwrap_or(0xff);
        matches!(said.bytes.first(), Some(0xe3 | 0xc5 | 0xd4))
            && (1..1 << 20).contains(&length)
            && (opcode <= 0x74 || (0x81..=0xa9).contains(&opcode))
            && (length + 5 == said.length
                || (length + 5 < said.length
                    && matches!(said.bytes.get(length + 5), None | Some(0xe3 | 0xc5 | 0xd4)))
                // A message of several segments fills the first.
                || (length + 5 > said.length && said.length > 1000))
    };
    let all_fit = talk.sides().all(is_message);
    let is_hello = u8_at(talk.client.bytes, 5) == Some(1);
    (all_fit && (talk.both_spoke() || is_hello)).then(|| Hit::of(talk, EDONKEY, "eDonkey: message"))
}

/// Kademlia of eMule and eDonkey's datagrams: protocol byte and opcode, answered by a message of
/// the same protocol.
fn kademlia(talk: &Talk) -> Option<Hit> {
    let is_message = |said: Said| {
        let opcode = u8_at(said.bytes, 1).unwrap_or(0);
        match said.bytes.first() {
            Some(0xe4) => {
                matches!(opcode, 0x01 | 0x09 | 0x11 | 0x19 | 0x21 | 0x22 | 0x29 | 0x33..=0x35 | 0x3b | 0x43..=0x45 | 0x4b | 0x50..=0x54 | 0x58..=0x62)
            }
            Some(0xe3) => (0x90..=0xa5).contains(&opcode),
            Some(0xe5 | 0xc5) => (0x01..=0x9a).contains(&opcode),
            _ => false,
        }
    };
    let fits = talk.both_spoke() && (0..2).all(|side| talk.datagrams(side).all(is_message));
    let is_request = u8_at(talk.client.bytes, 1)? == 0x21
        && talk.client.length == 35
        && u8_at(talk.client.bytes, 0)? == 0xe4;
    (fits || is_request).then(|| Hit::new(EDONKEY, ONE_SIDE, "eDonkey: datagrams"))
}

/// NMDC: the hub greets with $Lock, clients with $MyNick.
fn direct_connect(talk: &Talk) -> Option<Hit> {
    let says = |said: &Said| {
        let starts = [&b"$Lock "[..], b"$MyNick ", b"$SR ", b"$Supports "];
        starts.iter().any(|start| said.bytes.starts_with(start)) && holds(said.bytes, b"|")
    };
    talk.sides()
        .any(|said| says(&said))
        .then(|| Hit::of(talk, DIRECT_CONNECT, "Direct Connect: command"))
}

/// Hello of the block exchange protocol, and announcements of local discovery: the same magic
/// number.
fn syncthing(talk: &Talk) -> Option<Hit> {
    let is_magic = matches!(u32_at(talk.client.bytes, 0)?, 0x2ea7_d90b);
    is_magic.then(|| Hit::of(talk, SYNCTHING, "Syncthing: magic number"))
}

/// Skype's imitation of SSL (Ehlert and Petgang, "Analysis and Signature of Skype VoIP Session
/// Traffic", 2006): a hello in the old form, answered by one whose time and random bytes are always
/// the same.
fn skype_disguised(talk: &Talk) -> Option<Hit> {
    let asks = talk.client.bytes.starts_with(&[0x80, 0x46, 0x01, 0x03, 0x01]);
    let random = talk.server.bytes.get(11..19);
    let fits = asks && random == Some(&[0x40, 0x1b, 0xe4, 0x86, 0x02, 0xad, 0xe0, 0x29]);
    fits.then(|| Hit::of(talk, SKYPE, "Skype: imitated SSL"))
}

/// Biondi and Desclaux, "Silver Needle in the Skype" (2006): a first datagram with function 2 is
/// refused with function 7: the same id, and in the clear the address that it came from and the one
/// that it went to.
fn skype(talk: &Talk) -> Option<Hit> {
    let (client, server) = (talk.client, talk.server);
    let asks = client.length >= 18 && u8_at(client.bytes, 2)? & 0x8f == 2;
    let refuses = server.length == 11 && u8_at(server.bytes, 2)? & 0x8f == 7;
    let same = client.bytes.get(..2) == server.bytes.get(..2);
    let address = [&talk.seen.client_ip[12..], &talk.seen.server_ip[12..]];
    let names_one = [server.bytes.get(3..7), server.bytes.get(7..11)]
        .into_iter()
        .any(|bytes| bytes.is_some_and(|bytes| address.contains(&bytes)));
    let fits = asks && refuses && same && names_one;
    fits.then(|| Hit::new(SKYPE, ONE_SIDE, "Skype: refusal with addresses"))
}
