//! A web server that closes after each answer, and a name server that knows one address.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::sync::mpsc::channel;

use super::stage::{SERVER, Stage};

pub const PORT: u16 = 8000;

/// Bytes of every page.
pub const PAGE_BYTES: usize = 300_000;

/// Both, until the test ends.
pub fn serve(stage: &Stage) {
    let (listening, is_listening) = channel();
    stage.on_server(move || {
        let web = TcpListener::bind((SERVER, PORT)).unwrap();
        let names = UdpSocket::bind((SERVER, 53)).unwrap();
        listening.send(()).unwrap();
        std::thread::spawn(move || answer_names(&names));
        for client in web.incoming() {
            let mut client = client.unwrap();
            let mut request = [0; 4096];
            let _ = client.read(&mut request);
            let head = format!("HTTP/1.0 200 OK\r\nContent-Length: {PAGE_BYTES}\r\n\r\n");
            let _ = client.write_all(head.as_bytes());
            let _ = client.write_all(&vec![b'a'; PAGE_BYTES]);
        }
    });
    is_listening.recv().unwrap();
}

fn answer_names(names: &UdpSocket) {
    let address: Ipv4Addr = SERVER.parse().unwrap();
    let mut question = [0; 512];
    while let Ok((bytes, client)) = names.recv_from(&mut question) {
        let end = 12 + question[12..bytes].iter().position(|byte| *byte == 0).unwrap() + 5;
        let is_of_ipv4 = question[end - 3] == 1;
        let mut answer = question[..end].to_vec();
        answer[2..12].copy_from_slice(&[0x81, 0x80, 0, 1, 0, u8::from(is_of_ipv4), 0, 0, 0, 0]);
        if is_of_ipv4 {
            answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
            answer.extend(address.octets());
        }
        let _ = names.send_to(&answer, client);
    }
}
