use super::*;
use crate::decode::{Endpoint, Key, flags, marks};

const CLIENT: u128 = 0xffff_0a00_0001;
const SERVER: u128 = 0xffff_0a00_0009;

/// A packet of TCP or UDP between the two, from the client or else from the server.
fn packet(protocol: u8, ports: [u16; 2], from_client: bool, payload: &[u8]) -> Segment {
    let (client, server) = (
        Endpoint { address: CLIENT, port: ports[0] },
        Endpoint { address: SERVER, port: ports[1] },
    );
    let ends = if from_client { (client, server) } else { (server, client) };
    let (key, from_larger) = Key::new(ends.0, ends.1, protocol, true, false, 0);
    let header = if protocol == ip::TCP { marks::TCP_HEADER } else { 0 };
    Segment {
        key,
        marks: u16::from(from_larger) | header,
        payload_bytes: payload.len() as u32,
        ..Segment::default()
    }
}

/// What a connection of these lines announces, the client being the key's smaller end.
fn announced(control: Control, lines: &[(bool, &str)]) -> Vec<(u128, u16, Option<u128>)> {
    let mut reader = ControlReader::new(control);
    let mut to = Vec::new();
    let mut sequences = [0; 2];
    for &(from_client, line) in lines {
        let mut segment = packet(ip::TCP, [40_000, 21], from_client, line.as_bytes());
        let sequence = &mut sequences[usize::from(from_client)];
        segment.sequence = *sequence;
        *sequence += line.len() as u32;
        reader.read(&segment, line.as_bytes(), 0, &mut to);
    }
    to.iter().map(endpoint).collect()
}

fn endpoint(expectation: &Expectation) -> (u128, u16, Option<u128>) {
    match expectation.place {
        Place::Endpoint { address, port, .. } => (address, port, expectation.peer),
        Place::Between { .. } => panic!("{expectation:?}"),
    }
}

#[test]
fn ftp_says_where_data_go() {
    let said = announced(
        Control::Ftp,
        &[
            (false, "220 ready\r\n"),
            (true, "PORT 10,0,0,1,4,1\r\n"),
            (true, "eprt |2|2001:db8::1|6275|\r\n"),
            (true, "PORT 10,0,0,1,4\r\nPORT 10,0,0,1,4,1,9\r\nPORT 10,0,0,256,4,1\r\nPORT\r\n"),
            (false, "227 Entering Passive Mode (10,0,0,9,31,64).\r\n"),
            (false, "227 10,0,0,8,0,20\r\n227 none\r\n"),
            (false, "229 Entering Extended Passive Mode (|||6446|)\r\n"),
            (true, "227 Entering Passive Mode (10,0,0,9,1,1)\r\n"),
            (false, "PORT 10,0,0,1,4,1\r\n"),
        ],
    );
    let global = 0x2001_0db8_0000_0000_0000_0000_0000_0001;
    assert_eq!(
        said,
        [
            (CLIENT, 1025, None),
            (global, 6275, None),
            (SERVER, 8000, Some(CLIENT)),
            (SERVER - 1, 20, None),
            (SERVER, 20, Some(CLIENT)),
            (SERVER, 6446, Some(CLIENT)),
        ]
    );
}

#[test]
fn sdp_says_where_media_go() {
    let said = announced(
        Control::Sip,
        &[
            (true, "INVITE sip:bob@example.org SIP/2.0\r\nc: application/sdp\r\n\r\n"),
            (true, "v=0\r\nc=IN IP4 10.0.0.1\r\nm=audio 4000 RTP/AVP 0\r\na=rtcp:4009\r\n"),
            (
                true,
                "m=video 0 RTP/AVP 31\r\nm=video 5000/2 RTP/AVP 31\r\nc=IN IP4 10.0.0.8/127\r\n\
                 a=rtcp:5009\r\n",
            ),
            (false, "SIP/2.0 200 OK\r\n\r\nv=0\r\nm=audio 6000 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\n"),
            (false, "c=IN IP6 2001:db8::1\r\n"),
        ],
    );
    let of = |address, ports: &[u16]| -> Vec<_> {
        ports.iter().map(|&port| (address, port, None)).collect()
    };
    let global = 0x2001_0db8_0000_0000_0000_0000_0000_0001;
    let expected = [
        of(CLIENT, &[4000, 4001, 4009]),
        of(CLIENT + 7, &[5000, 5001, 5002, 5003, 5009]),
        of(global, &[6000, 6001]),
    ];
    assert_eq!(said, expected.concat());
}

#[test]
fn rtsp_says_where_media_go() {
    let said = announced(
        Control::Rtsp,
        &[
            (
                true,
                "SETUP rtsp://x/1 RTSP/1.0\r\nTransport: RTP/AVP;unicast;client_port=4588-4589\r\n",
            ),
            (false, "transport: RTP/AVP;client_port=4588;server_port=6256-9999;source=1.2.3.4\r\n"),
            (false, "Transport: RTP/AVP/TCP;interleaved=0-1\r\nTranspor"),
        ],
    );
    let ports = [(CLIENT, 4588), (CLIENT, 4589), (CLIENT, 4588), (SERVER, 6256), (SERVER, 6257)];
    assert_eq!(said, ports.map(|(address, port)| (address, port, None)));
}

