//! Messages of DNS (RFC 1035), and of mDNS (RFC 6762) and LLMNR (RFC 4795), which have its form:
//! who asked for which name, and which addresses it has.
//!
//! By hand and not with simple-dns: that reserves memory for as many records as a header claims,
//! and gives nothing of a message that is cut short or of which one record is odd.

use super::reader::Reader;
use crate::limits::{DNS_ALIASES_MAX, DNS_ANSWERS_MAX};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What a message says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Message {
    pub is_response: bool,
    /// The name of the first question.
    pub question: Option<Box<str>>,
    /// At most `DNS_ANSWERS_MAX`, in the order of the message.
    pub answers: Vec<Answer>,
}

/// An address, and the name by which it was asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    pub address: IpAddr,
    pub name: Box<str>,
    /// The least of the address's record and the aliases that lead to it.
    pub ttl_seconds: u32,
}

const A: u16 = 1;
const CNAME: u16 = 5;
const AAAA: u16 = 28;
const INTERNET: u16 = 1;
/// Without the bit by which mDNS has others answered alone or forgotten (RFC 6762, 18.12).
const CLASS_BITS: u16 = 0x7fff;

/// Reads a message as far as it is there. `None` if the bytes can be none: another operation than a
/// query, or a question that is no name.
pub fn read(datagram: &[u8]) -> Option<Message> {
    const RESPONSE: u16 = 0x8000;
    const OPERATION: u16 = 0x7800;
    let mut reader = Reader::new(datagram);
    let (_, flags) = (reader.u16()?, reader.u16()?);
    let [questions, answers, authorities, others] =
        [reader.u16()?, reader.u16()?, reader.u16()?, reader.u16()?];
    if flags & OPERATION != 0 || questions | answers | authorities | others == 0 {
        return None;
    }
    let mut question = None;
    for place in 0..questions {
        let name = Name::read(datagram, &mut reader)?;
        let (_, _) = (reader.u16()?, reader.u16()?);
        if place == 0 {
            question = name.shown();
        }
    }
    let is_response = flags & RESPONSE != 0;
    let mut message = Message { is_response, question, answers: Vec::new() };
    if is_response {
        // Without a question, as mDNS answers, all sections hold what the sender knows of itself.
        let records = match questions {
            0 => u32::from(answers) + u32::from(authorities) + u32::from(others),
            _ => answers.into(),
        };
        message.answers = read_answers(datagram, reader, records, message.question.as_deref());
    }
    Some(message)
}

/// The messages of a stream, each behind its length (RFC 1035, 4.2.2); the last may be cut short.
pub fn in_stream(stream: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut reader = Reader::new(stream);
    std::iter::from_fn(move || {
        let bytes = reader.u16()?;
        Some(reader.take_up_to(bytes.into())).filter(|message| !message.is_empty())
    })
}

/// An alias's name, what it stands for, and for how long.
type Alias = (Box<str>, Box<str>, u32);

/// The addresses of so many records.
fn read_answers<'a>(
    datagram: &'a [u8],
    mut reader: Reader<'a>,
    records: u32,
    question: Option<&str>,
) -> Vec<Answer> {
    let (mut answers, mut aliases) = (Vec::new(), Vec::new());
    for _ in 0..records {
        let Some(record) = Record::read(datagram, &mut reader) else { break };
        if record.class & CLASS_BITS != INTERNET {
            continue;
        }
        let address = match record.kind {
            A => record.data.first_chunk::<4>().map(|bytes| Ipv4Addr::from(*bytes).into()),
            AAAA => record.data.first_chunk::<16>().map(|bytes| Ipv6Addr::from(*bytes).into()),
            CNAME if aliases.len() < DNS_ALIASES_MAX => {
                let target = Name::read(datagram, &mut Reader { rest: record.data_on });
                let target = target.and_then(|target| target.shown());
                if let (Some(name), Some(target)) = (record.name.shown(), target) {
                    aliases.push((name, target, record.ttl_seconds));
                }
                continue;
            }
            _ => None,
        };
        if let (Some(address), Some(name)) = (address, record.name.shown()) {
            answers.push(Answer { address, name, ttl_seconds: record.ttl_seconds });
            if answers.len() == DNS_ANSWERS_MAX {
                break;
            }
        }
    }
    if let Some(question) = question {
        for answer in &mut answers {
            follow_back(answer, &aliases, question);
        }
    }
    answers
}

