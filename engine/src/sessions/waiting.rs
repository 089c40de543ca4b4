//! Flows that wait for their sessions, by id: which is the order in which they come, and nearly that in
//! which they go.

use super::Waiting;
use serde::{Deserialize, Serialize, Serializer};
use std::collections::{BTreeMap, VecDeque};

#[derive(Default, Deserialize)]
#[serde(from = "BTreeMap<u64, Waiting>")]
pub struct WaitingFlows {
    ids: VecDeque<u64>,
    /// Of each id; the first is one that waits.
    flows: VecDeque<Option<Waiting>>,
}

impl WaitingFlows {
    pub fn insert(&mut self, flow: u64, waiting: Waiting) {
        // Nearly always behind all others.
        let place = self.ids.partition_point(|id| *id < flow);
        self.ids.insert(place, flow);
        self.flows.insert(place, Some(waiting));
    }

    pub fn first(&self) -> Option<(u64, &Waiting)> {
        Some((*self.ids.front()?, self.flows.front()?.as_ref()?))
    }

    pub fn get(&self, flow: u64) -> Option<&Waiting> {
        self.flows.get(self.ids.binary_search(&flow).ok()?)?.as_ref()
    }

    pub fn get_mut(&mut self, flow: u64) -> Option<&mut Waiting> {
        self.flows.get_mut(self.ids.binary_search(&flow).ok()?)?.as_mut()
    }

    pub fn remove(&mut self, flow: u64) -> Option<Waiting> {
        let place = self.ids.binary_search(&flow).ok()?;
        let removed = self.flows.get_mut(place)?.take();
        while self.flows.pop_front_if(|first| first.is_none()).is_some() {
            self.ids.pop_front();
        }
        removed
    }
}

impl From<BTreeMap<u64, Waiting>> for WaitingFlows {
    fn from(all: BTreeMap<u64, Waiting>) -> Self {
        let (ids, flows) = all.into_iter().map(|(id, waiting)| (id, Some(waiting))).unzip();
        Self { ids, flows }
    }
}

/// Those that wait alone.
impl Serialize for WaitingFlows {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let all = self.ids.iter().zip(&self.flows);
        let all: Vec<_> = all.filter_map(|(id, waiting)| Some((id, waiting.as_ref()?))).collect();
        to.collect_map(all)
    }
}
