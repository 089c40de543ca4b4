//! What columns read of the exchange of a flow that has ended.

use super::side::once;
use super::state::{self, State};
use super::{Exchange, TCP, UDP};

impl Exchange {
    /// Packets whose payload did not go beyond what the side had sent.
    pub fn retransmitted(&self, side: usize) -> u32 {
        self.rare.as_ref().map_or(0, |rare| rare[side].retransmitted)
    }

    /// Bytes of a side that were acknowledged but never seen.
    pub fn missed_bytes(&self, side: usize) -> u64 {
        self.rare.as_ref().map_or(0, |rare| rare[side].missed_bytes)
    }

    /// Nanoseconds from the SYN to the acknowledgement of the SYN+ACK.
    pub fn handshake_ns(&self) -> Option<i64> {
        self.handshake.duration_ns()
    }

    /// The letters; empty where nothing has one.
    pub fn history(&self) -> &str {
        // They are all ASCII.
        std::str::from_utf8(self.history.letters()).unwrap_or_default()
    }

    /// Bytes of payload that a side of a TCP flow sent, by its sequence numbers.
    pub fn sequence_bytes(&self, side: usize) -> u64 {
        let (own, other) = (&self.sides[side], &self.sides[1 - side]);
        let is_aborted = own.standing.now == State::Reset
            && own.standing.before == State::SynSent
            && other.standing.now == State::Inactive;
        // Of a half-open connection that was given up, numbers say nothing.
        if is_aborted && own.acknowledged > 1 { 0 } else { own.bytes() }
    }

    /// Zeek's name of how the flow went.
    pub fn state(&self, protocol: u8, client_side: usize) -> &'static str {
        let (client, server) = (client_side, 1 - client_side);
        let spoke = |side: usize| self.sides[side].seen & once::DATA != 0;
        match protocol {
            TCP => state::name(
                self.sides[client].standing,
                self.sides[server].standing,
                self.sequence_bytes(client) == 0 && self.sequence_bytes(server) == 0,
                self.history.letters(),
            ),
            UDP => match (spoke(client), spoke(server)) {
                (true, true) => "SF",
                (true, false) => "S0",
                (false, true) => "SHR",
                (false, false) => "OTH",
            },
            _ => "OTH",
        }
    }
}
