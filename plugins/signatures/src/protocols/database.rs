//! Stores of data.

use crate::labels::*;
use crate::read::{begins, first_line, holds, is_text, u8_at, u16_at, u32_at, u32_little};
use crate::seen::{Said, Talk};
use crate::signature::{Hit, ONE_SIDE, Signature, WITH_PORT, tcp};

pub const SIGNATURES: &[Signature] = &[
    tcp(&[], mysql).or_server(&[]),
    tcp(&[0], postgresql),
    tcp(&[], redis),
    tcp(&[], mongodb),
    tcp(&[0x12, 0x10, 0x01, 0x02, 0x04, 0x03], tds),
    tcp(&[0], oracle),
    tcp(&[1, 2, 3, 4, 5, 0x42], cassandra).or_server(&[0x81, 0x82, 0x83, 0x84, 0x85]),
    tcp(&[0xca], cassandra_internode),
    tcp(&[0x80, b'g', b's', b'v', b'a', b'd'], memcached).everywhere(),
    tcp(b"E", elasticsearch),
    tcp(&[0], drda),
];

/// The server's greeting (MySQL internals, "Protocol::HandshakeV10"): length, number 0, version 10,
/// text, zero.
fn mysql(talk: &Talk) -> Option<Hit> {
    let bytes = talk.server.bytes;
    let length = (u32_little(bytes, 0)? & 0xff_ffff) as usize;
    let is_first = u8_at(bytes, 3)? == 0 && length + 4 == talk.server.length;
    if is_first && u8_at(bytes, 4)? == 10 {
        let version = &bytes[5..];
        let end = version.iter().position(|byte| *byte == 0)?;
        let is_version = end < 80 && version.first()?.is_ascii_digit() && is_text(&version[..end]);
        return is_version.then(|| Hit::of(talk, MYSQL, "MySQL: greeting"));
    }
    // Refused at once: an error packet ("Host … is not allowed to connect").
    let is_refusal = is_first
        && u8_at(bytes, 4)? == 0xff
        && matches!(u16_at(bytes, 5)?.swap_bytes(), 1000..=2000);
    (is_refusal && is_text(bytes.get(7..).unwrap_or_default()))
        .then(|| Hit::new(MYSQL, ONE_SIDE, "MySQL: refusal"))
}

/// Message formats of PostgreSQL: length, then SSLRequest, GSSENCRequest, CancelRequest, or version
/// 3.0 and parameters.
fn postgresql(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let length = u32_at(bytes, 0)? as usize;
    let fits = match u32_at(bytes, 4)? {
        0x04d2_162f | 0x04d2_1630 => length == 8,
        0x04d2_162e => (16..=268).contains(&length),
        0x0003_0000 | 0x0003_0002 => length > 8 && holds(bytes, b"user\0"),
        0x0002_0000 => length == 296,
        _ => false,
    };
    let answers = talk.server.is_empty()
        || matches!(u8_at(talk.server.bytes, 0)?, b'S' | b'N' | b'R' | b'E' | b'G');
    (fits && answers).then(|| Hit::of(talk, POSTGRESQL, "PostgreSQL: startup"))
}

/// RESP: arrays of bulk strings, answered by a value.
fn redis(talk: &Talk) -> Option<Hit> {
    let (client, server) = (talk.client.bytes, talk.server.bytes);
    let is_array =
        client.starts_with(b"*") && is_resp(client) && holds(first(client, 16), b"\r\n$");
    if is_array && (server.is_empty() || is_resp(server)) {
        return Some(Hit::of(talk, REDIS, "RESP: command"));
    }
    // Inline commands are lines of text.
    let (line, is_whole) = first_line(client);
    let asks = is_whole && !line.is_empty() && is_text(line) && is_resp(server);
    let known = ["PING", "INFO", "AUTH ", "COMMAND", "SET ", "GET ", "PUBLISH ", "SUBSCRIBE "];
    let is_known = known.iter().any(|word| begins(line, word)) && !server.starts_with(b"+OK ");
    let confidence = if is_known { ONE_SIDE } else { WITH_PORT };
    (asks && (is_known || talk.has_port(6379)))
        .then(|| Hit::new(REDIS, confidence, "RESP: inline command and answer"))
}

fn first(bytes: &[u8], length: usize) -> &[u8] {
    &bytes[..bytes.len().min(length)]
}

/// A first line of RESP 2 or 3: a type, then a number, a simple text or an error in capitals.
fn is_resp(bytes: &[u8]) -> bool {
    let (line, is_whole) = first_line(bytes);
    let Some((kind, rest)) = line.split_first() else { return false };
    let digits = rest.strip_prefix(b"-").unwrap_or(rest);
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let is_rest = match kind {
        b'*' | b'$' | b':' | b'%' | b'~' | b'>' | b'|' => is_number,
        b'+' => !rest.is_empty() && is_text(rest),
        b'-' => rest.len() > 3 && rest[..3].iter().all(u8::is_ascii_uppercase),
        _ => false,
    };
    is_rest && is_whole && bytes.get(line.len()) == Some(&b'\r')
}

/// Wire protocol of MongoDB: length (little-endian), request id, answer to, opcode.
fn mongodb(talk: &Talk) -> Option<Hit> {
    let is_message = |said: Said| {
        let length = u32_little(said.bytes, 0).unwrap_or(0) as usize;
        let opcode = u32_little(said.bytes, 12).unwrap_or(0);
        (16..48 << 20).contains(&length)
            && length >= said.length
            && matches!(opcode, 1 | 1000 | 2001..=2007 | 2010..=2013)
    };
    let fits = is_message(talk.client)
        && matches!(u32_little(talk.client.bytes, 8)?, 0 | u32::MAX)
        && (talk.server.is_empty() || is_message(talk.server));
    fits.then(|| Hit::of(talk, MONGODB, "MongoDB: message"))
}

