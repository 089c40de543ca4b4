//! Every rule and every bound of sessions (FLOWS.md, section 11) in a capture as small as it may be, with what must
//! come out written down by hand.

mod alike;
mod announced;

use std::collections::BTreeMap;
use std::net::SocketAddr;

use crate::binary::{self, Means};
use crate::oracle::table::fields;
use crate::oracle::{self, Options, Profile, sessions};
use crate::support::capture::RawPacket;
use crate::support::files::{self, Form};
use crate::support::random::Random;
use crate::support::traffic::applications::START_US;
use crate::support::traffic::talk::{Side, Talk};

const MS: i64 = 1_000;
const SECOND: i64 = 1_000_000;
const CLIENT: &str = "10.0.0.1";
const SERVER: &str = "198.51.100.1";
const OTHER: &str = "203.0.113.9";

/// Well-behaved talks, by the time after the begin.
fn talk(client: (&str, u16), server: (&str, u16), after_us: i64) -> Talk {
    let end = |(address, port): (&str, u16)| SocketAddr::new(address.parse().unwrap(), port);
    Talk::new(end(client), end(server), START_US + after_us, 200)
}

/// A line a flow that did not begin a session: its ports, the rule, and the ports of the session's first flow.
/// The oracle must say so, too.
fn joined(talks: &[Talk]) -> String {
    let mut packets: Vec<RawPacket> =
        talks.iter().flat_map(|talk| talk.packets.iter().cloned()).collect();
    packets.sort_by_key(|packet| packet.time_ns);
    joined_of(&packets, true)
}

#[test]
fn windows_of_a_session_that_are_due_at_once_are_in_their_order() {
    let mut jump = talk((OTHER, 50), (SERVER, 60), 1_000 * SECOND);
    jump.udp(Side::Client, b"from a time to come");
    let mut slow = talk((CLIENT, 50), (SERVER, 60), 0);
    for _ in 0..40 {
        slow.udp(Side::Client, b"word");
        slow.wait(SECOND / 2);
    }
    // The clock is far ahead of all packets behind the first, and nothing else passes.
    let packets = [jump.packets, slow.packets].concat();
    let options = Options::of(Profile::Native);
    let windowed = Options { window: Some(oracle::SECOND), ..options.clone() };
    let expected = sessions::window_table(&packets, &options, oracle::SECOND);
    let folder = tempfile::tempdir().expect("a folder for captures");
    let paths = files::write(folder.path(), &packets, Form::One, &mut Random::seeded(1));
    for (workers, chunk_bytes) in [(1, None), (1, Some(150)), (2, Some(700)), (4, Some(150))] {
        let printed = binary::sessions(&paths, &windowed, Means { workers, chunk_bytes });
        assert!(printed.success, "{}", printed.messages);
        assert!(printed.output.lines().count() > 20, "{}", printed.output);
        assert_eq!(expected.difference(&printed.output), None, "{}", printed.command);
    }
}

fn joined_of(packets: &[RawPacket], asks_oracle: bool) -> String {
    let folder = tempfile::tempdir().expect("a folder for captures");
    let paths = files::write(folder.path(), packets, Form::One, &mut Random::seeded(1));
    let options = Options::of(Profile::Native);
    let means = Means { workers: 2, chunk_bytes: None };
    let printed = binary::flows(&paths, &options, means);
    assert!(printed.success, "{}", printed.messages);
    let mut lines = printed.output.lines().map(fields);
    let header = lines.next().unwrap();
    let mut rows: Vec<Vec<String>> = lines.collect();
    let cell = |row: &[String], name: &str| {
        row[header.iter().position(|column| column == name).unwrap()].clone()
    };
    rows.sort_by_key(|row| cell(row, "flow_id").parse::<u64>().unwrap());
    let ports =
        |row: &[String]| format!("{}-{}", cell(row, "client_port"), cell(row, "server_port"));
    let by_id: BTreeMap<String, String> =
        rows.iter().map(|row| (cell(row, "flow_id"), ports(row))).collect();
    if asks_oracle {
        let expected = sessions::sessions(packets, &options);
        for row in &rows {
            let decided = expected.of(cell(row, "flow_id").parse().unwrap()).unwrap();
            let found = (cell(row, "session_id"), cell(row, "joined_by"));
            let rule = decided.joined_by.unwrap_or("").to_owned();
            assert_eq!(found, (decided.session.to_string(), rule), "{}, oracle", ports(row));
        }
    }
    let others = rows.iter().filter(|row| !cell(row, "joined_by").is_empty());
    let told = others.map(|row| {
        let session = &by_id[&cell(row, "session_id")];
        format!("{} {} {session}", ports(row), cell(row, "joined_by"))
    });
    told.collect::<Vec<_>>().join("\n")
}
