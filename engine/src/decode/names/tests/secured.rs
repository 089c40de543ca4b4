//! Client hellos in TLS, DTLS and QUIC.

use super::*;
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey, quic};

#[test]
fn a_client_hello_says_its_server() {
    let bytes = records(&hello_for("WWW.example.com."), 10_000);
    let names = of_stream(&[(0, &bytes)]);
    assert_eq!(name(&names), (Some("WWW.example.com"), NameSource::Sni));
    assert_eq!(names.alpn.as_deref(), Some("h2,http/1.1"));
    assert!(names.ja3.is_some() && names.ja4.is_some());
    assert!(names.is_settled);
    let turned = of_stream(&[(1, &bytes)]);
    assert!(!turned.is_settled, "the other side may still say something");
    assert_eq!(Names { is_settled: true, ..turned }, names, "either side may be the client");
}

#[test]
fn a_hello_may_be_split_over_records() {
    let message = hello_for("example.com");
    let names = of_stream(&[(0, &records(&message, 10_000))]);
    for record_bytes in [1, 3, 4, 5, 50, 90] {
        assert_eq!(of_stream(&[(0, &records(&message, record_bytes))]), names);
    }
}

#[test]
fn a_hello_that_is_cut_has_no_fingerprint_but_the_name_before_the_cut() {
    let bytes = records(&hello_for("example.com"), 10_000);
    let whole = of_stream(&[(0, &bytes)]);
    for end in 0..bytes.len() {
        let names = of_stream(&[(0, &bytes[..end])]);
        assert_eq!((names.ja3, names.ja4.as_ref()), (None, None));
        assert!(names.server_name.is_none() || names.server_name == whole.server_name);
    }
    let without_alpn = of_stream(&[(0, &bytes[..bytes.len() - 1])]);
    assert_eq!(name(&without_alpn), (Some("example.com"), NameSource::Sni));
}

#[test]
fn names_that_no_host_has_are_left_out() {
    for odd in ["", ".", "a b", "a\nb", "a\u{7f}", "a\u{9b}31m", &"a".repeat(256)] {
        let names = of_stream(&[(0, &records(&hello_for(odd), 10_000))]);
        assert_eq!(name(&names), (None, NameSource::None), "{odd:?}");
        assert!(names.ja3.is_some());
    }
}

#[test]
fn a_hello_may_follow_plain_text() {
    let secured = records(&hello_for("mail.example.com"), 10_000);
    let smtp: [(u8, &[u8]); 6] = [
        (1, b"220 mx.example.net ESMTP ready\r\n"),
        (0, b"EHLO client.example.org\r\n"),
        (1, b"250 STARTTLS\r\n"),
        (0, b"STARTTLS\r\n"),
        (1, b"220 go ahead\r\n"),
        (0, &secured),
    ];
    assert_eq!(name(&of_stream(&smtp)), (Some("mail.example.com"), NameSource::Sni));
    assert_eq!(name(&of_stream(&smtp[..5])), (Some("mx.example.net"), NameSource::Greeting));
    let postgres: [(u8, &[u8]); 3] =
        [(0, &[0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f]), (1, b"S"), (0, &secured)];
    assert_eq!(name(&of_stream(&postgres)), (Some("mail.example.com"), NameSource::Sni));
}

/// A record of DTLS with a part of a hello.
fn part(message: &[u8], at: usize, end: usize) -> Vec<u8> {
    let length = vector(3, &message[4..])[..3].to_vec();
    let offset = (at as u32).to_be_bytes()[1..].to_vec();
    let bytes = vector(3, &message[4 + at..4 + end]);
    let fragment = [vec![1], length, vec![0, 0], offset, bytes].concat();
    [vec![22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1], vector(2, &fragment)].concat()
}

#[test]
fn a_hello_of_dtls_may_come_in_parts_and_in_any_order() {
    let message = hello(0xfefd, Some(&[]), &[0xc02b], &server_name("dtls.example"));
    let length = message.len() - 4;
    let whole = of_datagrams(&[(0, &part(&message, 0, length))]);
    assert_eq!(name(&whole), (Some("dtls.example"), NameSource::Sni));
    assert!(whole.ja4.as_deref().is_some_and(|ja4| ja4.starts_with("dd2d0101")));
    let (front, back) = (part(&message, 0, 60), part(&message, 60, length));
    let stun = [0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42];
    assert_eq!(of_datagrams(&[(0, &stun), (0, &back), (0, &front)]), whole);
    assert_eq!(of_datagrams(&[(0, &[front, back].concat())]), whole);
    let in_capwap = [vec![1, 0, 0, 0], part(&message, 0, length)].concat();
    assert_eq!(of_datagrams(&[(0, &in_capwap)]), whole);
}

