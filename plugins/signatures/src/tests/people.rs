//! Messages, calls, mail.

use super::{Built, is, is_not, join, noise, zeros};

#[test]
fn telegram() {
    let request = join(&[&zeros(8), &noise(8), &[20, 0, 0, 0, 0xf1, 0x8e, 0x7e, 0xbe], &noise(16)]);
    is("telegram", Built::tcp(443).client(join(&[&[0xef, 10], &request])));
    is("telegram", Built::tcp(443).client(join(&[&[0xee; 4], &[40, 0, 0, 0], &request])));
    is("telegram", Built::tcp(443).client(join(&[&[52, 0, 0, 0], &zeros(4), &request, &[1; 4]])));
    is_not("telegram", Built::tcp(444).client(join(&[&[0xef, 11], &noise(40)])));
    is_not("telegram", Built::tcp(444).client(join(&[&[0xee; 3], &noise(60)])));
    let reflector = join(&[&noise(16), &[0xff; 12], &noise(4)]);
    is("telegram", Built::udp(596).client(&reflector));
    is_not("telegram", Built::udp(596).client(join(&[&[7; 16], &[0xff; 12]])));
    // Sixty-four random bytes say nothing; sent to Telegram's network they do.
    is_not("telegram", Built::tcp(443).client(noise(64)));
    let mut there = Built::tcp(443).client(noise(64));
    there.addresses.1[12..].copy_from_slice(&[149, 154, 167, 51]);
    is("telegram", there);
}

#[test]
fn messengers() {
    is("whatsapp", Built::tcp(5222).client(join(&[b"WA\x06\x03", &noise(40)])));
    is("whatsapp", Built::tcp(443).client(join(&[b"ED\0\x01\0\0\x04abcdWA\x06\x03", &noise(9)])));
    is_not("whatsapp", Built::tcp(444).client("WAIT"));
    is("irc", Built::tcp(7000).client("NICK me\r\nUSER me 0 * :Me\r\n"));
    is("irc", Built::tcp(7000).client("NICK me\r\n").server(":irc.example NOTICE * :hello\r\n"));
    is_not("irc", Built::tcp(7001).client("NICK me\r\n"));
    let stream = "<?xml version='1.0'?><stream:stream xmlns='jabber:client'>";
    is("xmpp", Built::tcp(5222).client(stream));
    is_not("xmpp", Built::tcp(5223).client("<?xml version='1.0'?><streams>"));
    is("oscar", Built::tcp(5190).server([0x2a, 1, 0, 1, 0, 4, 0, 0, 0, 1]));
    is_not("oscar", Built::tcp(5191).server([0x2a, 6, 0, 1, 0, 4, 0, 0, 0, 1]));
    is("threema", Built::tcp(5222).client(noise(48)).server(noise(80)));
    is_not("threema", Built::tcp(5223).client(noise(48)).server(noise(80)));
    is("discord", Built::udp(50_003).client(join(&[&[0, 1, 0, 70], &noise(4), &zeros(66)])));
}

#[test]
fn sip() {
    is("sip", Built::udp(5060).client("INVITE sip:a@b SIP/2.0\r\nVia: x\r\n"));
    is("sip", Built::tcp(5070).server("SIP/2.0 200 OK\r\n"));
    is_not("sip", Built::udp(5070).client("INVITE sip:a@b HTTP/1.1\r\n"));
}

#[test]
fn media() {
    let packet = |sequence: u8, source: u8| {
        join(&[&[0x80, 0, 0, sequence, 0, 0, 0, 1, 1, 2, 3, source], &noise(160)])
    };
    let flow = Built::udp(17_000);
    is("rtp", flow.clone().client(packet(1, 9)).client(packet(2, 9)).client(packet(3, 9)));
    is("rtp", flow.clone().client(packet(1, 9)).server(packet(8, 7)));
    is_not("rtp", flow.clone().client(packet(1, 9)));
    is_not("rtp", flow.client(packet(1, 9)).client(noise(170)));
    let report = join(&[&[0x80, 200, 0, 6], &noise(24), &[0x81, 202, 0, 1], &zeros(4)]);
    is("rtcp", Built::udp(17_001).client(&report));
    is_not("rtcp", Built::udp(17_001).client(&report[..20]));
}

#[test]
fn stun() {
    let message = |attributes: &[u8]| {
        let length = attributes.len() as u8;
        join(&[&[0, 1, 0, length, 0x21, 0x12, 0xa4, 0x42], &noise(12), attributes])
    };
    is("stun", Built::udp(3478).client(message(&[])));
    is("signal", Built::udp(3478).client(message(b"\x00\x14\x00\x0asignal.org\0\0")));
    is("telegram", Built::udp(1400).client(message(b"\x00\x14\x00\x0ctelegram.org")));
    is("skype", Built::udp(3478).client(message(&[0x80, 0x08, 0, 4, 0, 0, 0, 6])));
    let mut long = message(&[]);
    long[3] = 8;
    is_not("stun", Built::udp(3479).client(long));
    // RFC 3489 has no cookie: a request with CHANGE-REQUEST.
    let classic = join(&[&[0, 1, 0, 8], &noise(16), &[0, 3, 0, 4, 0, 0, 0, 6]]);
    is("stun", Built::udp(3478).client(&classic));
    is_not("stun", Built::udp(3479).client(&classic[..27]));
}

#[test]
fn mail() {
    is("smtp", Built::tcp(2525).client("EHLO me\r\n").server("220 mx ESMTP\r\n"));
    is("smtp", Built::tcp(25).server("220 mx.example ESMTP ready\r\n"));
    is_not("smtp", Built::tcp(2525).client("HELP\r\n").server("220 ready\r\n"));
    is("pop3", Built::tcp(110).client("USER me\r\n").server("+OK ready\r\n"));
    is_not("pop3", Built::tcp(1110).client("USER me\r\n").server("220 ready\r\n"));
    is("imap", Built::tcp(1143).client("a1 LOGIN me x\r\n").server("* OK IMAP4rev1\r\n"));
    is_not("imap", Built::tcp(1143).client("a1 LOGON me x\r\n").server("220 hello\r\n"));
    is("nntp", Built::tcp(119).client("MODE READER\r\n").server("200 news\r\n"));
}
