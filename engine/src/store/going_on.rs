//! Where the rows of a job are, so that it can go on from there: in segments, and those that are in
//! no block yet.

use super::StoreError;
use super::gathered::OfEach;
use super::segment::Place;
use crate::output::{EncodedTable, TableBuilder};
use crate::saved::{Reader, SavedError, Writer};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Rows of a job, as a checkpoint has them.
#[derive(Default, Serialize, Deserialize)]
pub struct SavedRows {
    pub segment: u32,
    /// Bytes of that segment.
    pub offset: u64,
    /// Bytes of it but for records.
    pub counted: u64,
    pub rows: OfEach<SavedTable>,
    /// The windows that have ended by then are all there.
    pub windows_to: Timestamp,
}

/// Rows of one kind.
#[derive(Default, Serialize, Deserialize)]
pub struct SavedTable {
    /// Rows that are in blocks.
    pub rows: u64,
    pub has_columns: bool,
    /// The others, as a block would have them; empty where there are none.
    #[serde(with = "crate::saved::bytes")]
    pub gathered: Vec<u8>,
}

impl SavedRows {
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut writer = Writer::new(&mut bytes);
        writer.put(self);
        writer.finish();
        bytes
    }

    pub fn read(bytes: &[u8]) -> Result<Self, StoreError> {
        let read = || -> Result<Self, SavedError> {
            let mut reader = Reader::new(bytes)?;
            let saved = reader.get()?;
            reader.finish()?;
            Ok(saved)
        };
        read().map_err(|why| StoreError::Internal(why.to_string()))
    }

    pub fn end(&self) -> Place {
        Place { segment: self.segment, offset: self.offset }
    }
}

impl SavedTable {
    /// Gathers the rows again that were in no block.
    pub fn gather(&self, to: &mut TableBuilder) -> Result<(), StoreError> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        let mut gather = || -> std::io::Result<()> {
            let encoded = EncodedTable::open(self.gathered.clone())?;
            let columns: Vec<usize> = (0..encoded.names().count()).collect();
            let table = encoded.read(&columns)?;
            let view = table.view()?;
            for row in 0..table.rows() {
                let mut cells = Vec::with_capacity(columns.len());
                view.cells(row, &mut cells);
                to.append(&cells);
            }
            Ok(())
        };
        gather().map_err(|cause| StoreError::Internal(cause.to_string()))
    }
}
