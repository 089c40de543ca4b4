//! What both ends of a connection did (section 7): all packets once more, in order, with lists of everything.

use super::decode::{TCP, TcpHeader, UDP};
use super::ends::{End, State};
use super::key::Endpoint;
use super::life::{Flow, Packet};
use super::tcp::Connection;

const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const RST: u8 = 0x04;
const ACK: u8 = 0x10;
const MIB: i128 = 1 << 20;
const HOLES_MAX: usize = 16;
const LETTERS_MAX: usize = 128;

/// The whole exchange.
pub struct Exchange {
    ends: [End; 2],
    /// With the end whose letter it is.
    letters: Vec<(char, usize)>,
    client: usize,
    syn: Option<(i128, u32, i32)>,
    syn_ack: Option<u32>,
    pub handshake: Option<i128>,
    is_tcp: bool,
    is_udp: bool,
}

/// What a flow's packets tell, up to its last one.
pub fn replay(flow: &Flow) -> Exchange {
    let end_of = |end: Endpoint| usize::from(end != flow.key.ends[0]);
    let mut ends = [End::default(), End::default()];
    ends.iter_mut().for_each(|end| end.complete = 1);
    let client = end_of(flow.packets[0].sender);
    let (is_tcp, is_udp) = (flow.key.protocol == TCP, flow.key.protocol == UDP);
    let (letters, syn, syn_ack, handshake) = (Vec::new(), None, None, None);
    let mut exchange = Exchange { ends, letters, client, syn, syn_ack, handshake, is_tcp, is_udp };
    let mut connection = Connection::default();
    for packet in &flow.packets {
        if is_tcp {
            let (sender, receiver) = (packet.sender, packet.receiver);
            connection.add(sender, receiver, packet.tcp.as_ref(), packet.payload_bytes);
        }
        let client = connection.client().map_or(exchange.client, |(client, _)| end_of(client));
        if client != exchange.client {
            exchange.client = client;
            exchange.tell('^', 0);
        }
        let sender = end_of(packet.sender);
        if packet.has_bad_checksum {
            exchange.ends[sender].bad_checksums += 1;
            let count = exchange.ends[sender].bad_checksums;
            exchange.tell_some('C', sender, count);
        } else if let Some(header) = packet.tcp {
            exchange.take(sender, packet, &header);
        } else if is_udp {
            exchange.tell_once('D', sender);
        }
    }
    exchange
}

impl Exchange {
    fn tell(&mut self, letter: char, end: usize) {
        if self.letters.len() < LETTERS_MAX {
            self.letters.push((letter, end));
        }
    }

    fn tell_once(&mut self, letter: char, end: usize) {
        if !self.ends[end].told.contains(&letter) {
            self.ends[end].told.push(letter);
            self.tell(letter, end);
        }
    }

    /// At 1, 10, 100 and so on.
    fn tell_some(&mut self, letter: char, end: usize, count: usize) {
        let digits = count.to_string();
        if digits.starts_with('1') && digits[1..].chars().all(|digit| digit == '0') {
            self.tell(letter, end);
        }
    }

    fn take(&mut self, sender: usize, packet: &Packet, header: &TcpHeader) {
        let has = |bit: u8| header.flags & bit != 0;
        let (payload, peer) = (packet.payload_bytes, 1 - sender);
        let is_client = sender == self.client;
        let mut length = i128::from(has(SYN)) + i128::from(has(FIN));
        if !has(RST) {
            length += payload;
        }
        self.begin(sender, header, length);
        let number = self.ends[sender].number(header.sequence, self.ends[sender].highest);
        self.letters_of(sender, header, payload, length);
        let peer_state = self.ends[peer].state();
        let own_state = self.ends[sender].state();
        if header.window == 0
            && !has(RST)
            && peer_state != State::Closed
            && own_state != State::Reset
        {
            self.ends[sender].zero_windows += 1;
            self.tell_some('W', sender, self.ends[sender].zero_windows);
        }
        if has(FIN) {
            let behind = header.sequence.wrapping_add(length as u32);
            self.ends[sender].fin_end = Some(behind.wrapping_sub(self.ends[sender].start));
        }
        self.shake(packet, header, is_client);
        let acknowledged = if has(ACK) { self.acknowledge(peer, header) } else { 0 };
        self.send(sender, header, payload, length);
        self.change_states(sender, header.flags, payload > 0, is_client);
        self.give_up(peer, acknowledged);
        if payload > 0 && !has(RST) && number >= 0 {
            let from = number + i128::from(has(SYN));
            self.see(sender, from, from + payload);
        }
    }

    fn begin(&mut self, sender: usize, header: &TcpHeader, length: i128) {
        let (end, is_syn) = (&mut self.ends[sender], header.flags & SYN != 0);
        match end.state() {
            State::Inactive if !is_syn => end.begin(header.sequence.wrapping_sub(1), 1),
            State::SynSent | State::SynAckSent if header.sequence == end.start => (),
            State::Reset if end.state_before() != State::Inactive => (),
            State::Closed => (),
            _ if is_syn => end.begin(header.sequence, length),
            _ => (),
        }
    }

