//! Which files may be plugins, in plugin order, and which are not even opened.

use super::failure::{Fault, Refusal};
use super::options::PluginOptions;
use crate::limits::PLUGIN_FILES_MAX;
use std::collections::HashSet;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The libraries that come with the program, in plugin order.
const BUNDLED: [&str; 2] = ["libtractor_signatures.so", "libtractor_forest.so"];

/// Whether a library has the name of one that comes with the program.
pub(super) fn has_bundled_name(path: &Path) -> bool {
    path.file_name().is_some_and(|name| BUNDLED.iter().any(|bundled| name == *bundled))
}

const WRITABLE_BY_OTHERS: u32 = 0o002;
const STICKY: u32 = 0o1000;

/// A file to open.
pub struct Candidate {
    /// As it was named.
    pub path: PathBuf,
    /// Links followed: the system looks for a bare name elsewhere.
    pub real_path: PathBuf,
    pub bundled: bool,
}

/// What was found.
#[derive(Default)]
pub struct Found {
    pub candidates: Vec<Candidate>,
    pub refused: Vec<Refusal>,
    pub warnings: Vec<String>,
    /// Device and inode of each candidate: a file named twice is loaded once.
    seen: HashSet<(u64, u64)>,
}

pub fn find(options: &PluginOptions) -> Found {
    let mut found = Found::default();
    if options.bundled {
        for path in bundled() {
            found.take(path, true);
        }
    }
    for folder in &options.folders {
        found.look_into(folder);
    }
    for file in &options.files {
        found.take(file.clone(), false);
    }
    found
}

/// The bundled libraries that are there: beside the program, where it is when installed or built.
fn bundled() -> Vec<PathBuf> {
    let program = std::env::current_exe().and_then(fs::canonicalize);
    let Some(folder) = program.ok().and_then(|path| path.parent().map(Path::to_owned)) else {
        return Vec::new();
    };
    let above = folder.parent().map(Path::to_owned).unwrap_or_default();
    // Cargo builds a library beside the program or, where it is only depended on, in `deps`.
    let built = [folder.clone(), folder.join("deps")];
    let installed = [above.clone(), above.join("lib/tractor")];
    let find = |name: &&str| newest(&built, name).or_else(|| newest(&installed, name));
    BUNDLED.iter().filter_map(find).collect()
}

/// The file of that name that was written last; the first of equally old ones.
fn newest(folders: &[PathBuf], name: &str) -> Option<PathBuf> {
    let files = folders.iter().rev().map(|folder| folder.join(name));
    let files = files.filter(|path| path.is_file());
    files.max_by_key(|path| fs::metadata(path).and_then(|about| about.modified()).ok())
}

impl Found {
    fn refuse(&mut self, path: &Path, why: String) {
        self.refused.push(Refusal { path: path.to_owned(), id: None, why, fault: Fault::Library });
    }

    fn refuse_unreadable(&mut self, path: &Path, what: &str, cause: &io::Error) {
        let why = format!("it cannot be {what}: {}", words(cause));
        self.refused.push(Refusal {
            path: path.to_owned(),
            id: None,
            why,
            fault: Fault::Unreadable,
        });
    }

    /// Takes the libraries of a folder, sorted by the bytes of their names.
    fn look_into(&mut self, folder: &Path) {
        let listed = fs::metadata(folder).and_then(|about| {
            // Whoever may write there could put in a library; a sticky bit does not hinder that.
            if about.mode() & WRITABLE_BY_OTHERS != 0 {
                return Ok(Err("everybody may write to that folder".to_owned()));
            }
            Ok(Ok(libraries(folder)?))
        });
        match listed {
            Err(cause) => self.refuse_unreadable(folder, "listed", &cause),
            Ok(Err(why)) => self.refuse(folder, why),
            Ok(Ok(paths)) if paths.is_empty() => {
                let folder = folder.display();
                self.warnings.push(format!("the folder {folder} has no plugin (*.so)"));
            }
            Ok(Ok(paths)) => {
                for path in paths {
                    self.take(path, false);
                }
            }
        }
    }

    /// Takes a file, unless it is not one or others could change it.
    fn take(&mut self, path: PathBuf, bundled: bool) {
        let judged = fs::canonicalize(&path).and_then(|real_path| {
            let about = fs::metadata(&real_path)?;
            let why = unfit(&path, &real_path, &about)?;
            Ok((real_path, (about.dev(), about.ino()), why))
        });
        match judged {
            Err(cause) => self.refuse_unreadable(&path, "read", &cause),
            Ok((_, _, Some(why))) => self.refuse(&path, why),
            Ok((_, identity, None)) if self.seen.contains(&identity) => {}
            Ok(_) if self.candidates.len() == PLUGIN_FILES_MAX => {
                self.refuse(&path, format!("there are {PLUGIN_FILES_MAX} others before it"));
            }
            Ok((real_path, identity, None)) => {
                self.seen.insert(identity);
                self.candidates.push(Candidate { path, real_path, bundled });
            }
        }
    }
}

/// Names that end in `.so` and are not hidden.
fn libraries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        if name.as_bytes().ends_with(b".so") && !name.as_bytes().starts_with(b".") {
            names.push(name);
        }
    }
    names.sort();
    Ok(names.into_iter().map(|name| folder.join(name)).collect())
}

/// Why a file is not opened. Groups may write: an administrator chose their members, and many
/// systems give every user a group of one.
fn unfit(path: &Path, real_path: &Path, about: &Metadata) -> io::Result<Option<String>> {
    if !about.is_file() {
        return Ok(Some("it is not a regular file".to_owned()));
    }
    if about.mode() & WRITABLE_BY_OTHERS != 0 {
        return Ok(Some("everybody may write to it".to_owned()));
    }
    // Where the name stands, and where the file does.
    for place in [path, real_path] {
        let folder = match place.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        let mode = fs::metadata(folder)?.mode();
        // With a sticky bit only the owner of a file can put another in its place.
        if mode & WRITABLE_BY_OTHERS != 0 && mode & STICKY == 0 {
            let folder = folder.display();
            return Ok(Some(format!("everybody may write to its folder {folder}")));
        }
    }
    Ok(None)
}

/// A cause without the system's number for it.
fn words(cause: &io::Error) -> String {
    let text = cause.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}
