//! What the user is told when an input could not be read, or not to its end.

use std::fmt;

use super::damage::Damage;

/// How much of an input was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Everything before the place was read.
    Warning,
    /// Nothing could be read from the input.
    Error,
}

/// One input that could not be read, or not to its end. Displays as one sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file as the user named it, or as it was found in a folder.
    pub file: String,
    /// Where, in bytes of the file (of the uncompressed data when it is compressed).
    pub offset_bytes: Option<u64>,
    /// How much was lost.
    pub severity: Severity,
    /// The sentence after the file's name; it names the offset itself.
    pub cause: String,
}

impl Problem {
    /// Nothing could be read from an input.
    pub(super) fn error(file: &str, cause: impl fmt::Display) -> Self {
        Self {
            file: file.to_owned(),
            offset_bytes: None,
            severity: Severity::Error,
            cause: cause.to_string(),
        }
    }

    /// A file ends before its proper end.
    pub(super) fn damage(file: &str, place: Place, damage: Damage) -> Self {
        Self::at(file, place, damage.is_truncation(), &damage)
    }

    /// A file ends because reading or decompressing it failed.
    pub(super) fn failure(file: &str, place: Place, error: &std::io::Error) -> Self {
        let truncated = error.kind() == std::io::ErrorKind::UnexpectedEof;
        Self::at(file, place, truncated, &sentence(error))
    }

    fn at(file: &str, place: Place, truncated: bool, cause: &dyn fmt::Display) -> Self {
        let what = if truncated { "truncated" } else { "damaged" };
        Self {
            file: file.to_owned(),
            offset_bytes: Some(place.offset_bytes),
            severity: Severity::Warning,
            cause: format!("{what} at {place}: {cause}"),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.file, self.cause)
    }
}

/// A place in a file, as a message names it.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) offset_bytes: u64,
    pub(super) compressed: bool,
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "byte {}", self.offset_bytes)?;
        if self.compressed { formatter.write_str(" of the uncompressed data") } else { Ok(()) }
    }
}

/// An error of the operating system in words, without its number.
pub(super) fn sentence(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}
