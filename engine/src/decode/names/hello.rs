//! The client hello of TLS (RFC 8446, 4.1.2; RFC 5246, 7.4.1.2) and DTLS (RFC 6347, 4.2.1;
//! RFC 9147, 5.3).
//!
//! By hand and not with tls-parser: that refuses a hello that is cut short, whose server name may
//! stand before the cut, and allocates for each extension.

use super::reader::{Reader, u16_list};
use super::text;
use crate::limits::{ALPN_BYTES_MAX, USER_AGENT_BYTES_MAX};

const CLIENT_HELLO: u8 = 1;

pub mod extension {
    pub const SERVER_NAME: u16 = 0;
    pub const GROUPS: u16 = 10;
    pub const POINT_FORMATS: u16 = 11;
    pub const SIGNATURE_ALGORITHMS: u16 = 13;
    pub const ALPN: u16 = 16;
    pub const SUPPORTED_VERSIONS: u16 = 43;
    pub const QUIC_PARAMETERS: u16 = 57;
    /// Up to draft 32.
    pub const QUIC_PARAMETERS_DRAFT: u16 = 0xffa5;
}

/// What carries the hello; JA4 begins with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    Tls,
    Dtls,
    Quic,
}

/// The parts of a client hello.
#[derive(Clone, Copy)]
pub struct Hello<'a> {
    pub carrier: Carrier,
    pub version: u16,
    pub ciphers: &'a [u8],
    extensions: &'a [u8],
    /// All of it is there.
    pub is_whole: bool,
}

impl<'a> Hello<'a> {
    /// Reads a handshake message: its type, length, and as much of the hello as there is. `None`
    /// when it is none, or is cut before its extensions.
    pub fn read(carrier: Carrier, message: &'a [u8]) -> Option<Self> {
        let mut reader = Reader::new(message);
        let (kind, length) = (reader.u8()?, reader.number(3)? as usize);
        if kind != CLIENT_HELLO {
            return None;
        }
        let is_whole = length <= reader.rest.len();
        let mut body = Reader::new(reader.take_up_to(length));
        let version = body.u16()?;
        let is_known = match carrier {
            Carrier::Dtls => is_dtls(version),
            Carrier::Tls | Carrier::Quic => version >> 8 == 3,
        };
        if !is_known {
            return None;
        }
        body.take(32)?; // random
        let session = body.vector(1)?;
        if session.len() > 32 {
            return None;
        }
        if carrier == Carrier::Dtls {
            body.vector(1)?; // cookie
        }
        let ciphers = body.vector(2)?;
        body.vector(1)?; // compression methods
        // A hello may end here; what is cut in its extensions is read up to there.
        let extensions = match body.u16() {
            Some(bytes) => body.take_up_to(bytes.into()),
            None => &[],
        };
        Some(Self { carrier, version, ciphers, extensions, is_whole })
    }

    /// The extensions that are all there: their types and contents.
    pub fn extensions(&self) -> impl Iterator<Item = (u16, &'a [u8])> + Clone {
        let mut reader = Reader::new(self.extensions);
        std::iter::from_fn(move || Some((reader.u16()?, reader.vector(2)?)))
    }

    pub fn extension(&self, wanted: u16) -> Option<&'a [u8]> {
        self.extensions().find(|(kind, _)| *kind == wanted).map(|(_, content)| content)
    }

    /// The list of an extension that has nothing else, its length in so many bytes before it.
    pub fn list(&self, wanted: u16, length_bytes: usize) -> Option<&'a [u8]> {
        Reader::new(self.extension(wanted)?).vector(length_bytes)
    }

    /// The first host name of the server name indication (RFC 6066, 3).
    pub fn server_name(&self) -> Option<Box<str>> {
        const HOST_NAME: u8 = 0;
        let mut names = Reader::new(self.list(extension::SERVER_NAME, 2)?);
        while let Some(kind) = names.u8() {
            let name = names.vector(2)?;
            if kind == HOST_NAME {
                return text::host_name(name);
            }
        }
        None
    }

    /// The protocols that the client offers (RFC 7301), in its order.
    pub fn protocols(&self) -> impl Iterator<Item = &'a [u8]> {
        let mut reader = Reader::new(self.list(extension::ALPN, 2).unwrap_or_default());
        std::iter::from_fn(move || reader.vector(1))
    }

    /// The protocols joined by commas.
    pub fn alpn(&self) -> Option<Box<str>> {
        let mut joined = Vec::new();
        for (place, protocol) in self.protocols().enumerate() {
            if joined.len() + protocol.len() >= ALPN_BYTES_MAX {
                break;
            }
            if place > 0 {
                joined.push(b',');
            }
            joined.extend_from_slice(protocol);
        }
        text::line(&joined, ALPN_BYTES_MAX)
    }

    /// What Google's clients say that they are, in the transport parameters of QUIC (RFC 9000, 18).
    pub fn user_agent(&self) -> Option<Box<str>> {
        const GOOGLE_USER_AGENT: usize = 0x3129;
        let of_version = self.extension(extension::QUIC_PARAMETERS);
        let parameters = of_version.or_else(|| self.extension(extension::QUIC_PARAMETERS_DRAFT))?;
        // Up to draft 26 they were a list, with its length before it, of numbers of two bytes.
        let list = Reader::new(parameters).vector(2);
        let list = list.filter(|list| list.len() + 2 == parameters.len());
        let mut reader = Reader::new(list.unwrap_or(parameters));
        let number = |reader: &mut Reader<'a>| match list {
            Some(_) => reader.u16().map(usize::from),
            None => reader.variable(),
        };
        loop {
            let (kind, bytes) = (number(&mut reader)?, number(&mut reader)?);
            let value = reader.take(bytes)?;
            if kind == GOOGLE_USER_AGENT {
                return text::line(value, USER_AGENT_BYTES_MAX);
            }
        }
    }

    /// The newest version that the client offers; the hello's own is frozen since TLS 1.3.
    pub fn newest_version(&self) -> u16 {
        let offered = self.list(extension::SUPPORTED_VERSIONS, 1).unwrap_or_default();
        let offered = u16_list(offered).filter(|version| !is_grease(*version));
        // DTLS counts downwards.
        let newest = match self.carrier {
            Carrier::Dtls => offered.min(),
            Carrier::Tls | Carrier::Quic => offered.max(),
        };
        newest.unwrap_or(self.version)
    }
}

/// DTLS 1.0, 1.2, 1.3, and what OpenSSL took for 1.0 before there was one.
pub fn is_dtls(version: u16) -> bool {
    matches!(version, 0xfeff | 0xfefd | 0xfefc | 0x0100)
}

/// Values without meaning that clients put between others (RFC 8701).
pub fn is_grease(value: u16) -> bool {
    value & 0x0f0f == 0x0a0a && value >> 8 == value & 0xff
}
