//! ARFF, as Weka reads it: the profile's numeric columns, then the class as `class1`.
//!
//! Rules: weka.core.Instances and weka.core.Utils.quote of Weka 3.

use super::RowWriter;
use super::cells::Cells;
use super::text::{Lines, write_plain};
use crate::profiles::{Layout, Row, Value};
use std::collections::BTreeSet;
use std::io::{self, Write};

/// Writes rows as ARFF; missing values are `?`.
pub struct ArffWriter<W> {
    cells: Cells,
    /// By column.
    is_numeric: Vec<bool>,
    lines: Lines<W>,
}

impl<W: Write + Send> ArffWriter<W> {
    /// A writer that begins with the header. `classes` are all that rows may have, in any order;
    /// without one, the class is a string that is always missing.
    pub fn new<'a>(layout: Layout, classes: impl IntoIterator<Item = &'a str>, to: W) -> Self {
        // Confidences are no features.
        let layout = layout.without_labels();
        let mut lines = Lines::new(to);
        let out = &mut lines.bytes;
        out.extend_from_slice(b"@relation ");
        let profile = layout.profile();
        write_text(&format!("{}/{}", profile.name, profile.version), out);
        out.extend_from_slice(b"\n\n");
        for column in layout.columns().filter(|column| column.kind.is_numeric()) {
            out.extend_from_slice(b"@attribute ");
            write_text(&column.name, out);
            out.extend_from_slice(b" numeric\n");
        }
        out.extend_from_slice(b"@attribute class1 ");
        write_class_type(&classes.into_iter().collect(), out);
        out.extend_from_slice(b"\n\n@data\n");
        let is_numeric = layout.columns().map(|column| column.kind.is_numeric()).collect();
        Self { cells: Cells::new(layout), is_numeric, lines }
    }

    /// A writer that goes on behind rows.
    pub fn going_on(layout: Layout, to: W) -> Self {
        let mut one = Self::new(layout, [], to);
        one.lines.bytes.clear();
        one
    }
}

impl<W: Write + Send> RowWriter for ArffWriter<W> {
    fn write(&mut self, row: &Row<'_>) -> io::Result<()> {
        let out = &mut self.lines.bytes;
        self.cells.of(row, |cells| {
            let columns = self.is_numeric.iter().zip(cells);
            for (_, value) in columns.filter(|(is_numeric, _)| **is_numeric) {
                match value {
                    Value::Null => out.push(b'?'),
                    // Weka's reader has no other numbers.
                    Value::Float(value) if !value.is_finite() => out.push(b'?'),
                    value => write_plain(value, out),
                }
                out.push(b',');
            }
        });
        match row.class_or_label() {
            Some(class) => write_text(class, out),
            None => out.push(b'?'),
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

/// The set of classes, sorted, or `string` where there is none.
fn write_class_type(classes: &BTreeSet<&str>, out: &mut Vec<u8>) {
    if classes.is_empty() {
        out.extend_from_slice(b"string");
        return;
    }
    for (place, class) in classes.iter().enumerate() {
        out.push(if place == 0 { b'{' } else { b',' });
        write_text(class, out);
    }
    out.push(b'}');
}

/// Text in single quotes when Weka would read it otherwise: what it escapes, separators, control
/// characters, nothing at all, and the mark for missing.
fn write_text(text: &str, out: &mut Vec<u8>) {
    let is_special = |character: char| character <= ' ' || "'\"\\%,{}\u{7f}".contains(character);
    if !text.contains(is_special) && !text.is_empty() && text != "?" {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    out.push(b'\'');
    for byte in text.bytes() {
        match byte {
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\'' | b'"' | b'\\' | b'%' => out.extend_from_slice(&[b'\\', byte]),
            byte => out.push(byte),
        }
    }
    out.push(b'\'');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn text_is_quoted_as_weka_does() {
        let cases = [
            ("plain-text_1", "plain-text_1"),
            ("two words", "'two words'"),
            ("", "''"),
            ("?", "'?'"),
            ("a,b", "'a,b'"),
            ("{a}", "'{a}'"),
            ("it's", r"'it\'s'"),
            ("\"so\"", r#"'\"so\"'"#),
            (r"a\b", r"'a\\b'"),
            ("5%", r"'5\%'"),
            ("a\tb\nc\rd", r"'a\tb\nc\rd'"),
            ("größe", "größe"),
        ];
        for (text, expected) in cases {
            assert_eq!(written(|out| write_text(text, out)), expected);
        }
    }

    #[test]
    fn classes_are_a_sorted_set_or_a_string() {
        let class_type = |classes: &[&'static str]| {
            written(|out| write_class_type(&classes.iter().copied().collect(), out))
        };
        assert_eq!(class_type(&["web", "chat", "web", "a b"]), "{'a b',chat,web}");
        assert_eq!(class_type(&[]), "string");
    }
}
