//! Where data goes: standard output, or a file that appears only when it is whole.

use crate::interrupt;
use std::fs::{File, Permissions};
use std::io::{self, Write};
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
    /// Opens `path`; `-` is standard output. A device or pipe is written directly.
    ///
    /// # Errors
    /// When the folder does not take a file.
    pub fn create(path: &Path) -> io::Result<Self> {
        if path == Path::new("-") {
            return Ok(Self { to: None, unfinished: None });
        }
        if path.metadata().is_ok_and(|about| !about.is_file()) {
            let file = File::options().write(true).open(path)?;
            return Ok(Self { to: Some(file), unfinished: None });
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let (file, temporary) = tempfile::Builder::new()
            .prefix(".tractor-")
            .suffix(".unfinished")
            // As any new file: the user's mask takes away what it should.
            .permissions(Permissions::from_mode(0o666))
            .tempfile_in(folder.unwrap_or(Path::new(".")))
            .map(NamedTempFile::into_parts)?;
        interrupt::removes(&temporary);
        Ok(Self { to: Some(file), unfinished: Some((temporary, path.to_owned())) })
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
