//! Which counts exist: of flows by protocol, client, server and port, and of a capture's content.

mod content;
mod count;
mod tables;
mod tally;

pub use content::{Content, content_of};
pub use count::{Count, StatisticKey};
pub use tables::{Table, Tables};
pub use tally::Tally;
