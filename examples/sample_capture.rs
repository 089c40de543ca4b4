//! Writes a small capture to try the program on: `cargo run --example sample_capture -- sample.pcap`.
//! The packets are made up and always the same; a path that ends in `pcapng` gives that format.

use std::io::{Error, Result};
use std::path::PathBuf;

// The tests' own builders; what only the tests use of them is not used here.
#[allow(dead_code, unused_imports)]
#[path = "../tests/support/mod.rs"]
mod support;

use support::capture::{ETHERNET, PcapStyle, pcap};
use support::pcapng::{PcapngStyle, pcapng};

fn main() -> Result<()> {
    let path = std::env::args_os().nth(1).map(PathBuf::from);
    let Some(path) = path.filter(|path| !path.to_string_lossy().starts_with('-')) else {
        return Err(Error::other("usage: sample_capture PATH"));
    };
    let packets = support::traffic::sample();
    let file = if path.extension().is_some_and(|extension| extension == "pcapng") {
        pcapng(&packets, PcapngStyle { resolution: None, ..PcapngStyle::default() })
    } else {
        let style = PcapStyle { nanoseconds: false, ..PcapStyle::default() };
        pcap(&packets, ETHERNET, style)
    };
    std::fs::write(&path, &file)?;
    let seconds = match (packets.first(), packets.last()) {
        (Some(first), Some(last)) => (last.time_ns - first.time_ns) / 1_000_000_000,
        _ => 0,
    };
    let (count, bytes, path) = (packets.len(), file.len(), path.display());
    eprintln!("{path}: {count} packets in {seconds} s, {bytes} bytes");
    Ok(())
}
