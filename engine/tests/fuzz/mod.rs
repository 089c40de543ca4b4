//! What must hold for any bytes: one file a fuzz target, used by `fuzz/` and by `fuzz_seeds`.

pub mod capture;
pub mod decode;
pub mod flows;
pub mod layout;
pub mod names;
pub mod saved;
