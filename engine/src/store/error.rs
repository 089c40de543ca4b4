//! What can go wrong with a store, each in a sentence.

use std::io;
use std::path::Path;

/// Why something of a store was not read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Bytes that are not what was written.
    #[error("{file} is damaged at byte {offset}: {why}")]
    Damaged {
        /// Its name, without the folder.
        file: String,
        offset: u64,
        why: String,
    },
    #[error("cannot {doing}: {cause}")]
    Io { doing: String, cause: io::Error },
    #[error("{data} is in use by process {process}")]
    InUse { data: String, process: String },
    #[error("{data} has {free_mib} MiB of free space, and the index needs {needed_mib}")]
    NoSpaceForIndex { data: String, free_mib: u64, needed_mib: u64 },
    #[error("the index does not answer: {0}")]
    Index(String),
    #[error("the record of job {job} has {bytes} bytes, more than {max}")]
    RecordTooLarge { job: u64, bytes: usize, max: usize },
    #[error("there is no job {0}")]
    NoSuchJob(u64),
    #[error("{0} is no store")]
    NoStore(String),
    #[error("{0} holds no job")]
    NoJob(String),
    #[error("the job has more than {0} segments")]
    TooManySegments(u32),
    #[error("no flow of the job is stored yet")]
    NoFlowsYet,
    #[error("it was told to stop")]
    Stopped,
    /// Whoever asked did not wait longer. Rows up to that number have been looked at.
    #[error("the answer takes too long")]
    GivenUp { looked_to: u64 },
    /// A defect of the program.
    #[error("internal error: {0}; please report this")]
    Internal(String),
}

impl StoreError {
    /// `doing` to a file or folder, such as `write`.
    pub(super) fn io(doing: &str, path: &Path, cause: io::Error) -> Self {
        Self::Io { doing: format!("{doing} {}", path.display()), cause }
    }

    pub(super) fn damaged(file: String, offset: u64, why: impl Into<String>) -> Self {
        Self::Damaged { file, offset, why: why.into() }
    }

    /// Whether the disk has no room, so that it may go on later.
    pub fn is_full(&self) -> bool {
        match self {
            Self::Io { cause, .. } => is_full(cause),
            Self::NoSpaceForIndex { .. } => true,
            _ => false,
        }
    }

    /// Whether it is the disk that does not take or give something, which may be otherwise later.
    pub fn is_of_the_disk(&self) -> bool {
        matches!(self, Self::Io { .. }) || self.is_full()
    }

    /// For whoever knows only errors of input and output.
    pub fn io_kind(&self) -> io::ErrorKind {
        match self {
            Self::Io { cause, .. } => cause.kind(),
            _ => io::ErrorKind::Other,
        }
    }
}

/// Whether that says that the disk, or what its owner may use of it, is full.
pub(super) fn is_full(cause: &io::Error) -> bool {
    matches!(cause.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}
