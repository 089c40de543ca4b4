//! Which captures may hold a name: starting tshark takes a hundred times as long as looking for it.

const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Whether bytes of HTTP, SIP, TLS, DTLS or QUIC are in it, wherever, or it cannot be told.
pub fn may_say_names(capture: &[u8]) -> bool {
    capture.starts_with(&GZIP) || (0..capture.len()).any(|at| may_begin_one(&capture[at..]))
}

fn may_begin_one(bytes: &[u8]) -> bool {
    const HTTP: [u8; 6] = *b"HTTP/1";
    const SIP: [u8; 6] = *b"SIP/2.";
    match *bytes.first_chunk().unwrap_or(&[0; 6]) {
        HTTP | SIP => true,
        [HANDSHAKE, 3, 0..5, _, _, CLIENT_HELLO] => true,
        [HANDSHAKE, 0xfe, 0xfd | 0xff, 0, 0, _] => true,
        // Google's QUIC before version 50.
        [b'Q', b'0', b'2'..=b'4', b'0'..=b'9', _, _] => true,
        // A long header, a version and the length of a connection id: RFC 9000, drafts, RFC 9369, Facebook, Google.
        [0xc0..=0xff, 0, 0, 0, 1, 1..=20] => true,
        [0xc0..=0xff, 0xff, 0, 0, 20..40, 0..=20] => true,
        [0xc0..=0xff, 0x6b, 0x33, 0x43, 0xcf, 1..=20] => true,
        [0xc0..=0xff, 0xfa, 0xce, 0xb0, _, 1..=20] => true,
        [0xc0..=0xff, b'Q' | b'T', b'0', b'5', _, _] => true,
        _ => false,
    }
}
