//! What an instance sees, what of its tags is taken, and what happens when it fails.

use super::plugins::plugin;
use super::{files, load, refused};
use crate::classify::{FirstPacket, NAME_SNI, NOT_KEPT, Plugins, State, Subject, Tag};
use crate::flows::EndReason;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;
use tempfile::tempdir;

/// A flow whose ports tell it from others.
fn subject(port: u16) -> Subject<'static> {
    Subject {
        state: State::Closed(EndReason::Rst),
        transport: 6,
        client: (IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)), port),
        server: (IpAddr::V6(Ipv6Addr::LOCALHOST), 443),
        start_us: 5,
        end_us: 6,
        packets: [3, 4],
        bytes: [30, 40],
        first_packets: &[],
        payload: [b"", b""],
        server_name: "",
        user_agent: "",
        alpn: "",
        ja3: "",
        ja4: "",
        server_name_from: 0,
        features: &[],
    }
}

fn one(folder: &Path, macros: &[(&str, &str)]) -> Option<Plugins> {
    let plugins = load(&files(&[plugin(folder, "a.so", macros)?]));
    assert_eq!(refused(&plugins), [""; 0]);
    Some(plugins)
}

fn evidence(tags: &[Tag]) -> Vec<(u32, &str)> {
    tags.iter().map(|tag| (tag.subject, tag.evidence.as_deref().unwrap_or(""))).collect()
}

/// Prints what the flow has into the evidence of a tag.
const TELL: &str = "char text[255]; snprintf(text, 255, \
    \"%u/%u/%u/%u %u:%u>%u %u %u|%.*s|%.*s|%.*s %u %u f%u p%u:%d,%d\", \
    flow->state, flow->transport, flow->ip_version, flow->closed_by, \
    flow->client_ip[15], flow->client_port, flow->server_ip[15], \
    (unsigned)flow->packets[1], (unsigned)flow->bytes[0], \
    (int)flow->payload[0].length, (const char *)flow->payload[0].data, \
    (int)flow->payload[1].length, (const char *)flow->payload[1].data, \
    (int)flow->server_name.length, flow->server_name.data, flow->server_name_from, \
    (unsigned)flow->size, flow->feature_count, flow->packet_count, \
    flow->packet_count > 0 ? (int)flow->packet[0].payload_at : 0, \
    flow->packet_count > 1 ? (int)flow->packet[1].payload_at : 0); \
    host->tag(tags, at, 1, 0.25f, text);";

#[test]
fn each_classifier_sees_what_it_asked_for_and_no_more() {
    let packet =
        |direction, payload_at| FirstPacket { direction, payload_at, ..FirstPacket::default() };
    let packets = [packet(0, 0), packet(0, 3), packet(1, 4), packet(1, NOT_KEPT)];
    let whole = Subject {
        first_packets: &packets,
        payload: [b"abcdef", b"uvwxyz"],
        server_name: "a.example",
        server_name_from: NAME_SNI,
        features: &[1.0, 2.0],
        ..subject(7)
    };
    let size = size_of::<tractor_plugin::abi::tractor_flow>();
    let all = "TRACTOR_NEEDS_PAYLOAD | TRACTOR_NEEDS_PACKETS | TRACTOR_NEEDS_FEATURES | \
               TRACTOR_NEEDS_NAMES";
    let cases: [(&[(&str, &str)], String); 3] = [
        (&[("PACKETS", "9"), ("PAYLOAD_BYTES", "9")], format!("||| 0 {size} f0 p0:0,0")),
        (
            &[("NEEDS", all), ("PACKETS", "9"), ("PAYLOAD_BYTES", "9")],
            format!("|abcdef|uvwxyz|a.example 1 {size} f2 p4:0,3"),
        ),
        (
            &[("NEEDS", all), ("PACKETS", "2"), ("PAYLOAD_BYTES", "3")],
            format!("|abc|uvw|a.example 1 {size} f2 p2:0,-1"),
        ),
    ];
    for (macros, expected) in cases {
        let folder = tempdir().unwrap();
        let macros = [macros, &[("FLOW", TELL), ("COLUMNS", "\"two/1\"")]].concat();
        let Some(plugins) = one(folder.path(), &macros) else { return };
        let mut tags = Vec::new();
        plugins.panel().unwrap().classify(0, &[whole], &mut tags).unwrap();
        let expected = format!("3/6/4/2 1:7>1 4 30{expected}");
        assert_eq!(evidence(&tags), [(0, expected.as_str())]);
        let label = tags[0].label.map(|id| plugins.labels().get(id).name.as_str());
        assert_eq!((label, tags[0].own_index, tags[0].confidence), (Some("http"), 1, 0.25));
        // The memory of one call serves the next.
        plugins.panel().unwrap().classify(0, &[whole; 3], &mut tags).unwrap();
        assert_eq!(evidence(&tags)[3], (2, expected.as_str()));
    }
}

