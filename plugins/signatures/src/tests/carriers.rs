//! The web's protocols.

use super::{Built, is, is_not, join, noise, zeros};

/// A TLS record round a hello of the given type.
pub fn hello(kind: u8, body: usize) -> Vec<u8> {
    let length = body + 4;
    let record = [0x16, 3, 1, (length >> 8) as u8, length as u8];
    join(&[&record, &[kind, 0, (body >> 8) as u8, body as u8, 3, 3], &noise(body - 2)])
}

#[test]
fn http() {
    let request = "GET /index.html HTTP/1.1\r\nHost: example.com\r\n\r\n";
    is("http", Built::tcp(80).client(request).server("HTTP/1.1 200 OK\r\n\r\n"));
    is("http", Built::tcp(9999).client(request));
    is("http", Built::tcp(80).server("HTTP/1.0 302 Found\r\n"));
    // From the middle: the sides are the wrong way round.
    is("http", Built::tcp(50_001).client("HTTP/1.1 200 OK\r\n\r\n").server(request));
    is("http", Built::tcp(80).client("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
    is_not("http", Built::tcp(81).client("GET index.html HTTP/1.1\r\n\r\n"));
    is_not("http", Built::tcp(81).client("GETS / HTTP/1.1\r\n\r\n"));
    is_not("http", Built::tcp(81).client("GET / FTP/1.1\r\n\r\n"));
    is_not("http", Built::tcp(81).client(request).server("SSH-2.0-OpenSSH_9\r\n"));
    is("http_proxy", Built::tcp(3128).client("CONNECT a.example:443 HTTP/1.1\r\n\r\n"));
    let print = "POST /printer HTTP/1.1\r\nContent-Type: application/ipp\r\n\r\n";
    is("ipp", Built::tcp(631).client(print));
    is("shoutcast", Built::tcp(8000).client("GET /live HTTP/1.0\r\nIcy-MetaData: 1\r\n\r\n"));
}

#[test]
fn tls() {
    is("tls", Built::tcp(443).client(hello(1, 200)).server(hello(2, 70)));
    is("tls", Built::tcp(5000).client(hello(1, 200)));
    is("tls", Built::tcp(5000).server(hello(2, 70)));
    let data = join(&[&[0x17, 3, 3, 0, 32], &noise(32)]);
    is("tls", Built::tcp(443).client(&data).server(&data));
    let mut wrong_version = hello(1, 200);
    wrong_version[1] = 4;
    is_not("tls", Built::tcp(5000).client(wrong_version));
    is_not("tls", Built::tcp(5000).client(&data).server("no record"));
    is("imap", Built::tcp(993).client(hello(1, 200)).server(hello(2, 70)));
}

/// A distinguished name of a common name alone.
fn name(text: &str) -> Vec<u8> {
    let length = text.len() as u8;
    let inner = [&[0x06, 3, 0x55, 4, 3, 0x13, length], text.as_bytes()].concat();
    let around = [0x30, length + 11, 0x31, length + 9, 0x30, length + 7];
    [&around[..], &inner].concat()
}

#[test]
fn certificates_of_tor_and_of_hosts() {
    let flow = |issuer: &str, subject: &str| {
        let certificate = join(&[&[11], &zeros(20), &name(issuer), &zeros(30), &name(subject)]);
        let length = certificate.len() as u16;
        let record = join(&[&[0x16, 3, 3], &length.to_be_bytes(), &certificate]);
        Built::tcp(443).client(hello(1, 200)).server(join(&[&hello(2, 70), &record]))
    };
    is("tor", flow("www.k5n3qjbx2v.com", "www.zo7e4c2hxw.net"));
    is_not("tor", flow("www.k5n3qjbx2v.com", "www.zo7e4c2hxw.org"));
    is_not("tor", flow("www.K5N3QJBX2V.com", "www.zo7e4c2hxw.net"));
    is("facebook", flow("Some Authority", "*.facebook.com"));
    is("anydesk", flow("AnyNet Root CA", "AnyNet Relay"));
    is("sonos", flow("Sonos Device Authentication Root CA", "0123456789AB"));
}

#[test]
fn certificates_in_datagrams() {
    let record = |kind: u8, epoch: u8, message: &[u8]| {
        let length = (message.len() as u16).to_be_bytes();
        join(&[&[kind, 0xfe, 0xfd, 0, epoch], &zeros(6), &length, message])
    };
    let hello = record(0x16, 0, &join(&[&[2], &noise(80)]));
    let certificate = join(&[&[11], &zeros(20), &name("Some Authority"), &name("*.facebook.com")]);
    let flow = |second: Vec<u8>| {
        let client = record(0x16, 0, &join(&[&[1], &noise(90)]));
        Built::udp(4433).client(client).server(join(&[&hello, &second]))
    };
    is("facebook", flow(record(0x16, 0, &certificate)));
    is("facebook", flow(Vec::new()).server(record(0x16, 0, &certificate)));
    is("dtls", flow(record(0x16, 1, &certificate)));
    is("dtls", flow(record(0x16, 0, &certificate[..30])));
}

#[test]
fn dtls() {
    let record = |kind: u8, version: u16, length: u16| {
        let header = [version.to_be_bytes(), [0, 0]].concat();
        join(&[&[kind], &header, &zeros(6), &length.to_be_bytes(), &[1], &noise(99)])
    };
    is("dtls", Built::udp(4433).client(record(0x16, 0xfeff, 100)));
    is_not("dtls", Built::udp(4433).client(record(0x16, 0xfefe, 100)));
    is_not("dtls", Built::udp(4433).client(record(0x16, 0xfeff, 200)));
}

#[test]
fn quic() {
    let initial = |version: u32, length: usize| {
        let head = join(&[&[0xc3], &version.to_be_bytes(), &[8], &noise(8), &[0, 0, 0x44, 0x9e]]);
        join(&[&head, &noise(length - head.len())])
    };
    for version in [1, 0x6b33_43cf, 0xff00_001d, 0x5130_3530, 0xface_b002] {
        is("quic", Built::udp(443).client(initial(version, 1200)));
    }
    is("quic", Built::udp(443).client(initial(0x1a2a_3a4a, 1200)));
    is_not("quic", Built::udp(443).client(initial(2, 1200)));
    is_not("quic", Built::udp(443).client(initial(0x1a2a_3a4a, 800)));
    let negotiation = join(&[&[0x80, 0, 0, 0, 0, 0, 8], &noise(8), &[0, 0, 0, 1]]);
    is("quic", Built::udp(443).server(negotiation));
    let old = join(&[&[0x0d], &noise(8), b"Q039", &[1], &noise(1000)]);
    is("quic", Built::udp(443).client(old));
}
