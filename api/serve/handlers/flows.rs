//! Flows one by one: streamed, in pages, or as an export of the whole job.

use crate::serve::fault::Fault;
use crate::serve::known::JobId;
use crate::serve::limits::{EXPORT_NAME_BYTES_MAX, LIMIT_MAX, PAGE_FLOWS};
use crate::serve::openapi::{Address, Format, Protocol};
use crate::serve::query::{Query, digits};
use crate::serve::reply::write_json;
use crate::serve::service::{ExportFormat, FlowFilter, FlowRows};
use crate::serve::shared::Shared;
use crate::serve::stream;
use crate::serve::views::{DetailsLabelItem, File};
use hyper::header::{CONTENT_DISPOSITION, HeaderValue, LINK};
use std::io::{self, Write};
use std::net::IpAddr;
use std::sync::Arc;
use warp::path::FullPath;
use warp::reply::Response;

/// So many open flows of a job that runs are not in the answer, nor on other pages.
const NOT_TOLD: &str = "flows-not-told";

/// The latest second that a capture can have: its times are nanoseconds in 64 bits.
const SECOND_MAX: u64 = i64::MAX as u64 / 1_000_000_000;

/// Names of transports that may stand for their number.
const TRANSPORTS: &[(&str, u8)] =
    &[("icmp", 1), ("tcp", 6), ("udp", 17), ("icmpv6", 58), ("sctp", 132)];

/// The address in a query, if there is one.
pub fn address(query: &Query) -> Result<Option<IpAddr>, Fault> {
    query.read_as("ip", "an IPv4 or IPv6 address")
}

/// Flows with a label: those that are closed and those that are open. All of them, or with `limit` a page.
#[utoipa::path(
    get,
    path = "/file/{job_id}/flows/labels",
    tag = "flows",
    operation_id = "flows_of_label",
    params(
        ("job_id" = u64, Path, description = "Number of the job."),
        ("label" = String, Query, min_length = 1, description = "One of `/labels/list`."),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 2147483647,
            description = "Flows of a page, 10,000 at most; `Link` names the next one. Default: all flows."),
        ("after" = Option<u64>, Query, maximum = 9223372036854775807i64,
            description = "Where a page begins, as `Link` has it."),
    ),
    responses((
        status = 200,
        description = "The flows.",
        body = Vec<DetailsLabelItem>,
        headers(
            ("Link" = Option<String>, description = "The next page, if there may be one."),
            ("Flows-Not-Told" = Option<u64>, description = "Of a job that runs: so many open flows \
                are not in the answer, nor on other pages, since there was no room for them."),
        ),
    )),
)]
pub async fn of_label(
    JobId(job): JobId,
    shared: Arc<Shared>,
    path: FullPath,
    query: Query,
) -> Result<Response, Fault> {
    let label = query.required("label")?.to_owned();
    let filter = FlowFilter {
        label: Some(label),
        limit: limit(&query)?,
        after: query.number("after", 0, i64::MAX as u64)?,
        ..FlowFilter::default()
    };
    rows(&shared, job, filter, &path, &query).await
}

