//! Makes a failing capture small, so that a person can look at it.

use super::capture::RawPacket;

/// Leaves out packets, ever fewer at a time, as long as what is left still fails.
pub fn shrink(
    mut packets: Vec<RawPacket>,
    mut fails: impl FnMut(&[RawPacket]) -> bool,
) -> Vec<RawPacket> {
    let mut run = packets.len() / 2;
    while run > 0 {
        let mut at = 0;
        while at < packets.len() {
            let mut fewer = packets.clone();
            fewer.drain(at..(at + run).min(packets.len()));
            // A capture without packets fails for reasons of its own.
            if !fewer.is_empty() && fails(&fewer) {
                packets = fewer;
            } else {
                at += run;
            }
        }
        run /= 2;
    }
    packets
}
