//! What text formats have in common: a buffer of lines, and how values look before any quoting.

use crate::profiles::{AddressText, Value};
use std::io::{self, Write};

/// Bytes gathered before they are handed on.
const BUFFER_BYTES: usize = 256 << 10;

/// Lines on their way to `to`.
pub struct Lines<W> {
    pub bytes: Vec<u8>,
    to: W,
}

impl<W: Write> Lines<W> {
    pub fn new(to: W) -> Self {
        Self { bytes: Vec::with_capacity(BUFFER_BYTES + 4_096), to }
    }

    /// Ends the line that was appended to `bytes`.
    pub fn end_line(&mut self) -> io::Result<()> {
        self.bytes.push(b'\n');
        match self.bytes.len() >= BUFFER_BYTES {
            true => self.hand_on(),
            false => Ok(()),
        }
    }

    pub fn finish(&mut self) -> io::Result<()> {
        self.hand_on()?;
        self.to.flush()
    }

    fn hand_on(&mut self) -> io::Result<()> {
        self.to.write_all(&self.bytes)?;
        self.bytes.clear();
        Ok(())
    }
}

/// Appends what a value looks like in every text format: integers as integers, floats as the
/// shortest decimal that reads back the same, times as RFC 3339 with nanoseconds, missing values
/// as nothing. Only [`Value::Text`] may hold what a format has to quote.
pub fn write_plain(value: &Value<'_>, out: &mut Vec<u8>) {
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
        Value::Address(address) => drop(write!(out, "{}", AddressText(*address))),
        Value::Text(text) => out.extend_from_slice(text.as_bytes()),
        Value::CommunityId(id) => drop(write!(out, "{id}")),
        Value::Vlans(vlans) => drop(write!(out, "{vlans}")),
        Value::Tunnels(tunnels) => drop(write!(out, "{tunnels}")),
        Value::MicrosecondTime(time) => time.write_rfc3339_microseconds(out),
        Value::Printed(text) => drop(write!(out, "{text}")),
        Value::List(list) => {
            for (place, value) in list.values().enumerate() {
                if place > 0 {
                    out.push(b' ');
                }
                write_plain(&value, out);
            }
        }
    }
}

/// The shortest decimal that reads back the same; whole numbers without a point.
fn write_float(value: f64, out: &mut Vec<u8>) {
    const EXACT_WHOLE_MAX: f64 = (1_u64 << 53) as f64;
    if !value.is_finite() {
        out.extend_from_slice(non_finite(value).as_bytes());
        return;
    }
    if value.abs() < EXACT_WHOLE_MAX && value == value.trunc() {
        out.extend_from_slice(itoa::Buffer::new().format(value as i64).as_bytes());
        return;
    }
    let mut buffer = zmij::Buffer::new();
    let text = buffer.format_finite(value);
    out.extend_from_slice(text.strip_suffix(".0").unwrap_or(text).as_bytes());
}

/// As Java prints them, whose program a profile copies.
fn non_finite(value: f64) -> &'static str {
    match value {
        f64::INFINITY => "Infinity",
        f64::NEG_INFINITY => "-Infinity",
        _ => "NaN",
    }
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
}
