//! Counts that can be read at any time.

use super::support::pcapng::{PcapngStyle, pcapng};
use super::{options, plain, plugins, run_on, strange, talks, write};
use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use tempfile::tempdir;
use tractor_engine::classify::Labels;
use tractor_engine::dataflow::{Progress, RunOptions};
use tractor_engine::output::RowWriter;
use tractor_engine::profiles::Row;
use tractor_engine::statistics::{Count, Item, Tables};

type Live = Arc<Mutex<Tables>>;

/// By title and label: flows, packets, bytes.
type Counts = BTreeMap<(&'static str, String), (i64, i64, i64)>;

/// Titles under which every flow is.
const OF_EVERY_FLOW: [&str; 5] = ["protocols", "clients", "servers", "transports", "countries"];

fn country(address: IpAddr) -> Option<[u8; 2]> {
    let IpAddr::V4(address) = address else { return None };
    let last = address.octets()[3];
    (last % 3 > 0).then_some(if last % 2 == 0 { *b"DE" } else { *b"FR" })
}

/// Whether the counts of a moment belong together; the flows they are of.
fn assert_consistent(items: &[Item], flows: i64) {
    for item in items {
        let counts = item.entries.iter().map(|entry| entry.count);
        let all = counts.clone().fold(Count::default(), |mut sum, count| {
            sum.add(&count);
            sum
        });
        for Count { flows, packets, bytes } in counts {
            assert!(flows > 0 && packets >= 0 && bytes >= 0, "{item:?}");
        }
        match OF_EVERY_FLOW.contains(&item.title) {
            true => assert_eq!(all.flows, flows, "{item:?}"),
            false => assert!(all.flows <= flows, "{item:?}"),
        }
    }
    let volumes = items.iter().filter(|item| OF_EVERY_FLOW.contains(&item.title)).map(|item| {
        item.entries
            .iter()
            .fold((0, 0), |sum, entry| (sum.0 + entry.count.packets, sum.1 + entry.count.bytes))
    });
    let volumes: Vec<_> = volumes.collect();
    assert!(volumes.iter().all(|volume| *volume == volumes[0]), "{volumes:?}");
}

fn read(live: &Live, limit: usize, labels: &Labels) -> Vec<Item> {
    let tables = live.lock().unwrap();
    let items = tables.items(limit, labels);
    assert_consistent(&items, tables.flows());
    items
}

fn counts_of(items: &[Item]) -> Counts {
    let entries =
        items.iter().flat_map(|item| item.entries.iter().map(|entry| (item.title, entry)));
    let count = |count: Count| (count.flows, count.packets, count.bytes);
    entries.map(|(title, entry)| ((title, entry.label.clone()), count(entry.count))).collect()
}

/// Recounts the rows, and reads the counts in between.
struct Recount {
    counts: Arc<Mutex<Counts>>,
    live: Live,
    reads: Arc<AtomicUsize>,
    options: RunOptions,
}

fn transport(number: u8) -> String {
    match number {
        1 => "icmp".to_owned(),
        2 => "igmp".to_owned(),
        6 => "tcp".to_owned(),
        17 => "udp".to_owned(),
        47 => "gre".to_owned(),
        50 => "esp".to_owned(),
        58 => "icmpv6".to_owned(),
        89 => "ospf".to_owned(),
        132 => "sctp".to_owned(),
        _ => format!("protocol {number}"),
    }
}

impl RowWriter for Recount {
    fn write(&mut self, row: &Row<'_>) -> io::Result<()> {
        // A flow counts with its last window.
        if row.flow.window.is_some_and(|window| !window.is_last) {
            return Ok(());
        }
        let (flow, labels) = (row.flow, self.options.plugins.labels());
        let (client, server) = (flow.client(), flow.server());
        let transport = transport(flow.protocol());
        let label = row.label().map(|choice| labels.get(choice.label).name.clone());
        let has_service = [6, 17, 132].contains(&flow.protocol());
        let port = server.1.filter(|_| has_service).map(|port| format!("{port}/{transport}"));
        let names = flow.labelled.as_ref().map(|labelled| &labelled.names);
        let country = country(server.0)
            .map_or("unknown".to_owned(), |letters| String::from_utf8(letters.to_vec()).unwrap());
        let keys = [
            ("protocols", Some(label.clone().unwrap_or(transport.clone()))),
            ("clients", Some(client.0.to_string())),
            ("servers", Some(server.0.to_string())),
            ("labels", label),
            ("transports", Some(transport)),
            ("ports", port),
            ("countries", Some(country)),
            ("domains", names.and_then(|names| names.server_name.as_deref()).map(str::to_owned)),
        ];
        let mut counts = self.counts.lock().unwrap();
        for (title, key) in keys {
            let Some(key) = key else { continue };
            let count = counts.entry((title, key)).or_default();
            count.0 += 1;
            count.1 += flow.packet_count() as i64;
            count.2 += flow.ip_bytes.iter().sum::<u64>() as i64;
        }
        read(&self.live, 3, labels);
        self.reads.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Runs a capture with ticks, reading all the while.
fn assert_counts_belong_together(capture: &Path, mut options: RunOptions) -> Counts {
    let live = Live::default();
    options.live = Some(Arc::clone(&live));
    options.country = Some(Arc::new(country));
    let progress = Arc::new(Progress::default());
    let (counts, reads) = (Arc::default(), Arc::<AtomicUsize>::default());
    let writer = Recount {
        counts: Arc::clone(&counts),
        live: Arc::clone(&live),
        reads: Arc::clone(&reads),
        options: options.clone(),
    };
    let is_over = AtomicBool::new(false);
    let summary = thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Acquire) {
                progress.tick.store(true, Ordering::Release);
                read(&live, usize::MAX, options.plugins.labels());
                thread::yield_now();
            }
        });
        let summary = run_on(capture, &options, Box::new(writer), &progress);
        is_over.store(true, Ordering::Release);
        summary
    });
    assert!(summary.statistics.is_none() && summary.rows > 0);
    assert_eq!(live.lock().unwrap().flows() as usize, reads.load(Ordering::Relaxed));
    let last = counts_of(&read(&live, usize::MAX, options.plugins.labels()));
    let recounted = counts.lock().unwrap().clone();
    assert_eq!(last, recounted);
    last
}

