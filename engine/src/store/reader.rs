//! Reads what a job has stored, also while it is being written.

use super::block::kind;
use super::entry::{Committed, Entry};
use super::facts::Standard;
use super::gathered::{OfEach, RowsOf};
use super::keeping::Removed;
use super::record::JobRecord;
use super::segment::{self, Block, Place, damaged, read_payload};
use super::{Index, StoreError};
use crate::limits::{FLOWS_OF_BLOCK_MAX, SEGMENTS_MAX};
use crate::output::EncodedTable;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The segments of a job: which blocks there are. Rows are read when they are asked for.
pub struct JobReader {
    folder: PathBuf,
    /// Blocks of rows, in order.
    blocks: OfEach<Blocks>,
    /// Which of them this reader is over.
    of: RowsOf,
    job: Option<Block>,
    statistics: Vec<Block>,
    /// The last block of the last segment, when it is the record at the job's end.
    end: Option<Block>,
    committed: Committed,
    damage: Option<StoreError>,
    /// Where entries are looked up first, and under which job.
    index: Option<(Arc<Index>, u64)>,
}

/// The blocks of rows of one kind.
#[derive(Clone, Default)]
struct Blocks {
    blocks: Vec<FlowBlock>,
    /// Up to the end of the last.
    rows: u64,
}

/// A block of rows.
#[derive(Clone, Copy, Debug)]
pub struct FlowBlock {
    pub block: Block,
    /// Rows of the job before it.
    pub first_row: u64,
    /// What the block is about, where that is written.
    entry: Option<Block>,
}

impl FlowBlock {
    pub fn rows(&self) -> u32 {
        self.block.header.rows
    }

    /// The number of its last row.
    pub fn last_row(&self) -> u64 {
        self.first_row + u64::from(self.rows())
    }
}

