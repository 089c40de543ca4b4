//! The examples that people copy build as they say, load, and label.

// A test that unwraps what it must have says so by failing there.
#![allow(clippy::unwrap_used)]

mod compilers;

use std::path::{Path, PathBuf};
use std::process::Command;

use compilers::{LANGUAGES, at_root, exported, is_there, run, temporary};

/// What a host hears of a plugin that is shown a few flows.
fn heard(test: &str, library: &Path, options: &[&str]) -> String {
    let host = temporary(&format!("mini_host-{test}"));
    let mut command = Command::new("cc");
    command.args(LANGUAGES[0].1).arg("-I").arg(at_root("plugins/sdk/include"));
    // dlsym gives an object pointer, which is what we ask it for.
    command.arg(at_root("plugins/sdk/tests/mini_host/mini_host.c")).arg("-o").arg(&host);
    run(command.arg("-ldl"));
    run(Command::new(&host).arg(library).args(options))
}

/// Builds an example in C.
fn make(example: &str) -> PathBuf {
    let library = temporary(&format!("{example}.so"));
    let folder = at_root("examples").join(example);
    run(Command::new("make")
        .arg("-B")
        .arg("-C")
        .arg(folder)
        .arg(format!("PLUGIN={}", library.display())));
    assert_eq!(exported(&library), ["tractor_plugin"]);
    library
}

fn are_there(programs: &[&str]) -> bool {
    programs.iter().all(|program| is_there(program))
}

#[test]
fn the_example_in_c_labels_by_payload() {
    if !are_there(&["cc", "make", "nm"]) {
        return;
    }
    let library = make("c_classifier");
    let lines = "org.example.beginnings
flow 0: other/ssh 0.95 SSH-
flow 1: web/http 0.95 HTTP/1.
flow 3: other/custom 1.00 ABI1
status 0
";
    assert_eq!(heard("c", &library, &["custom=ABI1"]), lines);
    let lines = "org.example.beginnings\nfailed: there is no option other\nstatus -2\n";
    assert_eq!(heard("c", &library, &["other=1"]), lines);
}

#[test]
fn the_example_over_ndpi_labels_what_ndpi_knows() {
    let ndpi = Command::new("pkg-config").args(["--exists", "libndpi"]).status();
    if !ndpi.is_ok_and(|status| status.success()) || !are_there(&["cc", "make", "nm"]) {
        eprintln!("skipped: there is no nDPI (apt-get install libndpi-dev pkg-config)");
        return;
    }
    let library = make("ndpi_classifier");
    let lines = "org.ntop.ndpi
declared many
flow 0: other/ssh 0.90 nDPI DPI: SSH
flow 1: web/http 0.90 nDPI DPI: HTTP
flow 2: network/dns 0.90 nDPI DPI: DNS
flow 4: other/telnet 0.10 nDPI Match by port: Telnet
status 0
";
    assert_eq!(heard("ndpi", &library, &[]), lines);
}

#[test]
fn the_example_in_rust_builds_alone_and_labels_ports() {
    if !are_there(&["cc", "nm"]) {
        return;
    }
    let target = temporary("port_classifier");
    let manifest = at_root("examples/port_classifier/Cargo.toml");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--release", "--locked", "--offline", "--manifest-path"]).arg(manifest);
    run(cargo.arg("--target-dir").arg(&target));
    let library = target.join("release/libport_classifier.so");
    assert_eq!(exported(&library), ["tractor_plugin"]);
    let lines = "org.example.ports
log 3: SSH is on port 9999
flow 3: other/ssh 0.10 port 9999
flow 4: other/telnet 0.10 port 23
status 0
";
    assert_eq!(heard("rust", &library, &["ssh=9999"]), lines);
    let lines = "org.example.ports\nfailed: there is no option shh\nstatus -2\n";
    let heard = heard("rust", &library, &["shh=22"]);
    assert_eq!(heard.replace("log 3: SSH is on port 22\n", ""), lines);
}

#[test]
fn a_plugin_of_1_0_loads_and_labels() {
    if !are_there(&["cc", "nm"]) {
        return;
    }
    let library = temporary("plugin-1.0-loaded.so");
    let mut command = Command::new("cc");
    command.args(LANGUAGES[0].1).args(["-shared", "-fPIC", "-I"]).arg(at_root("tests/abi/1.0"));
    run(command.arg(at_root("tests/abi/1.0/plugin.c")).arg("-o").arg(&library));
    let lines = "org.tractor.kept.abi_1_0
log 3: made
flow 3: other/by_bytes 0.80 bytes
flow 4: other/by_port 0.10 -
status 0
";
    assert_eq!(heard("kept", &library, &["port=23"]), lines);
}
