//! Names, from bytes that are made here.

mod any_bytes;
mod fingerprints;
mod messages;
mod resolved;
mod secured;

use super::{FirstBytes, NameSource, Names, Piece, read};

/// Names of a TCP flow whose sides sent these packets: direction and bytes.
fn of_stream(packets: &[(u8, &[u8])]) -> Names {
    of(6, packets)
}

/// Names of a UDP flow.
fn of_datagrams(packets: &[(u8, &[u8])]) -> Names {
    of(17, packets)
}

fn of(transport: u8, packets: &[(u8, &[u8])]) -> Names {
    let (mut payload, mut pieces) = ([Vec::new(), Vec::new()], Vec::new());
    for (direction, bytes) in packets {
        let side = &mut payload[usize::from(*direction)];
        let (at, length) = (side.len() as u32, bytes.len() as u32);
        pieces.push(Piece { direction: *direction, at, bytes: length });
        side.extend_from_slice(bytes);
    }
    let [client, server] = &payload;
    read(&FirstBytes { transport, payload: [client, server], pieces: &pieces })
}

/// The server's name and what says it.
fn name(names: &Names) -> (Option<&str>, NameSource) {
    (names.server_name.as_deref(), names.server_name_from)
}

/// Bytes behind their length.
fn vector(length_bytes: usize, bytes: &[u8]) -> Vec<u8> {
    let length = (bytes.len() as u64).to_be_bytes();
    [&length[8 - length_bytes..], bytes].concat()
}

fn numbers(values: &[u16]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_be_bytes()).collect()
}

fn extension(kind: u16, content: &[u8]) -> Vec<u8> {
    [kind.to_be_bytes().to_vec(), vector(2, content)].concat()
}

fn server_name(name: &str) -> Vec<u8> {
    extension(0, &vector(2, &[vec![0], vector(2, name.as_bytes())].concat()))
}

fn alpn(protocols: &[&str]) -> Vec<u8> {
    let list: Vec<u8> =
        protocols.iter().flat_map(|protocol| vector(1, protocol.as_bytes())).collect();
    extension(16, &vector(2, &list))
}

/// A client hello as a message of the handshake; `cookie` is DTLS's.
fn hello(version: u16, cookie: Option<&[u8]>, ciphers: &[u16], extensions: &[u8]) -> Vec<u8> {
    let mut body = version.to_be_bytes().to_vec();
    body.extend([7; 32]);
    body.extend(vector(1, &[9; 32]));
    body.extend(cookie.map(|cookie| vector(1, cookie)).unwrap_or_default());
    body.extend(vector(2, &numbers(ciphers)));
    body.extend([1, 0]);
    body.extend(vector(2, extensions));
    [vec![1], vector(3, &body)].concat()
}

/// An ordinary hello that asks for a name.
fn hello_for(name: &str) -> Vec<u8> {
    let extensions = [server_name(name), alpn(&["h2", "http/1.1"])].concat();
    hello(0x0303, None, &[0x1301, 0xc02f], &extensions)
}

/// Records of a handshake with so many bytes each.
fn records(message: &[u8], record_bytes: usize) -> Vec<u8> {
    let records = message.chunks(record_bytes);
    records.flat_map(|part| [vec![22, 3, 1], vector(2, part)].concat()).collect()
}
