//! What cannot be read or written again is not: the flows so far are kept.

use std::collections::BTreeSet;
use std::fs::File;
use std::process::Stdio;
use std::time::Duration;

use super::super::run::{Finished, names, program, start_command, tractor};
use super::plugins::{Bad, LOADABLE, can_be_made, good, make};
use super::{DEADLINE_MS, MEMORY_BYTES, folder, read};

fn named(name: &str) -> &'static Bad {
    LOADABLE.iter().find(|bad| bad.name == name).unwrap()
}

fn assert_given_up(finished: &Finished, why: &str) {
    assert_eq!(finished.code, Some(1), "{finished:?}");
    for words in ["plugin org.example.", why, "leave it out with --without-plugin org.example."] {
        assert!(finished.messages.contains(words), "{words}: {finished:?}");
    }
}

#[test]
fn from_standard_input_the_flows_so_far_are_kept() {
    if !can_be_made() {
        return;
    }
    let folder = folder();
    good(folder.path(), "good");
    for bad in ["panics", "segfaults", "loops"].map(named) {
        let library = make(folder.path(), bad);
        for workers in ["1", "2"] {
            let plugins = ["--plugin", "./libgood.so", "--plugin", library.to_str().unwrap()];
            let bounds = ["--plugin-deadline-ms", DEADLINE_MS, "--plugin-memory", MEMORY_BYTES];
            let how = ["flows", "-", "-o", "flows.csv", "--workers", workers];
            let mut command = program(folder.path(), &[&how[..], &plugins, &bounds].concat());
            let input = File::open(folder.path().join("a.pcap")).unwrap();
            let running = start_command(&mut command, Stdio::from(input));
            let finished = running.finish(Duration::from_secs(20));
            assert_given_up(&finished, "standard input cannot be read again");
            let file = folder.path().join("flows.csv");
            if finished.messages.contains("flows.csv holds the flows so far") {
                let rows = read(folder.path(), "flows.csv");
                assert!(rows.is_empty() || rows.ends_with('\n'), "whole rows");
                let id = |row: &str| row.split(',').next().map(str::to_owned);
                let ids: Vec<_> = rows.lines().skip(1).filter_map(id).collect();
                let once: BTreeSet<_> = ids.iter().collect();
                assert_eq!(once.len(), ids.len(), "a flow that goes on is no row");
                std::fs::remove_file(file).unwrap();
            }
        }
        std::fs::remove_file(library).unwrap();
    }
    assert_eq!(names(folder.path()), ["a.pcap", "libgood.so"]);
}

#[test]
fn what_went_to_standard_output_is_not_written_again() {
    if !can_be_made() {
        return;
    }
    let folder = folder();
    let (bad, in_create) = (named("segfaults"), named("crashes_in_create"));
    let run = |bad: &Bad| {
        let library = make(folder.path(), bad);
        let plugin = ["flows", "a.pcap", "--plugin", library.to_str().unwrap()];
        tractor(folder.path(), &[&plugin[..], &["--plugin-deadline-ms", DEADLINE_MS]].concat())
    };
    assert_given_up(&run(bad), "what went to standard output cannot be taken back");
    // Nothing went there before a plugin was loaded.
    let finished = run(in_create);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert_eq!(finished.output.lines().count(), 3_001);
    assert!(finished.messages.contains("the run is repeated without it"), "{finished:?}");
}
