//! The built programs as a user meets them: exit codes, messages, files, and rows that depend on the packets alone.

pub mod bad_plugins;
mod beside;
mod columns;
mod comforts;
mod configuration;
mod configured;
pub mod conn_log;
mod cuts;
mod damage;
mod deploy;
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
mod remote;
pub mod run;
mod statistics;
mod stopping;
mod tables;
mod time_outs;
pub mod traffic;
