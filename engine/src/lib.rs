//! The streaming engine of TrActor: captures in, flows and their features out.
//!
//! ```text
//! limits, time, prefetch, saved  what all may use
//! capture/     Packet     file formats, compression, folders as one stream
//! decode/      Segment    link layers, IP, fragments, transport
//! features/    trackers   what is kept of a flow while it is open
//! flows/       Flow       key, table, flow life, TCP as far as it decides them
//! classify/    Plugins    classifiers in shared libraries, and whose verdict counts
//! sessions/    Sessions   flows that one application uses for one piece of work
//! profiles/    Profile    one file a profile: reading, life, columns
//! statistics/  Count      which counts exist; what a capture holds
//! output/      RowWriter  formats: csv, jsonl, parquet, arff, none
//! dataflow/    graph      the timely dataflow that joins them
//! store/       JobWriter  results of jobs on disk, and questions about them
//! jobs/        Frame      what a server and its children tell each other; folders of captures
//! ```
//!
//! A module imports only from those above it in this list. See ARCHITECTURE.md.

pub mod capture;
pub mod classify;
pub mod dataflow;
pub mod decode;
pub mod features;
pub mod flows;
pub mod jobs;
pub mod limits;
pub mod output;
mod prefetch;
pub mod profiles;
pub mod saved;
pub mod sessions;
pub mod statistics;
pub mod store;
pub mod time;
