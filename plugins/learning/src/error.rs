//! What can go wrong, each in a sentence that names the file, the place and the cause.

use std::io;
use std::path::{Path, PathBuf};

/// Why a table was not read, a model not trained, or a model file refused.
#[derive(Debug, thiserror::Error)]
pub enum LearningError {
    #[error("cannot {doing} {}: {cause}", .file.display())]
    Io { doing: &'static str, file: PathBuf, cause: io::Error },
    #[error("{}, line {line}: {why}", .file.display())]
    Line { file: PathBuf, line: u64, why: String },
    #[error("{}: {why}", .file.display())]
    File { file: PathBuf, why: String },
    #[error("the model is damaged at byte {offset}: {why}")]
    Damaged { offset: usize, why: String },
    #[error("the model is of layout {0}, and this program reads layout {1}")]
    OtherLayout(u32, u32),
    /// The flows at hand are not such as the model learned from.
    #[error("the model does not fit: {0}")]
    Mismatch(String),
    #[error("the table {0}")]
    Table(String),
    #[error("the parameter {0}")]
    Parameter(String),
}

impl LearningError {
    pub(crate) fn io(doing: &'static str, file: &Path) -> impl FnOnce(io::Error) -> Self {
        let file = file.to_owned();
        move |cause| LearningError::Io { doing, file, cause }
    }

    #[cfg(feature = "tables")]
    pub(crate) fn file(file: &Path, why: impl Into<String>) -> Self {
        LearningError::File { file: file.to_owned(), why: why.into() }
    }

    #[cfg(feature = "tables")]
    pub(crate) fn line(file: &Path, line: u64, why: impl Into<String>) -> Self {
        LearningError::Line { file: file.to_owned(), line, why: why.into() }
    }

    pub(crate) fn damaged(offset: usize, why: impl Into<String>) -> Self {
        LearningError::Damaged { offset, why: why.into() }
    }
}
