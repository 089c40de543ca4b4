//! Everything that can be wrong, with its answer.

use super::fake::{BROKEN, BUSY, CHANGED, PANICS};
use super::open;
use std::time::Instant;

#[test]
fn each_wrong_request_has_its_refusal() {
    let server = open();
    let mut client = server.connect();
    for (path, status) in [
        ("/", 404),
        ("/nowhere", 404),
        ("/files", 404),
        ("/file/1", 405),
        ("/file/x/status", 404),
        ("/file/-1/status", 404),
        ("/file/+1/status", 404),
        ("/file/1.5/status", 404),
        ("/file/99999999999999999999999/status", 404),
        ("/file/%31/status", 404),
        ("/file/99/status", 404),
        ("/file/99/events", 404),
        ("/file/99/flows?format=csv", 404),
        ("/files/process", 405),
        ("/file/1/statistics?limit=0", 400),
        ("/file/1/statistics?limit=x", 400),
        ("/file/1/statistics?limit=-1", 400),
        ("/file/1/statistics?limit=1&limit=2", 400),
        ("/file/1/statistics/labels", 400),
        ("/file/1/statistics/labels?label=", 400),
        ("/file/1/statistics/labels?label=%FF", 400),
        ("/file/1/statistics/labels?label=nobody", 404),
        ("/file/1/statistics/ip", 400),
        ("/file/1/statistics/ip?ip=", 400),
        ("/file/1/statistics/ip?ip=1.2.3", 400),
        ("/file/1/statistics/ip?ip=1.2.3.4.5", 400),
        ("/file/1/flows/labels", 400),
        ("/file/1/flows/labels?label=dns&limit=0", 400),
        ("/file/1/flows/labels?label=dns&after=x", 400),
        ("/file/1/flows?port=65536", 400),
        ("/file/1/flows?protocol=256", 400),
        ("/file/1/flows?protocol=quic", 400),
        ("/file/1/flows?from=yesterday", 400),
        ("/file/1/flows?format=arff", 400),
        ("/file/1/flows?format=csv&profile=cic", 400),
    ] {
        let message = client.ask("GET", path, "").refused(status);
        assert!(!message.is_empty() && !message.contains('\n'), "{path}: {message}");
    }
    assert_eq!(client.ask("GET", "/nowhere", "").refused(404), "Not found");
    let message = client.ask("GET", "/file/1/statistics/ip?ip=x", "").refused(400);
    assert_eq!(message, "The parameter ip is not an IPv4 or IPv6 address.");
}

#[test]
fn a_method_that_a_path_does_not_take_is_told_with_those_that_it_takes() {
    let server = open();
    let mut client = server.connect();
    for (path, allow) in [
        ("/files/list", "GET, HEAD"),
        ("/files/process", "POST"),
        ("/file/1", "DELETE"),
        ("/v1/file/1/status/", "GET, HEAD"),
    ] {
        for method in ["PUT", "PATCH", "OPTIONS", "TRACE", "BREW"] {
            let reply = client.ask(method, path, "");
            reply.refused(405);
            assert_eq!(reply.header("allow"), Some(allow), "{method} {path}");
        }
    }
    client.ask("BREW", "/nowhere", "").refused(404);
}

