#![no_main]

#[path = "../../engine/tests/fuzz/flows.rs"]
mod flows;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| flows::check(bytes));
