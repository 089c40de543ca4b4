//! Windows of a job: the rows are the oracle's, sums are theirs, and both are there as soon as the clock has
//! passed. `TRACTOR_CASES` is the number of captures.

use super::server::{Place, Server};
use super::streams::{end, follow};
use crate::binary::{cases, option_arguments};
use crate::cli::run::{tractor, until};
use crate::cli::traffic::{office, plain};
use crate::oracle::{self, Options, Profile, SECOND, cuts};
use crate::support::capture::{ETHERNET, RawPacket};
use crate::support::files::{self, Form};
use crate::support::frames::{Ip, UDP, udp};
use crate::support::link_frames::frame;
use crate::support::random::Random;
use crate::support::traffic::{Mood, adversarial};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const WINDOWS: [i128; 4] = [SECOND / 2, SECOND, 10 * SECOND, 3_600 * SECOND];
const WORKERS: [&str; 3] = ["1", "2", "4"];
const CHUNKS: [&str; 3] = ["64", "1000", "65536"];

fn rows(server: &Server, job: u64, query: &str) -> String {
    let reply = server.get(&format!("/file/{job}/windows?format=csv{query}"));
    assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
    String::from_utf8(reply.body).unwrap()
}

/// Those columns alone.
fn columns_of(csv: &str, columns: &[String]) -> String {
    let mut lines = csv.lines();
    let names = oracle::table::fields(lines.next().expect("a header"));
    let place = |name: &String| names.iter().position(|own| own == name).expect("a column");
    let places: Vec<usize> = columns.iter().map(place).collect();
    let quoted = |text: &String| format!("\"{}\"", text.replace('"', "\"\""));
    let mut chosen = columns.join(",") + "\n";
    for line in lines {
        let cells = oracle::table::fields(line);
        let cells: Vec<String> = places.iter().map(|place| quoted(&cells[*place])).collect();
        chosen += &(cells.join(",") + "\n");
    }
    chosen
}

#[test]
fn rows_of_windows_beside_flows_are_the_oracles() {
    for seed in 0..cases(8) {
        let mut random = Random::seeded(6_000_000 + seed);
        let mood = Mood::of(&mut random);
        let packets = adversarial(&mut random, &mood, 300);
        let with_windows: Vec<Profile> =
            Profile::ALL.into_iter().filter(|profile| profile.has_windows()).collect();
        let mut options = Options::of(random.pick(&with_windows));
        if random.chance(40) {
            options.idle = random.pick(&[1, 5, 30]) * SECOND;
        }
        options.outer = random.chance(20);
        let window = random.pick(&WINDOWS);
        options.window = Some(window);
        let place = Place::new();
        let paths = files::write(&place.captures(), &packets, Form::One, &mut random);
        let name = paths[0].file_name().unwrap().to_str().unwrap().to_owned();
        let mut arguments = option_arguments(&options);
        arguments.extend(["--no-plugins", "--profile", options.profile.name()].map(str::to_owned));
        let (workers, chunk_bytes) = (random.pick(&WORKERS), random.pick(&CHUNKS));
        let means = ["--workers", workers, "--chunk-bytes", chunk_bytes].map(str::to_owned);
        arguments.extend(means);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let server = place.serve(&arguments);
        let job = server.finished(&name);
        let expected = cuts::beside(&packets, &options, window);
        let stored = columns_of(&rows(&server, job, ""), &expected.columns);
        let difference = expected.difference(&stored);
        assert_eq!(difference, None, "seed 6000000 + {seed}, {mood:?}\n{arguments:?}");
        // The rows of flows are what they are without.
        let flows = oracle::table(&packets, &Options { window: None, ..options.clone() });
        let stored = String::from_utf8(server.export(job, "csv")).unwrap();
        let difference = flows.difference(&columns_of(&stored, &flows.columns));
        assert_eq!(difference, None, "seed 6000000 + {seed}, {mood:?}\n{arguments:?}");
    }
}

/// Rows, packets and labels of each window, by its begin.
type Sums = BTreeMap<String, (u64, u64, BTreeMap<String, u64>)>;

fn sums_of(rows: &str) -> Sums {
    let names = ["window_start", "packets_fwd", "packets_bwd", "label"].map(str::to_owned);
    let mut sums = Sums::new();
    for line in columns_of(rows, &names).lines().skip(1) {
        let cells = oracle::table::fields(line);
        let sum = sums.entry(cells[0].clone()).or_default();
        sum.0 += 1;
        sum.1 += cells[1].parse::<u64>().unwrap() + cells[2].parse::<u64>().unwrap();
        if !cells[3].is_empty() {
            *sum.2.entry(cells[3].clone()).or_default() += 1;
        }
    }
    sums
}

/// The same as the server sums them up, in order.
fn told(windows: &[Value]) -> Vec<(u64, u64, BTreeMap<String, u64>)> {
    let of_window = |window: &Value| {
        let number = |name: &str| window[name].as_u64().unwrap();
        let labels = window["labels"].as_array().unwrap().iter();
        let label = |entry: &Value| {
            (entry["label"].as_str().unwrap().to_owned(), entry["count"].as_u64().unwrap())
        };
        (number("flows"), number("packets"), labels.map(label).collect())
    };
    windows.iter().map(of_window).collect()
}

