//! Counts of flows that were picked by a question: of a label, or of an address.

use crate::serve::limits::COUNTED_ENTRIES_MAX;
use crate::serve::views::{DetailsIp, StatisticEntry, StatisticItem};
use std::cmp::{Ordering, Reverse};
use std::collections::HashMap;
use std::net::IpAddr;
use tractor_engine::statistics::{OTHERS as OTHER, TITLES, transport};
use tractor_engine::store::{Facts, StatisticRow};

/// How often each text came. Of very many the rare ones are forgotten now and then.
struct Counted {
    counts: HashMap<String, u64>,
    /// Counts of those that were forgotten.
    left_out: u64,
    /// How many are kept, of up to twice as many.
    keys_max: usize,
}

impl Default for Counted {
    fn default() -> Self {
        Self { counts: HashMap::new(), left_out: 0, keys_max: COUNTED_ENTRIES_MAX }
    }
}

/// From the most frequent on; of equal ones from the first by name.
fn order(one: &(String, u64), other: &(String, u64)) -> Ordering {
    other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0))
}

impl Counted {
    fn add(&mut self, text: &str) {
        match self.counts.get_mut(text) {
            Some(count) => *count += 1,
            None => {
                if self.counts.len() >= 2 * self.keys_max {
                    self.forget_the_rare();
                }
                self.counts.insert(text.to_owned(), 1);
            }
        }
    }

    fn forget_the_rare(&mut self) {
        if self.counts.len() <= self.keys_max {
            return;
        }
        let mut counted: Vec<(String, u64)> = self.counts.drain().collect();
        counted.select_nth_unstable_by(self.keys_max, order);
        self.left_out += counted.drain(self.keys_max..).map(|(_, count)| count).sum::<u64>();
        self.counts.extend(counted);
    }

    /// The most frequent one; of equal ones the first by name.
    fn first(&self) -> Option<String> {
        let most =
            self.counts.iter().min_by_key(|(text, count)| (Reverse(**count), (*text).clone()));
        most.map(|(text, _)| text.clone())
    }

    fn item(mut self, title: &str, limit: usize) -> StatisticItem {
        self.forget_the_rare();
        let left_out = self.left_out;
        let mut counted: Vec<(String, u64)> = self.counts.into_iter().collect();
        counted.sort_unstable_by(order);
        let rest = counted.iter().skip(limit).map(|(_, count)| count).sum::<u64>() + left_out;
        counted.truncate(limit);
        let entry = |(label, count)| StatisticEntry { label, count };
        let mut content: Vec<StatisticEntry> = counted.into_iter().map(entry).collect();
        if rest > 0 {
            content.push(StatisticEntry { label: OTHER.to_owned(), count: rest });
        }
        StatisticItem { title: title.to_owned(), content, left_out, not_told: 0 }
    }
}

/// A flow's port as statistics name it, where its protocol has services.
fn port(facts: &Facts) -> Option<String> {
    let has_services = matches!(facts.protocol, 6 | 17 | 132);
    let port = facts.server_port.filter(|_| has_services)?;
    Some(format!("{port}/{}", transport(facts.protocol)))
}

/// Counts of flows of one label.
#[derive(Default)]
pub struct OfLabel {
    clients: Counted,
    servers: Counted,
    domains: Counted,
    ports: Counted,
}

impl OfLabel {
    pub fn add(&mut self, facts: &Facts) {
        self.clients.add(&facts.client.to_string());
        self.servers.add(&facts.server.to_string());
        facts.server_name.iter().for_each(|name| self.domains.add(name));
        port(facts).iter().for_each(|port| self.ports.add(port));
    }

    pub fn items(self, limit: usize) -> Vec<StatisticItem> {
        vec![
            self.clients.item("clients", limit),
            self.servers.item("servers", limit),
            self.domains.item("domains", limit),
            self.ports.item("ports", limit),
        ]
    }
}

/// Counts of flows of one address.
#[derive(Default)]
pub struct OfAddress {
    protocols: Counted,
    labels: Counted,
    peers: Counted,
    domains: Counted,
    user_agents: Counted,
    /// Names that others asked it for, and what it called itself.
    own_names: Counted,
    own_agents: Counted,
}

impl OfAddress {
    pub fn add(&mut self, address: IpAddr, facts: &Facts) {
        let name = transport(facts.protocol);
        self.protocols.add(facts.label.as_deref().unwrap_or(&name));
        facts.label.iter().for_each(|label| self.labels.add(label));
        let is_client = facts.client == address;
        let peer = if is_client { facts.server } else { facts.client };
        self.peers.add(&peer.to_string());
        if let Some(name) = &facts.server_name {
            self.domains.add(name);
            if facts.server == address {
                self.own_names.add(name);
            }
        }
        if let Some(agent) = &facts.user_agent {
            self.user_agents.add(agent);
            if is_client {
                self.own_agents.add(agent);
            }
        }
    }

    /// With `country` and `city` where they are known.
    pub fn details(self, country: Option<String>, city: Option<String>, limit: usize) -> DetailsIp {
        let unknown = || "unknown".to_owned();
        DetailsIp {
            country: country.unwrap_or_else(unknown),
            city: city.unwrap_or_else(unknown),
            user_agent: self.own_agents.first(),
            domain_name: self.own_names.first(),
            statistics: vec![
                self.protocols.item("protocols", limit),
                self.labels.item("labels", limit),
                self.peers.item("peers", limit),
                self.domains.item("domains", limit),
                self.user_agents.item("user_agents", limit),
            ],
        }
    }
}

/// Statistics of a job that runs, as clients see them.
pub fn shown(items: Vec<(String, Vec<(String, u64)>)>) -> Vec<StatisticItem> {
    let entry = |(label, count)| StatisticEntry { label, count };
    let item = |(title, content): (String, Vec<(String, u64)>)| StatisticItem {
        title,
        content: content.into_iter().map(entry).collect(),
        ..StatisticItem::default()
    };
    items.into_iter().map(item).collect()
}

/// Stored statistics as clients see them: the first of each title, and a sum of the rest.
pub fn stored(rows: &[StatisticRow], limit: usize) -> Vec<StatisticItem> {
    let item = |title: &str| {
        let of_title = rows.iter().filter(|row| row.title == title);
        // What was beyond the bound of keys stands last, and stays there.
        let (named, others): (Vec<_>, Vec<_>) = of_title.partition(|row| row.label != OTHER);
        let entry =
            |row: &&StatisticRow| StatisticEntry { label: row.label.clone(), count: row.flows };
        let mut content: Vec<StatisticEntry> = named.iter().take(limit).map(entry).collect();
        let rest = named.iter().skip(limit).chain(&others).map(|row| row.flows).sum();
        if rest > 0 {
            content.push(StatisticEntry { label: OTHER.to_owned(), count: rest });
        }
        StatisticItem { title: title.to_owned(), content, ..StatisticItem::default() }
    };
    TITLES.map(item).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_very_many_the_frequent_stay_and_the_others_are_counted_together() {
        let mut counted = Counted { keys_max: 4, ..Counted::default() };
        for number in 0..100 {
            counted.add(&format!("rare {number}"));
            if number % 2 == 0 {
                counted.add("frequent");
            }
        }
        assert!(counted.counts.len() <= 8);
        let item = counted.item("peers", 100);
        assert_eq!((item.content[0].label.as_str(), item.content[0].count), ("frequent", 50));
        assert_eq!(item.content.iter().map(|entry| entry.count).sum::<u64>(), 150);
        assert_eq!((item.content.len(), item.left_out), (5, 97));
        assert_eq!(item.content[4].count, 97);
    }
}
