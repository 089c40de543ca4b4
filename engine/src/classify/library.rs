//! What a library exports: opened, judged, read, and its functions called. Unsafe, since that a
//! library is as `tractor_plugin.h` has it can only be believed.

use super::Label;
use super::host::{self, Host};
use super::labels::TRAFFIC_CLASS;
use super::tag::Collector;
use super::text::{is_id, is_name, printable};
use super::view::Shown;
use crate::limits::{
    CLASSIFIERS_MAX, LABEL_BYTES_MAX, LABELS_PER_CLASSIFIER_MAX, PLUGIN_NAME_BYTES_MAX,
    PLUGIN_TEXT_BYTES_MAX,
};
use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
use std::ffi::{c_char, c_void};
use std::mem::{MaybeUninit, offset_of};
use std::path::Path;
use std::ptr;
use std::rc::Rc;
use tractor_plugin::abi::{
    self, Classify, Create, Destroy, Status, tractor_classifier, tractor_entry, tractor_label,
    tractor_option,
};

/// Bytes of a classifier as ABI 1.0 has it; later versions append.
const LEAST_CLASSIFIER_BYTES: usize =
    offset_of!(tractor_classifier, extension) + size_of::<Option<abi::Extension>>();

/// A classifier as its library has it, copied.
#[derive(Clone, Debug)]
pub struct Exported {
    pub id: String,
    pub name: String,
    pub version: String,
    pub description: String,
    pub declared: Declared,
    pub needs: u32,
    pub when: u32,
    pub payload_bytes: u32,
    pub packets: u32,
    pub early_after_us: u64,
    pub functions: Functions,
}

/// What create() may replace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    pub labels: Vec<Label>,
    pub columns: Option<String>,
    pub window_us: u64,
}

/// Why a classifier is refused, and its id where that much could be read.
pub struct Unfit {
    pub id: Option<String>,
    pub why: String,
}

/// Opens a library, for ever, and reads its classifiers.
///
/// # Errors
/// Why the whole library is refused, in a sentence.
pub fn open(path: &Path) -> Result<Vec<Result<Exported, Unfit>>, String> {
    // SAFETY: opening runs the library's own initialisers; that these are harmless is what one
    // believes of a plugin.
    let opened = unsafe { Library::open(Some(path.as_os_str()), RTLD_NOW | RTLD_LOCAL) };
    let library = opened.map_err(|cause| not_opened(path, &cause))?;
    // SAFETY: the symbol is a constant, so its address is a pointer to it.
    let symbol = unsafe { library.get::<*const tractor_entry>(abi::ENTRY_SYMBOL) };
    let entry = symbol.map(|symbol| *symbol).unwrap_or(ptr::null());
    // Never closed: libraries with thread-locals do not survive it (rust-lang/rust#88737).
    std::mem::forget(library);
    if entry.is_null() || !entry.is_aligned() {
        return Err(format!("it has no symbol {}, so it is no plugin", abi::ENTRY_SYMBOL));
    }
    // SAFETY: the first words of the symbol are the same in every version; the rest is looked at
    // only when they are ours.
    let (major, least_minor) = unsafe { ((*entry).abi_major, (*entry).abi_minor_required) };
    if major != abi::ABI_MAJOR {
        return Err(format!("it is built for ABI {major}, this host speaks {}", abi::ABI_MAJOR));
    }
    if least_minor > abi::ABI_MINOR {
        let (major, minor) = (abi::ABI_MAJOR, abi::ABI_MINOR);
        return Err(format!("it needs ABI {major}.{least_minor}, this host has {major}.{minor}"));
    }
    // SAFETY: an entry of our ABI, in a library that stays.
    unsafe { classifiers((*entry).classifiers) }
}

/// The system's words, without the path and the rest of what everybody knows.
fn not_opened(path: &Path, cause: &libloading::Error) -> String {
    let text = match cause {
        libloading::Error::DlOpen { source } => source.to_string(),
        other => other.to_string(),
    };
    let path = path.display().to_string();
    let text = text.strip_prefix(&path).map_or(text.as_str(), |rest| rest.trim_start_matches(": "));
    let text = text.split(": cannot open shared object file").next().unwrap_or_default();
    let text = printable(text.as_bytes(), PLUGIN_TEXT_BYTES_MAX);
    format!("it cannot be opened as a shared library: {text}")
}

