//! One end of a connection (section 7): its states, its numbers, and what was seen of its bytes.

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum State {
    #[default]
    Inactive,
    SynSent,
    SynAckSent,
    Partial,
    Established,
    Closed,
    Reset,
}

/// One end. Numbers are relative to `start`.
#[derive(Clone, Default)]
pub struct End {
    /// All states so far, without repetition.
    pub states: Vec<State>,
    pub start: u32,
    pub highest: i128,
    pub acknowledged: i128,
    pub complete: i128,
    /// Ranges of bytes seen above `complete`, as they came.
    pub seen: Vec<(i128, i128)>,
    /// Letters that are told once.
    pub told: Vec<char>,
    /// The numbers with the last SYN, FIN and RST that was told.
    pub last: [Option<u32>; 3],
    pub fin_end: Option<u32>,
    pub retransmitted: usize,
    pub zero_windows: usize,
    pub bad_checksums: usize,
    pub missed: Vec<i128>,
}

impl End {
    pub fn state(&self) -> State {
        self.states.last().copied().unwrap_or_default()
    }

    pub fn state_before(&self) -> State {
        let before = self.states.len().checked_sub(2).map(|place| self.states[place]);
        before.unwrap_or_default()
    }

    pub fn set(&mut self, state: State) {
        if state != self.state() {
            self.states.push(state);
        }
    }

    pub fn is_clean(&self) -> bool {
        match self.state() {
            State::Established => true,
            State::Closed => self.state_before() == State::Established,
            _ => false,
        }
    }

    pub fn is_idle(&self) -> bool {
        matches!(self.state(), State::Inactive | State::Partial)
    }

    /// The number of all those of this sequence number that is nearest to another.
    pub fn number(&self, sequence: u32, near: i128) -> i128 {
        let low = i128::from(sequence) - i128::from(self.start);
        let mut distance = (low - near).rem_euclid(1 << 32);
        if distance >= 1 << 31 {
            distance -= 1 << 32;
        }
        near + distance
    }

    pub fn begin(&mut self, start: u32, highest: i128) {
        if self.start != start {
            self.complete = 1;
            self.seen.clear();
        }
        (self.start, self.highest, self.acknowledged) = (start, highest, 0);
    }

    /// The ranges above `complete`, put together.
    pub fn islands(&self) -> Vec<(i128, i128)> {
        let mut ranges = self.seen.clone();
        ranges.retain(|range| range.1 > self.complete);
        ranges.sort_unstable();
        let mut islands: Vec<(i128, i128)> = Vec::new();
        for (from, to) in ranges {
            match islands.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(to),
                _ => islands.push((from, to)),
            }
        }
        islands
    }

    pub fn bytes(&self) -> i128 {
        let fin = i128::from(self.fin_end.is_some());
        (self.highest.max(self.acknowledged) - 1 - fin).max(0)
    }
}
