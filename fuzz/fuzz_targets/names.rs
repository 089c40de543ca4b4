#![no_main]

#[path = "../../engine/tests/fuzz/names.rs"]
mod names;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| names::check_bytes(bytes));
