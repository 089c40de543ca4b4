//! Rows of cells, and how what the program printed is held against them.

/// Relative: the oracle's own doubles are good to about as much.
const TOLERANCE: f64 = 1e-12;

#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    Null,
    Integer(i128),
    Float(f64),
    Text(String),
    /// In one cell, with spaces between.
    List(Vec<Cell>),
}

impl Cell {
    pub fn integer(value: Option<i128>) -> Self {
        value.map_or(Self::Null, Self::Integer)
    }

    pub fn float(value: Option<f64>) -> Self {
        value.map_or(Self::Null, Self::Float)
    }

    pub fn text(value: impl Into<String>) -> Self {
        Self::Text(value.into())
    }

    /// Null is an empty cell; integers and text must be equal, floats nearly.
    pub fn equals(&self, printed: &str) -> bool {
        match self {
            Self::Null => printed.is_empty(),
            Self::Integer(value) => printed == value.to_string(),
            Self::Text(value) => printed == value,
            Self::List(values) => {
                let printed: Vec<&str> = printed.split(' ').collect();
                let mut pairs = values.iter().zip(&printed);
                values.len() == printed.len() && pairs.all(|(value, printed)| value.equals(printed))
            }
            Self::Float(value) => printed.parse::<f64>().is_ok_and(|other| {
                let nearly = TOLERANCE * value.abs().max(other.abs());
                match value.is_finite() {
                    true => (other - value).abs() <= nearly,
                    // As the program prints them: there is one way only.
                    false => printed == self.to_string(),
                }
            }),
        }
    }
}

impl std::fmt::Display for Cell {
    fn fmt(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self {
            Self::Null => Ok(()),
            Self::Integer(value) => write!(formatter, "{value}"),
            Self::Float(value) if value.is_infinite() => {
                formatter.write_str(if *value > 0.0 { "Infinity" } else { "-Infinity" })
            }
            Self::Float(value) => write!(formatter, "{value}"),
            Self::Text(value) => formatter.write_str(value),
            Self::List(values) => {
                let values: Vec<String> = values.iter().map(Self::to_string).collect();
                formatter.write_str(&values.join(" "))
            }
        }
    }
}

pub struct Table {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Cell>>,
}

impl Table {
    /// Nothing, or the first thing that differs, told so that a person can go and look.
    pub fn difference(&self, printed: &str) -> Option<String> {
        let mut lines = printed.lines().map(fields);
        let mut header = lines.next().unwrap_or_default();
        let labels = has_labels(&header);
        header.truncate(header.len() - if labels { LABELS.len() } else { 0 });
        if header != self.columns {
            return Some(format!("header\n  printed {header:?}\n  oracle  {:?}", self.columns));
        }
        let mut printed_rows: Vec<Vec<String>> = lines.collect();
        if labels {
            printed_rows
                .iter_mut()
                .for_each(|row| row.truncate(row.len().max(LABELS.len()) - LABELS.len()));
        }
        for (index, (row, printed)) in self.rows.iter().zip(&printed_rows).enumerate() {
            if row.len() != printed.len() {
                return Some(format!("row {} has {} cells", index + 1, printed.len()));
            }
            let mut cells = row.iter().zip(printed).enumerate();
            if let Some((column, (cell, other))) =
                cells.find(|(_, (cell, other))| !cell.equals(other))
            {
                let name = &self.columns[column];
                let line = row.iter().map(Cell::to_string).collect::<Vec<_>>().join(",");
                return Some(format!(
                    "row {}, {name}: printed {other:?}, oracle {cell}\n  printed {}\n  oracle  {line}",
                    index + 1,
                    printed.join(","),
                ));
            }
        }
        let (printed, own) = (printed_rows.len(), self.rows.len());
        (printed != own).then(|| {
            let more = if printed > own {
                printed_rows[own].join(",")
            } else {
                self.rows[printed].iter().map(Cell::to_string).collect::<Vec<_>>().join(",")
            };
            format!("printed {printed} rows, oracle {own}; the first too many:\n  {more}")
        })
    }
}

/// The last columns of `native`, which are not of the flow alone: what classifiers and names say, of which the oracle
/// knows nothing, and the session, which is compared by itself.
pub const LABELS: [&str; 14] = [
    "label",
    "label_group",
    "label_by",
    "confidence",
    "evidence",
    "traffic_class",
    "traffic_class_confidence",
    "server_name",
    "user_agent",
    "alpn",
    "ja3",
    "ja4",
    "session_id",
    "joined_by",
];

fn has_labels(header: &[String]) -> bool {
    header.ends_with(&LABELS.map(String::from))
}

/// The cells of a CSV line (RFC 4180; no line breaks inside cells).
pub fn fields(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        let last = cells.len() - 1;
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                cells[last].push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            _ => cells[last].push(character),
        }
    }
    cells
}
