//! Plugins that panic, crash, exit, hang, eat memory or lie: a run goes through without them, and
//! says which it was. `TRACTOR_CASES` is the number of runs that are killed.

mod checked;
mod killed;
pub mod plugins;
mod streams;

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tempfile::{TempDir, tempdir};

use super::run::{Finished, names, program, start_command, tractor};
use super::traffic::{many_flows, plain, write};
use plugins::{Bad, LOADABLE, can_be_made, good, make};

/// What a call may last in these tests, and what a run may allocate.
const DEADLINE_MS: &str = "1500";
const MEMORY_BYTES: &str = "1500000000";

/// The longest that a run without a bad plugin takes on a machine that has others to serve, too.
const USUAL: Duration = Duration::from_secs(10);

/// A folder with a capture.
fn folder() -> TempDir {
    let folder = tempdir().unwrap();
    write(folder.path(), "a.pcap", &plain(&many_flows(3_000)));
    folder
}

fn flows(folder: &Path, workers: &str, plugins: &[&str], more: &[&str]) -> Finished {
    let usual = ["flows", "a.pcap", "--workers", workers, "--chunk-bytes", "20000"];
    let bounds = ["--plugin-deadline-ms", DEADLINE_MS, "--plugin-memory", MEMORY_BYTES];
    let plugins: Vec<&str> = plugins.iter().flat_map(|name| ["--plugin", name]).collect();
    let mut command = program(folder, &[&usual[..], &bounds, &plugins, more].concat());
    // To name the places of a panic takes longer than a call may last here.
    command.env("RUST_BACKTRACE", "0");
    start_command(&mut command, Stdio::null()).finish(2 * USUAL)
}

fn read(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).unwrap()
}

#[test]
fn a_run_goes_through_without_a_bad_plugin_and_names_it() {
    if !can_be_made() {
        return;
    }
    let folder = folder();
    good(folder.path(), "good");
    let alone = flows(folder.path(), "2", &["./libgood.so"], &["-o", "alone.csv"]);
    assert_eq!(alone.code, Some(0), "{alone:?}");
    let expected = read(folder.path(), "alone.csv");
    assert_eq!(expected.lines().filter(|line| line.contains("good_")).count(), 3_000);
    for bad in &LOADABLE {
        make(folder.path(), bad);
        let library = format!("./lib{}.so", bad.name);
        for workers in ["1", "2"] {
            let both = ["./libgood.so", library.as_str()];
            let finished = flows(folder.path(), workers, &both, &["-o", "both.csv"]);
            assert_eq!(finished.code, Some(0), "{bad:?}: {finished:?}");
            assert!(finished.took < USUAL, "{bad:?}: {finished:?}");
            assert!(read(folder.path(), "both.csv") == expected, "{bad:?}, {workers} workers");
            let names_it = finished.messages.contains(&library);
            let says_it = finished.messages.contains(bad.said);
            assert!(bad.said.is_empty() || names_it && says_it, "{bad:?}: {finished:?}");
            std::fs::remove_file(folder.path().join("both.csv")).unwrap();
        }
        std::fs::remove_file(folder.path().join(library)).unwrap();
    }
    assert_eq!(names(folder.path()), ["a.pcap", "alone.csv", "libgood.so"]);
}

#[test]
fn several_bad_plugins_are_left_out_one_by_one_and_statistics_too_go_through() {
    if !can_be_made() {
        return;
    }
    let folder = folder();
    good(folder.path(), "good");
    let count = |plugins: &[&str]| {
        let plugins: Vec<&str> = plugins.iter().flat_map(|name| ["--plugin", name]).collect();
        let command = ["stats", "a.pcap", "--json", "--plugin-deadline-ms", DEADLINE_MS];
        tractor(folder.path(), &[&command[..], &plugins].concat())
    };
    let expected = count(&["./libgood.so"]);
    assert!(expected.output.contains("good_even"), "{expected:?}");
    let bad = LOADABLE.iter().filter(|bad| ["panics", "segfaults", "exits"].contains(&bad.name));
    let bad: Vec<_> = bad.collect();
    bad.iter().for_each(|bad| drop(make(folder.path(), bad)));
    let all = ["./libgood.so", "./libpanics.so", "./libsegfaults.so", "./libexits.so"];
    let finished = count(&all);
    assert_eq!((finished.code, &finished.output), (Some(0), &expected.output), "{finished:?}");
    for bad in bad {
        let left_out = format!("plugin org.example.{} of ./lib{0}.so {}", bad.name, bad.said);
        assert!(finished.messages.contains(&left_out), "{left_out}: {finished:?}");
    }
}

