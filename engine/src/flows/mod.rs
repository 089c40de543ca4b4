//! From segments to flows (technological connections): one plain table, fed in stream order.
//!
//! [`FlowTable::push`] takes the segments of a chunk, [`FlowTable::finish_chunk`] closes what is
//! due at its end, [`FlowTable::finish_stream`] closes the rest. It knows no dataflow, no thread
//! and no clock but the packets'. The rules are sections 3 to 5 of FLOWS.md.

mod connection;
mod flow;
mod head;
mod index;
mod life;
mod open;
mod table;
mod wheel;

pub use connection::ClientBy;
pub use flow::{EndReason, Flow};
pub use head::ChunkHead;
pub use life::{Life, LifeRule};
pub use table::{FlowTable, TableCounts, TableOptions};
