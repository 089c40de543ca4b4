//! A capture from its first packet to the end.

use crate::messages::{counted, grouped};
use crate::progress::LineBar;
use crate::{Exit, interrupt};
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::{Duration, Instant};
use tractor_engine::capture::namespace::Application;
use tractor_engine::capture::{LiveSocket, Packet, Recording};
use tractor_engine::statistics::PacketCounter;

/// How often other things are looked at while no packet comes.
const LOOK: Duration = Duration::from_millis(50);

/// How often what was recorded is written and shown.
const SHOW: Duration = Duration::from_millis(250);

/// After a Ctrl-C, which an application on the same terminal has heard too, it is told to end; and later it is ended.
const TELL_AFTER: Duration = Duration::from_millis(300);
const KILL_AFTER: Duration = Duration::from_secs(5);

/// What still comes when the application has ended is recorded until so long nothing comes, and no longer than that.
const QUIET: Duration = Duration::from_millis(200);
const DRAIN_MAX: Duration = Duration::from_secs(2);

/// What a capture came to.
pub struct Ended {
    pub file: PathBuf,
    pub packets: u64,
    pub bytes: u64,
    pub flows: u64,
    pub dropped: u64,
    pub exit: Exit,
    /// Why it ended before its end.
    pub failure: Option<String>,
}

/// Records until the end.
pub struct Watch {
    socket: LiveSocket,
    recording: Recording,
    application: Option<Application>,
    counter: PacketCounter,
    bar: Option<LineBar>,
    shown: Instant,
}

/// Why the capture is ended from here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Why {
    Duration,
    Interrupt,
}

impl Watch {
    pub fn new(socket: LiveSocket, recording: Recording, application: Option<Application>) -> Self {
        let counter = PacketCounter::default();
        Self {
            socket,
            recording,
            application,
            counter,
            bar: LineBar::show(),
            shown: Instant::now(),
        }
    }

    /// Records until the application has ended, a time has passed, or a signal came.
    pub fn until_it_ends(mut self, duration: Option<Duration>) -> Ended {
        let watched = self.watch(duration);
        let (exit, failure) = match watched.and_then(|exit| self.drain().map(|()| exit)) {
            Ok(exit) => (exit, None),
            Err(cause) => (Exit::Failure, Some(cause.to_string())),
        };
        drop(self.application.take());
        drop(self.bar.take());
        self.finish(exit, failure)
    }

    fn watch(&mut self, duration: Option<Duration>) -> io::Result<Exit> {
        let begin = Instant::now();
        let (mut ending, mut was_told) = (None::<(Why, Instant)>, false);
        loop {
            self.record(LOOK)?;
            if let Some(status) = self.ended()? {
                let exit = Exit::Application(code_of(status));
                return Ok(ending.map_or(exit, |(why, _)| exit_of(why)));
            }
            let signals = interrupt::count();
            if ending.is_none() && signals > 0 {
                ending = Some((Why::Interrupt, Instant::now()));
            } else if ending.is_none()
                && duration.is_some_and(|duration| begin.elapsed() >= duration)
            {
                ending = Some((Why::Duration, Instant::now()));
            }
            let Some((why, since)) = ending else { continue };
            let Some(application) = &mut self.application else { return Ok(exit_of(why)) };
            if !was_told && (why == Why::Duration || since.elapsed() >= TELL_AFTER) {
                application.end();
                was_told = true;
            }
            let is_urged = signals > 1 && since.elapsed() >= Duration::from_secs(1);
            if is_urged || since.elapsed() >= KILL_AFTER {
                application.kill();
            }
        }
    }

    fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.application.as_mut().map_or(Ok(None), Application::ended)
    }

    /// Records what comes, for so long at most if nothing does; tells how many packets came.
    fn record(&mut self, patience: Duration) -> io::Result<u64> {
        let (recording, counter) = (&mut self.recording, &mut self.counter);
        let mut written = Ok(());
        let packets = self.socket.read(patience, |packet: &Packet<'_>| {
            if written.is_ok() {
                counter.add(packet);
                written = recording.write(packet);
            }
        })?;
        written?;
        if self.shown.elapsed() >= SHOW {
            self.shown = Instant::now();
            self.recording.flush()?;
            self.show();
        }
        Ok(packets)
    }

    fn show(&self) {
        let Some(bar) = &self.bar else { return };
        let (packets, flows) = (self.counter.packets(), self.counter.unique_flows());
        let bytes = grouped(self.counter.bytes());
        bar.set(format!(
            "{}, {bytes} bytes, {}",
            counted(packets, "packet"),
            counted(flows, "flow")
        ));
    }

    /// Records the rest: the ends of connections are still on their way.
    fn drain(&mut self) -> io::Result<()> {
        let begin = Instant::now();
        let patience = if self.application.is_some() { QUIET } else { Duration::ZERO };
        while self.record(patience)? > 0 && begin.elapsed() < DRAIN_MAX {}
        Ok(())
    }

    fn finish(mut self, exit: Exit, failure: Option<String>) -> Ended {
        // Without the counts of the kernel there are ours.
        let counted = self.socket.statistics().unwrap_or_default();
        let file = self.recording.path().to_owned();
        let finished = self.recording.finish(counted);
        Ended {
            file,
            packets: self.counter.packets(),
            bytes: self.counter.bytes(),
            flows: self.counter.unique_flows(),
            dropped: counted.dropped,
            exit,
            failure: failure.or(finished.err().map(|cause| cause.to_string())),
        }
    }
}

fn exit_of(why: Why) -> Exit {
    match why {
        Why::Duration => Exit::Success,
        Why::Interrupt => Exit::Interrupted,
    }
}

/// The code that a shell would give.
fn code_of(status: ExitStatus) -> u8 {
    const BY_SIGNAL: i32 = 128;
    let code = status.code().or(status.signal().map(|signal| BY_SIGNAL + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}
