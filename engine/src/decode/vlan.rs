//! The stack of VLAN ids in front of a packet, and its word in the key.

use super::key::sum_of_words;
use crate::limits::HEADER_DEPTH_MAX;

/// VLAN ids, outermost first. Id 0 is a priority tag, no VLAN, and is left out (IEEE 802.1Q).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VlanStack {
    ids: [u16; HEADER_DEPTH_MAX],
    count: usize,
}

/// Ids that fit the key's word beside their number.
const PACKED_IDS_MAX: usize = 4;

impl VlanStack {
    /// Adds the next inner id; ids beyond the depth bound never reach here.
    pub fn push(&mut self, id: u16) {
        if let (Some(place), true) = (self.ids.get_mut(self.count), id != 0) {
            *place = id;
            self.count += 1;
        }
    }

    pub fn ids(&self) -> &[u16] {
        &self.ids[..self.count]
    }

    /// True when the word of the key cannot spell the ids out.
    pub fn is_deep(&self) -> bool {
        self.count > PACKED_IDS_MAX
    }

    /// The stack's word of the key: number of ids and the ids, or a fixed hash of a deep stack.
    pub fn word(&self) -> u64 {
        if self.is_deep() {
            let ids = self.ids().iter().map(|&id| u64::from(id) + self.count as u64);
            return 1 << 63 | sum_of_words(ids) >> 1;
        }
        let packed = self.ids().iter().fold(0, |word, &id| word << 12 | u64::from(id));
        (self.count as u64) << 48 | packed
    }

    /// The stack of a word that spells its ids out; `None` for a deep one.
    pub fn from_word(word: u64) -> Option<Self> {
        if word >> 63 == 1 {
            return None;
        }
        let count = (word >> 48) as usize;
        let mut stack = Self::default();
        for place in (0..count.min(PACKED_IDS_MAX)).rev() {
            stack.push((word >> (12 * place)) as u16 & 0xfff);
        }
        Some(stack)
    }
}

impl std::fmt::Display for VlanStack {
    /// Ids joined by points, outermost first.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (place, id) in self.ids().iter().enumerate() {
            write!(formatter, "{}{id}", if place == 0 { "" } else { "." })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(ids: &[u16]) -> VlanStack {
        let mut stack = VlanStack::default();
        ids.iter().for_each(|&id| stack.push(id));
        stack
    }

    #[test]
    fn up_to_four_ids_are_read_back_from_the_word() {
        for ids in [&[][..], &[1], &[4095, 7], &[1, 2, 3], &[4000, 3000, 2000, 1000]] {
            assert_eq!(VlanStack::from_word(stack(ids).word()), Some(stack(ids)));
        }
        assert_eq!(stack(&[]).word(), 0);
        assert_eq!(stack(&[100, 0, 200]).to_string(), "100.200");
    }

    #[test]
    fn deep_stacks_differ_by_order_and_depth() {
        let (a, b) = (stack(&[1, 2, 3, 4, 5]), stack(&[5, 4, 3, 2, 1]));
        assert!(a.is_deep() && a.word() != b.word());
        assert_eq!(VlanStack::from_word(a.word()), None);
    }
}
