//! The example of a plugin over nDPI on the same flows: its labels stand beside ours. Debian's nDPI is older than the
//! one whose names are the reference, and it is shown less: the first bytes of a flow, and no other flows.

use std::path::Path;
use std::process::Command;

use super::{Counts, Table, compare, folder, ours, sum};
use crate::corpus::labels::names::Names;

/// Of 100 flows, those that it must find at least: with nDPI 4.2 it finds 76.
const FOUND_PERCENT_MIN: u32 = 70;

fn is_there(program: &str, argument: &str) -> bool {
    Command::new(program).arg(argument).output().is_ok_and(|output| output.status.success())
}

fn has_ndpi() -> bool {
    let mut exists = Command::new("pkg-config");
    let status = exists.args(["--exists", "libndpi"]).status();
    status.is_ok_and(|status| status.success())
}

/// Builds it as its Makefile says.
fn build(library: &Path) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/ndpi_classifier");
    let mut make = Command::new("make");
    make.arg("-B").arg("-C").arg(folder).arg(format!("PLUGIN={}", library.display()));
    let made = make.output().expect("make starts");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

#[test]
fn labels_of_the_example_over_ndpi_stand_beside_ours() {
    let Some(ours) = ours() else { return };
    if !has_ndpi() || !is_there("cc", "--version") || !is_there("make", "--version") {
        eprintln!("skipped: there is no nDPI (apt-get install libndpi-dev pkg-config)");
        return;
    }
    let built = tempfile::tempdir().expect("a folder to build in");
    let library = built.path().join("ndpi_classifier.so");
    build(&library);
    let library = library.to_str().expect("a path in UTF-8");
    let arguments = ["--without-plugin", "org.tractor.signatures", "--plugin", library];
    let example = compare(&folder(), &arguments, &Names::of_ndpi());
    print(ours, &example);
    let all = sum(&example);
    assert!(all.flows > 3_400, "{all:?}");
    assert!(all.found * 100 >= all.flows * FOUND_PERCENT_MIN, "{all:?}");
}

fn print(ours: &Table, example: &Table) {
    println!("{:24} ours: flows found finer missed wrong | over nDPI: flows found ...", "label");
    let line = |label: &str, ours: &Counts, example: &Counts| {
        println!("{label:24} {} | {}", numbers(ours), numbers(example));
    };
    for (label, counts) in ours {
        line(label, counts, &example.get(label).copied().unwrap_or_default());
    }
    line("all", &sum(ours), &sum(example));
}

fn numbers(counts: &Counts) -> String {
    let Counts { flows, found, finer, missed, contradicted, .. } = counts;
    format!("{flows:5} {found:5} {finer:5} {missed:6} {contradicted:5}")
}