impl JobReader {
    /// Finds the blocks of the job in that folder. Where a segment is damaged, or still being
    /// written, the flows before that place are there; see [`JobReader::damage`].
    ///
    /// # Errors
    /// When a segment cannot be opened.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        Self::open_to(folder, None)
    }

    /// The same up to what the job has committed.
    ///
    /// # Errors
    /// As [`JobReader::open`].
    pub fn open_to(folder: &Path, up_to: Option<Committed>) -> Result<Self, StoreError> {
        let mut reader = Self {
            folder: folder.to_owned(),
            blocks: Default::default(),
            of: RowsOf::Flows,
            job: None,
            statistics: Vec::new(),
            end: None,
            committed: Committed::default(),
            damage: None,
            index: None,
        };
        let last = up_to.map_or(SEGMENTS_MAX, |up_to| up_to.segment);
        let removed = Removed::load(folder)?;
        reader.committed.rows = removed.rows;
        for (blocks, rows) in reader.blocks.iter_mut().zip(removed.of_each()) {
            blocks.rows = rows;
        }
        // While it was being read, more may have left.
        if removed.segments > 0 && !segment::is_there(folder, removed.segments + 1) {
            let now = Removed::load(folder)?;
            if now != removed {
                return Self::open_to(folder, up_to);
            }
        }
        for number in removed.segments + 1..=last {
            let bound = up_to.filter(|up_to| up_to.segment == number).map(|up_to| up_to.offset);
            let Some(walked) = segment::walk(folder, number, bound)? else { break };
            reader.end = None;
            walked.blocks.iter().for_each(|block| reader.add(block));
            if walked.damage.is_some() {
                reader.end = None;
            }
            reader.damage = reader.damage.or(walked.damage);
        }
        Ok(reader)
    }

    /// Looks entries of blocks up in an index before it reads them from the segments.
    pub fn with_index(self, index: Arc<Index>, job: u64) -> Self {
        Self { index: Some((index, job)), ..self }
    }

    /// The same over the rows of windows.
    #[must_use]
    pub fn windows(&self) -> Self {
        self.of(RowsOf::Windows)
    }

    /// The same over the rows of sessions.
    #[must_use]
    pub fn sessions(&self) -> Self {
        self.of(RowsOf::Sessions)
    }

    /// The same over rows of another kind. Of damage the reader of flows tells.
    #[must_use]
    pub(super) fn of(&self, of: RowsOf) -> Self {
        let mut blocks = OfEach::<Blocks>::default();
        blocks[of as usize] = self.blocks[of as usize].clone();
        let committed = Committed { rows: blocks[of as usize].rows, ..self.committed };
        Self {
            folder: self.folder.clone(),
            blocks,
            of,
            job: self.job,
            statistics: Vec::new(),
            end: self.end,
            committed,
            damage: None,
            // It knows of flows.
            index: None,
        }
    }

    fn add(&mut self, block: &Block) {
        let header = block.header;
        let rows = RowsOf::of_kind(header.kind);
        self.end = (header.kind == kind::END).then_some(*block);
        match header.kind {
            kind::JOB if self.job.is_none() => self.job = Some(*block),
            kind::STATISTICS => self.statistics.push(*block),
            // Behind a place that is damaged nobody knows the number of a row.
            kind if self.damage.is_some() && (rows.is_some() || kind == kind::ENTRY) => {}
            _ if rows.is_some() && header.rows as usize > FLOWS_OF_BLOCK_MAX => {
                self.damage = Some(damaged(block, "it has more rows than a block may have"));
            }
            kind::ENTRY => {
                let Place { segment, offset } = block.place;
                let is_before = |rows: &&mut FlowBlock| {
                    rows.block.place.segment == segment && rows.block.end() == offset
                };
                let all = self.blocks.iter_mut();
                let before = all.filter_map(|rows| rows.blocks.last_mut()).find(is_before);
                if let Some(before) = before {
                    before.entry = Some(*block);
                    self.commit(block);
                }
            }
            _ => {
                let Some(of) = rows else { return };
                let Blocks { blocks, rows } = &mut self.blocks[of as usize];
                blocks.push(FlowBlock { block: *block, first_row: *rows, entry: None });
                *rows += u64::from(header.rows);
                self.commit(block);
            }
        }
    }

    fn commit(&mut self, block: &Block) {
        let rows = self.blocks[self.of as usize].rows;
        self.committed = Committed { rows, segment: block.place.segment, offset: block.end() };
    }

    /// Rows that can be read.
    pub fn rows(&self) -> u64 {
        self.committed.rows
    }

    /// Up to where that is.
    pub fn committed(&self) -> Committed {
        self.committed
    }

    /// Why there may be more rows than these. Of a job that is still being written it says nothing.
    pub fn damage(&self) -> Option<&StoreError> {
        self.damage.as_ref()
    }

    pub fn blocks(&self) -> &[FlowBlock] {
        &self.blocks[self.of as usize].blocks
    }

    pub(super) fn statistics_blocks(&self) -> &[Block] {
        &self.statistics
    }

    pub(super) fn payload(&self, block: &Block) -> Result<Vec<u8>, StoreError> {
        read_payload(&self.folder, block)
    }

    /// The record that the job began with; `None` when that block is lost.
    ///
    /// # Errors
    /// When the block is damaged.
    pub fn record_at_begin(&self) -> Result<Option<JobRecord>, StoreError> {
        self.job.as_ref().map(|block| self.record(block)).transpose()
    }

    /// The record that the job ended with; `None` when it has not ended.
    ///
    /// # Errors
    /// When the block is damaged.
    pub fn record_at_end(&self) -> Result<Option<JobRecord>, StoreError> {
        self.end.as_ref().map(|block| self.record(block)).transpose()
    }

    fn record(&self, block: &Block) -> Result<JobRecord, StoreError> {
        let payload = self.payload(block)?;
        serde_json::from_slice(&payload).map_err(|cause| damaged(block, cause.to_string()))
    }

    /// The rows of a block, of which any columns can be read.
    ///
    /// # Errors
    /// When the block is damaged.
    pub fn table(&self, flows: &FlowBlock) -> Result<EncodedTable, StoreError> {
        self.encoded(&flows.block)
    }

    pub(super) fn encoded(&self, block: &Block) -> Result<EncodedTable, StoreError> {
        let payload = self.payload(block)?;
        let table = EncodedTable::open(payload);
        let table = table.map_err(|cause| damaged(block, cause.to_string()))?;
        match table.rows() == u64::from(block.header.rows) {
            true => Ok(table),
            false => Err(damaged(block, "it has another number of rows than it says")),
        }
    }

    /// What a block is about: from the index, else from the segment, else from its rows.
    ///
    /// # Errors
    /// When the block is damaged.
    pub fn entry(&self, flows: &FlowBlock) -> Result<Entry, StoreError> {
        let indexed = self
            .index
            .as_ref()
            .and_then(|(index, job)| index.entry(*job, flows.block.place).ok().flatten());
        if let Some(entry) = indexed.filter(|entry| flows.is_of(entry)) {
            return Ok(entry);
        }
        self.written_entry(flows).map_or_else(|| self.entry_of_rows(flows), Ok)
    }

    /// As it stands in the segment; `None` when it does not, or is damaged.
    pub(super) fn written_entry(&self, flows: &FlowBlock) -> Option<Entry> {
        let payload = self.payload(flows.entry.as_ref()?).ok()?;
        let entry = Entry::from_bytes(flows.block.place, &payload)?;
        flows.is_of(&entry).then_some(entry)
    }

    /// From the rows themselves.
    pub(super) fn entry_of_rows(&self, flows: &FlowBlock) -> Result<Entry, StoreError> {
        let encoded = self.table(flows)?;
        let standard = Standard::of(|name| encoded.column(name));
        let undecodable = |cause: std::io::Error| damaged(&flows.block, cause.to_string());
        let table = encoded.read(&standard.places()).map_err(undecodable)?;
        let standard = Standard::of(|name| table.column(name));
        let view = table.view().map_err(undecodable)?;
        let entry = Entry::of(&view, &standard, table.rows(), flows.first_row)?;
        let checksum = flows.block.header.payload_checksum;
        Ok(entry.with_checksum(checksum).at(flows.block.place))
    }
}

impl FlowBlock {
    /// Whether an entry is about this block and not about one of an earlier attempt.
    pub(super) fn is_of(&self, entry: &Entry) -> bool {
        entry.checksum == self.block.header.payload_checksum
            && (entry.first_row, entry.rows) == (self.first_row, self.rows())
    }
}
