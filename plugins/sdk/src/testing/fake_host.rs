//! A host that remembers what it is told.
#![allow(unsafe_code)]

use std::cell::RefCell;
use std::ffi::{CString, c_char, c_void};
use std::sync::{Mutex, PoisonError};

use super::TestFlow;
use crate::abi::{
    ABI_MINOR, ERROR, OK, Status, TAKE_BACK, tractor_host, tractor_label, tractor_tags,
};
use crate::border::flow::Flows;
use crate::border::host::{Host, Log};
use crate::border::tags::Tags;
use crate::border::{c_text, slice, to_c_text};
use crate::{Classifier, Columns, Declaration, Label, Result, Verdict};

/// A verdict, and the place in the batch of the flow it is about.
#[derive(Clone, Debug, PartialEq)]
pub struct Tag {
    pub flow: usize,
    pub verdict: Verdict,
}

/// What the pointer to the host points to: the host's table, and what it remembers behind it.
#[repr(C)]
struct Table {
    host: tractor_host,
    told: Mutex<Told>,
}

#[derive(Default)]
struct Told {
    failure: String,
    messages: Vec<String>,
    declared: Option<Declaration>,
}

/// What the pointer to tags points to.
#[derive(Default)]
struct Tagged {
    flow_count: usize,
    tags: RefCell<Vec<Tag>>,
}

pub(super) struct FakeHost {
    table: *mut Table,
    _names: Vec<CString>,
    _pointers: Vec<*const c_char>,
}

impl FakeHost {
    /// With columns of these names.
    pub(super) fn new(columns: &[&str]) -> Self {
        let names: Vec<CString> = columns.iter().map(|name| to_c_text(name)).collect();
        let pointers: Vec<*const c_char> = names.iter().map(|name| name.as_ptr()).collect();
        let host = tractor_host {
            size: size_of::<tractor_host>() as u32,
            abi_minor: ABI_MINOR,
            name: c"a test".as_ptr(),
            version: c"0".as_ptr(),
            log: Some(log),
            fail: Some(fail),
            tag: Some(tag),
            declare: Some(declare),
            extension: Some(extension),
            feature_names: pointers.as_ptr(),
            feature_count: columns.len() as u32,
            reserved: 0,
        };
        let table = Box::into_raw(Box::new(Table { host, told: Mutex::default() }));
        FakeHost { table, _names: names, _pointers: pointers }
    }

    pub(super) fn pointer(&self) -> *const tractor_host {
        self.table.cast()
    }

    fn host(&self) -> Host {
        // SAFETY: the table lives as long as this, and tests close their logs before it goes.
        unsafe { Host::lent(self.pointer()) }
    }

    pub(super) fn log(&self) -> Log {
        Log::new(self.host())
    }

    pub(super) fn columns(&self) -> Columns {
        self.host().columns()
    }

    fn told<T>(&self, take: impl FnOnce(&mut Told) -> T) -> T {
        // SAFETY: the table lives as long as this.
        unsafe { told(self.pointer(), take) }
    }

    pub(super) fn take_failure(&self) -> String {
        self.told(|told| std::mem::take(&mut told.failure))
    }

    pub(super) fn messages(&self) -> Vec<String> {
        self.told(|told| told.messages.clone())
    }

    pub(super) fn declared(&self) -> Option<Declaration> {
        self.told(|told| told.declared.clone())
    }

    /// Shows flows to an instance as it is, without shims; columns are those of the first flow.
    pub(super) fn classify<C: Classifier>(
        &self,
        classifier: &mut C,
        flows: &[&TestFlow],
    ) -> Result<Vec<Tag>> {
        let none = Columns::default();
        let columns = flows.first().map_or(&none, |flow| flow.columns());
        let pointers: Vec<_> = flows.iter().map(|flow| flow.raw()).collect();
        let (result, tags) = collect(flows.len(), |tags| {
            // SAFETY: flows and columns live until the end of this function.
            let flows = unsafe { Flows::lent(&pointers, columns) };
            // SAFETY: the host and its tags live until the end of this block.
            let mut tags = unsafe { Tags::lent(self.host(), tags) };
            classifier.classify_batch(flows, &mut tags)
        });
        result.map(|()| tags)
    }
}

impl Drop for FakeHost {
    fn drop(&mut self) {
        // SAFETY: made by `new` and freed only here.
        drop(unsafe { Box::from_raw(self.table) });
    }
}

/// What a call gives that is lent tags for so many flows, and what it tagged.
pub(super) fn collect<T>(
    flow_count: usize,
    call: impl FnOnce(*mut tractor_tags) -> T,
) -> (T, Vec<Tag>) {
    let tagged = Tagged { flow_count, tags: RefCell::default() };
    let result = call((&raw const tagged).cast_mut().cast());
    (result, tagged.tags.into_inner())
}

/// # Safety
/// The host is a [`FakeHost`]'s.
unsafe fn told<T>(host: *const tractor_host, take: impl FnOnce(&mut Told) -> T) -> T {
    // SAFETY: its host is the first field of its table.
    let table = unsafe { &*host.cast::<Table>() };
    take(&mut table.told.lock().unwrap_or_else(PoisonError::into_inner))
}

/// # Safety
/// As the header says of the host's function of this name, and so for those below.
unsafe extern "C" fn log(host: *const tractor_host, level: i32, message: *const c_char) {
    // SAFETY: the caller promised a text that ends in NUL.
    let line = format!("{level}: {}", unsafe { c_text(message) });
    // SAFETY: the table hands this function out, so the host is its own.
    unsafe { told(host, |told| told.messages.push(line)) };
}

/// # Safety
/// As above.
unsafe extern "C" fn fail(host: *const tractor_host, message: *const c_char) {
    // SAFETY: the caller promised a text that ends in NUL.
    let text = unsafe { c_text(message) };
    // SAFETY: the table hands this function out, so the host is its own.
    unsafe { told(host, |told| told.failure = text) };
}

/// # Safety
/// As above.
unsafe extern "C" fn tag(
    tags: *mut tractor_tags,
    flow: u32,
    label: u32,
    confidence: f32,
    evidence: *const c_char,
) -> Status {
    // SAFETY: `collect` lends these.
    let tagged = unsafe { &*tags.cast::<Tagged>() };
    if flow as usize >= tagged.flow_count {
        return ERROR;
    }
    let verdict = match label {
        TAKE_BACK => Verdict::take_back(),
        // SAFETY: the caller promised a text that ends in NUL.
        _ => Verdict::new(label, confidence).because(unsafe { c_text(evidence) }),
    };
    tagged.tags.borrow_mut().push(Tag { flow: flow as usize, verdict });
    OK
}

/// # Safety
/// As above.
unsafe extern "C" fn declare(
    host: *const tractor_host,
    labels: *const tractor_label,
    label_count: u32,
    columns: *const c_char,
    window_us: u64,
) -> Status {
    // SAFETY: the caller promised so many labels.
    let labels = unsafe { slice(labels, label_count as usize) }.iter();
    // SAFETY: the caller promised texts that end in NUL.
    let labels = labels.map(|label| unsafe { Label::of(c_text(label.group), c_text(label.name)) });
    // SAFETY: as above.
    let columns = (!columns.is_null()).then(|| unsafe { c_text(columns) });
    let declared = Declaration { labels: labels.collect(), columns, window_us };
    // SAFETY: the table hands this function out, so the host is its own.
    unsafe { told(host, |told| told.declared = Some(declared)) };
    OK
}

/// # Safety
/// As above.
unsafe extern "C" fn extension(_: *const tractor_host, _: *const c_char) -> *const c_void {
    std::ptr::null()
}
