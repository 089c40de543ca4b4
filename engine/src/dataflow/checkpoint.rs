//! Checkpoints: the whole state of a run behind one chunk, gathered while the run goes on.
//!
//! The head of a chunk says that state is saved behind it. Every stage that has some then writes it down
//! when it has done with that step, so all of it is of one place in the stream; the last one hands the
//! whole to whoever keeps it. A run can go on from there with any number of workers.

use super::failure::lock;
use super::{RunOptions, Step};
use crate::capture::FollowState;
use crate::decode::Counts;
use crate::flows::Flow;
use crate::saved::{Reader, SavedError, Writer};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::mpsc::SyncSender;

/// What a part of the state is of; those of workers with the worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Part {
    Fragments(usize),
    Flows(usize),
    Classifiers(usize),
    Sessions,
    /// Flows that have ended and are no rows yet.
    Held,
    Statistics,
    Rows,
}

/// Where in the stream the state is.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Position {
    pub follow: FollowState,
    pub packets: u64,
    pub bytes_read: u64,
    pub clock: Timestamp,
    pub first_time: Option<Timestamp>,
    pub decoded: Counts,
}

/// The state that is being gathered: of one chunk at a time.
pub struct Gathering {
    under_way: Mutex<Option<UnderWay>>,
    to_keeper: Option<SyncSender<Vec<u8>>>,
}

struct UnderWay {
    step: Step,
    position: Position,
    /// `None`: still to come.
    parts: BTreeMap<Part, Option<Vec<u8>>>,
    options: Vec<u8>,
}

impl Gathering {
    /// Whole states go to the keeper; without one nothing is gathered.
    pub fn new(to_keeper: Option<SyncSender<Vec<u8>>>) -> Self {
        Self { under_way: Mutex::new(None), to_keeper }
    }

    pub fn is_wanted(&self) -> bool {
        self.to_keeper.is_some()
    }

    /// Begins to gather the state behind a step that nothing has come of yet. What was being gathered of
    /// an earlier one is given up.
    pub fn begin(
        &self,
        step: Step,
        position: Position,
        parts: impl IntoIterator<Item = Part>,
        options: Vec<u8>,
    ) {
        let parts = parts.into_iter().map(|part| (part, None)).collect();
        *lock(&self.under_way) = Some(UnderWay { step, position, parts, options });
    }

    /// Whether the state behind that step is wanted.
    pub fn is_of(&self, step: Step) -> bool {
        lock(&self.under_way).as_ref().is_some_and(|one| one.step == step)
    }

    /// Of which step statistics are wanted as they are now: all before `step` is in them, nothing of it.
    pub fn wants_statistics_before(&self, step: Step) -> Option<Step> {
        let under_way = lock(&self.under_way);
        let waits = |one: &UnderWay| matches!(one.parts.get(&Part::Statistics), Some(None));
        under_way.as_ref().filter(|one| one.step < step && waits(one)).map(|one| one.step)
    }

    /// Takes a part of the state behind a step; with the last one it is whole.
    pub fn put(&self, step: Step, part: Part, bytes: Vec<u8>) {
        let mut under_way = lock(&self.under_way);
        let Some(one) = under_way.as_mut().filter(|one| one.step == step) else { return };
        if let Some(place) = one.parts.get_mut(&part) {
            *place = Some(bytes);
        }
        let whole = under_way.take_if(|one| one.parts.values().all(Option::is_some));
        drop(under_way);
        if let (Some(whole), Some(to_keeper)) = (whole, &self.to_keeper) {
            // Whoever keeps it may have given up.
            let _ = to_keeper.try_send(whole.bytes());
        }
    }
}

impl UnderWay {
    fn bytes(self) -> Vec<u8> {
        let length: usize = self.parts.values().flatten().map(Vec::len).sum();
        let mut bytes = Vec::with_capacity(length + (64 << 10));
        let mut writer = Writer::new(&mut bytes);
        writer.put(&Lump(self.options));
        writer.put(&self.position);
        writer.put(&self.parts.len());
        for (part, bytes) in self.parts {
            writer.put(&part);
            writer.put(&Lump(bytes.unwrap_or_default()));
        }
        writer.finish();
        bytes
    }
}

/// Bytes that are copied as they are.
#[derive(Serialize, Deserialize)]
struct Lump(#[serde(with = "crate::saved::bytes")] Vec<u8>);

/// The state that a run goes on from.
pub struct Resume {
    pub(super) position: Position,
    parts: BTreeMap<Part, Vec<u8>>,
}

impl Resume {
    /// Reads what was kept of a run with these options.
    ///
    /// # Errors
    /// When it is damaged, of another layout, or of a run with other options.
    pub fn read(saved: &[u8], options: &RunOptions) -> Result<Self, SavedError> {
        let mut reader = Reader::new(saved)?;
        let Lump(made_with) = reader.get()?;
        if made_with != meaning(options) {
            return Err(SavedError::OtherOptions);
        }
        let position = reader.get()?;
        let mut parts = BTreeMap::new();
        for _ in 0..reader.get::<usize>()? {
            let part = reader.get()?;
            let Lump(bytes) = reader.get()?;
            parts.insert(part, bytes);
        }
        reader.finish()?;
        Ok(Self { position, parts })
    }

    /// How far the folder had been read.
    pub fn follow(&self) -> &FollowState {
        &self.position.follow
    }

    /// Rows that had been written, and what the writer said of where they are.
    pub fn rows(&self) -> (u64, &[u8]) {
        let rows = self.parts.get(&Part::Rows).and_then(|bytes| bytes.split_first_chunk());
        rows.map_or((0, &[]), |(rows, place)| (u64::from_le_bytes(*rows), place))
    }

    /// Parts of one kind, in the order of the workers.
    pub(super) fn all(&self, is_one: impl Fn(Part) -> bool) -> Vec<&[u8]> {
        let parts = self.parts.iter().filter(|(part, _)| is_one(**part));
        parts.map(|(_, bytes)| bytes.as_slice()).collect()
    }

    /// Flows that had ended and were no rows yet.
    pub(super) fn held(&self) -> Result<Vec<Flow>, SavedError> {
        let Some(bytes) = self.parts.get(&Part::Held) else { return Ok(Vec::new()) };
        let mut reader = Reader::new(bytes)?;
        let held = reader.get()?;
        reader.finish()?;
        Ok(held)
    }

    pub(super) fn sessions(&self) -> Option<&[u8]> {
        self.parts.get(&Part::Sessions).map(Vec::as_slice)
    }

    pub(super) fn statistics(&self) -> Option<&[u8]> {
        self.parts.get(&Part::Statistics).map(Vec::as_slice)
    }
}

/// The flows that are held back, as a part.
pub fn saved_flows(flows: &[Flow]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = Writer::new(&mut bytes);
    writer.put(flows);
    writer.finish();
    bytes
}

/// All that decides what state means, as bytes that can be compared.
pub fn meaning(options: &RunOptions) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = Writer::new(&mut bytes);
    let profile = (options.profile.name, options.profile.version.to_string());
    writer.put(&profile);
    writer.put(&(options.outer, options.checksums, options.names, options.live.is_some()));
    writer.put(&options.table);
    writer.put(&(&options.sessions, options.rows));
    let classifiers = options.plugins.classifiers().iter();
    writer.put(&classifiers.map(|one| (&*one.id, &*one.version)).collect::<Vec<_>>());
    let labels = options.plugins.labels().iter();
    writer.put(&labels.map(|(_, label)| (&*label.group, &*label.name)).collect::<Vec<_>>());
    writer.finish();
    bytes
}
