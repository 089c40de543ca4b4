//! Which trackers a run keeps.

/// The trackers that someone's columns read. Others are never allocated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    pub timing: bool,
    pub activity: bool,
    pub sizes: bool,
    pub tcp: bool,
    pub network: bool,
}

impl Needs {
    pub const ALL: Self =
        Self { timing: true, activity: true, sizes: true, tcp: true, network: true };

    /// Timing features only, as in the `iscx` profiles.
    pub const TIMING: Self =
        Self { timing: true, activity: true, sizes: false, tcp: false, network: false };
}
