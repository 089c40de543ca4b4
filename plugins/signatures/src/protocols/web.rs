//! HTTP and what stands before web servers.

use crate::labels::*;
use crate::read::{begins, first_line, further_lines, holds, u8_at, u16_at, u32_at, u32_little};
use crate::seen::{Said, Talk};
use crate::signature::{Hit, ONE_SIDE, Signature, WITH_PORT, tcp};

pub const SIGNATURES: &[Signature] = &[
    tcp(b"GPHODCTMSNLURBA", http_request),
    tcp(b"H", http_answer).or_server(b"H"),
    tcp(b"P", http_2),
    tcp(&[0x12], ajp),
    tcp(&[1], fastcgi),
    tcp(b"H", speedtest),
    tcp(&[0xce], alibaba),
];

/// Methods of RFC 9110, of WebDAV (RFC 4918) and of UPnP events.
const METHODS: [&[u8]; 20] = [
    b"GET",
    b"POST",
    b"HEAD",
    b"PUT",
    b"OPTIONS",
    b"DELETE",
    b"CONNECT",
    b"TRACE",
    b"PATCH",
    b"PROPFIND",
    b"PROPPATCH",
    b"MKCOL",
    b"COPY",
    b"MOVE",
    b"LOCK",
    b"UNLOCK",
    b"SUBSCRIBE",
    b"UNSUBSCRIBE",
    b"NOTIFY",
    b"REPORT",
];

/// A request line: method, target, version (RFC 9112 section 3). A long target may have been cut.
fn http_request(talk: &Talk) -> Option<Hit> {
    let (line, is_whole) = first_line(talk.client.bytes);
    let space = line.iter().position(|byte| *byte == b' ')?;
    let (method, target) = (&line[..space], &line[space + 1..]);
    let is_target = match method {
        b"CONNECT" => holds(target, b":") || !is_whole,
        _ => target.starts_with(b"/") || target.starts_with(b"*") || begins(target, "http"),
    };
    let has_version =
        holds(line, b" HTTP/1.") || holds(line, b" HTTP/0.") || holds(line, b" HTTP/2");
    let is_old = is_whole && method == b"GET" && talk.server.bytes.starts_with(b"HTTP/");
    if method == b"SSTP_DUPLEX_POST" && has_version {
        return Some(Hit::of(talk, VPN, "SSTP: request"));
    }
    if !METHODS.contains(&method) || !is_target {
        return None;
    }
    // HTTP/0.9 has no version, and is answered by the page alone.
    let is_page = talk.server.bytes.first() == Some(&b'<') && method == b"GET";
    let is_port = talk.has_port(80) || talk.has_port(8080);
    if !(has_version || !is_whole || is_old) {
        return (is_page || is_port)
            .then(|| Hit::new(HTTP, WITH_PORT, "HTTP: request without version"));
    }
    if !talk.server.is_empty() && is_other(talk.server.bytes) {
        return None;
    }
    Some(specialised(talk, method, target))
}

/// An answer that no web server gives: the port is another protocol's, and the request a probe.
fn is_other(answer: &[u8]) -> bool {
    answer.starts_with(b"SSH-") || answer.starts_with(b"RTSP/") || answer.starts_with(b"RFB ")
}

