//! The names that are known, as bytes and back.

use super::{Known, KnownNames, Shard, Told};
use crate::saved::{Reader, SavedError, Writer};
use foldhash::fast::RandomState;
use std::collections::HashSet;
use std::sync::Arc;

/// Names of which one copy is kept: as many flows have one as were told it.
#[derive(Default)]
pub struct OneOfEach {
    names: HashSet<Arc<str>, RandomState>,
}

impl OneOfEach {
    pub fn of(&mut self, name: Arc<str>) -> Arc<str> {
        if let Some(known) = self.names.get(&name) {
            return Arc::clone(known);
        }
        self.names.insert(Arc::clone(&name));
        name
    }
}

impl KnownNames {
    pub fn save(&self, writer: &mut Writer<'_>) {
        let used = || self.shards.iter().enumerate().filter(|(_, shard)| shard.turns > 0);
        writer.put(&used().count());
        for (place, shard) in used() {
            writer.put_of_shard(place, |writer| shard.save(writer));
        }
    }

    /// Takes the names, or steps over them where they are known already.
    pub fn restore(
        &mut self,
        reader: &mut Reader<'_>,
        mut names: Option<&mut OneOfEach>,
    ) -> Result<(), SavedError> {
        let used: usize = reader.get()?;
        for _ in 0..used {
            let (place, part) = reader.of_shard()?;
            if let Some(names) = &mut names {
                let mut shard = Shard::restored(part, names)?;
                shard.forget_beyond(self.names_per_shard_max);
                self.shards[place] = shard;
            }
        }
        Ok(())
    }
}

impl Shard {
    fn save(&self, writer: &mut Writer<'_>) {
        writer.put(&self.turns);
        writer.put(&self.known.len());
        for (told, turn) in &self.order {
            // Of an address that was told again only the last counts.
            if let Some(known) = self.known.get(told).filter(|known| known.turn == *turn) {
                writer.put(&(told, known));
            }
        }
    }

    fn restored(mut reader: Reader<'_>, names: &mut OneOfEach) -> Result<Self, SavedError> {
        let mut shard = Self { turns: reader.get()?, ..Self::default() };
        let count: usize = reader.get()?;
        for _ in 0..count {
            let (told, known): (Told, Known) = reader.get()?;
            shard.order.push_back((told, known.turn));
            shard.known.insert(told, Known { name: names.of(known.name), ..known });
        }
        reader.finish()?;
        Ok(shard)
    }
}
