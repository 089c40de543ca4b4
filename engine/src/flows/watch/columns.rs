//! What classifiers want to know in columns: trackers of their own, of the whole flow or of a window.

use crate::decode::Segment;
use crate::features::{
    ActivitySettings, Arrival, MeterTrackers, Needs, TimeTrackers, TrackerSet, Trackers,
};
use crate::flows::Flow;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::mem::replace;

/// Columns that a classifier reads.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ColumnWish {
    /// Its place among all.
    pub classifier: usize,
    pub needs: Needs,
    pub activity: ActivitySettings,
    /// Of windows of this length, from multiples of it since 1970; `None`: of the whole flow.
    pub window_ns: Option<i64>,
}

/// What is kept of an open flow for the wishes, by their places; nothing before the first packet.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct TrackedColumns {
    all: Vec<Tracked>,
}

impl TrackedColumns {
    /// Adds a packet to all of them.
    pub fn add(
        &mut self,
        segment: &Segment,
        time: Timestamp,
        client: usize,
        wishes: &[ColumnWish],
    ) {
        if self.all.is_empty() {
            self.all.extend(wishes.iter().map(|wish| Tracked::open(segment, time, wish)));
        }
        for (tracked, wish) in self.all.iter_mut().zip(wishes) {
            tracked.add(segment, time, client, wish);
        }
    }

    /// Begins those windows anew that a packet at that time does not lie in; their places, and what
    /// they were.
    pub fn end_windows(
        &mut self,
        segment: &Segment,
        time: Timestamp,
        wishes: &[ColumnWish],
    ) -> Vec<(usize, Tracked)> {
        let mut ended = Vec::new();
        for (place, (tracked, wish)) in self.all.iter_mut().zip(wishes).enumerate() {
            if tracked.has_ended(time, wish) {
                ended.push((place, replace(tracked, Tracked::open(segment, time, wish))));
            }
        }
        ended
    }

    /// The windows that are open, with their places.
    pub fn windows<'a>(
        &'a self,
        wishes: &'a [ColumnWish],
    ) -> impl Iterator<Item = (usize, &'a Tracked)> {
        let all = self.all.iter().enumerate();
        all.filter(|(place, _)| wishes[*place].window_ns.is_some())
    }

    /// Whether these are what is kept for the wishes, or nothing yet.
    pub fn is_of(&self, wishes: &[ColumnWish]) -> bool {
        self.all.is_empty() || self.all.len() == wishes.len()
    }

    /// The flow as its own trackers have it, for those who want the whole of it.
    pub fn whole(&self, outline: &Flow, wishes: &[ColumnWish]) -> Vec<(usize, Flow)> {
        let all = self.all.iter().zip(wishes).enumerate();
        let whole = all.filter(|(_, (_, wish))| wish.window_ns.is_none());
        whole.map(|(place, (own, wish))| (place, own.flow(outline.clone(), wish))).collect()
    }
}

/// What is kept of an open flow for one wish.
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
    pub fn open(segment: &Segment, time: Timestamp, wish: &ColumnWish) -> Self {
        let no_link = Default::default;
        let trackers = match wish.needs {
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
            window_start: wish.window_ns.map_or(time, |window_ns| time.floor_to(window_ns)),
        }
    }

    /// Whether a packet at that time lies in another window.
    pub fn has_ended(&self, time: Timestamp, wish: &ColumnWish) -> bool {
        wish.window_ns.is_some_and(|window_ns| time.floor_to(window_ns) != self.window_start)
    }

    pub fn add(
        &mut self,
        segment: &Segment,
        time: Timestamp,
        client_side: usize,
        wish: &ColumnWish,
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
            Kind::Times(trackers) => trackers.add(segment, arrival, &wish.activity),
            Kind::All(trackers) => trackers.add(segment, arrival, &wish.activity),
            Kind::Meter(trackers) => trackers.add(segment, arrival, &wish.activity),
        }
        self.last = time;
        self.client_side = client_side;
        self.packets[side] += 1;
        self.ip_bytes[side] += u64::from(segment.ip_bytes);
        self.payload_bytes[side] += u64::from(segment.payload_bytes);
    }

    /// The flow as these trackers have it; `outline` has the rest.
    pub fn flow(&self, outline: Flow, wish: &ColumnWish) -> Flow {
        let client = outline.client_side;
        let trackers = match self.trackers.clone() {
            Kind::Times(mut trackers) => trackers.close(self.last, client, &wish.activity),
            Kind::All(mut trackers) => trackers.close(self.last, client, &wish.activity),
            Kind::Meter(mut trackers) => trackers.close(self.last, client, &wish.activity),
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
