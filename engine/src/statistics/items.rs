//! Counts as people read them: by title, largest first.

use super::tables::OfKind;
use super::{Count, Kind, StatisticKey, Tables};
use crate::classify::Labels;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

/// The counts under one title.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub title: &'static str,
    /// By falling number of flows, then by name: addresses and ports by their numbers, words by
    /// their letters. The last may be [`OTHERS`].
    pub entries: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub label: String,
    pub count: Count,
}

/// The name of the entry that has what is left out.
pub const OTHERS: &str = "(other)";

/// All titles, in their order.
pub const TITLES: [&str; 9] = [
    "protocols",
    "clients",
    "servers",
    "labels",
    "transports",
    "ports",
    "countries",
    "domains",
    "sessions",
];

/// The name of sessions of which no flow has a label.
const NO_LABEL: &str = "(none)";

impl Tables {
    /// All titles, each with its `limit` largest entries and the sum of what is left out, if
    /// anything is. `labels` are the run's.
    pub fn items(&self, limit: usize, labels: &Labels) -> Vec<Item> {
        self.each_item(limit, labels).collect()
    }

    /// The same, each title worked out when it is asked for: what is done with one needs not wait for
    /// the others.
    pub fn each_item<'a>(
        &'a self,
        limit: usize,
        labels: &'a Labels,
    ) -> impl Iterator<Item = Item> + 'a {
        type Later<'a> = Box<dyn FnOnce() -> Item + 'a>;
        let of_labels = move || {
            self.of(Kind::Label).counts.iter().filter_map(|(key, count)| match key {
                StatisticKey::Label(label) => Some((&*labels.get(*label).name, *count)),
                _ => None,
            })
        };
        let of_sessions = move || {
            self.of(Kind::Session).counts.iter().filter_map(|(key, count)| match key {
                StatisticKey::Session(Some(label)) => Some((&*labels.get(*label).name, *count)),
                StatisticKey::Session(None) => Some((NO_LABEL, *count)),
                _ => None,
            })
        };
        let of_keys =
            |title, kind| -> Later<'a> { Box::new(move || self.keys(title, kind, limit)) };
        let named = |title, kind| -> Later<'a> { Box::new(move || self.named(title, kind, limit)) };
        let items: [Later<'a>; TITLES.len()] = [
            Box::new(move || self.protocols_item(of_labels(), limit)),
            of_keys("clients", Kind::Client),
            of_keys("servers", Kind::Server),
            Box::new(move || self.words("labels", of_labels(), &[Kind::Label], limit)),
            named("transports", Kind::Protocol),
            of_keys("ports", Kind::Port),
            named("countries", Kind::Country),
            of_keys("domains", Kind::Domain),
            Box::new(move || self.words("sessions", of_sessions(), &[Kind::Session], limit)),
        ];
        items.into_iter().map(|item| item())
    }

    /// Labels that flows have.
    pub fn labels_used(&self) -> Vec<u16> {
        let labels = self.of(Kind::Label).counts.keys().filter_map(|key| match key {
            StatisticKey::Label(label) => Some(*label),
            _ => None,
        });
        labels.collect()
    }

    /// Every flow once: under its label, else under its transport. A label may be called like one.
    fn protocols_item<'a>(
        &self,
        labels: impl Iterator<Item = (&'a str, Count)>,
        limit: usize,
    ) -> Item {
        let mut sums = BTreeMap::<String, Count>::new();
        let unlabelled = self.of(Kind::Unlabelled).counts.iter();
        let transports = unlabelled.map(|(key, count)| (name(key), *count));
        let labels = labels.map(|(label, count)| (label.to_owned(), count));
        for (label, count) in labels.chain(transports) {
            sums.entry(label).or_default().add(&count);
        }
        let sums = sums.iter().map(|(label, count)| (label.as_str(), *count));
        self.words("protocols", sums, &[Kind::Label, Kind::Unlabelled], limit)
    }

    /// Keys that are ordered as people would order their names. There may be very many.
    fn keys(&self, title: &'static str, kind: Kind, limit: usize) -> Item {
        let OfKind { counts, beyond, .. } = self.of(kind);
        match counts.len() <= limit {
            // Copied, since they lie far apart.
            true => {
                let all = counts.iter().map(|(key, count)| (key.clone(), *count));
                Largest::all(all).item(title, *beyond, name)
            }
            false => {
                let all = counts.iter().map(|(key, count)| (key, *count));
                Largest::of(all, limit).item(title, *beyond, |key| name(key))
            }
        }
    }

    /// Keys that are few and ordered by their names.
    fn named(&self, title: &'static str, kind: Kind, limit: usize) -> Item {
        let names = self.of(kind).counts.iter().map(|(key, count)| (name(key), *count));
        let names: Vec<_> = names.collect();
        let names = names.iter().map(|(name, count)| (name.as_str(), *count));
        self.words(title, names, &[kind], limit)
    }

    fn words<'a>(
        &self,
        title: &'static str,
        words: impl Iterator<Item = (&'a str, Count)>,
        kinds: &[Kind],
        limit: usize,
    ) -> Item {
        let mut beyond = Count::default();
        kinds.iter().for_each(|kind| beyond.add(&self.of(*kind).beyond));
        Largest::of(words, limit).item(title, beyond, |word| (*word).to_owned())
    }
}

