//! A capture file while it is written: pcapng that ends with a whole block whenever it is looked at, so that
//! it is good whatever becomes of who writes it, and may be followed meanwhile.

use super::live::LiveStatistics;
use super::options::LABEL;
use super::{Fault, Packet};
use crate::limits::{RECORD_BYTES_MAX, RECORDED_BYTES_MAX, RECORDINGS_PER_MINUTE_MAX};
use crate::time::Timestamp;
use pcap_file::pcapng::PcapNgWriter;
use pcap_file::pcapng::blocks::enhanced_packet::EnhancedPacketBlock;
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption, InterfaceTsResolution,
};
use pcap_file::pcapng::blocks::interface_statistics::{
    InterfaceStatisticsBlock, InterfaceStatisticsOption,
};
use pcap_file::pcapng::blocks::opt_common::CommonOption;
use pcap_file::pcapng::blocks::section_header::{SectionHeaderBlock, SectionHeaderOption};
use pcap_file::{DataLink, Endianness};
use std::borrow::Cow;
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::fchown;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What a file says of itself.
#[derive(Clone, Debug)]
pub struct Origin {
    /// What made the traffic.
    pub label: String,
    /// Its program and arguments, or none.
    pub command: Vec<String>,
    /// When the capture began.
    pub start: Timestamp,
    /// The interface's name, its addresses in words, and its link layer (LINKTYPE_).
    pub interface: String,
    pub addresses: String,
    pub link_type: u16,
    pub filter: Option<String>,
}

/// A file that grows.
pub struct Recording {
    writer: PcapNgWriter<Vec<u8>>,
    file: File,
    path: PathBuf,
    /// Where the last block that was written ends.
    whole_bytes: u64,
    start: Timestamp,
    last_time: Timestamp,
}

impl Recording {
    /// Makes the file `STEM.pcapng` in a folder, or `STEM.2.pcapng` and so on if there is one: none is
    /// written over. It belongs to `owner` (user and group).
    ///
    /// # Errors
    /// A sentence: when the folder does not take it.
    pub fn create(
        folder: &Path,
        stem: &str,
        owner: (u32, u32),
        origin: &Origin,
    ) -> Result<Self, Fault> {
        let (file, path) = new_file(folder, stem)?;
        Self::start(file, path.clone(), owner, origin).map_err(|cause| {
            // If it cannot be removed either, the sentence names it.
            let _ = std::fs::remove_file(&path);
            Fault::failure(format!("cannot write {}: {cause}", path.display()))
        })
    }

