use super::super::record::RECORD_FILE;
use super::super::{JobRecord, JobState};
use crate::limits::{JOB_RECORD_BYTES_MAX, JOB_WARNINGS_MAX};
use tempfile::tempdir;

#[test]
fn a_record_reads_back_and_what_it_lacks_has_its_default() {
    let folder = tempdir().unwrap();
    let record = JobRecord { id: 7, state: JobState::InProgress, ..JobRecord::default() };
    record.save(folder.path()).unwrap();
    assert_eq!(JobRecord::load(folder.path()).unwrap(), record);
    let newer = br#"{"id":8,"state":"finished","colour":"green"}"#;
    std::fs::write(folder.path().join(RECORD_FILE), newer).unwrap();
    let record = JobRecord::load(folder.path()).unwrap();
    assert_eq!((record.id, record.state, record.flows), (8, JobState::Finished, 0));
}

#[test]
fn a_record_with_a_flipped_bit_is_damaged() {
    let folder = tempdir().unwrap();
    let record = JobRecord { id: 7, file_name: "a.pcap".to_owned(), ..JobRecord::default() };
    record.save(folder.path()).unwrap();
    let path = folder.path().join(RECORD_FILE);
    let bytes = std::fs::read(&path).unwrap();
    serde_json::from_slice::<serde_json::Value>(&bytes).unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut bytes = bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(&path, bytes).unwrap();
        let read = JobRecord::load(folder.path());
        assert!(read.is_err() || read.unwrap() == record, "bit {bit}");
    }
}

#[test]
fn texts_and_warnings_are_bounded_and_a_record_beyond_all_bounds_is_refused() {
    let mut record = JobRecord { message: Some("ä".repeat(1_000)), ..JobRecord::default() };
    (0..150).for_each(|_| record.warn("x".repeat(5_000)));
    assert_eq!((record.warnings.len(), record.warnings_not_kept), (JOB_WARNINGS_MAX, 50));
    let json: JobRecord = serde_json::from_slice(&record.to_json().unwrap()).unwrap();
    assert_eq!(json.message.unwrap().len(), 1_022);
    record.profile = "x".repeat(JOB_RECORD_BYTES_MAX);
    let error = record.to_json().unwrap_err().to_string();
    assert!(error.contains("more than 1048576"), "{error}");
}

#[test]
fn without_a_record_and_segments_there_is_no_job() {
    let folder = tempdir().unwrap();
    let error = JobRecord::load(folder.path()).unwrap_err().to_string();
    assert!(error.ends_with("holds no job"), "{error}");
}
