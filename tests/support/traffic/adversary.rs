//! Traffic made to trip over every rule of FLOWS.md: few ends, so that keys collide and are used again, and times that
//! fall on the limits.

use super::damage::{record, stranger};
use super::datagrams::Conversation;
use super::timeline::{TimeMood, Timeline};
use crate::support::capture::{
    ETHERNET, IPV4, IPV6, LINUX_SLL, LINUX_SLL2, LOOP, NULL, RAW_IP, RawPacket,
};
use crate::support::carriers::CARRIERS;
use crate::support::random::Random;

const FRAGMENT_LIFE_NS: i64 = 30_000_000_000;

/// What a capture is like as a whole.
#[derive(Clone, Debug)]
pub struct Mood {
    pub link_types: Vec<u16>,
    pub time: TimeMood,
    /// Conversations at a time.
    pub conversations: usize,
    /// Of 100 packets.
    pub damage_percent: u64,
    pub fragment_percent: u64,
    pub tagged_percent: u64,
    pub tunnel_percent: u64,
    /// TCP segments that are out of the way of their connection.
    pub strange_percent: u64,
    pub ports: Vec<u16>,
}

impl Mood {
    pub fn of(random: &mut Random) -> Self {
        let mut all = vec![ETHERNET, LINUX_SLL, LINUX_SLL2, NULL, LOOP, RAW_IP, IPV4, IPV6, 12, 14];
        all.extend(CARRIERS);
        let crowded = random.chance(25);
        let many_ports = (1_000..1_400).collect();
        Self {
            link_types: random.pick(&[
                vec![ETHERNET],
                all,
                CARRIERS.into(),
                vec![LINUX_SLL],
                vec![RAW_IP],
            ]),
            time: random.pick(&[TimeMood::Forward, TimeMood::Jitter, TimeMood::Wild]),
            conversations: if crowded { 150 } else { random.pick(&[1, 4, 9]) },
            damage_percent: random.pick(&[0, 10, 30]),
            fragment_percent: random.pick(&[0, 5, 25]),
            tagged_percent: random.pick(&[0, 10, 50]),
            tunnel_percent: random.pick(&[0, 0, 15, 70]),
            strange_percent: random.pick(&[0, 10, 30]),
            ports: if crowded { many_ports } else { vec![0, 53, 443, 1_024, 65_535] },
        }
    }
}

/// The same for the same seed, mood and count.
pub fn adversarial(random: &mut Random, mood: &Mood, count: usize) -> Vec<RawPacket> {
    let start_ns = random.pick(&[1_700_000_000_123_456_789, 1_700_000_000_000_000_000, 0]);
    let mut timeline = Timeline::new(mood.time, start_ns);
    let mut conversations: Vec<Conversation> =
        (0..mood.conversations).map(|_| Conversation::new(random, &mood.ports)).collect();
    let mut waiting: Vec<Vec<u8>> = Vec::new();
    let mut packets = Vec::new();
    // When the last fragment was sent: some others come as late as the memory of fragments is long.
    let mut fragment_ns = start_ns;
    while packets.len() < count {
        let (mut time_ns, who) = timeline.next(random, conversations.len());
        if random.chance(mood.damage_percent / 4) {
            packets.push(stranger(random, mood, time_ns));
        } else if !waiting.is_empty() && random.chance(50) {
            if random.chance(10) {
                time_ns = timeline.leap(fragment_ns + FRAGMENT_LIFE_NS + random.between(-1, 1));
            }
            fragment_ns = time_ns;
            packets.push(record(random, mood, time_ns, waiting.remove(0)));
        } else {
            if random.chance(3) {
                conversations[who] = Conversation::new(random, &mood.ports);
            }
            let said = conversations[who].next(random, mood);
            waiting.extend(on_their_way(random, said));
            // What is whole goes out at once, so that it is sent at the time chosen for its conversation.
            packets.extend(waiting.pop().map(|packet| record(random, mood, time_ns, packet)));
        }
    }
    packets
}

/// Fragments arrive in order, in any order, without the first, or in part.
fn on_their_way(random: &mut Random, mut packets: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    if packets.len() > 1 {
        match random.below(6) {
            0 => packets.reverse(),
            1 => random.shuffle(&mut packets),
            2 => drop(packets.remove(0)),
            3 => packets.truncate(2),
            _ => (),
        }
    }
    packets
}
