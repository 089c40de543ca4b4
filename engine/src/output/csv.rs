//! Comma-separated values (RFC 4180, lines end with a line feed): a header, then a line a flow.

use super::cells::{CellWriter, Evaluated};
use super::text::{Lines, write_plain};
use crate::profiles::{Layout, Value};
use std::io::{self, Write};

/// Writes rows as CSV.
pub type CsvWriter<W> = Evaluated<CsvLines<W>>;

impl<W: Write + Send> CsvWriter<W> {
    /// A writer that begins with the header.
    pub fn new(layout: Layout, to: W) -> Self {
        let names = layout.columns().map(|column| column.name.as_str());
        Self::of(layout, CsvLines::new(names, to))
    }
}

impl<W: Write + Send> CsvWriter<W> {
    /// A writer that goes on behind rows.
    pub fn going_on(layout: Layout, to: W) -> Self {
        Self::of(layout, CsvLines { lines: Lines::new(to) })
    }
}

/// Writes cells as CSV; missing values are empty cells.
pub struct CsvLines<W> {
    lines: Lines<W>,
}

impl<W: Write + Send> CsvLines<W> {
    /// A writer that begins with the header: the columns' names.
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>, to: W) -> Self {
        let mut lines = Lines::new(to);
        for (place, name) in names.into_iter().enumerate() {
            if place > 0 {
                lines.bytes.push(b',');
            }
            write_text(name, &mut lines.bytes);
        }
        lines.bytes.push(b'\n');
        Self { lines }
    }
}

impl<W: Write + Send> CellWriter for CsvLines<W> {
    fn write_cells(&mut self, cells: &[Value<'_>]) -> io::Result<()> {
        let out = &mut self.lines.bytes;
        for (place, value) in cells.iter().enumerate() {
            if place > 0 {
                out.push(b',');
            }
            match value {
                Value::Text(text) => write_text(text, out),
                value => write_plain(value, out),
            }
        }
        self.lines.end_line()
    }

    fn flush(&mut self) -> io::Result<()> {
        self.lines.finish()
    }

    fn finish(&mut self) -> io::Result<()> {
        self.lines.finish()
    }
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
