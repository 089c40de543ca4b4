//! The jobs of a server: captures in a folder, a queue, a child for each job that runs, and what is
//! stored of those that are over.

mod answers;
mod counting;
mod indexer;
mod marks;
mod plugins;
mod records;
mod runner;
mod running;
mod service;
mod sessions;
mod settings;
mod start;
mod state;
mod stored;
mod windows;

pub use settings::Settings;
pub use start::{INDEX_THREAD, Jobs};
