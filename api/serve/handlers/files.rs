//! Captures: which there are, and that one is to be processed.

use crate::serve::fault::Fault;
use crate::serve::reply;
use crate::serve::shared::Shared;
use crate::serve::views::{File, FileStatus, ProcessRequest};
use std::sync::Arc;
use warp::reply::Response;

/// Lists the captures, each with its latest job.
#[utoipa::path(
    get,
    path = "/files/list",
    tag = "files",
    operation_id = "list_files",
    responses((
        status = 200,
        description = "The captures in the captures folder.",
        body = Vec<File>,
        example = json!([{
            "name": "some file name", "extension": "pcap", "time_start": 1530476322,
            "time_end": 1530878322, "size": 102, "flows_count": 30000,
            "status": {
                "state": "finished", "started_at": 1530878325, "finished_at": 1530878333,
                "job_id": 12345
            }
        }]),
    )),
)]
pub async fn list(shared: Arc<Shared>) -> Result<Response, Fault> {
    Ok(reply::json(&shared.ask(|jobs| jobs.files()).await?))
}

/// Starts to process a capture, and answers at once. One that waits or runs already is not started again.
#[utoipa::path(
    post,
    path = "/files/process",
    tag = "files",
    operation_id = "process_file",
    request_body(
        content = ProcessRequest,
        description = "The capture, and optionally the profile of its flows.",
        example = json!({"file_name": "some file name.pcap"}),
    ),
    responses((
        status = 200,
        description = "The job.",
        body = FileStatus,
        example = json!({"state": "in_progress", "started_at": 1530878325, "job_id": 12345}),
    )),
)]
pub async fn process(shared: Arc<Shared>, request: ProcessRequest) -> Result<Response, Fault> {
    Ok(reply::json(&shared.ask(move |jobs| jobs.process(&request)).await?))
}
