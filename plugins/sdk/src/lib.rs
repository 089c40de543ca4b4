//! Classifier plugins for TrActor.
//!
//! [`abi`] is the border between host and plugin, as `include/tractor_plugin.h` has it.

// Names of the border are those of the header.
#[allow(non_camel_case_types)]
pub mod abi;
