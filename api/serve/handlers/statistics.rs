//! Counts of flows.

use super::flows::address;
use crate::serve::fault::Fault;
use crate::serve::known::JobId;
use crate::serve::limits::{LIMIT_MAX, STATISTIC_ENTRIES};
use crate::serve::openapi::Address;
use crate::serve::query::Query;
use crate::serve::reply;
use crate::serve::shared::Shared;
use crate::serve::views::{DetailsIp, StatisticItem};
use std::sync::Arc;
use warp::reply::Response;

/// How many entries an item may have.
fn entries(query: &Query) -> Result<usize, Fault> {
    let limit = query.number("limit", 1, LIMIT_MAX)?;
    Ok(limit.map_or(STATISTIC_ENTRIES, |limit| usize::try_from(limit).unwrap_or(usize::MAX)))
}

/// Counts of all flows of a job. While it runs, of one consistent state.
#[utoipa::path(
    get,
    path = "/file/{job_id}/statistics",
    tag = "statistics",
    operation_id = "statistics",
    params(
        ("job_id" = u64, Path, description = "Number of the job."),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 2147483647,
            description = "Entries an item; the rest is summed in one more. Default 100."),
    ),
    responses((
        status = 200,
        description = "Counts by title, largest first.",
        body = Vec<StatisticItem>,
        example = json!([
            {"title": "protocols",
             "content": [{"label": "ftp", "count": 10}, {"label": "udp", "count": 16}]},
            {"title": "clients", "content": [{"label": "192.168.88.80", "count": 10}]}
        ]),
    )),
)]
pub async fn of_all(
    JobId(job): JobId,
    shared: Arc<Shared>,
    query: Query,
) -> Result<Response, Fault> {
    let limit = entries(&query)?;
    Ok(reply::json(&shared.ask(move |jobs| jobs.statistics(job, limit)).await?))
}

/// Counts of the flows with a label.
#[utoipa::path(
    get,
    path = "/file/{job_id}/statistics/labels",
    tag = "statistics",
    operation_id = "statistics_of_label",
    params(
        ("job_id" = u64, Path, description = "Number of the job."),
        ("label" = String, Query, min_length = 1, description = "One of `/labels/list`."),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 2147483647,
            description = "Entries an item; the rest is summed in one more. Default 100."),
    ),
    responses((
        status = 200,
        description = "Counts by title, largest first.",
        body = Vec<StatisticItem>,
    )),
)]
pub async fn of_label(
    JobId(job): JobId,
    shared: Arc<Shared>,
    query: Query,
) -> Result<Response, Fault> {
    let label = query.required("label")?.to_owned();
    let limit = entries(&query)?;
    let call = move |jobs: &dyn crate::serve::service::Service| {
        jobs.statistics_of_label(job, &label, limit)
    };
    Ok(reply::json(&shared.ask(call).await?))
}

/// What is known of an address, and counts of its flows.
#[utoipa::path(
    get,
    path = "/file/{job_id}/statistics/ip",
    tag = "statistics",
    operation_id = "statistics_of_address",
    params(
        ("job_id" = u64, Path, description = "Number of the job."),
        ("ip" = inline(Address), Query, description = "IPv4 or IPv6."),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 2147483647,
            description = "Entries an item; the rest is summed in one more. Default 100."),
    ),
    responses((status = 200, description = "The address.", body = DetailsIp)),
)]
pub async fn of_address(
    JobId(job): JobId,
    shared: Arc<Shared>,
    query: Query,
) -> Result<Response, Fault> {
    query.required("ip")?;
    let Some(ip) = address(&query)? else { return Err(Fault::internal("no address")) };
    let limit = entries(&query)?;
    let call =
        move |jobs: &dyn crate::serve::service::Service| jobs.statistics_of_address(job, ip, limit);
    Ok(reply::json(&shared.ask(call).await?))
}