#[test]
fn lines_are_read_through_loss_and_repetition() {
    let mut lines = Lines::default();
    let mut read = Vec::new();
    let mut take = |sequence: u32, text: &str, captured: usize| {
        let payload = text.as_bytes();
        let segment = Segment { sequence, ..packet(ip::TCP, [1, 2], true, payload) };
        lines.read(&segment, &payload[..captured], &mut |line: &[u8]| {
            read.push(String::from_utf8_lossy(line).into_owned());
        });
    };
    take(u32::MAX - 2, "one\r\nt", 6);
    take(u32::MAX - 2, "one\r\nt", 6);
    take(1, "\ntwo\n", 5);
    take(10, "lost\nthree\n", 11);
    take(6, "late\n", 5);
    take(21, "four\nfive", 2);
    take(30, "\nsix\n", 5);
    take(35, &"x".repeat(5_000), 5_000);
    take(5_035, "\nseven\n", 7);
    let long = format!("{}\n{}\n", "x".repeat(4_097), "y".repeat(4_096));
    take(5_042, &long, long.len());
    let longest = "y".repeat(4_096);
    assert_eq!(read, ["one", "two", "three", "six", "seven", &longest]);
    let syn = Segment { flags: flags::SYN, sequence: 7, ..packet(ip::TCP, [1, 2], true, b"") };
    lines.read(&syn, b"", &mut |_: &[u8]| ());
    let segment = Segment { sequence: 8, ..packet(ip::TCP, [1, 2], true, b"anew\n") };
    let mut anew = Vec::new();
    lines.read(&segment, b"anew\n", &mut |line: &[u8]| anew.push(line.to_vec()));
    assert_eq!(anew, [b"anew".to_vec()]);
}

#[test]
fn what_was_not_captured_costs_its_line() {
    // Of each segment: its place, its bytes, and how many of them were captured.
    let read = |segments: &[(u32, &str, usize)]| {
        let (mut lines, mut read) = (Lines::default(), Vec::new());
        for &(sequence, text, captured) in segments {
            let payload = text.as_bytes();
            let segment = Segment { sequence, ..packet(ip::TCP, [1, 2], true, payload) };
            lines.read(&segment, &payload[..captured], &mut |line: &[u8]| {
                read.push(String::from_utf8_lossy(line).into_owned());
            });
        }
        read.join(" ")
    };
    let rest = "ring (1,2,3,4,5,6)\r\n";
    assert_eq!(
        read(&[(1, "one\n227 Ente", 12), (13, rest, 20)]),
        format!("one 227 Ente{}", rest.trim())
    );
    assert_eq!(read(&[(1, "one\n227 Entexxxx", 12), (17, rest, 20)]), "one");
    // Behind a hole.
    assert_eq!(
        read(&[
            (1, "twenty bytes of one\n", 20),
            (25, "x\n227 Entexxxxxxxxxx", 10),
            (45, rest, 20)
        ]),
        "twenty bytes of one"
    );
    // Of a segment whose begin was there before.
    assert_eq!(read(&[(1, "one\n", 4), (3, "e\n227 Entexxxx", 10), (17, rest, 20)]), "one");
    assert_eq!(read(&[(1, "one\n227 En", 10), (5, "227 Entexxxx", 4), (17, rest, 20)]), "one");
}

#[test]
fn what_is_kept_of_lines_is_told_and_may_be_lost() {
    let mut reader = ControlReader::new(Control::Ftp);
    let mut to = Vec::new();
    let mut read = |reader: &mut ControlReader, from_client, sequence, text: &str| {
        let segment = packet(ip::TCP, [40_000, 21], from_client, text.as_bytes());
        let segment = Segment { sequence, ..segment };
        reader.read(&segment, text.as_bytes(), 0, &mut to);
        (reader.kept_bytes(), to.len())
    };
    assert_eq!(read(&mut reader, true, 1, "NOOP\r\nPORT 10,0,"), (10, 0));
    assert_eq!(read(&mut reader, false, 1, "220 "), (14, 0));
    assert_eq!(read(&mut reader, true, 17, "0,1,4,1\r\nPOR"), (7, 1));
    reader.lose_begun();
    assert_eq!(reader.kept_bytes(), 0);
    assert_eq!(read(&mut reader, true, 29, "T 10,0,0,1,4,1\r\nPORT 10,0,0,1,4,2\r\n"), (0, 2));
    let long = "x".repeat(4_096);
    assert_eq!(read(&mut reader, false, 5, &long), (0, 2), "it was lost");
    assert_eq!(read(&mut reader, false, 4_101, &format!("\n{long}")), (4_096, 2));
    assert_eq!(read(&mut reader, false, 8_198, "x"), (0, 2), "it is too long");
}

