//! Tests of the store as a whole, over flows that are made up here: rows that a real run gives stand
//! in the tests beside the crate.

mod damage;
mod folder;
mod index;
mod keeping;
mod processed;
mod questions;
mod records;
mod segments;
mod writing;

use super::entry::{Committed, Entry};
use super::gathered::RowsOf;
use super::record::{JobRecord, JobState};
use super::totals::StatisticRow;
use super::writer::{JobListener, JobWriter, StoredCells};
use crate::output::CellWriter;
use crate::profiles::{Column, Kind, Layout, Profile, Value};
use crate::statistics::{Count, Item};
use crate::time::{SECOND_NS, Timestamp};
use std::net::IpAddr;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Arc, Mutex};

/// The time of the first flow.
const BEGIN_NS: i64 = 1_700_000_000 * SECOND_NS;

const LABELS: [Option<&str>; 4] = [None, Some("dns"), Some("vk"), Some("bittorrent")];

/// Flow `number` of a made-up job, from 0 on: one a second, labels in turn, a server for a hundred flows.
struct Made {
    number: u64,
}

impl Made {
    fn client(&self) -> IpAddr {
        IpAddr::from([10, 0, (self.number >> 8) as u8, self.number as u8])
    }

    fn server(&self) -> IpAddr {
        match self.number % 7 {
            0 => IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, (self.number / 100) as u16]),
            _ => IpAddr::from([192, 168, 0, (self.number / 100) as u8]),
        }
    }

    fn label(&self) -> Option<&'static str> {
        LABELS[(self.number % 4) as usize]
    }

    fn start(&self) -> i64 {
        BEGIN_NS + self.number as i64 * SECOND_NS
    }

    fn server_name(&self) -> Option<String> {
        self.label().map(|label| format!("www{}.{label}.example", self.number % 10))
    }

    fn append(&self, columns: &[&'static Column], to: &mut StoredCells) {
        let texts = [self.client(), self.server()].map(Value::Address);
        let [client, server] = texts;
        let name = self.server_name();
        let cell = |column: &&'static Column| match column.name.trim_start_matches("tractor.") {
            "flow_id" => Value::Unsigned(self.number * 3 + 1),
            "client_ip" => client,
            "server_ip" => server,
            "client_port" => Value::Unsigned(40_000 + self.number % 1_000),
            "server_port" => Value::Unsigned([53, 443][self.number as usize % 2]),
            "protocol" => Value::Unsigned([17, 6][self.number as usize % 2]),
            "start" => Value::Time(Timestamp(self.start())),
            "end" => Value::Time(Timestamp(self.start() + SECOND_NS / 2)),
            "label" => self.label().into(),
            "label_by" => self.label().map(|_| "names").into(),
            "evidence" => self.label().map(|_| "SNI it, \"said\"").into(),
            "confidence" => self.label().map(|_| 0.95).into(),
            "server_name" => name.as_deref().into(),
            _ => match column.kind {
                Kind::Unsigned => Value::Unsigned(self.number % 100),
                Kind::Float => Value::Float(self.number as f64 / 3.0),
                _ => Value::Null,
            },
        };
        let cells: Vec<Value<'_>> = columns.iter().map(cell).collect();
        to.write_cells(&cells).unwrap();
    }
}

/// Notes what it hears; on a full disk it gives up, unless told otherwise.
#[derive(Clone, Default)]
struct Heard {
    committed: Arc<Mutex<Vec<(Entry, Committed)>>>,
}

impl JobListener for Heard {
    fn committed(&mut self, entry: &Entry, committed: Committed) {
        self.committed.lock().unwrap().push((entry.clone(), committed));
    }

    fn full(&mut self) -> ControlFlow<()> {
        ControlFlow::Break(())
    }
}

fn native() -> Layout {
    Layout::of_flows(&Profile::all()[0], false, false)
}

fn record(id: u64, state: JobState) -> JobRecord {
    let name = "made up.pcap".to_owned();
    JobRecord { id, file_name: name, profile: "native".into(), state, ..JobRecord::default() }
}

fn append(layout: Layout, numbers: std::ops::Range<u64>, to: &mut StoredCells) {
    let columns: Vec<&Column> = layout.stored().columns().collect();
    numbers.for_each(|number| Made { number }.append(&columns, to));
}

fn statistics() -> Vec<StatisticRow> {
    let row = |title: &str, label: &str, flows| StatisticRow {
        title: title.to_owned(),
        label: label.to_owned(),
        flows,
        packets: 10 * flows,
        bytes: 1_000 * flows,
    };
    vec![
        row("protocols", "udp", 50),
        row("protocols", "tcp", 7),
        row("clients", "10.0.0.1", 9),
        row("clients", "10.0.0.2", 8),
    ]
}

/// The same, as they are written.
fn items() -> Vec<Item> {
    let rows = statistics();
    let by_title = rows.chunk_by(|row, next| row.title == next.title);
    let titles = ["protocols", "clients"].into_iter().zip(by_title);
    let items = titles.map(|(title, rows)| {
        let entries = rows.iter().map(|row| {
            let [flows, packets, bytes] = [row.flows, row.packets, row.bytes].map(|n| n as i64);
            crate::statistics::Entry {
                label: row.label.clone(),
                count: Count { flows, packets, bytes },
            }
        });
        Item { title, entries: entries.collect() }
    });
    items.collect()
}

/// Writes a whole job of so many flows.
fn write_job(folder: &Path, id: u64, flows: u64) -> Heard {
    let heard = Heard::default();
    std::fs::create_dir_all(folder).unwrap();
    let begun = record(id, JobState::InProgress);
    let writer = JobWriter::create(folder, native(), &begun, heard.clone()).unwrap();
    let mut rows = writer.cells(RowsOf::Flows);
    append(native(), 0..flows, &mut rows);
    rows.finish().unwrap();
    let ended = JobRecord { flows, ..record(id, JobState::Finished) };
    writer.end(items(), &ended).unwrap();
    heard
}
