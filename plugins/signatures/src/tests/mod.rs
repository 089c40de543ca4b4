//! What the rules say of payloads that are built here by hand.

mod carriers;
mod devices;
mod flow;
mod network;
mod people;
mod random;
mod relays;
mod sharing;
mod stores;
mod whole;

use flow::Built;

use crate::Rules;

/// Name of the label that a flow gets for its payload; a port alone, or less, does not count.
fn label(flow: &Built) -> String {
    thread_local!(static RULES: Rules = Rules::bundled());
    RULES.with(|rules| {
        let finding = flow.finding(rules).filter(|finding| finding.confidence > 0.3);
        finding
            .map_or_else(String::new, |finding| rules.labels[finding.label as usize].name.clone())
    })
}

#[track_caller]
fn is(expected: &str, flow: Built) {
    assert_eq!(label(&flow), expected, "{:02x?}", flow.payload);
}

/// Near misses: one field is wrong.
#[track_caller]
fn is_not(unexpected: &str, flow: Built) {
    assert_ne!(label(&flow), unexpected, "{:02x?}", flow.payload);
}

/// Bytes that look drawn at random, always the same.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_u32;
    let step = |_| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state >> 11) as u8
    };
    (0..length).map(step).collect()
}

/// Parts one behind the other.
fn join(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

/// `length` zeros.
fn zeros(length: usize) -> Vec<u8> {
    vec![0; length]
}
