//! What the tests are made from: captures written and read by hand, frames built byte by byte, and the traffic
//! that fills them. Nothing here knows the engine, and no capture is kept in the repository.

pub mod at_once;
pub mod capture;
pub mod capture_reader;
pub mod carriers;
pub mod files;
pub mod frames;
pub mod link_frames;
// The engine's tests of places include the same file; here not all of it is needed.
#[allow(dead_code)]
pub mod mmdb;
pub mod pcapng;
pub mod plugins;
pub mod random;
pub mod shrink;
pub mod traffic;
pub mod tunnels;
