//! Every route, with the fields of the reference.

use super::fake::{FINISHED, HOSTILE, RUNNING};
use super::open;
use serde_json::{Value, json};

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn every_route_of_the_reference_answers_with_its_fields() {
    let server = open();
    let files = server.get("/files/list").json();
    let fields =
        ["extension", "flows_count", "name", "profile", "size", "status", "time_end", "time_start"];
    assert_eq!(keys(&files[0]), fields);
    assert_eq!(files[1]["status"], json!({"state": "new"}));
    let started = server.post("/files/process", br#"{"file_name": "a.pcap", "more": [1]}"#);
    assert_eq!(started.status, 200);
    assert_eq!(started.json()["state"], "in_progress");
    let status = server.get("/file/1/status").json();
    let expected = json!({
        "state": "finished", "started_at": 1_530_878_325, "finished_at": 1_530_878_333, "job_id": 1
    });
    assert_eq!(status, expected);
    let details = server.get("/file/1/details").json();
    assert_eq!(details["size"], 102);
    assert_eq!(details["name"], HOSTILE);
    let statistics = server.get("/file/1/statistics").json();
    assert_eq!(statistics[0]["title"], "protocols");
    assert_eq!(statistics[0]["content"][0], json!({"label": "dns", "count": 5}));
    assert_eq!(statistics[1]["title"], "limit 100");
    let of_label = server.get("/file/1/statistics/labels?label=dns&limit=7&other=1").json();
    assert_eq!(of_label[1]["title"], "limit 7");
    let of_address = server.get("/file/1/statistics/ip?ip=2001:DB8::1").json();
    assert_eq!(keys(&of_address), ["city", "country", "domain_name", "statistics"]);
    assert_eq!(of_address["domain_name"], "2001:db8::1");
    let flows = server.get("/file/1/flows/labels?label=dns").json();
    let fields = ["client_ip", "client_port", "comment", "flow_id", "server_ip", "server_port"];
    assert_eq!(keys(&flows[0])[..6], fields);
    assert_eq!(keys(&flows[0])[6..], ["time_end", "time_start"]);
    let labels = server.get("/labels/list").json();
    assert_eq!(labels, json!([{"group_name": "other", "labels": ["dns", HOSTILE]}]));
}

#[test]
fn every_addition_answers() {
    let server = open();
    assert_eq!(server.ask("DELETE", "/file/1", "").json()["state"], "cancelled");
    assert_eq!(server.get("/directories").json()[0]["name"], ".");
    let followed = server.post("/directories/process", br#"{"directory": "."}"#);
    assert_eq!((followed.status, &followed.json()["job_id"]), (200, &json!(RUNNING)));
    assert_eq!(server.post("/directories/process", br#"{"directory": ".."}"#).status, 404);
    assert_eq!(server.post("/directories/process", br#"{"file_name": "."}"#).status, 400);
    assert_eq!(server.post("/file/1/end", b"{}").json()["state"], "finished");
    assert_eq!(keys(&server.get("/plugins").json()), ["loaded", "quarantined", "refused"]);
    let health = server.get("/health").json();
    assert_eq!(keys(&health), ["jobs_queued", "jobs_running", "status", "version"]);
    assert_eq!(server.get("/openapi.json").json()["openapi"], "3.1.0");
    let metrics = server.get("/metrics");
    let text = metrics.text();
    for line in [
        "tractor_http_requests_total{route=\"/health\",status=\"200\"} 1",
        "tractor_http_request_seconds_count{route=\"/health\"} 1",
        "tractor_http_connections 1",
        "tractor_jobs_running 1",
        "# TYPE tractor_packets counter",
        "tractor_packets_total 12",
        "process_resident_memory_bytes ",
        "tractor_uptime_seconds ",
        "# EOF",
    ] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
}

#[test]
fn routes_answer_the_same_with_their_version_and_with_a_slash_at_the_end() {
    let server = open();
    let plain = server.get("/file/1/statistics?limit=3");
    for path in ["/v1/file/1/statistics?limit=3", "/file/1/statistics/?limit=3"] {
        let other = server.get(path);
        assert_eq!((other.status, &other.body), (200, &plain.body), "{path}");
    }
    server.get("/v1/v1/file/1/statistics").refused(404);
    let next = server.get("/v1/file/1/flows?limit=2");
    assert_eq!(next.header("link"), Some("</v1/file/1/flows?limit=2&after=2>; rel=\"next\""));
}

#[test]
fn head_is_get_without_the_body() {
    let server = open();
    let mut client = server.connect();
    for path in ["/health", "/file/1/status", "/file/99/status", "/nowhere"] {
        let got = client.ask("GET", path, "");
        let head = client.ask("HEAD", path, "");
        assert_eq!(head.status, got.status, "{path}");
        for header in ["content-type", "content-length", "etag", "cache-control"] {
            assert_eq!(head.header(header), got.header(header), "{path}");
        }
    }
    // Nobody waits for bodies that have no end.
    assert_eq!(client.ask("HEAD", "/file/12/flows/labels?label=dns", "").status, 200);
    assert_eq!(server.ask("HEAD", "/file/12/events", "").status, 200);
    let refused = server.ask("HEAD", "/files/process", "");
    assert_eq!((refused.status, refused.header("allow")), (405, Some("POST")));
}

#[test]
fn a_status_that_did_not_change_is_not_sent_again() {
    let server = open();
    let mut client = server.connect();
    let first = client.ask("GET", &format!("/file/{FINISHED}/status"), "");
    let tag = first.header("etag").unwrap().to_owned();
    assert_eq!(first.header("cache-control"), Some("no-cache"));
    for given in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
        let again = client.ask("GET", "/file/1/status", &format!("If-None-Match: {given}\r\n"));
        assert_eq!((again.status, again.header("etag")), (304, Some(tag.as_str())), "{given}");
    }
    assert_eq!(client.ask("GET", "/file/1/status", "If-None-Match: \"x\"\r\n").status, 200);
    let path = format!("/file/{RUNNING}/status");
    let running = client.ask("GET", &path, "");
    let tag = running.header("etag").unwrap();
    assert_eq!(client.ask("GET", &path, &format!("If-None-Match: {tag}\r\n")).status, 200);
}

#[test]
fn names_from_captures_are_inert_in_every_answer() {
    let server = open();
    let label = "%3Cscript%3Ealert(1)%3C/script%3E%26amp;";
    let paths = [
        "/files/list".to_owned(),
        "/file/1/details".to_owned(),
        "/file/1/statistics".to_owned(),
        format!("/file/1/statistics/labels?label={label}"),
        format!("/file/1/flows/labels?label={label}"),
        "/file/1/flows".to_owned(),
        "/labels/list".to_owned(),
        "/file/1/events".to_owned(),
    ];
    for path in paths {
        let reply = server.get(&path);
        assert_eq!(reply.status, 200, "{path}");
        assert!(!reply.text().contains(['<', '>', '&']), "{path}: {}", reply.text());
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"), "{path}");
    }
    let posted = server.post("/files/process", br#"{"file_name": 7, "<b>": "<b>"}"#);
    assert!(!posted.text().contains('<'), "{posted:?}");
}
