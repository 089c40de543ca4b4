//! `tractor plugins check` of classifiers of windows and of columns: good ones pass, bad ones are told why not.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::tempdir;

use super::super::run::{Finished, tractor};
use super::watchers::{FEATURES, NAMES, watcher, watcher_of};
use crate::oracle::shown::Wish;
use crate::support::plugins::plugin;

const CREATE: &str = "if (option_count > 0) { host->fail(host, \"no options\"); \
                      return TRACTOR_BAD_OPTION; }";

/// Name, macros of a classifier that is bad in one way, and what is said of it.
type Bad = (&'static str, &'static [(&'static str, &'static str)], &'static str);

const BAD: [Bad; 8] = [
    (
        "by_the_mean_of_the_batch",
        &[
            (
                "BATCH",
                "double sum = 0; for (at = 0; at < count; at++) { \
                           if (flows[at]->feature_count > 0) sum += flows[at]->features[0]; }",
            ),
            (
                "FLOW",
                "if (flow->feature_count > 0 && flow->features[0] * count > sum) \
                          { host->tag(tags, at, 0, 0.5f, \"above the mean\"); }",
            ),
        ],
        "gives another verdict when flows come together: flow",
    ),
    (
        "by_the_flow_before",
        &[
            ("BATCH", "static __thread double last;"),
            (
                "FLOW",
                "if (flow->feature_count > 0) { \
                          if (flow->features[0] > last) { host->tag(tags, at, 0, 0.5f, NULL); } \
                          last = flow->features[0]; }",
            ),
        ],
        "gives another verdict when flows come in another order: flow",
    ),
    (
        "learns_from_windows",
        &[
            ("BATCH", "static __thread unsigned char seen[65536];"),
            (
                "FLOW",
                "if (flow->state == TRACTOR_WINDOW && seen[flow->client_port]++ > 0) \
                          { host->tag(tags, at, 1, 0.5f, \"seen before\"); }",
            ),
        ],
        "gives another verdict",
    ),
    (
        "counts_its_windows",
        &[("FLOW", "static int windows; host->tag(tags, at, windows++ % 2, 0.5f, NULL);")],
        "gives another verdict in another instance: flow",
    ),
    (
        "says_who_it_is",
        &[
            ("BATCH", "static const void *first; if (!first) { first = me; }"),
            ("FLOW", "host->tag(tags, at, me == first, 0.5f, \"by the instance\");"),
        ],
        "gives another verdict when another instance is asked between: flow",
    ),
    (
        "reads_behind_payload",
        &[(
            "FLOW",
            "if (memcmp(flow->payload[0].data, \"GET /\", 5) == 0) \
                        { host->tag(tags, at, 1, 0.9f, \"GET\"); }",
        )],
        "gives another verdict when other bytes stand behind what it is shown: flow",
    ),
    (
        "takes_names_for_c_strings",
        &[(
            "FLOW",
            "if (flow->server_name.length > 0 && strlen(flow->server_name.data) < 20) \
                        { host->tag(tags, at, 1, 0.9f, \"short\"); }",
        )],
        "gives another verdict when other bytes stand behind what it is shown: flow",
    ),
    (
        "reads_behind_features",
        &[(
            "FLOW",
            "if (flow->features && flow->features[flow->feature_count] > 1e300) \
                        { host->tag(tags, at, 1, 0.9f, \"huge\"); }",
        )],
        "gives another verdict when other bytes stand behind what it is shown: flow",
    ),
];

fn check(folder: &Path, library: &Path) -> Finished {
    tractor(folder, &["plugins", "check", library.to_str().unwrap()])
}

fn assert_keeps_it(folder: &Path, library: &Path) {
    let finished = check(folder, library);
    assert_eq!(finished.code, Some(0), "{library:?}: {finished:?}");
    assert!(finished.output.contains("keeps the contract"), "{finished:?}");
}

/// What all of them ask for, with what makes one bad.
fn bad(folder: &Path, (name, own, _): &Bad) -> Option<PathBuf> {
    let mut macros = vec![
        ("NEEDS", "15"),
        ("WHEN", "7"),
        ("PAYLOAD_BYTES", "16"),
        ("PACKETS", "4"),
        ("COLUMNS", "\"iscx-a2/1\""),
        ("WINDOW_US", "1000000"),
        ("CREATE", CREATE),
    ];
    macros.extend(own.iter());
    plugin(folder, &format!("{name}.so"), &macros)
}

#[test]
fn a_check_passes_good_classifiers_of_windows_and_columns() {
    let folder = tempdir().unwrap();
    let windows = Wish { window: 1_000_000_000, packets: 9, payload_bytes: 70, ..Wish::default() };
    let Some(all) = watcher(folder.path(), "c.windows", NAMES, windows.clone()) else { return };
    assert_keeps_it(folder.path(), &all.library);
    for (name, wish) in [
        ("c.columns", Wish { closed: true, ..Wish::default() }),
        ("c.both", Wish { early: true, closed: true, ..windows }),
    ] {
        let made = watcher_of("iscx-a2/1", folder.path(), name, FEATURES, wish).unwrap();
        assert_keeps_it(folder.path(), &made.library);
    }
}

#[test]
fn a_check_says_what_is_wrong_with_classifiers_of_windows_and_columns() {
    let folder = tempdir().unwrap();
    for one in &BAD {
        let Some(library) = bad(folder.path(), one) else { return };
        let finished = check(folder.path(), &library);
        assert_eq!(finished.code, Some(1), "{}: {finished:?}", one.0);
        assert!(finished.output.contains(one.2), "{}: {finished:?}", one.0);
    }
    // As good as they are but for that.
    let nothing = ("nothing", &[("FLOW", "host->tag(tags, at, 1, 0.5f, \"all\");")][..], "");
    assert_keeps_it(folder.path(), &bad(folder.path(), &nothing).unwrap());
}

/// Runs a program that builds an example.
fn built(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_check_passes_the_examples() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("examples");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--release", "--offline", "--quiet", "--manifest-path"]);
    cargo.arg(root.join("examples/port_classifier/Cargo.toml"));
    built(cargo.arg("--target-dir").arg(&target));
    assert_keeps_it(root, &target.join("release/libport_classifier.so"));
    for program in ["cc", "make"] {
        if Command::new(program).arg("--version").output().is_err() {
            eprintln!("skipped: there is no {program}");
            return;
        }
    }
    let library = target.join("c_classifier.so");
    let mut make = Command::new("make");
    make.arg("-B").arg("-C").arg(root.join("examples/c_classifier"));
    built(make.arg(format!("PLUGIN={}", library.display())));
    assert_keeps_it(root, &library);
}
