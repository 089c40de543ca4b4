//! Our flows of a capture, to be found by a packet.

use std::collections::HashMap;
use std::path::Path;

use serde_json::Value;

use crate::cli::run::in_place;
use crate::corpus::tunnels::{Ends, ends};

/// Flows of the same ends at the same time: in other VLANs or tunnels, of which nothing is asked of tshark.
struct Together {
    start_ns: i128,
    end_ns: i128,
    rows: Vec<Value>,
}

/// By their ends, in the order of time.
pub struct Rows(HashMap<Ends, Vec<Together>>);

impl Rows {
    pub fn of(capture: &Path) -> Self {
        let mut command = in_place();
        command.args(["flows", "--no-plugins", "--format", "jsonl"]).arg(capture);
        let output = command.output().expect("the program starts").stdout;
        let text = String::from_utf8_lossy(&output).into_owned();
        let mut rows: Vec<Value> =
            text.lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
        rows.sort_by_key(|row| time(row, "start"));
        let mut by_ends: HashMap<Ends, Vec<Together>> = HashMap::new();
        for row in rows {
            let (start_ns, end_ns) = (time(&row, "start"), time(&row, "end"));
            let flows = by_ends.entry(ends_of(&row)).or_default();
            match flows.last_mut().filter(|flows| start_ns <= flows.end_ns) {
                Some(flows) => {
                    flows.end_ns = flows.end_ns.max(end_ns);
                    flows.rows.push(row);
                }
                None => flows.push(Together { start_ns, end_ns, rows: vec![row] }),
            }
        }
        Self(by_ends)
    }

    /// Which flows of the packet's ends it belongs to.
    pub fn find(&self, ends: &Ends, time_ns: i128) -> Option<usize> {
        let begun = self.0.get(ends)?.iter().take_while(|flows| flows.start_ns <= time_ns);
        Some(begun.count().saturating_sub(1))
    }

    /// What they say in a column.
    pub fn values(&self, ends: &Ends, flow: usize, column: &str) -> Vec<String> {
        let rows = self.0[ends][flow].rows.iter();
        rows.filter_map(|row| row[column].as_str().map(str::to_owned)).collect()
    }
}

fn time(row: &Value, column: &str) -> i128 {
    let text = row[column].as_str().expect("a time");
    text.parse::<jiff::Timestamp>().expect("a time in UTC").as_nanosecond()
}

fn ends_of(row: &Value) -> Ends {
    let protocol = row["protocol"].as_u64().and_then(|number| number.try_into().ok());
    let protocol: u8 = protocol.expect("a protocol's number");
    let has_ports = matches!(protocol, 6 | 17 | 132);
    let end = |name: &str| {
        let address = row[format!("{name}_ip")].as_str().expect("an address").to_owned();
        let port = row[format!("{name}_port")].to_string();
        (address, if has_ports { port } else { String::new() })
    };
    let (client, server) = (end("client"), end("server"));
    ends((&client.0, &client.1), (&server.0, &server.1), protocol)
}
