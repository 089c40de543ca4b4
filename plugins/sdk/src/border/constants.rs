//! What a classifier says of itself as C has it, made while the plugin is compiled: the host reads it
//! before it calls any code.

use std::ffi::c_char;

use super::shims;
use crate::abi::{ABI_MAJOR, ABI_MINOR, tractor_classifier, tractor_entry, tractor_label};
use crate::{Classifier, Label, When};

// SAFETY: what a plugin exports is constant: all its pointers are to statics.
unsafe impl Sync for tractor_label {}
// SAFETY: as above.
unsafe impl Sync for tractor_classifier {}
// SAFETY: as above.
unsafe impl Sync for tractor_entry {}

/// An element of `tractor_entry.classifiers`.
#[repr(transparent)]
pub struct Listed(pub *const tractor_classifier);

// SAFETY: as above.
unsafe impl Sync for Listed {}

/// Bytes of a name of a label.
const NAME_BYTES_MAX: usize = 63;

/// The first text that is not empty.
pub const fn or(text: &'static str, other: &'static str) -> &'static str {
    if text.is_empty() { other } else { text }
}

/// A text and its NUL.
pub const fn terminated<const LENGTH: usize>(text: &str) -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    let mut at = 0;
    while at < text.len() {
        assert!(text.as_bytes()[at] != 0, "a text of a classifier has a NUL");
        bytes[at] = text.as_bytes()[at];
        at += 1;
    }
    bytes
}

/// Bytes of all groups and names, with a NUL each.
pub const fn label_bytes(labels: &[Label]) -> usize {
    let (mut bytes, mut place) = (0, 0);
    while place < labels.len() {
        bytes += labels[place].group().len() + labels[place].name().len() + 2;
        place += 1;
    }
    bytes
}

/// All groups and names, one behind the other.
pub const fn label_texts<const LENGTH: usize>(labels: &[Label]) -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    let (mut at, mut place) = (0, 0);
    while place < labels.len() {
        at = put_name(&mut bytes, at, labels[place].group());
        at = put_name(&mut bytes, at, labels[place].name());
        place += 1;
    }
    bytes
}

/// Where the next one begins.
const fn put_name(bytes: &mut [u8], at: usize, name: &str) -> usize {
    assert!(!name.is_empty(), "a label has no group or no name");
    assert!(name.len() <= NAME_BYTES_MAX, "a label's group or name has more than 63 bytes");
    let mut place = 0;
    while place < name.len() {
        let byte = name.as_bytes()[place];
        let is_allowed = byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        assert!(is_allowed, "labels are of letters, digits, '_', '-' and '.'");
        bytes[at + place] = byte;
        place += 1;
    }
    at + name.len() + 1
}

/// The labels, whose texts are those of [`label_texts`].
pub const fn label_table<const COUNT: usize>(
    labels: &[Label],
    texts: &'static [u8],
) -> [tractor_label; COUNT] {
    let first: *const c_char = texts.as_ptr().cast();
    let mut table = [tractor_label { group: first, name: first }; COUNT];
    let (mut at, mut place) = (0, 0);
    while place < COUNT {
        let name_at = at + labels[place].group().len() + 1;
        table[place].group = first.wrapping_add(at);
        table[place].name = first.wrapping_add(name_at);
        at = name_at + labels[place].name().len() + 1;
        place += 1;
    }
    table
}

/// The texts of a classifier, each with its NUL.
pub struct Texts {
    pub id: &'static [u8],
    pub name: &'static [u8],
    pub version: &'static [u8],
    pub description: &'static [u8],
    pub columns: Option<&'static [u8]>,
}

/// The whole of a classifier.
pub const fn classifier<C: Classifier>(
    texts: Texts,
    labels: &'static [tractor_label],
) -> tractor_classifier {
    assert!(!C::ID.is_empty(), "a classifier has no id");
    let has_a_wish = C::PAYLOAD_BYTES > 0 || C::PACKETS > 0 || C::EARLY_AFTER_US > 0;
    let is_early = C::WHEN.has(When::EARLY);
    assert!(
        has_a_wish || !is_early,
        "WHEN is EARLY, but no payload, packets or time are waited for"
    );
    tractor_classifier {
        size: size_of::<tractor_classifier>() as u32,
        label_count: labels.len() as u32,
        id: texts.id.as_ptr().cast(),
        name: texts.name.as_ptr().cast(),
        version: texts.version.as_ptr().cast(),
        description: texts.description.as_ptr().cast(),
        labels: labels.as_ptr(),
        columns: match texts.columns {
            Some(columns) => columns.as_ptr().cast(),
            None => std::ptr::null(),
        },
        needs: C::NEEDS.bits(),
        when: C::WHEN.bits(),
        payload_bytes: C::PAYLOAD_BYTES,
        packets: C::PACKETS,
        early_after_us: C::EARLY_AFTER_US,
        window_us: C::WINDOW_US,
        create: Some(shims::create::<C>),
        destroy: Some(shims::destroy::<C>),
        classify: Some(shims::classify::<C>),
        extension: None,
    }
}

/// What the symbol is.
pub const fn entry(classifiers: &'static [Listed]) -> tractor_entry {
    tractor_entry {
        abi_major: ABI_MAJOR,
        abi_minor: ABI_MINOR,
        // What a newer host has is asked for by `size`.
        abi_minor_required: 0,
        reserved: 0,
        classifiers: classifiers.as_ptr().cast(),
    }
}
