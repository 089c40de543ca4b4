//! One session, as far as flows find it.

use super::described::Described;
use crate::decode::Key;
use crate::prefetch::prefetch;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Where a session is as long as it is kept. By id, which is that of its first flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Handle {
    pub id: u64,
    slot: u32,
}

/// Small: one for every flow that joins none, each a line of the cache in another place of the memory.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[repr(align(64))]
pub struct Session {
    pub id: u64,
    /// The address of the client of its first flow.
    pub client: u128,
    pub open_flows: u64,
    /// When the last flow that has ended did, by the stream clock.
    pub quiet_since: Timestamp,
    /// Without an open flow: when the row is due, by the stream clock.
    pub due: Timestamp,
    /// It takes no more flows.
    pub is_over: bool,
    /// One of its flows had a name.
    pub is_named: bool,
    /// Where sessions have rows.
    pub described: Option<Box<Described>>,
}

const _: () = assert!(size_of::<Option<Session>>() == 64);

impl Session {
    pub fn new(id: u64, client: u128, described: Option<Described>) -> Self {
        Self {
            id,
            client,
            open_flows: 0,
            quiet_since: Timestamp::MIN,
            due: Timestamp::MIN,
            is_over: false,
            is_named: false,
            described: described.map(Box::new),
        }
    }

    /// Which side of a flow counts as the client: that with the session's client's address, else the
    /// flow's own client.
    pub fn forward_side(&self, key: &Key, client_side: u8) -> u8 {
        let is_it = |side: u8| key.endpoint(side.into()).address == self.client;
        match is_it(client_side) {
            true => client_side,
            false if is_it(1 - client_side) => 1 - client_side,
            false => client_side,
        }
    }
}

/// All sessions that are not over.
#[derive(Default, Serialize, Deserialize)]
pub struct Kept {
    sessions: Vec<Option<Session>>,
    /// Places without a session.
    #[serde(skip)]
    free: Vec<u32>,
}

impl Kept {
    pub fn has(&self, handle: &Handle) -> bool {
        self.get(handle).is_some()
    }

    #[inline]
    pub fn get(&self, handle: &Handle) -> Option<&Session> {
        self.sessions.get(handle.slot as usize)?.as_ref().filter(|session| session.id == handle.id)
    }

    #[inline]
    pub fn get_mut(&mut self, handle: &Handle) -> Option<&mut Session> {
        let session = self.sessions.get_mut(handle.slot as usize)?.as_mut();
        session.filter(|session| session.id == handle.id)
    }

    /// Asks for the memory of a session.
    pub fn fetch(&self, handle: &Handle) {
        if let Some(place) = self.sessions.get(handle.slot as usize) {
            prefetch(place, size_of::<Session>());
        }
    }

    pub fn put(&mut self, session: Session) -> Handle {
        let id = session.id;
        let slot = self.free.pop().unwrap_or_else(|| {
            self.sessions.push(None);
            (self.sessions.len() - 1) as u32
        });
        self.sessions[slot as usize] = Some(session);
        Handle { id, slot }
    }

    pub fn remove(&mut self, handle: &Handle) -> Option<Session> {
        let place = self.sessions.get_mut(handle.slot as usize)?;
        let session = place.take_if(|session| session.id == handle.id);
        if session.is_some() {
            self.free.push(handle.slot);
        }
        session
    }

    /// To be called behind what was saved: it tells the sessions alone.
    pub fn find_free(&mut self) {
        let places = (0..).zip(&self.sessions).filter(|(_, session)| session.is_none());
        self.free = places.map(|(slot, _)| slot).collect();
    }

    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.sessions.iter().all(Option::is_none)
    }
}
