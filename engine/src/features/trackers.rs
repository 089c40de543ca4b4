//! The trackers of a flow.

use super::{Activity, ActivityRule, Exchange, Meter, Network, Sizes, TcpFlags, Timing};
use crate::decode::{LinkAddresses, Segment};
use crate::time::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::mem::{offset_of, take};

/// What a tracker is told of a packet beside its segment.
#[derive(Clone, Copy)]
pub struct Arrival {
    pub time: Timestamp,
    /// The flow's packet before; `None` for its first.
    pub last: Option<Timestamp>,
    /// Packets that the segment's side had before this one.
    pub side_packets: u64,
    /// Who is the client, as far as the packets up to this one tell.
    pub client_side: usize,
}

/// How active and idle periods are told apart.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ActivitySettings {
    pub rule: ActivityRule,
    /// A gap strictly longer ends an active period.
    pub gap_ns: i64,
}

/// The trackers that an open flow keeps: a flow table is compiled for each set, so that a flow
/// has no memory for what nobody needs.
pub trait TrackerSet: Default + Serialize + DeserializeOwned + 'static {
    /// Bytes from the begin that nearly every packet touches.
    const HOT_BYTES: usize;

    /// Of a flow whose first packet is `segment`, which came at `time`.
    fn open(segment: &Segment, time: Timestamp, link: impl FnOnce() -> LinkAddresses) -> Self;

    /// Adds a packet, the first included.
    fn add(&mut self, segment: &Segment, arrival: Arrival, settings: &ActivitySettings);

    /// All trackers, of a flow that ends with a packet at `last`; those not kept are empty.
    fn close(&mut self, last: Timestamp, client: usize, settings: &ActivitySettings) -> Trackers;
}

/// Every tracker. Those that are touched by each packet stand first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[repr(C)]
pub struct Trackers {
    pub timing: Timing,
    pub sizes: Sizes,
    pub tcp: TcpFlags,
    pub network: Network,
    pub exchange: Exchange,
    pub activity: Activity,
    pub own: Own,
}

/// What one profile alone keeps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Own {
    #[default]
    Nothing,
    Meter(Box<Meter>),
    /// Of the flow's first packet.
    LinkAddresses(LinkAddresses),
}

impl TrackerSet for Trackers {
    const HOT_BYTES: usize = offset_of!(Self, activity);

    #[inline]
    fn open(segment: &Segment, time: Timestamp, _: impl FnOnce() -> LinkAddresses) -> Self {
        Self {
            activity: Activity::open(time),
            network: Network::open(segment),
            exchange: Exchange::open(segment),
            ..Self::default()
        }
    }

    #[inline]
    fn add(&mut self, segment: &Segment, arrival: Arrival, settings: &ActivitySettings) {
        let side = segment.side();
        add_times(&mut self.timing, &mut self.activity, side, arrival, settings);
        self.sizes.add(side, segment.ip_bytes, segment.payload_bytes);
        self.tcp.add(segment, arrival.side_packets);
        self.network.add(segment);
        self.exchange.add(segment, arrival.time, arrival.client_side);
    }

    #[inline]
    fn close(&mut self, last: Timestamp, client: usize, settings: &ActivitySettings) -> Trackers {
        self.activity.close(settings.rule, last);
        self.exchange.close(client);
        Self {
            timing: self.timing,
            sizes: self.sizes,
            tcp: take(&mut self.tcp),
            network: self.network,
            exchange: take(&mut self.exchange),
            activity: take(&mut self.activity),
            own: Own::Nothing,
        }
    }
}

/// The times alone.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[repr(C)]
pub struct TimeTrackers {
    timing: Timing,
    activity: Activity,
}

impl TrackerSet for TimeTrackers {
    const HOT_BYTES: usize = offset_of!(Self, activity);

