//! `tractor serve`: captures processed in the background, results served while jobs run.

use super::print;
use crate::cli::{Log, ServeArguments};
use crate::serve::jobs::{INDEX_THREAD, Jobs, Settings};
use crate::serve::log::{self, LogFormat};
use crate::serve::{HttpSettings, Token, check_listen, check_origin, serve};
use crate::{Exit, messages};
use std::io::{self, Read};
use std::net;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// What is logged, unless RUST_LOG says otherwise.
const USUAL_FILTER: &str = "info";
const QUIET_FILTER: &str = "error";

/// Bytes of the file of a token.
const TOKEN_BYTES_MAX: u64 = 4_096;

/// How long what is under way for clients that are gone may go on.
const SHUTDOWN_MAX: Duration = Duration::from_secs(1);

/// Threads that answer clients; what takes long has others.
const THREADS: usize = 2;

pub fn run(arguments: &ServeArguments) -> Exit {
    let checked = has_windows(arguments).and_then(|()| http_settings(arguments));
    let checked = checked.and_then(|http| {
        let filter = if messages::is_quiet() { QUIET_FILTER } else { USUAL_FILTER };
        let filter = std::env::var("RUST_LOG").unwrap_or_else(|_| filter.to_owned());
        let format = match arguments.log {
            Log::Text => LogFormat::Text,
            Log::Json => LogFormat::Json,
        };
        log::init(format, &filter)?;
        Ok(http)
    });
    let http = match checked {
        Ok(http) => http,
        Err(why) => {
            messages::error(why);
            return Exit::Usage;
        }
    };
    log::hear_panics(INDEX_THREAD);
    // Clients that come early wait; and nothing is begun where nobody can listen.
    let listener = match listen(arguments) {
        Ok(listener) => listener,
        Err(cause) => {
            messages::error(format_args!("cannot listen on {}: {cause}", arguments.listen));
            return Exit::Failure;
        }
    };
    let jobs = match Jobs::start(Settings::new(arguments)) {
        Ok(jobs) => jobs,
        Err((exit, why)) => {
            messages::error(messages::in_words(&why));
            return exit;
        }
    };
    let exit = answer(listener, &jobs, http);
    jobs.stop();
    exit
}

/// A profile of a request may have none: then its job has none, as where a file asks for windows.
fn has_windows(arguments: &ServeArguments) -> Result<(), String> {
    let profile = arguments.options.profile;
    match arguments.window {
        Some(_) if arguments.options.is_typed("window") && !profile.columns.has_windows() => {
            Err(format!("the profile {} has no rows of windows", profile.name))
        }
        _ => Ok(()),
    }
}

fn listen(arguments: &ServeArguments) -> io::Result<net::TcpListener> {
    let listener = net::TcpListener::bind(arguments.listen)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// What the arguments say of clients.
fn http_settings(arguments: &ServeArguments) -> Result<HttpSettings, String> {
    let token = arguments.token_file.as_deref().map(token).transpose()?;
    check_listen(arguments.listen, token.is_some())?;
    arguments.allow_origin.iter().try_for_each(|origin| check_origin(origin))?;
    Ok(HttpSettings {
        token,
        allowed_hosts: arguments.allow_host.clone(),
        allow_origin: arguments.allow_origin.clone(),
        ..HttpSettings::default()
    })
}

fn token(path: &Path) -> Result<Token, String> {
    let cannot = |cause: &dyn std::fmt::Display| {
        format!("the token cannot be read from {}: {cause}", path.display())
    };
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(|cause| cannot(&cause))?;
    file.take(TOKEN_BYTES_MAX).read_to_string(&mut text).map_err(|cause| cannot(&cause))?;
    Token::read(&text).map_err(|cause| cannot(&cause))
}

/// Answers clients until somebody asks to stop.
fn answer(listener: net::TcpListener, jobs: &Arc<Jobs>, http: HttpSettings) -> Exit {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(THREADS).enable_all().build();
    let answered = runtime.and_then(|runtime| {
        let answered = runtime.block_on(async {
            let (mut term, mut int) =
                (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
            let listener = TcpListener::from_std(listener)?;
            let address = listener.local_addr()?;
            // Whoever waits for the line has gone, or hears it.
            let _ = print(&format!("listening on http://{address}\n"));
            let jobs = Arc::clone(jobs);
            let stop = async {
                tokio::select! {
                    _ = term.recv() => {}
                    _ = int.recv() => {}
                }
                // Those that run hear of it at once, while the last clients are answered.
                jobs.begin_to_stop();
            };
            serve(listener, Arc::clone(&jobs) as _, http, stop).await;
            Ok(())
        });
        // What still reads something for a client is not waited for.
        runtime.shutdown_timeout(SHUTDOWN_MAX);
        answered
    });
    match answered {
        Ok(()) => Exit::Success,
        Err(cause) => {
            messages::error(format_args!("clients cannot be answered: {cause}"));
            Exit::Failure
        }
    }
}
