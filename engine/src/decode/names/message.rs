//! Requests of HTTP/1 (RFC 9112), and of RTSP (RFC 7826) and SIP (RFC 3261), which took its form.
//!
//! By hand and not with httparse: that knows HTTP's version only, and refuses folded lines and the
//! head of a request that is cut short.

use super::text;
use super::{NameSource, Names};
use crate::limits::USER_AGENT_BYTES_MAX;
use std::borrow::Cow;
use std::net::IpAddr;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    Http,
    Rtsp,
    Sip,
}

/// A request, its lines as far as they are there.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    pub protocol: Protocol,
    pub method: &'a [u8],
    target: &'a [u8],
    lines: &'a [u8],
}

impl<'a> Request<'a> {
    /// The request at the front, behind empty lines (RFC 9112, 2.2).
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        const METHOD_BYTES_MAX: usize = 32;
        let bytes = match bytes.first()? {
            b'\r' | b'\n' => bytes.trim_ascii_start(),
            _ => bytes,
        };
        let is_method = |byte: &u8| byte.is_ascii_uppercase() || matches!(byte, b'-' | b'_');
        let head = &bytes[..bytes.len().min(METHOD_BYTES_MAX + 1)];
        let method = &bytes[..head.iter().position(|byte| !is_method(byte))?];
        let rest = bytes[method.len()..].strip_prefix(b" ")?;
        let (line, lines) = split_line(rest)?;
        let version_at = line.iter().rposition(|byte| *byte == b' ').map_or(0, |at| at + 1);
        let (target, version) = line.split_at(version_at);
        let (protocol, target) = match version.first_chunk() {
            Some(b"HTTP") => (Protocol::Http, target),
            Some(b"RTSP") => (Protocol::Rtsp, target),
            Some(b"SIP/") => (Protocol::Sip, target),
            // Some clients forget it, and are answered all the same.
            _ if matches!(method, b"GET" | b"HEAD" | b"POST") => (Protocol::Http, line),
            _ => return None,
        };
        Some(Self { protocol, method, target: target.trim_ascii(), lines })
    }

    /// What is in the lines of the head, those that are all there.
    pub fn names(&self) -> Names {
        let agent = match self.method {
            // A device that announces itself (UPnP Device Architecture, 1.2.2).
            b"NOTIFY" if self.protocol == Protocol::Http => "server",
            _ => "user-agent",
        };
        let agent = self.header(agent);
        let server_name = self.host();
        let server_name_from = match (&server_name, self.protocol) {
            (None, _) => NameSource::None,
            (_, Protocol::Sip) => NameSource::Sip,
            (_, Protocol::Http | Protocol::Rtsp) => NameSource::Host,
        };
        let user_agent = agent.and_then(|agent| text::line(&agent, USER_AGENT_BYTES_MAX));
        Names { server_name, server_name_from, user_agent, ..Names::default() }
    }

    /// The host that is asked: of the target, before that of the header (RFC 9112, 3.3).
    fn host(&self) -> Option<Box<str>> {
        let header = |name, of: fn(&[u8]) -> Option<Box<str>>| of(&self.header(name)?);
        if self.protocol == Protocol::Sip {
            return sip_host(self.target).or_else(|| header("to", sip_host));
        }
        let host = match self.is_connect() {
            true => text::authority_host(self.target),
            false => url_host(self.target),
        };
        let host = host.or_else(|| header("host", text::authority_host));
        host.filter(|host| !is_group(host))
    }

    /// True when what follows the head is the tunnel's.
    pub fn is_connect(&self) -> bool {
        self.method == b"CONNECT" && self.protocol == Protocol::Http
    }

    /// What stands behind the empty line that ends the head.
    pub fn body(&self) -> &'a [u8] {
        let mut lines = self.lines;
        while let Some((line, rest)) = split_line(lines) {
            if line.is_empty() {
                return rest;
            }
            lines = rest;
        }
        &[]
    }

    /// The value of the first header field of a name in lower case; a folded one in one line.
    fn header(&self, name: &str) -> Option<Cow<'a, [u8]>> {
        let mut lines = self.lines;
        while let Some((line, rest)) = split_line(lines) {
            if line.is_empty() {
                return None;
            }
            lines = rest;
            let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
            if line[..colon].trim_ascii_end().eq_ignore_ascii_case(name.as_bytes()) {
                return Some(unfolded(line[colon + 1..].trim_ascii(), rest));
            }
        }
        None
    }
}

/// A value with what follows it in lines that begin with white space (RFC 9112, 5.2).
fn unfolded<'a>(value: &'a [u8], mut rest: &'a [u8]) -> Cow<'a, [u8]> {
    let mut value = Cow::Borrowed(value);
    while let Some((line, next)) = split_line(rest) {
        if !matches!(line.first(), Some(b' ' | b'\t')) {
            break;
        }
        let value = value.to_mut();
        if !value.is_empty() {
            value.push(b' ');
        }
        value.extend_from_slice(line.trim_ascii());
        rest = next;
    }
    value
}

/// A line without its end, and what follows. `None` for one whose end is not there.
pub fn split_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let line = &bytes[..end];
    Some((line.strip_suffix(b"\r").unwrap_or(line), &bytes[end + 1..]))
}

/// True for an address of whoever listens, as UPnP and the local search of BitTorrent have it.
fn is_group(host: &str) -> bool {
    host.parse().is_ok_and(|address: IpAddr| address.is_multicast())
}

/// The host of `scheme://host/path`.
fn url_host(target: &[u8]) -> Option<Box<str>> {
    let scheme_bytes = target.iter().position(|byte| !byte.is_ascii_alphanumeric())?;
    let rest = target[scheme_bytes..].strip_prefix(b"://")?;
    let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#'));
    text::authority_host(&rest[..end.unwrap_or(rest.len())])
}

/// The host of a `sip:` URI (RFC 3261, 19.1.1), which may stand between brackets behind a name.
fn sip_host(field: &[u8]) -> Option<Box<str>> {
    let scheme = field.windows(4).position(|word| word.eq_ignore_ascii_case(b"sip:"));
    let rest = match scheme {
        Some(at) => &field[at + 4..],
        None => {
            let at = field.windows(5).position(|word| word.eq_ignore_ascii_case(b"sips:"))?;
            &field[at + 5..]
        }
    };
    let end = rest.iter().position(|byte| matches!(byte, b';' | b'?' | b'>' | b' '));
    text::authority_host(&rest[..end.unwrap_or(rest.len())])
}
