//! Where the rows of a followed folder go: to a file that can be cut to a checkpoint, or as they come.

use super::checkpoint::Start;
use super::flows::{destination, writer};
use crate::cli::FlowsArguments;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;
use tractor_engine::dataflow::RunOptions;
use tractor_engine::output::{RowWriter, Saved};
use tractor_engine::profiles::Row;

/// Where rows go, as they come: what was there before is not lost.
pub fn rows(
    arguments: &FlowsArguments,
    options: &RunOptions,
    start: &Start,
) -> io::Result<Box<dyn RowWriter>> {
    let path = destination(arguments);
    if path == Path::new("-") {
        return writer(arguments, options, Box::new(io::stdout()), None);
    }
    if path.metadata().is_ok_and(|about| !about.is_file()) {
        if arguments.checkpoint.is_some() {
            return Err(io::Error::other("it is no file that can be cut to a checkpoint"));
        }
        let file = File::options().write(true).open(path)?;
        return writer(arguments, options, Box::new(file), None);
    }
    let (kept_bytes, saved) = start.rows().map_or((0, None), |(bytes, saved)| (bytes, Some(saved)));
    let mut options_of_file = File::options();
    let options_of_file = options_of_file.append(true).read(true).create(kept_bytes == 0);
    let file = options_of_file.open(path).map_err(|cause| match cause.kind() {
        io::ErrorKind::NotFound if kept_bytes > 0 => io::Error::other(format!(
            "it is not there, and had {kept_bytes} bytes at the checkpoint"
        )),
        _ => cause,
    })?;
    let bytes = file.metadata()?.len();
    if bytes > 0 && !start.is_known {
        return Err(io::Error::other("it has content already, which would be lost"));
    }
    if bytes < kept_bytes {
        let why = format!("it has {bytes} bytes, and had {kept_bytes} at the checkpoint");
        return Err(io::Error::other(why));
    }
    if !ends_a_line(&file, kept_bytes)? {
        let why = "it is another file than at the checkpoint, whose content would be lost";
        return Err(io::Error::other(why));
    }
    file.set_len(kept_bytes)?;
    if arguments.checkpoint.is_none() {
        return writer(arguments, options, Box::new(file), saved);
    }
    let early = SyncedEarly::new(file.try_clone()?, path)?;
    let rows = writer(arguments, options, Box::new(early), saved)?;
    Ok(Box::new(Lasting { rows, file }))
}

/// Whether a row may end behind so many bytes: every format has its rows in lines.
fn ends_a_line(file: &File, bytes: u64) -> io::Result<bool> {
    let Some(last) = bytes.checked_sub(1) else { return Ok(true) };
    let mut byte = [0];
    file.read_exact_at(&mut byte, last)?;
    Ok(byte == *b"\n")
}

/// Rows in a file that is cut to a checkpoint when it must be.
struct Lasting {
    rows: Box<dyn RowWriter>,
    file: File,
}

impl RowWriter for Lasting {
    fn write(&mut self, row: &Row<'_>) -> io::Result<()> {
        self.rows.write(row)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.rows.flush()
    }

    fn save(&mut self, done: Saved) -> io::Result<()> {
        self.rows.flush()?;
        self.file.sync_data()?;
        let bytes = self.file.metadata()?.len().to_le_bytes();
        self.rows.save(Box::new(move |saved| done(&[&bytes[..], saved].concat())))
    }

    fn finish(&mut self) -> io::Result<()> {
        self.rows.finish()
    }
}

/// So much is written between two times that the disk is asked to take it: a checkpoint then waits for little more.
const SYNC_EVERY_BYTES: usize = 8 << 20;

/// Writes to a file, and has the disk take it meanwhile.
struct SyncedEarly {
    file: File,
    unsynced_bytes: usize,
    ask: SyncSender<()>,
}

impl SyncedEarly {
    fn new(file: File, path: &Path) -> io::Result<Self> {
        // Opened once more, so that a failed write is told to both: here nobody hears it, but the
        // checkpoint has to.
        let same = File::open(path)?;
        let (ask, asked) = sync_channel::<()>(1);
        thread::Builder::new().name("rows to disk".to_owned()).spawn(move || {
            for () in asked {
                let _ = same.sync_data();
            }
        })?;
        Ok(Self { file, unsynced_bytes: 0, ask })
    }
}

impl Write for SyncedEarly {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.unsynced_bytes += written;
        // Where one is still waited for, the next write asks again.
        if self.unsynced_bytes >= SYNC_EVERY_BYTES && self.ask.try_send(()).is_ok() {
            self.unsynced_bytes = 0;
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
