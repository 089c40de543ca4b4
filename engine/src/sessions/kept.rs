//! All sessions that are not over, found by id or, sooner, by their place in memory.

use super::Map;
use super::session::Session;

#[derive(Default)]
pub struct Kept {
    slots: Map<u64, u32>,
    sessions: Vec<Option<Session>>,
    free: Vec<u32>,
}

impl Kept {
    pub fn has(&self, id: u64) -> bool {
        self.slots.contains_key(&id)
    }

    /// Where a session is as long as it is kept.
    pub fn slot(&self, id: u64) -> Option<u32> {
        self.slots.get(&id).copied()
    }

    /// The session in a place, if it is that one.
    #[inline]
    pub fn at(&mut self, slot: u32, id: u64) -> Option<&mut Session> {
        self.sessions.get_mut(slot as usize)?.as_mut().filter(|session| session.id == id)
    }

    pub fn get(&self, id: u64) -> Option<&Session> {
        self.sessions.get(self.slot(id)? as usize)?.as_ref()
    }

    pub fn get_mut(&mut self, id: u64) -> Option<&mut Session> {
        let slot = self.slot(id)?;
        self.at(slot, id)
    }

    /// Keeps one more; of one id there is one.
    pub fn put(&mut self, session: Session) -> &mut Session {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.sessions.push(None);
            (self.sessions.len() - 1) as u32
        });
        self.slots.insert(session.id, slot);
        self.sessions[slot as usize].insert(session)
    }

    pub fn remove(&mut self, id: u64) -> Option<Session> {
        let slot = self.slots.remove(&id)?;
        self.free.push(slot);
        self.sessions[slot as usize].take()
    }

    /// By id.
    pub fn sorted(&self) -> Vec<&Session> {
        let mut all: Vec<&Session> = self.sessions.iter().flatten().collect();
        all.sort_unstable_by_key(|session| session.id);
        all
    }
}
