//! Random damage to the files of a store; `TRACTOR_CASES` is the number of seeds.

use super::super::{Facts, Filter, Index, JobReader, Store, StoreError, check};
use super::*;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use tempfile::tempdir;

const JOBS: u64 = 3;
const FLOWS: u64 = 900;

fn cases(usual: u64) -> u64 {
    std::env::var("TRACTOR_CASES").ok().and_then(|count| count.parse().ok()).unwrap_or(usual)
}

/// Numbers of a seed (SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (bits ^ bits >> 31) % limit.max(1)
    }
}

type Files = BTreeMap<PathBuf, Vec<u8>>;

fn read(folder: &Path, files: &mut Files) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        match entry.file_type().unwrap().is_dir() {
            true => read(&entry.path(), files),
            false => drop(files.insert(entry.path(), fs::read(entry.path()).unwrap())),
        }
    }
}

fn write(data: &Path, files: &Files) {
    fs::remove_dir_all(data).unwrap();
    for (path, bytes) in files {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

fn damage(random: &mut Random, bytes: &mut Vec<u8>) {
    let length = bytes.len() as u64;
    let at = random.below(length) as usize;
    match random.below(3) {
        0 => bytes.truncate(at),
        1 if length > 0 => bytes[at] ^= 1 << random.below(8),
        _ => {
            let page = at / 4_096 * 4_096;
            let end = (page + 4_096).min(bytes.len());
            bytes[page..end].fill(0);
        }
    }
}

fn answers(folder: &Path) -> Vec<Result<Facts, StoreError>> {
    let filter = Filter { label: Some("vk".to_owned()), ..Filter::default() };
    Arc::new(JobReader::open(folder).unwrap()).facts(filter, 0).collect()
}

#[test]
fn whatever_is_damaged_the_store_opens_and_jobs_that_are_whole_answer_as_before() {
    let data = tempdir().unwrap();
    let data = data.path();
    let mut store = Store::open(data).unwrap();
    for _ in 0..JOBS {
        let id = store.new_job(record(0, JobState::Queued)).unwrap().id;
        write_job(&store.folder(id), id, FLOWS);
        store.save(&JobRecord { flows: FLOWS, ..record(id, JobState::Finished) }).unwrap();
    }
    drop(Index::open(data).unwrap());
    let expected: Vec<Facts> = answers(&store.folder(1)).into_iter().map(Result::unwrap).collect();
    assert_eq!(expected.len() as u64, FLOWS / 4);
    drop(store);
    let mut files = Files::new();
    read(data, &mut files);
    let names: Vec<PathBuf> = files.keys().cloned().collect();
    for seed in 0..cases(60) {
        let mut random = Random(seed);
        let mut damaged = files.clone();
        let mut hurt = Vec::new();
        for _ in 0..1 + random.below(3) {
            let path = &names[random.below(names.len() as u64) as usize];
            damage(&mut random, damaged.get_mut(path).unwrap());
            hurt.push(path.clone());
        }
        write(data, &damaged);
        let store = Store::open(data).unwrap();
        let (records, _) = store.records().unwrap();
        let index = Index::open(data).unwrap();
        for id in 1..=JOBS {
            let folder = store.folder(id);
            let is_hurt = |name: &str| hurt.contains(&folder.join(name));
            let told = answers(&folder);
            if is_hurt("segment-000001.trs") {
                // Nothing is made up.
                let told: Vec<Facts> = told.into_iter().flatten().collect();
                assert!(told.iter().all(|facts| expected.contains(facts)), "seed {seed}");
                continue;
            }
            let told: Vec<Facts> = told.into_iter().map(Result::unwrap).collect();
            assert!(told == expected, "seed {seed}: job {id}");
            let listed = records.iter().find(|record| record.id == id);
            let listed = listed.unwrap_or_else(|| panic!("seed {seed}: job {id} is not listed"));
            let ended = JobRecord { flows: FLOWS, ..record(id, JobState::Finished) };
            assert_eq!(*listed, ended, "seed {seed}");
            let reader = JobReader::open(&folder).unwrap();
            assert_eq!(reader.statistics().unwrap(), statistics(), "seed {seed}");
        }
        drop((index, store));
        check(data).unwrap();
        let mut store = Store::open(data).unwrap();
        assert!(store.new_job(record(0, JobState::Queued)).unwrap().id > JOBS, "seed {seed}");
    }
}