/// The largest of many counts, found without sorting or naming the others.
struct Largest<K> {
    /// Best first.
    first: Vec<(Rank<K>, Count)>,
    others: Count,
    has_others: bool,
}

type Rank<K> = (Reverse<i64>, K);

impl<K: Ord> Largest<K> {
    fn all(counts: impl Iterator<Item = (K, Count)>) -> Self {
        let ranked = counts.map(|(key, count)| ((Reverse(count.flows), key), count));
        let mut first: Vec<_> = ranked.collect();
        first.sort_unstable_by(|(rank, _), (other, _)| rank.cmp(other));
        Self { first, others: Count::default(), has_others: false }
    }

    fn of(counts: impl Iterator<Item = (K, Count)>, limit: usize) -> Self {
        let (mut others, mut has_others) = (Count::default(), false);
        // The worst of those that are kept is on top.
        let mut kept = BinaryHeap::new();
        for (key, count) in counts {
            let mut candidate = ((Reverse(count.flows), key), count);
            if kept.len() < limit {
                kept.push(candidate);
                continue;
            }
            if let Some(mut worst) = kept.peek_mut().filter(|worst| candidate < **worst) {
                std::mem::swap(&mut *worst, &mut candidate);
            }
            has_others = true;
            others.add(&candidate.1);
        }
        Self { first: kept.into_sorted_vec(), others, has_others }
    }

    fn item(self, title: &'static str, beyond: Count, name: impl Fn(&K) -> String) -> Item {
        let Self { first, mut others, has_others } = self;
        let named = |((_, key), count): (Rank<K>, _)| Entry { label: name(&key), count };
        let mut entries: Vec<_> = first.into_iter().map(named).collect();
        others.add(&beyond);
        if has_others || !beyond.is_nothing() {
            entries.push(Entry { label: OTHERS.to_owned(), count: others });
        }
        Item { title, entries }
    }
}

/// A key as people read it; a label's name only its run knows.
fn name(key: &StatisticKey) -> String {
    match key {
        StatisticKey::Protocol(number) | StatisticKey::Unlabelled(number) => transport(*number),
        StatisticKey::Client(address) | StatisticKey::Server(address) => address.to_string(),
        StatisticKey::Port(number, port) => format!("{port}/{}", transport(*number)),
        StatisticKey::Label(label) => format!("label {label}"),
        StatisticKey::Session(Some(label)) => format!("sessions of label {label}"),
        StatisticKey::Session(None) => NO_LABEL.to_owned(),
        StatisticKey::Country(None) => "unknown".to_owned(),
        StatisticKey::Country(Some(letters)) => String::from_utf8_lossy(letters).into_owned(),
        StatisticKey::Domain(domain) => domain.to_string(),
    }
}

