//! Flows that were closed to free memory, of which the ends' order must be known for ever: the next
//! flow of a key has the source of the one before (FLOWS-cic.md, "Flow life").

use crate::decode::Key;
use crate::limits::{FLOWS_SET_ASIDE_PER_SHARD_MAX, SHARDS};
use crate::saved::{Reader, SavedError, Share, Writer};
use foldhash::fast::RandomState;
use std::collections::{BTreeMap, HashMap};

/// Position of a flow's last packet.
type Age = u64;

/// Clients by key, for each shard as many as its bound allows.
pub struct SetAside {
    shards: Vec<Shard>,
    /// Flows forgotten at the bound.
    pub forgotten: u64,
}

#[derive(Default)]
struct Shard {
    clients: HashMap<Key, (Age, u8), RandomState>,
    by_age: BTreeMap<Age, Key>,
}

impl Default for SetAside {
    fn default() -> Self {
        let shards = std::iter::repeat_with(Shard::default).take(SHARDS).collect();
        Self { shards, forgotten: 0 }
    }
}

impl SetAside {
    /// Remembers the client of a flow; the one whose last packet came first makes room.
    pub fn put(&mut self, shard: usize, key: Key, age: Age, client_side: usize) {
        let shard = &mut self.shards[shard];
        if let Some((before, _)) = shard.clients.insert(key, (age, client_side as u8)) {
            shard.by_age.remove(&before);
        }
        shard.by_age.insert(age, key);
        if shard.clients.len() > FLOWS_SET_ASIDE_PER_SHARD_MAX
            && let Some((_, oldest)) = shard.by_age.pop_first()
        {
            shard.clients.remove(&oldest);
            self.forgotten += 1;
        }
    }

    pub fn contains(&self, shard: usize, key: &Key) -> bool {
        self.shards[shard].clients.contains_key(key)
    }

    /// The client of a key's last flow, which is set aside no more.
    pub fn take(&mut self, shard: usize, key: &Key) -> Option<usize> {
        let shard = &mut self.shards[shard];
        let (age, client_side) = shard.clients.remove(key)?;
        shard.by_age.remove(&age);
        Some(client_side.into())
    }

    /// Writes each shard's clients by age.
    pub fn save(&self, writer: &mut Writer<'_>) {
        let used = || self.shards.iter().enumerate().filter(|(_, shard)| !shard.by_age.is_empty());
        writer.put(&used().count());
        for (place, shard) in used() {
            writer.put_of_shard(place, |writer| {
                writer.put(&shard.by_age.len());
                for (age, key) in &shard.by_age {
                    let client_side = shard.clients.get(key).map_or(0, |(_, side)| *side);
                    writer.put(&(age, key, client_side));
                }
            });
        }
    }

    /// Takes the shards of a share from what one of several workers has saved.
    pub fn restore(&mut self, reader: &mut Reader<'_>, share: Share) -> Result<(), SavedError> {
        let used: usize = reader.get()?;
        for _ in 0..used {
            let (place, mut part) = reader.of_shard()?;
            if !share.has(place) {
                continue;
            }
            let clients: usize = part.get()?;
            for _ in 0..clients {
                let (age, key, client_side): (Age, Key, u8) = part.get()?;
                if client_side > 1 {
                    return Err(SavedError::Damaged);
                }
                self.put(place, key, age, client_side.into());
            }
            part.finish()?;
        }
        Ok(())
    }

    /// True when so many more might make the shard forget.
    pub fn may_forget(&self, shard: usize, more: usize) -> bool {
        self.shards[shard].clients.len() + more > FLOWS_SET_ASIDE_PER_SHARD_MAX
    }
}
