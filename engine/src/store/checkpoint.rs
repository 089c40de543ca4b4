//! Checkpoints of a followed folder: two files, the last and the one before.
//!
//! Each is `TrActorC`, the version of what it holds (4 bytes, little-endian), the checksum of the rest
//! and the rest. One that is not whole, or of another version, is none: then the one before counts.

use super::StoreError;
use super::block::checksum;
use super::files::write_whole;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

const MAGIC: &[u8; 8] = b"TrActorC";
const HEADER_BYTES: usize = 16;

/// Where the checkpoints of one stream are.
#[derive(Clone, Debug)]
pub struct Checkpoints {
    path: PathBuf,
    version: u32,
}

/// What there is of checkpoints.
#[derive(Debug, Default)]
pub struct Found {
    /// Those that are whole, the last first.
    pub whole: Vec<Vec<u8>>,
    /// Why others are not taken, each in a sentence.
    pub refused: Vec<String>,
}

impl Checkpoints {
    /// At `path`, and beside it `path.before`; `version` is that of what they hold.
    pub fn at(path: &Path, version: u32) -> Self {
        Self { path: path.to_owned(), version }
    }

    fn before(&self) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push(".before");
        name.into()
    }

    /// Keeps a checkpoint and the one before it.
    ///
    /// # Errors
    /// When it cannot be written; those that are there stay.
    pub fn keep(&self, content: &[u8]) -> Result<(), StoreError> {
        let mut bytes = Vec::with_capacity(HEADER_BYTES + content.len());
        bytes.extend(MAGIC);
        bytes.extend(self.version.to_le_bytes());
        bytes.extend(checksum(content).to_le_bytes());
        bytes.extend(content);
        match fs::rename(&self.path, self.before()) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => {
                return Err(StoreError::io("rename", &self.path, cause));
            }
            _ => {}
        }
        write_whole(&self.path, &bytes)
    }

    /// What there is.
    pub fn find(&self) -> Found {
        let mut found = Found::default();
        for path in [self.path.clone(), self.before()] {
            match fs::read(&path) {
                Ok(bytes) => match self.content(&bytes) {
                    Ok(content) => found.whole.push(content),
                    Err(why) => found.refused.push(format!("{}: {why}", path.display())),
                },
                Err(cause) if cause.kind() == io::ErrorKind::NotFound => {}
                Err(cause) => found.refused.push(format!("{}: {cause}", path.display())),
            }
        }
        found
    }

    fn content(&self, bytes: &[u8]) -> Result<Vec<u8>, String> {
        let word = |at: usize| {
            let bytes = bytes.get(at..at + 4).and_then(|word| word.try_into().ok());
            bytes.map(u32::from_le_bytes)
        };
        let not_whole = || "the checkpoint is damaged".to_owned();
        if bytes.get(..MAGIC.len()) != Some(MAGIC) {
            return Err("it is no checkpoint".to_owned());
        }
        let version = word(8).ok_or_else(not_whole)?;
        if version != self.version {
            let known = self.version;
            return Err(format!(
                "the checkpoint has version {version}, and this program reads {known}"
            ));
        }
        let content = bytes.get(HEADER_BYTES..).ok_or_else(not_whole)?;
        match word(12) == Some(checksum(content)) {
            true => Ok(content.to_vec()),
            false => Err(not_whole()),
        }
    }

    /// Removes them.
    ///
    /// # Errors
    /// When one cannot be removed.
    pub fn remove(&self) -> Result<(), StoreError> {
        for path in [self.path.clone(), self.before()] {
            match fs::remove_file(&path) {
                Err(cause) if cause.kind() != io::ErrorKind::NotFound => {
                    return Err(StoreError::io("remove", &path, cause));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_two_are_kept_and_what_is_damaged_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint");
        let checkpoints = Checkpoints::at(&path, 3);
        assert!(checkpoints.find().whole.is_empty());
        for content in [b"one", b"two", b"six"] {
            checkpoints.keep(content).unwrap();
        }
        assert_eq!(checkpoints.find().whole, [b"six".to_vec(), b"two".to_vec()]);
        let whole = fs::read(&path).unwrap();
        for place in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[place] ^= 0x10;
            fs::write(&path, &damaged).unwrap();
            let found = checkpoints.find();
            assert_eq!((&found.whole[..], found.refused.len()), (&[b"two".to_vec()][..], 1));
            fs::write(&path, &whole[..place]).unwrap();
            assert_eq!(checkpoints.find().whole, [b"two".to_vec()]);
        }
        fs::write(&path, &whole).unwrap();
        let refused = Checkpoints::at(&path, 4).find().refused;
        assert!(refused[0].ends_with("the checkpoint has version 3, and this program reads 4"));
        checkpoints.remove().unwrap();
        assert!(!path.exists() && checkpoints.find().whole.is_empty());
    }
}
