//! `pcap_info`: the same as `tractor info`.

use clap::Parser;
use std::process::ExitCode;
use tractor::cli::{Command, InfoArguments};

#[derive(Parser)]
#[command(
    name = "pcap_info",
    version,
    about = "Say what captures hold (the same as `tractor info`)"
)]
struct Arguments {
    #[command(flatten)]
    info: InfoArguments,
}

fn main() -> ExitCode {
    tractor::run(&Command::Info(Arguments::parse().info)).into()
}
