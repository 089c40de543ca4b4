//! `tractor serve`: captures processed in the background, results served while jobs run.
//!
//! `views` is what goes over the wire, `service` what the API asks of the jobs. A request's way:
//! `accept`, `connection`, `front` (what holds for every request), `routes`, a handler, `reply` or
//! `stream`, and back; what goes wrong on it is a `fault`. `openapi` describes the routes, and is where
//! the front knows them from.

mod accept;
mod body;
mod calls;
mod connection;
mod cors;
mod fault;
mod front;
mod guard;
mod handlers;
pub mod jobs;
mod known;
pub mod limits;
pub mod log;
mod metrics;
pub mod openapi;
mod patient;
mod query;
mod reply;
mod routes;
pub mod server;
pub mod service;
pub mod settings;
mod shared;
mod stream;
pub mod views;

pub use server::serve;
pub use settings::{HttpSettings, Token, check_listen, check_origin};

#[cfg(test)]
mod tests;
