//! The border itself: all unsafe code of a plugin. What the host lends is read through views that
//! ask how much of it there is, and every call of the host goes through one guard.
#![allow(unsafe_code)]

pub mod constants;
pub mod export;
pub mod flow;
mod guard;
pub mod host;
pub mod shims;
pub mod tags;

/// A field of a struct that grows, `None` where its writer was older than the field.
macro_rules! field {
    ($pointer:expr, $type:ty, $field:ident) => {{
        let pointer: *const $type = $pointer;
        let end = std::mem::offset_of!($type, $field) + size_of_field(|it: &$type| &it.$field);
        // SAFETY: whoever made the pointer promised `size` readable bytes behind it, and `size` is
        // the first field of every version; a field is read only where it lies within them.
        unsafe { ((*pointer).size as usize >= end).then(|| (&raw const (*pointer).$field).read()) }
    }};
}
pub(crate) use field;

/// Of the field that a function takes out of a struct.
pub(crate) const fn size_of_field<T, F>(_: fn(&T) -> &F) -> usize {
    size_of::<F>()
}

/// What lies behind a pointer and a length.
///
/// # Safety
/// A pointer that is not null has `length` readable elements for the lifetime.
pub(crate) unsafe fn slice<'a, T>(data: *const T, length: usize) -> &'a [T] {
    if data.is_null() || length == 0 {
        return &[];
    }
    // SAFETY: not null, and the caller promised the rest.
    unsafe { std::slice::from_raw_parts(data, length) }
}

/// A text that ends in NUL; empty for a null pointer.
///
/// # Safety
/// A pointer that is not null has a NUL-terminated text behind it.
pub(crate) unsafe fn c_text(text: *const std::ffi::c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: not null, and the caller promised the NUL.
    unsafe { std::ffi::CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

/// A text to give away: it ends at its first NUL.
pub(crate) fn to_c_text(text: &str) -> std::ffi::CString {
    let bytes: Vec<u8> = text.bytes().take_while(|byte| *byte != 0).collect();
    std::ffi::CString::new(bytes).unwrap_or_default()
}
