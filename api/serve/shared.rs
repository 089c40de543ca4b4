//! What all requests have in common.

use super::limits::{CALLS_AT_ONCE_MAX, EVENT_STREAMS_MAX, STREAMS_AT_ONCE_MAX};
use super::metrics::Metrics;
use super::openapi;
use super::service::Service;
use super::settings::HttpSettings;
use bytes::Bytes;
use std::sync::Arc;
use tokio::sync::{Semaphore, watch};

/// How the server ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    NotYet,
    /// What is under way is answered; then connections close.
    Soon,
    /// Connections are cut.
    Now,
}

pub struct Shared {
    pub service: Arc<dyn Service>,
    pub settings: HttpSettings,
    pub metrics: Arc<Metrics>,
    /// Places for calls that may block, for answers that are streamed, for followers of events.
    pub calls: Arc<Semaphore>,
    pub streams: Arc<Semaphore>,
    pub events: Arc<Semaphore>,
    pub stop: watch::Receiver<Stop>,
    /// The OpenAPI document.
    pub document: Bytes,
}

impl Shared {
    pub fn new(
        service: Arc<dyn Service>,
        settings: HttpSettings,
        stop: watch::Receiver<Stop>,
    ) -> Self {
        let document = openapi::text(settings.token.is_some()).into();
        Self {
            metrics: Arc::new(Metrics::new(Arc::clone(&service))),
            service,
            settings,
            calls: Arc::new(Semaphore::new(CALLS_AT_ONCE_MAX)),
            streams: Arc::new(Semaphore::new(STREAMS_AT_ONCE_MAX)),
            events: Arc::new(Semaphore::new(EVENT_STREAMS_MAX)),
            stop,
            document,
        }
    }
}