/// The keys that RFC 9001, appendix A.1, works out for this connection id.
const DESTINATION: [u8; 8] = [0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08];
const KEY: [u8; 16] = *b"\x1f\x36\x96\x13\xdd\x76\xd5\x46\x77\x30\xef\xcb\xe3\xb1\xa2\x2d";
const IV: [u8; 12] = *b"\xfa\x04\x4b\x2f\x42\xa3\xfd\x3b\x46\xfb\x25\x5c";
const HEADER_KEY: [u8; 16] = *b"\x9f\x50\x44\x9e\x04\xa0\xe8\x10\x28\x3a\x1e\x99\x33\xad\xed\xd2";

/// An Initial packet of version 1 with these frames, sent to a connection id by whoever has the
/// keys above.
pub fn initial(destination: &[u8], number: u8, frames: &[u8]) -> Vec<u8> {
    let mut payload = frames.to_vec();
    payload.resize(frames.len().max(20), 0);
    let length = (payload.len() + 1 + 16) as u16 | 0x4000;
    let mut packet = vec![0xc0, 0, 0, 0, 1];
    packet.extend(vector(1, destination));
    packet.extend([0, 0]);
    packet.extend(length.to_be_bytes());
    let number_at = packet.len();
    packet.push(number);
    let mut nonce = IV;
    nonce[11] ^= number;
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &KEY).expect("a key"));
    let nonce = Nonce::assume_unique_for_key(nonce);
    let sealed = key.seal_in_place_append_tag(nonce, Aad::from(&packet), &mut payload);
    sealed.expect("room for a tag");
    packet.extend(payload);
    let header = quic::HeaderProtectionKey::new(&quic::AES_128, &HEADER_KEY).expect("a key");
    let mask = header.new_mask(&packet[number_at + 4..number_at + 20]).expect("a sample");
    packet[0] ^= mask[0] & 0x0f;
    packet[number_at] ^= mask[1];
    packet
}

fn crypto(message: &[u8], at: usize, end: usize) -> Vec<u8> {
    let variable = |value: usize| (value as u16 | 0x4000).to_be_bytes();
    [&[6][..], &variable(at), &variable(end - at), &message[at..end]].concat()
}

#[test]
fn a_hello_of_quic_is_decrypted_and_put_together() {
    let message = hello_for("quic.example");
    let end = message.len();
    let whole = of_datagrams(&[(0, &initial(&DESTINATION, 0, &crypto(&message, 0, end)))]);
    assert_eq!(name(&whole), (Some("quic.example"), NameSource::QuicSni));
    assert!(whole.ja4.as_deref().is_some_and(|ja4| ja4.starts_with("q12d0202h2_")));
    // Out of order, between others, over two packets, of which the second is sent to the
    // server's own connection id.
    let acknowledged = [2, 0, 0, 0, 0, 1, 0, 0];
    let front = [&crypto(&message, 30, 90)[..], &acknowledged, &crypto(&message, 0, 31)].concat();
    let first = initial(&DESTINATION, 0, &crypto(&message, 90, end));
    let second = initial(&[1, 2, 3], 1, &front);
    assert_eq!(of_datagrams(&[(0, &first), (0, &second)]), whole);
    assert_eq!(of_datagrams(&[(0, &[first.clone(), second].concat())]), whole, "coalesced");
    assert_eq!(of_datagrams(&[(0, &first)]), Names::default());
}

#[test]
fn clients_of_google_say_what_they_are_in_both_forms_of_transport_parameters() {
    let agent = b"Chrome/85";
    let plain = [&[1, 2, 0x40, 0x64, 0x71, 0x29][..], &vector(1, agent), &[0x20, 0]].concat();
    let listed = [&[0, 1, 0, 2, 0x40, 0x64, 0x31, 0x29][..], &vector(2, agent), &[0, 0x20, 0, 0]];
    let listed = vector(2, &listed.concat());
    for (extension, parameters) in [(57u16, &plain), (0xffa5, &plain), (0xffa5, &listed)] {
        let extensions = [&extension.to_be_bytes()[..], &vector(2, parameters)].concat();
        let message = hello(0x0303, None, &[0x1301], &extensions);
        let frames = crypto(&message, 0, message.len());
        let names = of_datagrams(&[(0, &initial(&DESTINATION, 0, &frames))]);
        assert_eq!(names.user_agent.as_deref(), Some("Chrome/85"), "{extension:x}");
    }
}

#[test]
fn googles_hello_is_read_in_clear() {
    let (sni, agent) = (b"google.example", b"Chrome/50");
    let ends = [sni.len() as u32, (sni.len() + agent.len()) as u32];
    let mut datagram = b"\x0dconnect-Q043\x01hash-of-12--\xa0\x01\x00\x04".to_vec();
    datagram.extend(b"CHLO\x02\0\0\0SNI\0");
    datagram.extend(ends[0].to_le_bytes());
    datagram.extend(b"UAID");
    datagram.extend(ends[1].to_le_bytes());
    datagram.extend(sni);
    datagram.extend(agent);
    let names = of_datagrams(&[(0, &datagram)]);
    assert_eq!(name(&names), (Some("google.example"), NameSource::QuicSni));
    assert_eq!(names.user_agent.as_deref(), Some("Chrome/50"));
}
