//! Compilers for C and C++, where there are any.

use std::path::{Path, PathBuf};
use std::process::Command;

/// C99 and C++17, each as strict as it can be.
pub const LANGUAGES: [(&str, &[&str]); 2] = [
    ("cc", &["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic"]),
    ("c++", &["-std=c++17", "-x", "c++", "-Wall", "-Wextra", "-Werror", "-pedantic"]),
];

/// From the root of the repository.
pub fn at_root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// A place for what a test makes.
pub fn temporary(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// Whether a program is there; says what is skipped if not.
pub fn is_there(program: &str) -> bool {
    let is_there = Command::new(program).arg("--version").output().is_ok();
    if !is_there {
        eprintln!("skipped: there is no {program}");
    }
    is_there
}

/// What a command writes.
pub fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|cause| panic!("{command:?}: {cause}"));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {error}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Symbols that a library exports, but for those of the linker and the C runtime.
pub fn exported(library: &Path) -> Vec<String> {
    let symbols = run(Command::new("nm").args(["-D", "--defined-only"]).arg(library));
    let names = symbols.lines().filter_map(|line| line.split_whitespace().last());
    names.filter(|name| !name.starts_with('_')).map(str::to_owned).collect()
}
