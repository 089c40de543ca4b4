//! From records to a client hello: TLS (RFC 8446, 5.1) in a byte stream, DTLS (RFC 6347, 4.1) in
//! datagrams.

use super::hello::{Carrier, Hello, is_dtls};
use super::reader::Reader;
use super::reassembly::Reassembly;
use crate::limits::HELLO_BYTES_MAX;

const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
/// The longest record that TLS 1.2 allows, its expansion included.
const RECORD_BYTES_MAX: usize = (1 << 14) + 2048;

/// What stands before DTLS in CAPWAP (RFC 5415, 4.2).
const CAPWAP: [u8; 4] = [1, 0, 0, 0];

/// The type and length of a message; in DTLS its number and the fragment follow.
const MESSAGE_HEAD_BYTES: usize = 4;

/// Gives `seen` the client hello at the front of a stream, if there is one.
pub fn in_stream<R>(stream: &[u8], seen: impl FnOnce(Hello<'_>) -> Option<R>) -> Option<R> {
    if *stream.first()? != HANDSHAKE {
        return None;
    }
    let mut reader = Reader::new(stream);
    let first = record(&mut reader)?;
    if first.first().is_some_and(|kind| *kind != CLIENT_HELLO) {
        return None;
    }
    if is_all_there(first) || reader.rest.is_empty() {
        return seen(Hello::read(Carrier::Tls, first)?);
    }
    // The hello goes on in further records.
    let mut joined = first.to_vec();
    while let Some(part) = record(&mut reader) {
        joined.extend_from_slice(part);
        if is_all_there(&joined) || joined.len() > HELLO_BYTES_MAX || part.is_empty() {
            break;
        }
    }
    seen(Hello::read(Carrier::Tls, &joined)?)
}

/// What there is of a record of a handshake.
fn record<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let (kind, version, bytes) = (reader.u8()?, reader.u16()?, reader.u16()?);
    let is_one = kind == HANDSHAKE && version >> 8 == 3 && version & 0xff < 5;
    let bytes = usize::from(bytes);
    (is_one && (1..=RECORD_BYTES_MAX).contains(&bytes)).then(|| reader.take_up_to(bytes))
}

fn is_all_there(message: &[u8]) -> bool {
    let length = Reader::new(message.get(1..).unwrap_or_default()).number(3);
    length.is_some_and(|length| MESSAGE_HEAD_BYTES + length as usize <= message.len())
}

/// Gives `seen` the first client hello of datagrams that one side sent, whose fragments may be in
/// several.
pub fn in_datagrams<'a, R>(
    datagrams: impl Iterator<Item = &'a [u8]>,
    seen: impl FnOnce(Hello<'_>) -> Option<R>,
) -> Option<R> {
    let mut message = Reassembly::default();
    // The hello's number in the handshake, and its length.
    let mut begun: Option<(u16, usize)> = None;
    for datagram in datagrams {
        let mut reader = Reader::new(datagram.strip_prefix(&CAPWAP).unwrap_or(datagram));
        while let Some(record) = datagram_record(&mut reader) {
            let Some(fragment) = Fragment::read(record) else { break };
            let of = *begun.get_or_insert((fragment.number, fragment.message_bytes));
            if of == (fragment.number, fragment.message_bytes) {
                // Put together, it looks as a message of TLS does.
                message.insert(0, &record[..MESSAGE_HEAD_BYTES]);
                message.insert(MESSAGE_HEAD_BYTES + fragment.at, fragment.bytes);
            }
            if is_all_there(message.prefix()) {
                return seen(Hello::read(Carrier::Dtls, message.prefix())?);
            }
        }
    }
    begun?;
    seen(Hello::read(Carrier::Dtls, message.prefix())?)
}

/// What there is of an unencrypted record of a handshake.
fn datagram_record<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    if *reader.rest.first()? != HANDSHAKE {
        return None;
    }
    let (_, version, epoch) = (reader.u8()?, reader.u16()?, reader.u16()?);
    reader.take(6)?; // sequence number
    let bytes = reader.u16()?;
    (is_dtls(version) && epoch == 0).then(|| reader.take_up_to(bytes.into()))
}

struct Fragment<'a> {
    number: u16,
    message_bytes: usize,
    at: usize,
    bytes: &'a [u8],
}

impl<'a> Fragment<'a> {
    fn read(record: &'a [u8]) -> Option<Self> {
        let mut reader = Reader::new(record);
        let (kind, message_bytes) = (reader.u8()?, reader.number(3)? as usize);
        let number = reader.u16()?;
        let (at, bytes) = (reader.number(3)? as usize, reader.number(3)? as usize);
        let is_one = kind == CLIENT_HELLO && at + bytes <= message_bytes;
        is_one.then(|| Self { number, message_bytes, at, bytes: reader.take_up_to(bytes) })
    }
}
