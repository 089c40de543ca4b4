use super::super::processed::PROCESSED_FILE;
use super::super::{FileMark, ProcessedFiles};
use crate::limits::PROCESSED_FILES_MAX;
use tempfile::tempdir;

fn mark(modified_ns: i64) -> FileMark {
    FileMark { inode: 7, bytes: 100, modified_ns, head: 5 }
}

#[test]
fn processed_files_are_remembered_and_a_damaged_memory_is_empty() {
    let data = tempdir().unwrap();
    let mut files = ProcessedFiles::load(data.path());
    assert!(!files.is_changed());
    files.note("a\u{1}.pcap", mark(1));
    assert!(files.is_changed());
    files.take_changes(|_| true).save(data.path()).unwrap();
    files.note("a\u{1}.pcap", mark(1));
    assert!(!files.is_changed(), "that was known");
    let again = ProcessedFiles::load(data.path());
    assert_eq!((again.of("a\u{1}.pcap"), again.of("b.pcap")), (Some(mark(1)), None));
    let path = data.path().join(PROCESSED_FILE);
    let bytes = std::fs::read(&path).unwrap();
    for place in 0..bytes.len() {
        let mut bytes = bytes.clone();
        bytes[place] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        let read = ProcessedFiles::load(data.path());
        assert_eq!(read, ProcessedFiles::default(), "byte {place}");
    }
}

#[test]
fn of_too_many_processed_files_those_that_are_gone_are_forgotten_first() {
    let mut files = ProcessedFiles::default();
    for number in 0..PROCESSED_FILES_MAX as i64 + 2 {
        files.note(&format!("{number}.pcap"), mark(number));
    }
    files.take_changes(|name| name != "9.pcap");
    assert_eq!(
        [9, 0, 1].map(|number| files.of(&format!("{number}.pcap"))),
        [None, None, Some(mark(1))]
    );
}
