//! The results of jobs on disk.
//!
//! ```text
//! DATA/lock                                   held while the store is open, with the holder's process id
//! DATA/last_job_id                            the greatest id that a job ever had
//! DATA/processed_files                        which captures have had their job, whatever is kept of it
//! DATA/index/                                 only an index: made anew when it does not open
//! DATA/jobs/<id>/job.json                     the record of a job
//! DATA/jobs/<id>/segment-000001.trs and on    what the job found: the truth
//! ```
//!
//! Segments are files of blocks ([`block`], [`segment`]); flows are in them as small Parquet files, so
//! that what a question needs is read column by column. [`JobWriter`] writes the folder of a job while
//! it runs, [`JobReader`] reads it, also meanwhile.

mod block;
mod check;
mod checkpoint;
mod data;
mod entry;
mod error;
mod export;
mod facts;
mod files;
mod filter;
mod folders;
mod gathered;
mod going_on;
mod index;
mod journal;
mod keeping;
mod pending;
mod processed;
mod question;
mod reader;
mod record;
mod segment;
mod sessions;
#[cfg(test)]
mod tests;
mod totals;
mod windows;
mod writer;

pub use block::checksum;
pub use check::{Report, check, compact, rebuild};
pub use checkpoint::{Checkpoints, Found};
pub use data::{Retention, Store, forget};
pub use entry::{Committed, Entry};
pub use error::StoreError;
pub use export::{ExportFormat, TextFormat, export};
pub use facts::{Facts, facts_of};
pub use filter::Filter;
pub use folders::of_job as folder_of_job;
pub use index::{CaptureKey, Index};
pub use journal::{JournalFile, JournalRoom, remove_journal};
pub use pending::PendingRows;
pub use processed::{FileMark, ProcessedFiles};
pub use question::Answers;
pub use reader::{FlowBlock, JobReader};
pub use record::{JobRecord, JobState, WithoutPlugin};
pub use sessions::{FoundSessions, SessionFilter, SessionRow, session_rows};
pub use totals::StatisticRow;
pub use windows::{EndedWindows, WindowCount, WindowCounts};
pub use writer::{JobLayout, JobListener, JobRows, JobWriter, WindowLayout};
