//! The file that tells which plugin is inside.

use crate::classify::calls::{Calls, Inside, Slot, Watch};
use crate::limits::WORKERS_MAX;
use std::path::Path;
use std::sync::Arc;

#[test]
fn who_watches_knows_which_plugins_are_inside() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let watch = Watch::open(file.path()).unwrap();
    assert_eq!(watch.inside().unwrap(), []);
    let calls = Arc::new(Calls::new(Some(file.path())).unwrap());
    let opening = calls.name(Path::new("/a/b\tc.so"), None);
    let first = calls.name(Path::new("/a/b.so"), Some("org.b"));
    let (mut load, mut worker) = (calls.slot(), calls.slot());
    let seen = worker.inside(first, || load.inside(opening, || watch.inside().unwrap()));
    let inside = |slot, path: &str, id: Option<&str>| Inside {
        slot,
        call: 1,
        path: path.to_owned(),
        id: id.map(str::to_owned),
    };
    assert_eq!(seen, [inside(0, "/a/b\\tc.so", None), inside(1, "/a/b.so", Some("org.b"))]);
    assert_eq!(watch.inside().unwrap(), []);
    assert_eq!(worker.inside(first, || watch.inside().unwrap())[0].call, 2);
}

#[test]
fn slots_are_used_again_and_without_a_file_nothing_is_written() {
    let calls = Arc::new(Calls::default());
    let _load = calls.slot();
    for _ in 0..3 {
        let workers: Vec<Slot> = (0..WORKERS_MAX).map(|_| calls.slot()).collect();
        assert!(workers.iter().all(Slot::has_place));
    }
    assert_eq!(calls.slot().inside(calls.name(Path::new("a"), None), || 7), 7);
}
