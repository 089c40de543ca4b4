//! `tractor store check`, `rebuild` and `compact`.

use super::StoreError;
use super::data::{LAST_JOB_ID, Store, save_last_job_id, saved_last_job_id};
use super::files::{UNFINISHED, bytes_below};
use super::folders;
use super::gathered::RowsOf;
use super::index::{self, INDEX_FOLDER, Index};
use super::keeping::Removed;
use super::reader::JobReader;
use super::record::{JobRecord, JobState, RECORD_FILE};
use super::segment::{self, Place};
use crate::limits::FINDINGS_MAX;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What was looked at, and what is not as it should be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    pub jobs: u64,
    pub segments: u64,
    pub blocks: u64,
    pub flows: u64,
    /// Of all segments.
    pub bytes: u64,
    /// What `compact` has freed.
    pub bytes_freed: u64,
    /// Sentences: what is wrong.
    pub findings: Vec<String>,
    pub findings_not_kept: u64,
    /// Sentences: what was done.
    pub done: Vec<String>,
}

impl Report {
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    fn find(&mut self, finding: String) {
        match self.findings.len() < FINDINGS_MAX {
            true => self.findings.push(finding),
            false => self.findings_not_kept += 1,
        }
    }
}

/// Reads all that a store holds and says what is damaged. Nothing is changed.
///
/// # Errors
/// When the store is in use or cannot be read.
pub fn check(data: &Path) -> Result<Report, StoreError> {
    let store = Store::hold(data)?;
    let mut report = Report::default();
    check_last_job_id(&store, &mut report);
    let index = check_index(data, &mut report);
    for (id, folder) in folders::jobs(data)? {
        report.jobs += 1;
        check_job(id, &folder, index.as_ref(), &mut report);
    }
    Ok(report)
}

fn check_last_job_id(store: &Store, report: &mut Report) {
    let saved = saved_last_job_id(store.data());
    if store.last_job_id() > 0 && saved.is_none() {
        report.find(format!("{LAST_JOB_ID} is missing or damaged"));
    } else if saved.unwrap_or(0) < store.last_job_id() {
        report.find(format!("{LAST_JOB_ID} is behind job {}", store.last_job_id()));
    }
}

fn check_index(data: &Path, report: &mut Report) -> Option<Index> {
    if !data.join(INDEX_FOLDER).exists() {
        return None;
    }
    match Index::open_as_it_is(data) {
        Ok(index) => Some(index),
        Err(error) => {
            report.find(format!("index: {error}"));
            None
        }
    }
}

fn check_job(id: u64, folder: &Path, index: Option<&Index>, report: &mut Report) {
    let saved = JobRecord::saved(folder);
    if let Err(error) = &saved {
        report.find(format!("job {id}: {error}"));
    }
    check_segments(id, folder, report);
    let reader = match JobReader::open(folder) {
        Ok(reader) => reader,
        Err(error) => return report.find(format!("job {id}: {error}")),
    };
    report.flows += reader.rows();
    let state = saved.as_ref().map(|record| record.state).unwrap_or_default();
    let flows = saved.map(|record| record.flows).unwrap_or(0);
    let ended = matches!(reader.record_at_end(), Ok(Some(_)));
    if state == JobState::Finished && !ended {
        report.find(format!("job {id}: it is finished, and its segments have no end"));
    }
    if state == JobState::Finished && ended && flows != reader.rows() {
        let there = reader.rows();
        report.find(format!("job {id}: its record tells of {flows} flows, and {there} are there"));
    }
    check_entries(id, &reader, index, report);
    for of in RowsOf::ALL.into_iter().filter(|&of| of != RowsOf::Flows) {
        check_entries(id, &reader.of(of), None, report);
    }
}

/// Every block: its checksum, and that it can be decoded.
fn check_segments(id: u64, folder: &Path, report: &mut Report) {
    let numbers = numbers(folder);
    let removed = match Removed::load(folder) {
        Ok(removed) => removed.segments,
        Err(error) => return report.find(format!("job {id}: {error}")),
    };
    // One that was about to be removed may still be there.
    let kept = numbers.iter().filter(|number| **number > removed);
    for (place, number) in kept.enumerate() {
        if *number != removed + place as u32 + 1 {
            let missing = segment::file_name(removed + place as u32 + 1);
            return report.find(format!("job {id}: {missing} is missing"));
        }
        report.segments += 1;
        report.bytes += bytes_below(&folder.join(segment::file_name(*number)));
        let walked = match segment::walk(folder, *number, None) {
            Ok(walked) => walked.unwrap_or_default(),
            Err(error) => {
                report.find(format!("job {id}: {error}"));
                continue;
            }
        };
        for block in &walked.blocks {
            report.blocks += 1;
            if let Err(error) = segment::read_payload(folder, block) {
                report.find(format!("job {id}: {error}"));
            }
        }
        if let Some(error) = walked.damage {
            report.find(format!("job {id}: {error}"));
        }
    }
}

