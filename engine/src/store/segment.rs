//! Segments: files of blocks, one after the other.
//!
//! A segment begins with `TrActorS`, the version of the format and its own number (both 4 bytes,
//! little-endian); see [`super::block`] for what follows.

use super::StoreError;
use super::block::{self, HEADER_BYTES, Header};
use super::error::is_full;
use super::files::sync_folder;
use super::keeping::forget_removed;
use crate::limits::{JOB_RECORD_BYTES_MAX, SEGMENT_BYTES_MAX, SEGMENTS_MAX};
use std::fs::{self, File};
use std::io;
use std::ops::ControlFlow;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

const MAGIC: [u8; 8] = *b"TrActorS";
const FORMAT: u32 = 1;
const BEGIN_BYTES: usize = 16;

/// What a segment may hold beside the records of its job.
const ROOM_BYTES: u64 = SEGMENT_BYTES_MAX - 2 * (JOB_RECORD_BYTES_MAX + HEADER_BYTES) as u64;

/// `segment-000001.trs`, from 1 on.
pub fn file_name(number: u32) -> String {
    format!("segment-{number:06}.trs")
}

/// The number in the name of a segment.
pub fn number_of(name: &str) -> Option<u32> {
    let number = name.strip_prefix("segment-")?.strip_suffix(".trs")?.parse().ok()?;
    (file_name(number) == name).then_some(number)
}

fn begin(number: u32) -> [u8; BEGIN_BYTES] {
    let mut bytes = [0; BEGIN_BYTES];
    bytes[..8].copy_from_slice(&MAGIC);
    bytes[8..12].copy_from_slice(&FORMAT.to_le_bytes());
    bytes[12..].copy_from_slice(&number.to_le_bytes());
    bytes
}

/// Removes the segments of an earlier attempt, the last first: it is the one that says that a job
/// has ended.
pub fn remove_all(folder: &Path) -> Result<(), StoreError> {
    remove_behind(folder, 0)
        .and_then(|()| forget_removed(folder))
        .map_err(|cause| StoreError::io("remove the segments in", folder, cause))
}

/// Removes the segments behind one, the last first.
fn remove_behind(folder: &Path, last: u32) -> io::Result<()> {
    let mut numbers: Vec<u32> = Vec::new();
    for entry in fs::read_dir(folder)? {
        numbers.extend(entry?.file_name().to_str().and_then(number_of));
    }
    numbers.sort_unstable();
    for number in numbers.iter().rev().filter(|number| **number > last) {
        fs::remove_file(folder.join(file_name(*number)))?;
    }
    sync_folder(folder)
}

/// What a segment is written to.
pub trait SegmentFile: Send {
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;
    fn cut_to(&self, length: u64) -> io::Result<()>;
    fn sync(&self) -> io::Result<()>;
}

impl SegmentFile for File {
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        FileExt::write_all_at(self, bytes, offset)
    }

    fn cut_to(&self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_all()
    }
}

/// Makes the file of a segment.
pub type Create = Box<dyn FnMut(&Path) -> io::Result<Box<dyn SegmentFile>> + Send>;

/// Asked when the disk is full: go on to try again, break to give up.
pub type WhenFull<'a> = &'a mut dyn FnMut() -> ControlFlow<()>;

/// Whether there is a segment of that number.
pub fn is_there(folder: &Path, number: u32) -> bool {
    folder.join(file_name(number)).exists()
}

/// Where something stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub segment: u32,
    pub offset: u64,
}

/// Appends blocks to the segments of a job.
pub struct SegmentWriter {
    folder: PathBuf,
    create: Create,
    file: Option<Box<dyn SegmentFile>>,
    number: u32,
    offset: u64,
    /// Bytes of the segment but for records.
    counted: u64,
}

impl SegmentWriter {
    /// Begins a job anew; nothing of an earlier attempt is left.
    pub fn create(folder: &Path) -> Result<Self, StoreError> {
        let create = |path: &Path| {
            let file: Box<dyn SegmentFile> = Box::new(File::create(path)?);
            Ok(file)
        };
        Self::create_with(folder, Box::new(create))
    }

