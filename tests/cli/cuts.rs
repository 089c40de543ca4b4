//! What does not go together, and the lists of first packets.

use tempfile::tempdir;

use super::profiles::{PROFILES, labels_behind};
use super::run::tractor;
use super::traffic::{office, write};

#[test]
fn what_does_not_go_together_is_wrong_usage() {
    let folder = tempdir().unwrap();
    write(folder.path(), "a.pcap", &office());
    let cases: [(&[&str], &str); 8] = [
        (&["--window", "1s", "--profile", "cic"], "the profile cic has no rows of windows"),
        (&["--window", "1s", "--profile", "nfstream"], "nfstream has no rows of windows"),
        (&["--window", "1s", "--format", "zeek"], "the format zeek has no rows of windows"),
        (&["--window", "1s", "--splt", "3"], "cannot be used with"),
        (&["--splt", "2", "--format", "arff"], "the format arff has no lists of packets"),
        (&["--splt", "0"], "invalid value '0'"),
        (&["--splt", "256"], "invalid value '256'"),
        (&["--outer", "--profile", "cic"], "cic reads tunnels by its own rules"),
    ];
    for (arguments, said) in cases {
        let finished = tractor(folder.path(), &[&["flows", "a.pcap"], arguments].concat());
        assert_eq!((finished.code, finished.output.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(finished.messages.contains(said), "{arguments:?}: {}", finished.messages);
    }
    // Statistics take tunnels like flows.
    let arguments = ["stats", "a.pcap", "--outer", "--profile", "nfstream"];
    let finished = tractor(folder.path(), &arguments);
    assert_eq!(finished.code, Some(2));
    assert!(finished.messages.contains("nfstream reads tunnels by its own rules"));
}

#[test]
fn first_packets_are_lists_before_the_class_in_every_profile() {
    let folder = tempdir().unwrap();
    write(folder.path(), "a.pcap", &office());
    for profile in PROFILES {
        let arguments = ["flows", "a.pcap", "--splt", "2", "--profile", profile, "--format"];
        let lines = tractor(folder.path(), &[&arguments[..], &["jsonl"]].concat()).output;
        let table = tractor(folder.path(), &[&arguments[..], &["csv"]].concat()).output;
        let columns: Vec<&str> = table.lines().next().unwrap().split(',').collect();
        let place = columns.iter().position(|name| *name == "splt_direction").unwrap();
        assert_eq!(columns[place + 1..place + 3], ["splt_payload_bytes", "splt_gap_us"]);
        // All have a class column behind them but one.
        let behind = columns.len() - place - labels_behind(profile);
        assert_eq!(behind, if profile == "nfstream" { 3 } else { 4 });
        for line in lines.lines() {
            let row: serde_json::Value = serde_json::from_str(line).unwrap();
            let directions = row["splt_direction"].as_array().unwrap();
            assert!((1..3).contains(&directions.len()), "{line}");
            assert_eq!(directions[0].as_u64(), Some(0), "{line}");
            assert_eq!(row["splt_payload_bytes"].as_array().unwrap().len(), directions.len());
            assert_eq!(row["splt_gap_us"][0].as_f64(), Some(0.0), "{line}");
        }
        assert_eq!(lines.lines().count() + 1, table.lines().count());
    }
}
