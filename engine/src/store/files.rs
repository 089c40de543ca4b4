//! Files that are whole or not there, and folders that last.

use super::StoreError;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

/// What follows the name of a file that is not whole yet.
pub const UNFINISHED: &str = ".unfinished";

/// Replaces a file as a whole: written beside it, made to last, renamed.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(UNFINISHED);
    let written = || -> io::Result<()> {
        let mut file = File::create(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        sync_folder(folder.unwrap_or(Path::new(".")))
    };
    written().map_err(|cause| {
        // Its name may not be in the way of the next one; that it is left says no more.
        let _ = fs::remove_file(&beside);
        StoreError::io("write", path, cause)
    })
}

/// Makes the names in a folder last.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// A file of at most so many bytes; `None` where there is none.
pub fn read_bounded(path: &Path, bytes_max: usize) -> Result<Option<Vec<u8>>, StoreError> {
    let mut bytes = Vec::new();
    let read =
        File::open(path).and_then(|file| file.take(bytes_max as u64 + 1).read_to_end(&mut bytes));
    match read {
        Ok(length) if length <= bytes_max => Ok(Some(bytes)),
        Ok(_) => {
            let cause = io::Error::other(format!("it has more than {bytes_max} bytes"));
            Err(StoreError::io("read", path, cause))
        }
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(StoreError::io("read", path, cause)),
    }
}

/// Bytes of all files below a folder, or of a file; what cannot be read counts nothing.
pub fn bytes_below(path: &Path) -> u64 {
    let Ok(about) = path.symlink_metadata() else { return 0 };
    if !about.is_dir() {
        return about.len();
    }
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    entries.map(|entry| bytes_below(&entry.path())).sum()
}
