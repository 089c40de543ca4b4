//! Sound and pictures.

use crate::labels::*;
use crate::read::{begins, first_line, holds, u8_at, u16_at, u32_at};
use crate::seen::{Said, Talk};
use crate::signature::{BEHAVIOUR, Hit, ONE_SIDE, Signature, WITH_PORT, tcp, udp};

pub const SIGNATURES: &[Signature] = &[
    tcp(b"DOSPTRAGdospr", rtsp).or_server(b"R"),
    tcp(&[3, 6], rtmp),
    udp(b"S", spotify),
    tcp(&[0], spotify_access_point),
    udp(&[], real_time_network),
    udp(&[0x47], mpeg_transport),
    udp(&[0x80], srt),
    udp(b"T", tivo).everywhere(),
    udp(&[0x1c, 0x9c], iqiyi),
    tcp(b"S", shoutcast).or_server(b"I"),
    udp(&[0], sonos),
];

/// RFC 2326 sections 6.1 and 7.1.
fn rtsp(talk: &Talk) -> Option<Hit> {
    let says = |said: Said| {
        let (line, _) = first_line(said.bytes);
        holds(line, b" RTSP/1.0")
            || holds(line, b" RTSP/2.0")
            || line.starts_with(b"RTSP/1.0 ")
            || begins(line, "DESCRIBE rtsp://")
    };
    // In HTTP the requests are in base 64, their type is not.
    let tunnelled = holds(talk.client.bytes, b"application/x-rtsp-tunnelled");
    (tunnelled || talk.sides().any(says)).then(|| Hit::of(talk, RTSP, "RTSP: start line"))
}

/// Adobe's RTMP 1.0 section 5.2: version 3 (encrypted 6), then 1,536 bytes: time and zero or the
/// player's version.
fn rtmp(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let zero_or_version = u32_at(bytes, 5)?;
    let is_version =
        zero_or_version == 0 || (9..=0x80).contains(&u8_at(bytes, 5)?) && u8_at(bytes, 8)? < 0x40;
    let answers = u8_at(talk.server.bytes, 0) == Some(u8_at(bytes, 0)?);
    let is_long = bytes.len() >= 512;
    let only_asks = talk.server.is_empty() && talk.has_port(1935);
    (is_version && is_long && (answers || only_asks))
        .then(|| Hit::of(talk, RTMP, "RTMP: handshake"))
}

/// Discovery in the local network names itself.
fn spotify(talk: &Talk) -> Option<Hit> {
    talk.client.bytes.starts_with(b"SpotUdp").then(|| Hit::of(talk, SPOTIFY, "Spotify: discovery"))
}

/// The first message to an access point: 0, 4, length, then a ClientHello whose first field is the
/// build.
fn spotify_access_point(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let fits = bytes.starts_with(&[0, 4, 0, 0])
        && u16_at(bytes, 4)? as usize == talk.client.length
        && u8_at(bytes, 6)? == 0x52;
    fits.then(|| Hit::of(talk, SPOTIFY, "Spotify: access point"))
}

/// Agora's SD-RTN: tags of four letters with their lengths, SNI among them.
fn real_time_network(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let fits = holds(&bytes[..bytes.len().min(48)], b"SNI\0") && holds(bytes, b".agora.io");
    fits.then(|| Hit::of(talk, SD_RTN, "SD-RTN: server's name"))
}

/// ISO/IEC 13818-1 section 2.4.3.2: packets of 188 bytes, each with 0x47 in front.
fn mpeg_transport(talk: &Talk) -> Option<Hit> {
    let said = talk.client;
    let packets = said.length / 188;
    let all_synchronised = said.bytes.iter().step_by(188).all(|byte| *byte == 0x47);
    let fits = said.length.is_multiple_of(188) && packets > 1 && all_synchronised;
    fits.then(|| Hit::of(talk, MPEG_TS, "MPEG-TS: sync bytes"))
}

/// draft-sharabayko-srt section 3.2: a control packet of type handshake, version 4 or 5.
fn srt(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let fits = u32_at(bytes, 0)? == 0x8000_0000
        && matches!(u32_at(bytes, 16)?, 4 | 5)
        && talk.client.length >= 64;
    fits.then(|| Hit::of(talk, SRT, "SRT: handshake"))
}

/// TiVo's beacon: lines of name=value, the first TiVoConnect=1.
fn tivo(talk: &Talk) -> Option<Hit> {
    begins(talk.client.bytes, "TiVoConnect=").then(|| Hit::of(talk, TIVO, "TiVo: beacon"))
}

/// iQIYI's peers: the length (little-endian) behind two bytes, a constant behind the ids.
fn iqiyi(talk: &Talk) -> Option<Hit> {
    let length = |said: Said| Some(usize::from(u16_at(said.bytes, 2)?.swap_bytes()));
    let fits = length(talk.client)? == talk.client.length
        && (talk.server.is_empty() || length(talk.server)? == talk.server.length);
    let named = holds(talk.client.bytes, b"lreb") || holds(talk.client.bytes, b"qiyi");
    (fits && named).then(|| Hit::new(IQIYI, ONE_SIDE, "iQIYI: peer"))
}

/// SHOUTcast: a source's or a server's ICY status line.
fn shoutcast(talk: &Talk) -> Option<Hit> {
    let fits =
        talk.server.bytes.starts_with(b"ICY 200") || talk.client.bytes.starts_with(b"SOURCE /");
    fits.then(|| Hit::of(talk, SHOUTCAST, "SHOUTcast: ICY"))
}

/// Sonos' sound between rooms: 0x0013, an id, a kind; small packets first, then those of 1,032
/// bytes.
fn sonos(talk: &Talk) -> Option<Hit> {
    let id = u16_at(talk.client.bytes, 0)?;
    let all_same = talk.datagrams(0).all(|said| u16_at(said.bytes, 0) == Some(id));
    let sizes =
        talk.client.length == 9 && talk.datagrams(0).nth(2).is_some_and(|said| said.length == 1032);
    let fits = id == 0x13 && all_same && sizes;
    let confidence = if talk.has_port(7080) { WITH_PORT } else { BEHAVIOUR };
    fits.then(|| Hit::new(SONOS, confidence, "Sonos: sound"))
}
