#![no_main]

#[path = "../../engine/tests/fuzz/capture.rs"]
mod capture;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| capture::check(bytes));
