//! What a server and the child that does a job tell each other: an object a line.

use crate::limits::FRAME_BYTES_MAX;
use crate::store::{
    Committed, EndedWindows, Facts, Filter, JobRecord, SessionFilter, SessionRow, TextFormat,
    WindowCount,
};
use serde::{Deserialize, Serialize};
use std::io::{self, BufRead, Read, Write};
use std::net::IpAddr;

/// From the child.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "frame", rename_all = "snake_case")]
pub enum Up {
    /// Plugins are loaded: these are the labels that flows may get.
    Labels {
        labels: Vec<(String, String)>,
    },
    /// How far it is; also says that the child is alive.
    Progress {
        packets: u64,
        bytes: u64,
        flows: u64,
        rows: u64,
        /// Of a folder that is followed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stream: Option<StreamProgress>,
    },
    /// So many rows are in its segments.
    Committed {
        committed: Committed,
    },
    /// It waits, and no progress is to be expected.
    Waiting {
        on: Waiting,
    },
    /// It waits for that no more.
    GoesOn {
        on: Waiting,
    },
    Warning {
        text: String,
    },
    /// Of one moment: the flows that are in no committed block; those that are open have no row.
    Flows {
        question: u64,
        committed: Committed,
        flows: Vec<Facts>,
        not_told: u64,
    },
    /// Windows have ended that end up to then; nanoseconds since the epoch.
    WindowsEnded {
        to_ns: i64,
    },
    /// Of one moment: sums over the rows of ended windows that are in no committed block.
    Windows {
        question: u64,
        ended: EndedWindows,
        windows: Vec<WindowCount>,
    },
    /// The same, row by row.
    WindowRows {
        question: u64,
        ended: EndedWindows,
        lines: String,
    },
    /// Of one moment: sessions that are over and in no committed block; `None`: the job has none.
    Sessions {
        question: u64,
        found: Option<(Committed, Vec<SessionRow>)>,
    },
    /// Flows by label, by title.
    Statistics {
        question: u64,
        items: Vec<(String, Vec<(String, u64)>)>,
    },
    /// The question was too much, or nothing is open any more.
    NoAnswer {
        question: u64,
    },
    /// The answer is longer than a frame may be.
    TooLong {
        question: u64,
    },
    /// What each classifier cost: id, flows, busy time in milliseconds, errors.
    Plugins {
        costs: Vec<(String, u64, u64, u64)>,
    },
    /// The last: what became of the job.
    Ended {
        record: Box<JobRecord>,
    },
}

/// How far a folder is that is followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StreamProgress {
    /// The stream clock, Unix seconds; before the first packet there is none.
    pub clock_s: Option<i64>,
    /// Bytes in the folder that are not read yet.
    pub left_bytes: u64,
    /// For how long there have been such, in milliseconds.
    pub behind_ms: u64,
    pub open_flows: u64,
    pub files: u64,
    pub late_files: u64,
    /// Of the last seconds.
    pub packets_per_s: f64,
    /// Memory that the process has.
    pub memory_bytes: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Waiting {
    Disk,
    /// There is nothing new in a folder that is followed.
    Input,
}

impl Waiting {
    pub fn name(self) -> &'static str {
        match self {
            Self::Disk => "disk",
            Self::Input => "input",
        }
    }
}

/// To the child.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "frame", rename_all = "snake_case")]
pub enum Down {
    /// The stream is to end, with what it has read.
    End,
    AskStatistics {
        question: u64,
        limit: usize,
    },
    /// What is closed and in no block yet.
    AskClosed {
        question: u64,
        filter: Filter,
    },
    /// The first windows of those that have ended.
    AskWindows {
        question: u64,
        filter: Filter,
        windows_max: usize,
    },
    AskWindowRows {
        question: u64,
        filter: Filter,
        format: TextFormat,
    },
    /// Sessions that are over.
    AskSessions {
        question: u64,
        filter: SessionFilter,
    },
    /// What is closed, and what is open, of one label or one address.
    AskLabel {
        question: u64,
        label: String,
    },
    AskAddress {
        question: u64,
        address: IpAddr,
    },
}

impl Up {
    /// The question that the frame answers.
    pub fn question(&self) -> Option<u64> {
        match self {
            Self::Flows { question, .. }
            | Self::Windows { question, .. }
            | Self::WindowRows { question, .. }
            | Self::Sessions { question, .. }
            | Self::Statistics { question, .. }
            | Self::NoAnswer { question }
            | Self::TooLong { question } => Some(*question),
            _ => None,
        }
    }
}

/// Writes one frame. Of one that is too long nothing is written.
///
/// # Errors
/// Those of the pipe; `FileTooLarge` for a frame that is longer than [`FRAME_BYTES_MAX`].
pub fn write_frame(frame: &impl Serialize, to: &mut impl Write) -> io::Result<()> {
    write_frame_of(frame, to, FRAME_BYTES_MAX)
}

fn write_frame_of(frame: &impl Serialize, to: &mut impl Write, bytes_max: usize) -> io::Result<()> {
    let mut line = Line { bytes: Vec::new(), bytes_max };
    serde_json::to_writer(&mut line, frame)?;
    line.write_all(b"\n")?;
    to.write_all(&line.bytes)?;
    to.flush()
}

/// A line that is given up when it becomes too long.
struct Line {
    bytes: Vec<u8>,
    bytes_max: usize,
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > self.bytes_max {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads the next frame of at most `bytes_max` bytes; `None` at the end. A longer one is read over,
/// and the next one follows.
///
/// # Errors
/// Those of the pipe, and of frames that are cut short or make no sense.
pub fn read_frame<T: for<'de> Deserialize<'de>>(
    from: &mut impl BufRead,
    bytes_max: u64,
) -> io::Result<Option<T>> {
    loop {
        let mut line = Vec::new();
        let read = from.by_ref().take(bytes_max).read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok(None);
        }
        if line.last() == Some(&b'\n') {
            return Ok(Some(serde_json::from_slice(&line)?));
        }
        if (read as u64) < bytes_max {
            let cut = io::Error::new(io::ErrorKind::UnexpectedEof, "a frame was cut short");
            return Err(cut);
        }
        from.skip_until(b'\n')?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_that_is_too_long_is_not_written_and_one_that_comes_is_read_over() {
        let mut pipe = Vec::new();
        let long = Up::Warning { text: "x".repeat(1_000) };
        let cause = write_frame_of(&long, &mut pipe, 500).unwrap_err();
        assert_eq!((cause.kind(), pipe.len()), (io::ErrorKind::FileTooLarge, 0));
        write_frame(&long, &mut pipe).unwrap();
        write_frame(&Up::NoAnswer { question: 7 }, &mut pipe).unwrap();
        let mut from = &pipe[..];
        let next = read_frame::<Up>(&mut from, 500).unwrap();
        assert_eq!(next.and_then(|frame| frame.question()), Some(7));
        assert!(read_frame::<Up>(&mut from, 500).unwrap().is_none());
        let cut = pipe.len() - 3;
        let mut from = &pipe[cut..pipe.len() - 1];
        assert!(read_frame::<Up>(&mut from, 500).is_err());
    }
}
