//! Classifiers in shared libraries: which are loaded, what they are shown, what they say, and which
//! of their verdicts counts. Knows no dataflow; the border itself is
//! `plugins/sdk/include/tractor_plugin.h`.
//!
//! ```text
//! PluginOptions ─► search ─► library ─► load ─► Plugins       once a process, shared by all workers
//!                                                  └─► Panel   a worker's instances
//! Subject ─► view ─► classify() of the plugin ─► tags ─► Standing ─► decide
//! ```
//!
//! A plugin that crashes or hangs takes the process with it: whoever wants to survive that runs
//! jobs in another process and reads [`calls`] from outside.

pub mod calls;
pub mod check;
mod decide;
mod description;
mod failure;
#[allow(unsafe_code)]
mod host;
mod instance;
mod labels;
#[allow(unsafe_code)]
mod library;
mod load;
mod messages;
mod options;
mod panel;
mod search;
mod standing;
mod subject;
mod tag;
#[cfg(test)]
mod tests;
mod text;
mod view;

pub use decide::{Decision, decide, decided_label};
pub use description::{Description, Needs, Wish};
pub use failure::{Absent, Fault, PluginFailure, Reason, Refusal};
pub use labels::{Label, LabelId, Labels, TRAFFIC_CLASS};
pub use load::Plugins;
pub use messages::{Level, PluginMessage};
pub use options::{ColumnNames, PluginOption, PluginOptions};
pub use panel::{Counts, Panel};
pub use standing::Standing;
pub use subject::{State, Subject};
pub use tag::Tag;
pub use tractor_plugin::abi::{
    NAME_BANNER, NAME_DNS, NAME_HOST, NAME_NONE, NAME_QUIC_SNI, NAME_SNI, NOT_KEPT,
    tractor_packet as FirstPacket,
};
