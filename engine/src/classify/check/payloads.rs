//! First bytes of flows, as real ones have them.

/// Name, IP protocol, port, and the first bytes of client and server.
pub type Talk = (&'static str, u8, u16, Vec<u8>, Vec<u8>);

const REQUEST: &[u8] = b"GET /index.html HTTP/1.1\r\nHost: www.example.com\r\n\
    User-Agent: Mozilla/5.0\r\nAccept: */*\r\n\r\n";
const RESPONSE: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\nhello";
const QUERY: &[u8] =
    b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03www\x07example\x03com\x00\
    \x00\x01\x00\x01";
const ANSWER: &[u8] =
    b"\x12\x34\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00\x03www\x07example\x03com\x00\
    \x00\x01\x00\x01\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xcb\x00\x71\x0a";
const BITTORRENT: &[u8] =
    b"\x13BitTorrent protocol\x00\x00\x00\x00\x00\x10\x00\x05aaaaaaaaaaaaaaaaaaaa\
    -TR4040-bbbbbbbbbbbb";

pub fn talks() -> Vec<Talk> {
    vec![
        ("HTTP", 6, 80, REQUEST.to_vec(), RESPONSE.to_vec()),
        ("TLS", 6, 443, client_hello(), server_hello()),
        ("DNS", 17, 53, QUERY.to_vec(), ANSWER.to_vec()),
        ("SSH", 6, 22, b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(), b"SSH-2.0-OpenSSH_8.9\r\n".to_vec()),
        ("BitTorrent", 6, 6_881, BITTORRENT.to_vec(), BITTORRENT.to_vec()),
        ("random bytes over TCP", 6, 8_080, noise(1, 300), noise(2, 300)),
        ("random bytes over UDP", 17, 1_194, noise(3, 300), noise(4, 300)),
    ]
}

/// Bytes that look like nothing, always the same (xorshift, Marsaglia 2003).
pub fn noise(seed: u64, count: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..count).map(|_| next()).collect()
}

/// A record of the handshake with a message in it.
fn record(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut message = vec![kind];
    message.extend(&(body.len() as u32).to_be_bytes()[1..]);
    message.extend(body);
    let mut record = vec![22, 3, 1];
    record.extend((message.len() as u16).to_be_bytes());
    record.extend(message);
    record
}

fn client_hello() -> Vec<u8> {
    let name = b"www.example.com";
    let length = |count: usize| (count as u16).to_be_bytes();
    let mut server_name = length(name.len() + 3).to_vec();
    server_name.push(0);
    server_name.extend(length(name.len()));
    server_name.extend(name);
    let mut extensions = vec![0, 0];
    extensions.extend(length(server_name.len()));
    extensions.extend(server_name);
    extensions.extend(b"\x00\x10\x00\x05\x00\x03\x02h2");
    extensions.extend(b"\x00\x2b\x00\x03\x02\x03\x04");
    let mut body = vec![3, 3];
    body.extend(noise(5, 32));
    body.push(0);
    body.extend(b"\x00\x06\x13\x01\x13\x02\xc0\x2f\x01\x00");
    body.extend(length(extensions.len()));
    body.extend(extensions);
    record(1, &body)
}

fn server_hello() -> Vec<u8> {
    let mut body = vec![3, 3];
    body.extend(noise(6, 32));
    body.extend(b"\x00\x13\x01\x00\x00\x06\x00\x2b\x00\x02\x03\x04");
    record(2, &body)
}
