//! Labelled captures: an application in a network of its own, all of its packets in a file, and nothing else
//! there or left behind; and what is made of them. What a capture changes it changes on a machine of the
//! test's own (`stage.rs`).

mod applications;
mod call;
mod ftp;
mod kills;
mod refusals;
mod server;
mod stage;
mod whole;
mod whole_loop;
