//! One job.

use crate::serve::fault::Fault;
use crate::serve::known::JobId;
use crate::serve::reply;
use crate::serve::shared::Shared;
use crate::serve::views::{File, FileStatus};
use hyper::header::HeaderMap;
use std::sync::Arc;
use warp::reply::Response;

/// How far the job is.
#[utoipa::path(
    get,
    path = "/file/{job_id}/status",
    tag = "file",
    operation_id = "status",
    params(("job_id" = u64, Path, description = "Number of the job.")),
    responses(
        (
            status = 200,
            description = "The job's state, with an `ETag`.",
            body = FileStatus,
            example = json!({"state": "in_progress", "started_at": 1530878325, "job_id": 12345}),
        ),
        (status = 304, description = "As `If-None-Match` has it."),
    ),
)]
pub async fn status(
    JobId(job): JobId,
    shared: Arc<Shared>,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    // Quick, and asked for by many: it needs no thread.
    Ok(reply::json_once(&shared.service.status(job)?, &headers))
}

/// The job's capture.
#[utoipa::path(
    get,
    path = "/file/{job_id}/details",
    tag = "file",
    operation_id = "details",
    params(("job_id" = u64, Path, description = "Number of the job.")),
    responses((status = 200, description = "The capture, with this job's state.", body = File)),
)]
pub async fn details(JobId(job): JobId, shared: Arc<Shared>) -> Result<Response, Fault> {
    Ok(reply::json(&shared.ask(move |jobs| jobs.details(job)).await?))
}

/// Cancels a job that waits or runs, forgets the results of one that is over.
#[utoipa::path(
    delete,
    path = "/file/{job_id}",
    tag = "file",
    operation_id = "delete",
    params(("job_id" = u64, Path, description = "Number of the job.")),
    responses((status = 200, description = "The job's last state.", body = FileStatus)),
)]
pub async fn delete(JobId(job): JobId, shared: Arc<Shared>) -> Result<Response, Fault> {
    Ok(reply::json(&shared.ask(move |jobs| jobs.delete(job)).await?))
}
