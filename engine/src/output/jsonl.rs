//! JSON Lines: an object a flow (RFC 8259), its keys the columns' names.

use super::cells::{CellWriter, Evaluated};
use super::text::{Lines, write_plain};
use crate::profiles::{Layout, Value};
use std::io::{self, Write};

/// Writes rows as JSON.
pub type JsonLinesWriter<W> = Evaluated<JsonLines<W>>;

impl<W: Write + Send> JsonLinesWriter<W> {
    pub fn new(layout: Layout, to: W) -> Self {
        let names = layout.columns().map(|column| column.name.as_str());
        Self::of(layout, JsonLines::new(names, to))
    }
}

/// Writes cells as JSON. Numbers look as in CSV, so a whole float has no point; missing values are
/// null; all else is strings.
pub struct JsonLines<W> {
    /// What stands before each value: `{"first":`, `,"second":` and so on.
    keys: Vec<Vec<u8>>,
    lines: Lines<W>,
}

impl<W: Write + Send> JsonLines<W> {
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>, to: W) -> Self {
        let key = |(place, name): (usize, &str)| {
            let mut key = vec![if place == 0 { b'{' } else { b',' }];
            write_string(name, &mut key);
            key.push(b':');
            key
        };
        let keys = names.into_iter().enumerate().map(key).collect();
        Self { keys, lines: Lines::new(to) }
    }
}

impl<W: Write + Send> CellWriter for JsonLines<W> {
    fn write_cells(&mut self, cells: &[Value<'_>]) -> io::Result<()> {
        let out = &mut self.lines.bytes;
        for (key, value) in self.keys.iter().zip(cells) {
            out.extend_from_slice(key);
            write_value(value, out);
        }
        out.push(b'}');
        self.lines.end_line()
    }

    fn flush(&mut self) -> io::Result<()> {
        self.lines.finish()
    }

    fn finish(&mut self) -> io::Result<()> {
        self.lines.finish()
    }
}

fn write_value(value: &Value<'_>, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        // JSON has no other numbers.
        Value::Float(value) if !value.is_finite() => out.extend_from_slice(b"null"),
        Value::Integer(_) | Value::Unsigned(_) | Value::Float(_) => write_plain(value, out),
        Value::Text(text) => write_string(text, out),
        Value::List(list) => {
            out.push(b'[');
            for (place, value) in list.values().enumerate() {
                if place > 0 {
                    out.push(b',');
                }
                write_value(&value, out);
            }
            out.push(b']');
        }
        // Nothing in them needs escaping.
        _ => {
            out.push(b'"');
            write_plain(value, out);
            out.push(b'"');
        }
    }
}

fn write_string(text: &str, out: &mut Vec<u8>) {
    // Writing text to a vector cannot fail.
    drop(serde_json::to_writer(out, text));
}