    fn letters_of(&mut self, sender: usize, header: &TcpHeader, payload: i128, length: i128) {
        let place = header.sequence.wrapping_sub(self.ends[sender].start);
        let is_ack = header.flags & ACK != 0;
        let (letter, which, number) = match header.flags & (SYN | FIN | RST) {
            0 if payload > 0 => return self.tell_once('D', sender),
            0 if is_ack => return self.tell_once('A', sender),
            0 => return,
            SYN => (if is_ack { 'H' } else { 'S' }, 0, place),
            FIN => ('F', 1, place.wrapping_add(length as u32 - 1)),
            RST => ('R', 2, place),
            flags if flags & (FIN | RST) == FIN | RST => return self.tell_once('I', sender),
            _ => return self.tell_once('Q', sender),
        };
        if self.ends[sender].last[which].replace(number) != Some(number) {
            self.tell(letter, sender);
        }
    }

    fn shake(&mut self, packet: &Packet, header: &TcpHeader, is_client: bool) {
        let answers =
            |number: u32| header.acknowledgement.wrapping_sub(number.wrapping_add(1)) as i32;
        match (self.syn, self.syn_ack) {
            (None, _) if is_client && header.is_plain_syn() => {
                let data = packet.payload_bytes.min(65_535) as i32;
                self.syn = Some((packet.time, header.sequence, data));
            }
            (Some((_, syn, data)), None)
                if !is_client && header.is_syn_ack() && (0..=data).contains(&answers(syn)) =>
            {
                self.syn_ack = Some(header.sequence);
            }
            (Some((time, ..)), Some(syn_ack))
                if is_client
                    && self.handshake.is_none()
                    && header.flags & (SYN | RST | ACK) == ACK
                    && answers(syn_ack) >= 0 =>
            {
                self.handshake = Some(super::values::span(time, packet.time));
            }
            _ => (),
        }
    }

    fn acknowledge(&mut self, peer: usize, header: &TcpHeader) -> i128 {
        let end = &mut self.ends[peer];
        if end.state() == State::Inactive {
            end.begin(header.acknowledgement.wrapping_sub(1), 0);
            return 1;
        }
        let number = end.number(header.acknowledgement, end.acknowledged);
        let ahead = number - end.acknowledged;
        let is_broken = header.acknowledgement == 0 && ahead > MIB;
        if number >= 0 && header.flags & RST == 0 && !is_broken {
            end.acknowledged = end.acknowledged.max(number);
        }
        let number = number.max(0);
        match end.fin_end {
            Some(fin_end) => {
                let behind = (number as u32).wrapping_sub(fin_end) as i32;
                if behind >= 0 { number - i128::from(behind) - 1 } else { number }
            }
            None => number,
        }
    }

    fn send(&mut self, sender: usize, header: &TcpHeader, payload: i128, length: i128) {
        let end = &mut self.ends[sender];
        let behind = header.sequence.wrapping_add(length as u32);
        let number = end.number(behind, end.highest);
        let is_far = (number - end.highest).abs() > MIB;
        if header.flags & (SYN | RST) != 0 && is_far {
        } else if header.flags & FIN != 0 && end.highest == 1 {
            end.highest = behind.wrapping_sub(end.start).into();
        } else if end.state() == State::Reset {
        } else if number > end.highest {
            end.highest = number;
        } else if payload > 0 {
            end.retransmitted += 1;
            let count = end.retransmitted;
            self.tell_some('T', sender, count);
        }
    }

    fn change_states(&mut self, sender: usize, flags: u8, payload: bool, is_client: bool) {
        let peer = 1 - sender;
        let (own, other) = (self.ends[sender].state(), self.ends[peer].state());
        let other_before = self.ends[peer].state_before();
        let (syn, fin, rst, ack) =
            (flags & SYN != 0, flags & FIN != 0, flags & RST != 0, flags & ACK != 0);
        let (mut own_next, mut other_next) = (Vec::new(), Vec::new());
        match own {
            State::Inactive => {
                match (syn, is_client) {
                    (true, true) => {
                        own_next.push(if ack { State::SynAckSent } else { State::SynSent });
                    }
                    (true, false) => {
                        own_next.push(State::Established);
                        if other == State::SynSent {
                            other_next.push(State::Established);
                        }
                    }
                    (false, _) if fin || rst => (),
                    (false, false) if !payload && other == State::SynSent => (),
                    (false, _) => own_next.push(match ack && other == State::Established {
                        true => State::Established,
                        false => State::Partial,
                    }),
                }
                own_next.extend(fin.then_some(State::Closed));
                own_next.extend(rst.then_some(State::Reset));
            }
            State::SynSent | State::SynAckSent => {
                own_next.extend(fin.then_some(State::Closed));
                own_next.extend(rst.then_some(State::Reset));
            }
            State::Partial | State::Established => {
                if syn && !ack && own == State::Partial && other == State::Inactive {
                    own_next.push(State::SynSent);
                }
                if fin && !rst {
                    own_next.push(State::Closed);
                    if other == State::Reset && other_before == State::Closed {
                        other_next.push(State::Closed);
                    }
                }
                own_next.extend(rst.then_some(State::Reset));
            }
            State::Closed if rst && other != State::Closed => own_next.push(State::Reset),
            State::Closed | State::Reset => (),
        }
        own_next.into_iter().for_each(|state| self.ends[sender].set(state));
        other_next.into_iter().for_each(|state| self.ends[peer].set(state));
    }

