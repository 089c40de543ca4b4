use super::super::data::LAST_JOB_ID;
use super::super::folders::JOBS;
use super::super::record::RECORD_FILE;
use super::super::{JobRecord, JobState, Retention, Store, StoreError};
use std::fs;
use tempfile::tempdir;

fn over(id: u64, finished_at: i64) -> JobRecord {
    let finished_at = Some(finished_at);
    JobRecord { id, state: JobState::Finished, finished_at, ..JobRecord::default() }
}

#[test]
fn a_second_holder_is_told_who_is_the_first() {
    let data = tempdir().unwrap();
    let store = Store::open(data.path()).unwrap();
    let error = Store::open(data.path()).map(|_| ()).unwrap_err().to_string();
    let expected = format!("{} is in use by process {}", data.path().display(), std::process::id());
    assert_eq!(error, expected);
    drop(store);
    Store::open(data.path()).unwrap();
}

#[test]
fn an_id_is_never_given_twice() {
    let data = tempdir().unwrap();
    let mut store = Store::open(data.path()).unwrap();
    let ids = [(); 3].map(|()| store.new_job(JobRecord::default()).unwrap().id);
    assert_eq!(ids, [1, 2, 3]);
    store.forget(3).unwrap();
    assert!(matches!(store.forget(3), Err(StoreError::NoSuchJob(3))));
    drop(store);
    let mut store = Store::open(data.path()).unwrap();
    assert_eq!(store.new_job(JobRecord::default()).unwrap().id, 4);
    drop(store);
    // Half of it was written, by a disk that loses things.
    fs::write(data.path().join(LAST_JOB_ID), "1").unwrap();
    let mut store = Store::open(data.path()).unwrap();
    assert_eq!(store.new_job(JobRecord::default()).unwrap().id, 5);
    let (records, errors) = store.records().unwrap();
    assert_eq!(records.iter().map(|record| record.id).collect::<Vec<_>>(), [1, 2, 4, 5]);
    assert!(errors.is_empty());
}

#[test]
fn what_was_being_forgotten_is_gone_at_the_next_start() {
    let data = tempdir().unwrap();
    let mut store = Store::open(data.path()).unwrap();
    let id = store.new_job(JobRecord::default()).unwrap().id;
    let folder = store.folder(id);
    drop(store);
    fs::rename(&folder, data.path().join(JOBS).join("1.forgotten")).unwrap();
    let store = Store::open(data.path()).unwrap();
    assert!(store.records().unwrap().0.is_empty());
    assert_eq!(fs::read_dir(data.path().join(JOBS)).unwrap().count(), 0);
}

#[test]
fn a_job_whose_record_is_damaged_has_failed_and_one_that_was_not_begun_is_none() {
    let data = tempdir().unwrap();
    let mut store = Store::open(data.path()).unwrap();
    let queued = JobRecord { file_name: "a.pcap".to_owned(), ..JobRecord::default() };
    let ids = [(); 3].map(|()| store.new_job(queued.clone()).unwrap().id);
    let path = store.folder(ids[0]).join(RECORD_FILE);
    let damaged = fs::read_to_string(&path).unwrap().replace("a.pcap", "b.pcap");
    fs::write(&path, &damaged).unwrap();
    let whole = store.folder(ids[1]).join(RECORD_FILE);
    fs::rename(&whole, whole.with_extension("json.unfinished")).unwrap();
    let (records, errors) = store.records().unwrap();
    let states: Vec<_> = records.iter().map(|record| (record.id, record.state)).collect();
    assert_eq!(states, [(ids[0], JobState::Failed), (ids[2], JobState::Queued)]);
    let message = records[0].message.clone().unwrap();
    assert!(message.contains("job.json is damaged") && errors.len() == 1, "{message}");
    assert_eq!(fs::read_to_string(&path).unwrap(), damaged, "it stays as it is");
    assert!(!store.folder(ids[1]).exists());
}

#[test]
fn old_jobs_and_those_beyond_the_number_are_forgotten_but_none_that_runs() {
    let mut records = vec![over(1, 100), over(2, 1_000_000), over(4, 100), over(5, 1_000_000)];
    records.push(JobRecord { id: 3, state: JobState::InProgress, ..JobRecord::default() });
    let forgotten =
        |keep_jobs, keep_days| Retention { keep_jobs, keep_days }.to_forget(&records, 1_000_000);
    assert_eq!(forgotten(None, None), [0; 0]);
    // Those that ended first go first.
    assert_eq!(forgotten(Some(2), None), [1, 4]);
    assert_eq!(forgotten(None, Some(10)), [1, 4]);
    assert_eq!(forgotten(Some(0), None), [1, 4, 2, 5]);
    // Nobody knows when it ended: somebody may want to look at it.
    records.push(JobRecord { id: 6, state: JobState::Failed, ..JobRecord::default() });
    let retention = Retention { keep_jobs: Some(2), keep_days: Some(10) };
    assert_eq!(retention.to_forget(&records, 1_000_000), [1, 4]);
}
