//! Stored flows in the formats of `tractor flows`.

use super::StoreError;
use super::reader::{FlowBlock, JobReader};
use super::segment::damaged;
use crate::output::{About, CellWriter, CsvLines, EncodedTable, JsonLines, ParquetFile, Table};
use crate::profiles::STANDARD_PREFIX;
use std::io::{self, Write};
use std::path::Path;

/// What flows are exported as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    Csv,
    Jsonl,
    Parquet,
}

/// Writes the flows of a job as `tractor flows` would have written them, block by block.
///
/// # Errors
/// When a block is damaged, or the destination does not take the rows.
pub fn export(
    reader: &JobReader,
    format: ExportFormat,
    to: impl Write + Send,
) -> Result<(), StoreError> {
    let Some(first) = reader.blocks().first() else {
        return Err(StoreError::NoFlowsYet);
    };
    let encoded = reader.table(first)?;
    let own = own_columns(&encoded);
    let names: Vec<String> = own.iter().map(|(_, name)| name.clone()).collect();
    let texts = names.iter().map(String::as_str);
    match format {
        ExportFormat::Csv => all_cells(reader, &names, CsvLines::new(texts, to)),
        ExportFormat::Jsonl => all_cells(reader, &names, JsonLines::new(texts, to)),
        ExportFormat::Parquet => {
            let table = own_table(first, &encoded, &names)?;
            all_tables(reader, &names, table, &encoded.about(), to)
        }
    }
}

/// Places and names of the profile's own columns.
fn own_columns(encoded: &EncodedTable) -> Vec<(usize, String)> {
    let named = encoded.names().enumerate();
    let own = named.filter(|(_, name)| !name.starts_with(STANDARD_PREFIX));
    own.map(|(place, name)| (place, name.to_owned())).collect()
}

/// The profile's own columns of a block, which must be those of the first.
fn own_table(
    block: &FlowBlock,
    encoded: &EncodedTable,
    names: &[String],
) -> Result<Table, StoreError> {
    let own = own_columns(encoded);
    if !own.iter().map(|(_, name)| name).eq(names) {
        return Err(damaged(&block.block, "its columns are not those of the first block"));
    }
    let places: Vec<usize> = own.into_iter().map(|(place, _)| place).collect();
    encoded.read(&places).map_err(|cause| damaged(&block.block, cause.to_string()))
}

fn all_cells(
    reader: &JobReader,
    names: &[String],
    mut to: impl CellWriter,
) -> Result<(), StoreError> {
    for block in reader.blocks() {
        let table = own_table(block, &reader.table(block)?, names)?;
        let view = table.view().map_err(|cause| damaged(&block.block, cause.to_string()))?;
        let mut cells = Vec::with_capacity(names.len());
        for row in 0..table.rows() {
            cells.clear();
            view.cells(row, &mut cells);
            to.write_cells(&cells).map_err(not_taken)?;
        }
    }
    to.finish().map_err(not_taken)
}

fn all_tables(
    reader: &JobReader,
    names: &[String],
    first: Table,
    about: &About,
    to: impl Write + Send,
) -> Result<(), StoreError> {
    let mut file = ParquetFile::new(&first, about, to).map_err(not_taken)?;
    file.write(&first).map_err(not_taken)?;
    drop(first);
    for block in &reader.blocks()[1..] {
        let table = own_table(block, &reader.table(block)?, names)?;
        file.write(&table).map_err(not_taken)?;
    }
    file.finish().map_err(not_taken)
}

fn not_taken(cause: io::Error) -> StoreError {
    StoreError::io("write", Path::new("the export"), cause)
}
