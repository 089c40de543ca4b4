use super::super::{CaptureKey, Index, JobReader, Store, StoreError};
use super::*;
use std::fs;
use tempfile::tempdir;

#[test]
fn an_index_is_made_from_the_folders_and_follows_them() {
    let data = tempdir().unwrap();
    let store = Store::open(data.path()).unwrap();
    for id in [3, 5] {
        write_job(&store.folder(id), id, 20_000);
        store.save(&record(id, JobState::Finished)).unwrap();
    }
    let index = Index::open(data.path()).unwrap();
    let ids = |index: &Index| -> Vec<u64> {
        index.jobs().unwrap().iter().map(|record| record.id).collect()
    };
    assert_eq!((ids(&index), index.last_job_id().unwrap()), (vec![3, 5], 5));
    let reader = JobReader::open(&store.folder(5)).unwrap();
    for block in reader.blocks() {
        let entry = index.entry(5, block.block.place).unwrap().unwrap();
        assert_eq!(entry, reader.entry(block).unwrap());
    }
    drop(index);
    store.forget(5).unwrap();
    let index = Index::open(data.path()).unwrap();
    assert_eq!((ids(&index), index.last_job_id().unwrap()), (vec![3], 5));
    assert!(index.places(5).unwrap().is_empty());
    let reader = JobReader::open(&store.folder(3)).unwrap();
    assert!(reader.blocks().len() > 1);
    assert_eq!(index.places(3).unwrap().len(), reader.blocks().len());
}

#[test]
fn an_index_that_is_told_to_stop_does_so_before_the_next_job_and_goes_on_later() {
    let data = tempdir().unwrap();
    let store = Store::open(data.path()).unwrap();
    for id in 1..=3 {
        write_job(&store.folder(id), id, 100);
        store.save(&record(id, JobState::Finished)).unwrap();
    }
    let asked = std::cell::Cell::new(0);
    let stopped = Index::open_until(data.path(), &|| asked.replace(asked.get() + 1) == 2);
    assert!(matches!(stopped, Err(StoreError::Stopped)));
    assert_eq!(asked.get(), 3);
    let index = Index::open_as_it_is(data.path()).unwrap();
    assert_eq!(index.jobs().unwrap().len(), 2);
    drop(index);
    assert_eq!(Index::open(data.path()).unwrap().jobs().unwrap().len(), 3);
}

#[test]
fn an_index_that_does_not_open_is_set_aside_and_made_anew() {
    let data = tempdir().unwrap();
    let store = Store::open(data.path()).unwrap();
    write_job(&store.folder(1), 1, 100);
    for round in 1..5 {
        drop(Index::open(data.path()).unwrap());
        let database = data.path().join("index/db");
        let bytes = fs::read(&database).unwrap();
        fs::write(&database, vec![0xa5; bytes.len() / 2]).unwrap();
        let index = Index::open(data.path()).unwrap();
        assert_eq!(index.places(1).unwrap().len(), 1, "round {round}");
    }
    // Some of these open, empty, and are filled again.
    let set_aside = super::super::index::all_set_aside(data.path());
    assert!((1..=2).contains(&set_aside.len()), "{set_aside:?}");
}

#[test]
fn descriptions_of_captures_are_of_one_size_and_time() {
    let data = tempdir().unwrap();
    let index = Index::open(data.path()).unwrap();
    let key = |bytes| CaptureKey { name: "a.pcap".to_owned(), bytes, modified_ns: -7 };
    let description = serde_json::json!({ "packets": 12 });
    index.put_capture(&key(100), &description).unwrap();
    assert_eq!(index.capture(&key(100)).unwrap(), Some(description.clone()));
    assert_eq!(index.capture(&key(101)).unwrap(), None);
    index.put_capture(&key(101), &description).unwrap();
    assert_eq!(index.capture(&key(100)).unwrap(), None);
}