    /// Goes on behind a place, with so many bytes of its segment that are no records: what stands behind
    /// it is cut off.
    pub fn go_on(folder: &Path, end: Place, counted: u64) -> Result<Self, StoreError> {
        let path = folder.join(file_name(end.segment));
        let create = |path: &Path| {
            let file: Box<dyn SegmentFile> = Box::new(File::create(path)?);
            Ok(file)
        };
        let cut = || -> io::Result<Option<File>> {
            if end.segment == 0 {
                return remove_behind(folder, 0).map(|()| None);
            }
            let file = File::options().write(true).open(&path)?;
            if file.metadata()?.len() < end.offset {
                return Err(io::Error::other("it is shorter than it was at the checkpoint"));
            }
            remove_behind(folder, end.segment)?;
            file.set_len(end.offset)?;
            Ok(Some(file))
        };
        let file = cut().map_err(|cause| StoreError::io("go on with", &path, cause))?;
        Ok(Self {
            folder: folder.to_owned(),
            create: Box::new(create),
            file: file.map(|file| -> Box<dyn SegmentFile> { Box::new(file) }),
            number: end.segment,
            offset: end.offset,
            counted,
        })
    }

    /// Bytes of the segment but for records.
    pub fn counted(&self) -> u64 {
        self.counted
    }

    pub fn create_with(folder: &Path, create: Create) -> Result<Self, StoreError> {
        remove_all(folder)?;
        let folder = folder.to_owned();
        Ok(Self { folder, create, file: None, number: 0, offset: 0, counted: 0 })
    }

    /// Appends whole blocks that belong together; says where they stand. `is_record` for what may
    /// differ from one run of the job to the next, and must not move what follows.
    pub fn append(
        &mut self,
        blocks: &[u8],
        is_record: bool,
        full: WhenFull<'_>,
    ) -> Result<Place, StoreError> {
        let bytes = if is_record { 0 } else { blocks.len() as u64 };
        if self.file.is_none() || self.counted + bytes > ROOM_BYTES {
            self.next_segment(full)?;
        }
        let place = Place { segment: self.number, offset: self.offset };
        let file = self.file.as_deref();
        let file = file.ok_or_else(|| StoreError::Internal("no segment is open".to_owned()))?;
        let path = self.folder.join(file_name(self.number));
        until_room(&path, full, || {
            file.write_all_at(blocks, place.offset).inspect_err(|_| {
                // Half a block is cut off again, so that whoever reads finds whole ones only.
                let _ = file.cut_to(place.offset);
            })
        })?;
        self.offset += blocks.len() as u64;
        self.counted += bytes;
        Ok(place)
    }

    /// Where the next block would stand.
    pub fn end(&self) -> Place {
        Place { segment: self.number, offset: self.offset }
    }

    /// Makes all that was written last.
    pub fn sync(&mut self) -> Result<(), StoreError> {
        let path = self.folder.join(file_name(self.number));
        let synced = self.file.as_deref().map_or(Ok(()), SegmentFile::sync);
        synced.map_err(|cause| StoreError::io("write", &path, cause))
    }

    fn next_segment(&mut self, full: WhenFull<'_>) -> Result<(), StoreError> {
        self.sync()?;
        self.file = None;
        if self.number == SEGMENTS_MAX {
            return Err(StoreError::TooManySegments(SEGMENTS_MAX));
        }
        let path = self.folder.join(file_name(self.number + 1));
        let file = until_room(&path, full, || {
            let file = (self.create)(&path)?;
            file.write_all_at(&begin(self.number + 1), 0)?;
            sync_folder(&self.folder)?;
            Ok(file)
        })?;
        self.file = Some(file);
        self.number += 1;
        self.offset = BEGIN_BYTES as u64;
        self.counted = BEGIN_BYTES as u64;
        Ok(())
    }
}

