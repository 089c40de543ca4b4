//! The bundled classifier: signatures of payload and behaviour, and rules for names and networks.
//!
//! Layout:
//! - `seen`: what the rules see of a flow
//! - `signature`: what a signature is, and which ones a flow is shown to
//! - `protocols`: the signatures, by family
//! - `rules`: names, user agents and networks, from `names.rules` and a file of the user
//! - `certificate`: names in certificates
//! - `ports`: the last resort
//! - `classify`: all of these in their order
//! - `plugin`: the classifier that the host loads

mod certificate;
mod classify;
pub mod labels;
pub mod plugin;
mod ports;
mod protocols;
mod read;
mod rules;
pub mod seen;
mod signature;
#[cfg(test)]
mod tests;

pub use classify::{Finding, classify};
pub use rules::{Label, Problem, RULES_BYTES_MAX, Rules};
pub use seen::{Seen, SeenPacket};
