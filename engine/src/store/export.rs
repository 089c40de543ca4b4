//! Stored flows in the formats of `tractor flows`.

use super::StoreError;
use super::facts::Standard;
use super::filter::Filter;
use super::reader::{FlowBlock, JobReader};
use super::segment::damaged;
use crate::output::{CellWriter, CsvLines, EncodedTable, JsonLines, ParquetFile, Table, TableView};
use crate::profiles::{Layout, STANDARD_PREFIX};
use serde::{Deserialize, Serialize};
use std::io::{self, Write};
use std::path::Path;

/// What flows are exported as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    Csv,
    Jsonl,
    Parquet,
}

/// Formats of lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextFormat {
    Csv,
    Jsonl,
}

/// Writes the flows of a job that are asked for as `tractor flows` would have written them, block by
/// block.
///
/// # Errors
/// When a block is damaged, or the destination does not take the rows.
pub fn export(
    reader: &JobReader,
    filter: &Filter,
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
        ExportFormat::Csv => cells(reader, filter, &names, CsvLines::new(texts, to)),
        ExportFormat::Jsonl => cells(reader, filter, &names, JsonLines::new(texts, to)),
        ExportFormat::Parquet => {
            let places: Vec<usize> = own.iter().map(|(place, _)| *place).collect();
            // Only of which columns it is.
            let like = encoded
                .read_rows(&places, &[])
                .map_err(|cause| damaged(&first.block, cause.to_string()))?;
            let file = ParquetFile::new(&like, &encoded.about(), to).map_err(not_taken)?;
            drop(encoded);
            tables(reader, filter, &names, file)
        }
    }
}

/// Places and names of the profile's own columns.
fn own_columns(encoded: &EncodedTable) -> Vec<(usize, String)> {
    let named = encoded.names().enumerate();
    let own = named.filter(|(_, name)| !name.starts_with(STANDARD_PREFIX));
    own.map(|(place, name)| (place, name.to_owned())).collect()
}

/// The profile's own columns of the rows of a block that are asked for, which must be the columns of
/// the first block; `None`: there are no such rows.
fn own_table(
    reader: &JobReader,
    filter: &Filter,
    block: &FlowBlock,
    names: &[String],
) -> Result<Option<Table>, StoreError> {
    if filter.asks_entries() && !filter.may_be_in(&reader.entry(block)?) {
        return Ok(None);
    }
    let undecodable = |cause: io::Error| damaged(&block.block, cause.to_string());
    let encoded = reader.table(block)?;
    let own = own_columns(&encoded);
    if !own.iter().map(|(_, name)| name).eq(names) {
        return Err(damaged(&block.block, "its columns are not those of the first block"));
    }
    let places: Vec<usize> = own.into_iter().map(|(place, _)| place).collect();
    if *filter == Filter::default() {
        return encoded.read(&places).map(Some).map_err(undecodable);
    }
    let asked = filter.places(&Standard::of(|name| encoded.column(name)))?;
    let table = encoded.read(&asked).map_err(undecodable)?;
    let view = table.view().map_err(undecodable)?;
    let standard = Standard::of(|name| table.column(name));
    let rows = filter.rows(&view, &standard, block.rows() as usize);
    match rows.is_empty() {
        true => Ok(None),
        false => encoded.read_rows(&places, &rows).map(Some).map_err(undecodable),
    }
}

fn cells(
    reader: &JobReader,
    filter: &Filter,
    names: &[String],
    mut to: impl CellWriter,
) -> Result<(), StoreError> {
    for block in reader.blocks() {
        let Some(table) = own_table(reader, filter, block, names)? else { continue };
        let view = table.view().map_err(|cause| damaged(&block.block, cause.to_string()))?;
        write_rows(&view, 0..table.rows(), &mut to).map_err(not_taken)?;
    }
    to.finish().map_err(not_taken)
}

/// The same lines of rows that are in no block, in order; of those of CSV the first has the names.
pub(super) fn lines(
    layout: Layout,
    tables: &[Table],
    filter: &Filter,
    format: TextFormat,
) -> io::Result<Vec<u8>> {
    let own = layout.columns().take_while(|column| !column.name.starts_with(STANDARD_PREFIX));
    let names = own.clone().map(|column| column.name.as_str());
    let places: Vec<usize> = (0..own.count()).collect();
    let mut lines = Vec::new();
    let mut to: Box<dyn CellWriter> = match format {
        TextFormat::Csv => Box::new(CsvLines::new(names, &mut lines)),
        TextFormat::Jsonl => Box::new(JsonLines::new(names, &mut lines)),
    };
    for table in tables {
        let view = table.view()?;
        let standard = Standard::of(|name| table.column(name));
        let rows = filter.rows(&view, &standard, table.rows());
        let own = table.of(&places)?;
        write_rows(&own.view()?, rows, &mut *to)?;
    }
    to.finish()?;
    drop(to);
    Ok(lines)
}

fn write_rows(
    view: &TableView<'_>,
    rows: impl IntoIterator<Item = usize>,
    to: &mut (impl CellWriter + ?Sized),
) -> io::Result<()> {
    let mut cells = Vec::new();
    for row in rows {
        cells.clear();
        view.cells(row, &mut cells);
        to.write_cells(&cells)?;
    }
    Ok(())
}

fn tables(
    reader: &JobReader,
    filter: &Filter,
    names: &[String],
    mut file: ParquetFile<impl Write + Send>,
) -> Result<(), StoreError> {
    for block in reader.blocks() {
        if let Some(table) = own_table(reader, filter, block, names)? {
            file.write(&table).map_err(not_taken)?;
        }
    }
    file.finish().map_err(not_taken)
}

fn not_taken(cause: io::Error) -> StoreError {
    StoreError::io("write", Path::new("the export"), cause)
}
