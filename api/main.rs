//! `tractor`: see `tractor --help`.

use clap::Parser;
use std::process::ExitCode;

/// Buffers are allocated by one worker and freed by another, which this allocator is good at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    tractor::run(&tractor::cli::Arguments::parse().command).into()
}