#[test]
fn sums_over_windows_are_those_of_their_rows_page_by_page() {
    let place = Place::new();
    place.capture("office.pcap", &office());
    let server = place.serve(&["--window", "1s"]);
    let job = server.finished("office.pcap");
    let all = rows(&server, job, "");
    let expected: Vec<_> = sums_of(&all).into_values().collect();
    assert!(expected.len() > 4 && expected.iter().any(|sum| !sum.2.is_empty()), "{expected:?}");
    let windows = server.ask(&format!("/file/{job}/windows"));
    let windows = windows.as_array().unwrap();
    assert_eq!(told(windows), expected);
    // Pages are all of them.
    let mut path = format!("/file/{job}/windows?limit=2");
    let mut paged: Vec<Value> = Vec::new();
    loop {
        let reply = server.get(&path);
        let page = reply.json().as_array().unwrap().clone();
        assert!(page.len() <= 2);
        paged.extend(page);
        let Some(link) = reply.header("link") else { break };
        path = link[1..].split_once('>').unwrap().0.to_owned();
    }
    assert_eq!(&paged, windows);
    // A window is there as a whole or not at all.
    let second = windows[1]["time_start"].as_f64().unwrap() as i64;
    let asked = server.ask(&format!("/file/{job}/windows?from={second}&to={}", second + 1));
    assert_eq!(asked, json!([windows[1]]));
    let some = rows(&server, job, &format!("&from={second}&to={}", second + 1));
    assert_eq!(sums_of(&some).into_values().collect::<Vec<_>>(), [expected[1].clone()]);
    for (format, is_it) in [("jsonl", &b"{"[..]), ("parquet", b"PAR1")] {
        let reply = server.get(&format!("/file/{job}/windows?format={format}"));
        assert!(reply.status == 200 && reply.body.starts_with(is_it), "{format}");
    }
}

#[test]
fn jobs_without_windows_say_so() {
    let place = Place::new();
    place.capture("office.pcap", &office());
    let server = place.serve(&[]);
    let job = server.finished("office.pcap");
    let reply = server.get(&format!("/file/{job}/windows"));
    assert_eq!(reply.status, 404);
    assert!(reply.json()["message"].as_str().unwrap().contains("--window"), "{:?}", reply.json());
    drop(server);
    let server = place.serve(&["--window", "1s"]);
    let body = json!({ "file_name": "office.pcap", "profile": "nfstream" });
    let job = server.post(&body).json()["job_id"].as_u64().unwrap();
    assert_eq!(server.wait(job)["state"], "finished");
    assert_eq!(server.get(&format!("/file/{job}/windows?format=csv")).status, 404);
    drop(server);
    let finished = tractor(
        place.root.path(),
        &["serve", "--captures", ".", "--data", "d", "--profile", "cic", "--window", "1s"],
    );
    assert_eq!(finished.code, Some(2), "{}", finished.messages);
    assert!(finished.messages.contains("the profile cic has no rows of windows"));
}

/// A flow for each number.
fn packet(number: u8, time_s: i64) -> RawPacket {
    let ip = Ip::new([10, 0, 0, number].into(), [192, 0, 2, 1].into(), UDP);
    let frame = frame(ETHERNET, &[], &ip.packet(&udp(4_000, 9_999, b"hello")));
    RawPacket::whole((1_700_000_000 + time_s) * 1_000_000_000, ETHERNET, frame)
}

#[test]
fn windows_of_a_stream_are_told_when_the_clock_has_passed() {
    let place = Place::new();
    let server = place.serve(&["--window", "10s", "--quiet-after", "never"]);
    let job = follow(&server, ".");
    let windows = || server.ask(&format!("/file/{job}/windows")).as_array().unwrap().clone();
    let flows = |windows: &[Value]| {
        let of = |window: &Value| window["flows"].as_u64().unwrap();
        windows.iter().map(of).collect::<Vec<_>>()
    };
    let heard = std::thread::scope(|scope| {
        let heard = scope.spawn(|| server.get(&format!("/file/{job}/events")));
        until("it runs", || server.status(job)["stream"].is_object());
        place.capture("1.pcap", &plain(&[packet(1, 1), packet(2, 5), packet(1, 9)]));
        until("three are read", || server.status(job)["progress"]["packets"] == 3);
        assert_eq!(windows(), Vec::<Value>::new(), "the window goes on");
        place.capture("2.pcap", &plain(&[packet(3, 12), packet(3, 31)]));
        until("two have ended", || windows().len() == 2);
        assert_eq!(flows(&windows()), [2, 1]);
        assert_eq!(windows()[0]["time_end"], 1_700_000_010.0);
        assert_eq!(windows()[0]["packets"], 3);
        assert_eq!(rows(&server, job, "").lines().count(), 1 + 3);
        assert_eq!(server.get(&format!("/file/{job}/windows?format=parquet")).status, 409);
        // One that comes late is in its window, once that of the clock has ended.
        place.capture("3.pcap", &plain(&[packet(4, 3), packet(4, 41)]));
        until("it is told", || flows(&windows()) == [3, 1, 1]);
        let status = end(&server, job, 7);
        assert_eq!(status["state"], "finished", "{status}");
        heard.join().unwrap()
    });
    assert_eq!(flows(&windows()), [3, 1, 1, 1]);
    assert_eq!(rows(&server, job, "").lines().count(), 1 + 6);
    let heard = String::from_utf8(heard.body).unwrap();
    let events: Vec<&str> = heard.split("\n\n").collect();
    let of_windows = events.iter().filter(|event| event.contains("event:window"));
    let begins: Vec<f64> = of_windows
        .map(|event| {
            let data = event.lines().find_map(|line| line.strip_prefix("data:")).unwrap();
            serde_json::from_str::<Value>(data).unwrap()["time_start"].as_f64().unwrap()
        })
        .collect();
    assert_eq!(begins, [0.0, 10.0, 30.0, 40.0].map(|at| 1_700_000_000.0 + at), "{heard}");
}
