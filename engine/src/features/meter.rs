//! What CICFlowMeter measures beside times, lengths and flags: headers, data packets, subflows, bulks.

use super::{ActivityRule, Arrival};
use crate::decode::Segment;
use crate::time::{SECOND_NS, Timestamp};
use serde::{Deserialize, Serialize};

/// A gap strictly longer begins another subflow, and ends a bulk.
const PAUSE_NS: i64 = SECOND_NS;

/// Data packets in a row that make a bulk.
const BULK_PACKETS_MIN: u64 = 4;

/// Pairs are by side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meter {
    /// Transport headers.
    pub header_bytes: [u64; 2],
    /// Of packets that are no later fragments; 255 without any.
    pub header_bytes_min: [u8; 2],
    /// Packets with payload.
    pub data_packets: [u64; 2],
    /// Unscaled window of a side's last packet.
    pub last_window: [u16; 2],
    /// Of the flow's first packet.
    pub first_payload_bytes: u32,
    pub first_flags: u8,
    pub first_window: u16,
    /// Gaps over a second between packets of the flow.
    pub pauses: u64,
    /// By CICFlowMeter's own rule there is one series for both directions, the first.
    pub bulks: [Bulks; 2],
}

impl Default for Meter {
    fn default() -> Self {
        Self {
            header_bytes: [0; 2],
            header_bytes_min: [u8::MAX; 2],
            data_packets: [0; 2],
            last_window: [0; 2],
            first_payload_bytes: 0,
            first_flags: 0,
            first_window: 0,
            pauses: 0,
            bulks: Default::default(),
        }
    }
}

/// Bulks: runs of data packets without a pause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bulks {
    pub count: u64,
    pub packets: u64,
    pub bytes: u64,
    pub duration_ns: i64,
    run: Run,
}

/// Data packets in a row that may become a bulk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Run {
    start: Timestamp,
    last: Timestamp,
    packets: u64,
    bytes: u64,
}

impl Meter {
    /// Of a flow whose first packet is `segment`.
    pub fn open(segment: &Segment) -> Self {
        Self {
            first_payload_bytes: segment.payload_bytes,
            first_flags: segment.flags,
            first_window: segment.window,
            ..Self::default()
        }
    }

    #[inline]
    pub fn add(&mut self, segment: &Segment, arrival: Arrival, rule: ActivityRule) {
        let side = segment.side();
        if let Some(header_bytes) = segment.header_bytes() {
            self.header_bytes[side] += u64::from(header_bytes);
            self.header_bytes_min[side] = self.header_bytes_min[side].min(header_bytes);
        }
        self.last_window[side] = segment.window;
        let gap_ns = arrival.last.map_or(0, |last| arrival.time.since(last));
        self.pauses += u64::from(gap_ns > PAUSE_NS);
        if segment.payload_bytes == 0 {
            return;
        }
        self.data_packets[side] += 1;
        let bytes = segment.payload_bytes.into();
        match rule {
            // A run that began at the epoch has not begun, to this program.
            ActivityRule::Cic => {
                let begins = self.bulks[0].run.start.0 == 0;
                self.bulks[0].add(arrival.time, bytes, begins);
            }
            _ => {
                let begins = self.bulks[side].run.packets == 0;
                self.bulks[side].add(arrival.time, bytes, begins);
                self.bulks[1 - side].run.packets = 0;
            }
        }
    }
}

impl Bulks {
    fn add(&mut self, time: Timestamp, bytes: u64, begins: bool) {
        let run = &mut self.run;
        let since_last_ns = time.since(run.last);
        run.last = time;
        if begins || since_last_ns > PAUSE_NS {
            *run = Run { start: time, last: time, packets: 1, bytes };
            return;
        }
        run.packets += 1;
        run.bytes += bytes;
        match run.packets {
            BULK_PACKETS_MIN => {
                self.count += 1;
                self.packets += run.packets;
                self.bytes += run.bytes;
                self.duration_ns = self.duration_ns.saturating_add(time.since(run.start));
            }
            more if more > BULK_PACKETS_MIN => {
                self.packets += 1;
                self.bytes += bytes;
                self.duration_ns = self.duration_ns.saturating_add(since_last_ns);
            }
            _ => {}
        }
    }
}
