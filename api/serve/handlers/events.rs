//! A job's progress as it happens: server-sent events (the HTML standard's event streams).

use crate::serve::fault::Fault;
use crate::serve::known::JobId;
use crate::serve::limits::{EVENT_KEEP_ALIVE_MS, EVENT_PAUSE_MS, PAGE_WINDOWS};
use crate::serve::openapi::StatusEvent;
use crate::serve::reply;
use crate::serve::service::WindowFilter;
use crate::serve::shared::{Shared, Stop};
use crate::serve::views::{FileStatus, State, Window};
use futures_util::stream;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::sleep;
use warp::Reply;
use warp::reply::Response;
use warp::sse::{Event, keep_alive};

/// Follows a job until it is over. Each event holds the status: `state` when more than the progress has
/// changed, and first of all; else `progress`. Of a job with windows each one that ends from now on is an event
/// `window`, too, and holds what `/file/{job_id}/windows` says of it then.
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
    let windows = Windows { shared: Arc::clone(&shared), job, after: None, go_on: false };
    let to_tell = VecDeque::new();
    let follower = Follower { statuses, stop, windows, last: None, to_tell, id: 0, _place: place };
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
    windows: Windows,
    /// The last status that was told.
    last: Option<FileStatus>,
    /// Names and data of events.
    to_tell: VecDeque<(&'static str, Vec<u8>)>,
    id: u64,
    _place: OwnedSemaphorePermit,
}

impl Follower {
    /// The next event; None at the end.
    async fn next(&mut self) -> Option<Event> {
        if self.to_tell.is_empty() {
            self.look().await?;
        }
        let (name, data) = self.to_tell.pop_front()?;
        self.id += 1;
        let data = String::from_utf8(data).ok()?;
        Some(Event::default().event(name).id(self.id.to_string()).data(data))
    }

    /// Waits for something new; None at the end.
    async fn look(&mut self) -> Option<()> {
        if self.last.as_ref().is_some_and(|last| is_final(last.state)) {
            return None;
        }
        if self.last.is_some() && !self.windows.go_on {
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
        for window in self.windows.ended(self.last.as_ref(), &status).await {
            self.to_tell.push_back(("window", reply::json_bytes(&window)));
        }
        if self.windows.go_on {
            return Some(());
        }
        self.to_tell.push_back((name, reply::json_bytes(&status)));
        self.last = Some(status);
        Some(())
    }
}

/// The windows of the job, one after the other.
struct Windows {
    shared: Arc<Shared>,
    job: u64,
    /// Those that begin behind this are still to be told.
    after: Option<u64>,
    /// More have ended than were told.
    go_on: bool,
}

impl Windows {
    /// Those that have ended since the status before.
    async fn ended(&mut self, before: Option<&FileStatus>, now: &FileStatus) -> Vec<Window> {
        let Some(before) = before else {
            // Windows begin where others end.
            let at_begin = |seconds: f64| ((seconds * 1e6).round() as u64 * 1_000).checked_sub(1);
            self.after = now.windows_to.and_then(at_begin);
            return Vec::new();
        };
        if now.windows_to == before.windows_to && !is_final(now.state) {
            return Vec::new();
        }
        let (job, after) = (self.job, self.after);
        let filter = WindowFilter { limit: PAGE_WINDOWS, after, ..WindowFilter::default() };
        let page = self.shared.ask(move |jobs| jobs.windows(job, &filter)).await;
        // Of who is busy it is known at the next change; most jobs have no windows at all.
        let page = page.unwrap_or_default();
        self.after = page.last.or(after);
        self.go_on = page.goes_on;
        page.windows
    }
}

fn without_progress(status: &FileStatus) -> FileStatus {
    FileStatus { progress: None, stream: None, windows_to: None, ..status.clone() }
}

fn is_final(state: State) -> bool {
    matches!(state, State::Finished | State::Failed | State::Cancelled)
}
