//! Calls of the jobs that may block: on threads of their own, a bounded number at once.

use super::fault::Fault;
use super::limits::CALL_WAIT_MS;
use super::service::{Answer, Service};
use super::shared::Shared;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

impl Shared {
    /// Asks the jobs, and waits for a place to ask first.
    pub async fn ask<T: Send + 'static>(
        &self,
        call: impl FnOnce(&dyn Service) -> Answer<T> + Send + 'static,
    ) -> Result<T, Fault> {
        let place = Arc::clone(&self.calls).acquire_owned();
        let Ok(Ok(place)) = timeout(Duration::from_millis(CALL_WAIT_MS), place).await else {
            return Err(Fault::busy("Too many requests are being worked on."));
        };
        let service = Arc::clone(&self.service);
        let called = spawn_blocking(move || {
            // Held until the call returns, even if nobody waits for it any more.
            let _place = place;
            call(&*service)
        });
        match called.await {
            Ok(answer) => Ok(answer?),
            Err(cause) => Err(Fault::internal(format!("a call of the jobs ended: {cause}"))),
        }
    }
}
