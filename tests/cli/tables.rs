//! Tables as each text format has them, read by rules of the formats alone.

/// A cell; numbers as they stand there.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    Missing,
    Number(String),
    Text(String),
}

#[derive(Debug, PartialEq)]
pub struct Cells {
    pub names: Vec<String>,
    pub rows: Vec<Vec<Cell>>,
}

/// RFC 4180. `is_numeric` says it of each column, since CSV does not.
pub fn csv(text: &str, is_numeric: impl Fn(&str) -> bool) -> Cells {
    let mut lines = records(text).into_iter();
    let names = lines.next().expect("a header");
    let cell = |(name, text): (&String, String)| match text.as_str() {
        "" => Cell::Missing,
        _ if is_numeric(name) => Cell::Number(text),
        _ => Cell::Text(text),
    };
    let row = |fields: Vec<String>| {
        assert_eq!(fields.len(), names.len(), "{fields:?}");
        names.iter().zip(fields).map(cell).collect()
    };
    let rows = lines.map(row).collect();
    Cells { names, rows }
}

fn records(text: &str) -> Vec<Vec<String>> {
    let (mut records, mut fields, mut field) = (Vec::new(), Vec::new(), String::new());
    let mut is_quoted = false;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if is_quoted && characters.peek() == Some(&'"') => {
                field.extend(characters.next());
            }
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => fields.push(std::mem::take(&mut field)),
            '\n' if !is_quoted => {
                fields.push(std::mem::take(&mut field));
                records.push(std::mem::take(&mut fields));
            }
            other => field.push(other),
        }
    }
    assert!(fields.is_empty() && field.is_empty(), "the last line ends");
    records
}

/// An object a line, all with the same keys in the same order.
pub fn json_lines(text: &str) -> Cells {
    assert!(text.is_empty() || text.ends_with('\n'), "the last line ends");
    let objects: Vec<Vec<(String, Cell)>> = text.lines().map(json_object).collect();
    let keys = |object: &Vec<(String, Cell)>| object.iter().map(|(key, _)| key.clone()).collect();
    let names: Vec<String> = objects.first().map(keys).unwrap_or_default();
    assert!(objects.iter().all(|object| keys(object) == names), "the same keys in every line");
    let row = |object: Vec<(String, Cell)>| object.into_iter().map(|(_, cell)| cell).collect();
    Cells { names, rows: objects.into_iter().map(row).collect() }
}

/// RFC 8259, as far as flat objects without white space need it.
fn json_object(line: &str) -> Vec<(String, Cell)> {
    let mut rest = line.strip_prefix('{').expect("an object");
    let mut members = Vec::new();
    loop {
        let (key, after) = json_string(rest);
        let (value, after) = json_value(after.strip_prefix(':').expect("a colon"));
        members.push((key, value));
        match after {
            "}" => return members,
            more => rest = more.strip_prefix(',').expect("a comma"),
        }
    }
}

fn json_value(text: &str) -> (Cell, &str) {
    if let Some(rest) = text.strip_prefix("null") {
        return (Cell::Missing, rest);
    }
    if text.starts_with('"') {
        let (string, rest) = json_string(text);
        return (Cell::Text(string), rest);
    }
    let end = text.find([',', '}']).expect("an end of the number");
    let number = &text[..end];
    let digits = number.trim_start_matches('-');
    let is_number = digits.starts_with(|first: char| first.is_ascii_digit())
        && !(digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0."))
        && number.parse::<f64>().is_ok_and(f64::is_finite);
    assert!(is_number, "{number} is no number of JSON");
    (Cell::Number(number.to_owned()), &text[end..])
}

fn json_string(text: &str) -> (String, &str) {
    let mut string = String::new();
    let mut characters = text.strip_prefix('"').expect("a string").chars();
    loop {
        match characters.next().expect("an end of the string") {
            '"' => return (string, characters.as_str()),
            '\\' => string.push(match characters.next().expect("what is escaped") {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'b' => '\u{8}',
                'f' => '\u{c}',
                'u' => {
                    let code: String = characters.by_ref().take(4).collect();
                    let code = u32::from_str_radix(&code, 16).expect("four digits");
                    char::from_u32(code).expect("no half of a pair is needed")
                }
                other => other,
            }),
            other => {
                assert!(other >= ' ', "{other:?} must be escaped");
                string.push(other);
            }
        }
    }
}

/// What stands in an ARFF file: relation, (attribute, type), rows.
#[derive(Debug)]
pub struct Arff {
    pub relation: String,
    pub attributes: Vec<(String, String)>,
    pub rows: Vec<Vec<Cell>>,
}

pub fn arff(text: &str) -> Arff {
    let (header, data) = text.split_once("@data\n").expect("data");
    let mut lines = header.lines().filter(|line| !line.is_empty());
    let relation = lines.next().and_then(|line| line.strip_prefix("@relation "));
    let attribute = |line: &str| {
        let line = line.strip_prefix("@attribute ").expect("an attribute");
        // No name has a quote in it.
        let (name, kind) = match line.strip_prefix('\'') {
            Some(quoted) => quoted.split_once("' ").expect("a type"),
            None => line.split_once(' ').expect("a type"),
        };
        (name.to_owned(), kind.to_owned())
    };
    let attributes: Vec<_> = lines.map(attribute).collect();
    let row = |line: &str| {
        let values = arff_values(line);
        assert_eq!(values.len(), attributes.len(), "{line}");
        values
    };
    let rows = data.lines().map(row).collect();
    Arff { relation: relation.expect("a relation").to_owned(), attributes, rows }
}

/// Values with commas between; quoted ones are text, others numbers or words.
fn arff_values(line: &str) -> Vec<Cell> {
    let mut values = Vec::new();
    let mut characters = line.chars().peekable();
    loop {
        let mut text = String::new();
        let is_quoted = characters.next_if_eq(&'\'').is_some();
        while let Some(character) = characters.next_if(|next| is_quoted || *next != ',') {
            match character {
                '\'' if is_quoted => break,
                '\\' if is_quoted => text.push(match characters.next().expect("an escaped one") {
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    other => other,
                }),
                other => text.push(other),
            }
        }
        values.push(match text.as_str() {
            "?" if !is_quoted => Cell::Missing,
            _ if !is_quoted && text.parse::<f64>().is_ok() => Cell::Number(text),
            _ => Cell::Text(text),
        });
        match characters.next() {
            Some(',') => {}
            Some(other) => panic!("{other:?} behind a value: {line}"),
            None => return values,
        }
    }
}