#[test]
fn a_packet_announces_so_much() {
    let mut reader = ControlReader::new(Control::Sip);
    let media = |count: usize| "m=a 1/4\n".repeat(count);
    let mut read = |text: &str| {
        let mut to = vec![Expectation::at(SERVER, 9, ip::UDP)];
        let segment = packet(ip::UDP, [5060, 5060], true, text.as_bytes());
        reader.read(&segment, text.as_bytes(), 0, &mut to);
        to.len() - 1
    };
    let begin = "v=0\nc=IN IP4 10.0.0.1\n";
    assert_eq!(read(&format!("{begin}{}", media(7))), 56);
    assert_eq!(read(&format!("{begin}{}", media(8))), ANNOUNCED_PER_PACKET_MAX);
    assert_eq!(read(&format!("{begin}{}", media(8_000))), ANNOUNCED_PER_PACKET_MAX);
    assert_eq!(read("m=a 1\n"), 2);
    // Lines of datagrams are as long as others.
    let filled = |bytes: usize| {
        let line = "c=IN IP4 10.0.0.1 ";
        format!("v=0\n{line}{}\nm=a 1\n", "x".repeat(bytes - line.len()))
    };
    assert_eq!(read(&filled(4_096)), 2);
    assert_eq!(read(&filled(4_097)), 0);
}

#[test]
fn protocols_are_known_by_their_first_bytes() {
    let of = |protocol, ports: [u16; 2], payload: &[u8]| {
        Control::of(&packet(protocol, ports, true, payload), payload)
    };
    let tcp = |port, payload: &[u8]| of(ip::TCP, [40_000, port], payload);
    let udp = |port, payload: &[u8]| of(ip::UDP, [40_000, port], payload);
    assert_eq!(tcp(21, b"220 ready\r\n"), Some(Control::Ftp));
    assert_eq!(tcp(2121, b"USER anonymous\r\n"), Some(Control::Ftp));
    assert_eq!(tcp(25, b"220 mail ESMTP\r\n"), None);
    assert_eq!(udp(5060, b"INVITE sip:a@b SIP/2.0\r\n"), Some(Control::Sip));
    assert_eq!(tcp(9, b"SIP/2.0 100 Trying\r\n"), Some(Control::Sip));
    assert_eq!(tcp(554, b"GET_PARAMETER rtsp://a/ RTSP/1.0\r\n"), Some(Control::Rtsp));
    assert_eq!(tcp(80, b"GET http://a/ HTTP/1.1\r\n"), None);
    assert_eq!(udp(69, b"\x00\x01name\x00octet\x00"), Some(Control::Tftp));
    assert_eq!(udp(69, b"\x00\x03\x00\x01"), None);
    assert_eq!(tcp(1723, &[0, 156, 0, 1, 0x1a, 0x2b, 0x3c, 0x4d, 0, 1]), Some(Control::Pptp));
    let mut ike = [0; 28];
    (ike[0], ike[17], ike[27]) = (1, 0x20, 28);
    assert_eq!(udp(500, &ike), Some(Control::Ike));
    assert_eq!(udp(4500, &[&[0; 4], &ike[..]].concat()), Some(Control::Ike));
    ike[27] = 29;
    assert_eq!(udp(500, &ike), None);
    assert_eq!(tcp(6881, b"\x13BitTorrent protocol\0\0\0\0"), Some(Control::BitTorrent));
    assert_eq!(udp(6881, b"d1:ad2:id20:abcdefghij"), Some(Control::BitTorrent));
    assert_eq!(tcp(80, b"GET /announce?info_hash=%01 HTTP/1.1"), Some(Control::BitTorrent));
    assert_eq!(tcp(80, b"GET /info HTTP/1.1"), None);
}

#[test]
fn some_announce_by_being_there() {
    let of = |control: Control, protocol, ports| {
        let mut to = Vec::new();
        control.announces(&packet(protocol, ports, true, b""), 0, &mut to);
        to
    };
    let tftp = of(Control::Tftp, ip::UDP, [2000, 69]);
    assert_eq!(tftp.iter().map(endpoint).collect::<Vec<_>>(), [(CLIENT, 2000, Some(SERVER))]);
    let between = |protocol| Place::Between { addresses: [CLIENT, SERVER], protocol };
    let places = |of: Vec<Expectation>| of.iter().map(|one| one.place).collect::<Vec<_>>();
    assert_eq!(places(of(Control::Pptp, ip::TCP, [2000, 1723])), [between(47)]);
    assert_eq!(places(of(Control::Ike, ip::UDP, [500, 500]))[..2], [between(50), between(51)]);
    assert!(of(Control::Sip, ip::UDP, [5060, 5060]).is_empty());
}
