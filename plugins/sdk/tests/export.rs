//! What `export!` exports, as a host reads it.

use std::ffi::{CStr, c_char};

use tractor_plugin::abi::{self, tractor_classifier, tractor_entry};
use tractor_plugin::{Classifier, Label, Needs, Options, Result, When, export};

struct Plain;

impl Classifier for Plain {
    const ID: &'static str = "org.example.plain";

    fn create(_: &Options) -> Result<Self> {
        Ok(Plain)
    }
}

struct Whole;

impl Classifier for Whole {
    const ID: &'static str = "org.example.whole";
    const NAME: &'static str = "Whole";
    const VERSION: &'static str = "7.1";
    const DESCRIPTION: &'static str = "Says all that can be said.";
    const LABELS: &'static [Label] = &[Label::new("social", "vk"), Label::new("other", "ssh")];
    const NEEDS: Needs = Needs::PAYLOAD.and(Needs::PACKETS).and(Needs::FEATURES).and(Needs::NAMES);
    const WHEN: When = When::EARLY.and(When::WINDOW).and(When::CLOSED);
    const COLUMNS: Option<&'static str> = Some("iscx-a2/1");
    const PACKETS: u32 = 7;
    const EARLY_AFTER_US: u64 = 5_000_000;
    const WINDOW_US: u64 = 15_000_000;

    fn create(_: &Options) -> Result<Self> {
        Ok(Whole)
    }
}

export!(Plain, Whole);

mod exported {
    #![allow(unsafe_code)]
    use super::*;

    // SAFETY: `export!` above makes it, of this type.
    unsafe extern "C" {
        // SAFETY: it is constant.
        safe static tractor_plugin: tractor_entry;
    }

    pub fn entry() -> &'static tractor_entry {
        &tractor_plugin
    }

    pub fn classifier(place: usize) -> Option<&'static tractor_classifier> {
        // SAFETY: the list ends in a null pointer, and no test goes past it.
        unsafe { entry().classifiers.add(place).read().as_ref() }
    }

    pub fn labels(classifier: &tractor_classifier) -> Vec<(&'static str, &'static str)> {
        let count = classifier.label_count as usize;
        // SAFETY: it has so many.
        let labels = unsafe { std::slice::from_raw_parts(classifier.labels, count) };
        labels.iter().map(|label| (text(label.group), text(label.name))).collect()
    }

    pub fn text(text: *const c_char) -> &'static str {
        assert!(!text.is_null());
        // SAFETY: every text of a plugin is static and ends in NUL.
        unsafe { CStr::from_ptr(text) }.to_str().expect("UTF-8")
    }
}
use exported::{classifier, entry, labels, text};

#[test]
fn the_entry_says_what_it_was_compiled_against() {
    assert_eq!((entry().abi_major, entry().abi_minor), (abi::ABI_MAJOR, abi::ABI_MINOR));
    assert_eq!((entry().abi_minor_required, entry().reserved), (0, 0));
    assert!(classifier(0).is_some() && classifier(1).is_some() && classifier(2).is_none());
}

#[test]
fn what_is_not_said_is_the_packages() {
    let plain = classifier(0).unwrap();
    assert_eq!(plain.size as usize, size_of::<tractor_classifier>());
    let said = [plain.id, plain.name, plain.version, plain.description].map(text);
    let description = env!("CARGO_PKG_DESCRIPTION");
    assert_eq!(said, [Plain::ID, "tractor-plugin", env!("CARGO_PKG_VERSION"), description]);
    assert_eq!((plain.label_count, plain.columns.is_null()), (0, true));
    assert_eq!((plain.needs, plain.when), (0, abi::WHEN_CLOSED));
    assert_eq!((plain.payload_bytes, plain.packets), (0, 0));
    assert!(plain.create.is_some() && plain.destroy.is_some() && plain.classify.is_some());
    assert!(plain.extension.is_none());
}

#[test]
fn what_is_said_is_exported() {
    let whole = classifier(1).unwrap();
    let said = [whole.id, whole.name, whole.version, whole.description].map(text);
    assert_eq!(said, ["org.example.whole", "Whole", "7.1", "Says all that can be said."]);
    assert_eq!(labels(whole), [("social", "vk"), ("other", "ssh")]);
    assert_eq!(text(whole.columns), "iscx-a2/1");
    assert_eq!((whole.needs, whole.when), (15, 7));
    assert_eq!((whole.payload_bytes, whole.packets), (1024, 7));
    assert_eq!((whole.early_after_us, whole.window_us), (5_000_000, 15_000_000));
}
