//! One child, watched to its end.

use super::child::{EXIT, PLUGIN};
use super::orders::{Orders, VARIABLE};
use crate::{Exit, interrupt};
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid,
};
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tractor_engine::classify::calls::{Inside, Watch};

/// How often a child is looked at: at first often, since many are done soon.
const LOOK_FIRST: Duration = Duration::from_millis(1);
const LOOK_LAST: Duration = Duration::from_millis(20);

/// How long a child has to end after its last word.
const LEAVING_MAX: Duration = Duration::from_secs(1);

/// The bounds of a child.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Of one call of a plugin.
    pub call_max: Duration,
    pub memory_bytes: u64,
    /// Of its end after it was asked to stop.
    pub stopping_max: Duration,
}

/// What became of a child.
#[derive(Debug)]
pub struct Attempt {
    pub how: How,
    /// The plugins that were inside at its end.
    pub inside: Vec<Inside>,
}

#[derive(Debug)]
pub enum How {
    /// It said how it ends.
    Told(Exit),
    /// It said that a plugin broke: id, path, and what it did.
    Failed([String; 3]),
    /// A call did not end.
    Hung(Inside, Duration),
    /// It ended without a word.
    Ended(ExitStatus),
    /// It was asked to stop, and had to be ended.
    Interrupted,
    /// Whoever watched it has had enough, and says why. No plugin was inside for long.
    EndedEarly(String),
}

/// What whoever watches a child wants of it, each time it is looked at.
#[derive(Debug)]
pub enum Wish {
    GoOn,
    /// It is asked to stop.
    Stop,
    /// It is ended, with the reason.
    End(String),
}

/// Runs this program again under orders.
pub fn run(orders: &Orders, limits: &Limits) -> io::Result<Attempt> {
    Ok(watched(orders, limits, Stdio::inherit())?.attempt)
}

/// A child that is over, and all that it said.
pub struct Watched {
    pub attempt: Attempt,
    pub words: String,
}

/// Runs this program again under orders, with its standard output as given.
pub fn watched(orders: &Orders, limits: &Limits, output: Stdio) -> io::Result<Watched> {
    let mut arguments = std::env::args_os();
    let mut command = Command::new(std::env::current_exe()?);
    command.arg0(arguments.next().unwrap_or_default());
    command.args(arguments).stdout(output);
    // In the group of the terminal it may read from there, and hears Ctrl-C.
    watched_command(&mut command, orders, limits, Group::Ours, |_| {}, &mut |_| Wish::GoOn)
}

/// Whom a child takes along when it is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Nobody: it is in our group of processes.
    Ours,
    /// All whom its plugins have begun, unless they have left its group.
    ItsOwn,
}

/// Runs a command of this program under orders. `begun` is called once, `wish` at every look, with
/// whether a plugin is inside: of its calls the deadline is the only judge.
pub fn watched_command(
    command: &mut Command,
    orders: &Orders,
    limits: &Limits,
    group: Group,
    begun: impl FnOnce(&mut Child),
    wish: &mut dyn FnMut(bool) -> Wish,
) -> io::Result<Watched> {
    let (calls, words) = (nameless("calls")?, nameless("words")?);
    let mut orders = orders.clone();
    (orders.calls, orders.words) = (path_of(&calls), path_of(&words));
    let ledger = Watch::open(&orders.calls)?;
    if group == Group::ItsOwn {
        command.process_group(0);
    }
    allocates_as_needed(command);
    let mut child = command.env(VARIABLE, orders.text()).spawn()?;
    begun(&mut child);
    let mut watcher = Watcher {
        child,
        group,
        ledger,
        words,
        call_max: limits.call_max,
        stopping_max: limits.stopping_max,
        calls: Vec::new(),
        told: None,
        stopping: None,
        // One that came while the child was begun is for it, too.
        signals: 0,
    };
    let how = watcher.watch(wish);
    // Whatever came, nobody is left behind.
    if how.is_err() {
        let _ = watcher.end();
    }
    let (how, inside) = how?;
    Ok(Watched { attempt: Attempt { how, inside }, words: text(&watcher.words)? })
}

