//! The second mind: every row of `flows` computed again from the packets, from FLOWS.md alone and as naively as it
//! can be done. It shares no code and no dependency with the engine, keeps all packets of a flow, goes over all open
//! flows at every packet, and takes each feature from a list of values. Section numbers are FLOWS.md's;
//! `cic` and `nfstream` follow FLOWS-cic.md and FLOWS-nfstream.md, with ways of reading of their own.

pub mod cic;
pub mod community_id;
pub mod cuts;
mod decode;
mod ends;
mod exchange;
mod features;
pub mod fragments;
mod iscx;
mod key;
mod life;
mod link;
mod native;
mod nfstream;
pub mod sessions;
pub mod shown;
mod snaplen;
pub mod table;
mod tcp;
mod time_text;
mod tunnel;
mod values;
mod zeek;

use crate::support::capture::RawPacket;
pub use key::{Endpoint, Key};
use life::Closed;
use table::{Cell, Table};
pub use time_text::rfc3339;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    Native,
    Iscx,
    IscxA2,
    IscxFixed,
    Cic,
    CicFixed,
    Nfstream,
}

impl Profile {
    pub const ALL: [Self; 7] = [
        Self::Native,
        Self::Iscx,
        Self::IscxA2,
        Self::IscxFixed,
        Self::Cic,
        Self::CicFixed,
        Self::Nfstream,
    ];

    pub fn has_windows(self) -> bool {
        !matches!(self, Self::Cic | Self::Nfstream)
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Iscx => "iscx",
            Self::IscxA2 => "iscx-a2",
            Self::IscxFixed => "iscx-fixed",
            Self::Cic => "cic",
            Self::CicFixed => "cic-fixed",
            Self::Nfstream => "nfstream",
        }
    }

    /// Profiles that follow the data set's own rules, in whole microseconds.
    pub fn is_data_set(self) -> bool {
        matches!(self, Self::Iscx | Self::IscxA2)
    }
}

/// What a run is asked for. Times in nanoseconds.
#[derive(Clone, Debug)]
pub struct Options {
    pub profile: Profile,
    pub idle: i128,
    pub active: Option<i128>,
    pub activity_gap: i128,
    pub flows_max: usize,
    pub label: Option<String>,
    /// How many of a flow's first packets stand one by one; 0 for none.
    pub early_packets: u8,
    /// A row for each flow and window of this length.
    pub window: Option<i128>,
    /// No tunnel over IP is looked into.
    pub outer: bool,
    /// Packets with bad checksums are told from others.
    pub checksums: bool,
}

pub const SECOND: i128 = 1_000_000_000;
const SHARDS: usize = 256;

impl Options {
    /// As the program is without options.
    pub fn of(profile: Profile) -> Self {
        let (idle, active, activity_gap) = match profile {
            Profile::Native | Profile::IscxFixed => (120, None, 1),
            Profile::Iscx | Profile::IscxA2 => (3_600, Some(15), 1),
            Profile::Cic => (3_600, Some(120), 5),
            Profile::CicFixed => (120, None, 5),
            Profile::Nfstream => (120, Some(1_800), 1),
        };
        Self {
            profile,
            idle: idle * SECOND,
            active: active.map(|active: i128| active * SECOND),
            activity_gap: activity_gap * SECOND,
            flows_max: 4_194_304,
            label: None,
            early_packets: 0,
            window: None,
            outer: false,
            checksums: false,
        }
    }
}

/// Header and rows, in the order in which they must be printed.
pub fn table(packets: &[RawPacket], options: &Options) -> Table {
    // Those that copy a program have flows of their own.
    match options.profile {
        Profile::Cic => return cic::table(packets, options),
        Profile::Nfstream => return nfstream::table(packets, options),
        _ => (),
    }
    if let Some(window) = options.window {
        return cuts::table(packets, options, window);
    }
    let mut closed = life::flows(packets, options);
    closed.sort_by_key(|closed| (closed.clock, closed.flow.id()));
    let columns = columns(options.profile);
    let before_class = columns.len() - 1;
    let rows = closed.iter().map(|closed| row(closed, options)).collect();
    let mut table = Table { columns, rows };
    let early = closed.iter().map(|closed| cuts::early(&closed.flow, options.profile));
    cuts::insert_early(&mut table, before_class, early, options);
    table
}

/// The rows of a conn.log (section 8), in the order in which they must be printed.
pub fn conn_log(packets: &[RawPacket], options: &Options) -> Table {
    let mut closed = life::flows(packets, &Options { checksums: true, ..options.clone() });
    closed.sort_by_key(|closed| (closed.clock, closed.flow.id()));
    let columns = zeek::FIELDS.split_whitespace().map(String::from).collect();
    Table { columns, rows: closed.iter().map(zeek::row).collect() }
}

fn columns(profile: Profile) -> Vec<String> {
    match profile {
        Profile::Native => native::columns(),
        Profile::CicFixed => cic::row::columns(),
        _ => iscx::columns(profile),
    }
}

fn row(closed: &Closed, options: &Options) -> Vec<Cell> {
    match options.profile {
        Profile::Native => native::row(closed, options),
        Profile::IscxFixed => iscx::fixed_row(closed, options),
        Profile::CicFixed => cic::fixed::row(closed, options),
        Profile::Iscx | Profile::IscxA2 => iscx::row(closed, options),
        Profile::Cic | Profile::Nfstream => unreachable!("they have flows of their own"),
    }
}
