//! State that segments feed and columns read: one tracker a family of features.
//!
//! A tracker keeps whole numbers only (least, greatest, sum of squares; counts and sums stand in the
//! flow), so that its values are exact whatever the order of arrival, and keeps them per *side* of the flow's key:
//! which side is the client may be known only later. Rules: FLOWS.md, section 6.

mod activity;
mod exchange;
mod meter;
mod moments;
mod needs;
mod network;
mod sizes;
mod tcp;
mod timing;
mod trackers;

pub use activity::{Activity, ActivityRule};
pub use exchange::Exchange;
pub use meter::{Bulks, Meter};
pub use moments::{Gaps, Lengths, Moments};
pub use needs::Needs;
pub use network::Network;
pub use sizes::{SideSizes, Sizes};
pub use tcp::{FLAG_NAMES, TcpFlags};
pub use timing::Timing;
pub use trackers::{
    ActivitySettings, Arrival, FrameTrackers, MeterTrackers, Own, TimeTrackers, TrackerSet,
    Trackers,
};
