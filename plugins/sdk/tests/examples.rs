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

/// Builds a library in Rust, and runs its own tests.
fn cargo(manifest: &Path, name: &str) -> PathBuf {
    // Examples share what they are built on; cargo sees to it that they wait for one another.
    let target = temporary("examples");
    for task in [&["test", "--quiet"][..], &["build", "--release"]] {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(task).args(["--offline", "--manifest-path"]).arg(manifest);
        run(cargo.arg("--target-dir").arg(&target));
    }
    let library = target.join(format!("release/lib{name}.so"));
    assert_eq!(exported(&library), ["tractor_plugin"]);
    library
}

#[test]
fn the_example_in_rust_builds_alone_and_labels_ports() {
    if !are_there(&["cc", "nm"]) {
        return;
    }
    let library = cargo(&at_root("examples/port_classifier/Cargo.toml"), "port_classifier");
    let lines = "org.example.ports
log 3: SSH is on port 9999
flow 3: other/ssh 0.10 port 9999
flow 4: other/telnet 0.10 port 23
status 0
";
    assert_eq!(heard("rust", &library, &["ssh=9999"]), lines);
    let lines = "org.example.ports
log 3: SSH is on port 22
failed: there is no option shh
status -2
";
    assert_eq!(heard("rust", &library, &["shh=22"]), lines);
}

/// All code of the page about plugins in a language.
fn code_of_the_page(language: &str) -> String {
    let page = std::fs::read_to_string(at_root("PLUGINS.md")).unwrap();
    let fence = format!("```{language}\n");
    let blocks = page.split(&fence).skip(1);
    blocks.map(|rest| rest.split("```").next().unwrap()).collect()
}

/// What did not change is not built again.
fn write_if_new(path: &Path, text: &str) {
    if std::fs::read_to_string(path).is_ok_and(|there| there == text) {
        return;
    }
    std::fs::write(path, text).unwrap();
}

#[test]
fn the_rust_of_the_page_about_plugins_builds_and_labels() {
    if !are_there(&["cc", "nm"]) {
        return;
    }
    let folder = temporary("page");
    std::fs::create_dir_all(folder.join("src")).unwrap();
    write_if_new(&folder.join("src/lib.rs"), &code_of_the_page("rust"));
    let manifest = std::fs::read_to_string(at_root("examples/port_classifier/Cargo.toml")).unwrap();
    let sdk = format!("path = {:?}", env!("CARGO_MANIFEST_DIR"));
    let manifest = manifest.replace("path = \"../../plugins/sdk\"", &sdk);
    let manifest = manifest.replace("\"port_classifier\"", "\"greetings\"");
    write_if_new(&folder.join("Cargo.toml"), &manifest);
    let library = cargo(&folder.join("Cargo.toml"), "greetings");
    let lines = "org.example.greetings\nflow 0: other/ssh 0.95 SSH greeting\nstatus 0\n";
    assert_eq!(heard("page-rust", &library, &["ssh_port=2222"]), lines);
}

#[test]
fn the_c_of_the_page_about_plugins_loads_and_labels() {
    if !are_there(&["cc", "nm"]) {
        return;
    }
    let source = temporary("page.c");
    std::fs::write(&source, code_of_the_page("c")).unwrap();
    let library = source.with_extension("so");
    let mut command = Command::new("cc");
    command.args(LANGUAGES[0].1).arg("-I").arg(at_root("plugins/sdk/include"));
    command.args(["-fPIC", "-shared", "-fvisibility=hidden"]);
    run(command.arg(&source).arg("-o").arg(&library));
    let lines = "org.example.ssh\nflow 0: other/ssh 0.10 port\nstatus 0\n";
    assert_eq!(heard("page-c", &library, &[]), lines);
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
