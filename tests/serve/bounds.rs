//! Answers that would be too much: what is left out is said, and nobody waits for ever.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::server::{Place, counts, total};
use crate::cli::run::until;
use crate::cli::traffic::{START_NS, office, plain};
use crate::support::capture::{ETHERNET, RawPacket};
use crate::support::frames::{Ip, UDP, udp};
use crate::support::link_frames::frame;

/// More than an answer has room for as long as they are open, and more than are counted one by one.
const CLIENTS: u32 = 140_000;
/// Packets of one client behind them, a flow for each port.
const PACKETS: u32 = 90_000;
const PORTS: u32 = 500;

/// Very many clients of one server.
fn crowd() -> Vec<u8> {
    let packet = |number: u32| {
        let (client, port) = match number.checked_sub(CLIENTS) {
            None => (0x0a00_0000 + number, 40_000),
            Some(number) => (0xc000_0201, 1_024 + number % PORTS),
        };
        let server = IpAddr::from([192, 0, 2, 2]);
        let datagram = udp(port as u16, 9, b"one of many");
        let ip = Ip::new(IpAddr::from(client.to_be_bytes()), server, UDP).packet(&datagram);
        let time_ns = START_NS + i64::from(number) * 1_000;
        RawPacket::whole(time_ns, ETHERNET, frame(ETHERNET, &[], &ip))
    };
    plain(&(0..CLIENTS + PACKETS).map(packet).collect::<Vec<_>>())
}

fn item<'a>(items: &'a Value, title: &str) -> &'a Value {
    items.as_array().unwrap().iter().find(|item| item["title"] == title).unwrap()
}

#[test]
fn what_an_answer_has_no_room_for_is_counted() {
    let place = Place::new();
    place.capture("crowd.pcap", &crowd());
    let server = place.serve(&["--chunk-bytes", "100", "--workers", "1"]);
    let job = server.process("crowd.pcap");
    until("all clients have come", || {
        server.status(job)["progress"]["packets"].as_u64() > Some(u64::from(CLIENTS))
    });
    let path = format!("/file/{job}/statistics/ip?ip=192.0.2.2");
    let (mut told, mut refused) = (0, 0);
    while server.status(job)["state"] == "in_progress" {
        let reply = server.get(&path);
        if reply.status == 503 {
            assert!(reply.header("Retry-After").is_some(), "{reply:?}");
            refused += 1;
            std::thread::sleep(Duration::from_millis(50));
            continue;
        }
        let items = &reply.json()["statistics"];
        let not_told = item(items, "peers")["not_told"].as_u64().unwrap_or(0);
        assert!(total(items, "peers") + not_told >= u64::from(CLIENTS), "{not_told} not told");
        if not_told > 0 {
            let page = server.get(&format!("/file/{job}/flows?ip=192.0.2.2&limit=1"));
            if page.status == 200 && server.status(job)["state"] == "in_progress" {
                assert!(page.header("Flows-Not-Told").is_some(), "{page:?}");
            }
            told += 1;
        }
    }
    println!("{told} answers say what they left out, {refused} were refused");
    assert!(told > 0, "{refused} answers were refused");

    assert_eq!(server.wait(job)["state"], "finished");
    let items = &server.ask(&format!("{path}&limit=100000"))["statistics"];
    let peers = item(items, "peers");
    assert!(peers["not_told"].is_null(), "an answer about a job that is over is whole");
    assert_eq!(total(items, "peers"), u64::from(CLIENTS + PORTS));
    let entries = counts(items, "peers");
    assert_eq!(entries[0], ("192.0.2.1".to_owned(), u64::from(PORTS)));
    let (other, others) = entries.last().unwrap();
    assert_eq!((other.as_str(), Some(*others)), ("(other)", peers["left_out"].as_u64()));
    assert_eq!(*others, u64::from(CLIENTS) - entries.len() as u64 + 2);
    assert!(item(items, "protocols")["left_out"].is_null());
}

#[test]
fn flows_are_looked_for_for_a_bounded_time() {
    let place = Place::new();
    place.capture("office.pcap", &office());
    let server = place.serve(&["--finding-ms", "0"]);
    let job = server.finished("office.pcap");
    for path in [
        "statistics/ip?ip=192.168.1.52",
        "statistics/labels?label=dns",
        "flows?port=53",
        "sessions?domain=example",
        "sessions/1",
    ] {
        let began = Instant::now();
        let reply = server.get(&format!("/file/{job}/{path}"));
        assert_eq!(reply.status, 503, "{path}: {reply:?}");
        let seconds = reply.header("Retry-After").and_then(|text| text.parse::<u64>().ok());
        assert!(seconds > Some(0), "{path}: {reply:?}");
        assert_eq!(reply.json()["code"], 503, "{path}");
        assert!(began.elapsed() < Duration::from_secs(5), "{path}");
    }
    // What is streamed takes the time that it takes, and what is known already none.
    let flows = server.ask(&format!("/file/{job}/flows/labels?label=dns"));
    assert!(!flows.as_array().unwrap().is_empty());
    assert!(total(&server.ask(&format!("/file/{job}/statistics")), "clients") > 0);
}
