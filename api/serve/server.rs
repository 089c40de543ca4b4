//! The server as a whole: from a socket that listens to the last answer.

use super::accept::accept;
use super::front::Front;
use super::limits::{CONNECTIONS_MIN, CONNECTIONS_WAITING_MAX, FILES_FOR_OTHERS, STOP_GRACE_MS};
use super::service::Service;
use super::settings::HttpSettings;
use super::shared::{Shared, Stop};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;

/// Answers clients until `stop` is ready; then what is under way is answered, for a few seconds at
/// most. To be called in a runtime with time and network.
pub async fn serve(
    listener: TcpListener,
    service: Arc<dyn Service>,
    settings: HttpSettings,
    stop: impl Future<Output = ()>,
) {
    // The library asks for a short queue; who comes in a crowd would wait for seconds.
    if let Err(cause) = rustix::net::listen(&listener, CONNECTIONS_WAITING_MAX) {
        tracing::warn!("the queue of connections cannot be made longer: {cause}");
    }
    let connections = connections_max(settings.connections_max, open_files_max());
    if connections < settings.connections_max {
        tracing::warn!("the limit of open files leaves room for {connections} connections");
    }
    let (stopping, stopped) = watch::channel(Stop::NotYet);
    let front = Arc::new(Front::new(Arc::new(Shared::new(service, settings, stopped))));
    let places = Arc::new(Semaphore::new(connections));
    tokio::select! {
        () = accept(listener, front, Arc::clone(&places)) => {}
        () = stop => {}
    }
    // The listener is closed: nobody new comes.
    for (stop, patience_ms) in [(Stop::Soon, STOP_GRACE_MS), (Stop::Now, STOP_GRACE_MS / 3)] {
        let _ = stopping.send(stop);
        let all = u32::try_from(connections).unwrap_or(u32::MAX);
        let all_closed = places.acquire_many(all);
        if timeout(Duration::from_millis(patience_ms), all_closed).await.is_ok() {
            return;
        }
    }
}

/// How many files may be open, after that was raised as far as it goes.
fn open_files_max() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if let Err(cause) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!("the limit of open files cannot be raised: {cause}");
    }
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// Connections at once, so that other files can still be opened.
fn connections_max(wanted: usize, files: u64) -> usize {
    let files = usize::try_from(files).unwrap_or(usize::MAX);
    let room = files.saturating_sub(FILES_FOR_OTHERS).max(CONNECTIONS_MIN);
    wanted.clamp(1, Semaphore::MAX_PERMITS.min(u32::MAX as usize)).min(room)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_for_others() {
        assert_eq!(connections_max(16_384, 1 << 20), 16_384);
        assert_eq!(connections_max(16_384, 4_096), 4_096 - FILES_FOR_OTHERS);
        assert_eq!(connections_max(16_384, 256), CONNECTIONS_MIN);
        assert_eq!(connections_max(0, 256), 1);
    }
}