fn assert_however_it_is_run(capture: &[u8], profile: &str) {
    let folder = tempdir().unwrap();
    let capture = write(folder.path(), "a.pcap", capture);
    let plugins = plugins(folder.path());
    let mut expected = None;
    for workers in [1, 2, 4] {
        for chunk_bytes in [500, 4_000, 1 << 20] {
            let options = options(profile, workers, chunk_bytes, &plugins);
            let counts = assert_counts_belong_together(&capture, options);
            assert_eq!(*expected.get_or_insert_with(|| counts.clone()), counts);
        }
    }
}

#[test]
fn every_read_is_of_one_state_and_the_last_is_a_recount() {
    assert_however_it_is_run(&plain(&talks(1, 150)), "native");
}

#[test]
fn so_it_is_with_traffic_that_trips_over_every_rule() {
    for seed in 0..3 {
        assert_however_it_is_run(&plain(&strange(seed, 700)), "native");
    }
}

/// Their shortest flows are no rows: they count while they are open, and not in the end.
#[test]
fn so_it_is_with_the_rules_of_other_programs() {
    for profile in ["iscx", "cic", "nfstream"] {
        assert_however_it_is_run(&plain(&strange(5, 700)), profile);
        assert_however_it_is_run(&plain(&talks(2, 60)), profile);
    }
}

