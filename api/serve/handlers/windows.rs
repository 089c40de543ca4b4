//! Windows of time: sums over each, or the rows of their flows.

use super::flows::{disposition, format, limit, linked, second};
use crate::serve::fault::Fault;
use crate::serve::known::JobId;
use crate::serve::limits::{PAGE_WINDOWS, PAGE_WINDOWS_MAX};
use crate::serve::openapi::Format;
use crate::serve::query::Query;
use crate::serve::reply;
use crate::serve::service::{ExportFormat, WindowFilter};
use crate::serve::shared::Shared;
use crate::serve::stream;
use crate::serve::views::Window;
use hyper::header::CONTENT_DISPOSITION;
use std::sync::Arc;
use warp::path::FullPath;
use warp::reply::Response;

/// Windows that have ended, in the order of time, in pages; or with `format` the rows of their flows, as
/// `tractor flows --window` writes them (of a job that runs not as `parquet`). Windows without a packet are
/// not there. Packets that come late are added to their window when it is over already. There are windows
/// where the server was begun with `--window`.
#[utoipa::path(
    get,
    path = "/file/{job_id}/windows",
    tag = "flows",
    operation_id = "windows",
    params(
        ("job_id" = u64, Path, description = "Number of the job."),
        ("from" = Option<u64>, Query, maximum = 9223372036i64,
            description = "Unix seconds: windows that end after that."),
        ("to" = Option<u64>, Query, maximum = 9223372036i64,
            description = "Unix seconds: windows that begin before that."),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 2147483647,
            description = "Windows of a page, 10,000 at most; `Link` names the next one. Default 1,000."),
        ("after" = Option<u64>, Query, maximum = 9223372036854775807i64,
            description = "Where a page begins, as `Link` has it."),
        ("format" = inline(Option<Format>), Query,
            description = "Exports the rows of all windows that match; `limit` is not looked at."),
    ),
    responses((
        status = 200,
        description = "The windows.",
        content(
            (Vec<Window> = "application/json"),
            (String = "text/csv"),
            (String = "application/x-ndjson"),
            (String = "application/vnd.apache.parquet"),
        ),
        headers(("Link" = Option<String>, description = "The next page, if there is one.")),
    )),
)]
pub async fn page_or_export(
    JobId(job): JobId,
    shared: Arc<Shared>,
    path: FullPath,
    query: Query,
) -> Result<Response, Fault> {
    let filter = WindowFilter {
        from: second(&query, "from")?,
        to: second(&query, "to")?,
        limit: limit(&query)?.unwrap_or(PAGE_WINDOWS).min(PAGE_WINDOWS_MAX),
        after: query.number("after", 0, i64::MAX as u64)?,
    };
    if let Some(format) = query.text("format")?.map(format).transpose()? {
        return export(&shared, job, filter, format).await;
    }
    let page = shared.ask(move |jobs| jobs.windows(job, &filter)).await?;
    let next = page.last.filter(|_| page.goes_on).map(|after| query.with("after", after));
    Ok(linked(reply::json(&page.windows), &path, next))
}

async fn export(
    shared: &Shared,
    job: u64,
    filter: WindowFilter,
    format: ExportFormat,
) -> Result<Response, Fault> {
    let file = shared.ask(move |jobs| jobs.details(job)).await?;
    let export = shared.ask(move |jobs| jobs.export_windows(job, &filter, format)).await?;
    let (ending, content_type) = format.ending_and_type();
    let mut response = stream::written(shared, content_type, export).await?;
    if let Some(value) = disposition(&file, job, &format!("windows.{ending}")) {
        response.headers_mut().insert(CONTENT_DISPOSITION, value);
    }
    Ok(response)
}
