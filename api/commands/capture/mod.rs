//! `tractor capture`: the traffic of one application, or of an interface, in a file that says what it is.

mod name;
mod watch;

use super::print;
use crate::cli::CaptureArguments;
use crate::messages::{counted, grouped, in_words, printable};
use crate::{Exit, interrupt, messages};
use name::Start;
use std::os::fd::RawFd;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use tractor_engine::capture::namespace::{
    Application, Caller, INSIDE, Isolation, Plan, Running, check_rights, name_servers, running,
};
use tractor_engine::capture::{Fault, LiveSocket, Origin, Recording};
use watch::{Ended, Watch};

pub fn run(arguments: &CaptureArguments) -> Exit {
    let ended = if arguments.list { list() } else { capture(arguments) };
    ended.unwrap_or_else(|fault| {
        messages::error(in_words(&fault.to_string()));
        match fault {
            Fault::Usage(_) => Exit::Usage,
            Fault::Failure(_) => Exit::Failure,
        }
    })
}

fn capture(arguments: &CaptureArguments) -> Result<Exit, Fault> {
    let label = name::label(arguments.label.as_deref(), arguments.application.first())
        .map_err(Fault::Usage)?;
    if arguments.interface.is_none() && arguments.application.is_empty() {
        let why = "say behind -- which application to run, or with --interface what to record";
        return Err(Fault::Usage(why.to_owned()));
    }
    if !arguments.output.is_dir() {
        return Err(Fault::Usage(format!("{} is no folder", arguments.output.display())));
    }
    let plan = plan(arguments)?;
    check_rights(plan.is_some())?;
    // Signals are asked for from time to time: nothing is left half done.
    interrupt::counts();
    let start = Start::now();
    let isolation = plan.as_ref().map(|plan| isolate(arguments, plan, &label)).transpose()?;
    let interface = arguments.interface.as_deref().unwrap_or(INSIDE);
    let open = || LiveSocket::open(interface, arguments.filter.as_deref());
    let socket = match &isolation {
        Some(isolation) => isolation.within(open)??,
        None => open()?,
    };
    let origin = Origin {
        command: words(arguments),
        start: start.time,
        interface: interface.to_owned(),
        addresses: addresses(plan.as_ref()),
        link_type: socket.link_type(),
        filter: arguments.filter.clone(),
        label: label.clone(),
    };
    let stem = start.stem(&label);
    let recording = Recording::create(&arguments.output, &stem, Caller::new().ids(), &origin)?;
    // What is sent from here on is in the file.
    let application = match application(arguments, isolation.as_ref()) {
        Ok(application) => application,
        Err(fault) => {
            recording.remove();
            return Err(fault);
        }
    };
    say_begin(&recording, interface);
    let duration =
        arguments.duration.map(|ns| Duration::from_nanos(u64::try_from(ns).unwrap_or(0)));
    let ended = Watch::new(socket, recording, application).until_it_ends(duration);
    // Before anything is said: who hears it may begin the next.
    drop(isolation);
    Ok(say_end(&ended))
}

/// The application's network; none when an interface is recorded.
fn plan(arguments: &CaptureArguments) -> Result<Option<Plan>, Fault> {
    if arguments.interface.is_some() {
        return Ok(None);
    }
    Plan::new(arguments.network, arguments.address, arguments.gateway, !arguments.no_nat).map(Some)
}

fn isolate(arguments: &CaptureArguments, plan: &Plan, label: &str) -> Result<Isolation, Fault> {
    let folder = arguments.output.canonicalize().unwrap_or_else(|_| arguments.output.clone());
    Isolation::start(plan, Running::new(label.to_owned(), words(arguments), &folder))
}

fn words(arguments: &CaptureArguments) -> Vec<String> {
    arguments.application.iter().map(|word| word.to_string_lossy().into_owned()).collect()
}

fn addresses(plan: Option<&Plan>) -> String {
    match plan {
        Some(plan) => format!("{}/{} by {}", plan.address, plan.network.prefix(), plan.gateway),
        None => "those of the machine".to_owned(),
    }
}

/// Starts the application, if there is one.
fn application(
    arguments: &CaptureArguments,
    isolation: Option<&Isolation>,
) -> Result<Option<Application>, Fault> {
    if arguments.application.is_empty() {
        return Ok(None);
    }
    let own = std::env::current_exe()
        .map_err(|cause| Fault::Failure(format!("this program does not find itself: {cause}")))?;
    let servers = isolation.map(|_| {
        let (servers, some) = name_servers(&arguments.dns);
        if !some {
            messages::warning(
                "the machine has no name server that another network reaches: say one with --dns",
            );
        }
        servers
    });
    Application::start(isolation, |lifeline| child(&own, lifeline, servers, arguments)).map(Some)
}

fn child(
    own: &Path,
    lifeline: RawFd,
    servers: Option<String>,
    arguments: &CaptureArguments,
) -> Command {
    let mut command = Command::new(own);
    command.args(["--no-config", "worker", "application", "--lifeline", &lifeline.to_string()]);
    if let Some(servers) = servers {
        command.arg(format!("--name-servers={servers}"));
    }
    command.arg("--").args(&arguments.application);
    command
}

fn say_begin(recording: &Recording, interface: &str) {
    let file = printable(recording.path().display());
    messages::verbose(format_args!("records {interface} in {file}"));
}

/// Says what was recorded, and what was not; returns how the command ends.
fn say_end(ended: &Ended) -> Exit {
    let file = printable(ended.file.display());
    if let Some(why) = &ended.failure {
        messages::error(format_args!("{file} ends early: {}", in_words(why)));
        return Exit::Failure;
    }
    messages::line(format_args!(
        "{file}: {}, {}, {}",
        counted(ended.packets, "packet"),
        counted(ended.bytes, "byte"),
        counted(ended.flows, "flow"),
    ));
    if ended.dropped > 0 {
        let packets = grouped(ended.dropped);
        messages::warning(format_args!(
            "{packets} packets came faster than they were read, and are missing"
        ));
    }
    ended.exit
}

fn list() -> Result<Exit, Fault> {
    let all = running()?;
    if all.is_empty() {
        messages::line(format_args!("no capture with a network of its own runs"));
    }
    let line = |one: &Running| {
        let command = printable(one.command.join(" "));
        let folder = printable(&one.folder);
        format!("{}\t{}\t{}\t{folder}\t{command}\n", one.process, one.label, one.network)
    };
    let text: String = all.iter().map(line).collect();
    Ok(print(&text).map_or_else(|exit| exit, |()| Exit::Success))
}
