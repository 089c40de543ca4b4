//! What the server says of its work, on standard error.

use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// How a line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Sets up the log of this process. `filter` says from which level on things are said, and may say it
/// apart for parts: `info`, `warn,tractor::access=off`.
///
/// # Errors
/// A sentence: the filter is none, or there is a log already.
pub fn init(format: LogFormat, filter: &str) -> Result<(), String> {
    let filter: EnvFilter =
        filter.parse().map_err(|cause| format!("{filter} is no filter for the log: {cause}"))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // It would say so on standard error, and panic when that is gone.
        .log_internal_errors(false);
    let begun = match format {
        LogFormat::Text => {
            let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            builder.with_ansi(colours).try_init()
        }
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    begun.map_err(|cause| format!("the log cannot be set up: {cause}"))
}

/// Sends what a thread says when it breaks down to the log, too. What breaks in the thread `caught` is
/// caught there, and no more than a warning.
pub fn hear_panics(caught: &'static str) {
    std::panic::set_hook(Box::new(move |panic| {
        let thread = std::thread::current();
        match thread.name() {
            Some(name) if name == caught => tracing::warn!("the {caught} is damaged"),
            _ => tracing::error!("internal error: {panic}; please report this"),
        }
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_filter_is_refused() {
        let refused = init(LogFormat::Json, "tractor=loud").unwrap_err();
        assert!(refused.starts_with("tractor=loud is no filter for the log: "), "{refused}");
    }
}
