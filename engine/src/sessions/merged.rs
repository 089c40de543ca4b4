//! What is kept of the packets of a session, or of a window of it: timing and volume, as of a flow.

use super::SessionOptions;
use crate::features::{Activity, Sizes, Timing, Trackers};
use crate::flows::{Flow, NotedPacket, Window};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Pairs are by direction: 0 from the session's client.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Merged {
    timing: Timing,
    sizes: Sizes,
    activity: Activity,
    packets: [u64; 2],
    ip_bytes: [u64; 2],
    payload_bytes: [u64; 2],
    first: Timestamp,
    last: Timestamp,
    window_start: Timestamp,
}

impl Merged {
    fn open(time: Timestamp, window_ns: Option<i64>) -> Self {
        Self {
            timing: Timing::default(),
            sizes: Sizes::default(),
            activity: Activity::open(time),
            packets: [0; 2],
            ip_bytes: [0; 2],
            payload_bytes: [0; 2],
            first: time,
            last: time,
            window_start: window_ns.map_or(time, |window_ns| time.floor_to(window_ns)),
        }
    }

    /// Adds a packet to what there is, if there is anything; the window that it ends.
    #[inline]
    pub fn add(
        merged: &mut Option<Self>,
        packet: &NotedPacket,
        direction: usize,
        window_ns: Option<i64>,
        options: &SessionOptions,
    ) -> Option<Self> {
        let last = merged.as_ref().map_or(packet.time, |merged| merged.last);
        let time = options.life.time(packet.time, last, packet.clock);
        let ended = window_ns.and_then(|window_ns| {
            merged.take_if(|merged| time.floor_to(window_ns) != merged.window_start)
        });
        let merged = merged.get_or_insert_with(|| Self::open(time, window_ns));
        let gap_ns = (merged.packets != [0; 2]).then(|| time.since(merged.last));
        merged.timing.add(direction, time, gap_ns, merged.packets[direction]);
        if gap_ns.is_some_and(|gap_ns| gap_ns > options.activity.gap_ns) {
            merged.activity.add_idle(options.activity.rule, merged.last, time);
        }
        merged.sizes.add(direction, packet.ip_bytes, packet.payload_bytes);
        merged.packets[direction] += 1;
        merged.ip_bytes[direction] += u64::from(packet.ip_bytes);
        merged.payload_bytes[direction] += u64::from(packet.payload_bytes);
        merged.last = time;
        ended
    }

    /// As a row; `outline` has the rest.
    pub fn row(&self, outline: Flow, options: &SessionOptions) -> Flow {
        let mut activity = self.activity.clone();
        activity.close(options.activity.rule, self.last);
        let (timing, sizes) = (self.timing, self.sizes);
        Flow {
            start: self.first,
            end: self.last,
            packets: self.packets,
            ip_bytes: self.ip_bytes,
            payload_bytes: self.payload_bytes,
            trackers: Trackers { timing, sizes, activity, ..Trackers::default() },
            ..outline
        }
    }

    /// The same of a window of that length, the session's `part`-th.
    pub fn window_row(
        &self,
        outline: Flow,
        length_ns: i64,
        part: u32,
        options: &SessionOptions,
    ) -> Flow {
        let start = self.window_start;
        let window = Window { start, length_ns, part, is_last: false, is_beside: false };
        Flow { window: Some(window), ..self.row(outline, options) }
    }
}
