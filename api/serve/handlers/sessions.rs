//! Sessions (information connections) that are over.

use super::flows::{address, limit, linked, second};
use crate::serve::fault::Fault;
use crate::serve::known::JobId;
use crate::serve::limits::{PAGE_SESSIONS, PAGE_SESSIONS_MAX};
use crate::serve::openapi::Address;
use crate::serve::query::Query;
use crate::serve::reply;
use crate::serve::service::FlowFilter;
use crate::serve::shared::Shared;
use crate::serve::views::Session;
use std::sync::Arc;
use warp::path::FullPath;
use warp::reply::Response;

/// Sessions that are over and match every filter that is given, in pages. Beside what is described, each has the
/// columns of timing and volume of the job's profile, over the packets of all its flows, and those of its
/// label: it is what `tractor sessions --format jsonl` writes. Its flows: `/file/{job_id}/flows?session=`.
#[utoipa::path(
    get,
    path = "/file/{job_id}/sessions",
    tag = "flows",
    operation_id = "sessions",
    params(
        ("job_id" = u64, Path, description = "Number of the job."),
        ("label" = Option<String>, Query, min_length = 1, description = "Label of the session."),
        ("ip" = inline(Option<Address>), Query, description = "Address of the client, or of the first \
            flow's server."),
        ("domain" = Option<String>, Query, min_length = 1,
            description = "Name of the server, or a domain that it is in."),
        ("from" = Option<u64>, Query, maximum = 9223372036i64,
            description = "Unix seconds: sessions that had not ended before."),
        ("to" = Option<u64>, Query, maximum = 9223372036i64,
            description = "Unix seconds: sessions that had begun before."),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 2147483647,
            description = "Sessions of a page, 1,000 at most; `Link` names the next one. Default 100."),
        ("after" = Option<u64>, Query, maximum = 9223372036854775807i64,
            description = "Where a page begins, as `Link` has it."),
    ),
    responses((
        status = 200,
        description = "The sessions, by the time at which they were over.",
        body = Vec<Session>,
        headers(("Link" = Option<String>, description = "The next page, if there is one.")),
    )),
)]
pub async fn page(
    JobId(job): JobId,
    shared: Arc<Shared>,
    path: FullPath,
    query: Query,
) -> Result<Response, Fault> {
    let filter = FlowFilter {
        label: query.text("label")?.map(str::to_owned),
        ip: address(&query)?,
        domain: query.text("domain")?.map(str::to_owned),
        from: second(&query, "from")?,
        to: second(&query, "to")?,
        after: query.number("after", 0, i64::MAX as u64)?,
        ..FlowFilter::default()
    };
    let most = limit(&query)?.unwrap_or(PAGE_SESSIONS).min(PAGE_SESSIONS_MAX);
    let page = shared.ask(move |jobs| jobs.sessions(job, &filter, most)).await?;
    let next = page.next.map(|after| query.with("after", after));
    let text = format!("[{}]", page.sessions.join(","));
    Ok(linked(reply::json_text(&text), &path, next))
}

/// One session, when it is over.
#[utoipa::path(
    get,
    path = "/file/{job_id}/sessions/{session_id}",
    tag = "flows",
    operation_id = "session",
    params(
        ("job_id" = u64, Path, description = "Number of the job."),
        ("session_id" = u64, Path, description = "Id of the flow that the session began with."),
    ),
    responses((status = 200, description = "The session.", body = Session)),
)]
pub async fn one(
    JobId(job): JobId,
    JobId(session): JobId,
    shared: Arc<Shared>,
) -> Result<Response, Fault> {
    let object = shared.ask(move |jobs| jobs.session(job, session)).await?;
    Ok(reply::json_text(&object))
}
