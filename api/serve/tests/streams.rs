//! Answers that are written while they are read: flows, exports, events.

use super::fake::{BREAKS_AT_ONCE, BREAKS_LATE, ENDLESS, Fake, ROWS};
use super::open;
use serde_json::Value;
use std::sync::atomic::Ordering;
use std::thread::sleep;
use std::time::{Duration, Instant};

#[test]
fn pages_of_flows_are_all_flows() {
    let server = open();
    let mut client = server.connect();
    let all = client.ask("GET", "/file/1/flows/labels?label=dns", "");
    assert_eq!((all.header("link"), all.is_whole), (None, true));
    assert_eq!(all.json().as_array().unwrap().len() as u64, ROWS);
    let mut path = "/file/1/flows/labels?label=d%6es&limit=700&x=%3E".to_owned();
    let mut rows: Vec<Value> = Vec::new();
    loop {
        let page = client.ask("GET", &path, "");
        rows.extend(page.json().as_array().unwrap().iter().cloned());
        let Some(link) = page.header("link") else { break };
        path = link.strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap().to_owned();
        assert!(path.starts_with("/file/1/flows/labels?label=d%6es&limit=700&x=%3E&after="));
    }
    assert_eq!(Value::from(rows), all.json());
    let filters = "label=dns&ip=::1&port=53&protocol=udp&domain=a.example&from=1&to=2";
    let page = client.ask("GET", &format!("/file/1/flows?{filters}"), "");
    assert_eq!(page.json().as_array().unwrap().len(), 1_000);
    let link = format!("</file/1/flows?{filters}&after=1000>; rel=\"next\"");
    assert_eq!(page.header("link"), Some(link.as_str()));
}

#[test]
fn flows_that_break_are_an_error_or_a_cut_and_never_a_short_answer() {
    let server = open();
    let mut client = server.connect();
    client.ask("GET", &format!("/file/{BREAKS_AT_ONCE}/flows"), "").refused(500);
    client.ask("GET", &format!("/file/{BREAKS_AT_ONCE}/flows?format=csv"), "").refused(500);
    let cut = client.ask("GET", &format!("/file/{BREAKS_LATE}/flows"), "");
    assert_eq!((cut.status, cut.is_whole), (200, false));
    assert!(cut.body.len() > 1 << 20);
    client.wait_for_end().unwrap();
}

#[test]
fn exports_are_files_with_safe_names() {
    let server = open();
    let mut client = server.connect();
    for (format, content_type) in [
        ("csv", "text/csv; charset=utf-8"),
        ("jsonl", "application/x-ndjson"),
        ("parquet", "application/vnd.apache.parquet"),
    ] {
        let path = format!("/file/1/flows?format={format}&profile=native");
        let export = client.ask("GET", &path, "");
        assert_eq!(export.header("content-type"), Some(content_type));
        let name = format!("_script_alert_1___script__amp_.1.{format}");
        let disposition = format!("attachment; filename=\"{name}\"");
        assert_eq!(export.header("content-disposition"), Some(disposition.as_str()));
        assert_eq!(export.text().to_lowercase(), format!("{format} of 1\n"));
    }
}

fn wait_until_nobody_writes(fake: &Fake) {
    let begin = Instant::now();
    while fake.writing.load(Ordering::SeqCst) > 0 {
        assert!(begin.elapsed() < Duration::from_secs(5), "somebody still writes");
        sleep(Duration::from_millis(10));
    }
}

#[test]
fn who_writes_stops_when_the_client_goes() {
    let server = open();
    for path in ["flows/labels?label=dns", "flows?format=csv", "flows?format=parquet"] {
        let mut client = server.connect();
        let request = format!("GET /file/{ENDLESS}/{path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        client.send(request.as_bytes()).unwrap();
        assert_eq!(client.head().unwrap().status, 200);
        sleep(Duration::from_millis(50));
        assert_eq!(server.fake.writing.load(Ordering::SeqCst), 1, "it waits for the client");
        drop(client);
        wait_until_nobody_writes(&server.fake);
    }
}

#[test]
fn one_stream_too_many_is_refused_and_places_come_back() {
    let server = open();
    let request =
        format!("GET /file/{ENDLESS}/flows?format=csv HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let mut clients = Vec::new();
    for _ in 0..crate::serve::limits::STREAMS_AT_ONCE_MAX {
        let mut client = server.connect();
        client.send(request.as_bytes()).unwrap();
        assert_eq!(client.head().unwrap().status, 200);
        clients.push(client);
    }
    let refused = server.get("/file/1/flows");
    refused.refused(503);
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(server.get("/file/1/details").status, 200);
    drop(clients);
    wait_until_nobody_writes(&server.fake);
    assert_eq!(server.get("/file/1/flows").status, 200);
}

#[test]
fn events_tell_of_a_job_until_it_is_over() {
    let server = open();
    let reply = server.get("/file/2/events");
    assert_eq!(reply.header("content-type"), Some("text/event-stream"));
    assert_eq!(reply.header("cache-control"), Some("no-cache"));
    assert!(reply.is_whole);
    let mut events = Vec::new();
    for event in reply.text().trim().split("\n\n") {
        let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        let data: Value = serde_json::from_str(field("data:")).unwrap();
        let state = data["state"].as_str().unwrap_or("a window").to_owned();
        events.push((field("id:").to_owned(), field("event:").to_owned(), state));
    }
    // Its last windows come before its end.
    let before =
        [("state", "in_progress"), ("progress", "in_progress"), ("progress", "in_progress")];
    let expected = before.into_iter().chain([("window", "a window"); 10]);
    let expected = expected.chain([("state", "finished")]).zip(1..);
    let expected = expected.map(|((name, state), id)| (id.to_string(), name.into(), state.into()));
    assert_eq!(events, expected.collect::<Vec<_>>());
    let over = server.get("/file/1/events");
    assert_eq!(over.text().matches("event:").count(), 1);
}
