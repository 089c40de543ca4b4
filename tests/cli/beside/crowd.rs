//! More payload than is kept of a shard's flows: of flows that open then there is none, whatever others ask for and
//! wherever chunks end; flows that are due by the stream clock do not count.

use std::net::{IpAddr, Ipv4Addr};

use tempfile::tempdir;

use super::super::traffic::{START_NS, plain, write};
use super::watchers::{Beside, PAYLOAD, watcher};
use super::ways::{Way, watched};
use crate::oracle::shown::Wish;
use crate::oracle::{Endpoint, Key};
use crate::support::capture::{ETHERNET, RawPacket};
use crate::support::frames::{Ip, UDP, udp};
use crate::support::link_frames::frame;

/// What counts of a flow, by side, and what is kept of the open flows of a shard.
const FLOW_BYTES: usize = 4_096 + 2_048;
const SHARD_BYTES: usize = 4 << 20;
/// So many fill a shard.
const FLOWS: usize = SHARD_BYTES.div_ceil(FLOW_BYTES);

const MILLISECOND_NS: i64 = 1_000_000;
const SERVER: Endpoint = Endpoint { address: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7)), port: 7 };

/// Clients whose flows are all of one shard.
fn clients() -> impl Iterator<Item = Endpoint> {
    let address = |host: u32| IpAddr::from(Ipv4Addr::from_bits(0x0a00_0000 + host));
    let all = (0..).map(move |host| Endpoint { address: address(host), port: 9 });
    all.filter(|client| Key::new(*client, SERVER, UDP, true).shard() == 77)
}

/// As much as is ever kept of both sides of a flow.
fn much(client: Endpoint, time_ns: i64) -> Vec<RawPacket> {
    let both = [(client, SERVER), (SERVER, client)];
    let datagrams = [1_400, 1_400, 1_400].map(|bytes| vec![b'm'; bytes]);
    let packets = both.iter().flat_map(|(from, to)| {
        datagrams.iter().map(|payload| {
            let ip = Ip::new(from.address, to.address, UDP);
            frame(ETHERNET, &[], &ip.packet(&udp(from.port, to.port, payload)))
        })
    });
    packets.map(|frame| RawPacket::whole(time_ns, ETHERNET, frame)).collect()
}

#[test]
fn of_flows_beyond_what_is_kept_there_is_no_payload_however_it_is_run() {
    let folder = tempdir().unwrap();
    let wish = Wish { closed: true, payload_bytes: 5, ..Wish::default() };
    let (Some(watcher), Some(beside)) =
        (watcher(folder.path(), "w.crowd", PAYLOAD, wish), Beside::new(folder.path()))
    else {
        return;
    };
    // One too many; 120 s later two more, when eleven of the first are due.
    let first = (0..FLOWS as i64).map(|number| number * MILLISECOND_NS);
    let idle = |after_ms: i64| 120_000 * MILLISECOND_NS + after_ms * MILLISECOND_NS + 1;
    let later = [2_000 * MILLISECOND_NS, idle(10), idle(10)];
    let times = first.chain(later);
    let mut packets = Vec::new();
    for (client, after_ns) in clients().zip(times) {
        packets.extend(much(client, START_NS + after_ns));
    }
    write(folder.path(), "a.pcap", &plain(&packets));
    let inputs = [folder.path().join("a.pcap")];
    for profile in ["native", "iscx-fixed"] {
        for (workers, chunk_bytes) in [("1", "1000"), ("1", "9000000"), ("2", "65536")] {
            for beside in [vec![], vec![beside.greedy.as_path(), &beside.columns]] {
                let way = Way { workers, chunk_bytes, beside, ..Way::plain() };
                let (lines, _) = watched(&inputs, profile, &watcher, &way);
                assert_eq!(lines.len(), FLOWS + 3, "{way:?}");
                let without = lines.iter().filter(|line| !line.contains(" 6d6d6d6d6d ")).count();
                assert_eq!(without, 1, "{profile}, {way:?}");
            }
        }
    }
}
