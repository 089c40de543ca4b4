//! Where a followed folder goes on: checkpoints, the journal, and rows that were written before.

use crate::messages;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tractor_engine::capture::{FollowState, InputEvent, Journal};
use tractor_engine::dataflow::{Keeper, Resume, RunOptions, SAVED_FORMAT, SavedError};
use tractor_engine::store::{Checkpoints, JournalFile, JournalRoom, StoreError};

/// A stream at its begin, or where it goes on.
#[derive(Default)]
pub struct Start {
    pub state: FollowState,
    /// What was read behind that.
    pub replay: Vec<InputEvent>,
    pub resume: Option<Resume>,
    /// There are files of an earlier run.
    pub is_known: bool,
    files: Option<(Checkpoints, JournalFile)>,
}

/// Why a stream does not begin.
pub enum Refusal {
    /// Who typed the command has to decide.
    Usage(String),
    Failure(String),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Failure(error.to_string())
    }
}

impl Start {
    /// Where a run with these options goes on, by the checkpoints at `path`.
    ///
    /// # Errors
    /// When there are some, and they are of a run with other options, or cannot be read.
    pub fn at(path: &Path, options: &RunOptions, room: JournalRoom) -> Result<Self, Refusal> {
        let journal_path = beside(path, ".journal");
        let had_journal = journal_path.exists();
        let checkpoints = Checkpoints::at(path, SAVED_FORMAT);
        let journal = JournalFile::open(&journal_path, room)?;
        let found = checkpoints.find();
        let is_known = had_journal || !found.whole.is_empty() || !found.refused.is_empty();
        found.refused.iter().for_each(messages::warning);
        for saved in &found.whole {
            let resume = match Resume::read(saved, options) {
                Ok(resume) => resume,
                Err(SavedError::OtherOptions) => return Err(other_options(path)),
                Err(why) => {
                    messages::warning(format_args!("{}: {why}", path.display()));
                    continue;
                }
            };
            let state = resume.follow().clone();
            if let Some(replay) = journal.after(state.events)? {
                let (resume, files) = (Some(resume), Some((checkpoints, journal)));
                return Ok(Self { state, replay, resume, is_known, files });
            }
            let missing = "what was read behind the checkpoint is not in the journal";
            messages::warning(format_args!("{}: {missing}", path.display()));
        }
        Self::from_the_begin(checkpoints, journal, is_known)
    }

    /// Forgets the checkpoints at `path`: all is read from the begin, as the journal has it.
    ///
    /// # Errors
    /// When they cannot be removed.
    pub fn anew(path: &Path, room: JournalRoom) -> Result<Self, Refusal> {
        let checkpoints = Checkpoints::at(path, SAVED_FORMAT);
        checkpoints.remove()?;
        let journal = JournalFile::open(&beside(path, ".journal"), room)?;
        Self::from_the_begin(checkpoints, journal, true)
    }

    fn from_the_begin(
        checkpoints: Checkpoints,
        journal: JournalFile,
        is_known: bool,
    ) -> Result<Self, Refusal> {
        if is_known {
            messages::warning(
                "there is no checkpoint to go on from: all is read from the beginning",
            );
        }
        let replay = match journal.after(0)? {
            Some(events) => events,
            None => {
                journal.clear()?;
                Vec::new()
            }
        };
        let files = Some((checkpoints, journal));
        Ok(Self { replay, is_known, files, ..Self::default() })
    }

    /// What the reader of the folder notes, where that is kept.
    pub fn journal(&self) -> Option<Box<dyn Journal>> {
        let (_, journal) = self.files.as_ref()?;
        Some(Box::new(journal.clone()))
    }

    /// Who keeps the state.
    pub fn keeper(&self) -> Option<Keeper> {
        let (checkpoints, journal) = self.files.clone()?;
        // Those of the journal when the last two were kept: all events of a checkpoint that is still
        // there came later than the first of them.
        let mut events = [0, 0];
        Some(Box::new(move |state: &[u8]| {
            let mut keep = || -> Result<(), StoreError> {
                journal.sync()?;
                checkpoints.keep(state)?;
                journal.forget_before(events[0])?;
                events = [events[1], journal.events()];
                Ok(())
            };
            keep().map_err(|error| error.to_string())
        }))
    }

    /// Bytes of the output that are of before, and what its writer had saved beside that.
    pub fn rows(&self) -> Option<(u64, &[u8])> {
        let (_, place) = self.resume.as_ref()?.rows();
        let (bytes, saved) = place.split_first_chunk()?;
        Some((u64::from_le_bytes(*bytes), saved))
    }
}

fn other_options(path: &Path) -> Refusal {
    let (path, journal) = (path.display(), beside(path, ".journal"));
    Refusal::Usage(format!(
        "{path} is the checkpoint of a run with other options or plugins: give the same again, or \
         remove it, {path}.before and {} to begin anew",
        journal.display()
    ))
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// How long a run that was killed may need to be gone: with plugins it has a child.
const GONE_AFTER: Duration = Duration::from_secs(2);

/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(50);

/// Has the checkpoints at `path` for this run alone, as long as the file that is returned is open. It is a
/// file of its own, which stays: the others are replaced, and who removes a lock may remove that of another.
///
/// # Errors
/// When another run has them.
pub fn lock(path: &Path) -> Result<File, Refusal> {
    let place = beside(path, ".lock");
    let failed = |cause| Refusal::Failure(format!("{} cannot be made: {cause}", place.display()));
    let mut options = File::options();
    let file = options.write(true).create(true).truncate(false).open(&place).map_err(failed)?;
    let began = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if began.elapsed() < GONE_AFTER => sleep(PAUSE),
            Err(TryLockError::WouldBlock) => {
                return Err(Refusal::Usage(format!("another run uses {}", path.display())));
            }
            // Not every file system can.
            Err(TryLockError::Error(cause)) => {
                let place = place.display();
                messages::warning(format_args!(
                    "{place} cannot be locked ({cause}): see that no other run uses it"
                ));
                return Ok(file);
            }
        }
    }
}