// SAFETY: for callers: an array of pointers that ends in null, or null, to statics of a library.
unsafe fn classifiers(
    list: *const *const tractor_classifier,
) -> Result<Vec<Result<Exported, Unfit>>, String> {
    if list.is_null() {
        return Err("it has no classifiers".to_owned());
    }
    let mut exported = Vec::new();
    loop {
        // SAFETY: no element before was the null that ends the array.
        let classifier = unsafe { *list.add(exported.len()) };
        if classifier.is_null() {
            break;
        }
        if exported.len() == CLASSIFIERS_MAX {
            return Err(format!("it has more than {CLASSIFIERS_MAX} classifiers"));
        }
        // SAFETY: an element of the array.
        exported.push(unsafe { read(classifier) });
    }
    match exported.is_empty() {
        true => Err("it has no classifiers".to_owned()),
        false => Ok(exported),
    }
}

// SAFETY: for callers: a static of a library.
unsafe fn read(classifier: *const tractor_classifier) -> Result<Exported, Unfit> {
    let unfit = |why: String| Unfit { id: None, why };
    // SAFETY: every version begins with the size.
    let size = unsafe { (*classifier).size } as usize;
    if size < LEAST_CLASSIFIER_BYTES {
        return Err(unfit(format!(
            "its classifier has {size} bytes, and in ABI 1.0 at least {LEAST_CLASSIFIER_BYTES}"
        )));
    }
    let mut copy = MaybeUninit::<tractor_classifier>::zeroed();
    // SAFETY: so many bytes are there on both sides; what an older plugin has not is zero.
    let classifier = unsafe {
        let bytes = size.min(size_of::<tractor_classifier>());
        ptr::copy_nonoverlapping(classifier.cast::<u8>(), copy.as_mut_ptr().cast(), bytes);
        copy.assume_init()
    };
    // SAFETY: its texts end in NUL, or are null.
    let text = |text, field, bytes_max| unsafe { read_field(text, field, bytes_max) };
    let id = text(classifier.id, "id", PLUGIN_NAME_BYTES_MAX).map_err(unfit)?;
    if !is_id(&id) {
        let why = "its id has other characters than letters, digits, '.', '-' and '_'";
        return Err(unfit(why.to_owned()));
    }
    let of_id = |why| Unfit { id: Some(id.clone()), why };
    let (Some(create), Some(destroy), Some(classify)) =
        (classifier.create, classifier.destroy, classifier.classify)
    else {
        return Err(of_id("create, destroy or classify is null".to_owned()));
    };
    // SAFETY: a text that ends in NUL, or null.
    let columns = unsafe { read_text(classifier.columns, PLUGIN_NAME_BYTES_MAX) };
    // SAFETY: a static table of so many labels.
    let labels = unsafe { read_labels(classifier.labels, classifier.label_count, false) };
    Ok(Exported {
        name: text(classifier.name, "name", PLUGIN_NAME_BYTES_MAX).map_err(of_id)?,
        version: text(classifier.version, "version", PLUGIN_NAME_BYTES_MAX).map_err(of_id)?,
        description: text(classifier.description, "description", PLUGIN_TEXT_BYTES_MAX)
            .map_err(of_id)?,
        declared: Declared {
            labels: labels.map_err(of_id)?,
            columns: columns.map(|text| printable(&text, PLUGIN_NAME_BYTES_MAX)),
            window_us: classifier.window_us,
        },
        needs: classifier.needs,
        when: classifier.when,
        payload_bytes: classifier.payload_bytes,
        packets: classifier.packets,
        early_after_us: classifier.early_after_us,
        functions: Functions { create, destroy, classify },
        id,
    })
}

// SAFETY: for callers: a text that ends in NUL, or null. None: null. At most so many bytes are read.
pub unsafe fn read_text(text: *const c_char, bytes_max: usize) -> Option<Vec<u8>> {
    if text.is_null() {
        return None;
    }
    let mut length = 0;
    // SAFETY: no byte before was the NUL that ends the text.
    while length < bytes_max && unsafe { *text.add(length) } != 0 {
        length += 1;
    }
    // SAFETY: so many bytes were just read, and the plugin changes none of them during the call.
    Some(unsafe { std::slice::from_raw_parts(text.cast::<u8>(), length) }.to_vec())
}

