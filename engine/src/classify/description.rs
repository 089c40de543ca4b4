//! What a classifier says of itself.

use super::LabelId;
use std::path::PathBuf;

/// A loaded classifier; its place among all is its place in the plugin order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    pub id: String,
    pub name: String,
    pub version: String,
    pub description: String,
    /// The library.
    pub path: PathBuf,
    /// Whether it comes with the program.
    pub bundled: bool,
    /// By the classifier's own index.
    pub labels: Vec<LabelId>,
    pub wish: Wish,
}

/// Which flows a classifier wants to see, when, and what of them; within the host's bounds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    pub needs: Needs,
    /// Once, when `packets`, `payload_bytes` in both directions or `early_after_us` is reached.
    pub early: bool,
    pub windows: bool,
    pub closed: bool,
    /// Of each direction.
    pub payload_bytes: u32,
    pub packets: u32,
    /// Packet time; 0: by payload and packets alone.
    pub early_after_us: u64,
    /// 0: no windows.
    pub window_us: u64,
    /// Profile and version whose columns it wants, such as `iscx-a2/1`.
    pub columns: Option<String>,
    /// Their names.
    pub column_names: Vec<&'static str>,
}

/// What a classifier reads; the rest it is not shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    pub payload: bool,
    pub packets: bool,
    pub features: bool,
    pub names: bool,
}
