//! Counts of one epoch, summed by key before they enter the dataflow.

use super::{Count, CountryOf, StatisticKey};
use crate::decode::Key;
use crate::flows::Flow;
use foldhash::{HashMap, HashMapExt};
use serde::{Deserialize, Serialize};

/// Changes since the last epoch.
pub struct Tally {
    changes: HashMap<StatisticKey, Count>,
    /// Flows count while they are open, too.
    is_live: bool,
    country_of: Option<CountryOf>,
}

/// What is known of a flow beside its ends, and can be known before it ends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    pub label: Option<u16>,
    pub domain: Option<Box<str>>,
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
    pub fn new(is_live: bool, country_of: Option<CountryOf>) -> Self {
        Self { changes: HashMap::new(), is_live, country_of }
    }

    pub fn is_live(&self) -> bool {
        self.is_live
    }

    fn add(&mut self, key: StatisticKey, count: &Count) {
        self.changes.entry(key).or_default().add(count);
    }

    fn take_back(&mut self, key: StatisticKey) {
        self.changes.entry(key).or_default().subtract(&Count::FLOW);
    }

    /// Counts a flow that is open, as long as nothing is known of it.
    pub fn open(&mut self, key: &Key, client_side: usize) {
        for key in self.keys_of(key, client_side).into_iter().flatten() {
            self.add(key, &Count::FLOW);
        }
        self.add(StatisticKey::Unlabelled(key.protocol()), &Count::FLOW);
    }

    /// Counts a flow no more that was counted while it was open.
    pub fn forget(&mut self, key: &Key, client_side: usize, known: &Known) {
        for key in self.keys_of(key, client_side).into_iter().flatten() {
            self.take_back(key);
        }
        self.take_back(label_key(known.label, key.protocol()));
        if let Some(domain) = &known.domain {
            self.take_back(StatisticKey::Domain(domain.clone()));
        }
    }

    /// Counts an open flow under what is known of it now.
    pub fn learn(&mut self, protocol: u8, before: &Known, now: &Known) {
        if before.label != now.label {
            self.take_back(label_key(before.label, protocol));
            self.add(label_key(now.label, protocol), &Count::FLOW);
        }
        if before.domain != now.domain {
            if let Some(domain) = &before.domain {
                self.take_back(StatisticKey::Domain(domain.clone()));
            }
            if let Some(domain) = &now.domain {
                self.add(StatisticKey::Domain(domain.clone()), &Count::FLOW);
            }
        }
    }

    /// Counts a flow that has ended under its ends; [`Tally::close_known`] does the rest.
    pub fn close(&mut self, flow: &Flow) {
        let mut count = count_of(flow);
        match flow.counted_side.map(usize::from) {
            Some(side) if side == flow.client_side => count.flows = 0,
            Some(side) => {
                for key in self.keys_of(&flow.key, side).into_iter().flatten() {
                    self.take_back(key);
                }
            }
            None => {}
        }
        for key in self.keys_of(&flow.key, flow.client_side).into_iter().flatten() {
            self.add(key, &count);
        }
    }

    /// Counts a flow that has ended under what is known of it; `before` is what was known of it
    /// while it was open.
    pub fn close_known(&mut self, flow: &Flow, before: &Known, now: &Known) {
        let protocol = flow.protocol();
        if flow.counted_side.is_none() {
            self.add(StatisticKey::Unlabelled(protocol), &Count::FLOW);
        }
        self.learn(protocol, before, now);
        let of_open = Count { flows: 0, ..count_of(flow) };
        self.add(label_key(now.label, protocol), &of_open);
        if let Some(domain) = &now.domain {
            self.add(StatisticKey::Domain(domain.clone()), &of_open);
        }
    }

    /// What a flow counts under by its ends.
    fn keys_of(&self, key: &Key, client_side: usize) -> [Option<StatisticKey>; 5] {
        let (protocol, server) = (key.protocol(), key.address(1 - client_side));
        let port = key.port(1 - client_side).filter(|_| has_service_ports(protocol));
        let country = self.country_of.as_ref().map(|country_of| country_of(server));
        [
            Some(StatisticKey::Protocol(protocol)),
            Some(StatisticKey::Client(key.address(client_side))),
            Some(StatisticKey::Server(server)),
            port.map(|port| StatisticKey::Port(protocol, port)),
            country.map(StatisticKey::Country),
        ]
    }

    pub fn len(&self) -> usize {
        self.changes.len()
    }

    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The changes, in no order; the next epoch begins empty.
    pub fn take(&mut self) -> impl Iterator<Item = (StatisticKey, Count)> + '_ {
        self.changes.drain().filter(|(_, count)| !count.is_nothing())
    }
}

