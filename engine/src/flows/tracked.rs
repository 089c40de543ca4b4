//! Trackers beside those of the flow itself: of the whole flow or of a window.

use super::{Flow, Window};
use crate::decode::Segment;
use crate::features::{
    ActivitySettings, Arrival, MeterTrackers, Needs, TimeTrackers, TrackerSet, Trackers,
};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// What is tracked, and of what.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Tracking {
    pub needs: Needs,
    pub activity: ActivitySettings,
    /// Of windows of this length, from multiples of it since 1970; `None`: of the whole flow.
    pub window_ns: Option<i64>,
}

/// What is kept of an open flow, or of a window of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Tracked {
    trackers: Kind,
    packets: [u64; 2],
    ip_bytes: [u64; 2],
    payload_bytes: [u64; 2],
    first: Timestamp,
    pub last: Timestamp,
    /// As it was known after the last packet.
    #[serde(deserialize_with = "crate::saved::side")]
    pub client_side: usize,
    pub window_start: Timestamp,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum Kind {
    Times(TimeTrackers),
    All(Box<Trackers>),
    Meter(Box<MeterTrackers>),
}

impl Tracked {
    /// Of a flow or window whose first packet is `segment`; the packet is still to be added.
    pub fn open(segment: &Segment, time: Timestamp, tracking: &Tracking) -> Self {
        let no_link = Default::default;
        let trackers = match tracking.needs {
            Needs::Times => Kind::Times(TimeTrackers::open(segment, time, no_link)),
            Needs::Meter => Kind::Meter(Box::new(MeterTrackers::open(segment, time, no_link))),
            Needs::All | Needs::Frames => {
                Kind::All(Box::new(Trackers::open(segment, time, no_link)))
            }
        };
        Self {
            trackers,
            packets: [0; 2],
            ip_bytes: [0; 2],
            payload_bytes: [0; 2],
            first: time,
            last: time,
            client_side: 0,
            window_start: tracking.window_ns.map_or(time, |window_ns| time.floor_to(window_ns)),
        }
    }

    /// Whether a packet at that time lies in another window.
    pub fn has_ended(&self, time: Timestamp, tracking: &Tracking) -> bool {
        tracking.window_ns.is_some_and(|window_ns| time.floor_to(window_ns) != self.window_start)
    }

    pub fn add(
        &mut self,
        segment: &Segment,
        time: Timestamp,
        client_side: usize,
        tracking: &Tracking,
    ) {
        let side = segment.side();
        let is_first = self.packets == [0; 2];
        let arrival = Arrival {
            time,
            last: (!is_first).then_some(self.last),
            side_packets: self.packets[side],
            client_side,
        };
        match &mut self.trackers {
            Kind::Times(trackers) => trackers.add(segment, arrival, &tracking.activity),
            Kind::All(trackers) => trackers.add(segment, arrival, &tracking.activity),
            Kind::Meter(trackers) => trackers.add(segment, arrival, &tracking.activity),
        }
        self.last = time;
        self.client_side = client_side;
        self.packets[side] += 1;
        self.ip_bytes[side] += u64::from(segment.ip_bytes);
        self.payload_bytes[side] += u64::from(segment.payload_bytes);
    }

    /// The window as a row. `outline` has the rest of the flow, which may already have the packet that
    /// ended the window.
    pub fn window(&self, outline: Flow, tracking: &Tracking) -> Flow {
        let client_side = self.client_side;
        let outline = Flow { client_side, forward_side: client_side, ..outline };
        let length_ns = tracking.window_ns.unwrap_or_default();
        let start = self.window_start;
        let window = Window { start, length_ns, part: 0, is_last: false, is_beside: false };
        Flow { window: Some(window), ..self.flow(outline, tracking) }
    }

    /// The flow as these trackers have it; `outline` has the rest.
    pub fn flow(&self, outline: Flow, tracking: &Tracking) -> Flow {
        let client = outline.client_side;
        let trackers = match self.trackers.clone() {
            Kind::Times(mut trackers) => trackers.close(self.last, client, &tracking.activity),
            Kind::All(mut trackers) => trackers.close(self.last, client, &tracking.activity),
            Kind::Meter(mut trackers) => trackers.close(self.last, client, &tracking.activity),
        };
        Flow {
            start: self.first,
            end: self.last,
            packets: self.packets,
            ip_bytes: self.ip_bytes,
            payload_bytes: self.payload_bytes,
            trackers,
            ..outline
        }
    }
}
