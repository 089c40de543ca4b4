//! The functions that the host calls: each checks its pointers and enters through the guard.

use std::cell::Cell;
use std::ffi::c_void;

use super::flow::Flows;
use super::guard::{caught, guarded};
use super::host::{Host, Log};
use super::tags::Tags;
use super::{c_text, slice};
use crate::abi::{ERROR, OK, Status, tractor_flow, tractor_host, tractor_option, tractor_tags};
use crate::{Classifier, Columns, Declaration, Options, Result};

/// What `self` points to.
struct Instance<C> {
    classifier: C,
    columns: Columns,
    host: Host,
    log: Log,
    /// After a panic.
    broken: Cell<bool>,
}

/// # Safety
/// As the header says of `tractor_classifier.create`.
pub unsafe extern "C" fn create<C: Classifier>(
    host: *const tractor_host,
    options: *const tractor_option,
    option_count: u32,
    made: *mut *mut c_void,
) -> Status {
    if host.is_null() || made.is_null() {
        return ERROR;
    }
    // SAFETY: not null, and lent by the host until destroy has returned.
    let host = unsafe { Host::lent(host) };
    // SAFETY: not null, and the host's to be written.
    unsafe { *made = std::ptr::null_mut() };
    if options.is_null() && option_count > 0 {
        host.fail("create: no options where there should be some");
        return ERROR;
    }
    let log = Log::new(host);
    let mut instance = None;
    let status = guarded(host, &Cell::new(false), || {
        // SAFETY: so many options are lent for this call.
        let pairs = unsafe { pairs(options, option_count) };
        instance = Some(create_instance::<C>(host, pairs, &log)?);
        Ok(())
    });
    match instance {
        Some(instance) if status == OK => {
            // SAFETY: as above.
            unsafe { *made = Box::into_raw(instance).cast() };
        }
        // Clones of the log may have gone to other threads.
        _ => log.close(),
    }
    status
}

/// # Safety
/// So many options, of texts that end in NUL.
unsafe fn pairs(options: *const tractor_option, option_count: u32) -> Vec<(String, String)> {
    // SAFETY: the caller promised them.
    let options = unsafe { slice(options, option_count as usize) };
    // SAFETY: as above.
    options.iter().map(|pair| unsafe { (c_text(pair.key), c_text(pair.value)) }).collect()
}

fn create_instance<C: Classifier>(
    host: Host,
    pairs: Vec<(String, String)>,
    log: &Log,
) -> Result<Box<Instance<C>>> {
    let mut options = Options::new(pairs, log.clone());
    let declared = C::declare(&options)?;
    if declared != Declaration::of_constants::<C>() {
        host.declare(&declared)?;
    }
    options.columns = host.columns();
    let classifier = C::create(&options)?;
    options.finish()?;
    let (columns, log, broken) = (options.columns, log.clone(), Cell::new(false));
    Ok(Box::new(Instance { classifier, columns, host, log, broken }))
}

/// # Safety
/// As the header says of `tractor_classifier.destroy`.
pub unsafe extern "C" fn destroy<C: Classifier>(this: *mut c_void) {
    if this.is_null() {
        return;
    }
    // SAFETY: `create` made it so, and the host gives it back once.
    let instance = unsafe { Box::from_raw(this.cast::<Instance<C>>()) };
    let (host, log) = (instance.host, instance.log.clone());
    if let Err(text) = caught(|| drop(instance)) {
        host.log(crate::Level::Error, &format!("while it was destroyed: {text}"));
    }
    log.close();
}

/// # Safety
/// As the header says of `tractor_classifier.classify`.
pub unsafe extern "C" fn classify<C: Classifier>(
    this: *mut c_void,
    flows: *const *const tractor_flow,
    count: u32,
    tags: *mut tractor_tags,
) -> Status {
    // SAFETY: `create` made it so, and the host enters an instance once at a time.
    let Some(instance) = (unsafe { this.cast::<Instance<C>>().as_mut() }) else { return ERROR };
    let host = instance.host;
    if tags.is_null() {
        host.fail("classify: nowhere to put tags");
        return ERROR;
    }
    // SAFETY: not null, and lent for this call.
    let mut tags = unsafe { Tags::lent(host, tags) };
    let given = if flows.is_null() { 0 } else { count };
    // SAFETY: so many pointers are lent for this call.
    let flows = unsafe { slice(flows, given as usize) };
    if given != count || flows.iter().any(|flow| flow.is_null()) {
        host.fail("classify: a flow is missing");
        return ERROR;
    }
    let Instance { classifier, columns, broken, .. } = instance;
    // SAFETY: none is null, and all are lent for this call.
    let flows = unsafe { Flows::lent(flows, columns) };
    guarded(host, broken, || classifier.classify_batch(flows, &mut tags))
}
