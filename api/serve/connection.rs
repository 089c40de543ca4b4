//! One connection, from its first byte to its end.

use super::front::{Ends, Front};
use super::limits::{HEADER_BYTES_MAX, HEADER_READ_MS};
use super::patient::Patient;
use super::shared::Stop;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;

/// Answers what comes over a connection until either side has enough.
pub async fn attend(stream: TcpStream, ends: Ends, front: Arc<Front>) {
    // Answers are written whole; none waits for the acknowledgement of the one before.
    let _ = stream.set_nodelay(true);
    let _open = front.shared.metrics.connection();
    let mut stop = front.shared.stop.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let answer = Box::pin(Arc::clone(&front).answer(request, ends));
        async move { Ok::<_, Infallible>(answer.await) }
    });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(HEADER_READ_MS))
        .max_buf_size(HEADER_BYTES_MAX);
    let mut connection =
        pin!(builder.serve_connection(TokioIo::new(Patient::new(stream)), service));
    let mut is_told = false;
    loop {
        let now = *stop.borrow_and_update();
        if now == Stop::Now {
            return;
        }
        if now == Stop::Soon && !is_told {
            is_told = true;
            connection.as_mut().graceful_shutdown();
        }
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(cause) = ended {
                    tracing::debug!(client = %ends.client, "connection ended: {cause}");
                }
                return;
            }
            changed = stop.changed() => if changed.is_err() { return },
        }
    }
}
