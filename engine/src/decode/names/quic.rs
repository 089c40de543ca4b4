//! The client hello of QUIC: version 1 (RFC 9000), version 2 (RFC 9369), drafts from 21 on,
//! Facebook's and Google's versions of them.

use super::google_quic;
use super::hello::{Carrier, Hello};
use super::quic_keys::{Keys, Version};
use super::reader::Reader;
use super::reassembly::Reassembly;
use crate::limits::QUIC_PACKETS_OPENED_MAX;

/// What a client says at first.
pub enum Said<'a> {
    Hello(Hello<'a>),
    /// Google's handshake before it was TLS.
    Google(google_quic::Hello<'a>),
}

/// What the client's Initial packets carried so far.
#[derive(Default)]
struct Handshake {
    message: Reassembly,
    /// Of the first packet; those of a later one after a Retry or of another attempt.
    keys: Vec<Keys>,
    is_google: bool,
    opened: usize,
}

/// Gives `seen` what the client says in datagrams that one side sent.
pub fn in_datagrams<'a, R>(
    datagrams: impl Iterator<Item = &'a [u8]>,
    seen: impl FnOnce(Said<'_>) -> Option<R>,
) -> Option<R> {
    let mut handshake = Handshake::default();
    for datagram in datagrams {
        if let Some(hello) = google_quic::in_clear(datagram) {
            return seen(Said::Google(hello));
        }
        if handshake.read(datagram) && handshake.is_whole() {
            break;
        }
    }
    let is_google = handshake.is_google;
    let message = handshake.message.prefix();
    match is_google {
        true => seen(Said::Google(google_quic::Hello::read(message)?)),
        false => seen(Said::Hello(Hello::read(Carrier::Quic, message)?)),
    }
}

impl Handshake {
    /// Reads the packets of a datagram. True if some of the handshake came.
    fn read(&mut self, datagram: &[u8]) -> bool {
        let (mut rest, mut came) = (datagram, false);
        while let Some(packet) = LongPacket::read(&mut rest) {
            if !packet.is_initial || self.opened >= QUIC_PACKETS_OPENED_MAX {
                continue;
            }
            if let Some(frames) = self.open(&packet) {
                self.is_google = packet.version.is_google;
                came |= self.read_frames(&frames).is_some();
            }
        }
        came
    }

    /// With the keys of the first packet; else with the packet's own, as after a Retry, which has
    /// the client begin with another connection id (RFC 9001, 5.2).
    fn open(&mut self, packet: &LongPacket<'_>) -> Option<Vec<u8>> {
        for keys in &self.keys {
            self.opened += 1;
            if let Some(frames) = keys.open(packet.bytes, packet.number_at) {
                return Some(frames);
            }
        }
        for salt in packet.version.salts {
            self.opened += 1;
            let keys = Keys::of_client(packet.version, salt, packet.destination)?;
            if let Some(frames) = keys.open(packet.bytes, packet.number_at) {
                self.keys.truncate(1);
                self.keys.push(keys);
                return Some(frames);
            }
        }
        None
    }

    /// Takes the handshake out of frames (RFC 9000, 19), up to one that no Initial packet has.
    /// `None` if there was none of it.
    fn read_frames(&mut self, frames: &[u8]) -> Option<()> {
        const PADDING: u8 = 0;
        const PING: u8 = 1;
        const ACK: u8 = 2;
        const ACK_WITH_CONGESTION: u8 = 3;
        const CRYPTO: u8 = 6;
        // Google's versions from 50 on.
        const GOOGLE_CRYPTO: u8 = 8;
        let (mut reader, mut came) = (Reader::new(frames), None);
        while let Some(kind) = reader.u8() {
            match kind {
                PADDING | PING => {}
                ACK | ACK_WITH_CONGESTION => {
                    let (_, _) = (reader.variable()?, reader.variable()?);
                    let ranges = reader.variable()?;
                    let counts = if kind == ACK { 0 } else { 3 };
                    for _ in 0..ranges.saturating_mul(2).saturating_add(1 + counts) {
                        reader.variable()?;
                    }
                }
                CRYPTO | GOOGLE_CRYPTO => {
                    let (at, bytes) = (reader.variable()?, reader.variable()?);
                    self.message.insert(at, reader.take(bytes)?);
                    came = Some(());
                }
                _ => break,
            }
        }
        came
    }

    /// Whether the hello is all there; Google's comes in one frame.
    fn is_whole(&mut self) -> bool {
        let hello = |message| Hello::read(Carrier::Quic, message).is_some_and(|it| it.is_whole);
        self.is_google || hello(self.message.prefix())
    }
}

/// A packet with a long header (RFC 9000, 17.2) that says its length.
struct LongPacket<'a> {
    version: Version,
    is_initial: bool,
    destination: &'a [u8],
    /// From its first byte to its last.
    bytes: &'a [u8],
    number_at: usize,
}

impl<'a> LongPacket<'a> {
    /// Takes one from the front of what is left of a datagram.
    fn read(rest: &mut &'a [u8]) -> Option<Self> {
        const CONNECTION_ID_BYTES_MAX: usize = 20;
        let whole = *rest;
        let mut reader = Reader::new(whole);
        let first = reader.u8()?;
        if first & 0x80 == 0 {
            return None;
        }
        let version = Version::of(reader.u32()?)?;
        let (destination, source) = (reader.vector(1)?, reader.vector(1)?);
        if destination.len().max(source.len()) > CONNECTION_ID_BYTES_MAX {
            return None;
        }
        let kind = first >> 4 & 3;
        // Initial, 0-RTT, Handshake, Retry; version 2 begins with Retry.
        let kind = if version.is_second { kind.wrapping_sub(1) & 3 } else { kind };
        let (is_initial, is_retry) = (kind == 0, kind == 3);
        if is_retry {
            return None;
        }
        if is_initial {
            let token_bytes = reader.variable()?;
            reader.take(token_bytes)?;
        }
        let length = reader.variable()?;
        let number_at = whole.len() - reader.rest.len();
        reader.take(length)?;
        let bytes = &whole[..number_at + length];
        *rest = reader.rest;
        Some(Self { version, is_initial, destination, bytes, number_at })
    }
}
