//! Finds an open flow by its key: one small open-addressing table a shard.

/// Slots of a shard: 0 for empty, else the 24-bit tag in the upper and index + 1 in the lower half.
/// Linear probing; removal shifts back, so there are no tombstones.
#[derive(Default)]
pub struct ShardIndex {
    slots: Vec<u64>,
    count: usize,
}

const FIRST_SLOTS: usize = 16;
const TAG_MASK: u32 = 0x00ff_ffff;

impl ShardIndex {
    pub fn len(&self) -> usize {
        self.count
    }

    #[inline]
    fn home(&self, tag: u32) -> usize {
        tag as usize & self.slots.len().wrapping_sub(1)
    }

    /// The memory where a search for this hash begins.
    #[inline]
    pub fn first_slot(&self, hash: u32) -> Option<&u64> {
        self.slots.get(self.home(hash & TAG_MASK))
    }

    /// The index of the flow with this hash for which `is_it` holds.
    #[inline]
    pub fn find(&self, hash: u32, is_it: impl Fn(usize) -> bool) -> Option<usize> {
        let tag = hash & TAG_MASK;
        let mask = self.slots.len().wrapping_sub(1);
        let mut place = self.home(tag);
        loop {
            match self.slots.get(place).copied() {
                None | Some(0) => return None,
                Some(slot) => {
                    let index = slot as u32 as usize - 1;
                    if (slot >> 32) as u32 == tag && is_it(index) {
                        return Some(index);
                    }
                }
            }
            place = (place + 1) & mask;
        }
    }

    /// Adds a flow that is not in yet.
    pub fn insert(&mut self, hash: u32, index: usize) {
        if self.count * 4 >= self.slots.len() * 3 {
            self.grow();
        }
        self.place(u64::from(hash & TAG_MASK) << 32 | (index as u64 + 1));
        self.count += 1;
    }

    fn place(&mut self, slot: u64) {
        let mask = self.slots.len() - 1;
        let mut place = self.home((slot >> 32) as u32);
        while self.slots[place] != 0 {
            place = (place + 1) & mask;
        }
        self.slots[place] = slot;
    }

    #[cold]
    fn grow(&mut self) {
        let slots = (self.slots.len() * 2).max(FIRST_SLOTS);
        let old = std::mem::replace(&mut self.slots, vec![0; slots]);
        old.into_iter().filter(|&slot| slot != 0).for_each(|slot| self.place(slot));
    }

    /// Removes the flow at `index`, if it is in.
    pub fn remove(&mut self, hash: u32, index: usize) {
        let wanted = u64::from(hash & TAG_MASK) << 32 | (index as u64 + 1);
        let mask = self.slots.len().wrapping_sub(1);
        let mut hole = self.home(hash & TAG_MASK);
        loop {
            match self.slots.get(hole).copied() {
                None | Some(0) => return,
                Some(slot) if slot == wanted => break,
                Some(_) => hole = (hole + 1) & mask,
            }
        }
        self.count -= 1;
        let mut next = (hole + 1) & mask;
        while self.slots[next] != 0 {
            let home = self.home((self.slots[next] >> 32) as u32);
            // Move back whoever may not stand behind an empty slot.
            if next.wrapping_sub(home) & mask >= next.wrapping_sub(hole) & mask {
                self.slots[hole] = self.slots[next];
                hole = next;
            }
            next = (next + 1) & mask;
        }
        self.slots[hole] = 0;
    }

    /// The indices of all flows of the shard, in no order.
    pub fn indices(&self) -> impl Iterator<Item = usize> + '_ {
        self.slots.iter().filter(|&&slot| slot != 0).map(|&slot| slot as u32 as usize - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn agrees_with_a_map_through_growth_and_removal() {
        let (mut index, mut map) = (ShardIndex::default(), HashMap::new());
        let mut random = 1u32;
        for round in 0..20_000usize {
            random = random.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
            // Few hashes, so that many flows share a tag.
            let (hash, flow) = (random >> 7 & 0x3f, (random >> 16) as usize & 0x1ff);
            match map.remove(&flow) {
                Some(hash) => index.remove(hash, flow),
                None => {
                    index.insert(hash, flow);
                    map.insert(flow, hash);
                }
            }
            if round % 97 == 0 {
                for flow in 0..0x200 {
                    let found = map.get(&flow).and_then(|&hash| index.find(hash, |i| i == flow));
                    assert_eq!(found.is_some(), map.contains_key(&flow));
                }
                assert_eq!(index.len(), map.len());
                assert_eq!(index.indices().count(), map.len());
            }
        }
    }
}
