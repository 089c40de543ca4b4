#![no_main]

#[path = "../../engine/tests/fuzz/decode.rs"]
mod decode;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| decode::check_bytes(bytes));
