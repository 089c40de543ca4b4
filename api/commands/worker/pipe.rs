//! The pipe to the server: one thread writes to it, and nothing else does.

use rustix::io::fcntl_dupfd_cloexec;
use rustix::stdio::dup2_stdout;
use std::fs::File;
use std::io;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use tractor_engine::jobs::{Up, write_frame};

/// Frames that may wait to be written; then whoever has one waits.
const FRAMES_MAX: usize = 256;

/// The first descriptor behind those that every program has.
const FIRST_OWN_FILE: i32 = 3;

/// Where frames go.
#[derive(Clone)]
pub struct Pipe {
    /// `None`: nothing follows.
    to_thread: SyncSender<Option<Up>>,
}

impl Pipe {
    /// Takes standard output for frames alone: what plugins print goes nowhere.
    ///
    /// # Errors
    /// When there is none.
    pub fn take() -> io::Result<(Self, JoinHandle<()>)> {
        // What a plugin starts does not get it.
        let mut output = File::from(fcntl_dupfd_cloexec(io::stdout(), FIRST_OWN_FILE)?);
        dup2_stdout(File::options().write(true).open("/dev/null")?)?;
        let (to_thread, frames) = sync_channel::<Option<Up>>(FRAMES_MAX);
        let thread = std::thread::spawn(move || {
            for frame in frames.into_iter().map_while(|frame| frame) {
                let mut written = write_frame(&frame, &mut output);
                if let (Err(cause), Some(question)) = (&written, frame.question())
                    && cause.kind() == io::ErrorKind::FileTooLarge
                {
                    written = write_frame(&Up::TooLong { question }, &mut output);
                }
                // Without a server there is nobody to tell; its end ends this process, too.
                if written.is_err() {
                    return;
                }
            }
        });
        Ok((Self { to_thread }, thread))
    }

    /// Sends a frame; waits while the server is slow.
    pub fn send(&self, frame: Up) {
        // As above.
        let _ = self.to_thread.send(Some(frame));
    }

    /// Waits until all that was sent is written; others may still have the pipe, but not use it.
    pub fn end(&self, thread: JoinHandle<()>) {
        let _ = self.to_thread.send(None);
        // One that panicked has nothing to say any more.
        let _ = thread.join();
    }

    /// Sends a frame unless there is no room for it: another one like it will follow.
    pub fn send_if_there_is_room(&self, frame: Up) {
        match self.to_thread.try_send(Some(frame)) {
            Ok(()) | Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {}
        }
    }
}