// SAFETY: for callers: a text that ends in NUL, or null.
unsafe fn read_field(text: *const c_char, field: &str, bytes_max: usize) -> Result<String, String> {
    // SAFETY: as for this function. One byte more tells whether it is too long.
    let bytes = unsafe { read_text(text, bytes_max + 1) };
    match bytes.map(String::from_utf8) {
        None => Err(format!("its {field} is null")),
        Some(Err(_)) => Err(format!("its {field} is not UTF-8")),
        Some(Ok(text)) if text.is_empty() => Err(format!("its {field} is empty")),
        Some(Ok(text)) if text.len() > bytes_max => {
            Err(format!("its {field} has more than {bytes_max} bytes"))
        }
        Some(Ok(text)) if text.chars().any(char::is_control) => {
            Err(format!("its {field} has control characters"))
        }
        Some(Ok(text)) => Ok(text),
    }
}

// SAFETY: for callers: so many labels, whose texts end in NUL or are null; null if there are none.
pub unsafe fn read_labels(
    labels: *const tractor_label,
    count: u32,
    of_a_model: bool,
) -> Result<Vec<Label>, String> {
    let count = count as usize;
    if count > LABELS_PER_CLASSIFIER_MAX {
        return Err(format!("it has {count} labels, more than {LABELS_PER_CLASSIFIER_MAX}"));
    }
    if count > 0 && labels.is_null() {
        return Err(format!("it has {count} labels, but their table is null"));
    }
    let mut read = Vec::with_capacity(count);
    for place in 0..count {
        // SAFETY: the table has so many; its texts are as for this function.
        let (group, name) = unsafe {
            let label = *labels.add(place);
            (
                read_field(label.group, "group", LABEL_BYTES_MAX),
                read_field(label.name, "name", LABEL_BYTES_MAX),
            )
        };
        let wrong = |why: String| format!("label {place} is wrong: {why}");
        let label = Label { group: group.map_err(wrong)?, name: name.map_err(wrong)? };
        let may_have_capitals = of_a_model || label.group == TRAFFIC_CLASS;
        if !is_name(&label.group, false) || !is_name(&label.name, may_have_capitals) {
            let Label { group, name } = label;
            let allowed = "names have a-z, 0-9, '_', '-' and '.'";
            return Err(wrong(format!("{group}/{name} is no name; {allowed}")));
        }
        read.push(label);
    }
    Ok(read)
}

/// What a classifier can be asked to do.
#[derive(Clone, Copy, Debug)]
pub struct Functions {
    create: Create,
    destroy: Destroy,
    classify: Classify,
}

/// What create() made and destroy() frees, on one thread.
pub struct Handle(*mut c_void);

impl Functions {
    pub fn create(&self, host: &Rc<Host>, options: &[tractor_option]) -> Result<Handle, Status> {
        let mut made = ptr::null_mut();
        let (host, count, to) = (host::pointer(host), options.len() as u32, &raw mut made);
        // SAFETY: the header's contract: the host lives until destroy() has returned (see Instance),
        // the options for the call.
        let status = unsafe { (self.create)(host, options.as_ptr(), count, to) };
        if status == abi::OK { Ok(Handle(made)) } else { Err(status) }
    }

    pub fn destroy(&self, handle: Handle) {
        // SAFETY: made by create(), on this thread since it cannot be sent, and nobody has it any
        // more.
        unsafe { (self.destroy)(handle.0) }
    }

    pub fn classify(&self, handle: &mut Handle, shown: Shown<'_>, to: &mut Collector) -> Status {
        let flows = shown.flows();
        // SAFETY: made by create(), on this thread; flows and tags live for the call, and what the
        // flows point to lives as long as they (see View).
        unsafe {
            (self.classify)(handle.0, flows.as_ptr(), flows.len() as u32, ptr::from_mut(to).cast())
        }
    }
}
