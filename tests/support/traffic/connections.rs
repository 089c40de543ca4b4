//! A TCP connection that goes its way most of the time, and else does what a rule could trip over.

use crate::support::frames::{ACK, FIN, PSH, RST, SYN, Tcp};
use crate::support::random::Random;

const CLIENT: usize = 0;
const SERVER: usize = 1;

/// Both sides' numbers; `ports` and the addresses belong to the conversation.
#[derive(Clone, Debug)]
pub struct Connection {
    step: usize,
    initial: [u32; 2],
    next: [u32; 2],
    /// Who closes first.
    closer: usize,
    /// Counted, so that windows and options differ.
    sent: u16,
    /// Of 100 segments of payload, those that the capture misses, or sees later.
    lost_percent: u64,
    lost: Vec<Sent>,
}

/// One segment: the sending side, its header without ports, and its payload.
#[derive(Clone, Debug)]
pub struct Sent {
    pub side: usize,
    pub header: Tcp,
    pub payload: Vec<u8>,
}

impl Connection {
    pub fn new(random: &mut Random) -> Self {
        let mut connection = Self {
            step: 0,
            initial: [0; 2],
            next: [0; 2],
            closer: 0,
            sent: 0,
            lost_percent: random.pick(&[0, 0, 15, 80]),
            lost: Vec::new(),
        };
        connection.begin_again(random);
        connection
    }

    fn begin_again(&mut self, random: &mut Random) {
        // Near the wrap, so that comparisons modulo 2^32 matter; sometimes the old number once more.
        for side in [CLIENT, SERVER] {
            if random.chance(80) {
                self.initial[side] = random.between(-60, 60) as u32;
            }
        }
        self.next = self.initial;
        self.lost.clear();
        // Some captures begin late, when only the end of a connection is left.
        self.step = random.pick(&[0, 0, 7]);
        self.closer = random.below(2) as usize;
    }

    pub fn next(&mut self, random: &mut Random, strange_percent: u64) -> Sent {
        if random.chance(strange_percent) {
            return self.strange(random);
        }
        let late_percent = if self.lost_percent > 20 { 3 } else { 20 };
        if !self.lost.is_empty() && random.chance(late_percent) {
            let which = random.below(self.lost.len() as u64) as usize;
            return self.lost.swap_remove(which);
        }
        let mut sent = self.natural(random);
        while !sent.payload.is_empty() && random.chance(self.lost_percent) {
            self.lost.push(sent);
            sent = self.natural(random);
        }
        if random.chance(self.lost_percent / 4) {
            sent.header.window = 0;
        }
        sent
    }

    /// Handshake, data, both closes and their acknowledgements, late packets, and the ports are used again.
    fn natural(&mut self, random: &mut Random) -> Sent {
        self.step += 1;
        let (first, second) = (self.closer, 1 - self.closer);
        match self.step {
            // Some begin with data (TCP Fast Open), which the answer acknowledges or not.
            1 => {
                let payload_bytes = random.pick(&[0, 0, 0, 9]);
                self.send(CLIENT, SYN, payload_bytes)
            }
            2 => {
                let mut sent = self.send(SERVER, SYN | ACK, 0);
                if random.chance(10) {
                    let more = random.below(12) as u32;
                    sent.header.acknowledgement = self.initial[CLIENT].wrapping_add(more);
                }
                sent
            }
            3 => self.send(CLIENT, ACK, 0),
            // Much from one side, so that many holes are open at a time.
            4 if self.lost_percent > 20 && random.below(500) > 0 => {
                self.step -= 1;
                let mut sent = self.some_data(random, CLIENT);
                sent.header.acknowledgement = self.initial[SERVER].wrapping_add(1);
                sent
            }
            4 | 6 => self.some_data(random, CLIENT),
            5 | 7 => self.some_data(random, SERVER),
            8 => self.send(first, FIN | ACK, 0),
            9 => self.send(second, ACK, 0),
            10 => self.some_data(random, second),
            11 if random.chance(10) => self.send(second, RST | ACK, 0),
            11 => {
                let payload_bytes = random.pick(&[0, 0, 1, 6]);
                self.send(second, FIN | ACK | random.pick(&[0, 0, SYN]), payload_bytes)
            }
            12 => self.nearly_last(random, first),
            13 => self.some_data(random, second),
            _ => {
                if random.chance(70) {
                    self.begin_again(random);
                    return self.natural(random);
                }
                self.send(first, ACK, 0)
            }
        }
    }

    /// The acknowledgement of the second FIN, or one that falls a little short, or one without the flag that counts.
    fn nearly_last(&mut self, random: &mut Random, side: usize) -> Sent {
        let mut sent = self.send(side, ACK, 0);
        match random.below(6) {
            0 => sent.header.flags = PSH,
            1 | 2 => {
                let short = random.pick(&[1, 1, 1, 2, 6]);
                sent.header.acknowledgement = sent.header.acknowledgement.wrapping_sub(short);
            }
            3 => sent.header.acknowledgement = sent.header.acknowledgement.wrapping_add(70),
            _ => return sent,
        }
        if random.chance(60) {
            self.step -= 1;
        }
        sent
    }

    fn some_data(&mut self, random: &mut Random, side: usize) -> Sent {
        let payload_bytes = random.below(40) as usize;
        self.send(side, PSH | ACK, payload_bytes)
    }

    fn strange(&mut self, random: &mut Random) -> Sent {
        let side = random.below(2) as usize;
        match random.below(14) {
            // A SYN once more, of either side, or another one.
            0 | 1 => self.syn_again(side, 0),
            2 => self.syn_again(side, 1),
            3 => {
                self.begin_again(random);
                self.send(side, SYN, 0)
            }
            4 => self.send(side, SYN | ACK, 0),
            5 => self.send(side, RST, 0),
            6 => self.send(side, FIN | ACK, 3),
            7 => self.send(side, SYN | FIN | random.pick(&[0, ACK]), 2),
            8 => self.send(side, SYN | RST, 0),
            9 => self.send(side, random.bits() as u8, 5),
            10 | 11 => {
                // Acknowledges one byte too few, or one too many.
                let mut sent = self.send(side, ACK, 0);
                let off = random.pick(&[u32::MAX, 1]);
                sent.header.acknowledgement = sent.header.acknowledgement.wrapping_add(off);
                sent
            }
            12 => self.send(side, 0, 9),
            _ => {
                // Sent before: the numbers do not move on.
                let before = self.next;
                self.next[side] = self.initial[side].wrapping_add(1);
                let sent = self.some_data(random, side);
                self.next = before;
                sent
            }
        }
    }

    fn syn_again(&mut self, side: usize, off: u32) -> Sent {
        let before = self.next;
        self.next[side] = self.initial[side].wrapping_add(off);
        let sent = self.send(side, SYN, 0);
        self.next = before;
        sent
    }

    fn send(&mut self, side: usize, flags: u8, payload_bytes: usize) -> Sent {
        self.sent = self.sent.wrapping_add(1);
        let header = Tcp {
            sequence: self.next[side],
            acknowledgement: if flags & ACK != 0 { self.next[1 - side] } else { 0 },
            flags,
            window: self.sent.wrapping_mul(4_099),
            options: if self.sent.is_multiple_of(3) { vec![1; 4] } else { Vec::new() },
            ..Tcp::default()
        };
        let numbers =
            payload_bytes as u32 + u32::from(flags & SYN != 0) + u32::from(flags & FIN != 0);
        self.next[side] = self.next[side].wrapping_add(numbers);
        Sent { side, header, payload: vec![side as u8; payload_bytes] }
    }
}
