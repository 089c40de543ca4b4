//! The trackers of all open flows of a worker, and of one closed flow.

use super::slab::Slab;
use super::tcp::FlagCounts;
use super::{Activity, ActivityRule, Needs, Network, Sizes, TcpFlags, Timing};
use crate::decode::Segment;
use crate::time::Timestamp;

/// The trackers of one flow. Those that nobody needed are empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trackers {
    pub timing: Timing,
    pub activity: Activity,
    pub sizes: Sizes,
    pub tcp: TcpFlags,
    pub flag_counts: FlagCounts,
    pub network: Network,
}

/// What a tracker is told of a packet beside its segment.
#[derive(Clone, Copy)]
pub struct Arrival {
    pub time: Timestamp,
    /// The flow's packet before; `None` for its first.
    pub last: Option<Timestamp>,
    /// Packets that the segment's side had before this one.
    pub side_packets: u64,
}

/// Trackers of open flows: one slab a tracker, all indexed like the flows.
pub struct TrackerTable {
    needs: Needs,
    rule: ActivityRule,
    /// A gap strictly longer ends an active period.
    activity_gap_ns: i64,
    timing: Slab<Timing>,
    activity: Slab<Activity>,
    sizes: Slab<Sizes>,
    tcp: Slab<TcpFlags>,
    /// Only of flows with many packets.
    flag_counts: Slab<FlagCounts>,
    network: Slab<Network>,
}

impl TrackerTable {
    pub fn new(needs: Needs, rule: ActivityRule, activity_gap_ns: i64) -> Self {
        Self {
            needs,
            rule,
            activity_gap_ns,
            timing: Slab::default(),
            activity: Slab::default(),
            sizes: Slab::default(),
            tcp: Slab::default(),
            flag_counts: Slab::default(),
            network: Slab::default(),
        }
    }

    /// Empty trackers for the flow at `index`, whose first packet is `segment`.
    pub fn open(&mut self, index: usize, segment: &Segment, time: Timestamp) {
        let needs = self.needs;
        if needs.timing {
            self.timing.put(index, Timing::default());
        }
        if needs.activity {
            self.activity.put(index, Activity::open(time));
        }
        if needs.sizes {
            self.sizes.put(index, Sizes::default());
        }
        if needs.tcp {
            self.tcp.put(index, TcpFlags::default());
        }
        if needs.network {
            self.network.put(index, Network::open(segment));
        }
    }

    /// Adds a packet to the flow at `index`.
    #[inline]
    pub fn add(&mut self, index: usize, segment: &Segment, arrival: Arrival) {
        let (needs, side) = (self.needs, segment.side());
        let gap_ns = arrival.last.map(|last| arrival.time.since(last));
        if needs.timing {
            self.timing[index].add(side, arrival.time, gap_ns, arrival.side_packets);
        }
        if needs.activity && gap_ns.is_some_and(|gap_ns| gap_ns > self.activity_gap_ns) {
            let last = arrival.last.unwrap_or(arrival.time);
            self.activity[index].add_idle(self.rule, last, arrival.time);
        }
        if needs.sizes {
            self.sizes[index].add(side, segment.ip_bytes, segment.payload_bytes);
        }
        if needs.tcp && self.tcp[index].add(segment, arrival.side_packets) {
            self.settle_flags(index);
        }
        if needs.network {
            self.network[index].add(segment);
        }
    }

    #[cold]
    fn settle_flags(&mut self, index: usize) {
        let tcp = &mut self.tcp[index];
        if !tcp.has_settled {
            tcp.has_settled = true;
            self.flag_counts.put(index, FlagCounts::default());
        }
        tcp.settle(&mut self.flag_counts[index]);
    }

    /// The trackers of a flow that ends with a packet at `last`.
    pub fn close(&self, index: usize, last: Timestamp) -> Trackers {
        let needs = self.needs;
        let mut trackers = Trackers::default();
        if needs.timing {
            trackers.timing = self.timing[index];
        }
        if needs.activity {
            trackers.activity = self.activity[index];
            trackers.activity.close(self.rule, last);
        }
        if needs.sizes {
            trackers.sizes = self.sizes[index];
        }
        if needs.tcp {
            trackers.tcp = self.tcp[index];
            if trackers.tcp.has_settled {
                trackers.flag_counts = self.flag_counts[index];
            }
            trackers.tcp.settle(&mut trackers.flag_counts);
        }
        if needs.network {
            trackers.network = self.network[index];
        }
        trackers
    }

    /// Frees the memory around `index`; see [`Slab::free_page_of`].
    pub fn free_page_of(&mut self, index: usize) {
        self.timing.free_page_of(index);
        self.activity.free_page_of(index);
        self.sizes.free_page_of(index);
        self.tcp.free_page_of(index);
        self.flag_counts.free_page_of(index);
        self.network.free_page_of(index);
    }

    /// Fetches what the next packet of the flow at `index` will touch.
    #[inline]
    pub fn prefetch(&self, index: usize, fetch: impl Fn(*const u8, usize)) {
        if self.needs.timing {
            self.timing.fetch(index, &fetch);
        }
        if self.needs.sizes {
            self.sizes.fetch(index, &fetch);
        }
        if self.needs.tcp {
            self.tcp.fetch(index, &fetch);
        }
        if self.needs.network {
            self.network.fetch(index, &fetch);
        }
    }

    /// Fetches what closing the flow at `index` will read beside.
    #[inline]
    pub fn prefetch_rest(&self, index: usize, fetch: impl Fn(*const u8, usize)) {
        if self.needs.activity {
            self.activity.fetch(index, &fetch);
        }
    }
}
