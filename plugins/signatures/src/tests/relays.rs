//! VPNs and proxies.

use super::{Built, is, is_not, join, noise, zeros};

#[test]
fn openvpn() {
    let client = join(&[&[0x38], &noise(8), &[0, 0, 0, 0, 0]]);
    let server = join(&[&[0x40], &noise(9)[1..], &[1, 0, 0, 0, 0], &noise(8), &[0, 0, 0, 0]]);
    is("vpn", Built::udp(1194).client(&client).server(&server));
    is("vpn", Built::udp(53_000).client(&client));
    is("vpn", Built::tcp(443).client(join(&[&[0, 14], &client])));
    is_not("vpn", Built::udp(53_000).client(&client).server("nonsense"));
    is_not("vpn", Built::udp(53_000).client(join(&[&client, &[0]])));
    // --tls-auth with SHA-1, and --tls-crypt: packet id 1 and a time.
    let stamp = join(&[&[0, 0, 0, 1], &1_700_000_000_u32.to_be_bytes()]);
    let signed = join(&[&[0x38], &noise(28), &stamp, &zeros(5)]);
    is("vpn", Built::udp(1194).client(&signed));
    let crypted = join(&[&[0x38], &noise(8), &stamp, &noise(37)]);
    is("vpn", Built::udp(1194).client(&crypted));
    let unstamped = join(&[&[0x38], &noise(8), &noise(8), &noise(37)]);
    is_not("vpn", Built::udp(5555).client(unstamped));
}

#[test]
fn wireguard() {
    let initiation = join(&[&[1, 0, 0, 0], b"abcd", &noise(140)]);
    let answer = join(&[&[2, 0, 0, 0], &noise(4), b"abcd", &noise(80)]);
    is("vpn", Built::udp(51_820).client(&initiation).server(&answer));
    is("vpn", Built::udp(51_820).client(&initiation));
    let mut reserved = initiation.clone();
    reserved[2] = 1;
    is_not("vpn", Built::udp(51_820).client(reserved));
    is_not("vpn", Built::udp(51_820).client(&initiation[..147]));
    let of_another = join(&[&[2, 0, 0, 0], &noise(4), b"dcba", &noise(80)]);
    is_not("vpn", Built::udp(51_820).client(&initiation).server(of_another));
}

#[test]
fn ipsec() {
    let ike = |version: u8, exchange: u8, length: u8| {
        let head = join(&[&noise(8), &zeros(8), &[33, version, exchange, 8], &zeros(4)]);
        join(&[&head, &[0, 0, 0, length], &noise(72)])
    };
    is("vpn", Built::udp(500).client(ike(0x20, 34, 100)));
    is("vpn", Built::udp(4500).client(join(&[&zeros(4), &ike(0x20, 34, 100)])));
    is_not("vpn", Built::udp(900).client(ike(0x20, 34, 101)));
    is_not("vpn", Built::udp(900).client(ike(0x30, 34, 100)));
    let esp = |number: u8| join(&[&[0xc1, 2, 3, 4, 0, 0, 0, number], &noise(80)]);
    is("vpn", Built::udp(4500).client(esp(1)).client(esp(2)));
    is("vpn", Built { transport: 50, ..Built::udp(0) });
    is("vpn", Built { transport: 51, ..Built::udp(0) });
}

#[test]
fn l2tp_and_pptp() {
    let control = join(&[&[0xc8, 2, 0, 20], &zeros(8), &[0x80, 8, 0, 0, 0, 0, 0, 1]]);
    is("vpn", Built::udp(1701).client(&control));
    is_not("vpn", Built::udp(1702).client(&control));
    let start = join(&[&[0, 156, 0, 1, 0x1a, 0x2b, 0x3c, 0x4d, 0, 1], &zeros(146)]);
    is("vpn", Built::tcp(1723).client(&start));
    let mut other_cookie = start;
    other_cookie[7] = 0x4e;
    is_not("vpn", Built::tcp(1724).client(other_cookie));
}

#[test]
fn socks() {
    is("socks5", Built::tcp(1080).client([5, 1, 0]).server([5, 0]));
    is("socks5", Built::tcp(9050).client([5, 2, 0, 2]).server([5, 2]));
    is_not("socks5", Built::tcp(9050).client([5, 2, 0]).server([5, 0]));
    is_not("socks5", Built::tcp(9050).client([5, 1, 0]).server([6, 0]));
    is_not("socks5", Built::tcp(9050).client([5, 1, 0]));
    let connect = join(&[&[4, 1, 0, 80, 192, 0, 2, 7], b"me\0"]);
    is("socks4", Built::tcp(1080).client(&connect).server([0, 90, 0, 80, 192, 0, 2, 7]));
    is_not("socks4", Built::tcp(1081).client(&connect).server([0, 80, 0, 80, 192, 0, 2, 7]));
}
