//! The header and its mirror have one layout, field by field, and that of 1.0 for ever.

// A test that unwraps what it must have says so by failing there.
#![allow(clippy::unwrap_used)]

mod compilers;
mod layout_table;

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use compilers::{LANGUAGES, at_root, exported, is_there, run, temporary};
use layout_table::{CONSTANTS, Struct, structs};
use tractor_plugin::abi::ABI_MINOR;

/// Their sizes may only grow; all other types never change.
const GROWING: [&str; 3] = ["tractor_flow", "tractor_host", "tractor_classifier"];

/// Names of the header that are no constants.
const MACROS: [&str; 3] = ["TRACTOR_PLUGIN_H", "TRACTOR_HAS", "TRACTOR_EXPORT"];

/// One line a struct, a field, and a constant.
fn layout_in_rust() -> String {
    let mut text = String::new();
    for Struct { name, bytes, fields } in structs() {
        writeln!(text, "{name}: {bytes} bytes").unwrap();
        for (field, at, bytes) in fields {
            writeln!(text, "{name}.{field}: {bytes} bytes at {at}").unwrap();
        }
    }
    for (name, value) in CONSTANTS {
        writeln!(text, "{name} = {value}").unwrap();
    }
    text
}

/// A program that prints the same.
fn program() -> String {
    let mut text =
        "#include <stdio.h>\n#include \"tractor_plugin.h\"\nint main(void) {\n".to_owned();
    for Struct { name, fields, .. } in structs() {
        let print = "printf(\"%s: %d bytes";
        writeln!(text, "    {print}\\n\", \"{name}\", (int)sizeof({name}));").unwrap();
        for (field, ..) in fields {
            let bytes = format!("(int)sizeof((({name} *)0)->{field})");
            let at = format!("(int)offsetof({name}, {field})");
            writeln!(text, "    {print} at %d\\n\", \"{name}.{field}\", {bytes}, {at});").unwrap();
        }
    }
    for (name, _) in CONSTANTS {
        writeln!(text, "    printf(\"%s = %lld\\n\", \"{name}\", (long long){name});").unwrap();
    }
    text + "    return 0;\n}\n"
}

/// The layout of a header as a compiler has it.
fn layout_in_c(compiler: &str, flags: &[&str], header_folder: &Path, test: &str) -> String {
    let source = temporary(&format!("layout-{test}-{compiler}.c"));
    let binary = source.with_extension("program");
    std::fs::write(&source, program()).expect("a program to write");
    let mut command = Command::new(compiler);
    run(command.args(flags).arg("-I").arg(header_folder).arg(&source).arg("-o").arg(&binary));
    run(&mut Command::new(&binary))
}

/// Lines that are not those of the other text, as a difference shows them.
fn assert_same(one: &str, other: &str, what: &str) {
    let missing = one.lines().filter(|line| !other.lines().any(|it| it == *line));
    let added = other.lines().filter(|line| !one.lines().any(|it| it == *line));
    let lines: Vec<String> = missing
        .map(|line| format!("- {line}"))
        .chain(added.map(|line| format!("+ {line}")))
        .collect();
    assert!(lines.is_empty(), "{what}:\n{}", lines.join("\n"));
}

#[test]
fn the_header_and_its_mirror_have_one_layout() {
    for (compiler, flags) in LANGUAGES.into_iter().filter(|(compiler, _)| is_there(compiler)) {
        let header_folder = at_root("plugins/sdk/include");
        let layout = layout_in_c(compiler, flags, &header_folder, "now");
        assert_same(&layout, &layout_in_rust(), "- the header, + its mirror in Rust");
    }
}

#[test]
fn every_constant_of_the_header_is_compared() {
    let header = std::fs::read_to_string(at_root("plugins/sdk/include/tractor_plugin.h")).unwrap();
    let words = header.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
    for word in words.filter(|word| word.starts_with("TRACTOR_")) {
        let is_known = MACROS.contains(&word) || CONSTANTS.iter().any(|(name, _)| *name == word);
        // In text, all of a kind: "TRACTOR_NEEDS_".
        assert!(is_known || word.ends_with('_'), "{word} is in no table of tests/layout_table");
    }
}

#[test]
#[cfg(target_pointer_width = "64")]
fn the_layout_of_1_0_stays_for_ever() {
    let path = at_root("tests/abi/1.0/layout.txt");
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    let now = layout_in_rust();
    if ABI_MINOR == 0 {
        // Also shows what is to be written there.
        assert_same(&kept, &now, "- tests/abi/1.0/layout.txt, + now");
    }
    for line in kept.lines().filter(|line| !line.starts_with("TRACTOR_ABI_MINOR")) {
        let grows = GROWING.iter().any(|name| line.starts_with(&format!("{name}: ")));
        assert!(grows || now.lines().any(|it| it == line), "ABI 1.0 has {line}");
    }
}

#[test]
#[cfg(target_pointer_width = "64")]
fn the_kept_header_has_the_kept_layout() {
    let kept = std::fs::read_to_string(at_root("tests/abi/1.0/layout.txt")).unwrap();
    for (compiler, flags) in LANGUAGES.into_iter().filter(|(compiler, _)| is_there(compiler)) {
        let layout = layout_in_c(compiler, flags, &at_root("tests/abi/1.0"), "kept");
        assert_same(&kept, &layout, "- layout.txt, + tractor_plugin.h of tests/abi/1.0");
    }
}

#[test]
fn a_plugin_of_1_0_builds_and_exports_one_symbol() {
    for (compiler, flags) in LANGUAGES.into_iter().filter(|(compiler, _)| is_there(compiler)) {
        for headers in ["tests/abi/1.0", "plugins/sdk/include"] {
            let library = temporary(&format!("plugin-1.0-{compiler}.so"));
            let mut command = Command::new(compiler);
            // Later headers append to structs, and a plugin of then says nothing of what is new.
            command.args(flags).args(["-Wno-missing-field-initializers", "-shared", "-fPIC"]);
            command.arg("-fvisibility=hidden").arg("-I").arg(at_root(headers));
            run(command.arg(at_root("tests/abi/1.0/plugin.c")).arg("-o").arg(&library));
            if is_there("nm") {
                assert_eq!(exported(&library), ["tractor_plugin"], "{compiler}");
            }
        }
    }
}
