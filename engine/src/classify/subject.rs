//! What classifiers see of a flow, in the host's own words.

use super::FirstPacket;
use crate::flows::EndReason;
use std::net::IpAddr;

/// A flow as it is shown, borrowed for the call. Each classifier sees of it what it asked for.
/// Pairs are from client to server, and from server to client.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    pub state: State,
    /// IP protocol number.
    pub transport: u8,
    /// Port 0 where there are none.
    pub client: (IpAddr, u16),
    pub server: (IpAddr, u16),
    /// Unix time of the first and the last packet so far.
    pub start_us: i64,
    pub end_us: i64,
    /// Of the flow so far; in a window, of the window.
    pub packets: [u64; 2],
    /// Of IP packets, by their own length field.
    pub bytes: [u64; 2],
    /// `payload_at` counts in `payload` of its direction, or is [`super::NOT_KEPT`].
    pub first_packets: &'a [FirstPacket],
    /// The first in-order bytes.
    pub payload: [&'a [u8]; 2],
    /// Empty: unknown, here and below.
    pub server_name: &'a str,
    pub user_agent: &'a str,
    /// What the client offered, joined by commas.
    pub alpn: &'a str,
    pub ja3: &'a str,
    pub ja4: &'a str,
    /// One of [`super::NAME_NONE`], [`super::NAME_SNI`] and so on.
    pub server_name_from: u32,
    /// Values of the classifier's columns, in their order; NaN: missing.
    pub features: &'a [f64],
}

/// How far a flow is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The classifier's wish is met; everything is of the flow so far.
    Early,
    Window {
        start_us: i64,
        /// Of a window that ended with its flow.
        closed_by: Option<EndReason>,
    },
    Closed(EndReason),
}
