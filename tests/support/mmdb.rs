//! A writer of databases of places, after the MaxMind DB file format specification, version 2.0: a binary
//! tree over the bits of addresses whose leaves name records in a data section.

use std::collections::HashMap;
use std::net::IpAddr;

/// What a record may hold.
#[derive(Clone)]
pub enum Value {
    Text(String),
    Short(u16),
    Number(u32),
    Long(u64),
    Map(Vec<(String, Value)>),
    List(Vec<Value>),
}

pub fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

pub fn map(fields: &[(&str, Value)]) -> Value {
    Value::Map(fields.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect())
}

/// As MaxMind's databases have a place, with what stands beside it there.
pub fn nested(country: &str, city: &str) -> Value {
    let names = |name: &str| map(&[("de", text("anders")), ("en", text(name))]);
    let country = map(&[
        ("geoname_id", Value::Number(6_252_001)),
        ("iso_code", text(country)),
        ("names", names("a country")),
    ]);
    let subdivisions = Value::List(vec![map(&[("iso_code", text("XX"))])]);
    map(&[
        ("city", map(&[("names", names(city))])),
        ("country", country),
        ("subdivisions", subdivisions),
    ])
}

/// As ip-location-db has it.
pub fn flat(country: &str, city: &str) -> Value {
    map(&[("city", text(city)), ("country_code", text(country)), ("state1", text("a state"))])
}

/// A database. `ip_version` is 4 or 6, `record_bits` 24, 28 or 32. Networks are written as `1.2.0.0/16`; of
/// two that overlap the one that comes later wins, so that it is the smaller one. In a tree of IPv6 those
/// of IPv4 are below `::/96`.
pub fn mmdb(ip_version: u8, record_bits: usize, networks: &[(&str, Value)]) -> Vec<u8> {
    let mut data = Data::default();
    let mut tree = Tree { nodes: vec![[Child::Nothing; 2]] };
    for (network, record) in networks {
        let (bits, length) = bits_of(network, ip_version);
        let offset = data.bytes.len();
        data.write(record);
        tree.insert(bits, length, offset);
    }
    let mut bytes = tree.bytes(record_bits);
    bytes.extend([0; 16]);
    bytes.extend(data.bytes);
    bytes.extend(b"\xab\xcd\xefMaxMind.com");
    let mut metadata = Data::default();
    metadata.write(&map(&[
        ("binary_format_major_version", Value::Short(2)),
        ("binary_format_minor_version", Value::Short(0)),
        ("build_epoch", Value::Long(1_700_000_000)),
        ("database_type", text("Test-City")),
        ("description", map(&[("en", text("for tests"))])),
        ("ip_version", Value::Short(ip_version.into())),
        ("languages", Value::List(vec![text("de"), text("en")])),
        ("node_count", Value::Number(tree.nodes.len() as u32)),
        ("record_size", Value::Short(record_bits as u16)),
    ]));
    bytes.extend(metadata.bytes);
    bytes
}

/// A network's bits, left-aligned, and how many of them count.
fn bits_of(network: &str, ip_version: u8) -> (u128, u32) {
    let (address, length) = network.split_once('/').expect("a network has a length");
    let length: u32 = length.parse().expect("a length is a number");
    match (address.parse().expect("an address"), ip_version) {
        (IpAddr::V4(address), 4) => (u128::from(u32::from(address)) << 96, length),
        (IpAddr::V4(address), _) => (u32::from(address).into(), length + 96),
        (IpAddr::V6(address), _) => (address.into(), length),
    }
}

#[derive(Clone, Copy)]
enum Child {
    Nothing,
    Node(usize),
    /// Offset in the data section.
    Record(usize),
}

struct Tree {
    nodes: Vec<[Child; 2]>,
}