/// Flows that match every filter that is given, in pages; or with `format` all of them, as the job's
/// profile has them. An export may name that `profile`; another one is refused, since it is another job.
#[utoipa::path(
    get,
    path = "/file/{job_id}/flows",
    tag = "flows",
    operation_id = "flows",
    params(
        ("job_id" = u64, Path, description = "Number of the job."),
        ("label" = Option<String>, Query, min_length = 1, description = "Label of the flow."),
        ("ip" = inline(Option<Address>), Query, description = "Address of either side."),
        ("port" = Option<u16>, Query, maximum = 65535, description = "Port of either side."),
        ("protocol" = inline(Option<Protocol>), Query, description = "IP protocol."),
        ("domain" = Option<String>, Query, min_length = 1,
            description = "Name of the server, or a domain that it is in."),
        ("from" = Option<u64>, Query, maximum = 9223372036i64,
            description = "Unix seconds: flows that had not ended before."),
        ("to" = Option<u64>, Query, maximum = 9223372036i64,
            description = "Unix seconds: flows that had begun before."),
        ("session" = Option<u64>, Query, maximum = 9223372036854775807i64,
            description = "Id of the session that the flow belongs to."),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 2147483647,
            description = "Flows of a page, 10,000 at most; `Link` names the next one. Default 1,000."),
        ("after" = Option<u64>, Query, maximum = 9223372036854775807i64,
            description = "Where a page begins, as `Link` has it."),
        ("format" = inline(Option<Format>), Query,
            description = "Exports all flows that match; `limit` and `after` are not looked at."),
        // `profile` is told above: which value it may have no schema can say.
    ),
    responses((
        status = 200,
        description = "The flows.",
        content(
            (Vec<DetailsLabelItem> = "application/json"),
            (String = "text/csv"),
            (String = "application/x-ndjson"),
            (String = "application/vnd.apache.parquet"),
        ),
        headers(
            ("Link" = Option<String>, description = "The next page, if there may be one."),
            ("Flows-Not-Told" = Option<u64>, description = "Of a job that runs: so many open flows \
                are not in the answer, nor on other pages, since there was no room for them."),
        ),
    )),
)]
pub async fn page_or_export(
    JobId(job): JobId,
    shared: Arc<Shared>,
    path: FullPath,
    query: Query,
) -> Result<Response, Fault> {
    let filter = FlowFilter {
        label: query.text("label")?.map(str::to_owned),
        ip: address(&query)?,
        port: query.number("port", 0, u16::MAX.into())?.and_then(|port| u16::try_from(port).ok()),
        protocol: query.text("protocol")?.map(protocol).transpose()?,
        domain: query.text("domain")?.map(str::to_owned),
        from: second(&query, "from")?,
        to: second(&query, "to")?,
        limit: Some(limit(&query)?.unwrap_or(PAGE_FLOWS)),
        after: query.number("after", 0, i64::MAX as u64)?,
        session: query.number("session", 0, i64::MAX as u64)?,
    };
    let profile = query.text("profile")?.map(str::to_owned);
    match query.text("format")?.map(format).transpose()? {
        Some(format) => export(&shared, job, filter, format, profile).await,
        None => rows(&shared, job, filter, &path, &query).await,
    }
}

pub(super) fn limit(query: &Query) -> Result<Option<usize>, Fault> {
    let limit = query.number("limit", 1, LIMIT_MAX)?;
    Ok(limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX)))
}

pub(super) fn second(query: &Query, name: &str) -> Result<Option<i64>, Fault> {
    let second = query.number(name, 0, SECOND_MAX)?;
    Ok(second.map(|second| i64::try_from(second).unwrap_or(i64::MAX)))
}

fn protocol(text: &str) -> Result<u8, Fault> {
    let of_name = TRANSPORTS.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
    let number = || digits(text).and_then(|number| u8::try_from(number).ok());
    of_name.map(|(_, number)| *number).or_else(number).ok_or_else(|| {
        let names: Vec<&str> = TRANSPORTS.iter().map(|(name, _)| *name).collect();
        let names = names.join(", ");
        Fault::wrong(format!("The parameter protocol is not a number up to 255 or one of {names}."))
    })
}

pub(super) fn format(text: &str) -> Result<ExportFormat, Fault> {
    match text {
        "csv" => Ok(ExportFormat::Csv),
        "jsonl" => Ok(ExportFormat::Jsonl),
        "parquet" => Ok(ExportFormat::Parquet),
        _ => Err(Fault::wrong("The parameter format is not csv, jsonl or parquet.")),
    }
}

