//! Which counts exist: of flows by protocol, client, server, port, label, country and name, and of a
//! capture's content; and where addresses are.

mod content;
mod count;
mod items;
mod places;
mod tables;
mod tally;
#[cfg(test)]
mod tests;

pub use content::{Content, PacketCounter, content_of};
use count::Kind;
pub use count::{Count, Country, CountryOf, StatisticKey};
pub use items::{Entry, Item, OTHERS, TITLES, transport};
pub use places::{Place, Places};
pub use tables::{Table, Tables};
pub use tally::{Known, Tally};