#[test]
fn only_flows_that_fail_alone_lose_the_vote() {
    let folder = tempdir().unwrap();
    let fails = "if (flow->client_port == 13) { host->fail(host, \"thirteen\"); return TRACTOR_ERROR; } \
                 host->tag(tags, at, 0, 0.5f, NULL);";
    let Some(plugins) = one(folder.path(), &[("FLOW", fails)]) else { return };
    let mut panel = plugins.panel().unwrap();
    let mut tags = Vec::new();
    let subjects: Vec<_> = (10..16).map(subject).collect();
    panel.classify(0, &subjects, &mut tags).unwrap();
    let tagged: Vec<u32> = tags.iter().map(|tag| tag.subject).collect();
    assert_eq!(tagged, [0, 1, 2, 4, 5]);
    let counts = panel.counts().next().unwrap().clone();
    assert_eq!((counts.calls, counts.flows, counts.errors, counts.tags), (7, 6, 1, 5));
    assert_eq!(counts.first_error.as_deref(), Some("thirteen"));
}

#[test]
fn more_flows_than_a_call_has_keep_their_places() {
    let folder = tempdir().unwrap();
    let tag = "if (flow->client_port == 1000) host->tag(tags, at, 0, 0.5f, NULL);";
    let Some(plugins) = one(folder.path(), &[("FLOW", tag)]) else { return };
    let subjects: Vec<_> = (0..1_200).map(subject).collect();
    let (mut panel, mut tags) = (plugins.panel().unwrap(), Vec::new());
    panel.classify(0, &subjects, &mut tags).unwrap();
    assert_eq!(evidence(&tags), [(1_000, "")]);
    panel.classify(0, &[], &mut tags).unwrap();
    assert_eq!(panel.counts().next().unwrap().calls, 3);
}

#[test]
fn wrong_tags_are_dropped_and_the_others_stay() {
    let folder = tempdir().unwrap();
    let tag = "host->tag(tags, at, 0, 0.0f / 0.0f, NULL); host->tag(tags, at, 9, 0.5f, NULL); \
               host->tag(tags, at + 1, 0, 0.5f, NULL); host->tag(tags, at, 1, 7.0f, \"a\\033b\"); \
               host->tag(tags, at, TRACTOR_TAKE_BACK, 0.0f, NULL);";
    let Some(plugins) = one(folder.path(), &[("FLOW", tag)]) else { return };
    let (mut panel, mut tags) = (plugins.panel().unwrap(), Vec::new());
    panel.classify(0, &[subject(1)], &mut tags).unwrap();
    let seen: Vec<_> = tags.iter().map(|tag| (tag.label, tag.confidence)).collect();
    assert_eq!(seen, [(Some(1), 1.0), (None, 0.0)]);
    assert_eq!(tags[0].evidence.as_deref(), Some("a\\u{1b}b"));
    assert_eq!(panel.counts().next().unwrap().dropped_tags, 3);
}

#[test]
fn one_panic_ends_the_plugin() {
    let folder = tempdir().unwrap();
    let panics =
        "if (me->calls > 1) { host->fail(host, \"index out of range\"); return TRACTOR_PANIC; }";
    let Some(plugins) = one(folder.path(), &[("BATCH", panics)]) else { return };
    let (mut panel, mut tags) = (plugins.panel().unwrap(), Vec::new());
    panel.classify(0, &[subject(1)], &mut tags).unwrap();
    for what in ["panicked: index out of range", "panicked"] {
        let failure = panel.classify(0, &[subject(1)], &mut tags).unwrap_err();
        assert_eq!((failure.id.as_str(), failure.what.as_str()), ("org.example.test", what));
    }
}

#[test]
fn an_instance_that_declares_something_else_has_failed() {
    let folder = tempdir().unwrap();
    let create = "static int times; \
                  if (host->declare(host, labels + times++ % 2, 1, NULL, 0)) return TRACTOR_ERROR;";
    let Some(plugins) = one(folder.path(), &[("CREATE", create)]) else { return };
    let failure = plugins.panel().err().unwrap();
    assert_eq!(failure.what, "declares something else each time");
}
