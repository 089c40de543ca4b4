//! The files of the repository as text, for rules about them.

use std::path::Path;

#[derive(Clone)]
pub struct SourceFile {
    /// From the root of the repository, with slashes.
    pub path: String,
    pub text: String,
}

impl SourceFile {
    /// Lines that are no comment, counted from 1.
    pub fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let numbered = self.text.lines().enumerate().map(|(place, line)| (place + 1, line));
        numbered.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}

pub fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|cause| panic!("{}: {cause}", path.display()))
}

pub fn exists(path: &str) -> bool {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path).exists()
}

/// All Rust files below a folder.
pub fn rust_files(folder: &str) -> Vec<SourceFile> {
    in_folders(&[folder], |path| path.ends_with(".rs"))
}

/// All text files below some folders whose paths are wanted, but for what building makes.
pub fn in_folders(folders: &[&str], wanted: impl Fn(&str) -> bool) -> Vec<SourceFile> {
    let mut left: Vec<String> = folders.iter().map(|&folder| folder.to_owned()).collect();
    let mut files = Vec::new();
    while let Some(folder) = left.pop() {
        let place = Path::new(env!("CARGO_MANIFEST_DIR")).join(&folder);
        for entry in std::fs::read_dir(place).expect("a folder to list").flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = format!("{folder}/{name}").trim_start_matches("./").to_owned();
            if IGNORED.contains(&path.as_str()) {
                continue;
            }
            let kind = entry.file_type().expect("a kind of file");
            if kind.is_dir() {
                left.push(path);
            } else if kind.is_file() && wanted(&path) {
                // What is no text is nobody's sentence.
                let text = std::fs::read_to_string(entry.path());
                files.extend(text.ok().map(|text| SourceFile { path, text }));
            }
        }
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    files
}

/// Not in the repository.
const IGNORED: [&str; 6] = [
    ".git",
    "target",
    "examples/port_classifier/target",
    "fuzz/target",
    "fuzz/corpus",
    "fuzz/artifacts",
];
