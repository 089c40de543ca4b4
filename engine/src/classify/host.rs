//! What the host offers plugins: the functions that they call. Unsafe, since what they pass is
//! believed to be as `tractor_plugin.h` has it.

use super::library::{Declared, read_labels, read_text};
use super::messages::{Level, Messages, PluginMessage};
use super::options::ColumnNames;
use super::tag::Collector;
use super::text::printable;
use crate::limits::{EVIDENCE_BYTES_MAX, PLUGIN_NAME_BYTES_MAX, PLUGIN_TEXT_BYTES_MAX};
use std::cell::{Cell, RefCell};
use std::ffi::{CStr, CString, c_char, c_void};
use std::ptr;
use std::rc::Rc;
use std::sync::Arc;
use tractor_plugin::abi::{self, Status, tractor_host, tractor_label, tractor_tags};

const NAME: &CStr = c"tractor";
const VERSION: &CStr =
    match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
        Ok(version) => version,
        Err(_) => c"",
    };

/// The host as one instance sees it. Its first field is what plugins know of it, so that a pointer
/// to the one is a pointer to the other.
#[repr(C)]
pub struct Host {
    shown: Cell<tractor_host>,
    id: String,
    messages: Arc<Messages>,
    column_names: ColumnNames,
    failure: RefCell<Option<String>>,
    declared: RefCell<Declaring>,
    /// What `feature_names` points to, of all declarations.
    names: RefCell<Vec<Names>>,
}

/// The names of columns for C.
struct Names {
    _texts: Vec<CString>,
    _pointers: Vec<*const c_char>,
}

