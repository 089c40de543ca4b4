//! The columns of `--splt`: the first packets of a flow, one by one.

use super::{Columns, Kind, Value};
use crate::flows::{EarlyPacket, Flow};

/// What is told of each packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    Direction,
    PayloadBytes,
    Gap,
}

/// A value of each of a flow's first packets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct List<'a> {
    packets: &'a [EarlyPacket],
    of: Of,
    forward: usize,
}

impl<'a> List<'a> {
    fn new(flow: &'a Flow, of: Of) -> Self {
        Self { packets: &flow.early_packets, of, forward: flow.forward() }
    }

    /// The values, in the order of the packets.
    pub fn values(self) -> impl Iterator<Item = Value<'static>> + use<'a> {
        self.packets.iter().map(move |packet| match self.of {
            Of::Direction => u64::from(usize::from(packet.side) != self.forward).into(),
            Of::PayloadBytes => u64::from(packet.payload_bytes).into(),
            Of::Gap => Value::microseconds(packet.gap_ns),
        })
    }
}

/// The three columns.
pub fn columns() -> Columns {
    let mut columns = Columns::default();
    let meaning = "Of the first packets: 0 client to server, 1 server to client";
    columns.add("splt_direction", "", Kind::Unsigneds, meaning, |row| {
        Value::List(List::new(row.flow, Of::Direction))
    });
    let meaning = "Payload of the first packets";
    columns.add("splt_payload_bytes", "bytes", Kind::Unsigneds, meaning, |row| {
        Value::List(List::new(row.flow, Of::PayloadBytes))
    });
    let meaning = "Times between the first packets; 0 for the first";
    columns.add("splt_gap_us", "µs", Kind::Floats, meaning, |row| {
        Value::List(List::new(row.flow, Of::Gap))
    });
    columns
}
