//! Peers.

use super::{Built, is, is_not, join, noise, zeros};

#[test]
fn bittorrent() {
    let handshake = join(&[b"\x13BitTorrent protocol", &zeros(8), &noise(40)]);
    is("bittorrent", Built::tcp(6881).client(&handshake));
    is("bittorrent", Built::tcp(6881).server(&handshake));
    is_not("bittorrent", Built::tcp(6881).client("\x13BitTorrent protokol"));
    let query = b"d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe";
    is("bittorrent", Built::udp(6881).client(query));
    is_not("bittorrent", Built::udp(6881).client(b"d1:ad2:id20:abcdefghij0123456789ee"));
    let connect = join(&[&0x0417_2710_1980_u64.to_be_bytes(), &zeros(4), &noise(4)]);
    is("bittorrent", Built::udp(1337).client(&connect));
    is_not("bittorrent", Built::udp(1337).client(&connect[..15]));
    let announce = "GET /announce?info_hash=%12%34&peer_id=x HTTP/1.1\r\n\r\n";
    is("bittorrent", Built::tcp(80).client(announce));
    is(
        "bittorrent",
        Built::udp(6771).client("BT-SEARCH * HTTP/1.1\r\nHost: 239.192.152.143:6771\r\n"),
    );
}

#[test]
fn micro_transport() {
    let header = |first: u8, id: u16, sequence: u16, acknowledged: u16, window: u32| {
        let numbers = [sequence.to_be_bytes(), acknowledged.to_be_bytes()].concat();
        join(&[
            &[first, 0],
            &id.to_be_bytes(),
            &noise(4),
            &zeros(4),
            &window.to_be_bytes(),
            &numbers,
        ])
    };
    let syn = header(0x41, 700, 1, 0, 0x10_0000);
    is("bittorrent", Built::udp(50_321).client(&syn).server(header(0x21, 700, 9, 1, 0x10_0000)));
    is("bittorrent", Built::udp(50_321).client(&syn));
    is_not("bittorrent", Built::udp(50_321).client(&syn).server(header(0x21, 700, 9, 2, 1)));
    is_not("bittorrent", Built::udp(50_321).client(header(0x41, 700, 1, 0, 0x1000_0000)));
    is_not("bittorrent", Built::udp(50_321).client(header(0x51, 700, 1, 0, 1)));
}

#[test]
fn skype() {
    let mut flow = Built::udp(40_000);
    flow.addresses.0[12..].copy_from_slice(&[198, 51, 100, 7]);
    let asks = join(&[&[0x12, 0x34, 0x02], &noise(20)]);
    let refuses = [0x12, 0x34, 0x77, 198, 51, 100, 7, 192, 0, 2, 2];
    is("skype", flow.clone().client(&asks).server(refuses));
    let mut other = refuses;
    other[1] = 0x35;
    is_not("skype", flow.clone().client(&asks).server(other));
    let elsewhere = [0x12, 0x34, 0x77, 8, 8, 8, 8, 9, 9, 9, 9];
    is_not("skype", flow.client(&asks).server(elsewhere));
}

#[test]
fn gnutella_and_edonkey() {
    is("gnutella", Built::tcp(6346).client("GNUTELLA CONNECT/0.6\r\nUser-Agent: x\r\n"));
    let ping = join(&[&noise(16), &[0, 1, 0, 3, 0, 0, 0], b"abc"]);
    is("gnutella", Built::udp(6346).client(&ping));
    is_not("gnutella", Built::udp(6346).client(&ping[..25]));
    is("gnutella", Built::tcp(6346).client("GET /uri-res/N2R?urn:sha1:ABC HTTP/1.1\r\n\r\n"));
    let hello = join(&[&[0xe3, 40, 0, 0, 0, 1, 16], &noise(38)]);
    is("edonkey", Built::tcp(4662).client(&hello));
    is_not("edonkey", Built::tcp(4662).client(&hello[..30]));
}

#[test]
fn coins() {
    let version = join(&[&[0xf9, 0xbe, 0xb4, 0xd9], b"version\0\0\0\0\0", &noise(90)]);
    is("bitcoin", Built::tcp(8333).client(version));
    is_not("bitcoin", Built::tcp(8334).client(join(&[&[0xf9, 0xbe, 0xb4, 0xd9], b"ver\x01sion"])));
    let ping = join(&[&noise(96), &[1, 1, 0xc4, 1, 2, 3, 4]]);
    is("ethereum", Built::udp(30_303).client(&ping));
    is_not("ethereum", Built::udp(30_303).client(join(&[&noise(96), &[1, 9, 0xc4, 1, 2, 3, 4]])));
    let subscribe = r#"{"id":1,"method":"mining.subscribe","params":[]}"#;
    is("mining", Built::tcp(3333).client(subscribe));
}
