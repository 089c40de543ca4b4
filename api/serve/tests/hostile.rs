//! Clients that say nothing, too little, too slowly, or take nothing.

use super::client::Client;
use super::open;
use std::thread;
use std::time::{Duration, Instant};

const CLOSED_WITHIN: Duration = Duration::from_secs(10);

#[test]
fn clients_that_stall_are_closed_while_others_are_answered() {
    let server = open();
    let stalled_body = "POST /files/process HTTP/1.1\r\nHost: localhost\r\n\
        Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{";
    let begin = Instant::now();
    let beginnings = ["", "GET /health HT", "GET /health HTTP/1.1\r\nHost: local", stalled_body];
    let mut stalled = Vec::new();
    for _ in 0..50 {
        for beginning in beginnings {
            let mut client = server.connect();
            client.send(beginning.as_bytes()).unwrap();
            stalled.push((beginning, client));
        }
    }
    let mut idle = server.connect();
    assert_eq!(idle.ask("GET", "/health", "").status, 200);
    let address = server.address;
    let good = thread::spawn(move || {
        let mut client = Client::new(address).unwrap();
        for _ in 0..5 {
            let begin = Instant::now();
            assert_eq!(client.ask("GET", "/file/1/status", "").status, 200);
            assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
            thread::sleep(Duration::from_secs(1));
        }
    });
    for (beginning, client) in &mut stalled {
        if *beginning == stalled_body {
            let reply = client.reply(false).unwrap();
            reply.refused(408);
            assert_eq!(reply.header("connection"), Some("close"));
        }
        client.wait_for_end().unwrap();
    }
    idle.wait_for_end().unwrap();
    assert!(begin.elapsed() < CLOSED_WITHIN, "{:?}", begin.elapsed());
    good.join().unwrap();
}

#[test]
fn what_is_no_http_is_refused_and_closed() {
    let server = open();
    let long =
        format!("GET /health HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "x".repeat(99_999));
    let many = format!("GET /health HTTP/1.1\r\n{}\r\n", "Host: localhost\r\n".repeat(1_000));
    for (bytes, status) in [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(), 400),
        (b"GET /a b HTTP/1.1\r\n\r\n".to_vec(), 400),
        (b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n".to_vec(), 400),
        (long.into_bytes(), 431),
        (many.into_bytes(), 431),
    ] {
        let mut client = server.connect();
        // The server may have had enough before all is sent.
        let _ = client.send(&bytes);
        assert_eq!(client.reply(false).unwrap().status, status);
        client.wait_for_end().unwrap();
    }
    assert_eq!(server.get("/health").status, 200);
}

#[test]
fn requests_that_come_at_once_are_answered_in_their_order() {
    let server = open();
    let mut client = server.connect();
    let request = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let paths =
        ["/file/1/status", "/nowhere", "/file/1/flows?limit=2", "/file/7/status", "/health"];
    let requests: String = paths.into_iter().map(request).collect();
    client.send(requests.as_bytes()).unwrap();
    let statuses = paths.map(|_| client.reply(false).unwrap().status);
    assert_eq!(statuses, [200, 404, 200, 500, 200]);
}

#[test]
fn a_server_that_stops_answers_what_is_under_way_and_cuts_what_has_no_end() {
    let mut server = open();
    let address = server.address;
    let slow = thread::spawn(move || {
        Client::new(address).unwrap().ask("GET", "/file/14/details", "").status
    });
    let follow = thread::spawn(move || {
        let reply = Client::new(address).unwrap().ask("GET", "/file/12/events", "");
        (reply.status, reply.is_whole)
    });
    let mut silent = server.connect();
    let mut endless = server.connect();
    endless.send(b"GET /file/12/flows?format=csv HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    assert_eq!(endless.head().unwrap().status, 200);
    thread::sleep(Duration::from_millis(100));
    let begin = Instant::now();
    server.stop();
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
    assert_eq!(slow.join().unwrap(), 200);
    assert_eq!(follow.join().unwrap(), (200, true));
    silent.wait_for_end().unwrap();
    assert!(Client::new(address).is_err());
}