/// Gives an answer the name that was asked, if aliases lead from that to the answer's.
fn follow_back(answer: &mut Answer, aliases: &[Alias], question: &str) {
    let (mut name, mut ttl_seconds) = (answer.name.as_ref(), answer.ttl_seconds);
    // Each alias once: they may go round.
    for _ in 0..=aliases.len() {
        if name.eq_ignore_ascii_case(question) {
            *answer = Answer { address: answer.address, name: question.into(), ttl_seconds };
            return;
        }
        let alias = aliases.iter().find(|(_, target, _)| target.eq_ignore_ascii_case(name));
        let Some((from, _, ttl)) = alias else { return };
        (name, ttl_seconds) = (from, ttl_seconds.min(*ttl));
    }
}

struct Record<'a> {
    name: Name<'a>,
    kind: u16,
    class: u16,
    ttl_seconds: u32,
    data: &'a [u8],
    /// The data and what follows: where a name's end is looked for.
    data_on: &'a [u8],
}

impl<'a> Record<'a> {
    fn read(message: &'a [u8], reader: &mut Reader<'a>) -> Option<Self> {
        let name = Name::read(message, reader)?;
        let (kind, class, ttl_seconds) = (reader.u16()?, reader.u16()?, reader.u32()?);
        let mut data_reader = *reader;
        data_reader.u16()?;
        let (data, data_on) = (reader.vector(2)?, data_reader.rest);
        Some(Self { name, kind, class, ttl_seconds, data, data_on })
    }
}

/// A name whose labels have been found to be all there.
struct Name<'a> {
    message: &'a [u8],
    at: usize,
}

/// A step through a name.
enum Step<'a> {
    Label(&'a [u8]),
    Pointer(usize),
    End,
}

impl<'a> Name<'a> {
    /// Reads one that stands where the reader is, in a message that ends where the reader ends.
    fn read(message: &'a [u8], reader: &mut Reader<'a>) -> Option<Self> {
        let name = Self { message, at: message.len().checked_sub(reader.rest.len())? };
        while let Step::Label(_) = step(reader)? {}
        name.labels(|_| {})?;
        Some(name)
    }

    /// Every label. `None` where the name is none: pointers lead back only, so that they end, and a
    /// name has at most 255 bytes (RFC 1035, 4.1.4, 3.1).
    fn labels(&self, mut seen: impl FnMut(&'a [u8])) -> Option<()> {
        const NAME_BYTES_MAX: usize = 255;
        let (mut begin, mut bytes) = (self.at, 1);
        let mut reader = Reader::new(self.message.get(begin..)?);
        loop {
            match step(&mut reader)? {
                Step::End => return Some(()),
                Step::Pointer(to) if to < begin => {
                    begin = to;
                    reader = Reader::new(self.message.get(to..)?);
                }
                Step::Pointer(_) => return None,
                Step::Label(label) => {
                    bytes += 1 + label.len();
                    if bytes > NAME_BYTES_MAX {
                        return None;
                    }
                    seen(label);
                }
            }
        }
    }

    /// The name as text, without the dot of the root, of which nothing is shown. Bytes that cannot
    /// be shown stand as `\DDD`, and dots inside a label as `\.` (RFC 1035, 5.1).
    fn shown(&self) -> Option<Box<str>> {
        let mut text = String::with_capacity(64);
        self.labels(|label| {
            if !text.is_empty() {
                text.push('.');
            }
            push_label(&mut text, label);
        })?;
        (!text.is_empty()).then(|| text.into())
    }
}

fn step<'a>(reader: &mut Reader<'a>) -> Option<Step<'a>> {
    let first = reader.u8()?;
    match first >> 6 {
        0 if first == 0 => Some(Step::End),
        0 => Some(Step::Label(reader.take(first.into())?)),
        3 => Some(Step::Pointer(usize::from(first & 0x3f) << 8 | usize::from(reader.u8()?))),
        _ => None,
    }
}

fn push_label(text: &mut String, label: &[u8]) {
    for chunk in label.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '.' | '\\' => text.extend(['\\', character]),
                character if character.is_control() => {
                    let mut bytes = [0; 4];
                    push_bytes(text, character.encode_utf8(&mut bytes).as_bytes());
                }
                character => text.push(character),
            }
        }
        push_bytes(text, chunk.invalid());
    }
}

fn push_bytes(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        let digits = [byte / 100, byte / 10 % 10, byte % 10];
        text.push('\\');
        text.extend(digits.map(|digit| char::from(b'0' + digit)));
    }
}
