//! Traffic: a quiet office for the README, and adversaries for the property tests.

mod adversary;
pub mod applications;
mod connections;
mod damage;
mod datagrams;
mod foreign;
pub mod payloads;
mod sample;
pub mod talk;
mod timeline;
mod wrappings;

pub use adversary::{Mood, adversarial};
pub use applications::applications;
pub use foreign::{ForeignMood, foreign};
pub use payloads::dns;
pub use sample::sample;
