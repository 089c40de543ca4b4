//! Connections are accepted, a bounded number at once.

use super::connection;
use super::front::{Ends, Front};
use super::limits::ACCEPT_PAUSE_MS;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::sleep;

/// Where connections come from.
pub trait Door: Send {
    fn next(&mut self) -> impl Future<Output = io::Result<(TcpStream, SocketAddr)>> + Send;
}

impl Door for TcpListener {
    async fn next(&mut self) -> io::Result<(TcpStream, SocketAddr)> {
        self.accept().await
    }
}

/// Accepts connections, each on a task of its own, for as long as it is polled.
pub async fn accept(mut door: impl Door, front: Arc<Front>, places: Arc<Semaphore>) {
    let mut is_failing = false;
    loop {
        // Who is not accepted yet waits in the system's queue.
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        match door.next().await {
            Ok((stream, client)) => {
                is_failing = false;
                let Ok(server) = stream.local_addr() else { continue };
                let front = Arc::clone(&front);
                tokio::spawn(async move {
                    connection::attend(stream, Ends { client, server }, front).await;
                    drop(place);
                });
            }
            // It was the client's connection that failed, before it was ours.
            Err(cause) if is_of_the_client(&cause) => {}
            Err(cause) => {
                if !is_failing {
                    tracing::error!("connections cannot be accepted, and wait: {cause}");
                }
                is_failing = true;
                sleep(Duration::from_millis(ACCEPT_PAUSE_MS)).await;
            }
        }
    }
}

fn is_of_the_client(cause: &io::Error) -> bool {
    let kinds =
        [ErrorKind::ConnectionAborted, ErrorKind::ConnectionRefused, ErrorKind::ConnectionReset];
    kinds.contains(&cause.kind())
}
