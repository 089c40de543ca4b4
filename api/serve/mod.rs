//! `tractor serve`: captures processed in the background, results served while jobs run.
//!
//! `views` is what goes over the wire, `service` what the API asks of the jobs.

pub mod limits;
pub mod service;
pub mod views;
