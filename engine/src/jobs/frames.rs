//! What a server and the child that does a job tell each other: an object a line.

use crate::store::{Committed, Facts, Filter, JobRecord};
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
    },
    /// So many rows are in its segments.
    Committed {
        committed: Committed,
    },
    /// It waits, and no progress is to be expected.
    Waiting {
        on: Waiting,
    },
    GoesOn,
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
    /// Flows by label, by title.
    Statistics {
        question: u64,
        items: Vec<(String, Vec<(String, u64)>)>,
    },
    /// The question was too much, or nothing is open any more.
    NoAnswer {
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Waiting {
    Disk,
}

impl Waiting {
    pub fn name(self) -> &'static str {
        match self {
            Self::Disk => "disk",
        }
    }
}

/// To the child.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "frame", rename_all = "snake_case")]
pub enum Down {
    AskStatistics {
        question: u64,
        limit: usize,
    },
    /// What is closed and in no block yet.
    AskClosed {
        question: u64,
        filter: Filter,
    },
    /// Those, and what is open, of one label or one address.
    AskLabel {
        question: u64,
        label: String,
    },
    AskAddress {
        question: u64,
        address: IpAddr,
    },
}

/// Writes one frame.
///
/// # Errors
/// Those of the pipe.
pub fn write_frame(frame: &impl Serialize, to: &mut impl Write) -> io::Result<()> {
    let mut line = serde_json::to_vec(frame)?;
    line.push(b'\n');
    to.write_all(&line)?;
    to.flush()
}

/// Reads the next frame of at most `bytes_max` bytes; `None` at the end.
///
/// # Errors
/// Those of the pipe, and of frames that are longer or make no sense.
pub fn read_frame<T: for<'de> Deserialize<'de>>(
    from: &mut impl BufRead,
    bytes_max: u64,
) -> io::Result<Option<T>> {
    let mut line = Vec::new();
    if from.by_ref().take(bytes_max).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.last() != Some(&b'\n') {
        let cut = io::Error::new(io::ErrorKind::UnexpectedEof, "a frame was cut short");
        return Err(cut);
    }
    Ok(Some(serde_json::from_slice(&line)?))
}
