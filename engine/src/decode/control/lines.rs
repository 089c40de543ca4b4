//! The lines of a connection, as they pass.

use crate::decode::{Segment, flags};
use crate::limits::CONTROL_LINE_BYTES_MAX;
use serde::{Deserialize, Serialize};

/// One direction of a TCP connection, cut into lines. What is lost or comes early costs the lines that
/// it was in; of a longer one than the bound nothing is read.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Lines {
    /// The sequence number of the next byte.
    next: Option<u32>,
    /// The begin of a line whose end is still to come.
    begun: Vec<u8>,
    /// Up to the next end nothing is a line.
    is_lost: bool,
}

impl Lines {
    /// Reads what a segment brings that is new.
    pub fn read(&mut self, segment: &Segment, payload: &[u8], to: &mut impl FnMut(&[u8])) {
        let is_syn = segment.flags & flags::SYN != 0;
        let sequence = segment.sequence.wrapping_add(u32::from(is_syn));
        let captured = payload.len();
        let mut payload = payload;
        if let Some(next) = self.next.filter(|_| !is_syn) {
            // Numbers are compared as RFC 9293 (3.4) does, modulo 2^32.
            let behind = next.wrapping_sub(sequence) as i32;
            match usize::try_from(behind) {
                Ok(seen) if seen > 0 && seen >= segment.payload_bytes as usize => return,
                Ok(seen) => payload = payload.get(seen..).unwrap_or_default(),
                Err(_) => self.lose(),
            }
        }
        self.next = Some(sequence.wrapping_add(segment.payload_bytes));
        self.take(payload, to);
        // Its end was not captured.
        if captured < segment.payload_bytes as usize {
            self.lose();
        }
    }

    /// Bytes kept of a line whose end is still to come.
    pub fn kept_bytes(&self) -> usize {
        self.begun.len()
    }

    /// Keeps nothing of a line whose end is still to come: it is none.
    pub fn lose_begun(&mut self) {
        if !self.begun.is_empty() {
            self.lose();
        }
    }

    fn lose(&mut self) {
        self.begun = Vec::new();
        self.is_lost = true;
    }

    fn take(&mut self, payload: &[u8], to: &mut impl FnMut(&[u8])) {
        let mut rest = payload;
        while let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
            let (line, behind) = rest.split_at(end);
            rest = &behind[1..];
            // Its memory is freed: what is not kept does not count.
            let mut begun = std::mem::take(&mut self.begun);
            if std::mem::take(&mut self.is_lost)
                || begun.len() + line.len() > CONTROL_LINE_BYTES_MAX
            {
                continue;
            }
            if begun.is_empty() {
                to(trimmed(line));
            } else {
                begun.extend_from_slice(line);
                to(trimmed(&begun));
            }
        }
        if self.is_lost {
            return;
        }
        match self.begun.len() + rest.len() <= CONTROL_LINE_BYTES_MAX {
            true => self.begun.extend_from_slice(rest),
            false => self.lose(),
        }
    }
}

/// The lines of a datagram; the last may have no end, and of a longer one than the bound nothing is read.
pub fn each(payload: &[u8], to: &mut impl FnMut(&[u8])) {
    let lines = payload.split(|&byte| byte == b'\n');
    let lines = lines.filter(|line| line.len() <= CONTROL_LINE_BYTES_MAX).map(trimmed);
    lines.filter(|line| !line.is_empty()).for_each(to);
}

fn trimmed(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}
