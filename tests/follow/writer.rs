//! A sensor: writes a capture into a folder in pieces, and rotates the files as tcpdump and dumpcap do.

use crate::support::random::Random;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

const HEADER_BYTES: usize = 24;
const RECORD_HEADER_BYTES: usize = 16;

/// A little-endian pcap file of nanoseconds or microseconds, cut into its records.
pub struct Capture {
    pub bytes: Vec<u8>,
    records: Vec<(i64, Range<usize>)>,
}

impl Capture {
    pub fn of(bytes: Vec<u8>) -> Self {
        let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        let unit_ns = if word(0) == 0xa1b2_3c4d { 1 } else { 1_000 };
        let (mut at, mut records) = (HEADER_BYTES, Vec::new());
        while at < bytes.len() {
            let end = at + RECORD_HEADER_BYTES + word(at + 8) as usize;
            let time_ns = i64::from(word(at)) * 1_000_000_000 + i64::from(word(at + 4)) * unit_ns;
            records.push((time_ns, at..end));
            at = end;
        }
        Self { bytes, records }
    }

    fn header(&self) -> &[u8] {
        &self.bytes[..HEADER_BYTES]
    }

    pub fn packets(&self) -> usize {
        self.records.len()
    }
}

/// When the next file begins.
#[derive(Clone, Copy, Debug)]
pub enum Rotation {
    Never,
    /// tcpdump -C.
    Bytes(usize),
    /// tcpdump -G: so much packet time.
    Time(i64),
    /// tcpdump -C -W: so many names, written over from the begin.
    Ring(usize, usize),
    /// dumpcap -b: so many files, the oldest is removed for a new name.
    Replaced(usize, usize),
}

/// How a sensor writes.
#[derive(Clone, Copy, Debug)]
pub struct Sensor {
    pub rotation: Rotation,
    /// Of one write, at most: it ends wherever it ends, also inside of a packet.
    pub write_bytes: usize,
    pub bytes_per_second: Option<u64>,
    /// A file of a ring is not written over sooner: whoever reads has so much time.
    pub ring_pause: Duration,
    /// So many times it writes nothing for a second.
    pub pauses: usize,
}

impl Default for Sensor {
    fn default() -> Self {
        let rotation = Rotation::Never;
        let ring_pause = Duration::from_secs(2);
        Self { rotation, write_bytes: 4_096, bytes_per_second: None, ring_pause, pauses: 0 }
    }
}

struct Files<'a> {
    folder: &'a Path,
    sensor: Sensor,
    /// Of those of a ring: when they were complete.
    complete: Vec<(PathBuf, Instant)>,
    begun: usize,
    file: Option<(PathBuf, File)>,
    bytes: usize,
    first_time: i64,
}

impl Files<'_> {
    fn is_due(&self, time: i64, record_bytes: usize) -> bool {
        let is_over = |bytes: usize| self.bytes + record_bytes > bytes.max(HEADER_BYTES + 1);
        match self.sensor.rotation {
            _ if self.file.is_none() => true,
            Rotation::Never => false,
            Rotation::Time(span) => time - self.first_time >= span,
            Rotation::Bytes(bytes) | Rotation::Ring(_, bytes) | Rotation::Replaced(_, bytes) => {
                self.bytes > HEADER_BYTES && is_over(bytes)
            }
        }
    }

    fn next(&mut self, header: &[u8], time: i64) {
        if let Some((path, _)) = self.file.take() {
            self.complete.push((path, Instant::now()));
        }
        let number = self.begun;
        self.begun += 1;
        let place = match self.sensor.rotation {
            Rotation::Ring(files, _) => number % files,
            _ => number,
        };
        let path = self.folder.join(format!("sensor{place:05}.pcap"));
        if let Rotation::Ring(files, _) | Rotation::Replaced(files, _) = self.sensor.rotation
            && self.complete.len() >= files
        {
            let (oldest, since) = self.complete.remove(0);
            sleep(self.sensor.ring_pause.saturating_sub(since.elapsed()));
            match self.sensor.rotation {
                Rotation::Replaced(..) => std::fs::remove_file(oldest).unwrap(),
                _ => assert_eq!(oldest, path),
            }
        }
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).open(&path).unwrap();
        file.write_all(header).unwrap();
        self.file = Some((path, file));
        (self.bytes, self.first_time) = (header.len(), time);
    }
}

/// Writes a capture into a folder, in pieces of random sizes.
pub fn replay(capture: &Capture, folder: &Path, sensor: Sensor, random: &mut Random) {
    let (began, mut written) = (Instant::now(), 0_u64);
    let mut files = Files {
        folder,
        sensor,
        complete: Vec::new(),
        begun: 0,
        file: None,
        bytes: 0,
        first_time: 0,
    };
    let mut piece = Vec::new();
    let mut wanted = 1;
    let between_pauses = capture.records.len() / (sensor.pauses + 1) + 1;
    for (place, (time, range)) in capture.records.iter().enumerate() {
        if place > 0 && place.is_multiple_of(between_pauses) {
            sleep(Duration::from_secs(1));
        }
        if files.is_due(*time, range.len()) {
            flush(&mut files, &mut piece, 0);
            files.next(capture.header(), *time);
        }
        piece.extend(&capture.bytes[range.clone()]);
        files.bytes += range.len();
        while piece.len() >= wanted {
            let rest = piece.len() - wanted;
            flush(&mut files, &mut piece, rest);
            written += wanted as u64;
            wanted = 1 + random.below(sensor.write_bytes as u64) as usize;
            if let Some(rate) = sensor.bytes_per_second {
                let due = Duration::from_secs_f64(written as f64 / rate as f64);
                sleep(due.saturating_sub(began.elapsed()));
            }
        }
    }
    flush(&mut files, &mut piece, 0);
}

/// Writes all but the last bytes of a piece.
fn flush(files: &mut Files<'_>, piece: &mut Vec<u8>, rest: usize) {
    if let Some((_, file)) = &mut files.file {
        let bytes = piece.len() - rest;
        file.write_all(&piece[..bytes]).unwrap();
        piece.drain(..bytes);
    }
}