#[test]
fn of_several_plugins_inside_the_one_that_crashed_is_found() {
    if !can_be_made() {
        return;
    }
    let folder = folder();
    // Nearly always inside, in the other worker.
    make(folder.path(), &Bad { name: "slow", classify: "usleep(100);", ..plugins::GOOD });
    make(folder.path(), LOADABLE.iter().find(|bad| bad.name == "segfaults").unwrap());
    std::fs::write(folder.path().join("text.so"), "no library").unwrap();
    let expected = flows(folder.path(), "2", &["./libslow.so"], &["-o", "-"]);
    for _ in 0..3 {
        let both = ["./libslow.so", "./libsegfaults.so", "./text.so"];
        let finished = flows(folder.path(), "2", &both, &["-o", "both.csv"]);
        assert_eq!(finished.code, Some(0), "{finished:?}");
        assert!(read(folder.path(), "both.csv") == expected.output, "{finished:?}");
        let said = "org.example.segfaults of ./libsegfaults.so crashed (signal 11); the run is \
                    repeated without it";
        assert!(finished.messages.contains(said), "{finished:?}");
        // However often it is repeated.
        assert_eq!(finished.messages.matches("text.so is not loaded").count(), 1, "{finished:?}");
    }
}

#[test]
fn a_list_of_plugins_goes_through_without_one_that_cannot_be_asked() {
    if !can_be_made() {
        return;
    }
    let folder = folder();
    good(folder.path(), "good");
    let crashes = LOADABLE.iter().find(|bad| bad.name == "crashes_in_create").unwrap();
    make(folder.path(), crashes);
    let both = ["plugins", "--plugin", "./libgood.so", "--plugin", "./libcrashes_in_create.so"];
    let finished = tractor(folder.path(), &both);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(finished.messages.contains("./libcrashes_in_create.so crashed"), "{finished:?}");
    for line in ["org.example.good 1.0", "org.example.crashes_in_create of"] {
        assert!(finished.output.contains(line), "{finished:?}");
    }
}

#[test]
fn what_is_no_plugin_is_refused_and_nothing_else_happens() {
    if !can_be_made() {
        return;
    }
    let folder = folder();
    good(folder.path(), "good");
    plugins::compile(folder.path(), "no_symbol", "int other;\n");
    write(folder.path(), "no_elf.so", b"GIF89a");
    let expected = flows(folder.path(), "2", &["./libgood.so"], &[]);
    for (library, why) in [
        ("./libno_symbol.so", "it has no symbol tractor_plugin"),
        ("./no_elf.so", "it cannot be opened as a shared library"),
    ] {
        let finished = flows(folder.path(), "2", &["./libgood.so", library], &[]);
        assert_eq!((finished.code, &finished.output), (Some(0), &expected.output), "{library}");
        let refused = format!("plugin {library} is not loaded: {why}");
        assert!(finished.messages.contains(&refused), "{finished:?}");
        let strict = flows(folder.path(), "2", &[library], &["--strict-plugins"]);
        assert_eq!(strict.code, Some(2), "{strict:?}");
    }
}

#[test]
fn a_panic_in_rust_is_told_and_the_run_goes_through() {
    if !can_be_made() || !plugins::can_be_made_in_rust() {
        return;
    }
    let folder = folder();
    good(folder.path(), "good");
    plugins::in_rust(folder.path());
    let expected = flows(folder.path(), "2", &["./libgood.so"], &["-o", "-"]);
    for workers in ["1", "2"] {
        let both = ["./libgood.so", "./libpanicking.so"];
        let finished = flows(folder.path(), workers, &both, &["-o", "both.csv"]);
        assert_eq!(finished.code, Some(0), "{finished:?}");
        assert!(read(folder.path(), "both.csv") == expected.output, "{workers} workers");
        let said = "plugin org.example.panicking of ./libpanicking.so panicked: ";
        assert!(finished.messages.contains(said), "{finished:?}");
        assert!(finished.messages.contains("an odd port; the run is repeated"), "{finished:?}");
    }
}
