use super::super::record::RECORD_FILE;
use super::super::{Index, JobReader, Store, StoreError, check, compact, rebuild};
use super::*;
use std::fs;
use tempfile::tempdir;

/// A store with a finished job and one that was killed.
fn some_store(data: &Path) {
    let mut store = Store::open(data).unwrap();
    let id = store.new_job(record(0, JobState::Queued)).unwrap().id;
    write_job(&store.folder(id), id, 20_000);
    store.save(&JobRecord { flows: 20_000, ..record(id, JobState::Finished) }).unwrap();
    let begun = store.new_job(record(0, JobState::InProgress)).unwrap();
    let folder = store.folder(begun.id);
    let writer = JobWriter::create(&folder, native(), &begun, Heard::default()).unwrap();
    let mut rows = writer.cells(RowsOf::Flows);
    append(native(), 0..17_000, &mut rows);
    rows.finish().unwrap();
}

#[test]
fn a_check_of_a_sound_store_finds_nothing_and_tells_how_much_it_read() {
    let data = tempdir().unwrap();
    some_store(data.path());
    drop(Index::open(data.path()).unwrap());
    let report = check(data.path()).unwrap();
    assert!(report.is_clean(), "{:?}", report.findings);
    assert_eq!((report.jobs, report.segments, report.flows), (2, 2, 37_000));
}

#[test]
fn a_check_names_what_is_damaged() {
    let data = tempdir().unwrap();
    some_store(data.path());
    drop(Index::open(data.path()).unwrap());
    let path = data.path().join("jobs/1/segment-000001.trs");
    let mut bytes = fs::read(&path).unwrap();
    bytes[9_000] ^= 1;
    fs::write(&path, bytes).unwrap();
    fs::remove_file(data.path().join("jobs/2").join(RECORD_FILE)).unwrap();
    fs::write(data.path().join("last_job_id"), "2").unwrap();
    let findings = check(data.path()).unwrap().findings;
    assert_eq!(findings.len(), 3, "{findings:?}");
    assert_eq!(findings[0], "last_job_id is missing or damaged");
    let words = ["job 1: segment-000001.trs is damaged at byte ", "the checksum does not match"];
    assert!(words.iter().all(|words| findings[1].contains(words)), "{findings:?}");
    assert!(findings[2].starts_with("job 2: ") && findings[2].ends_with("holds no job"));
}

#[test]
fn what_is_damaged_stays_so_when_all_else_is_made_anew() {
    let data = tempdir().unwrap();
    some_store(data.path());
    let path = data.path().join("jobs/1/segment-000001.trs");
    let mut bytes = fs::read(&path).unwrap();
    bytes[9_000] ^= 1;
    fs::write(&path, bytes).unwrap();
    let report = rebuild(data.path()).unwrap();
    assert_eq!(report.findings, check(data.path()).unwrap().findings);
    assert_eq!(report.findings.len(), 1, "{report:?}");
    assert!(report.findings[0].contains("the checksum does not match"), "{report:?}");
}

#[test]
fn a_record_that_is_lost_comes_back_from_the_segments() {
    let data = tempdir().unwrap();
    some_store(data.path());
    let path = |id: u64| data.path().join(format!("jobs/{id}")).join(RECORD_FILE);
    fs::remove_file(path(1)).unwrap();
    fs::write(path(2), b"{\"id\": 2, \"sta").unwrap();
    let report = rebuild(data.path()).unwrap();
    assert_eq!(report.done.len(), 3, "{:?}", report.done);
    let store = Store::open(data.path()).unwrap();
    let (records, errors) = store.records().unwrap();
    assert!(errors.is_empty());
    assert_eq!((records[0].state, records[0].flows), (JobState::Finished, 20_000));
    assert_eq!((records[1].state, records[1].flows), (JobState::Failed, 17_000));
    assert!(records[1].message.as_deref().unwrap().contains("its record was lost"));
    drop(store);
    assert!(check(data.path()).unwrap().is_clean());
}

#[test]
fn a_job_whose_end_the_server_did_not_see_is_finished() {
    let data = tempdir().unwrap();
    some_store(data.path());
    let store = Store::open(data.path()).unwrap();
    store.save(&record(1, JobState::InProgress)).unwrap();
    let (records, _) = store.records().unwrap();
    assert_eq!((records[0].state, records[0].flows), (JobState::Finished, 20_000));
    assert_eq!(records[1].state, JobState::InProgress);
    assert_eq!(JobRecord::saved(&store.folder(1)).unwrap().state, JobState::Finished);
}

#[test]
fn what_no_job_needs_is_removed_and_nothing_else() {
    let data = tempdir().unwrap();
    some_store(data.path());
    let left = [
        "index.damaged-7/db",
        "jobs/9.forgotten/segment-000001.trs",
        "jobs/1/job.json.unfinished",
        "last_job_id.unfinished",
    ];
    for path in left.map(|path| data.path().join(path)) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, vec![0; 1_000]).unwrap();
    }
    fs::create_dir(data.path().join("jobs/3")).unwrap();
    let report = compact(data.path()).unwrap();
    assert_eq!(report.bytes_freed, 4_000, "{:?}", report.done);
    assert!(left.iter().all(|path| !data.path().join(path).exists()));
    assert!(!data.path().join("jobs/3").exists());
    assert!(check(data.path()).unwrap().is_clean());
    assert_eq!(JobReader::open(&data.path().join("jobs/1")).unwrap().rows(), 20_000);
}

#[test]
fn a_store_in_use_is_neither_checked_nor_rebuilt_nor_compacted() {
    let data = tempdir().unwrap();
    let nothing = check(data.path()).unwrap_err().to_string();
    assert!(nothing.ends_with("is no store"), "{nothing}");
    let _store = Store::open(data.path()).unwrap();
    for result in [check(data.path()), rebuild(data.path()), compact(data.path())] {
        assert!(matches!(result, Err(StoreError::InUse { .. })));
    }
}