impl Tree {
    fn insert(&mut self, bits: u128, length: u32, record: usize) {
        let mut node = 0;
        for depth in 0..length {
            let side = (bits >> (127 - depth) & 1) as usize;
            if depth + 1 == length {
                self.nodes[node][side] = Child::Record(record);
                return;
            }
            node = match self.nodes[node][side] {
                Child::Node(next) => next,
                // A larger network: what is not in the new one stays with it.
                larger => {
                    self.nodes.push([larger; 2]);
                    self.nodes[node][side] = Child::Node(self.nodes.len() - 1);
                    self.nodes.len() - 1
                }
            };
        }
    }

    fn bytes(&self, record_bits: usize) -> Vec<u8> {
        let count = self.nodes.len();
        let number = |child: Child| match child {
            Child::Nothing => count as u32,
            Child::Node(node) => node as u32,
            Child::Record(offset) => (count + 16 + offset) as u32,
        };
        let mut bytes = Vec::new();
        for node in &self.nodes {
            let [left, right] = node.map(number);
            let ([high_left, left @ ..], [high_right, right @ ..]) =
                (left.to_be_bytes(), right.to_be_bytes());
            match record_bits {
                24 => bytes.extend([left, right].concat()),
                28 => {
                    assert!(high_left < 16 && high_right < 16, "the tree is too large for 28 bits");
                    bytes.extend(left);
                    bytes.push(high_left << 4 | high_right);
                    bytes.extend(right);
                }
                _ => {
                    bytes.push(high_left);
                    bytes.extend(left);
                    bytes.push(high_right);
                    bytes.extend(right);
                }
            }
        }
        bytes
    }
}

/// A data section. A text that it already has is a pointer to there.
#[derive(Default)]
struct Data {
    bytes: Vec<u8>,
    texts: HashMap<String, usize>,
}

impl Data {
    fn write(&mut self, value: &Value) {
        match value {
            Value::Text(text) => self.write_text(text),
            Value::Short(number) => self.write_number(5, &number.to_be_bytes()),
            Value::Number(number) => self.write_number(6, &number.to_be_bytes()),
            Value::Long(number) => self.write_number(9, &number.to_be_bytes()),
            Value::Map(fields) => {
                self.control(7, fields.len());
                for (key, value) in fields {
                    self.write_text(key);
                    self.write(value);
                }
            }
            Value::List(values) => {
                self.control(11, values.len());
                values.iter().for_each(|value| self.write(value));
            }
        }
    }

    fn write_number(&mut self, kind: u8, bytes: &[u8]) {
        self.control(kind, bytes.len());
        self.bytes.extend(bytes);
    }

    fn write_text(&mut self, text: &str) {
        if let Some(&offset) = self.texts.get(text) {
            return self.pointer(offset as u32);
        }
        self.texts.insert(text.to_owned(), self.bytes.len());
        self.control(2, text.len());
        self.bytes.extend(text.as_bytes());
    }

    /// A type and a size: five bits, or up to three bytes more. Types above 7 have a byte of their own.
    fn control(&mut self, kind: u8, size: usize) {
        let (bits, more) = match size {
            0..29 => (size as u8, Vec::new()),
            29..285 => (29, vec![(size - 29) as u8]),
            285..65_821 => (30, ((size - 285) as u16).to_be_bytes().to_vec()),
            _ => (31, ((size - 65_821) as u32).to_be_bytes()[1..].to_vec()),
        };
        match kind {
            0..=7 => self.bytes.push(kind << 5 | bits),
            _ => self.bytes.extend([bits, kind - 7]),
        }
        self.bytes.extend(more);
    }

    fn pointer(&mut self, offset: u32) {
        let [_, high, middle, low] = offset.to_be_bytes();
        match offset {
            0..2_048 => self.bytes.extend([0x20 | middle, low]),
            2_048..526_336 => {
                let [_, high, middle, low] = (offset - 2_048).to_be_bytes();
                self.bytes.extend([0x28 | high, middle, low]);
            }
            526_336..134_744_064 => {
                let [top, high, middle, low] = (offset - 526_336).to_be_bytes();
                self.bytes.extend([0x30 | top, high, middle, low]);
            }
            _ => self.bytes.extend([0x38, (offset >> 24) as u8, high, middle, low]),
        }
    }
}