fn label_key(label: Option<u16>, protocol: u8) -> StatisticKey {
    label.map_or(StatisticKey::Unlabelled(protocol), StatisticKey::Label)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::{Endpoint, Key};
    use crate::features::Trackers;
    use crate::flows::{ClientBy, EndReason};
    use crate::time::Timestamp;
    use std::collections::BTreeMap;
    use std::sync::Arc;

    fn key() -> Key {
        let end = |address, port| Endpoint { address: Key::address_v4(address), port };
        Key::new(end(0x0a00_0001, 443), end(0x0a00_0002, 50_000), 6, true, false, 0).0
    }

    fn flow(client_side: usize, counted_side: Option<u8>) -> Flow {
        Flow {
            id: 1,
            key: key(),
            deep_stack: None,
            client_side,
            forward_side: client_side,
            client_by: ClientBy::Syn,
            counted_side,
            start: Timestamp(0),
            end: Timestamp(0),
            end_reason: EndReason::Fin,
            closed_at: Timestamp(0),
            file: 0,
            packets: [3, 4],
            ip_bytes: [30, 40],
            payload_bytes: [0; 2],
            trackers: Trackers::default(),
            early_packets: Vec::new(),
            window: None,
            seen: None,
            labelled: None,
            grouped: None,
            group: None,
        }
    }

    /// By the address: only that of side 0 is known.
    fn live() -> Tally {
        let known = key().address(0);
        Tally::new(true, Some(Arc::new(move |address| (address == known).then_some(*b"DE"))))
    }

    fn known(label: Option<u16>, domain: Option<&str>) -> Known {
        Known { label, domain: domain.map(Into::into) }
    }

    fn changes(mut tally: Tally) -> BTreeMap<StatisticKey, Count> {
        tally.take().collect()
    }

    #[test]
    fn what_is_taken_back_leaves_nothing() {
        let mut tally = live();
        tally.open(&key(), 0);
        let (early, late) = (known(Some(7), Some("a.example")), known(Some(8), None));
        tally.learn(6, &Known::default(), &early);
        tally.learn(6, &early, &late);
        tally.forget(&key(), 0, &late);
        assert_eq!(changes(tally), BTreeMap::new());
    }

    #[test]
    fn a_flow_that_has_ended_counts_the_same_whatever_it_was_counted_as() {
        let nothing = Known::default();
        let last = known(Some(8), Some("b.example"));
        let mut expected = live();
        expected.close(&flow(1, None));
        expected.close_known(&flow(1, None), &nothing, &last);
        let expected = changes(expected);
        assert_eq!(expected[&StatisticKey::Client(key().address(1))].flows, 1);
        assert_eq!(expected[&StatisticKey::Port(6, 443)].packets, 7);
        assert_eq!(expected[&StatisticKey::Country(Some(*b"DE"))].bytes, 70);
        assert_eq!(expected[&StatisticKey::Domain("b.example".into())].flows, 1);
        assert_eq!(expected.len(), 7);
        for side in [0, 1] {
            for early in [nothing.clone(), known(Some(7), Some("a.example")), last.clone()] {
                let mut tally = live();
                tally.open(&key(), side);
                tally.learn(6, &nothing, &early);
                tally.close(&flow(1, Some(side as u8)));
                tally.close_known(&flow(1, Some(side as u8)), &early, &last);
                assert_eq!(changes(tally), expected);
            }
        }
    }

    /// A verdict may come before the flow is counted, which is at the end of an epoch.
    #[test]
    fn what_was_learnt_of_a_flow_that_was_never_counted_open_is_taken_back() {
        let mut tally = live();
        let early = known(Some(7), None);
        tally.learn(6, &Known::default(), &early);
        tally.close(&flow(0, None));
        tally.close_known(&flow(0, None), &early, &Known::default());
        let changes = changes(tally);
        assert!(!changes.contains_key(&StatisticKey::Label(7)));
        let whole = Count { flows: 1, packets: 7, bytes: 70 };
        assert_eq!(changes[&StatisticKey::Unlabelled(6)], whole);
    }
}
