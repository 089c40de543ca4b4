//! The bytes of an input, decompressed when its first bytes say that they are compressed.

use std::io::{self, BufReader, Cursor, ErrorKind, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;

use super::ZSTD_WINDOW_LOG_MAX;
use super::lz4::Lz4Frames;
use super::problem::sentence;

const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
const LZ4: [u8; 4] = [0x04, 0x22, 0x4d, 0x18];
/// Skippable frames may come first in zstd files (pzstd writes them); the first byte is 0x50-0x5f.
const SKIPPABLE: [u8; 3] = [0x2a, 0x4d, 0x18];

/// Bytes to read from a compressed file at once.
const COMPRESSED_READ_BYTES: usize = 64 << 10;

/// An input as a stream of uncompressed bytes.
pub(super) struct Source {
    reader: Box<dyn Read + Send>,
    /// How the input is compressed.
    pub(super) compression: Option<&'static str>,
    taken_bytes: Arc<AtomicU64>,
}

impl Source {
    /// # Errors
    /// When the first bytes cannot be read.
    pub(super) fn new(reader: impl Read + Send + 'static) -> io::Result<Self> {
        let taken_bytes = Arc::new(AtomicU64::new(0));
        let mut reader = Counted { reader, taken_bytes: Arc::clone(&taken_bytes) };
        let mut first = Vec::new();
        reader.by_ref().take(4).read_to_end(&mut first)?;
        let compression = compression(&first);
        let whole = Cursor::new(first).chain(reader);
        let reader: Box<dyn Read + Send> = match compression {
            Some("gzip") => {
                let buffered = BufReader::with_capacity(COMPRESSED_READ_BYTES, whole);
                Box::new(MultiGzDecoder::new(buffered))
            }
            Some("zstd") => {
                let mut decoder = zstd::Decoder::new(whole)?;
                decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
                Box::new(decoder)
            }
            Some(_) => {
                let buffered = BufReader::with_capacity(COMPRESSED_READ_BYTES, whole);
                Box::new(Lz4Frames::new(buffered))
            }
            None => Box::new(whole),
        };
        Ok(Self { reader, compression, taken_bytes })
    }

    /// Uncompressed bytes, whatever they look like: what is not the begin of an input.
    pub(super) fn plain(reader: impl Read + Send + 'static) -> Self {
        Self { reader: Box::new(reader), compression: None, taken_bytes: Arc::default() }
    }

    /// Bytes taken from the input so far.
    pub(super) fn taken_bytes(&self) -> u64 {
        self.taken_bytes.load(Ordering::Relaxed)
    }

    /// Reads some uncompressed bytes; 0 at the end. An error of a decompressor names it.
    pub(super) fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        loop {
            match (self.reader.read(room), self.compression) {
                (Err(error), _) if error.kind() == ErrorKind::Interrupted => {}
                (Err(error), Some(format)) => return Err(named(format, &error)),
                (result, _) => return result,
            }
        }
    }
}

/// Whether data that begins like this is compressed.
pub(super) fn is_compressed(first: &[u8]) -> bool {
    compression(first).is_some()
}

fn compression(first: &[u8]) -> Option<&'static str> {
    match first {
        first if first.starts_with(&GZIP) => Some("gzip"),
        first if first.starts_with(&ZSTD) => Some("zstd"),
        [0x50..=0x5f, rest @ ..] if rest.starts_with(&SKIPPABLE) => Some("zstd"),
        first if first.starts_with(&LZ4) => Some("lz4"),
        _ => None,
    }
}

fn named(format: &str, error: &io::Error) -> io::Error {
    let cause = sentence(error);
    if error.kind() == ErrorKind::UnexpectedEof {
        return io::Error::new(error.kind(), format!("the {format} data ends too early"));
    }
    // flate2 takes whatever follows a member for the header of another one.
    if cause == "invalid gzip header" {
        return io::Error::new(error.kind(), "bytes that are no gzip data follow");
    }
    io::Error::new(error.kind(), format!("the {format} data cannot be decompressed ({cause})"))
}

/// A reader that counts what is read from it.
struct Counted<R> {
    reader: R,
    taken_bytes: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let read_bytes = self.reader.read(room)?;
        self.taken_bytes.fetch_add(read_bytes as u64, Ordering::Relaxed);
        Ok(read_bytes)
    }
}
