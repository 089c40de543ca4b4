//! What `tractor` is beside its engine: arguments, commands, messages, exit codes.
//!
//! `main` parses the arguments and calls one command; a command calls the engine, prints data to
//! standard output or a file, everything else to standard error, and says how it ended.

// `eprintln` panics when standard error is gone: messages go through `messages::line`.
#![warn(clippy::print_stderr)]

pub mod cli;
mod client;
mod commands;
mod config;
mod duration;
mod exit;
mod interrupt;
mod manual;
mod messages;
mod output_file;
mod plugins;
mod progress;
pub mod serve;
mod supervise;

pub use commands::run;
pub use exit::Exit;
