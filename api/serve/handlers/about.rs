//! The server itself, and what it knows beside captures.

use crate::serve::fault::Fault;
use crate::serve::reply;
use crate::serve::shared::Shared;
use crate::serve::views::{Health, Label, Plugins};
use std::sync::Arc;
use tokio::task::spawn_blocking;
use warp::reply::Response;

/// The format that Prometheus asks for first.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Labels of the loaded plugins and of stored jobs, by group.
#[utoipa::path(
    get,
    path = "/labels/list",
    tag = "labels",
    operation_id = "list_labels",
    responses((
        status = 200,
        description = "Groups of labels.",
        body = Vec<Label>,
        example = json!([
            {"group_name": "social", "labels": ["facebook", "vk"]},
            {"group_name": "other", "labels": ["ssh", "telnet"]}
        ]),
    )),
)]
pub async fn labels(shared: Arc<Shared>) -> Result<Response, Fault> {
    Ok(reply::json(&shared.ask(|jobs| jobs.labels()).await?))
}

/// Plugins that are loaded, refused, and left out of jobs.
#[utoipa::path(
    get,
    path = "/plugins",
    tag = "server",
    operation_id = "plugins",
    responses((status = 200, description = "The plugins.", body = Plugins)),
)]
pub async fn plugins(shared: Arc<Shared>) -> Result<Response, Fault> {
    Ok(reply::json(&shared.ask(|jobs| jobs.plugins()).await?))
}

/// Whether the server lives; needs no token.
#[utoipa::path(
    get,
    path = "/health",
    tag = "server",
    operation_id = "health",
    security(()),
    responses((status = 200, description = "It lives.", body = Health)),
)]
pub async fn health(shared: Arc<Shared>) -> Result<Response, Fault> {
    Ok(reply::json(&shared.service.health()))
}

/// Measurements, as Prometheus reads them.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "server",
    operation_id = "metrics",
    responses((
        status = 200,
        description = "Measurements in the OpenMetrics text format.",
        body = String,
        content_type = "application/openmetrics-text",
    )),
)]
pub async fn metrics(shared: Arc<Shared>) -> Result<Response, Fault> {
    let metrics = Arc::clone(&shared.metrics);
    let text = spawn_blocking(move || metrics.text()).await;
    let text = text.map_err(|cause| Fault::internal(format!("measuring ended: {cause}")))?;
    Ok(reply::of_type(OPEN_METRICS, text.into_bytes()))
}

/// This document.
#[utoipa::path(
    get,
    path = "/openapi.json",
    tag = "server",
    operation_id = "openapi",
    responses((
        status = 200,
        description = "The OpenAPI document.",
        body = serde_json::Value,
        content_type = "application/json",
    )),
)]
pub async fn document(shared: Arc<Shared>) -> Result<Response, Fault> {
    Ok(reply::of_type("application/json", shared.document.to_vec()))
}
