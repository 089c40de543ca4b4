use super::super::block::{HEADER_BYTES, frame, kind};
use super::super::segment::{Create, SegmentFile, SegmentWriter, file_name, read_payload, walk};
use crate::limits::SEGMENT_BYTES_MAX;
use std::fs::{self, File};
use std::io;
use std::ops::ControlFlow;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tempfile::tempdir;

/// A disk with so much room; a write beyond it is done in part.
pub struct SmallDisk {
    file: File,
    room: Arc<AtomicU64>,
}

impl SmallDisk {
    pub fn create(room: Arc<AtomicU64>) -> Create {
        Box::new(move |path| {
            let file = File::create(path)?;
            Ok(Box::new(Self { file, room: Arc::clone(&room) }))
        })
    }
}

impl SegmentFile for SmallDisk {
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let room = self.room.load(Ordering::SeqCst).saturating_sub(offset);
        let fits = bytes.len().min(room as usize);
        FileExt::write_all_at(&self.file, &bytes[..fits], offset)?;
        match fits == bytes.len() {
            true => Ok(()),
            false => Err(io::ErrorKind::StorageFull.into()),
        }
    }

    fn cut_to(&self, length: u64) -> io::Result<()> {
        self.file.set_len(length)
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

fn some_block(bytes: usize) -> Vec<u8> {
    let mut out = Vec::new();
    frame(kind::FLOWS, 1, &vec![7; bytes], &mut out);
    out
}

fn never() -> ControlFlow<()> {
    ControlFlow::Break(())
}

#[test]
fn blocks_go_into_the_next_segment_before_one_is_too_long() {
    let folder = tempdir().unwrap();
    let mut writer = SegmentWriter::create(folder.path()).unwrap();
    let block = some_block(30 << 20);
    for _ in 0..3 {
        writer.append(&block, false, &mut never).unwrap();
    }
    writer.append(&some_block(100), true, &mut never).unwrap();
    let counts = [1, 2, 3].map(|number| {
        let walked = walk(folder.path(), number, None).unwrap()?;
        assert!(walked.damage.is_none());
        Some(walked.blocks.len())
    });
    assert_eq!(counts, [Some(2), Some(2), None]);
    for number in [1, 2] {
        let path = folder.path().join(file_name(number));
        assert!(path.metadata().unwrap().len() <= SEGMENT_BYTES_MAX);
    }
    // Another attempt leaves nothing of this one.
    SegmentWriter::create(folder.path()).unwrap();
    assert!(walk(folder.path(), 1, None).unwrap().is_none());
}

#[test]
fn a_block_that_the_disk_does_not_take_is_cut_off_and_written_again() {
    let folder = tempdir().unwrap();
    let room = Arc::new(AtomicU64::new(1_000));
    let create = SmallDisk::create(Arc::clone(&room));
    let mut writer = SegmentWriter::create_with(folder.path(), create).unwrap();
    let mut asked = 0;
    let mut full = || {
        // While it waits, whole blocks stand there and nothing else.
        let walked = walk(folder.path(), 1, None).unwrap().unwrap();
        assert!(walked.damage.is_none(), "{:?}", walked.damage);
        asked += 1;
        room.fetch_add(100, Ordering::SeqCst);
        ControlFlow::Continue(())
    };
    for _ in 0..10 {
        writer.append(&some_block(200), false, &mut full).unwrap();
    }
    assert!(asked > 5, "{asked}");
    let walked = walk(folder.path(), 1, None).unwrap().unwrap();
    assert_eq!(walked.blocks.len(), 10);
    for block in &walked.blocks {
        assert_eq!(read_payload(folder.path(), block).unwrap(), vec![7; 200]);
    }
    let error = writer.append(&some_block(9_000), false, &mut never).unwrap_err();
    assert!(error.is_full(), "{error}");
    assert_eq!(walk(folder.path(), 1, None).unwrap().unwrap().blocks.len(), 10);
}

#[test]
fn damage_is_named_by_segment_and_byte() {
    let folder = tempdir().unwrap();
    let mut writer = SegmentWriter::create(folder.path()).unwrap();
    let places =
        [1_000, 2_000].map(|bytes| writer.append(&some_block(bytes), false, &mut never).unwrap());
    let path = folder.path().join(file_name(1));
    let bytes = fs::read(&path).unwrap();
    let mut flipped = bytes.clone();
    flipped[places[1].offset as usize + HEADER_BYTES + 5] ^= 1;
    fs::write(&path, flipped).unwrap();
    let walked = walk(folder.path(), 1, None).unwrap().unwrap();
    assert!(read_payload(folder.path(), &walked.blocks[0]).is_ok());
    let error = read_payload(folder.path(), &walked.blocks[1]).unwrap_err().to_string();
    assert_eq!(error, "segment-000001.trs is damaged at byte 1040: the checksum does not match");
    fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    let walked = walk(folder.path(), 1, None).unwrap().unwrap();
    assert_eq!(walked.blocks.len(), 1);
    let error = walked.damage.unwrap().to_string();
    assert_eq!(error, "segment-000001.trs is damaged at byte 1040: a block is not whole");
}
