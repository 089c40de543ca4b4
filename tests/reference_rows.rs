//! The rows of the ISCX VPN-nonVPN 2016 data set, from captures built to give them.

use crate::binary::{self, Means};
use crate::oracle::{Options, Profile, table};
use crate::support::capture::{ETHERNET, PcapStyle, RawPacket, pcap};
use crate::support::frames::{Ip, UDP, udp};
use crate::support::link_frames::frame;

/// 12 May 2015, in the days when the data set was captured.
const START_NS: i64 = 1_431_424_800_000_000_000;
const MEANS: Means = Means { workers: 1, chunk_bytes: None };

/// Two packets of 224 IP bytes each, one each way.
pub fn exchange(gap_us: i64) -> Vec<RawPacket> {
    let ends = [("10.0.0.1", 40_000), ("10.0.0.2", 53)]
        .map(|(address, port): (&str, u16)| (address.parse().expect("an address"), port));
    let packet = |from: usize, time_ns| {
        let (from, to) = (ends[from], ends[1 - from]);
        let packet = Ip::new(from.0, to.0, UDP).packet(&udp(from.1, to.1, &[0; 196]));
        RawPacket::whole(time_ns, ETHERNET, frame(ETHERNET, &[], &packet))
    };
    vec![packet(0, START_NS), packet(1, START_NS + gap_us * 1_000)]
}

/// True when the value, rounded to the decimals that are shown, is what is shown.
pub fn shows(value: &str, shown: &str) -> bool {
    let decimals = shown.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    value.parse::<f64>().is_ok_and(|value| format!("{value:.decimals$}") == shown)
}

/// The published digits; the class is ours to give.
pub const ROWS: [(Profile, i64, &str); 4] = [
    (
        Profile::Iscx,
        192_013,
        "192013,-1,-1,-1,-1,0,0,0,0,10.4159614193,2333.18,192013,192013,192013,0,-1,0,-1,0,-1,0,-1,0",
    ),
    (
        Profile::IscxA2,
        192_013,
        "192013,0,0,-1,-1,-1,-1,0,0,10.4159614193,2333.18,192013,192013,192013,0,-1,0,-1,0,-1,0,-1,0",
    ),
    (
        Profile::Iscx,
        1_634_113,
        "1634113,-1,-1,-1,-1,0,0,0,0,1.22391,274.155,1634113,1634113,1634113,0,\
         1634113,1634113,1634113,0,1634113,1634113,1634113,0",
    ),
    (
        Profile::IscxA2,
        1_634_113,
        "1634113,0,0,-1,-1,-1,-1,0,0,1.22391,274.155,1634113,1634113,1634113,0,\
         1634113,1634113,1634113,0,1634113,1634113,1634113,0",
    ),
];

#[test]
fn the_program_gives_the_published_rows() {
    let folder = tempfile::tempdir().expect("a folder for captures");
    for (profile, gap_us, row) in ROWS {
        let path = folder.path().join(format!("{gap_us}.pcap"));
        let style = PcapStyle { nanoseconds: false, ..PcapStyle::default() };
        std::fs::write(&path, pcap(&exchange(gap_us), ETHERNET, style)).expect("a capture written");
        let mut options = Options::of(profile);
        options.label = Some("P2P".into());
        let printed = binary::flows(&[path], &options, MEANS);
        let lines: Vec<&str> = printed.output.lines().collect();
        assert_eq!(lines.len(), 2, "{}\n{}", printed.command, printed.messages);
        let cells: Vec<&str> = lines[1].split(',').collect();
        let shown: Vec<&str> = row.split(',').collect();
        assert_eq!(cells.len(), shown.len() + 1, "{}", lines[1]);
        for (cell, shown) in cells.iter().zip(&shown) {
            // What the published file has as an integer is printed as one.
            let equal = if shown.contains('.') { shows(cell, shown) } else { cell == shown };
            assert!(equal, "{cell} is not {shown}: {} against {row}", lines[1]);
        }
        assert_eq!(cells.last(), Some(&"P2P"));
    }
}

#[test]
fn the_oracle_gives_the_published_rows() {
    for (profile, gap_us, row) in ROWS {
        let table = table(&exchange(gap_us), &Options::of(profile));
        let shown = row.split(',');
        for (cell, shown) in table.rows[0].iter().zip(shown) {
            assert!(shows(&cell.to_string(), shown), "{cell} is not {shown} of {row}");
        }
    }
}