/// Lets a child of this program have less memory than its allocator takes at a time otherwise, which is a
/// gibibyte: what it has not touched would count, too.
pub fn allocates_as_needed(command: &mut Command) {
    command.env("MIMALLOC_ARENA_EAGER_COMMIT", "0");
}

/// Waits for a child that has a group of its own, and ends who is left of that.
///
/// # Errors
/// Those of the system.
pub fn wait_with_group(child: &mut Child) -> io::Result<ExitStatus> {
    while !has_ended(child, WaitIdOptions::empty())? {}
    end_group(child);
    child.wait()
}

/// Whether a child has ended. Its number is still its own, until it is waited for.
fn has_ended(child: &Child, options: WaitIdOptions) -> io::Result<bool> {
    let Some(pid) = pid_of(child) else { return Ok(true) };
    let options = options | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    match waitid(WaitId::Pid(pid), options) {
        Ok(status) => Ok(status.is_some()),
        Err(rustix::io::Errno::INTR) => Ok(false),
        Err(cause) => Err(cause.into()),
    }
}

/// Of a child with a group of its own that has not been waited for.
fn end_group(child: &Child) {
    // Without anybody in it there is nothing to end.
    let _ = pid_of(child).map(|group| kill_process_group(group, Signal::KILL));
}

fn pid_of(child: &Child) -> Option<Pid> {
    i32::try_from(child.id()).ok().and_then(Pid::from_raw)
}

/// A file in memory: nothing is left of it when both processes are gone.
pub fn nameless(name: &str) -> io::Result<File> {
    Ok(memfd_create(name, MemfdFlags::CLOEXEC)?.into())
}

/// The path of a file by which others can open it while this process lives.
fn path_of(file: &File) -> PathBuf {
    format!("/proc/{}/fd/{}", std::process::id(), file.as_raw_fd()).into()
}

