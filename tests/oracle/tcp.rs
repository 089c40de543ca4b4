//! What a flow must know of its TCP connection: whose it is, whether a SYN belongs to it, and when it has ended
//! (sections 3 and 4).

use super::decode::TcpHeader;
use super::key::Endpoint;

const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const RST: u8 = 0x04;
const ACK: u8 = 0x10;

impl TcpHeader {
    pub fn is_plain_syn(&self) -> bool {
        self.flags & (SYN | ACK | FIN | RST) == SYN
    }

    pub fn is_syn_ack(&self) -> bool {
        self.flags & (SYN | ACK | FIN | RST) == SYN | ACK
    }

    pub fn has_fin(&self) -> bool {
        self.flags & FIN != 0
    }
}

#[derive(Clone, Debug, Default)]
pub struct Connection {
    /// Sender and sequence number of the first plain SYN.
    first_syn: Option<(Endpoint, u32)>,
    /// Receiver of the first SYN+ACK, and its acknowledgement number.
    first_syn_ack: Option<(Endpoint, u32)>,
    packets: usize,
    plain_syns: usize,
    /// The first FIN of each side, in their order: its sender, and the number that acknowledges it.
    fins: Vec<(Endpoint, u32)>,
}

impl Connection {
    /// The client, and the rule that found it.
    pub fn client(&self) -> Option<(Endpoint, &'static str)> {
        match (self.first_syn, self.first_syn_ack) {
            (Some((client, _)), _) => Some((client, "syn")),
            (None, Some((client, _))) => Some((client, "syn_ack")),
            (None, None) => None,
        }
    }

    fn initial_sequence(&self) -> Option<u32> {
        match (self.first_syn, self.first_syn_ack) {
            (Some((_, sequence)), _) => Some(sequence),
            (None, Some((_, acknowledgement))) => Some(acknowledgement.wrapping_sub(1)),
            (None, None) => None,
        }
    }

    /// Whether a plain SYN is of this connection.
    pub fn owns_syn(&self, sender: Endpoint, syn: &TcpHeader) -> bool {
        let Some((client, _)) = self.client() else { return false };
        if sender == client {
            self.initial_sequence() == Some(syn.sequence)
        } else {
            self.plain_syns == self.packets
        }
    }

    /// Takes a packet in (`header` is None for a later fragment); the reason if it ends the flow.
    pub fn add(
        &mut self,
        sender: Endpoint,
        receiver: Endpoint,
        header: Option<&TcpHeader>,
        payload_bytes: i128,
    ) -> Option<&'static str> {
        self.packets += 1;
        let header = header?;
        if header.is_plain_syn() {
            self.plain_syns += 1;
            self.first_syn.get_or_insert((sender, header.sequence));
        }
        if header.is_syn_ack() {
            self.first_syn_ack.get_or_insert((receiver, header.acknowledgement));
        }
        if header.flags & RST != 0 {
            return Some("rst");
        }
        // Both FINs came earlier in the stream than this packet.
        if let [(first_sender, _), (_, second_end)] = self.fins[..] {
            let reached = header.acknowledgement.wrapping_sub(second_end) as i32 >= 0;
            if sender == first_sender && header.flags & ACK != 0 && reached {
                return Some("fin");
            }
        }
        // With equal ends there is one side only, so that its second FIN is never there.
        if header.has_fin() && self.fins.iter().all(|(side, _)| *side != sender) {
            let syn = u32::from(header.flags & SYN != 0);
            let end = header.sequence.wrapping_add(payload_bytes as u32).wrapping_add(1 + syn);
            self.fins.push((sender, end));
        }
        None
    }
}
