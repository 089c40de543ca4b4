//! Any bytes as a packet: no panic, the same answer each time, lengths that fit the packet, and a
//! reason counted for every packet that is in no flow.

use tractor_engine::capture::Packet;
use tractor_engine::decode::{
    Decoded, Decoder, FragmentTable, Moment, Placement, Reading, Segment,
};
use tractor_engine::limits::SHARDS;
use tractor_engine::time::Timestamp;

const READINGS: [Reading; 2] = [
    Reading { whole_microseconds: false, bare_transport: false, checksums: false },
    Reading { whole_microseconds: true, bare_transport: true, checksums: true },
];

/// Link types and others, by the first byte; then what was cut off; then the packet.
pub fn check_bytes(bytes: &[u8]) {
    const LINK_TYPES: [u16; 12] = [1, 1, 1, 113, 276, 0, 108, 12, 101, 228, 229, 105];
    let [link, missing, data @ ..] = bytes else { return };
    let link_type = LINK_TYPES[usize::from(*link) % LINK_TYPES.len()];
    check(link_type, u32::from(*missing), data);
}

/// Decodes a packet of which `missing_bytes` were not captured.
pub fn check(link_type: u16, missing_bytes: u32, data: &[u8]) {
    let original_bytes = data.len() as u32 + missing_bytes;
    let packet = Packet { time: Timestamp(1_999), original_bytes, link_type, data };
    for reading in READINGS {
        let placement = Placement::default();
        let mut decoder = Decoder::new(reading, placement.clone());
        let first = segment_of(&mut decoder, &packet, &placement, reading);
        let again = segment_of(&mut decoder, &packet, &placement, reading);
        assert_eq!(first, again, "{reading:?}");
        assert_eq!(decoder.counts.packets, 2);
        if let Some(segment) = first {
            check_segment(&segment, original_bytes);
            assert!(!reading.bare_transport || segment.key.stack_word() == 0);
        }
    }
}

fn segment_of(
    decoder: &mut Decoder,
    packet: &Packet<'_>,
    placement: &Placement,
    reading: Reading,
) -> Option<Segment> {
    let reasons = |decoder: &Decoder| -> u64 {
        let counts = decoder.counts.malformed().chain(decoder.counts.ordinary());
        counts.map(|(_, count)| count).sum()
    };
    let before = reasons(decoder);
    match decoder.decode(packet, Moment::default()) {
        Decoded::Segment(segment) => Some(segment),
        Decoded::Fragment(fragment) => {
            check_segment(&fragment.segment, packet.original_bytes);
            assert!(fragment.shard() < SHARDS);
            FragmentTable::new(reading, placement.clone()).resolve(&fragment, packet.time)
        }
        Decoded::Nothing => {
            assert!(reasons(decoder) > before, "a packet in no flow has a reason");
            None
        }
    }
}

fn check_segment(segment: &Segment, original_bytes: u32) {
    assert!(segment.ip_bytes <= original_bytes);
    assert!(segment.payload_bytes <= segment.ip_bytes);
    assert!(segment.shard() < SHARDS);
    assert!(segment.side() < 2);
    assert!(segment.key.has_ports() || segment.key.port(0).is_none());
}
