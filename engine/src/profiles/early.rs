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
pub struct List<'a>(Items<'a>);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Items<'a> {
    Packets {
        packets: &'a [EarlyPacket],
        of: Of,
        forward: usize,
    },
    /// As they were stored.
    Unsigneds(&'a [u64]),
    Floats(&'a [f64]),
}

impl<'a> List<'a> {
    fn new(flow: &'a Flow, of: Of) -> Self {
        Self(Items::Packets { packets: &flow.early_packets, of, forward: flow.forward() })
    }

    pub fn of_unsigneds(values: &'a [u64]) -> Self {
        Self(Items::Unsigneds(values))
    }

    pub fn of_floats(values: &'a [f64]) -> Self {
        Self(Items::Floats(values))
    }

    /// The values, in the order of the packets.
    pub fn values(self) -> impl Iterator<Item = Value<'static>> + use<'a> {
        let count = match self.0 {
            Items::Packets { packets, .. } => packets.len(),
            Items::Unsigneds(values) => values.len(),
            Items::Floats(values) => values.len(),
        };
        (0..count).map(move |place| self.0.at(place))
    }
}

impl Items<'_> {
    fn at(self, place: usize) -> Value<'static> {
        match self {
            Self::Packets { packets, of, forward } => of.packet(&packets[place], forward),
            Self::Unsigneds(values) => Value::Unsigned(values[place]),
            Self::Floats(values) => Value::Float(values[place]),
        }
    }
}

impl Of {
    fn packet(self, packet: &EarlyPacket, forward: usize) -> Value<'static> {
        match self {
            Self::Direction => u64::from(usize::from(packet.side) != forward).into(),
            Self::PayloadBytes => u64::from(packet.payload_bytes).into(),
            Self::Gap => Value::microseconds(packet.gap_ns),
        }
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
