//! Messages of DNS.

use super::super::dns::{Message, in_stream, read};
use super::vector;

/// The labels of a name, and its end.
fn labels(name: &str) -> Vec<u8> {
    let labels = name.split('.').filter(|label| !label.is_empty());
    let mut bytes: Vec<u8> = labels.flat_map(|label| vector(1, label.as_bytes())).collect();
    bytes.push(0);
    bytes
}

fn record(name: &[u8], kind: u16, ttl_seconds: u32, data: &[u8]) -> Vec<u8> {
    let head = [&kind.to_be_bytes()[..], &[0, 1], &ttl_seconds.to_be_bytes()].concat();
    [name, &head, &vector(2, data)].concat()
}

/// A message with these counts of questions, answers, authorities and others.
fn message(flags: u16, counts: [u16; 4], parts: &[Vec<u8>]) -> Vec<u8> {
    let counts = counts.iter().flat_map(|count| count.to_be_bytes()).collect();
    [vec![0x12, 0x34], flags.to_be_bytes().to_vec(), counts, parts.concat()].concat()
}

fn question(name: &str) -> Vec<u8> {
    [labels(name), vec![0, 1, 0, 1]].concat()
}

fn answers(message: &Message) -> Vec<(String, &str, u32)> {
    let answers = message.answers.iter();
    answers.map(|it| (it.address.to_string(), &*it.name, it.ttl_seconds)).collect()
}

#[test]
fn an_answer_has_the_name_that_was_asked() {
    // The second alias stands before the first, and points back to its name.
    let parts = [
        question("WWW.example.com"),
        record(&labels("cdn.example"), 5, 60, &labels("edge.example")),
        record(&[0xc0, 12], 5, 300, &labels("CDN.example")),
        record(&labels("edge.example"), 1, 100, &[192, 0, 2, 1]),
        record(
            &labels("edge.example"),
            28,
            20,
            &[0x20, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
        ),
        record(&labels("other.example"), 1, 100, &[192, 0, 2, 2]),
    ];
    let read = read(&message(0x8180, [1, 5, 0, 0], &parts)).expect("a message");
    assert!(read.is_response);
    assert_eq!(read.question.as_deref(), Some("WWW.example.com"));
    let expected = [
        ("192.0.2.1".to_owned(), "WWW.example.com", 60),
        ("2001::1".to_owned(), "WWW.example.com", 20),
        ("192.0.2.2".to_owned(), "other.example", 100),
    ];
    assert_eq!(answers(&read), expected);
}

#[test]
fn what_a_host_says_of_itself_has_its_own_name() {
    let own = record(&labels("My Mac.local"), 1, 120, &[192, 0, 2, 9]);
    let flushing = {
        let mut own = own.clone();
        let class_at = labels("My Mac.local").len() + 2;
        own[class_at] = 0x80;
        own
    };
    for part in [own, flushing] {
        let read = read(&message(0x8400, [0, 0, 0, 1], &[part])).expect("a message");
        assert_eq!(answers(&read), [("192.0.2.9".to_owned(), "My Mac.local", 120)]);
        assert_eq!(read.question, None);
    }
}

#[test]
fn a_question_has_no_answers() {
    let read = read(&message(0x0100, [1, 0, 0, 0], &[question("a.example")])).expect("a message");
    assert!(!read.is_response && read.answers.is_empty());
    assert_eq!(read.question.as_deref(), Some("a.example"));
}

#[test]
fn names_that_lead_nowhere_are_none() {
    for name in [&[0xc0, 12][..], &[0xc0, 40], &[1, b'a', 0xc0, 12], &[0x40, 0], &[63, b'a']] {
        let parts = [[name, &[0, 1, 0, 1]].concat()];
        assert_eq!(read(&message(0x0100, [1, 0, 0, 0], &parts)), None, "{name:?}");
    }
    let long = labels(&"abcdefg.".repeat(33));
    assert_eq!(read(&message(0, [1, 0, 0, 0], &[[long, vec![0, 1, 0, 1]].concat()])), None);
    assert_eq!(read(&[0; 12]), None);
}

#[test]
fn what_is_cut_is_read_up_to_there_and_aliases_may_go_round() {
    let parts = [
        question("a.example"),
        record(&labels("b.example"), 5, 1, &labels("c.example")),
        record(&labels("c.example"), 5, 1, &labels("b.example")),
        record(&labels("c.example"), 1, 1, &[192, 0, 2, 1]),
        record(&labels("a.example"), 1, 1, &[192, 0, 2, 2]),
    ];
    let whole = message(0x8180, [1, 4, 0, 0], &parts);
    let names = |message: &Message| -> Vec<Box<str>> {
        message.answers.iter().map(|answer| answer.name.clone()).collect()
    };
    let shown = |bytes: &[u8]| names(&read(bytes).expect("a message")).join(" ");
    assert_eq!(shown(&whole), "c.example a.example");
    assert_eq!(shown(&whole[..whole.len() - 1]), "c.example");
    let twice = [vector(2, &whole), vector(2, &whole)[..60].to_vec()].concat();
    assert_eq!(in_stream(&twice).filter_map(read).count(), 2);
}

#[test]
fn bytes_that_are_no_text_are_shown_as_numbers() {
    let name = [vector(1, b"a.b\\"), vector(1, &[0x07, 0xff]), vector(1, "é".as_bytes()), vec![0]];
    let parts = [[name.concat(), vec![0, 1, 0, 1]].concat()];
    let read = read(&message(0x0100, [1, 0, 0, 0], &parts)).expect("a message");
    assert_eq!(read.question.as_deref(), Some("a\\.b\\\\.\\007\\255.é"));
}
