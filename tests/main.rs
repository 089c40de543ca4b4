//! All tests of the program as a whole, in one binary, so that it is linked once.

// A test that unwraps what it must have says so by failing there.
#![allow(clippy::unwrap_used)]

mod binary;
mod capture;
mod cli;
mod oracle;
mod support;

mod capture_times;
mod copied_programs;
mod corners;
mod corpus;
mod follow;
mod house;
mod oracle_agrees;
mod oracle_self;
mod reference_fork;
mod reference_peers;
mod reference_rows;
mod serve;
mod session_rules;
mod sessions_agree;
mod source_files;
mod tunnels;
