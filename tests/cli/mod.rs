//! The built programs as a user meets them: exit codes, messages, files, and rows that depend on the packets alone.

mod bad_plugins;
mod beside;
mod columns;
mod comforts;
mod configuration;
pub mod conn_log;
mod cuts;
mod damage;
mod exit_codes;
mod formats;
mod info;
mod inputs;
mod labels;
mod merge;
mod output_file;
mod plugins;
mod profiles;
mod readers;
pub mod run;
mod statistics;
mod stopping;
mod tables;
mod time_outs;
mod traffic;