/// Names of the IANA registry for the protocols that are common.
pub fn transport(number: u8) -> String {
    let name = match number {
        1 => "icmp",
        2 => "igmp",
        6 => "tcp",
        17 => "udp",
        47 => "gre",
        50 => "esp",
        58 => "icmpv6",
        89 => "ospf",
        132 => "sctp",
        _ => return format!("protocol {number}"),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::IpAddr;

    fn count(flows: i64) -> Count {
        Count { flows, packets: 10 * flows, bytes: 100 * flows }
    }

    fn read(tables: &Tables, limit: usize, labels: &Labels, title: &str) -> Vec<(String, i64)> {
        let items = tables.items(limit, labels);
        let item = items.iter().find(|item| item.title == title).unwrap();
        item.entries.iter().map(|entry| (entry.label.clone(), entry.count.flows)).collect()
    }

    fn rows(rows: &[(&str, i64)]) -> Vec<(String, i64)> {
        rows.iter().map(|(label, flows)| ((*label).to_owned(), *flows)).collect()
    }

    #[test]
    fn titles_come_in_their_order() {
        let items = Tables::default().items(1, &Labels::default());
        let titles: Vec<_> = items.iter().map(|item| item.title).collect();
        assert_eq!(titles, TITLES);
        assert!(items.iter().all(|item| item.entries.is_empty()));
    }

    #[test]
    fn a_label_that_is_called_like_a_transport_adds_to_it() {
        let labels = Labels::of(&[("network", "udp"), ("web", "http")]);
        let mut tables = Tables::default();
        tables.apply(StatisticKey::Label(0), &count(1));
        tables.apply(StatisticKey::Label(1), &count(3));
        tables.apply(StatisticKey::Unlabelled(17), &count(2));
        tables.apply(StatisticKey::Unlabelled(99), &count(4));
        let protocols = read(&tables, 9, &labels, "protocols");
        assert_eq!(protocols, rows(&[("protocol 99", 4), ("http", 3), ("udp", 3)]));
        assert_eq!(read(&tables, 9, &labels, "labels"), rows(&[("http", 3), ("udp", 1)]));
    }

    #[test]
    fn the_largest_come_first_and_the_rest_is_one_entry() {
        let mut tables = Tables::with_keys_max(5);
        let client = |last: u8| StatisticKey::Client(IpAddr::from([10, 0, 0, last]));
        for (last, flows) in [(1, 1), (10, 2), (2, 2), (3, 7), (4, 1), (5, 40), (6, 2)] {
            tables.apply(client(last), &count(flows));
        }
        let none = Labels::default();
        let all = [("10.0.0.3", 7), ("10.0.0.2", 2), ("10.0.0.10", 2), ("10.0.0.1", 1)];
        let beyond = [("10.0.0.4", 1), ("(other)", 42)];
        let clients = |limit| read(&tables, limit, &none, "clients");
        assert_eq!(clients(usize::MAX), rows(&[&all[..], &beyond].concat()));
        assert_eq!(clients(5), clients(usize::MAX));
        assert_eq!(clients(2), rows(&[&all[..2], &[("(other)", 46)]].concat()));
        assert_eq!(clients(0), rows(&[("(other)", 55)]));
    }

    #[test]
    fn keys_have_the_names_that_people_use() {
        let mut tables = Tables::default();
        let keys = [
            StatisticKey::Port(6, 443),
            StatisticKey::Port(132, 9),
            StatisticKey::Country(Some(*b"DE")),
            StatisticKey::Country(None),
            StatisticKey::Domain("a.example".into()),
            StatisticKey::Protocol(58),
        ];
        keys.into_iter().for_each(|key| tables.apply(key, &count(1)));
        let none = Labels::default();
        let names = |title| read(&tables, 9, &none, title);
        assert_eq!(names("ports"), rows(&[("443/tcp", 1), ("9/sctp", 1)]));
        assert_eq!(names("countries"), rows(&[("DE", 1), ("unknown", 1)]));
        assert_eq!(names("domains"), rows(&[("a.example", 1)]));
        assert_eq!(names("transports"), rows(&[("icmpv6", 1)]));
    }
}