/// [MS-TDS] 2.2.3.1: type, status, length, process, packet number, window 0.
fn tds(talk: &Talk) -> Option<Hit> {
    let header = |said: Said| {
        let length = usize::from(u16_at(said.bytes, 2)?);
        let status = u8_at(said.bytes, 1)?;
        let window = u8_at(said.bytes, 7)?;
        (length >= 8 && length <= said.length.max(8) && window == 0 && status <= 0x1f)
            .then_some(said.bytes[0])
    };
    let client = header(talk.client)?;
    let exact = usize::from(u16_at(talk.client.bytes, 2)?) == talk.client.length;
    // A pre-login is a list of options: type 0 at offset 0x15, 0x1a or so, before the version.
    let is_prelogin =
        client == 0x12 && u8_at(talk.client.bytes, 8)? == 0 && u8_at(talk.client.bytes, 9)? == 0;
    let is_login =
        client == 0x10 && u32_little(talk.client.bytes, 8)? as usize + 8 == talk.client.length;
    let is_response = client == 4;
    let answers = !talk.server.is_empty()
        && matches!(header(talk.server), Some(1 | 2 | 3 | 4 | 6 | 0x0e | 0x12));
    let goes_on = matches!(client, 1..=3 | 6 | 0x0e) && exact;
    let on_port = talk.has_port(1433);
    let fits = exact && (is_prelogin || is_login) && (talk.server.is_empty() || answers)
        || (goes_on || is_response) && answers && on_port
        || goes_on && on_port && talk.server.is_empty();
    fits.then(|| Hit::of(talk, MSSQL, "TDS: header"))
}

/// Oracle Net: length, checksum 0, type 1 (connect), flags, checksum 0; the connect data is text in
/// brackets.
fn oracle(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let is_connect = u16_at(bytes, 2)? == 0 && u8_at(bytes, 4)? == 1 && u16_at(bytes, 6)? == 0;
    let length_fits =
        usize::from(u16_at(bytes, 0)?) == talk.client.length || holds(bytes, b"(DESCRIPTION");
    let is_version = (300..=320).contains(&u16_at(bytes, 8)?);
    (is_connect && length_fits && is_version).then(|| Hit::of(talk, ORACLE, "Oracle Net: connect"))
}

/// CQL binary protocol section 2: version, flags, stream, opcode, length; OPTIONS and STARTUP come
/// first.
fn cassandra(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let version = u8_at(bytes, 0)?;
    // Versions 1 and 2 have a stream id of one byte.
    let at = if version < 3 { 3 } else { 4 };
    let (opcode, length) = (u8_at(bytes, at)?, u32_at(bytes, at + 1)? as usize);
    let begins = match opcode {
        5 => length == 0,
        1 => holds(bytes, b"CQL_VERSION"),
        _ => false,
    };
    let answers = talk.server.is_empty() || u8_at(talk.server.bytes, 0)? == version | 0x80;
    let fits =
        begins && u8_at(bytes, 1)? < 0x20 && length + at + 5 == talk.client.length && answers;
    fits.then(|| Hit::of(talk, CASSANDRA, "CQL: first frame"))
}

/// Between nodes: the magic number 0xca552dfa.
fn cassandra_internode(talk: &Talk) -> Option<Hit> {
    (u32_at(talk.client.bytes, 0)? == 0xca55_2dfa)
        .then(|| Hit::of(talk, CASSANDRA, "Cassandra: internode magic number"))
}

/// The binary protocol's header (0x80, opcode, data type 0) or a command line; on UDP eight bytes
/// stand before.
fn memcached(talk: &Talk) -> Option<Hit> {
    let bytes = if talk.is_tcp() { talk.client.bytes } else { talk.client.bytes.get(8..)? };
    let is_binary = bytes.first() == Some(&0x80)
        && u8_at(bytes, 1)? <= 0x22
        && u8_at(bytes, 5)? == 0
        && u16_at(bytes, 6)? == 0
        && talk.server.bytes.first() == Some(&0x81);
    let (line, is_whole) = first_line(bytes);
    let commands = ["get ", "gets ", "set ", "add ", "delete ", "stats", "version"];
    let asks =
        is_whole && is_text(line) && commands.iter().any(|word| line.starts_with(word.as_bytes()));
    let answers =
        [&b"VALUE "[..], b"END\r\n", b"STORED\r\n", b"STAT ", b"VERSION ", b"NOT_", b"DELETED"];
    let reply = if talk.is_tcp() {
        talk.server.bytes
    } else {
        talk.server.bytes.get(8..).unwrap_or_default()
    };
    let answered = answers.iter().any(|word| reply.starts_with(word));
    let fits = is_binary || (asks && answered);
    fits.then(|| Hit::of(talk, MEMCACHED, "memcached: command"))
}

/// Transport between nodes: ES, length, request id, status, version.
fn elasticsearch(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let length = u32_at(bytes, 2)? as usize;
    let is_ping = length == 0xffff_ffff;
    let fits = bytes.starts_with(b"ES")
        && (is_ping || (13..90 << 20).contains(&length) && u8_at(bytes, 14)? < 16);
    fits.then(|| Hit::of(talk, ELASTICSEARCH, "Elasticsearch: transport"))
}

/// DRDA: length, 0xd0, format, correlation, then the length again less six, and a code point.
fn drda(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let (outer, inner) = (u16_at(bytes, 0)?, u16_at(bytes, 6)?);
    let fits =
        u8_at(bytes, 2)? == 0xd0 && outer == inner.wrapping_add(6) && u8_at(bytes, 3)? & 0xf <= 5;
    fits.then(|| Hit::of(talk, DRDA, "DRDA: header"))
}
