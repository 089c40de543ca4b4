//! The dataflow: the plain stages of the other modules, joined by timely and differential.
//!
//! ```text
//! source ──segments, by shard──────────────► flows ──closed flows──► sink ──► writer's thread
//!   ▲ └──fragments, by datagram──► fragments ─┘ │ └──counts──► statistics (differential)
//!   └───────────── feedback: chunks in flight ──┘
//! ```
//!
//! A timestamp is a *step*: the number of a chunk in the stream, its file in the upper half. Only
//! this module knows timely. [`run`] is its door.

mod batch;
mod checkpoint;
mod classify;
mod collections;
mod failure;
mod feed;
mod flows;
mod fragments;
mod graph;
mod ledger;
mod operators;
mod plan;
mod pool;
mod progress;
mod questions;
mod run;
mod sessions;
mod sink;
mod source;
mod summary;
mod writer;

pub use crate::saved::{SAVED_FORMAT, SavedError};
pub use checkpoint::Resume;
pub use feed::{Feed, Saved, Standing};
pub use progress::{Progress, Questions};
pub use run::{Following, Keeper, Rows, RunOptions, run, run_followed};
pub use summary::{RunError, Summary, Timings};

/// The number of a chunk in the stream: file in the upper, chunk in the lower 32 bits.
type Step = u64;
