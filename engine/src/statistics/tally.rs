//! Counts of one epoch, summed by key before they enter the dataflow.

use super::{Count, StatisticKey};
use crate::flows::Flow;
use foldhash::{HashMap, HashMapExt};

/// Changes since the last epoch.
pub struct Tally {
    changes: HashMap<StatisticKey, Count>,
}

impl Default for Tally {
    fn default() -> Self {
        Self { changes: HashMap::new() }
    }
}

/// Protocols whose ports name a service.
fn has_service_ports(protocol: u8) -> bool {
    matches!(protocol, 6 | 17 | 132)
}

fn count_of(flow: &Flow) -> Count {
    Count {
        flows: 1,
        packets: flow.packet_count() as i64,
        bytes: (flow.ip_bytes[0] + flow.ip_bytes[1]) as i64,
    }
}

impl Tally {
    /// Counts a flow under a label, as it is now, and no more under what it was counted as before.
    pub fn relabel(
        &mut self,
        counted: &mut Option<(Option<u16>, Count)>,
        label: Option<u16>,
        flow: &Flow,
    ) {
        let count = count_of(flow);
        if let Some((before, as_of)) = counted.replace((label, count)) {
            let taken_back = self.changes.entry(StatisticKey::Label(before)).or_default();
            taken_back.subtract(&as_of);
        }
        self.changes.entry(StatisticKey::Label(label)).or_default().add(&count);
    }

    /// Adds a flow that has ended.
    pub fn add(&mut self, flow: &Flow) {
        let count = count_of(flow);
        let (protocol, server) = (flow.protocol(), flow.server());
        let port = server.1.filter(|_| has_service_ports(protocol));
        let keys = [
            Some(StatisticKey::Protocol(protocol)),
            Some(StatisticKey::Client(flow.client().0)),
            Some(StatisticKey::Server(server.0)),
            port.map(|port| StatisticKey::Port(protocol, port)),
        ];
        for key in keys.into_iter().flatten() {
            self.changes.entry(key).or_default().add(&count);
        }
    }

    pub fn len(&self) -> usize {
        self.changes.len()
    }

    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The changes, in no order; the next epoch begins empty.
    pub fn take(&mut self) -> impl Iterator<Item = (StatisticKey, Count)> + use<> {
        std::mem::take(&mut self.changes).into_iter()
    }
}
