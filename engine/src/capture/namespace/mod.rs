//! A network of its own for an application: a network namespace with one end of a pair of interfaces, the
//! machine as its gateway, its own name servers. Nothing holds the namespace but processes: when the
//! application and we are gone the kernel removes it and the pair. What else was changed is in a record
//! ([`Running`]) and undone at the end, or by the next capture.
//!
//! Not here: recording; any clock.

mod application;
mod caller;
mod inside;
mod links;
mod plan;
mod register;
mod resolver;
mod translation;

pub use application::Application;
pub use caller::{Caller, check_rights};
pub use inside::{Inside, run_application};
pub use links::INSIDE;
pub use plan::{Network, Plan};
pub use register::{Running, running};
pub use resolver::name_servers;

use super::Fault;
use super::live::stop_offloading;
use nix::sched::{CloneFlags, setns, unshare};
use register::{Entry, Register};
use std::fs::{self, File};
use std::io;
use std::os::fd::AsFd;
use std::process::{Child, Command};

/// A network namespace that lives as long as this, or a process in it.
#[derive(Debug)]
pub struct Isolation {
    inside: File,
    outside: File,
    entry: Entry,
}

fn cannot(what: &str, cause: impl std::fmt::Display) -> Fault {
    Fault::failure(format!("{what}: {cause}"))
}

/// The network namespace of this thread.
fn current() -> io::Result<File> {
    File::open("/proc/thread-self/ns/net")
}

impl Isolation {
    /// Makes the network of a plan, and removes first what captures left that were killed.
    ///
    /// # Errors
    /// A sentence; then nothing is left.
    pub fn start(plan: &Plan, mut running: Running) -> Result<Self, Fault> {
        let failed = |cause: io::Error| cannot("no network namespace can be made", cause);
        running.network = plan.network.to_string();
        let outside = current().map_err(failed)?;
        unshare(CloneFlags::CLONE_NEWNET).map_err(|cause| failed(cause.into()))?;
        let inside = current().map_err(failed);
        setns(&outside, CloneFlags::CLONE_NEWNET).map_err(|cause| failed(cause.into()))?;
        let inside = inside?;
        let register = Register::open()?;
        register.remove_leftovers()?;
        let entry = register.enter(running, plan)?;
        drop(register);
        // From here on it is undone when it is dropped.
        let isolation = Self { inside, outside, entry };
        isolation.connect(plan)?;
        Ok(isolation)
    }

    /// Makes the pair of interfaces and all that leads from one to the other, and beyond.
    fn connect(&self, plan: &Plan) -> Result<(), Fault> {
        let running = &self.entry.running;
        let failed = |cause: io::Error| cannot("the application's network cannot be made", cause);
        links::make_pair(&running.interface, self.inside.as_fd()).map_err(failed)?;
        self.within(|| {
            links::bring_up("lo", None)?;
            prepare(links::INSIDE)?;
            links::bring_up(links::INSIDE, Some((plan.address, plan.network)))?;
            Ok(())
        })?
        .map_err(failed)?;
        prepare(&running.interface).map_err(failed)?;
        links::bring_up(&running.interface, Some((plan.gateway, plan.network))).map_err(failed)?;
        self.within(|| links::route_by(plan.gateway))?.map_err(failed)?;
        if running.has_table {
            let was_off = running.forwarding.as_deref() == Some("0");
            translation::make_table(&running.interface, plan, was_off).map_err(Fault::Failure)?;
        }
        Ok(())
    }

    /// Does something in the application's network: sockets belong to the network in which they were opened.
    ///
    /// # Errors
    /// When there is no way in, or none back.
    pub fn within<T>(&self, work: impl FnOnce() -> T) -> Result<T, Fault> {
        let failed =
            |cause: nix::Error| cannot("the application's network cannot be entered", cause);
        setns(&self.inside, CloneFlags::CLONE_NEWNET).map_err(failed)?;
        let done = work();
        setns(&self.outside, CloneFlags::CLONE_NEWNET).map_err(failed)?;
        Ok(done)
    }

    /// Starts a child in the network, as the first process of a PID namespace.
    fn spawn(&self, command: &mut Command) -> Result<io::Result<Child>, Fault> {
        let failed = |cause: io::Error| cannot("no PID namespace can be made", cause);
        let own = File::open("/proc/self/ns/pid").map_err(failed)?;
        unshare(CloneFlags::CLONE_NEWPID).map_err(|cause| failed(cause.into()))?;
        let spawned = self.within(|| command.spawn());
        setns(&own, CloneFlags::CLONE_NEWPID).map_err(|cause| failed(cause.into()))?;
        spawned
    }
}

impl Drop for Isolation {
    fn drop(&mut self) {
        // What could not be undone the next capture tries again, and says.
        let _ = Register::open().and_then(|register| register.leave(&self.entry));
    }
}

/// Before an interface works: packets as on a wire, and nothing that the system says by itself.
fn prepare(interface: &str) -> io::Result<()> {
    stop_offloading(interface)?;
    let switch = format!("/proc/sys/net/ipv6/conf/{interface}/disable_ipv6");
    // Where there is no IPv6 there is nothing to switch off.
    if fs::exists(&switch)? { fs::write(switch, "1") } else { Ok(()) }
}
