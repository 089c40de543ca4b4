//! The same stream of packets as one file or as several, in any format that can hold it.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::capture::{PcapStyle, RawPacket, pcap};
use super::pcapng::{PcapngStyle, pcapng};
use super::random::Random;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    One,
    OnePacked,
    Several,
    /// As several, some packed, and only the folder is named.
    Folder,
}

/// Writes the packets below `folder` and gives the paths to name, in the order in which to name them.
pub fn write(
    folder: &Path,
    packets: &[RawPacket],
    form: Form,
    random: &mut Random,
) -> Vec<PathBuf> {
    match form {
        Form::One => vec![write_one(folder, 0, packets, false, random)],
        Form::OnePacked => vec![write_one(folder, 0, packets, true, random)],
        Form::Several => {
            let pieces = cut(packets, random);
            let mut paths = write_pieces(folder, &pieces, random);
            // Only where two files begin at the same time does it matter which is named first.
            let begins: Vec<i64> = pieces.iter().map(|piece| piece[0].time_ns / 1_000).collect();
            if begins.is_sorted_by(|one, next| one < next) {
                random.shuffle(&mut paths);
            }
            // A file without packets does not matter.
            let place = random.below(paths.len() as u64 + 1) as usize;
            paths.insert(place, write_one(folder, paths.len(), &[], false, random));
            paths
        }
        Form::Folder => {
            let inner = folder.join("captures");
            std::fs::create_dir(&inner).expect("a folder for captures");
            write_pieces(&inner, &cut(packets, random), random);
            vec![inner]
        }
    }
}

/// Pieces whose first times do not go back, so that joining them by these times gives the stream again.
fn cut<'a>(packets: &'a [RawPacket], random: &mut Random) -> Vec<&'a [RawPacket]> {
    let mut pieces = Vec::new();
    let mut start = 0;
    let every = 1 + random.below(40);
    for at in 1..packets.len() {
        // In microseconds, too, as some profiles see them.
        let not_back = packets[at].time_ns / 1_000 >= packets[start].time_ns / 1_000;
        if not_back && packets[at].time_ns >= packets[start].time_ns && random.below(every) == 0 {
            pieces.push(&packets[start..at]);
            start = at;
        }
    }
    if start < packets.len() {
        pieces.push(&packets[start..]);
    }
    // Each file costs a process a little: not hundreds of them.
    while pieces.len() > 12 {
        let last = pieces.pop().map_or(0, <[RawPacket]>::len);
        let before = pieces.pop().map_or(0, <[RawPacket]>::len);
        pieces.push(&packets[packets.len() - last - before..]);
    }
    pieces
}

fn write_pieces(folder: &Path, pieces: &[&[RawPacket]], random: &mut Random) -> Vec<PathBuf> {
    let numbered = pieces.iter().enumerate();
    numbered
        .map(|(number, piece)| {
            let packed = random.chance(20);
            write_one(folder, number, piece, packed, random)
        })
        .collect()
}

/// Names sort as the pieces do.
pub fn write_one(
    folder: &Path,
    number: usize,
    packets: &[RawPacket],
    packed: bool,
    random: &mut Random,
) -> PathBuf {
    let (file, extension) = any_format(packets, random);
    if packed {
        let path = folder.join(format!("{number:03}.{extension}.gz"));
        std::fs::write(&path, gzip(&file)).expect("a capture written");
        return path;
    }
    let path = folder.join(format!("{number:03}.{extension}"));
    std::fs::write(&path, file).expect("a capture written");
    path
}

/// In a format that keeps all nanoseconds.
fn any_format(packets: &[RawPacket], random: &mut Random) -> (Vec<u8>, &'static str) {
    let link_type = packets.first().map_or(1, |packet| packet.link_type);
    let one_link_type = packets.iter().all(|packet| packet.link_type == link_type);
    let big_endian = random.chance(50);
    // Where a snaplen is asked for, only a pcap file can say it.
    let snaplen = packets.first().and_then(|packet| packet.snaplen);
    if snaplen.is_some() || one_link_type && random.chance(50) {
        let snaplen = snaplen.unwrap_or_else(|| random.pick(&[262_144, 1 << 31, 65_535, 0]));
        let style = PcapStyle { big_endian, snaplen, nanoseconds: true };
        return (pcap(packets, link_type, style), "pcap");
    }
    let style = PcapngStyle {
        big_endian,
        resolution: Some(random.pick(&[9, 9, 10])),
        offset_s: random.pick(&[0, 0, -3_600]),
        section_packets: random.pick(&[usize::MAX, 1, 7, 50]),
        simple_blocks: random.chance(50),
    };
    (pcapng(packets, style), "pcapng")
}

pub fn gzip(file: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    // Two members, as `cat a.gz b.gz` makes them.
    let (one, other) = file.split_at(file.len() / 2);
    for part in [one, other] {
        let mut encoder =
            flate2::write::GzEncoder::new(&mut packed, flate2::Compression::default());
        encoder.write_all(part).expect("packing in memory");
        encoder.finish().expect("packing in memory");
    }
    packed
}
