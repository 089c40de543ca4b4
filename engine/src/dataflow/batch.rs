//! What travels between workers: parcels that know where they go and move as a whole.
//!
//! A parcel's records are never copied on the way: the source sorts them by worker while it
//! decodes, and the distributor hands each parcel on.

use crate::flows::{ChunkHead, Flow};
use std::sync::Arc;
use timely::Accountable;
use timely::communication::Push;
use timely::dataflow::channels::pushers::exchange::Distributor;
use timely::dataflow::channels::{ContainerBytes, Message};
use timely::progress::Stamp;

/// Records of one chunk for one worker. An empty one still brings the chunk's head.
#[derive(Clone)]
pub struct Parcel<R> {
    pub to: usize,
    pub head: Arc<ChunkHead>,
    pub records: Vec<R>,
    /// Not records of the chunk, but open flows that someone asked for.
    pub answer: Option<AnswerTo>,
}

/// What open flows answer.
#[derive(Clone, Copy, Debug)]
pub struct AnswerTo {
    /// Its place among the head's questions.
    pub question: usize,
    /// Flows beyond those that an answer may have.
    pub left_out: u64,
}

impl<R> Parcel<R> {
    pub fn new(to: usize, head: &Arc<ChunkHead>, records: Vec<R>) -> Self {
        Self { to, head: Arc::clone(head), records, answer: None }
    }
}

/// Closed flows of one step, on their way to the sink.
pub type ClosedFlows = Parcel<Flow>;

/// A timely container of parcels; each counts as one record.
#[derive(Clone)]
pub struct Parcels<R>(pub Vec<Parcel<R>>);

impl<R> Default for Parcels<R> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<R> Accountable for Parcels<R> {
    fn record_count(&self) -> i64 {
        self.0.len() as i64
    }
}

/// Timely asks for a form in bytes of whatever crosses workers. Ours are threads of one process,
/// where containers are moved as they are (`timely::Config::process`), so none is ever made.
impl<R> ContainerBytes for Parcels<R> {
    fn from_bytes(_: timely::bytes::arc::Bytes) -> Self {
        unreachable!("workers are threads of one process")
    }

    fn length_in_bytes(&self) -> usize {
        unreachable!("workers are threads of one process")
    }

    fn into_bytes<W: std::io::Write>(&self, _: &mut W) {
        unreachable!("workers are threads of one process")
    }
}

/// Hands each parcel to the worker it is addressed to.
pub struct ByAddress;

impl<R> Distributor<Parcels<R>> for ByAddress {
    fn partition<T: Clone, P: Push<Message<T, Parcels<R>>>>(
        &mut self,
        container: &mut Parcels<R>,
        stamp: &Stamp<T>,
        pushers: &mut [P],
    ) {
        for parcel in container.0.drain(..) {
            let to = parcel.to;
            Message::push_at(&mut Parcels(vec![parcel]), stamp.clone(), &mut pushers[to]);
        }
    }

    fn flush<T: Clone, P: Push<Message<T, Parcels<R>>>>(&mut self, _: &Stamp<T>, _: &mut [P]) {}
}
