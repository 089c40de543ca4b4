//! `tractor`: see `tractor --help`.

use std::process::ExitCode;

/// Buffers are allocated by one worker and freed by another, which this allocator is good at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    tractor::cli::parse()
        .map_or_else(|exit| exit, |arguments| tractor::run(&arguments.command))
        .into()
}