/// Protocols that are spoken as HTTP and known by their request.
fn specialised(talk: &Talk, method: &[u8], target: &[u8]) -> Hit {
    // BEP 3: the tracker's request; any path, but always this parameter.
    if holds(target, b"info_hash=") && holds(target, b"?") {
        return Hit::of(talk, BITTORRENT, "HTTP tracker: info_hash");
    }
    // HUGE 0.94 section 3: downloads by hash.
    if target.starts_with(b"/uri-res/N2R?urn:") {
        return Hit::of(talk, GNUTELLA, "HTTP: download by urn");
    }
    if talk.server.bytes.starts_with(b"ICY ") {
        return Hit::of(talk, SHOUTCAST, "HTTP: Icy");
    }
    if method == b"CONNECT" {
        return Hit::of(talk, HTTP_PROXY, "HTTP: CONNECT");
    }
    let header = further_lines(talk.client.bytes).find_map(|line| match line.first()? {
        b'X' | b'x' if begins(line, "X-Gnutella-") => Some((GNUTELLA, "HTTP: X-Gnutella")),
        b'I' | b'i' if begins(line, "Icy-MetaData:") => Some((SHOUTCAST, "HTTP: Icy-MetaData")),
        // RFC 8010 section 4.
        b'C' | b'c' if begins(line, "Content-Type: application/ipp") => {
            Some((IPP, "HTTP: application/ipp"))
        }
        _ => None,
    });
    let (label, evidence) = header.unwrap_or((HTTP, "HTTP: request"));
    Hit::of(talk, label, evidence)
}

/// A status line (RFC 9112 section 4).
fn http_answer(talk: &Talk) -> Option<Hit> {
    let is_status = |bytes: &[u8]| {
        let version = bytes.starts_with(b"HTTP/1.") || bytes.starts_with(b"HTTP/2");
        let code = bytes.iter().position(|byte| *byte == b' ').and_then(|at| bytes.get(at + 1..));
        version && code.is_some_and(|code| code.first().is_some_and(u8::is_ascii_digit))
    };
    is_status(talk.server.bytes).then(|| Hit::new(HTTP, ONE_SIDE, "HTTP: status line"))
}

/// The client's connection preface (RFC 9113 section 3.4).
fn http_2(talk: &Talk) -> Option<Hit> {
    let is_preface = talk.client.bytes.starts_with(b"PRI * HTTP/2.0\r\n\r\nSM\r\n");
    is_preface.then(|| Hit::of(talk, HTTP, "HTTP/2: preface"))
}

/// Packets of AJP 1.3: 0x1234 and a length from the server before, "AB" from the container.
fn ajp(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let length = usize::from(u16_at(bytes, 2)?);
    // Forward request, ping, CPing.
    let is_request = matches!(bytes.get(4)?, 2 | 7 | 8 | 10) && length >= 1;
    let fits = bytes.starts_with(&[0x12, 0x34]) && (length + 4 == talk.client.length || length > 4);
    let answers = talk.server.is_empty() || talk.server.bytes.starts_with(b"AB");
    (is_request && fits && answers).then(|| Hit::of(talk, AJP, "AJP 1.3: request"))
}

/// FastCGI 1.0: version 1, BEGIN_REQUEST, 8 bytes of content: role, flags, five zeros.
fn fastcgi(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let begins = bytes.starts_with(&[1, 1]) && u16_at(bytes, 4)? == 8;
    let role = u16_at(bytes, 8)?;
    let zeros = u32_at(bytes, 11)? == 0 && *bytes.get(15)? == 0;
    let fits = begins && (1..=3).contains(&role) && u8_at(bytes, 10)? < 2 && zeros;
    fits.then(|| Hit::of(talk, FASTCGI, "FastCGI: BEGIN_REQUEST"))
}

/// Ookla's test over plain TCP: HI is answered by HELLO and the version.
fn speedtest(talk: &Talk) -> Option<Hit> {
    let greets = begins(talk.client.bytes, "HI\n") || begins(talk.client.bytes, "HI ");
    let answers = talk.server.bytes.starts_with(b"HELLO ");
    (greets && answers).then(|| Hit::of(talk, SPEEDTEST, "speed test: HI, HELLO"))
}

/// Alibaba Cloud's agents: magic number 0xbabeface and a length (little-endian), from both sides.
fn alibaba(talk: &Talk) -> Option<Hit> {
    let is_header = |said: Said| {
        u32_at(said.bytes, 0) == Some(0xcefa_beba)
            && u32_little(said.bytes, 4).is_some_and(|length| length < 1 << 20)
    };
    talk.sides().all(is_header).then(|| Hit::of(talk, ALIBABA, "Alibaba Cloud: magic number"))
}
