//! Any bytes: no rule panics, and what is drawn at random is hardly ever called something.

use super::flow::Built;
use crate::Rules;
use crate::protocols::FAMILIES;
use crate::seen::{SeenPacket, TCP, Talk, UDP};
use crate::signature::Starts;

/// Numbers that are the same in every run (xorshift64*).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() >> 33) as usize % bound
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next() as u8).collect()
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}

/// Ports that signatures ask for, so that the code behind those questions is reached.
const PORTS: [u16; 60] = [
    21, 22, 23, 25, 43, 53, 67, 68, 69, 80, 102, 110, 119, 123, 137, 138, 143, 161, 177, 319, 389,
    427, 443, 500, 502, 514, 520, 546, 547, 646, 988, 1044, 1119, 1153, 1194, 1433, 1701, 1723,
    1812, 1935, 1985, 2000, 2049, 2123, 2152, 3386, 3389, 3544, 3784, 4342, 4500, 4569, 4789, 5060,
    5222, 5246, 5353, 5938, 7000, 34962,
];

/// Bytes that look like the start of something: fields of few values, and lengths that fit or
/// nearly do.
fn structured(random: &mut Random) -> Vec<u8> {
    let length = if random.below(2) == 0 { random.below(64) } else { random.below(600) };
    let mut bytes: Vec<u8> = match random.below(3) {
        0 => random.bytes(length),
        1 => vec![random.of(&[0, 0xff, b' ', b'A', 1]); length],
        _ => (0..length).map(|_| random.of(&[0, 0, 0, 1, 2, 3, 4, 0xff, 0x20, 0x30])).collect(),
    };
    for _ in 0..random.below(4) {
        if !bytes.is_empty() {
            let at = random.below(bytes.len().min(32));
            bytes[at] = random.of(&[length as u8, length.wrapping_sub(4) as u8, 0, 0x80, 0xc0]);
        }
    }
    if let Some(first) = bytes.first_mut() {
        *first = random.next() as u8;
    }
    bytes
}

/// A flow as no capture has it: what was cut, and packets that say what is not so.
fn twisted(random: &mut Random) -> Built {
    let (here, there) = (random.of(&PORTS), random.next() as u16);
    let mut flow = if random.below(2) == 0 { Built::tcp(here) } else { Built::udp(here) };
    flow.ports.0 = if random.below(4) == 0 { here } else { there };
    for _ in 0..1 + random.below(4) {
        let bytes = structured(random);
        flow = if random.below(2) == 0 { flow.client(bytes) } else { flow.server(bytes) };
    }
    if random.below(4) == 0 {
        let side = random.below(2);
        let length = random.below(flow.payload[side].len() + 1);
        flow.payload[side].truncate(length);
    }
    if random.below(8) == 0 {
        flow.packets.push(SeenPacket {
            direction: random.below(3) as u8,
            payload_bytes: random.next() as u32,
            payload_at: random.of(&[0, 1, 100, u32::MAX]),
            ..SeenPacket::default()
        });
        flow.packets.rotate_right(1);
    }
    flow
}

#[test]
fn no_bytes_make_a_rule_panic() {
    let rules = Rules::bundled();
    let mut random = Random(1);
    for _ in 0..100_000 {
        twisted(&mut random).finding(&rules);
    }
}

/// Every signature by itself, also on flows that it would not be shown.
#[test]
fn no_bytes_make_a_signature_panic() {
    let mut random = Random(3);
    for signature in FAMILIES.iter().copied().flatten() {
        for _ in 0..3_000 {
            let mut flow = twisted(&mut random);
            let transports: &[u8] = match (signature.on_tcp, signature.on_udp) {
                (true, true) => &[TCP, UDP],
                (true, false) => &[TCP],
                _ => &[UDP],
            };
            flow.transport = random.of(transports);
            for (side, starts) in [signature.client, signature.server].into_iter().enumerate() {
                let first = flow.payload[side].first_mut();
                if let (Starts::OneOf(starts), Some(first)) = (starts, first) {
                    *first = random.of(starts);
                }
            }
            let seen = flow.seen();
            let talk = Talk::new(&seen);
            (signature.test)(&talk);
            (signature.test)(&talk.turned());
        }
    }
}

/// Share of flows of random bytes that may get a label of more than even confidence.
const FALSE_ALARMS_PER_MILLION: usize = 500;

#[test]
fn random_bytes_are_hardly_ever_called_something() {
    let rules = Rules::bundled();
    let mut random = Random(2);
    let flows = 400_000;
    let mut called = std::collections::BTreeMap::<&str, usize>::new();
    for _ in 0..flows {
        let (here, there) =
            (1024 + random.below(60_000) as u16, 1024 + random.below(60_000) as u16);
        let mut flow = if random.below(2) == 0 { Built::tcp(here) } else { Built::udp(here) };
        flow.ports.0 = there;
        for _ in 0..1 + random.below(3) {
            let length = 1 + random.below(400);
            let bytes = random.bytes(length);
            flow = if random.below(3) > 0 { flow.client(bytes) } else { flow.server(bytes) };
        }
        let finding = flow.finding(&rules).filter(|finding| finding.confidence > 0.5);
        if let Some(finding) = finding {
            *called.entry(&rules.labels[finding.label as usize].name).or_default() += 1;
        }
    }
    let all: usize = called.values().sum();
    assert!(all * 1_000_000 <= flows * FALSE_ALARMS_PER_MILLION, "{all} of {flows}: {called:?}");
}