    #[inline]
    fn open(_: &Segment, time: Timestamp, _: impl FnOnce() -> LinkAddresses) -> Self {
        Self { timing: Timing::default(), activity: Activity::open(time) }
    }

    #[inline]
    fn add(&mut self, segment: &Segment, arrival: Arrival, settings: &ActivitySettings) {
        add_times(&mut self.timing, &mut self.activity, segment.side(), arrival, settings);
    }

    fn close(&mut self, last: Timestamp, _: usize, settings: &ActivitySettings) -> Trackers {
        self.activity.close(settings.rule, last);
        let activity = take(&mut self.activity);
        Trackers { timing: self.timing, activity, ..Trackers::default() }
    }
}

/// What CICFlowMeter's columns read.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[repr(C)]
pub struct MeterTrackers {
    timing: Timing,
    sizes: Sizes,
    tcp: TcpFlags,
    meter: Meter,
    activity: Activity,
}

impl TrackerSet for MeterTrackers {
    const HOT_BYTES: usize = offset_of!(Self, activity);

    #[inline]
    fn open(segment: &Segment, time: Timestamp, _: impl FnOnce() -> LinkAddresses) -> Self {
        let (meter, activity) = (Meter::open(segment), Activity::open(time));
        Self { meter, activity, ..Self::default() }
    }

    #[inline]
    fn add(&mut self, segment: &Segment, arrival: Arrival, settings: &ActivitySettings) {
        let side = segment.side();
        add_times(&mut self.timing, &mut self.activity, side, arrival, settings);
        self.sizes.sides[side].payload.add(segment.payload_bytes);
        self.tcp.add(segment, arrival.side_packets);
        self.meter.add(segment, arrival, settings.rule);
    }

    fn close(&mut self, last: Timestamp, _: usize, settings: &ActivitySettings) -> Trackers {
        self.activity.close(settings.rule, last);
        Trackers {
            timing: self.timing,
            sizes: self.sizes,
            tcp: take(&mut self.tcp),
            activity: take(&mut self.activity),
            own: Own::Meter(Box::new(take(&mut self.meter))),
            ..Trackers::default()
        }
    }
}

/// What NFStream's columns read.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[repr(C)]
pub struct FrameTrackers {
    timing: Timing,
    sizes: Sizes,
    tcp: TcpFlags,
    link_addresses: LinkAddresses,
}

impl TrackerSet for FrameTrackers {
    const HOT_BYTES: usize = offset_of!(Self, link_addresses);

    #[inline]
    fn open(_: &Segment, _: Timestamp, link: impl FnOnce() -> LinkAddresses) -> Self {
        Self { link_addresses: link(), ..Self::default() }
    }

    #[inline]
    fn add(&mut self, segment: &Segment, arrival: Arrival, _: &ActivitySettings) {
        let (side, packets) = (segment.side(), arrival.side_packets);
        let gap_ns = arrival.last.map(|last| arrival.time.since(last));
        self.timing.add(side, arrival.time, gap_ns, packets);
        self.sizes.sides[side].ip.add(segment.ip_bytes);
        self.tcp.add(segment, packets);
    }

    fn close(&mut self, _: Timestamp, _: usize, _: &ActivitySettings) -> Trackers {
        Trackers {
            timing: self.timing,
            sizes: self.sizes,
            tcp: take(&mut self.tcp),
            own: Own::LinkAddresses(self.link_addresses),
            ..Trackers::default()
        }
    }
}

#[inline]
fn add_times(
    timing: &mut Timing,
    activity: &mut Activity,
    side: usize,
    arrival: Arrival,
    settings: &ActivitySettings,
) {
    let gap_ns = arrival.last.map(|last| arrival.time.since(last));
    timing.add(side, arrival.time, gap_ns, arrival.side_packets);
    if let (Some(last), Some(gap_ns)) = (arrival.last, gap_ns)
        && gap_ns > settings.gap_ns
    {
        activity.add_idle(settings.rule, last, arrival.time);
    }
}
