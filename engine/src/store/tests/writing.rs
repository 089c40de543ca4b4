use super::super::segment::SegmentWriter;
use super::super::{Filter, JobReader, JobWriter};
use super::segments::SmallDisk;
use super::*;
use crate::limits::FLOWS_PER_BLOCK;
use std::sync::atomic::{AtomicU64, Ordering};
use tempfile::tempdir;

const BLOCK: u64 = FLOWS_PER_BLOCK as u64;

fn all(reader: JobReader) -> Vec<u64> {
    let facts = Arc::new(reader).facts(Filter::default(), 0);
    facts.map(|facts| facts.unwrap().flow_id).collect()
}

fn expected(flows: u64) -> Vec<u64> {
    (0..flows).map(|number| number * 3 + 1).collect()
}

#[test]
fn what_was_written_is_read_with_its_records_and_statistics() {
    let folder = tempdir().unwrap();
    let flows = 2 * BLOCK + 100;
    let heard = write_job(folder.path(), 7, flows);
    let reader = JobReader::open(folder.path()).unwrap();
    assert!(reader.damage().is_none());
    assert_eq!(reader.rows(), flows);
    assert_eq!(reader.statistics().unwrap(), statistics());
    assert_eq!(reader.top("clients", 1).unwrap(), statistics()[2..3]);
    assert_eq!(reader.top("ports", 1).unwrap(), []);
    let ended = reader.record_at_end().unwrap().unwrap();
    assert_eq!((ended.state, ended.flows), (JobState::Finished, flows));
    assert_eq!(reader.record_at_begin().unwrap().unwrap().state, JobState::InProgress);
    // What the listener heard is what stands there.
    let heard = heard.committed.lock().unwrap();
    assert_eq!(heard.iter().map(|(_, to)| to.rows).collect::<Vec<_>>(), [BLOCK, 2 * BLOCK, flows]);
    for (block, (entry, _)) in reader.blocks().iter().zip(heard.iter()) {
        assert_eq!(&reader.entry(block).unwrap(), entry);
        assert_eq!(&reader.entry_of_rows(block).unwrap(), entry);
    }
    // Up to any of it as it was then.
    for (_, committed) in heard.iter() {
        let reader = JobReader::open_to(folder.path(), Some(*committed)).unwrap();
        assert!(reader.damage().is_none());
        assert_eq!(reader.committed(), *committed);
    }
    assert_eq!(all(reader), expected(flows));
}

#[test]
fn the_same_job_written_again_has_the_same_bytes_but_for_its_records() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("segment-000001.trs");
    write_job(folder.path(), 7, 20_000);
    let one = std::fs::read(&path).unwrap();
    write_job(folder.path(), 7, 20_000);
    assert_eq!(one, std::fs::read(&path).unwrap());
}

#[test]
fn a_job_without_flows_has_columns() {
    let folder = tempdir().unwrap();
    write_job(folder.path(), 7, 0);
    let reader = JobReader::open(folder.path()).unwrap();
    assert_eq!((reader.rows(), reader.blocks().len()), (0, 1));
    let mut csv = Vec::new();
    super::super::export(&reader, &Filter::default(), super::super::ExportFormat::Csv, &mut csv)
        .unwrap();
    let names: Vec<&str> = native().columns().map(|column| column.name.as_str()).collect();
    assert_eq!(String::from_utf8(csv).unwrap(), names.join(",") + "\n");
    assert!(all(reader).is_empty());
}

#[test]
fn rows_that_are_in_no_file_yet_can_be_asked_for() {
    let folder = tempdir().unwrap();
    let begun = record(7, JobState::InProgress);
    let writer = JobWriter::create(folder.path(), native(), &begun, Heard::default()).unwrap();
    let (mut rows, pending) = (writer.cells(RowsOf::Flows), writer.pending());
    let filter = Filter { label: Some("vk".to_owned()), ..Filter::default() };
    for number in 0..40_u64 {
        append(native(), number * 1_000..(number + 1) * 1_000, &mut rows);
        // At any moment each row is on one of the two sides.
        let (committed, facts) = pending.of(&filter).unwrap();
        let reader = JobReader::open_to(folder.path(), Some(committed)).unwrap();
        assert_eq!(reader.rows(), committed.rows);
        let stored = Arc::new(reader).facts(filter.clone(), 0).map(Result::unwrap);
        let found: Vec<u64> = stored.chain(facts).map(|facts| facts.row).collect();
        let vk: Vec<u64> = (0..(number + 1) * 1_000).filter(|row| row % 4 == 2).collect();
        assert_eq!(found, vk.iter().map(|row| row + 1).collect::<Vec<_>>());
    }
    rows.finish().unwrap();
    let (committed, facts) = pending.of(&Filter::default()).unwrap();
    assert_eq!((committed.rows, facts.len()), (40_000, 0));
    drop(writer);
    // Nobody has ended it.
    let reader = JobReader::open(folder.path()).unwrap();
    assert!(reader.record_at_end().unwrap().is_none() && reader.statistics().unwrap().is_empty());
}