    fn see(&mut self, sender: usize, from: i128, to: i128) {
        let end = &mut self.ends[sender];
        end.seen.push((from.max(end.complete), to.max(end.complete)));
        self.move_on(sender);
        let islands = self.ends[sender].islands();
        if islands.len() > HOLES_MAX {
            self.give_up(sender, islands[0].0);
        }
    }

    /// Everything before the first hole is complete.
    fn move_on(&mut self, sender: usize) {
        let end = &mut self.ends[sender];
        while let Some(island) = end.islands().first().filter(|island| island.0 <= end.complete) {
            end.complete = island.1;
        }
    }

    /// What was not seen before this number is missed, hole by hole.
    fn give_up(&mut self, of: usize, number: i128) {
        let counts = self.ends.iter().all(End::is_clean);
        while self.ends[of].complete < number {
            let end = &mut self.ends[of];
            let next = end.islands().first().map_or(number, |island| island.0.min(number));
            if counts {
                end.missed.push(next - end.complete);
                let count = end.missed.len();
                self.tell_some('G', of, count);
            }
            self.ends[of].complete = next;
            self.move_on(of);
        }
    }
}

/// For the columns.
impl Exchange {
    /// Of the client and the server.
    fn both<T>(&self, value: impl Fn(&End) -> T) -> [T; 2] {
        [self.client, 1 - self.client].map(|end| value(&self.ends[end]))
    }

    pub fn retransmitted(&self) -> [Option<i128>; 2] {
        self.both(|end| self.is_tcp.then_some(end.retransmitted as i128))
    }

    pub fn missed_bytes(&self) -> [Option<i128>; 2] {
        self.both(|end| self.is_tcp.then(|| end.missed.iter().sum()))
    }

    pub fn history(&self) -> String {
        let spell = |&(letter, end): &(char, usize)| match end == self.client {
            true => letter,
            false => letter.to_ascii_lowercase(),
        };
        self.letters.iter().map(spell).collect()
    }

    /// Of the client and the server.
    pub fn sequence_bytes(&self) -> [i128; 2] {
        [self.client, 1 - self.client].map(|end| {
            let (own, other) = (&self.ends[end], &self.ends[1 - end]);
            let given_up = own.state() == State::Reset
                && own.state_before() == State::SynSent
                && other.state() == State::Inactive
                && own.acknowledged > 1;
            if given_up { 0 } else { own.bytes() }
        })
    }

    pub fn state(&self) -> &'static str {
        let [client, server] = [self.client, 1 - self.client].map(|end| &self.ends[end]);
        if self.is_udp {
            return match [client, server].map(|end| end.told.contains(&'D')) {
                [true, true] => "SF",
                [true, false] => "S0",
                [false, true] => "SHR",
                [false, false] => "OTH",
            };
        }
        if !self.is_tcp {
            return "OTH";
        }
        let (asked, answered) = (client.state(), server.state());
        if answered == State::Reset {
            let is_empty = self.sequence_bytes() == [0, 0];
            return match asked {
                State::SynSent | State::SynAckSent => "REJ",
                State::Reset if is_empty => "REJ",
                _ if client.is_idle() => "RSTRH",
                _ => "RSTR",
            };
        }
        if asked == State::Reset {
            return match server.is_idle() {
                true if self.gave_up_its_syn() => "RSTOS0",
                true => "OTH",
                false => "RSTO",
            };
        }
        match (asked, answered) {
            (State::Closed, State::Closed) => "SF",
            (State::Closed, _) => {
                if server.is_idle() {
                    "SH"
                } else {
                    "S2"
                }
            }
            (_, State::Closed) => {
                if client.is_idle() {
                    "SHR"
                } else {
                    "S3"
                }
            }
            (State::SynSent, State::Inactive) => "S0",
            (State::Established, State::Established) => "S1",
            _ => "OTH",
        }
    }

    /// S first, then R, and none of H A F G I Q between.
    fn gave_up_its_syn(&self) -> bool {
        let history = self.history();
        let history = history.strip_prefix('^').unwrap_or(&history);
        let Some(behind) = history.strip_prefix('S') else { return false };
        let Some(reset) = behind.find('R') else { return false };
        !behind[..reset].contains(['H', 'A', 'F', 'G', 'I', 'Q'])
    }
}