fn numbers(folder: &Path) -> Vec<u32> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut numbers: Vec<u32> =
        entries.filter_map(|entry| segment::number_of(entry.file_name().to_str()?)).collect();
    numbers.sort_unstable();
    numbers
}

/// What blocks are about, against their rows, and the index against the segments.
fn check_entries(id: u64, reader: &JobReader, index: Option<&Index>, report: &mut Report) {
    let mut places: BTreeSet<Place> = BTreeSet::new();
    for flows in reader.blocks() {
        let place = flows.block.place;
        places.insert(place);
        let name = segment::file_name(place.segment);
        let entry = match reader.entry_of_rows(flows) {
            Ok(entry) => entry,
            // Blocks that are damaged were told already.
            Err(StoreError::Damaged { why, .. }) if why.contains("checksum") => continue,
            Err(error) => {
                report.find(format!("job {id}: {error}"));
                continue;
            }
        };
        if reader.written_entry(flows).as_ref() != Some(&entry) {
            report.find(format!(
                "job {id}: behind the block at byte {} of {name} does not stand what it is about",
                place.offset
            ));
        }
        let indexed = index.map(|index| index.entry(id, place));
        if let Some(indexed) = indexed
            && indexed.ok().flatten().as_ref() != Some(&entry)
        {
            report.find(format!(
                "index: it does not know the block of job {id} at byte {} of {name}",
                place.offset
            ));
        }
    }
    let indexed = index.and_then(|index| index.places(id).ok()).unwrap_or_default();
    for place in indexed.iter().filter(|place| !places.contains(place)) {
        let name = segment::file_name(place.segment);
        report.find(format!(
            "index: it knows a block of job {id} at byte {} of {name} that is not there",
            place.offset
        ));
    }
}

/// Makes anew what can be made from the segments: records that are lost, and the index. Then all is
/// checked as by [`check`]: what is damaged in segments nobody can make anew.
///
/// # Errors
/// When the store is in use or cannot be written.
pub fn rebuild(data: &Path) -> Result<Report, StoreError> {
    let store = Store::hold(data)?;
    let mut done = Vec::new();
    for (id, folder) in &folders::jobs(data)? {
        let saved = JobRecord::saved(folder).ok();
        // What cannot be loaded is found below.
        if let Ok(record) = JobRecord::load(folder)
            && saved.as_ref() != Some(&record)
        {
            JobRecord { id: *id, ..record }.save(folder)?;
            done.push(format!("job {id}: {RECORD_FILE} is written anew"));
        }
    }
    save_last_job_id(data, store.last_job_id())?;
    index::remove(data)?;
    let index = Index::open(data)?;
    index.raise_last_job_id(store.last_job_id())?;
    done.push("the index is made anew".to_owned());
    drop((index, store));
    Ok(Report { done, ..check(data)? })
}

/// Removes what no job needs: jobs that were being forgotten, files that were not finished, indexes
/// that were set aside.
///
/// # Errors
/// When the store is in use or something cannot be removed.
pub fn compact(data: &Path) -> Result<Report, StoreError> {
    let mut report = Report::default();
    let store = Store::hold(data)?;
    let mut needless: Vec<PathBuf> = store.being_forgotten();
    needless.extend(index::all_set_aside(data).into_iter().map(|(_, path)| path));
    let mut looked_into = vec![data.to_owned()];
    looked_into.extend(folders::jobs(data)?.into_iter().map(|(_, folder)| folder));
    for folder in looked_into {
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
        needless.extend(entries.map(|entry| entry.path()).filter(|path| {
            path.file_name()
                .and_then(|name| name.to_str())
                .is_some_and(|name| name.ends_with(UNFINISHED))
        }));
    }
    for path in needless {
        let bytes = bytes_below(&path);
        let removed = match path.is_dir() {
            true => fs::remove_dir_all(&path),
            false => fs::remove_file(&path),
        };
        removed.map_err(|cause| StoreError::io("remove", &path, cause))?;
        report.bytes_freed += bytes;
        report.done.push(format!("{} is removed", path.display()));
    }
    for (_, folder) in folders::jobs(data)? {
        // Only an empty one goes: of a job that was not even begun.
        if fs::remove_dir(&folder).is_ok() {
            report.done.push(format!("{} is removed", folder.display()));
        }
    }
    Ok(report)
}
