//! Comma-separated values (RFC 4180, lines end with a line feed): a header, then a line a flow.

use super::RowWriter;
use crate::profiles::{Profile, Row, Value, emptied};
use std::io::{self, Write};

/// Bytes gathered before they are handed on.
const BUFFER_BYTES: usize = 256 << 10;

/// Writes rows as CSV. Integers as integers, floats as the shortest decimal that reads back the
/// same, times as RFC 3339 with nanoseconds, missing values as nothing.
pub struct CsvWriter<W> {
    profile: &'static Profile,
    with_id: bool,
    cells: Vec<Value<'static>>,
    buffer: Vec<u8>,
    to: W,
}

impl<W: Write + Send> CsvWriter<W> {
    /// A writer that begins with the header.
    pub fn new(profile: &'static Profile, with_id: bool, to: W) -> Self {
        let mut buffer = Vec::with_capacity(BUFFER_BYTES + 4_096);
        for (place, column) in profile.table(with_id).enumerate() {
            if place > 0 {
                buffer.push(b',');
            }
            write_text(&column.name, &mut buffer);
        }
        buffer.push(b'\n');
        Self { profile, with_id, cells: Vec::new(), buffer, to }
    }

    fn hand_on(&mut self) -> io::Result<()> {
        self.to.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }
}

impl<W: Write + Send> RowWriter for CsvWriter<W> {
    fn write(&mut self, row: &Row<'_>) -> io::Result<()> {
        let mut cells = emptied(std::mem::take(&mut self.cells));
        self.profile.evaluate(row, self.with_id, &mut cells);
        for (place, value) in cells.iter().enumerate() {
            if place > 0 {
                self.buffer.push(b',');
            }
            write_value(value, &mut self.buffer);
        }
        self.cells = emptied(cells);
        self.buffer.push(b'\n');
        if self.buffer.len() >= BUFFER_BYTES {
            self.hand_on()?;
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        self.hand_on()?;
        self.to.flush()
    }
}

fn write_value(value: &Value<'_>, out: &mut Vec<u8>) {
    match value {
        Value::Null => {}
        Value::Integer(value) => {
            out.extend_from_slice(itoa::Buffer::new().format(*value).as_bytes());
        }
        Value::Unsigned(value) => {
            out.extend_from_slice(itoa::Buffer::new().format(*value).as_bytes());
        }
        Value::Float(value) => write_float(*value, out),
        Value::Time(time) => time.write_rfc3339(out),
        // Writing to a vector cannot fail.
        Value::Address(address) => drop(write!(out, "{address}")),
        Value::Text(text) => write_text(text, out),
        Value::CommunityId(id) => drop(write!(out, "{id}")),
        Value::Vlans(vlans) => drop(write!(out, "{vlans}")),
        Value::Tunnels(tunnels) => drop(write!(out, "{tunnels}")),
    }
}

/// The shortest decimal that reads back the same; whole numbers without a point.
fn write_float(value: f64, out: &mut Vec<u8>) {
    const EXACT_WHOLE_MAX: f64 = (1_u64 << 53) as f64;
    if value.abs() < EXACT_WHOLE_MAX && value == value.trunc() {
        out.extend_from_slice(itoa::Buffer::new().format(value as i64).as_bytes());
        return;
    }
    let mut buffer = zmij::Buffer::new();
    let text = buffer.format_finite(value);
    out.extend_from_slice(text.strip_suffix(".0").unwrap_or(text).as_bytes());
}

/// Text, in quotes when it holds a separator, a quote or a line break.
fn write_text(text: &str, out: &mut Vec<u8>) {
    if !text.contains([',', '"', '\n', '\r']) {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    out.push(b'"');
    out.extend_from_slice(text.replace('"', "\"\"").as_bytes());
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn float(value: f64) -> String {
        let mut out = Vec::new();
        write_float(value, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn floats_are_shortest_and_read_back() {
        assert_eq!(float(0.0), "0");
        assert_eq!(float(192_013.0), "192013");
        assert_eq!(float(0.1 + 0.2), "0.30000000000000004");
        for value in [1.0 / 3.0, 1e-9, 6.02e23, 9_007_199_254_740_993.0, 2f64.powi(63)] {
            assert_eq!(float(value).parse::<f64>(), Ok(value));
        }
    }

    #[test]
    fn text_is_quoted_when_it_must_be() {
        let quoted = |text| {
            let mut out = Vec::new();
            write_text(text, &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(quoted("plain text"), "plain text");
        assert_eq!(quoted("a,\"b\""), "\"a,\"\"b\"\"\"");
    }
}
