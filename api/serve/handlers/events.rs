//! A job's progress as it happens: server-sent events (the HTML standard's event streams).

use crate::serve::fault::Fault;
use crate::serve::known::JobId;
use crate::serve::limits::{EVENT_KEEP_ALIVE_MS, EVENT_PAUSE_MS};
use crate::serve::openapi::StatusEvent;
use crate::serve::reply;
use crate::serve::shared::{Shared, Stop};
use crate::serve::views::{FileStatus, State};
use futures_util::stream;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::sleep;
use warp::Reply;
use warp::reply::Response;
use warp::sse::{Event, keep_alive};

/// Follows a job until it is over. Each event holds the status: `state` when more than the progress has
/// changed, and first of all; else `progress`.
#[utoipa::path(
    get,
    path = "/file/{job_id}/events",
    tag = "file",
    operation_id = "events",
    params(("job_id" = u64, Path, description = "Number of the job.")),
    responses((
        status = 200,
        description = "Each event has this form.",
        body = inline(StatusEvent),
        content_type = "text/event-stream",
    )),
)]
pub async fn follow(JobId(job): JobId, shared: Arc<Shared>) -> Result<Response, Fault> {
    let statuses = shared.service.watch(job)?;
    let Ok(place) = Arc::clone(&shared.events).try_acquire_owned() else {
        return Err(Fault::busy("Too many clients follow events."));
    };
    let stop = shared.stop.clone();
    let follower = Follower { statuses, stop, last: None, id: 0, _place: place };
    let events = stream::unfold(follower, |mut follower| async move {
        let event = follower.next().await?;
        Some((Ok::<_, Infallible>(event), follower))
    });
    let alive = keep_alive().interval(Duration::from_millis(EVENT_KEEP_ALIVE_MS));
    Ok(warp::sse::reply(alive.stream(events)).into_response())
}

struct Follower {
    statuses: watch::Receiver<FileStatus>,
    stop: watch::Receiver<Stop>,
    /// What was told last.
    last: Option<FileStatus>,
    id: u64,
    _place: OwnedSemaphorePermit,
}

impl Follower {
    /// The next event; None at the end.
    async fn next(&mut self) -> Option<Event> {
        if self.last.as_ref().is_some_and(|last| is_final(last.state)) {
            return None;
        }
        if self.last.is_some() {
            tokio::select! {
                changed = self.statuses.changed() => changed.ok()?,
                _ = self.stop.wait_for(|stop| *stop > Stop::NotYet) => return None,
            }
            // Several changes in a moment are one event.
            sleep(Duration::from_millis(EVENT_PAUSE_MS)).await;
        }
        let status = self.statuses.borrow_and_update().clone();
        let name = match &self.last {
            Some(last) if without_progress(last) == without_progress(&status) => "progress",
            _ => "state",
        };
        let data = String::from_utf8(reply::json_bytes(&status)).ok()?;
        self.last = Some(status);
        self.id += 1;
        Some(Event::default().event(name).id(self.id.to_string()).data(data))
    }
}

fn without_progress(status: &FileStatus) -> FileStatus {
    FileStatus { progress: None, ..status.clone() }
}

fn is_final(state: State) -> bool {
    matches!(state, State::Finished | State::Failed | State::Cancelled)
}
