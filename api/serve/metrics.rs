//! Measurements of the server and of the jobs, as Prometheus reads them.

use super::service::Service;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

type Labels<const N: usize> = [(&'static str, String); N];

pub struct Metrics {
    registry: Registry,
    requests: Family<Labels<2>, Counter>,
    seconds: Family<Labels<1>, Histogram>,
    connections: Gauge,
}

/// A connection that is open.
pub struct Open(Gauge);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Metrics {
    pub fn new(service: Arc<dyn Service>) -> Self {
        // 100 µs, and four times more each, to 26 s.
        let buckets: fn() -> Histogram = || Histogram::new(exponential_buckets(1e-4, 4.0, 10));
        let requests = Family::default();
        let seconds = Family::new_with_constructor(buckets);
        let connections = Gauge::default();
        let mut registry = Registry::default();
        registry.register("tractor_http_requests", "Requests answered", requests.clone());
        let took = "Time to the begin of the answer, in seconds";
        registry.register("tractor_http_request_seconds", took, seconds.clone());
        registry.register("tractor_http_connections", "Open connections", connections.clone());
        registry.register_collector(Box::new(AtScrape { service, begin: Instant::now() }));
        Self { registry, requests, seconds, connections }
    }

    pub fn connection(&self) -> Open {
        self.connections.inc();
        Open(self.connections.clone())
    }

    pub fn answered(&self, route: &str, status: u16, took: Duration) {
        let route = ("route", route.to_owned());
        let status = ("status", status.to_string());
        self.requests.get_or_create(&[route.clone(), status]).inc();
        self.seconds.get_or_create(&[route]).observe(took.as_secs_f64());
    }

    pub fn text(&self) -> String {
        let mut text = String::new();
        if let Err(cause) = encode(&mut text, &self.registry) {
            tracing::error!("measurements have no text: {cause}");
        }
        text
    }
}

/// What is looked up when somebody asks.
struct AtScrape {
    service: Arc<dyn Service>,
    begin: Instant,
}

impl fmt::Debug for AtScrape {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("AtScrape")
    }
}

impl Collector for AtScrape {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let uptime = self.begin.elapsed().as_secs_f64();
        let mut measures = vec![("tractor_uptime_seconds", "Time since the begin", uptime)];
        if let Some(bytes) = resident_bytes() {
            measures.push(("process_resident_memory_bytes", "Memory of the process", bytes));
        }
        measures.extend(self.service.measures());
        for (name, help, value) in measures {
            match name.strip_suffix("_total") {
                Some(name) => one(&mut encoder, name, help, &ConstCounter::new(value))?,
                None => one(&mut encoder, name, help, &ConstGauge::new(value))?,
            }
        }
        Ok(())
    }
}

fn one(
    encoder: &mut DescriptorEncoder,
    name: &str,
    help: &str,
    metric: &impl EncodeMetric,
) -> Result<(), fmt::Error> {
    metric.encode(encoder.encode_descriptor(name, help, None, metric.metric_type())?)
}

/// Memory that the process has, where the system tells it (proc(5)).
fn resident_bytes() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kilobytes * 1024.0)
}
