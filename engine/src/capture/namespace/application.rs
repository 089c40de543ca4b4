//! The application while it runs, behind the child that runs it.

use super::inside::{END, GO, REFUSED, RUNS};
use super::{Isolation, cannot};
use crate::capture::Fault;
use crate::limits::LAST_WORDS_BYTES_MAX;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rustix::io::{FdFlags, fcntl_setfd};
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, ExitStatus};

/// A started application; it is killed when this is dropped.
#[derive(Debug)]
pub struct Application {
    child: Child,
    lifeline: UnixStream,
    is_isolated: bool,
}

impl Application {
    /// Starts a child that runs the application: the command for it, given the number of the socket that the
    /// child finds open. The calling thread must live as long as the application, which is killed when it
    /// ends.
    ///
    /// # Errors
    /// A sentence.
    pub fn start(
        isolation: Option<&Isolation>,
        command: impl FnOnce(RawFd) -> Command,
    ) -> Result<Self, Fault> {
        let failed = |cause: io::Error| cannot("the application cannot be started", cause);
        let (lifeline, theirs) = UnixStream::pair().map_err(failed)?;
        fcntl_setfd(&theirs, FdFlags::empty()).map_err(|cause| failed(cause.into()))?;
        let mut command = command(theirs.as_raw_fd());
        let child = match isolation {
            Some(isolation) => isolation.spawn(&mut command)?,
            None => command.spawn(),
        };
        drop(theirs);
        let mut started =
            Self { child: child.map_err(failed)?, lifeline, is_isolated: isolation.is_some() };
        // If it ended already it has said why.
        let _ = started.lifeline.write_all(&[GO]);
        if let Some(fault) = started.refusal() {
            started.kill();
            return Err(fault);
        }
        Ok(started)
    }

    /// Waits until the application runs, or it is clear why not. One that takes the child's place closes the socket.
    fn refusal(&mut self) -> Option<Fault> {
        let (mut kind, mut said) = ([0], Vec::new());
        let is_said = self.lifeline.read(&mut kind).is_ok_and(|bytes| bytes > 0);
        if !is_said || kind[0] == RUNS {
            return None;
        }
        let mut rest = (&self.lifeline).take(LAST_WORDS_BYTES_MAX as u64);
        // What came is said, whatever comes of the rest.
        let _ = rest.read_to_end(&mut said);
        let said = String::from_utf8_lossy(&said).into_owned();
        Some(if kind[0] == REFUSED { Fault::Usage(said) } else { Fault::Failure(said) })
    }

    /// How it ended, if it has.
    ///
    /// # Errors
    /// That of the system.
    pub fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// Tells it to end.
    pub fn end(&mut self) {
        if self.is_isolated {
            // If nobody hears it, it has ended.
            let _ = self.lifeline.write_all(&[END]);
        } else if let Ok(None) = self.child.try_wait() {
            // A number of a process is no larger.
            let process = Pid::from_raw(self.child.id() as i32);
            // The same.
            let _ = kill(process, Signal::SIGTERM);
        }
    }

    /// Ends it, and with a network of its own all that it started.
    pub fn kill(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Application {
    fn drop(&mut self) {
        self.kill();
    }
}
