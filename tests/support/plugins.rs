//! Plugins in C, compiled by the test that wants them.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The classifier that macros change: see there which there are.
const CLASSIFIER: &str = include_str!("classifier.c");

/// The plugin `name` in a folder, which differs by these macros; `None`, and a word why, where there
/// is no C compiler.
pub fn plugin(folder: &Path, name: &str, macros: &[(&str, &str)]) -> Option<PathBuf> {
    let define = |(name, value): &(&str, &str)| format!("#define {name} {value}\n");
    let source: String = macros.iter().map(define).collect();
    compile(folder, name, &(source + CLASSIFIER))
}

/// A shared library of any source in C; the header can be included.
pub fn compile(folder: &Path, name: &str, source: &str) -> Option<PathBuf> {
    let path = folder.join(name);
    let source_path = path.with_extension("c");
    std::fs::write(&source_path, source).expect("a source written");
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-w", "-o"]).arg(&path).arg(&source_path);
    compiler.arg("-I").arg(header_folder());
    match compiler.output() {
        Ok(done) if done.status.success() => {}
        Ok(done) => panic!("{name}: {}", String::from_utf8_lossy(&done.stderr)),
        Err(cause) => {
            eprintln!("skipped: cc, which compiles plugins: {cause}");
            return None;
        }
    }
    std::fs::remove_file(source_path).expect("a source removed");
    Some(path)
}

/// Seen from the program's tests, and from the engine's.
fn header_folder() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let places = ["plugins/sdk/include", "../plugins/sdk/include"];
    let found = places.iter().map(|place| root.join(place)).find(|place| place.is_dir());
    found.expect("the folder of the header")
}
