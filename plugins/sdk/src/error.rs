//! Why a call failed, as the host shows it.

use std::fmt::{Debug, Display, Formatter};

use crate::abi::{BAD_OPTION, ERROR, NOT_CONFIGURED, Status};

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A status and one plain sentence, which the host shows beside the plugin's name.
///
/// Every [`std::error::Error`] becomes one by `?`; therefore it is none itself.
pub struct Error {
    status: Status,
    text: String,
}

impl Error {
    /// Something went wrong.
    pub fn new(text: impl Display) -> Self {
        Error { status: ERROR, text: text.to_string() }
    }

    /// An option is unknown, or its value is wrong; the text names the option.
    pub fn bad_option(text: impl Display) -> Self {
        Error { status: BAD_OPTION, text: text.to_string() }
    }

    /// There is nothing to do without options. The classifier is absent then, and nobody is warned.
    pub fn not_configured(text: impl Display) -> Self {
        Error { status: NOT_CONFIGURED, text: text.to_string() }
    }

    pub fn status(&self) -> Status {
        self.status
    }

    pub fn text(&self) -> &str {
        &self.text
    }
}

impl<E: std::error::Error> From<E> for Error {
    fn from(cause: E) -> Self {
        Error::new(cause)
    }
}

impl Display for Error {
    fn fmt(&self, formatter: &mut Formatter) -> std::fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl Debug for Error {
    fn fmt(&self, formatter: &mut Formatter) -> std::fmt::Result {
        write!(formatter, "{} (status {})", self.text, self.status)
    }
}
