//! The built programs as a user meets them: exit codes, messages, files, and rows that depend on the packets alone.

mod columns;
mod comforts;
mod damage;
mod exit_codes;
mod info;
mod inputs;
mod output_file;
pub mod run;
mod statistics;
mod stopping;
mod time_outs;
mod traffic;