/// Gives the disk some room each time it is asked.
struct GivesRoom {
    room: Arc<AtomicU64>,
    bytes: u64,
    asked: Arc<AtomicU64>,
}

impl JobListener for GivesRoom {
    fn committed(&mut self, _: &Entry, _: Committed) {}

    fn full(&mut self) -> ControlFlow<()> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        match self.bytes {
            0 => ControlFlow::Break(()),
            bytes => {
                self.room.fetch_add(bytes, Ordering::SeqCst);
                ControlFlow::Continue(())
            }
        }
    }
}

#[test]
fn on_a_full_disk_nothing_is_lost_or_doubled() {
    let (folder, undisturbed) = (tempdir().unwrap(), tempdir().unwrap());
    let flows = 2 * BLOCK + 100;
    write_job(undisturbed.path(), 7, flows);
    let (room, asked) = (Arc::new(AtomicU64::new(10)), Arc::<AtomicU64>::default());
    let create = SmallDisk::create(Arc::clone(&room));
    let segments = SegmentWriter::create_with(folder.path(), create).unwrap();
    let listener = GivesRoom { room, bytes: 100_000, asked: Arc::clone(&asked) };
    let begun = record(7, JobState::InProgress);
    let writer = JobWriter::begin(segments, native(), &begun, Box::new(listener)).unwrap();
    let mut rows = writer.cells(RowsOf::Flows);
    append(native(), 0..flows, &mut rows);
    rows.finish().unwrap();
    writer.end(items(), &JobRecord { flows, ..record(7, JobState::Finished) }).unwrap();
    assert!(asked.load(Ordering::SeqCst) > 3);
    let bytes = |folder: &Path| std::fs::read(folder.join("segment-000001.trs")).unwrap();
    assert!(bytes(folder.path()) == bytes(undisturbed.path()));
}

#[test]
fn whoever_gives_up_on_a_full_disk_is_told_so_and_whole_blocks_stay() {
    let folder = tempdir().unwrap();
    let room = Arc::new(AtomicU64::new(1_000_000));
    let create = SmallDisk::create(Arc::clone(&room));
    let segments = SegmentWriter::create_with(folder.path(), create).unwrap();
    let listener = GivesRoom { room, bytes: 0, asked: Arc::default() };
    let begun = record(7, JobState::InProgress);
    let writer = JobWriter::begin(segments, native(), &begun, Box::new(listener)).unwrap();
    let mut rows = writer.cells(RowsOf::Flows);
    append(native(), 0..BLOCK, &mut rows);
    let columns: Vec<&Column> = native().stored().columns().collect();
    let cells = vec![Value::Null; columns.len()];
    let error = (0..10 * BLOCK)
        .find_map(|_| rows.write_cells(&cells).err())
        .or_else(|| rows.finish().err())
        .expect("an error");
    assert!(error.to_string().contains("segment-000001.trs"), "{error}");
    writer.end(items(), &begun).unwrap_err();
    let reader = JobReader::open(folder.path()).unwrap();
    assert!(reader.damage().is_none());
}

#[test]
fn columns_of_other_profiles_have_the_standard_ones_behind_them() {
    for profile in Profile::all() {
        let layout = Layout::of_flows(profile, false, false);
        let own: Vec<&str> = layout.columns().map(|column| column.name.as_str()).collect();
        let names = layout.stored().columns().map(|column| column.name.as_str());
        let names: Vec<&str> = names.collect();
        assert_eq!(names[..own.len()], own);
        let behind = &names[own.len()..];
        assert_eq!(behind.is_empty(), profile.name == "native", "{}", profile.name);
        assert!(behind.iter().all(|name| name.starts_with("tractor.")), "{behind:?}");
        let folder = tempdir().unwrap();
        let begun = record(7, JobState::InProgress);
        let writer = JobWriter::create(folder.path(), layout, &begun, Heard::default()).unwrap();
        let mut rows = writer.cells(RowsOf::Flows);
        append(layout, 0..100, &mut rows);
        rows.finish().unwrap();
        let facts: Vec<_> = writer.pending().of(&Filter::default()).unwrap().1;
        assert!(facts.is_empty());
        let reader = Arc::new(JobReader::open(folder.path()).unwrap());
        let all: Vec<_> = reader.facts(Filter::default(), 0).map(Result::unwrap).collect();
        for (number, facts) in (0..).zip(&all) {
            let made = Made { number };
            assert_eq!((facts.client, facts.server), (made.client(), made.server()));
            assert_eq!(facts.label.as_deref(), made.label());
            let comment = made.label().map(|_| "names: SNI it, \"said\" (0.95)");
            assert_eq!(facts.comment.as_deref(), comment);
        }
        assert_eq!(all.len(), 100);
    }
}