/// Where an instance is with what it declares.
enum Declaring {
    /// Not in create().
    Not,
    /// It has not yet declared anything.
    Open,
    Declared(Declared, Vec<&'static str>),
    /// What it declared was wrong.
    Wrong(String),
}

/// What an instance declared while it was created.
pub enum Declaration {
    Nothing,
    /// With the names of its columns.
    Of(Declared, Vec<&'static str>),
    Wrong(String),
}

impl Host {
    /// For an instance of that id, whose columns are those until it declares others.
    pub fn new(
        id: &str,
        messages: Arc<Messages>,
        column_names: ColumnNames,
        columns: &[&'static str],
    ) -> Rc<Self> {
        let shown = tractor_host {
            size: size_of::<tractor_host>() as u32,
            abi_minor: abi::ABI_MINOR,
            name: NAME.as_ptr(),
            version: VERSION.as_ptr(),
            log: Some(log),
            fail: Some(fail),
            tag: Some(tag),
            declare: Some(declare),
            extension: Some(extension),
            feature_names: ptr::null(),
            feature_count: 0,
            reserved: 0,
        };
        let host = Self {
            shown: Cell::new(shown),
            id: id.to_owned(),
            messages,
            column_names,
            failure: RefCell::new(None),
            declared: RefCell::new(Declaring::Open),
            names: RefCell::new(Vec::new()),
        };
        host.show_names(columns);
        Rc::new(host)
    }

    /// The text for the status that was returned last.
    pub fn take_failure(&self) -> Option<String> {
        self.failure.take().filter(|text| !text.is_empty())
    }

    /// What was declared; from now on nothing can be.
    pub fn end_of_declaring(&self) -> Declaration {
        match self.declared.replace(Declaring::Not) {
            Declaring::Not | Declaring::Open => Declaration::Nothing,
            Declaring::Declared(declared, columns) => Declaration::Of(declared, columns),
            Declaring::Wrong(why) => Declaration::Wrong(why),
        }
    }

    fn show_names(&self, columns: &[&'static str]) {
        // Names of columns have no NUL.
        let texts: Vec<CString> =
            columns.iter().map(|name| CString::new(*name).unwrap_or_default()).collect();
        let pointers: Vec<*const c_char> = texts.iter().map(|text| text.as_ptr()).collect();
        let (feature_names, feature_count) = (pointers.as_ptr(), pointers.len() as u32);
        self.names.borrow_mut().push(Names { _texts: texts, _pointers: pointers });
        self.shown.set(tractor_host { feature_names, feature_count, ..self.shown.get() });
    }

    /// Once in create(): a second table would make the first one's indices mean something else.
    fn declare(&self, declared: Result<Declared, String>) -> Status {
        let mut declaring = self.declared.borrow_mut();
        if !matches!(*declaring, Declaring::Open) {
            return abi::ERROR;
        }
        let with_columns = declared.and_then(|declared| {
            let columns = declared.columns.as_deref().map(self.column_names);
            Ok((declared, columns.transpose()?.unwrap_or_default()))
        });
        match with_columns {
            Ok((declared, columns)) => {
                self.show_names(&columns);
                *declaring = Declaring::Declared(declared, columns);
                abi::OK
            }
            Err(why) => {
                *declaring = Declaring::Wrong(why);
                abi::ERROR
            }
        }
    }
}

/// What a plugin is given as the host.
pub fn pointer(host: &Rc<Host>) -> *const tractor_host {
    Rc::as_ptr(host).cast()
}

extern "C" fn log(host: *const tractor_host, level: i32, message: *const c_char) {
    let host: *const Host = host.cast();
    if host.is_null() {
        return;
    }
    // SAFETY: the plugin passes the host that it was given, which lives until destroy() has returned
    // and is the first field of a Host. Perhaps on another thread: only fields that no thread ever
    // changes are looked at.
    let (id, messages) = unsafe { (&(*host).id, &(*host).messages) };
    // SAFETY: a text that ends in NUL, or null.
    let Some(text) = (unsafe { read_text(message, PLUGIN_TEXT_BYTES_MAX) }) else { return };
    let level = match level {
        abi::LOG_ERROR => Level::Error,
        abi::LOG_WARNING => Level::Warning,
        _ => Level::Info,
    };
    let text = printable(&text, PLUGIN_TEXT_BYTES_MAX);
    messages.add(PluginMessage { id: id.clone(), level, text });
}

extern "C" fn fail(host: *const tractor_host, message: *const c_char) {
    // SAFETY: as for log, and on the thread of the instance.
    let Some(host) = (unsafe { host.cast::<Host>().as_ref() }) else { return };
    // SAFETY: a text that ends in NUL, or null.
    let text = unsafe { read_text(message, PLUGIN_TEXT_BYTES_MAX) };
    host.failure.replace(text.map(|text| printable(&text, PLUGIN_TEXT_BYTES_MAX)));
}

extern "C" fn tag(
    tags: *mut tractor_tags,
    flow: u32,
    label: u32,
    confidence: f32,
    evidence: *const c_char,
) -> Status {
    // SAFETY: the plugin passes the tags that classify() was called with, which are a Collector,
    // lent to that call alone.
    let Some(collector) = (unsafe { tags.cast::<Collector>().as_mut() }) else {
        return abi::ERROR;
    };
    // SAFETY: a text that ends in NUL, or null. One byte more, so that a cut is seen.
    let evidence = unsafe { read_text(evidence, EVIDENCE_BYTES_MAX + 1) };
    match collector.add(flow, label, confidence, evidence.as_deref()) {
        true => abi::OK,
        false => abi::ERROR,
    }
}

extern "C" fn declare(
    host: *const tractor_host,
    labels: *const tractor_label,
    label_count: u32,
    columns: *const c_char,
    window_us: u64,
) -> Status {
    // SAFETY: as for log, and on the thread of the instance.
    let Some(host) = (unsafe { host.cast::<Host>().as_ref() }) else { return abi::ERROR };
    // SAFETY: the plugin passes so many labels, whose texts end in NUL.
    let labels = unsafe { read_labels(labels, label_count, true) };
    // SAFETY: a text that ends in NUL, or null.
    let columns = unsafe { read_text(columns, PLUGIN_NAME_BYTES_MAX) };
    let columns = columns.map(|text| printable(&text, PLUGIN_NAME_BYTES_MAX));
    host.declare(labels.map(|labels| Declared { labels, columns, window_us }))
}

/// There is none yet.
extern "C" fn extension(_host: *const tractor_host, _id: *const c_char) -> *const c_void {
    ptr::null()
}
