//! Why nothing is captured.

use std::fmt::{Display, Formatter};

/// A sentence for the user, and whose fault it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Of whoever typed: another wish may be met.
    Usage(String),
    /// Of the machine.
    Failure(String),
}

impl Fault {
    pub(super) fn usage(why: impl Into<String>) -> Self {
        Self::Usage(why.into())
    }

    pub(super) fn failure(why: impl Into<String>) -> Self {
        Self::Failure(why.into())
    }
}

impl Display for Fault {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Usage(why) | Self::Failure(why) => formatter.write_str(why),
        }
    }
}