fn text(file: &File) -> io::Result<String> {
    let mut bytes = vec![0; usize::try_from(file.metadata()?.len()).unwrap_or(0)];
    file.read_exact_at(&mut bytes, 0)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

struct Watcher {
    child: Child,
    group: Group,
    ledger: Watch,
    words: File,
    call_max: Duration,
    stopping_max: Duration,
    /// Calls that were going on, and for how long.
    calls: Vec<(Inside, Duration)>,
    /// The last word, and how long ago it was said.
    told: Option<(How, Duration)>,
    /// How long ago the child was asked to stop.
    stopping: Option<Duration>,
    signals: usize,
}

impl Watcher {
    fn watch(&mut self, wish: &mut dyn FnMut(bool) -> Wish) -> io::Result<(How, Vec<Inside>)> {
        let (mut pause, mut looked) = (LOOK_FIRST, Instant::now());
        loop {
            let has_ended = has_ended(&self.child, WaitIdOptions::NOHANG)?;
            if self.told.is_none() {
                self.told = last_word(&text(&self.words)?).map(|how| (how, Duration::ZERO));
            }
            if has_ended {
                let inside = self.ledger.inside()?;
                let status = self.end()?;
                return Ok((self.how(status), inside));
            }
            // When both were stopped for a while, no call took that long.
            let passed = looked.elapsed().min(2 * LOOK_LAST);
            looked = Instant::now();
            let too_long = self.too_long(passed)?;
            let how = match (too_long, wish(!self.calls.is_empty())) {
                (None, Wish::End(why)) => Some(How::EndedEarly(why)),
                (None, Wish::Stop) => {
                    self.ask_to_stop();
                    None
                }
                (how, _) => how,
            };
            if let Some(how) = how {
                let inside = self.ledger.inside()?;
                self.end()?;
                return Ok((how, inside));
            }
            self.hand_on_signals();
            sleep(pause);
            pause = (2 * pause).min(LOOK_LAST);
        }
    }

    /// Ends it, and its group where it has one; gives how it ended, if it had before.
    fn end(&mut self) -> io::Result<ExitStatus> {
        self.child.kill()?;
        if self.group == Group::ItsOwn {
            end_group(&self.child);
        }
        self.child.wait()
    }

    fn how(&mut self, status: ExitStatus) -> How {
        match self.told.take() {
            Some((how, _)) => how,
            None if self.stopping.is_some() || is_asked_to_stop(status) => How::Interrupted,
            None => How::Ended(status),
        }
    }

    /// Why to wait no longer, if so.
    fn too_long(&mut self, passed: Duration) -> io::Result<Option<How>> {
        if let Some((_, since)) = &mut self.told {
            *since += passed;
            let is_over = *since > LEAVING_MAX;
            return Ok(if is_over { self.told.take().map(|(how, _)| how) } else { None });
        }
        if let Some(since) = &mut self.stopping {
            *since += passed;
            return Ok((*since > self.stopping_max).then_some(How::Interrupted));
        }
        let before = std::mem::take(&mut self.calls);
        for inside in self.ledger.inside()? {
            let same = before.iter().find(|(one, _)| *one == inside);
            let lasts = same.map_or(Duration::ZERO, |(_, lasts)| *lasts + passed);
            self.calls.push((inside, lasts));
        }
        let longest = self.calls.iter().max_by_key(|(_, lasts)| *lasts);
        let hung = longest.filter(|(_, lasts)| *lasts > self.call_max);
        Ok(hung.map(|(inside, _)| How::Hung(inside.clone(), self.call_max)))
    }

    /// From a terminal the child has heard it, too; within a second it counts once.
    fn hand_on_signals(&mut self) {
        let signals = interrupt::count();
        if signals == self.signals {
            return;
        }
        self.signals = signals;
        self.stopping = None;
        self.ask_to_stop();
    }

    /// Once; it has a while to obey.
    fn ask_to_stop(&mut self) {
        if self.stopping.is_some() {
            return;
        }
        self.stopping = Some(Duration::ZERO);
        // It has not been waited for, so the number is still its own.
        let _ = pid_of(&self.child).map(|pid| kill_process(pid, Signal::TERM));
    }
}

/// Whether a signal ended it that asks programs to stop: it came before the child could hear it, and
/// perhaps before this process did.
fn is_asked_to_stop(status: ExitStatus) -> bool {
    let asks = [Signal::HUP, Signal::INT, Signal::TERM];
    status.signal().is_some_and(|signal| asks.iter().any(|one| one.as_raw() == signal))
}

/// What a child said of its end, if it came to that.
fn last_word(words: &str) -> Option<How> {
    let last = words.strip_suffix('\n')?.lines().last()?;
    if let Some(code) = last.strip_prefix(EXIT).and_then(|rest| rest.strip_prefix(' ')) {
        return Some(How::Told(Exit::of_code(code.parse().ok()?)));
    }
    let mut fields = last.strip_prefix(PLUGIN)?.strip_prefix('\t')?.splitn(3, '\t');
    let mut field = || fields.next().map(str::to_owned);
    Some(How::Failed([field()?, field()?, field()?]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_last_words_count() {
        assert!(matches!(last_word("exit 3\n"), Some(How::Told(Exit::Damaged))));
        assert!(last_word("exit 3").is_none());
        assert!(last_word("").is_none());
        assert!(last_word("trial 1\nbreach a\n").is_none());
        let Some(How::Failed(fields)) = last_word("plugin\torg.a\t./a.so\tpanicked: at\n") else {
            panic!("a failure");
        };
        assert_eq!(fields, ["org.a", "./a.so", "panicked: at"]);
    }
}
