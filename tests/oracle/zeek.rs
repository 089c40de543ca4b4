//! Lines of a conn.log (section 8).

use std::net::IpAddr;

use super::community_id::community_id;
use super::decode::{ICMP, ICMPV6, TCP, UDP};
use super::exchange;
use super::features::{Of, Oriented};
use super::fragments::knows_ports;
use super::key::Endpoint;
use super::life::Closed;
use super::table::Cell;

pub const FIELDS: &str = "ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto service duration orig_bytes resp_bytes \
    conn_state local_orig local_resp missed_bytes history orig_pkts orig_ip_bytes resp_pkts resp_ip_bytes \
    tunnel_parents ip_proto community_id";

const DIRECTIONS: [Of; 2] = [Of::Forward, Of::Backward];

pub fn row(closed: &Closed) -> Vec<Cell> {
    let flow = Oriented::new(&closed.flow, true);
    let exchange = exchange::replay(&closed.flow);
    let key = &closed.flow.key;
    let mut row = vec![Cell::Text(seconds(flow.start())), Cell::Text(uid(&flow))];
    for end in [flow.client, flow.server] {
        row.push(Cell::text(end.address.to_string()));
        row.push(Cell::Integer(end.port.into()));
    }
    row.push(Cell::text(match key.protocol {
        TCP => "tcp",
        UDP => "udp",
        ICMP | ICMPV6 => "icmp",
        _ => "unknown_transport",
    }));
    row.push(Cell::Null);
    let lasted = flow.duration() != 0;
    row.push(if lasted { Cell::Text(seconds(flow.duration())) } else { Cell::Null });
    let bytes = match key.protocol {
        TCP => exchange.sequence_bytes(),
        _ => DIRECTIONS.map(|of| flow.payload_bytes(of).iter().sum()),
    };
    row.extend(bytes.map(|bytes| Cell::integer(lasted.then_some(bytes))));
    row.push(Cell::text(exchange.state()));
    row.extend(
        [flow.client, flow.server].map(|end| Cell::text(if is_local(end) { "T" } else { "F" })),
    );
    row.push(Cell::Integer(exchange.missed_bytes().iter().flatten().sum()));
    let history = exchange.history();
    row.push(if history.is_empty() { Cell::Null } else { Cell::Text(history) });
    for of in DIRECTIONS {
        row.push(Cell::Integer(flow.packets(of).len() as i128));
        row.push(Cell::Integer(flow.ip_bytes(of).iter().sum()));
    }
    row.extend([Cell::Null, Cell::Integer(key.protocol.into())]);
    let known = key.has_ports || !knows_ports(key.protocol);
    row.push(if known {
        Cell::Text(community_id(flow.client, flow.server, key))
    } else {
        Cell::Null
    });
    row
}

fn seconds(nanoseconds: i128) -> String {
    let microseconds = (nanoseconds + 500).div_euclid(1_000);
    let sign = if microseconds < 0 { "-" } else { "" };
    let text = format!("{:07}", microseconds.abs());
    let (whole, rest) = text.split_at(text.len() - 6);
    format!("{sign}{whole}.{rest}")
}

fn is_local(end: Endpoint) -> bool {
    match end.address {
        IpAddr::V4(address) => match address.octets() {
            [10 | 127, ..] | [192, 168, ..] | [169, 254, ..] => true,
            [172, second, ..] => (16..32).contains(&second),
            _ => false,
        },
        IpAddr::V6(address) => match address.octets() {
            [0xfc | 0xfd, ..] => true,
            [0xfe, second, ..] if second >> 6 == 2 => true,
            octets => u128::from_be_bytes(octets) == 1,
        },
    }
}

fn uid(flow: &Oriented) -> String {
    let mut hash: u128 = 0x6c62272e07bb014262b821756295c58d;
    let mut words = flow.flow.key.words().to_vec();
    words.extend([flow.flow.id(), flow.start() as i64 as u64]);
    for byte in words.into_iter().flat_map(u64::to_be_bytes) {
        hash = (hash ^ u128::from(byte)).wrapping_mul((1 << 88) + 0x13b);
    }
    let digits: Vec<char> = ('0'..='9').chain('A'..='Z').chain('a'..='z').collect();
    let mut uid = String::from("C");
    for _ in 0..17 {
        uid.push(digits[(hash % 62) as usize]);
        hash /= 62;
    }
    uid
}
