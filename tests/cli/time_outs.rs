//! The options that say when a flow is over, and when it is idle.

use tempfile::tempdir;

use super::run::{Table, flows};
use super::traffic::{SECOND_NS, datagram, plain, write};
use crate::support::capture::RawPacket;

/// Packets of one flow at these seconds.
fn at(seconds: &[f64]) -> Vec<RawPacket> {
    let packet = |&second: &f64| datagram((second * SECOND_NS as f64) as i64, 7_000, b"tick");
    seconds.iter().map(packet).collect()
}

/// Packets of each flow, and why it ended.
fn cut(seconds: &[f64], options: &[&str]) -> Vec<(u64, String)> {
    let folder = tempdir().unwrap();
    write(folder.path(), "a.pcap", &plain(&at(seconds)));
    let csv = flows(folder.path(), &[&["a.pcap"], options].concat());
    let table = Table::of(&csv);
    let reasons = table.column("end_reason").into_iter().map(str::to_owned);
    table.numbers("packets_fwd").into_iter().zip(reasons).collect()
}

fn expected(flows: &[(u64, &str)]) -> Vec<(u64, String)> {
    flows.iter().map(|(packets, reason)| (*packets, (*reason).to_owned())).collect()
}

#[test]
fn a_flow_is_idle_after_more_than_the_idle_time_out() {
    let seconds = [0.0, 100.0, 220.0, 341.0];
    let usual = expected(&[(3, "idle"), (1, "end_of_capture")]);
    assert_eq!(cut(&seconds, &[]), usual);
    assert_eq!(cut(&seconds, &["--idle-timeout", "2m"]), usual);
    assert_eq!(cut(&seconds, &["--idle-timeout", "121"]), expected(&[(4, "end_of_capture")]));
    let shorter = expected(&[(2, "idle"), (1, "idle"), (1, "end_of_capture")]);
    assert_eq!(cut(&seconds, &["--idle-timeout", "100s"]), shorter);
    let shortest = expected(&[(1, "idle"), (1, "idle"), (1, "idle"), (1, "end_of_capture")]);
    assert_eq!(cut(&seconds, &["--idle-timeout", "99999ms"]), shortest);
}

#[test]
fn a_flow_is_cut_after_more_than_the_active_time_out() {
    let seconds = [0.0, 10.0, 20.0, 30.0, 40.0];
    assert_eq!(cut(&seconds, &[]), expected(&[(5, "end_of_capture")]));
    for name in ["--active-timeout", "--flow-timeout"] {
        let twice = expected(&[(3, "active"), (2, "end_of_capture")]);
        assert_eq!(cut(&seconds, &[name, "20s"]), twice, "{name}");
        let often = expected(&[(2, "active"), (2, "active"), (1, "end_of_capture")]);
        assert_eq!(cut(&seconds, &[name, "19.5"]), often, "{name}");
    }
}

#[test]
fn the_data_sets_profile_cuts_after_15_seconds_unless_told_otherwise() {
    let folder = tempdir().unwrap();
    write(folder.path(), "a.pcap", &plain(&at(&[0.0, 15.0, 16.0, 30.0, 32.0])));
    let durations = |options: &[&str]| {
        let csv = flows(folder.path(), &[&["a.pcap", "--profile", "iscx"], options].concat());
        Table::of(&csv).numbers("duration")
    };
    // The second begins at 16 s, and 32 s is more than 15 s later.
    assert_eq!(durations(&[]), [15_000_000, 14_000_000, 0]);
    assert_eq!(durations(&["--flow-timeout", "30s"]), [30_000_000, 0]);
    assert_eq!(durations(&["--flow-timeout", "1m"]), [32_000_000]);
    assert_eq!(durations(&["--idle-timeout", "10s"]), [0, 1_000_000, 2_000_000]);
}

#[test]
fn a_gap_longer_than_the_activity_gap_ends_an_active_period() {
    let folder = tempdir().unwrap();
    write(folder.path(), "a.pcap", &plain(&at(&[0.0, 1.0, 3.0, 3.5, 8.5])));
    let periods = |options: &[&str]| {
        let table = Table::of(&flows(folder.path(), &[&["a.pcap"], options].concat()));
        let counts = [table.numbers("active_count")[0], table.numbers("idle_count")[0]];
        (counts, table.column("idle_max_us")[0].to_owned())
    };
    assert_eq!(periods(&[]), ([3, 2], "5000000".to_owned()));
    assert_eq!(periods(&["--activity-gap", "999ms"]), ([4, 3], "5000000".to_owned()));
    assert_eq!(periods(&["--activity-gap", "2s"]), ([2, 1], "5000000".to_owned()));
    assert_eq!(periods(&["--activity-gap", "5s"]), ([1, 0], String::new()));
}