/// Rows as one JSON array.
async fn rows(
    shared: &Shared,
    job: u64,
    filter: FlowFilter,
    path: &FullPath,
    query: &Query,
) -> Result<Response, Fault> {
    let is_page = filter.limit.is_some();
    let page = shared.ask(move |jobs| jobs.flows(job, &filter)).await?;
    let next = page.next.filter(|_| is_page).map(|after| query.with("after", after));
    let mut response =
        stream::written(shared, "application/json", |out| write_rows(out, page.rows)).await?;
    if page.not_told > 0 {
        response.headers_mut().insert(NOT_TOLD, page.not_told.into());
    }
    Ok(linked(response, path, next))
}

/// The same with a link to the next page, where there is one: the query of that.
pub(super) fn linked(mut response: Response, path: &FullPath, next: Option<String>) -> Response {
    let link = next.map(|next| format!("<{}?{next}>; rel=\"next\"", path.as_str()));
    if let Some(link) = link.and_then(|link| HeaderValue::from_str(&link).ok()) {
        response.headers_mut().insert(LINK, link);
    }
    response
}

fn write_rows(out: &mut (dyn Write + Send), rows: FlowRows) -> io::Result<()> {
    out.write_all(b"[")?;
    for (place, row) in rows.enumerate() {
        if place > 0 {
            out.write_all(b",")?;
        }
        write_json(&mut *out, &row?)?;
    }
    out.write_all(b"]")
}

async fn export(
    shared: &Shared,
    job: u64,
    filter: FlowFilter,
    format: ExportFormat,
    profile: Option<String>,
) -> Result<Response, Fault> {
    let file = shared.ask(move |jobs| jobs.details(job)).await?;
    // Of a job that is not over, too: waiting for its end would not help.
    if let (Some(asked), Some(has)) = (profile, &file.profile)
        && asked != *has
    {
        let message =
            format!("The job's profile is {has}: for another one process the capture with it.");
        return Err(Fault::wrong(message));
    }
    let export = shared.ask(move |jobs| jobs.export(job, &filter, format)).await?;
    let (ending, content_type) = format.ending_and_type();
    let mut response = stream::written(shared, content_type, export).await?;
    if let Some(value) = disposition(&file, job, ending) {
        response.headers_mut().insert(CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

/// Under which name an export is to be saved.
pub(super) fn disposition(file: &File, job: u64, ending: &str) -> Option<HeaderValue> {
    let value = format!("attachment; filename=\"{}.{job}.{ending}\"", safe_name(file));
    HeaderValue::from_str(&value).ok()
}

/// A capture's name with nothing in it that a file system or a shell could take amiss.
fn safe_name(file: &File) -> String {
    let is_safe = |character: char| character.is_ascii_alphanumeric() || "._-".contains(character);
    let safe = |character| if is_safe(character) { character } else { '_' };
    let name: String = file.name.chars().map(safe).take(EXPORT_NAME_BYTES_MAX).collect();
    match name.trim_start_matches(['.', '-']) {
        "" => "flows".to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_exports_are_safe_everywhere() {
        let name_of = |name: &str| safe_name(&File { name: name.to_owned(), ..File::default() });
        assert_eq!(name_of("mix-1_g.v2"), "mix-1_g.v2");
        assert_eq!(name_of("../a\"b;\r\nc\u{e9}"), "_a_b___c_");
        assert_eq!(name_of("..."), "flows");
        assert_eq!(name_of(&"x".repeat(300)).len(), EXPORT_NAME_BYTES_MAX);
    }

    #[test]
    fn rows_are_one_array_however_many_there_are() {
        let written = |count: usize| {
            let rows = std::iter::repeat_with(|| Ok(DetailsLabelItem::default())).take(count);
            let mut out = Vec::new();
            write_rows(&mut out, Box::new(rows)).unwrap();
            serde_json::from_slice::<Vec<DetailsLabelItem>>(&out).unwrap().len()
        };
        assert_eq!([0, 1, 3].map(written), [0, 1, 3]);
    }
}
