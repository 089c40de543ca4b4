//! What the profiles choose their columns from (section 6), as lists of values.

use super::key::Endpoint;
use super::life::{Flow, Packet};
use super::values::{gaps, span};

/// A flow seen from its client.
pub struct Oriented<'a> {
    pub flow: &'a Flow,
    pub client: Endpoint,
    pub server: Endpoint,
    pub client_by: &'static str,
}

/// Which packets a column is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    Flow,
    Forward,
    Backward,
}

impl<'a> Oriented<'a> {
    /// `by_handshake` is how the corrected profiles find the client; the others take the first sender.
    pub fn new(flow: &'a Flow, by_handshake: bool) -> Self {
        let first_sender = (flow.opener, "first_packet");
        let by_rule = flow.connection.client().filter(|_| by_handshake);
        let (client, client_by) = by_rule.unwrap_or(first_sender);
        let [one, other] = flow.key.ends;
        let server = if client == one { other } else { one };
        Self { flow, client, server, client_by }
    }

    pub fn packets(&self, of: Of) -> Vec<&'a Packet> {
        let chosen = |packet: &&Packet| match of {
            Of::Flow => true,
            Of::Forward => packet.sender == self.client,
            Of::Backward => packet.sender != self.client,
        };
        self.flow.packets.iter().filter(chosen).collect()
    }

    pub fn times(&self, of: Of) -> Vec<i128> {
        self.packets(of).iter().map(|packet| packet.time).collect()
    }

    pub fn ip_bytes(&self, of: Of) -> Vec<i128> {
        self.packets(of).iter().map(|packet| packet.ip_bytes).collect()
    }

    pub fn payload_bytes(&self, of: Of) -> Vec<i128> {
        self.packets(of).iter().map(|packet| packet.payload_bytes).collect()
    }

    pub fn start(&self) -> i128 {
        self.flow.packets[0].time
    }

    pub fn end(&self) -> i128 {
        self.flow.packets[self.flow.packets.len() - 1].time
    }

    pub fn duration(&self) -> i128 {
        span(self.start(), self.end())
    }

    pub fn idle_periods(&self, longer_than: i128) -> Vec<i128> {
        gaps(&self.times(Of::Flow)).into_iter().filter(|gap| *gap > longer_than).collect()
    }

    /// What idle periods cut the flow into, each from its first packet to its last.
    pub fn active_periods(&self, idle_longer_than: i128) -> Vec<i128> {
        let times = self.times(Of::Flow);
        let mut periods = Vec::new();
        let mut start = times[0];
        for pair in times.windows(2) {
            if pair[1] - pair[0] > idle_longer_than {
                periods.push(span(start, pair[0]));
                start = pair[1];
            }
        }
        periods.push(span(start, self.end()));
        periods
    }

    /// The data set's: each up to the packet after the gap, the last one not at all.
    pub fn active_periods_with_gaps(&self, idle_longer_than: i128) -> Vec<i128> {
        let times = self.times(Of::Flow);
        let mut periods = Vec::new();
        let mut start = times[0];
        for pair in times.windows(2) {
            if pair[1] - pair[0] > idle_longer_than {
                periods.push(span(start, pair[1]));
                start = pair[1];
            }
        }
        periods
    }
}
