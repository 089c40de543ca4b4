//! The child's side: orders are obeyed, and its last words say how it ended.

use super::orders::{Orders, VARIABLE};
use crate::Exit;
use rustix::process::{
    Resource, Rlimit, Signal, getppid, getrlimit, nice, set_parent_process_death_signal, setrlimit,
};
use std::fs::File;
use std::io::Write;
use std::sync::{Mutex, OnceLock, PoisonError};
use tractor_engine::classify::PluginFailure;

/// How a child says that a plugin broke, and that it ends in order.
pub(super) const PLUGIN: &str = "plugin";
pub(super) const EXIT: &str = "exit";

static ORDERS: OnceLock<Option<Orders>> = OnceLock::new();

/// Where last words go. They are said once; who comes later is not heard.
static WORDS: Mutex<Option<File>> = Mutex::new(None);

/// The orders of whoever supervises this process, if anybody does.
pub fn orders() -> Option<&'static Orders> {
    let read = || Orders::read(&std::env::var(VARIABLE).ok()?);
    ORDERS.get_or_init(read).as_ref()
}

/// Does the work under orders.
pub fn work(orders: &Orders, work: impl FnOnce() -> Exit) -> Exit {
    if let Err(cause) = obey(orders) {
        crate::messages::error(format_args!("cannot be supervised: {cause}"));
        return Exit::Failure;
    }
    let exit = work();
    // Whoever reads may have gone; and what is said now is believed.
    let _ = std::io::stdout().flush();
    say_exit(exit);
    exit
}

/// Lets this process end when the thread that began it does.
///
/// # Errors
/// That of the system.
pub fn dies_with_its_parent() -> std::io::Result<()> {
    Ok(set_parent_process_death_signal(Some(Signal::TERM))?)
}

/// Lets this process be ended at once when the thread that began it ends.
///
/// # Errors
/// That of the system.
pub fn is_killed_with_its_parent() -> std::io::Result<()> {
    Ok(set_parent_process_death_signal(Some(Signal::KILL))?)
}

/// Niceness of a job: whoever answers clients goes first.
const NICENESS: i32 = 10;

/// Files that a job may have open.
const OPEN_FILES_MAX: u64 = 1_024;

/// What a job of a server may take of the machine, beside the memory that its orders allow.
///
/// # Errors
/// Those of the system.
pub fn takes_little(cpu_s_max: Option<u64>) -> std::io::Result<()> {
    // Lower is always allowed; a job that is not nice is still a job.
    let _ = nice(NICENESS);
    at_most(Resource::Core, 0)?;
    at_most(Resource::Nofile, OPEN_FILES_MAX)?;
    if let Some(seconds) = cpu_s_max {
        at_most(Resource::Cpu, seconds)?;
    }
    Ok(())
}

/// Bounds the memory of this process: what is writable and private. Address space alone costs nothing.
///
/// # Errors
/// That of the system.
pub fn has_memory(bytes_max: u64) -> std::io::Result<()> {
    at_most(Resource::Data, bytes_max)
}

fn at_most(resource: Resource, most: u64) -> std::io::Result<()> {
    let least = |limit: Option<u64>| Some(limit.map_or(most, |limit| limit.min(most)));
    let before = getrlimit(resource);
    let limit = Rlimit { current: least(before.current), maximum: least(before.maximum) };
    Ok(setrlimit(resource, limit)?)
}

fn obey(orders: &Orders) -> std::io::Result<()> {
    dies_with_its_parent()?;
    let is_parent =
        getppid().is_some_and(|parent| parent.as_raw_pid().unsigned_abs() == orders.parent);
    if !is_parent {
        return Err(std::io::Error::other("nobody is there any more"));
    }
    has_memory(orders.memory_bytes)?;
    let file = File::options().append(true).open(&orders.words)?;
    *WORDS.lock().unwrap_or_else(PoisonError::into_inner) = Some(file);
    Ok(())
}

fn say(words: &str) -> bool {
    let file = WORDS.lock().unwrap_or_else(PoisonError::into_inner).take();
    file.is_some_and(|mut file| file.write_all(words.as_bytes()).is_ok())
}

/// Says, as the last word, how this process ends.
pub fn say_exit(exit: Exit) {
    let code = exit.code();
    say(&format!("{EXIT} {code}\n"));
}

/// Says, as the last word, that a plugin broke. False: there is nobody to tell it to.
pub fn say_failure(failure: &PluginFailure) -> bool {
    let PluginFailure { id, path, what } = failure;
    let fields = [id, &path.display().to_string(), what].map(crate::messages::printable);
    say(&format!("{PLUGIN}\t{}\n", fields.join("\t")))
}
