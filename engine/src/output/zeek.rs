//! Zeek's conn.log: a header that names and types the fields, then a line a flow, separated by tabs.

use super::{RowWriter, Saved};
use crate::profiles::{CommunityId, Row};
use crate::time::{MICROSECOND_NS, Timestamp};
use std::io::{self, Write};
use std::net::IpAddr;

/// Bytes gathered before they are handed on.
const BUFFER_BYTES: usize = 256 << 10;

/// Names and types, as Zeek has them.
const FIELDS: [(&str, &str); 23] = [
    ("ts", "time"),
    ("uid", "string"),
    ("id.orig_h", "addr"),
    ("id.orig_p", "port"),
    ("id.resp_h", "addr"),
    ("id.resp_p", "port"),
    ("proto", "enum"),
    ("service", "string"),
    ("duration", "interval"),
    ("orig_bytes", "count"),
    ("resp_bytes", "count"),
    ("conn_state", "string"),
    ("local_orig", "bool"),
    ("local_resp", "bool"),
    ("missed_bytes", "count"),
    ("history", "string"),
    ("orig_pkts", "count"),
    ("orig_ip_bytes", "count"),
    ("resp_pkts", "count"),
    ("resp_ip_bytes", "count"),
    ("tunnel_parents", "set[string]"),
    ("ip_proto", "count"),
    ("community_id", "string"),
];

const TCP: u8 = 6;

/// Writes flows as conn.log has connections. No clock is read: `#open` is the start of the first
/// flow and `#close` the latest end of all.
pub struct ZeekWriter<W> {
    buffer: Vec<u8>,
    /// The latest end; `None` before the first flow.
    end: Option<Timestamp>,
    to: W,
}

impl<W: Write + Send> ZeekWriter<W> {
    pub fn new(to: W) -> Self {
        Self { buffer: Vec::with_capacity(BUFFER_BYTES + 4_096), end: None, to }
    }

    /// A writer that goes on where another one has saved.
    pub fn going_on(saved: &[u8], to: W) -> Self {
        let end = saved.try_into().ok().map(|bytes| Timestamp(i64::from_le_bytes(bytes)));
        Self { end, ..Self::new(to) }
    }

    fn begin(&mut self, opened: Timestamp) {
        let line = |name: &str, values: [&str; 23]| format!("#{name}\t{}\n", values.join("\t"));
        let lines = [
            "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n".into(),
            format!("#path\tconn\n#open\t{}\n", log_time(opened)),
            line("fields", FIELDS.map(|(name, _)| name)),
            line("types", FIELDS.map(|(_, kind)| kind)),
        ];
        lines.iter().for_each(|line: &String| self.buffer.extend_from_slice(line.as_bytes()));
    }

    fn hand_on(&mut self) -> io::Result<()> {
        self.to.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }
}

impl<W: Write + Send> RowWriter for ZeekWriter<W> {
    fn write(&mut self, row: &Row<'_>) -> io::Result<()> {
        if self.end.is_none() {
            self.begin(row.flow.start);
        }
        self.end = self.end.max(Some(row.flow.end));
        write_row(row, &mut self.buffer)?;
        if self.buffer.len() >= BUFFER_BYTES {
            self.hand_on()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.hand_on()?;
        self.to.flush()
    }

    fn save(&mut self, done: Saved) -> io::Result<()> {
        self.flush()?;
        match self.end {
            Some(Timestamp(end_ns)) => done(&end_ns.to_le_bytes()),
            None => done(&[]),
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        if self.end.is_none() {
            self.begin(Timestamp::default());
        }
        let closed = format!("#close\t{}\n", log_time(self.end.unwrap_or_default()));
        self.buffer.extend_from_slice(closed.as_bytes());
        self.hand_on()?;
        self.to.flush()
    }
}

/// One line.
fn write_row(row: &Row<'_>, out: &mut Vec<u8>) -> io::Result<()> {
    let (flow, exchange) = (row.flow, &row.flow.trackers.exchange);
    let (client, server) = (flow.client(), flow.server());
    let (forward, backward) = (flow.forward(), flow.backward());
    write_seconds(flow.start.0, out)?;
    write!(out, "\t{}", uid(row))?;
    for (address, port) in [client, server] {
        write!(out, "\t{address}\t{}", port.unwrap_or(0))?;
    }
    write!(out, "\t{}\t-\t", protocol_name(flow.protocol()))?;
    match flow.duration_ns() {
        // Zeek has no bytes of a connection without duration either.
        ..=0 => out.extend_from_slice(b"-\t-\t-"),
        duration_ns => {
            write_seconds(duration_ns, out)?;
            for side in [forward, backward] {
                let bytes = match flow.protocol() {
                    TCP => exchange.sequence_bytes(side),
                    _ => flow.payload_bytes[side],
                };
                write!(out, "\t{bytes}")?;
            }
        }
    }
    write!(out, "\t{}", exchange.state(flow.protocol(), forward))?;
    for (address, _) in [client, server] {
        out.extend_from_slice(if is_local(address) { b"\tT" } else { b"\tF" });
    }
    let missed = exchange.missed_bytes(0) + exchange.missed_bytes(1);
    let history = match exchange.history() {
        "" => "-",
        letters => letters,
    };
    write!(out, "\t{missed}\t{history}")?;
    for side in [forward, backward] {
        write!(out, "\t{}\t{}", flow.packets[side], flow.ip_bytes[side])?;
    }
    write!(out, "\t-\t{}\t", flow.protocol())?;
    match CommunityId::of(flow) {
        Some(id) => writeln!(out, "{id}"),
        None => writeln!(out, "-"),
    }
}

/// Nanoseconds as seconds with six decimals, rounded to the nearest (halves up).
fn write_seconds(ns: i64, out: &mut Vec<u8>) -> io::Result<()> {
    let rounded = (i128::from(ns) + 500).div_euclid(MICROSECOND_NS.into());
    let sign = if rounded < 0 { "-" } else { "" };
    let (seconds, microseconds) =
        (rounded.unsigned_abs() / 1_000_000, rounded.unsigned_abs() % 1_000_000);
    write!(out, "{sign}{seconds}.{microseconds:06}")
}

/// `2026-11-24-03-57-02`, in UTC.
fn log_time(time: Timestamp) -> String {
    // 2026-11-24T03:57:02.000000000Z
    let text = time.to_string();
    let whole = text.split('.').next().unwrap_or_default();
    whole.replace(['T', ':'], "-")
}

fn protocol_name(protocol: u8) -> &'static str {
    match protocol {
        TCP => "tcp",
        17 => "udp",
        1 | 58 => "icmp",
        _ => "unknown_transport",
    }
}

/// Private (RFC 1918, 4193), link-local or loopback.
fn is_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            address.is_private() || address.is_link_local() || address.is_loopback()
        }
        IpAddr::V6(address) => {
            address.is_unique_local() || address.is_unicast_link_local() || address.is_loopback()
        }
    }
}

/// "C" and 17 digits to the base 62 of a hash of the flow's key, id and start (FNV-1a, 128 bits).
fn uid(row: &Row<'_>) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let words = row.flow.key.words().iter().copied().chain([row.flow.id, row.flow.start.0 as u64]);
    let mut hash = words
        .flat_map(u64::to_be_bytes)
        .fold(BASIS, |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME));
    let digits = (0..17).map(|_| {
        let digit = DIGITS[(hash % 62) as usize];
        hash /= 62;
        char::from(digit)
    });
    std::iter::once('C').chain(digits).collect()
}
