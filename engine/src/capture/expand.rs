//! From what the user named to the files it stands for: folders and globs.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::problem::{Problem, sentence};
use crate::limits::{FILES_MAX, FOLDER_DEPTH_MAX};

/// A file to try.
pub(super) struct Candidate {
    pub(super) path: PathBuf,
    /// Found in a folder: no capture is no problem then.
    pub(super) found: bool,
}

/// The files that one path stands for, in the order of their paths' bytes.
pub(super) fn expand(path: &Path, problems: &mut Vec<Problem>) -> Vec<Candidate> {
    let mut files = Vec::new();
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && is_pattern(path) => {
            return expand_glob(path, problems);
        }
        Ok(metadata) if metadata.is_dir() => walk_folder(path, &mut files, problems),
        // What does not exist is reported when it is opened.
        _ => files.push(Candidate { path: path.to_owned(), found: false }),
    }
    files
}

fn is_pattern(path: &Path) -> bool {
    path.as_os_str().as_bytes().iter().any(|byte| b"*?[".contains(byte))
}

fn expand_glob(pattern: &Path, problems: &mut Vec<Problem>) -> Vec<Candidate> {
    let name = pattern.display().to_string();
    let paths = match glob::glob(&name) {
        Ok(paths) => paths,
        Err(error) => {
            problems.push(Problem::error(&name, error));
            return Vec::new();
        }
    };
    let mut matches = Vec::new();
    for path in paths.take(FILES_MAX) {
        match path {
            Ok(path) => matches.push(path),
            Err(error) => {
                let folder = error.path().display().to_string();
                problems.push(Problem::error(&folder, sentence(error.error())));
            }
        }
    }
    if matches.is_empty() {
        problems.push(Problem::error(&name, "no file matches"));
    }
    sort_by_bytes(&mut matches);
    let mut files = Vec::new();
    for path in matches {
        if path.is_dir() {
            walk_folder(&path, &mut files, problems);
        } else {
            files.push(Candidate { path, found: false });
        }
    }
    files
}

/// All regular files below a folder. Links to files are followed, links to folders are not: they
/// can lead in circles. Pipes and devices are never opened.
fn walk_folder(folder: &Path, files: &mut Vec<Candidate>, problems: &mut Vec<Problem>) {
    let mut found = Vec::new();
    let mut folders = vec![(folder.to_owned(), 1)];
    while let Some((folder, depth)) = folders.pop() {
        let name = folder.display().to_string();
        if depth > FOLDER_DEPTH_MAX {
            let cause = format!("folders are read {FOLDER_DEPTH_MAX} deep, this one is deeper");
            problems.push(Problem::error(&name, cause));
            continue;
        }
        let mut inner_folders = Vec::new();
        if let Err(error) = list_folder(&folder, &mut found, &mut inner_folders) {
            problems.push(Problem::error(&name, sentence(&error)));
        }
        folders.extend(inner_folders.into_iter().map(|inner| (inner, depth + 1)));
        if found.len() > FILES_MAX {
            let cause = format!("more than {FILES_MAX} files were found, others are not read");
            problems.push(Problem::error(&name, cause));
            break;
        }
    }
    sort_by_bytes(&mut found);
    files.extend(found.into_iter().map(|path| Candidate { path, found: true }));
}

fn list_folder(
    folder: &Path,
    files: &mut Vec<PathBuf>,
    folders: &mut Vec<PathBuf>,
) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            folders.push(path);
        } else if path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}

fn sort_by_bytes(paths: &mut [PathBuf]) {
    paths.sort_unstable_by(|one, other| {
        one.as_os_str().as_bytes().cmp(other.as_os_str().as_bytes())
    });
}

/// Whether a name says that the file is a capture, compressed or not.
pub(super) fn is_named_like_a_capture(path: &Path) -> bool {
    let name = path.as_os_str().as_bytes().to_ascii_lowercase();
    let without = |name: &[u8], endings: &[&[u8]]| -> Option<usize> {
        endings.iter().find(|ending| name.ends_with(ending)).map(|ending| name.len() - ending.len())
    };
    let uncompressed = without(&name, &[b".gz", b".zst", b".lz4"]).unwrap_or(name.len());
    let endings: [&[u8]; 5] = [b".pcap", b".pcapng", b".cap", b".dmp", b".trace"];
    name.get(..uncompressed).and_then(|name| without(name, &endings)).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_captures() {
        for name in ["a.pcap", "b/C.PcapNG.gz", "d.cap", "e.trace.zst", "f.dmp.lz4"] {
            assert!(is_named_like_a_capture(Path::new(name)), "{name}");
        }
        for name in ["pcap", "a.pcap.txt", "b.gz", "c.pcap.bz2", "d.pcap/notes"] {
            assert!(!is_named_like_a_capture(Path::new(name)), "{name}");
        }
    }
}
