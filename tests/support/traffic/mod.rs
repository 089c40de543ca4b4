//! Traffic: a quiet office for the README, and an adversary for the property tests.

mod adversary;
mod connections;
mod damage;
mod datagrams;
mod payloads;
mod sample;
mod talk;
mod timeline;

pub use adversary::{Mood, adversarial};
pub use sample::sample;