/// Tries until the disk has room for it.
pub(super) fn until_room<T>(
    path: &Path,
    full: WhenFull<'_>,
    mut write: impl FnMut() -> io::Result<T>,
) -> Result<T, StoreError> {
    loop {
        match write() {
            Ok(done) => return Ok(done),
            Err(cause) if is_full(&cause) && full().is_continue() => {}
            Err(cause) => return Err(StoreError::io("write", path, cause)),
        }
    }
}

/// A block of a segment, of which the header was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    pub place: Place,
    pub header: Header,
}

impl Block {
    /// Where the next one begins.
    pub fn end(&self) -> u64 {
        self.place.offset + HEADER_BYTES as u64 + u64::from(self.header.payload_bytes)
    }
}

/// The blocks of a segment up to where it ends, or up to what is not whole or none.
#[derive(Debug, Default)]
pub struct Walked {
    pub blocks: Vec<Block>,
    /// Why there are no more, when it is not the end.
    pub damage: Option<StoreError>,
}

/// Reads the headers of a segment's blocks; `None` where there is no such segment. What stands
/// behind `up_to` is not looked at.
pub fn walk(folder: &Path, number: u32, up_to: Option<u64>) -> Result<Option<Walked>, StoreError> {
    let path = folder.join(file_name(number));
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(cause) => return Err(StoreError::io("read", &path, cause)),
    };
    let mut walked = Walked::default();
    walked.damage = walk_file(&file, number, up_to, &mut walked.blocks).err();
    Ok(Some(walked))
}

fn walk_file(
    file: &File,
    number: u32,
    up_to: Option<u64>,
    blocks: &mut Vec<Block>,
) -> Result<(), StoreError> {
    let name = file_name(number);
    let damaged = |offset, why: &str| StoreError::damaged(name.clone(), offset, why);
    let unreadable = |offset, cause: io::Error| damaged(offset, &cause.to_string());
    let length = file.metadata().map_err(|cause| unreadable(0, cause))?.len();
    let length = up_to.map_or(length, |up_to| up_to.min(length));
    let mut first = [0; BEGIN_BYTES];
    if length < BEGIN_BYTES as u64 {
        return Err(damaged(length, "it ends there"));
    }
    file.read_exact_at(&mut first, 0).map_err(|cause| unreadable(0, cause))?;
    if first != begin(number) {
        return Err(damaged(0, "it does not begin as a segment of this number and format"));
    }
    let mut offset = BEGIN_BYTES as u64;
    while offset < length {
        if length - offset < HEADER_BYTES as u64 {
            return Err(damaged(offset, "a block is not whole"));
        }
        let mut bytes = [0; HEADER_BYTES];
        file.read_exact_at(&mut bytes, offset).map_err(|cause| unreadable(offset, cause))?;
        let header = Header::from_bytes(&bytes).map_err(|why| damaged(offset, why))?;
        let block = Block { place: Place { segment: number, offset }, header };
        if block.end() > length {
            return Err(damaged(offset, "a block is not whole"));
        }
        offset = block.end();
        blocks.push(block);
    }
    Ok(())
}

/// Reads the payload of a block and sees to it that it is what was written.
pub fn read_payload(folder: &Path, block: &Block) -> Result<Vec<u8>, StoreError> {
    let Place { segment, offset } = block.place;
    let path = folder.join(file_name(segment));
    let mut payload = vec![0; block.header.payload_bytes as usize];
    File::open(&path)
        .and_then(|file| file.read_exact_at(&mut payload, offset + HEADER_BYTES as u64))
        .map_err(|cause| match cause.kind() {
            io::ErrorKind::UnexpectedEof => damaged(block, "the block is not whole"),
            _ => StoreError::io("read", &path, cause),
        })?;
    match block.header.is_of(&payload) {
        true if block.header.version == block::VERSION => Ok(payload),
        true => Err(damaged(block, "a newer program wrote the block")),
        false => Err(damaged(block, "the checksum does not match")),
    }
}

/// An error about a block.
pub fn damaged(block: &Block, why: impl Into<String>) -> StoreError {
    StoreError::damaged(file_name(block.place.segment), block.place.offset, why)
}
