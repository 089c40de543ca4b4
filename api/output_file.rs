//! Where data goes: standard output, or a file that appears only when it is whole.

use crate::{interrupt, supervise};
use std::fs::{File, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};
use tempfile::{NamedTempFile, TempPath};

/// A destination for data.
pub struct OutputFile {
    to: Option<File>,
    /// Written beside the target under another name; removed unless it becomes the target.
    unfinished: Option<(TempPath, PathBuf)>,
}

impl OutputFile {
    /// Opens `path`; `-` is standard output. A device or pipe is written directly, a link stays
    /// and the file that it names is written.
    ///
    /// # Errors
    /// When the folder does not take a file.
    pub fn create(path: &Path) -> io::Result<Self> {
        if path == Path::new("-") {
            return Ok(Self { to: None, unfinished: None });
        }
        let before = match path.metadata() {
            Ok(about) if !about.is_file() => {
                let file = File::options().write(true).open(path)?;
                return Ok(Self { to: Some(file), unfinished: None });
            }
            Ok(about) => Some(about.permissions()),
            Err(cause) if cause.kind() == ErrorKind::NotFound => None,
            Err(cause) => return Err(cause),
        };
        let target = behind_links(path);
        let (file, temporary) = interrupt::removes(|| beside(&target, before))?.into_parts();
        Ok(Self { to: Some(file), unfinished: Some((temporary, target)) })
    }

    /// A handle to write through.
    ///
    /// # Errors
    /// When the process has no file descriptor left.
    pub fn writer(&self) -> io::Result<Box<dyn Write + Send>> {
        Ok(match &self.to {
            Some(file) => Box::new(file.try_clone()?),
            None => Box::new(io::stdout()),
        })
    }

    /// Leaves the unfinished file where it is, for whoever supervises this process.
    pub fn leave(self) {
        if let Some((temporary, _)) = self.unfinished {
            // If it cannot be kept it is gone, as it would be without this.
            let _ = temporary.keep();
        }
    }

    /// Gives a whole file its name.
    ///
    /// # Errors
    /// When it cannot be renamed.
    pub fn finish(self) -> io::Result<()> {
        match self.unfinished {
            Some((temporary, path)) => temporary.persist(path).map_err(|failed| failed.error),
            None => Ok(()),
        }
    }
}

/// The file that a chain of links names, which need not exist yet. Renaming onto a link would
/// replace the link. Links that lead in circles have no metadata and do not come here.
fn behind_links(path: &Path) -> PathBuf {
    let mut target = path.to_owned();
    while let Ok(next) = target.read_link() {
        // An absolute link replaces the folder.
        target = folder_of(&target).join(next);
    }
    target
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Beginning and end of the name of a file that is not whole yet.
const PREFIX: &str = ".tractor-";
const SUFFIX: &str = ".unfinished";

/// A temporary file in the target's folder, so that it can be renamed to it, with the permissions
/// of the file that it replaces.
fn beside(target: &Path, before: Option<Permissions>) -> io::Result<NamedTempFile> {
    // As any new file: the user's mask takes away what it should.
    let usual = || Permissions::from_mode(0o666);
    let mut builder = tempfile::Builder::new();
    builder.suffix(SUFFIX).permissions(before.clone().unwrap_or_else(usual));
    // Whoever supervises this process knows the name, and removes what is left behind.
    let known = supervise::child::orders().map(|orders| format!("{PREFIX}{}", orders.token));
    match &known {
        Some(prefix) => builder.prefix(prefix).rand_bytes(0),
        None => builder.prefix(PREFIX),
    };
    let file = builder.tempfile_in(folder_of(target))?;
    if let Some(before) = before {
        file.as_file().set_permissions(before)?;
    }
    Ok(file)
}

/// Where a child with that token writes, and the file that it would become.
fn unfinished(path: &Path, token: &str) -> Option<(PathBuf, PathBuf)> {
    if path == Path::new("-") || path.metadata().is_ok_and(|about| !about.is_file()) {
        return None;
    }
    let target = behind_links(path);
    Some((folder_of(&target).join(format!("{PREFIX}{token}{SUFFIX}")), target))
}

/// Removes what a child left behind.
pub fn remove_unfinished(path: &Path, token: &str) {
    if let Some((unfinished, _)) = unfinished(path, token) {
        // It is there only if the child had come so far.
        let _ = std::fs::remove_file(unfinished);
    }
}

/// Gives the whole lines of what a child left behind their name; tells whether it left any.
///
/// # Errors
/// Those of reading and renaming it.
pub fn keep_unfinished(path: &Path, token: &str) -> io::Result<bool> {
    let Some((unfinished, target)) = unfinished(path, token) else { return Ok(false) };
    let file = match File::options().read(true).write(true).open(&unfinished) {
        Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(false),
        opened => opened?,
    };
    file.set_len(end_of_lines(&file)?)?;
    std::fs::rename(unfinished, target)?;
    Ok(true)
}

/// Where the last whole line ends.
fn end_of_lines(file: &File) -> io::Result<u64> {
    const BLOCK_BYTES: u64 = 1 << 16;
    let mut end = file.metadata()?.len();
    while end > 0 {
        let begin = end.saturating_sub(BLOCK_BYTES);
        // A block is not larger than its bound.
        let mut block = vec![0; (end - begin) as usize];
        file.read_exact_at(&mut block, begin)?;
        if let Some(at) = block.iter().rposition(|byte| *byte == b'\n') {
            return Ok(begin + at as u64 + 1);
        }
        end = begin;
    }
    Ok(0)
}
