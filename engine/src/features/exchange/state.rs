//! How far each end of a connection has come, after Zeek's connection states (FLOWS.md, section 7).

use crate::decode::flags::{ACK, FIN, RST, SYN};
use serde::{Deserialize, Serialize};

/// What one end has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// Nothing that counts.
    #[default]
    Inactive,
    SynSent,
    SynAckSent,
    /// It spoke, but nobody saw it begin.
    Partial,
    Established,
    /// It sent a FIN.
    Closed,
    Reset,
}

/// The state of an end, and the one before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    pub now: State,
    pub before: State,
}

impl Standing {
    #[inline]
    fn set(&mut self, state: State) {
        if state != self.now {
            (self.before, self.now) = (self.now, state);
        }
    }

    /// Established, or closed from there: what is missing then was really lost.
    pub fn is_clean(self) -> bool {
        self.now == State::Established
            || (self.now == State::Closed && self.before == State::Established)
    }

    /// Nothing, or nothing with a begin.
    pub fn is_idle(self) -> bool {
        matches!(self.now, State::Inactive | State::Partial)
    }
}

/// A packet of `sender`, whose peer is `receiver`.
#[inline]
pub fn advance(
    sender: &mut Standing,
    receiver: &mut Standing,
    flags: u8,
    has_payload: bool,
    is_client: bool,
) {
    if sender.now == State::Established && flags & (SYN | FIN | RST) == 0 {
        return;
    }
    match sender.now {
        State::Inactive => begin(sender, receiver, flags, has_payload, is_client),
        State::SynSent | State::SynAckSent => end(sender, flags),
        State::Partial | State::Established => go_on(sender, receiver, flags),
        State::Closed if flags & RST != 0 && receiver.now != State::Closed => {
            sender.set(State::Reset);
        }
        State::Closed | State::Reset => {}
    }
}

fn begin(
    sender: &mut Standing,
    receiver: &mut Standing,
    flags: u8,
    has_payload: bool,
    is_client: bool,
) {
    if flags & SYN != 0 {
        if !is_client {
            if receiver.now == State::SynSent {
                receiver.set(State::Established);
            }
            sender.set(State::Established);
        } else if flags & ACK != 0 {
            sender.set(State::SynAckSent);
        } else {
            sender.set(State::SynSent);
        }
    }
    end(sender, flags);
    // An empty answer to a SYN that is no SYN itself says nothing yet.
    let says_nothing = !is_client && !has_payload && receiver.now == State::SynSent;
    if sender.now == State::Inactive && !says_nothing {
        let joins = flags & ACK != 0 && receiver.now == State::Established;
        sender.set(if joins { State::Established } else { State::Partial });
    }
}

fn end(sender: &mut Standing, flags: u8) {
    if flags & FIN != 0 {
        sender.set(State::Closed);
    }
    if flags & RST != 0 {
        sender.set(State::Reset);
    }
}

fn go_on(sender: &mut Standing, receiver: &mut Standing, flags: u8) {
    let is_late_syn = flags & (SYN | ACK) == SYN
        && sender.now == State::Partial
        && receiver.now == State::Inactive;
    if is_late_syn {
        sender.set(State::SynSent);
    }
    if flags & (FIN | RST) == FIN {
        sender.set(State::Closed);
        // A FIN and then an RST of the other end was a normal end after all.
        if *receiver == (Standing { now: State::Reset, before: State::Closed }) {
            receiver.set(State::Closed);
        }
    }
    if flags & RST != 0 {
        sender.set(State::Reset);
    }
}

/// The name of a TCP connection's state; `sent_nothing` is true when neither end sent a byte.
pub fn name(
    client: Standing,
    server: Standing,
    sent_nothing: bool,
    history: &[u8],
) -> &'static str {
    use State::{Closed, Established, Inactive, Reset, SynAckSent, SynSent};
    match (client.now, server.now) {
        (SynSent | SynAckSent, Reset) => "REJ",
        (Reset, Reset) if sent_nothing => "REJ",
        (_, Reset) if client.is_idle() => "RSTRH",
        (_, Reset) => "RSTR",
        (Reset, _) if !server.is_idle() => "RSTO",
        (Reset, _) if is_aborted_syn(history) => "RSTOS0",
        (Reset, _) => "OTH",
        (Closed, Closed) => "SF",
        (Closed, _) if server.is_idle() => "SH",
        (Closed, _) => "S2",
        (_, Closed) if client.is_idle() => "SHR",
        (_, Closed) => "S3",
        (SynSent, Inactive) => "S0",
        (Established, Established) => "S1",
        _ => "OTH",
    }
}

/// The client's SYN and its reset, and nothing of it between that would tell of an answer.
fn is_aborted_syn(history: &[u8]) -> bool {
    let history = history.strip_prefix(b"^").unwrap_or(history);
    let Some(behind) = history.strip_prefix(b"S") else { return false };
    behind.iter().find(|letter| b"HAFGIQR".contains(letter)) == Some(&b'R')
}
