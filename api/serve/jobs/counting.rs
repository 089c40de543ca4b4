//! Counts of flows that were picked by a question: of a label, or of an address.

use crate::serve::views::{DetailsIp, StatisticEntry, StatisticItem};
use std::cmp::Reverse;
use std::collections::HashMap;
use std::net::IpAddr;
use tractor_engine::statistics::{OTHERS as OTHER, TITLES, transport};
use tractor_engine::store::{Facts, StatisticRow};

/// How often each text came.
#[derive(Default)]
struct Counted(HashMap<String, u64>);

impl Counted {
    fn add(&mut self, text: &str) {
        match self.0.get_mut(text) {
            Some(count) => *count += 1,
            None => drop(self.0.insert(text.to_owned(), 1)),
        }
    }

    /// The most frequent one; of equal ones the first by name.
    fn first(&self) -> Option<String> {
        let most = self.0.iter().min_by_key(|(text, count)| (Reverse(**count), (*text).clone()));
        most.map(|(text, _)| text.clone())
    }

    fn item(self, title: &str, limit: usize) -> StatisticItem {
        let mut counted: Vec<(String, u64)> = self.0.into_iter().collect();
        counted.sort_unstable_by(|one, other| other.1.cmp(&one.1).then(one.0.cmp(&other.0)));
        let rest: u64 = counted.iter().skip(limit).map(|(_, count)| count).sum();
        counted.truncate(limit);
        let entry = |(label, count)| StatisticEntry { label, count };
        let mut content: Vec<StatisticEntry> = counted.into_iter().map(entry).collect();
        if rest > 0 {
            content.push(StatisticEntry { label: OTHER.to_owned(), count: rest });
        }
        StatisticItem { title: title.to_owned(), content }
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
        StatisticItem { title: title.to_owned(), content }
    };
    TITLES.map(item).into()
}