#[test]
fn so_it_is_with_flows_that_are_cut_into_windows() {
    for profile in ["native", "iscx"] {
        let folder = tempdir().unwrap();
        let capture = write(folder.path(), "a.pcap", &plain(&talks(6, 100)));
        let plugins = plugins(folder.path());
        for workers in [1, 2] {
            let mut options = options(profile, workers, 2_000, &plugins);
            options.table.window_ns = Some(500_000_000);
            assert_counts_belong_together(&capture, options);
        }
    }
}

/// Notes what is counted after each row.
struct Watch {
    live: Live,
    seen: Arc<Mutex<Vec<(u64, i64, Counts)>>>,
    rows: Arc<Mutex<Vec<(u64, String)>>>,
    progress: Arc<Progress>,
    options: RunOptions,
}

impl RowWriter for Watch {
    fn write(&mut self, row: &Row<'_>) -> io::Result<()> {
        self.progress.tick.store(true, Ordering::Release);
        self.rows.lock().unwrap().push((row.flow.id, row.flow.protocol().to_string()));
        let tables = self.live.lock().unwrap();
        let Some(step) = tables.step() else { return Ok(()) };
        let counts = counts_of(&tables.items(usize::MAX, self.options.plugins.labels()));
        self.seen.lock().unwrap().push((step, tables.flows(), counts));
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// With a packet a step, a state is what the flows are that have begun by then.
#[test]
fn a_flow_counts_from_its_first_packet() {
    let folder = tempdir().unwrap();
    let packets = talks(3, 120);
    let capture = write(folder.path(), "a.pcapng", &pcapng(&packets, PcapngStyle::default()));
    let plugins = plugins(folder.path());
    for workers in [1, 2, 4] {
        let live = Live::default();
        let mut options = options("native", workers, 1, &plugins);
        options.live = Some(Arc::clone(&live));
        let progress = Arc::new(Progress::default());
        let (seen, rows) = (Arc::default(), Arc::default());
        let writer = Watch {
            live,
            seen: Arc::clone(&seen),
            rows: Arc::clone(&rows),
            progress: Arc::clone(&progress),
            options: options.clone(),
        };
        run_on(&capture, &options, Box::new(writer), &progress);
        let rows = rows.lock().unwrap();
        let seen = seen.lock().unwrap();
        let mut states = 0;
        for (step, flows, counts) in seen.iter() {
            // The first step is the section's header; the last comes after the last packet, in a
            // unit of its own.
            let packets_so_far = *step;
            let has_begun = |row: &&(u64, String)| row.0 <= packets_so_far;
            let begun = rows.iter().filter(has_begun).count() as i64;
            if *step >> 40 == 0 {
                assert_eq!(*flows, begun, "at step {step}");
                let of = |number: &str| {
                    let rows = rows.iter().filter(has_begun);
                    rows.filter(|row| row.1 == number).count() as i64
                };
                let tcp = counts.get(&("transports", "tcp".to_owned())).map_or(0, |count| count.0);
                assert_eq!(tcp, of("6"), "at step {step}");
                states += 1;
            }
        }
        assert!(states > 20, "{states}");
    }
}

/// Nothing of it shows in results, and where nobody looks, counts are the same.
#[test]
fn counts_are_the_same_where_nobody_looks() {
    let folder = tempdir().unwrap();
    let capture = write(folder.path(), "a.pcap", &plain(&talks(4, 150)));
    let plugins = plugins(folder.path());
    let mut options = options("native", 2, 4_000, &plugins);
    let expected = assert_counts_belong_together(&capture, options.clone());
    options.statistics = true;
    options.country = Some(Arc::new(country));
    let joined = tractor_engine::capture::join(&[tractor_engine::capture::Input::Path(capture)]);
    let progress = Arc::new(Progress::default());
    let summary = tractor_engine::dataflow::run(joined, &options, None, &progress).unwrap();
    let tables = summary.statistics.unwrap();
    let counts = counts_of(&tables.items(usize::MAX, plugins.labels()));
    let without_domains = expected.into_iter().filter(|((title, _), _)| *title != "domains");
    assert_eq!(counts, without_domains.collect());
}
