//! What the rules say of payloads that are built here by hand.

mod flow;
mod random;
