//! Arguments of a labelled capture, and of the child that runs its application.

use crate::duration;
use clap::Args;
use std::ffi::OsString;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use tractor_engine::capture::namespace::Network;

/// `tractor capture`.
#[derive(Args)]
#[command(after_help = "Examples:
  sudo tractor capture --label telegram -- telegram-desktop
  sudo tractor capture -o captures/ --duration 10m -- curl https://example.org/
  sudo tractor capture --filter 'not port 53' --network 10.1.0.0/24 -- ssh example.org
  sudo tractor capture --interface eth0 --label office --duration 1h
  tractor capture --list

The application runs as the user who called, also with sudo, in a network of its own: one interface, eth0, \
on which everything is recorded before it starts, and nothing of the rest of the machine. The machine is its \
gateway and translates its addresses (nftables); services of the machine itself are at the gateway's \
address, not at 127.0.0.1. When the application ends, what it started is ended too, and all is as before, \
also after a crash or kill -9: then the next capture sees to it. Ctrl-C and --duration end the application \
(SIGTERM, after 5 s SIGKILL); the file is whole.

The file is LABEL_dd-mm-yyyy-HH-MM.pcapng, with .2.pcapng and so on for further ones of the same minute; \
tractor flows reads the class from it. It grows under that name and always ends with a whole block, so that \
it can be read meanwhile.

Exit codes: that of the application, 128 more than a signal that ended it; 1 or 2, with a message, when \
nothing was captured; 0 after --duration, 130 after Ctrl-C.")]
pub struct CaptureArguments {
    /// What the traffic is called, in the file's name and in its comments: letters, digits and - _ +
    /// [default: the application's name]
    #[arg(short, long, value_name = "LABEL")]
    pub label: Option<String>,

    /// The folder of the file
    #[arg(short, long, value_name = "DIR", default_value = ".")]
    pub output: PathBuf,

    /// Record only what this filter lets through (pcap-filter(7); needs libpcap)
    #[arg(long, value_name = "BPF")]
    pub filter: Option<String>,

    /// End after so long
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    pub duration: Option<i64>,

    /// Record this interface as it is, with all that passes it, for as long as an application runs or
    /// until Ctrl-C; what its card cuts or joins is one packet, and what the application started stays
    #[arg(long, value_name = "NAME", conflicts_with_all = ["network", "address", "gateway", "dns", "no_nat"])]
    pub interface: Option<String>,

    /// The application's network
    #[arg(long, value_name = "NETWORK", default_value = "10.0.0.0/24")]
    pub network: Network,

    /// The application's address [default: the first of the network]
    #[arg(long, value_name = "ADDRESS")]
    pub address: Option<Ipv4Addr>,

    /// The machine's address there [default: the last of the network]
    #[arg(long, value_name = "ADDRESS")]
    pub gateway: Option<Ipv4Addr>,

    /// A name server, also several times [default: those of the machine that are not on loopback]
    #[arg(long, value_name = "ADDRESS")]
    pub dns: Vec<Ipv4Addr>,

    /// Translate no addresses and leave forwarding as it is: a network that is closed, or routed
    #[arg(long)]
    pub no_nat: bool,

    /// List the captures with networks of their own that run: process, label, network, folder and
    /// command, with tabs between them
    #[arg(long, conflicts_with_all = ["label", "filter", "duration", "interface", "application"])]
    pub list: bool,

    /// The application and its arguments, behind --
    #[arg(value_name = "APP", last = true)]
    pub application: Vec<OsString>,
}

#[derive(Args, Clone)]
pub struct ApplicationArguments {
    #[arg(long, value_name = "NUMBER")]
    pub lifeline: i32,

    #[arg(long, value_name = "TEXT")]
    pub name_servers: Option<String>,

    #[arg(value_name = "APP", last = true)]
    pub application: Vec<OsString>,
}
