//! `tractor plugins check` finds what breaks the contract, and nothing where it is kept.

use std::path::Path;
use std::process::Command;

use tempfile::tempdir;

use super::super::run::{Finished, tractor};
use super::plugins::{Bad, GOOD, LOADABLE, can_be_made, compile, good, make};
use super::{DEADLINE_MS, MEMORY_BYTES, USUAL};

/// Bad in ways that no run can see at once.
const UNSTEADY: [Bad; 6] = [
    Bad {
        name: "counts_flows",
        classify: "if (at % 2) { continue; }",
        checked: "gives another verdict when flows come together: flow",
        ..GOOD
    },
    Bad {
        name: "remembers",
        top: "static __thread int seen;",
        classify: "if (++seen % 50 == 0) { continue; }",
        checked: "gives another verdict in another instance: flow",
        ..GOOD
    },
    Bad {
        name: "takes_any_option",
        top: "#define BAD_OPTION_IS_FINE 1",
        checked: "takes the option tractor-check-no-such-option",
        ..GOOD
    },
    Bad {
        name: "prints",
        create: r#"printf("made\n"); fflush(stdout);"#,
        checked: "prints to standard output",
        ..GOOD
    },
    Bad {
        name: "declares_something_else",
        create: "static int made; if (made++ > 0) { host->declare(host, labels, 1, NULL, 0); }",
        checked: "declares something else each time it is created",
        ..GOOD
    },
    Bad {
        name: "leaves_threads",
        top: "static void *wait_for_ever(void *unused) { for (;;) { sleep(60); } return unused; }",
        create: "pthread_t thread; pthread_create(&thread, NULL, wait_for_ever, NULL);",
        checked: "leaves threads behind",
        ..GOOD
    },
];

fn check(folder: &Path, library: &Path, more: &[&str]) -> Finished {
    let bounds = ["--plugin-deadline-ms", DEADLINE_MS, "--plugin-memory", MEMORY_BYTES];
    let command = ["plugins", "check", library.to_str().unwrap()];
    tractor(folder, &[&command[..], &bounds, more].concat())
}

#[test]
fn a_check_says_what_breaks_the_contract() {
    if !can_be_made() {
        return;
    }
    let folder = tempdir().unwrap();
    for bad in LOADABLE.iter().chain(&UNSTEADY) {
        let finished = check(folder.path(), &make(folder.path(), bad), &[]);
        assert_eq!(finished.code, Some(1), "{bad:?}: {finished:?}");
        assert!(finished.output.contains(bad.checked), "{bad:?}: {finished:?}");
        assert!(finished.took < 4 * USUAL, "{bad:?}: {finished:?}");
    }
    std::fs::write(folder.path().join("no.so"), "GIF89a").unwrap();
    let finished = check(folder.path(), Path::new("no.so"), &["--json"]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(finished.output.contains("cannot be opened as a shared library"), "{finished:?}");
    assert!(finished.output.contains("\"keeps_the_contract\": false"), "{finished:?}");
    let finished = check(folder.path(), Path::new("nowhere.so"), &[]);
    assert_eq!(finished.code, Some(2), "{finished:?}");
}

#[test]
fn a_check_passes_plugins_that_keep_the_contract() {
    if !can_be_made() {
        return;
    }
    let folder = tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let source = |path: &str| std::fs::read_to_string(root.join(path)).unwrap();
    let of_1_0 = source("tests/abi/1.0/plugin.c");
    let example = source("examples/c_classifier/c_classifier.c");
    let libraries = [
        good(folder.path(), "good"),
        compile(folder.path(), "of_1_0", &of_1_0),
        compile(folder.path(), "example", &example),
    ];
    for library in libraries {
        let finished = check(folder.path(), &library, &[]);
        assert_eq!(finished.code, Some(0), "{library:?}: {finished:?}");
        assert!(finished.output.contains("keeps the contract"), "{finished:?}");
    }
}

#[test]
fn a_check_passes_the_example_over_ndpi() {
    let ndpi = Command::new("pkg-config").args(["--exists", "libndpi"]).status();
    let make = Command::new("make").arg("--version").output();
    if !ndpi.is_ok_and(|status| status.success()) || make.is_err() {
        eprintln!("skipped: there is no nDPI (apt-get install libndpi-dev pkg-config)");
        return;
    }
    let folder = tempdir().unwrap();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/ndpi_classifier");
    let library = folder.path().join("ndpi.so");
    let plugin = format!("PLUGIN={}", library.display());
    let made = Command::new("make").arg("-B").arg("-C").arg(example).arg(plugin).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    let finished = check(folder.path(), &library, &[]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
}