#[test]
fn what_the_jobs_refuse_keeps_its_status_and_words() {
    let server = open();
    let mut client = server.connect();
    let busy = client.ask("GET", &format!("/file/{BUSY}/details"), "");
    assert_eq!(busy.refused(503), "The store opens.");
    assert_eq!(busy.header("retry-after"), Some("7"));
    let changed = client.ask("DELETE", &format!("/file/{CHANGED}"), "");
    assert_eq!(changed.refused(409), "The job is over.");
    for path in ["status", "details", "statistics", "events", "flows", "flows?format=csv"] {
        let broken = client.ask("GET", &format!("/file/{BROKEN}/{path}"), "");
        assert_eq!(broken.refused(500), "Internal server error", "{path}");
    }
    let full = client.post("/files/process", br#"{"file_name":"full.pcap"}"#);
    assert_eq!(full.refused(507), "The disk is full.");
    client.post("/files/process", br#"{"file_name":"wrong.pcap"}"#).refused(400);
    client.post("/files/process", br#"{"file_name":"../etc/passwd"}"#).refused(404);
    // The connection is the same one all the time.
    assert_eq!(client.ask("GET", "/health", "").status, 200);
}

#[test]
fn a_panic_is_an_error_and_the_connection_goes_on() {
    let server = open();
    let mut client = server.connect();
    for path in ["status", "details", "statistics", "events", "flows"] {
        let reply = client.ask("GET", &format!("/file/{PANICS}/{path}"), "");
        assert_eq!(reply.refused(500), "Internal server error", "{path}");
        assert_eq!(client.ask("GET", "/health", "").status, 200);
    }
}

#[test]
fn each_wrong_body_has_its_refusal() {
    let server = open();
    let mut client = server.connect();
    let deep = |open: &str, depth| open.repeat(depth).into_bytes();
    let deep_inside = [br#"{"file_name":"a.pcap","x":"#.to_vec(), deep("[", 10_000)].concat();
    let closed = format!(r#"{{"file_name":"a.pcap","x":{}{}}}"#, "[".repeat(999), "]".repeat(999));
    for body in [
        b"".to_vec(),
        b"not json".to_vec(),
        b"null".to_vec(),
        b"[\"a.pcap\"]".to_vec(),
        b"{}".to_vec(),
        b"{\"file_name\":7}".to_vec(),
        b"{\"file_name\":\"a.pcap\"} x".to_vec(),
        b"{\"file_name\":\"a.pcap\",\"profile\":7}".to_vec(),
        b"{\"file_name\":\"\xff\xfe\"}".to_vec(),
        b"\xef\xbb\xbf{\"file_name\":\"a.pcap\"}".to_vec(),
        deep("[", 10_000),
        deep("{\"a\":", 10_000),
        deep_inside,
        closed.into_bytes(),
    ] {
        let message = client.post("/files/process", &body).refused(400);
        assert!(message.ends_with('.') && message.len() < 200, "{message}");
    }
    let body = br#"{"file_name":"a.pcap"}"#;
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""] {
        let headers = format!("Content-Type: {kind}\r\nContent-Length: {}\r\n", body.len());
        let head = format!("POST /files/process HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n");
        client.send(&[head.as_bytes(), body].concat()).unwrap();
        client.reply(false).unwrap().refused(415);
    }
    for headers in ["Content-Encoding: gzip\r\nContent-Type: application/json\r\n", ""] {
        let headers = format!("{headers}Content-Length: {}\r\n", body.len());
        let head = format!("POST /files/process HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n");
        client.send(&[head.as_bytes(), body].concat()).unwrap();
        client.reply(false).unwrap().refused(415);
    }
    let headers = "Content-Type: application/json; charset=utf-8\r\nContent-Length: 22\r\n";
    let head = format!("POST /files/process HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n");
    client.send(&[head.as_bytes(), body].concat()).unwrap();
    assert_eq!(client.reply(false).unwrap().status, 200);
}

#[test]
fn a_body_without_a_length_is_refused_and_one_that_is_too_large_is_not_read() {
    let server = open();
    let chunked = "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n";
    let reply = server.ask("POST", "/files/process", chunked);
    reply.refused(411);
    assert_eq!(reply.header("connection"), Some("close"));
    server.ask("POST", "/files/process", "Content-Type: application/json\r\n").refused(411);
    let took = |_| {
        let begin = Instant::now();
        let large = "Content-Type: application/json\r\nContent-Length: 10000000\r\n";
        server.ask("POST", "/files/process", large).refused(413);
        begin.elapsed()
    };
    // The machine may be busy with other tests.
    let fastest = (0..10).map(took).min().unwrap();
    assert!(fastest.as_millis() < 100, "{fastest:?}");
    // A client that sends all of it before it reads hears of it, too.
    let mut body = br#"{"file_name":""#.to_vec();
    body.resize(10_000_000, b'x');
    server.post("/files/process", &body).refused(413);
    let mut largest = br#"{"file_name":""#.to_vec();
    largest.resize((64 << 10) - 2, b'x');
    largest.extend_from_slice(b"\"}");
    server.post("/files/process", &largest).refused(404);
    largest.push(b' ');
    server.post("/files/process", &largest).refused(413);
}