    /// Writes what stands before the first packet.
    fn start(file: File, path: PathBuf, owner: (u32, u32), origin: &Origin) -> io::Result<Self> {
        // Only who may give files away needs to.
        if rustix::process::geteuid().is_root() {
            match fchown(&file, Some(owner.0), Some(owner.1)) {
                // Some file systems keep no owners, or let nobody change them: then it is whose it is.
                Err(cause) if cause.kind() == ErrorKind::PermissionDenied => {}
                given => given?,
            }
        }
        let mut recording = Self {
            writer: begin(origin)?,
            file,
            path,
            whole_bytes: 0,
            start: origin.start,
            last_time: origin.start,
        };
        recording.flush()?;
        Ok(recording)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a packet, which may stay in memory for now.
    ///
    /// # Errors
    /// Those of the file.
    pub fn write(&mut self, packet: &Packet<'_>) -> io::Result<()> {
        let data = &packet.data[..packet.data.len().min(RECORD_BYTES_MAX)];
        let block = EnhancedPacketBlock {
            interface_id: 0,
            timestamp: since_epoch(packet.time),
            original_len: packet.original_bytes.max(data.len() as u32),
            data: Cow::Borrowed(data),
            options: Vec::new(),
        };
        self.last_time = self.last_time.max(packet.time);
        self.writer.write_pcapng_block(block).map_err(io::Error::other)?;
        if self.writer.get_ref().len() >= RECORDED_BYTES_MAX { self.flush() } else { Ok(()) }
    }

    /// Writes what is still in memory, which ends with a whole block.
    ///
    /// # Errors
    /// Those of the file, which then ends with the last block that was written whole.
    pub fn flush(&mut self) -> io::Result<()> {
        if let Err(cause) = self.file.write_all(self.writer.get_ref()) {
            let written = self.file.metadata().map_or(0, |about| about.len() - self.whole_bytes);
            self.whole_bytes += whole_blocks(self.writer.get_ref(), written);
            self.writer.get_mut().clear();
            // Readers tell of a block that is cut, and read what stands before it.
            let _ = self.file.set_len(self.whole_bytes);
            return Err(cause);
        }
        self.whole_bytes += self.writer.get_ref().len() as u64;
        self.writer.get_mut().clear();
        Ok(())
    }

    /// Ends the file with what the kernel counted.
    ///
    /// # Errors
    /// Those of the file.
    pub fn finish(mut self, counted: LiveStatistics) -> io::Result<PathBuf> {
        let delivered = counted.packets.saturating_sub(counted.dropped);
        let block = InterfaceStatisticsBlock {
            interface_id: 0,
            timestamp: since_epoch(self.last_time),
            options: vec![
                InterfaceStatisticsOption::IsbStartTime(since_epoch(self.start)),
                InterfaceStatisticsOption::IsbEndTime(since_epoch(self.last_time)),
                InterfaceStatisticsOption::IsbFilterAccept(counted.packets),
                InterfaceStatisticsOption::IsbOsDrop(counted.dropped),
                InterfaceStatisticsOption::IsbUsrDeliv(delivered),
            ],
        };
        self.writer.write_pcapng_block(block).map_err(io::Error::other)?;
        self.flush()?;
        self.file.sync_all()?;
        Ok(self.path)
    }

    /// Removes the file: nothing was captured, and nothing will be.
    pub fn remove(self) {
        // If it cannot be removed it is a good capture without a packet.
        let _ = std::fs::remove_file(self.path);
    }
}

/// Bytes of the blocks that are whole in the first bytes of some.
fn whole_blocks(blocks: &[u8], bytes: u64) -> u64 {
    let bytes = blocks.len().min(usize::try_from(bytes).unwrap_or(usize::MAX));
    let mut whole = 0;
    // Behind its type a block has its length, as this machine writes numbers.
    while let Some(length) = blocks[whole..bytes].get(4..).and_then(<[u8]>::first_chunk) {
        let end = whole + u32::from_ne_bytes(*length) as usize;
        if end > bytes {
            break;
        }
        whole = end;
    }
    whole as u64
}

fn since_epoch(time: Timestamp) -> Duration {
    Duration::from_nanos(u64::try_from(time.0).unwrap_or(0))
}

/// A file that was not there.
fn new_file(folder: &Path, stem: &str) -> Result<(File, PathBuf), Fault> {
    for number in 1..=RECORDINGS_PER_MINUTE_MAX {
        let name = match number {
            1 => format!("{stem}.pcapng"),
            _ => format!("{stem}.{number}.pcapng"),
        };
        let path = folder.join(name);
        // What is written after a block that was cut away stands where that began.
        match File::options().append(true).create_new(true).open(&path) {
            Ok(file) => return Ok((file, path)),
            Err(cause) if cause.kind() == ErrorKind::AlreadyExists => {}
            Err(cause) => {
                return Err(Fault::failure(format!("cannot write {}: {cause}", path.display())));
            }
        }
    }
    let folder = folder.display();
    Err(Fault::failure(format!("{folder} has {RECORDINGS_PER_MINUTE_MAX} captures {stem} already")))
}

/// The blocks before the first packet.
fn begin(origin: &Origin) -> Result<PcapNgWriter<Vec<u8>>, io::Error> {
    let system = rustix::system::uname();
    let text = |text: &std::ffi::CStr| text.to_string_lossy().into_owned();
    let comment = |text: String| CommonOption::Comment(Cow::Owned(text));
    let mut comments = vec![format!("{LABEL}{}", origin.label)];
    if !origin.command.is_empty() {
        comments.push(format!("command: {}", origin.command.join(" ")));
    }
    comments.push(format!("host: {}", text(system.nodename())));
    comments.push(format!("start: {}", origin.start));
    let mut options = vec![
        SectionHeaderOption::OS(Cow::Owned(format!(
            "{} {}",
            text(system.sysname()),
            text(system.release())
        ))),
        SectionHeaderOption::UserApplication(Cow::Borrowed(concat!(
            "tractor ",
            env!("CARGO_PKG_VERSION")
        ))),
    ];
    let comments = comments.into_iter().map(cut);
    options.extend(comments.clone().map(|text| SectionHeaderOption::Common(comment(text))));
    let section = SectionHeaderBlock {
        endianness: Endianness::native(),
        options,
        ..SectionHeaderBlock::default()
    };
    let mut writer =
        PcapNgWriter::with_section_header(Vec::new(), section).map_err(io::Error::other)?;
    let mut options = vec![
        InterfaceDescriptionOption::IfName(Cow::Owned(origin.interface.clone())),
        InterfaceDescriptionOption::IfTsResol(InterfaceTsResolution::NANO),
    ];
    if let Some(filter) = &origin.filter {
        // A zero says that the filter is a text.
        let filter = [b"\0", cut(filter.clone()).as_bytes()].concat();
        options.push(InterfaceDescriptionOption::IfFilter(Cow::Owned(filter)));
    }
    let comments = comments.chain([format!("addresses: {}", origin.addresses)]);
    options.extend(comments.map(|text| InterfaceDescriptionOption::Common(comment(text))));
    let link_type = DataLink::from(u32::from(origin.link_type));
    let snaplen = RECORD_BYTES_MAX as u32;
    let interface = InterfaceDescriptionBlock { linktype: link_type, snaplen, options };
    writer.write_pcapng_block(interface).map_err(io::Error::other)?;
    Ok(writer)
}

/// An option has 16 bits for its length.
fn cut(mut text: String) -> String {
    const OPTION_BYTES_MAX: usize = 32_767;
    text.truncate(text.floor_char_boundary(OPTION_BYTES_MAX));
    text
}
