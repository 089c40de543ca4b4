//! ARFF as Weka writes it: attributes that are numbers or nominal, rows of values between commas. Sparse
//! rows, dates and relations inside rows are refused; none is written.

use super::Table;
use super::read::{Rows, number};
use crate::error::LearningError;
use crate::limits::LINE_BYTES_MAX;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;

pub(super) fn read(file: &Path, rows: &mut Rows) -> Result<(), LearningError> {
    let opened = File::open(file).map_err(LearningError::io("open", file))?;
    let mut lines = Lines { file, reader: BufReader::new(opened), number: 0, text: String::new() };
    let mut names = Vec::new();
    let mut is_number = Vec::new();
    loop {
        let Some(line) = lines.next()? else {
            return Err(LearningError::file(file, "there is no line @DATA"));
        };
        let word = line.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
        match word.as_str() {
            "@relation" => {}
            "@data" => break,
            "@attribute" => {
                let (name, kind) = attribute(&line[word.len()..])
                    .ok_or_else(|| lines.wrong("an attribute without a name or a type"))?;
                is_number.push(is_numeric(&kind));
                names.push(name);
            }
            _ => return Err(lines.wrong("neither an attribute nor @DATA")),
        }
    }
    let roles = rows.roles(file, &names, |place| is_number[place])?;
    let mut values = vec![0.0; roles.features.len()];
    while let Some(line) = lines.next()? {
        if line.starts_with('{') {
            return Err(lines.wrong("a sparse row"));
        }
        let cells = cells(line);
        if cells.len() != names.len() {
            let why = format!("{} values, and there are {} attributes", cells.len(), names.len());
            return Err(lines.wrong(&why));
        }
        for (value, place) in values.iter_mut().zip(&roles.features) {
            let cell = &cells[*place];
            let why = || format!("{cell:?} of attribute {} is no number", names[*place]);
            *value = number(cell).ok_or_else(|| lines.wrong(&why()))?;
        }
        let capture = roles.capture.map(|place| cells[place].as_str());
        rows.push((file, lines.number), &values, &cells[roles.class], capture)?;
    }
    Ok(())
}

/// Features as numbers, the class as one of a set, the capture as text.
pub(super) fn write(table: &Table, mut to: impl Write) -> io::Result<()> {
    writeln!(to, "@relation {}\n", quoted(&table.profile.to_string()))?;
    for feature in &table.features {
        writeln!(to, "@attribute {} numeric", quoted(feature))?;
    }
    let classes: Vec<String> = table.classes.iter().map(|class| quoted(class)).collect();
    writeln!(to, "@attribute class1 {{{}}}", classes.join(","))?;
    if !table.captures.is_empty() {
        writeln!(to, "@attribute capture string")?;
    }
    writeln!(to, "\n@data")?;
    for row in 0..table.rows() {
        for value in table.row(row) {
            if value.is_nan() { write!(to, "?,")? } else { write!(to, "{value},")? }
        }
        write!(to, "{}", quoted(table.class(row)))?;
        if let Some(capture) = table.capture(row) {
            write!(to, ",{}", quoted(capture))?;
        }
        writeln!(to)?;
    }
    to.flush()
}

/// In single quotes, with what would end them, and line breaks, escaped.
fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('\'', "\\'");
    format!("'{}'", escaped.replace(['\n', '\r'], " "))
}

fn is_numeric(kind: &str) -> bool {
    matches!(kind.to_ascii_lowercase().as_str(), "numeric" | "real" | "integer")
}

/// Name and type of an attribute: `'a name' {x,y}`.
fn attribute(text: &str) -> Option<(String, String)> {
    let text = text.trim();
    let (name, kind) = match text.chars().next()? {
        quote @ ('\'' | '"') => text[1..].split_once(quote)?,
        _ => text.split_once(|character: char| character.is_whitespace() || character == '{')?,
    };
    Some((name.to_owned(), kind.trim().to_owned()))
}

/// What stands between commas, quotes taken off.
fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quote = None;
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        let at_end = cells.len() - 1;
        match (character, quote) {
            ('\\', Some(_)) => cells[at_end].extend(characters.next()),
            (_, Some(open)) if character == open => quote = None,
            ('\'' | '"', None) => quote = Some(character),
            (',', None) => cells.push(String::new()),
            (' ' | '\t', None) => {}
            _ => cells[at_end].push(character),
        }
    }
    cells
}

struct Lines<'a> {
    file: &'a Path,
    reader: BufReader<File>,
    number: u64,
    text: String,
}

impl Lines<'_> {
    /// The next line that is neither empty nor a comment, without spaces round it.
    fn next(&mut self) -> Result<Option<&str>, LearningError> {
        loop {
            self.text.clear();
            self.number += 1;
            let mut bounded = (&mut self.reader).take(LINE_BYTES_MAX as u64);
            let bytes = bounded.read_line(&mut self.text).map_err(|cause| match cause.kind() {
                std::io::ErrorKind::InvalidData => self.wrong("the line is not UTF-8"),
                _ => LearningError::io("read", self.file)(cause),
            })?;
            if bytes == 0 {
                return Ok(None);
            }
            if bytes == LINE_BYTES_MAX && !self.text.ends_with('\n') {
                return Err(self.wrong(&format!("the line has more than {LINE_BYTES_MAX} bytes")));
            }
            let line = self.text.trim();
            if !line.is_empty() && !line.starts_with('%') {
                break;
            }
        }
        Ok(Some(self.text.trim()))
    }

    fn wrong(&self, why: &str) -> LearningError {
        LearningError::line(self.file, self.number, why)
    }
}
