//! Where data goes: standard output, or a file that appears only when it is whole.

use crate::interrupt;
use std::fs::{File, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
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

/// A temporary file in the target's folder, so that it can be renamed to it, with the permissions
/// of the file that it replaces.
fn beside(target: &Path, before: Option<Permissions>) -> io::Result<NamedTempFile> {
    // As any new file: the user's mask takes away what it should.
    let usual = || Permissions::from_mode(0o666);
    let file = tempfile::Builder::new()
        .prefix(".tractor-")
        .suffix(".unfinished")
        .permissions(before.clone().unwrap_or_else(usual))
        .tempfile_in(folder_of(target))?;
    if let Some(before) = before {
        file.as_file().set_permissions(before)?;
    }
    Ok(file)
}
