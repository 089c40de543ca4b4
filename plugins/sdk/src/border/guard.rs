//! The one way into an author's code.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::host::Host;
use crate::Result;
use crate::abi::{OK, PANIC, Status};

/// Runs an author's code for one call of the host. What went wrong is told by `fail` and by the
/// status; an instance that panicked is broken, and is not entered again.
pub fn guarded(host: Host, broken: &Cell<bool>, call: impl FnOnce() -> Result<()>) -> Status {
    if broken.get() {
        host.fail("it panicked before, and is not entered again");
        return PANIC;
    }
    match caught(call) {
        Ok(Ok(())) => OK,
        Ok(Err(error)) => {
            host.fail(error.text());
            // An error is never success, whatever its status.
            if error.status() < OK { error.status() } else { crate::abi::ERROR }
        }
        Err(text) => {
            broken.set(true);
            host.fail(&text);
            PANIC
        }
    }
}

/// What a call gives, or the text of its panic.
pub fn caught<T>(call: impl FnOnce() -> T) -> std::result::Result<T, String> {
    // What the call leaves half done is not entered again.
    catch_unwind(AssertUnwindSafe(call)).map_err(|payload| {
        let text = text(payload.as_ref());
        forget_panics_of(payload);
        format!("panic: {text}")
    })
}

fn text(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        return (*text).to_owned();
    }
    payload.downcast_ref::<String>().cloned().unwrap_or_else(|| "without a text".to_owned())
}

/// A payload's own drop may panic, too, and so on for ever: the second one is leaked.
fn forget_panics_of(payload: Box<dyn Any + Send>) {
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(second);
    }
}
