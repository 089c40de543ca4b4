//! Folders of captures, each as one stream: which there are, and that one is to be followed.

use crate::serve::fault::Fault;
use crate::serve::known::JobId;
use crate::serve::reply;
use crate::serve::shared::Shared;
use crate::serve::views::{DirectoryRequest, File, FileStatus};
use std::sync::Arc;
use warp::reply::Response;

/// Lists the folder of captures (`.`) and the folders directly in it, each with its latest job.
#[utoipa::path(
    get,
    path = "/directories",
    tag = "directories",
    operation_id = "list_directories",
    responses((
        status = 200,
        description = "The folders: their extension is empty, their size what was read of them.",
        body = Vec<File>,
    )),
)]
pub async fn list(shared: Arc<Shared>) -> Result<Response, Fault> {
    Ok(reply::json(&shared.ask(|jobs| jobs.directories()).await?))
}

/// Begins to follow a folder, and answers at once: all its captures, in the order of their first packets,
/// as one stream of flows that goes on as files grow, are rotated and appear. It ends when it is told to, or
/// after a silence (`--end-after`). One that is followed already is not followed again.
#[utoipa::path(
    post,
    path = "/directories/process",
    tag = "directories",
    operation_id = "process_directory",
    request_body(
        content = DirectoryRequest,
        description = "The folder, and optionally the profile of its flows.",
        example = json!({"directory": "."}),
    ),
    responses((
        status = 200,
        description = "The job, which answers every request that a job of a file answers.",
        body = FileStatus,
        example = json!({"state": "in_progress", "started_at": 1530878325, "job_id": 12345}),
    )),
)]
pub async fn process(shared: Arc<Shared>, request: DirectoryRequest) -> Result<Response, Fault> {
    Ok(reply::json(&shared.ask(move |jobs| jobs.process_directory(&request)).await?))
}

/// Ends the stream of a followed folder with what it has read: open flows end, and the job is finished.
#[utoipa::path(
    post,
    path = "/file/{job_id}/end",
    tag = "directories",
    operation_id = "end_stream",
    params(("job_id" = u64, Path, description = "Number of the job.")),
    responses((status = 200, description = "The job's state, a moment before its end.", body = FileStatus)),
)]
pub async fn end(JobId(job): JobId, shared: Arc<Shared>) -> Result<Response, Fault> {
    Ok(reply::json(&shared.ask(move |jobs| jobs.end_stream(job)).await?))
}
