//! Classifier plugins for TrActor.
//!
//! A plugin is a shared library with one or more classifiers, which look at flows and say what they
//! are. This crate is all it needs: a trait, a view of a flow, and [`export!`]. It has no
//! dependencies. PLUGINS.md beside TrActor's source says how to build, check and ship one.
//!
//! ```
//! use tractor_plugin::{Classifier, Flow, Label, Options, Result, Verdict, export};
//!
//! struct Ports {
//!     ssh: u16,
//! }
//!
//! impl Classifier for Ports {
//!     const ID: &'static str = "org.example.ports";
//!     const LABELS: &'static [Label] =
//!         &[Label::new("other", "ssh"), Label::new("other", "telnet")];
//!
//!     fn create(options: &Options) -> Result<Self> {
//!         Ok(Ports { ssh: options.get_or("ssh", 22)? })
//!     }
//!
//!     fn classify(&mut self, flow: &Flow) -> Option<Verdict> {
//!         match flow.server_port() {
//!             port if port == self.ssh => Some(Verdict::new(0, 0.3).because("port")),
//!             23 => Some(Verdict::new(1, 0.3).because("port")),
//!             _ => None,
//!         }
//!     }
//! }
//!
//! export!(Ports); // export!(Ports, Others) for several
//! # fn main() {}
//! ```
//!
//! | module | what it holds |
//! |---|---|
//! | [`abi`] | the border, field by field as `include/tractor_plugin.h` has it |
//! | `border` | the only unsafe code: what is lent is read, and calls are guarded |
//! | [`testing`] | flows and a host for the tests of a plugin |

// Names of the border are those of the header.
#[allow(non_camel_case_types)]
pub mod abi;
#[doc(hidden)]
pub mod border;
mod classifier;
mod columns;
mod error;
mod options;
mod packets;
pub mod testing;
mod values;
mod verdict;

pub use border::flow::{Flow, Flows};
pub use border::host::Log;
pub use border::tags::Tags;
pub use classifier::{Classifier, Declaration};
pub use columns::Columns;
pub use error::{Error, Result};
pub use options::Options;
pub use packets::{Packet, Packets, Segment, Segments};
pub use values::{ClosedBy, Direction, Level, NameFrom, Needs, State, When};
pub use verdict::{Label, Verdict};
