//! The child between us and the application. With a network of its own it is the first process of a PID
//! namespace: when it ends, however that comes, the kernel ends every process that the application left.

use super::caller::Caller;
use super::cannot;
use crate::capture::Fault;
use crate::capture::live::inherited;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, wait};
use nix::unistd::Pid;
use rustix::process::{Signal as Death, set_parent_process_death_signal};
use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::io::{self, Read, Write};
use std::os::fd::RawFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::thread;

/// What is written to the child: that the application may begin, and that it is to end. When the socket closes, who
/// captures is gone.
pub(super) const GO: u8 = b'g';
pub(super) const END: u8 = b't';

/// What the child writes before a sentence, as it is a fault of the machine or of whoever typed; and when the
/// application runs.
pub(super) const FAILED: u8 = b'f';
pub(super) const REFUSED: u8 = b'u';
pub(super) const RUNS: u8 = b'r';

/// What the child is told by whoever starts it.
#[derive(Clone, Debug)]
pub struct Inside {
    /// Number of the socket to them.
    pub lifeline: RawFd,
    /// What /etc/resolv.conf holds for the application; none: it has no network of its own, and its process
    /// is this one.
    pub name_servers: Option<String>,
    pub application: Vec<OsString>,
}

/// Runs the application as the user who called; returns its exit code.
pub fn run_application(inside: &Inside) -> u8 {
    let Ok(mut lifeline) = inherited(inside.lifeline) else { return 1 };
    match begin(inside, &mut lifeline) {
        Ok(code) => code,
        Err(fault) => {
            let kind = if matches!(fault, Fault::Usage(_)) { REFUSED } else { FAILED };
            // If nobody reads it nobody needs it.
            let _ = lifeline.write_all(&[&[kind], fault.to_string().as_bytes()].concat());
            1
        }
    }
}

fn begin(inside: &Inside, lifeline: &mut UnixStream) -> Result<u8, Fault> {
    let dies_with_us = || {
        set_parent_process_death_signal(Some(Death::KILL))
            .map_err(|cause| cannot("the application would outlive its capture", cause))
    };
    dies_with_us()?;
    if let Some(text) = &inside.name_servers {
        own_mounts(text)
            .map_err(|cause| cannot("the application cannot be given its own mounts", cause))?;
    }
    let caller = Caller::new();
    if !caller.is_this_process() {
        caller.become_them().map_err(|cause| {
            cannot("the application cannot be run as the user who called", cause)
        })?;
        // The kernel forgets it when the user changes.
        dies_with_us()?;
    }
    let mut word = [0];
    // Whoever started us may have ended before the kernel was told to tell us.
    if lifeline.read(&mut word).unwrap_or(0) == 0 || word[0] != GO {
        return Ok(1);
    }
    let Some((program, arguments)) = inside.application.split_first() else {
        return Err(Fault::usage("there is no application to run"));
    };
    let mut command = Command::new(program);
    command.args(arguments).envs(caller.environment());
    let refused = |cause: io::Error| {
        Fault::usage(format!("{} cannot be started: {cause}", program.display()))
    };
    if inside.name_servers.is_none() {
        return Err(refused(command.exec()));
    }
    let child = command.spawn().map_err(refused)?;
    // A number of a process is no larger.
    let child = Pid::from_raw(child.id() as i32);
    // Who captures may have gone.
    let _ = lifeline.write_all(&[RUNS]);
    let orders = lifeline.try_clone().map_err(|cause| cannot("no orders can be heard", cause))?;
    thread::spawn(move || obey(orders, child));
    Ok(wait_for(child))
}

/// Ends the application when that is asked for; and this process, and with it all of its namespace, when
/// nobody asks any more.
fn obey(mut orders: UnixStream, application: Pid) {
    let mut word = [0];
    while orders.read(&mut word).is_ok_and(|bytes| bytes > 0) {
        if word[0] == END {
            // It may have ended by itself.
            let _ = kill(application, Signal::SIGTERM);
        }
    }
    std::process::exit(1);
}

/// Waits for the application, and for all that lose their parents, as the first process must.
fn wait_for(application: Pid) -> u8 {
    /// What shells add to the number of the signal that ended a program.
    const BY_SIGNAL: i32 = 128;
    loop {
        let (ended, code) = match wait() {
            Ok(WaitStatus::Exited(process, code)) => (process, code),
            Ok(WaitStatus::Signaled(process, signal, _)) => (process, BY_SIGNAL + signal as i32),
            // The second: a signal that has no name ended it.
            Ok(_) | Err(nix::Error::EINTR | nix::Error::EINVAL) => continue,
            Err(_) => return 1,
        };
        if ended == application {
            return u8::try_from(code).unwrap_or(1);
        }
    }
}

/// Gives this process mounts of its own: /proc of its PID namespace, and its own name servers, also for those
/// who would ask a service of the machine, whose questions no capture would see.
fn own_mounts(name_servers: &str) -> io::Result<()> {
    const NONE: Option<&str> = None;
    const RESOLV_CONF: &str = "/etc/resolv.conf";
    const SERVICES: [&str; 3] =
        ["/run/systemd/resolve/io.systemd.Resolve", "/run/nscd/socket", "/var/run/nscd/socket"];
    unshare(CloneFlags::CLONE_NEWNS)?;
    mount(NONE, "/", NONE, MsFlags::MS_REC | MsFlags::MS_PRIVATE, NONE)?;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(Some("proc"), "/proc", Some("proc"), flags, NONE)?;
    // A file that nobody else sees, and that is gone with these mounts.
    let folder = "/run/tractor";
    mount(Some("tractor"), folder, Some("tmpfs"), flags, Some("mode=755,size=64k"))?;
    let own = Path::new(folder).join("resolv.conf");
    fs::write(&own, name_servers)?;
    // The application reads it, whatever the umask of whoever captures.
    fs::set_permissions(&own, Permissions::from_mode(0o644))?;
    let bound = match fs::canonicalize(RESOLV_CONF) {
        Ok(path) => mount(Some(&own), &path, NONE, MsFlags::MS_BIND, NONE),
        Err(cause) => return Err(io::Error::new(cause.kind(), format!("{RESOLV_CONF}: {cause}"))),
    };
    for service in SERVICES.into_iter().filter(|service| Path::new(service).exists()) {
        mount(Some("/dev/null"), service, NONE, MsFlags::MS_BIND, NONE)?;
    }
    umount2(folder, MntFlags::MNT_DETACH)?;
    Ok(bound?)
}
