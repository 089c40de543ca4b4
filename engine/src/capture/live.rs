//! Packets as an interface sees them: a socket of the kernel's with a ring of blocks that it shares with us,
//! a filter in libpcap's language, and no offloading. All unsafe code of live capture is here.
//!
//! The kernel fills blocks and hands over each when it is full or old enough (packet_mmap, TPACKET_V3:
//! Documentation/networking/packet_mmap.rst of Linux). Times are those that the kernel gave the packets.

use super::Packet;
use super::fault::Fault;
use crate::limits::{RECORD_BYTES_MAX, RING_BLOCK_BYTES, RING_BLOCK_MS, RING_BLOCKS};
use crate::time::Timestamp;
use libc::{c_char, c_int, c_uint, c_void};
use libloading::Library;
use std::ffi::{CStr, CString};
use std::io;
use std::mem::{offset_of, size_of, zeroed};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::ptr::{NonNull, null_mut};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// A socket that sees every packet of one interface from when it was opened.
pub struct LiveSocket {
    socket: OwnedFd,
    ring: NonNull<u8>,
    /// The block that the kernel hands over next.
    block: usize,
    link_type: u16,
    is_loopback: bool,
    statistics: LiveStatistics,
    /// A packet whose VLAN tag the kernel had set aside, put together again.
    tagged: Vec<u8>,
}

/// What the kernel counted behind the filter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LiveStatistics {
    /// With those that were dropped.
    pub packets: u64,
    /// For want of room in the ring.
    pub dropped: u64,
}

const RING_BYTES: usize = RING_BLOCK_BYTES * RING_BLOCKS;

fn check(result: c_int) -> io::Result<c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

fn set<T>(socket: &OwnedFd, level: c_int, option: c_int, value: &T) -> io::Result<()> {
    let bytes = size_of::<T>() as libc::socklen_t;
    let value: *const T = value;
    let socket = socket.as_raw_fd();
    // SAFETY: the kernel reads `bytes` bytes of a value that lives as long as the call.
    check(unsafe { libc::setsockopt(socket, level, option, value.cast(), bytes) }).map(|_| ())
}

/// The address of all packets of an interface, or of none: then the socket sees nothing yet.
fn address(interface: u32, protocol: c_int) -> libc::sockaddr_ll {
    // SAFETY: zeroes are a valid address.
    let mut address: libc::sockaddr_ll = unsafe { zeroed() };
    address.sll_family = libc::AF_PACKET as u16;
    address.sll_protocol = (protocol as u16).to_be();
    address.sll_ifindex = interface as c_int;
    address
}

impl LiveSocket {
    /// Opens a socket on an interface of the network namespace that the calling thread is in.
    ///
    /// # Errors
    /// A sentence: when there is no such interface, the right is missing, or it has a link layer that is not
    /// read here.
    pub fn open(interface: &str, filter: Option<&str>) -> Result<Self, Fault> {
        let failed =
            |cause: io::Error| Fault::failure(format!("{interface} cannot be recorded: {cause}"));
        // SAFETY: a call without pointers; what it returns is ours alone.
        let socket = unsafe {
            let flags = libc::SOCK_RAW | libc::SOCK_CLOEXEC;
            // Without a protocol it sees nothing until it is bound.
            OwnedFd::from_raw_fd(check(libc::socket(libc::AF_PACKET, flags, 0)).map_err(failed)?)
        };
        let index = rustix::net::netdevice::name_to_index(&socket, interface);
        let index =
            index.map_err(|_| Fault::usage(format!("there is no interface {interface}")))?;
        let hardware = hardware(&socket, index).map_err(failed)?;
        let link_type = link_type(hardware).ok_or_else(|| {
            Fault::usage(format!(
                "{interface} has a link layer that is not recorded (hardware type {hardware})"
            ))
        })?;
        let filter = filter.map(|text| Filter::compile(text, link_type)).transpose()?;
        if let Some(filter) = &filter {
            filter.attach(&socket).map_err(failed)?;
        }
        let ring = ring(&socket).map_err(failed)?;
        let opened = Self {
            socket,
            ring,
            block: 0,
            link_type,
            is_loopback: hardware == libc::ARPHRD_LOOPBACK,
            statistics: LiveStatistics::default(),
            tagged: Vec::new(),
        };
        bind(&opened.socket, &address(index, libc::ETH_P_ALL)).map_err(failed)?;
        Ok(opened)
    }

    /// LINKTYPE_ number (tcpdump.org/linktypes.html).
    pub fn link_type(&self) -> u16 {
        self.link_type
    }

    /// Hands out the packets of the blocks that are ready, those of the first after `patience` at most; tells
    /// how many these were. On a loopback interface each packet comes twice, and is handed out once.
    ///
    /// # Errors
    /// Those of the system: an interface that is down for one.
    pub fn read(
        &mut self,
        patience: Duration,
        mut visit: impl FnMut(&Packet<'_>),
    ) -> io::Result<u64> {
        if !self.is_ready() {
            self.wait(patience)?;
        }
        let mut packets = 0;
        // A round and no more, so that whoever calls hears of other things.
        for _ in 0..RING_BLOCKS {
            if !self.is_ready() {
                break;
            }
            packets += self.read_block(&mut visit);
            self.status().store(libc::TP_STATUS_KERNEL, Ordering::Release);
            self.block = (self.block + 1) % RING_BLOCKS;
        }
        Ok(packets)
    }

    fn wait(&self, patience: Duration) -> io::Result<()> {
        let mut polled =
            libc::pollfd { fd: self.socket.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        let milliseconds = c_int::try_from(patience.as_millis()).unwrap_or(c_int::MAX);
        // SAFETY: one record, which lives as long as the call.
        match check(unsafe { libc::poll(&raw mut polled, 1, milliseconds) }) {
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => Ok(()),
            Err(cause) => Err(cause),
            Ok(_) if polled.revents & libc::POLLERR != 0 => Err(self.take_error()),
            Ok(_) => Ok(()),
        }
    }

    fn take_error(&self) -> io::Error {
        match rustix::net::sockopt::socket_error(&self.socket) {
            Ok(Err(cause)) | Err(cause) => cause.into(),
            Ok(Ok(())) => io::Error::from(io::ErrorKind::NetworkDown),
        }
    }

    /// Whose the next block is: the only word that both sides write.
    fn status(&self) -> &AtomicU32 {
        let offset = self.block * RING_BLOCK_BYTES
            + offset_of!(libc::tpacket_block_desc, hdr)
            + offset_of!(libc::tpacket_hdr_v1, block_status);
        // SAFETY: the block lies in the ring, which is mapped as long as `self` lives, and begins on a page.
        unsafe { AtomicU32::from_ptr(self.ring.as_ptr().add(offset).cast()) }
    }

    fn is_ready(&self) -> bool {
        self.status().load(Ordering::Acquire) & libc::TP_STATUS_USER != 0
    }

    /// Hands out the packets of the next block, which is ours.
    fn read_block(&mut self, visit: &mut impl FnMut(&Packet<'_>)) -> u64 {
        // SAFETY: the block lies in the ring, and the kernel writes nothing to it until it is given back, which only
        // the caller does, when nothing borrows from it any more.
        let block = unsafe {
            let begin = self.ring.as_ptr().add(self.block * RING_BLOCK_BYTES);
            std::slice::from_raw_parts(begin, RING_BLOCK_BYTES)
        };
        let header = offset_of!(libc::tpacket_block_desc, hdr);
        let head: libc::tpacket_hdr_v1 = read(block, header);
        let (mut at, mut packets) = (head.offset_to_first_pkt as usize, 0);
        for _ in 0..head.num_pkts {
            let frame: libc::tpacket3_hdr = read(block, at);
            let from: libc::sockaddr_ll = read(block, at + SOCKADDR_OFFSET);
            let data = &block[at + usize::from(frame.tp_mac)..][..frame.tp_snaplen as usize];
            if !(self.is_loopback && from.sll_pkttype == libc::PACKET_OUTGOING) {
                visit(&packet(&frame, data, self.link_type, &mut self.tagged));
                packets += 1;
            }
            at += frame.tp_next_offset as usize;
        }
        packets
    }

    /// What was counted so far.
    ///
    /// # Errors
    /// That of the system.
    pub fn statistics(&mut self) -> io::Result<LiveStatistics> {
        // SAFETY: zeroes are valid counts.
        let mut counts: libc::tpacket_stats_v3 = unsafe { zeroed() };
        let mut bytes = size_of::<libc::tpacket_stats_v3>() as libc::socklen_t;
        let place: *mut libc::tpacket_stats_v3 = &raw mut counts;
        let socket = self.socket.as_raw_fd();
        // SAFETY: the kernel writes at most `bytes` bytes to counts that live as long as the call.
        check(unsafe {
            libc::getsockopt(
                socket,
                libc::SOL_PACKET,
                libc::PACKET_STATISTICS,
                place.cast(),
                &raw mut bytes,
            )
        })?;
        // It counts anew from each time that it is asked.
        self.statistics.packets += u64::from(counts.tp_packets);
        self.statistics.dropped += u64::from(counts.tp_drops);
        Ok(self.statistics)
    }
}

impl Drop for LiveSocket {
    fn drop(&mut self) {
        // SAFETY: it was mapped with that length, and nothing borrows from it any more.
        unsafe { libc::munmap(self.ring.as_ptr().cast(), RING_BYTES) };
    }
}

/// Where the address of a packet stands behind the begin of its header.
const SOCKADDR_OFFSET: usize =
    size_of::<libc::tpacket3_hdr>().next_multiple_of(libc::TPACKET_ALIGNMENT);

/// A record of the kernel's out of a block; panics where the block ends before it.
fn read<T: Copy>(block: &[u8], at: usize) -> T {
    let bytes = &block[at..][..size_of::<T>()];
    // SAFETY: there are as many bytes, and the records that are read so are of integers alone, of which any
    // bytes are some.
    unsafe { bytes.as_ptr().cast::<T>().read_unaligned() }
}

/// A packet with the VLAN tag that the kernel took out of it, as it was on the wire.
fn packet<'a>(
    frame: &libc::tpacket3_hdr,
    data: &'a [u8],
    link_type: u16,
    tagged: &'a mut Vec<u8>,
) -> Packet<'a> {
    const ADDRESSES_BYTES: usize = 12;
    let time = Timestamp::from_parts(i64::from(frame.tp_sec), i64::from(frame.tp_nsec));
    let mut packet =
        Packet { time, original_bytes: frame.tp_len, snaplen_bytes: 0, link_type, data };
    if frame.tp_status & libc::TP_STATUS_VLAN_VALID == 0 || data.len() < ADDRESSES_BYTES {
        return packet;
    }
    let has_protocol = frame.tp_status & libc::TP_STATUS_VLAN_TPID_VALID != 0;
    let protocol = if has_protocol { frame.hv1.tp_vlan_tpid } else { libc::ETH_P_8021Q as u16 };
    let (addresses, rest) = data.split_at(ADDRESSES_BYTES);
    tagged.clear();
    tagged.extend_from_slice(addresses);
    tagged.extend_from_slice(&protocol.to_be_bytes());
    tagged.extend_from_slice(&(frame.hv1.tp_vlan_tci as u16).to_be_bytes());
    tagged.extend_from_slice(rest);
    packet.original_bytes += 4;
    packet.data = tagged;
    packet
}

/// Asks for a ring and maps it.
fn ring(socket: &OwnedFd) -> io::Result<NonNull<u8>> {
    set(
        socket,
        libc::SOL_PACKET,
        libc::PACKET_VERSION,
        &(libc::tpacket_versions::TPACKET_V3 as c_int),
    )?;
    let request = libc::tpacket_req3 {
        tp_block_size: RING_BLOCK_BYTES as c_uint,
        tp_block_nr: RING_BLOCKS as c_uint,
        // In this version a block holds packets of any size; these two must only fit together.
        tp_frame_size: RING_BLOCK_BYTES as c_uint,
        tp_frame_nr: RING_BLOCKS as c_uint,
        tp_retire_blk_tov: RING_BLOCK_MS,
        tp_sizeof_priv: 0,
        tp_feature_req_word: 0,
    };
    set(socket, libc::SOL_PACKET, libc::PACKET_RX_RING, &request)?;
    let rights = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: a new mapping at a place of the kernel's choice, of the length that was asked for.
    let ring = unsafe {
        libc::mmap(null_mut(), RING_BYTES, rights, libc::MAP_SHARED, socket.as_raw_fd(), 0)
    };
    if ring == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    NonNull::new(ring.cast()).ok_or_else(|| io::Error::other("no place for the ring"))
}

fn bind(socket: &OwnedFd, address: &libc::sockaddr_ll) -> io::Result<()> {
    let bytes = size_of::<libc::sockaddr_ll>() as libc::socklen_t;
    let address: *const libc::sockaddr_ll = address;
    // SAFETY: the kernel reads an address of that length, which lives as long as the call.
    check(unsafe { libc::bind(socket.as_raw_fd(), address.cast(), bytes) }).map(|_| ())
}

/// The kind of an interface (ARPHRD_), which the socket tells of what it is bound to.
fn hardware(socket: &OwnedFd, index: u32) -> io::Result<u16> {
    bind(socket, &address(index, 0))?;
    let mut bound = address(0, 0);
    let mut bytes = size_of::<libc::sockaddr_ll>() as libc::socklen_t;
    let place: *mut libc::sockaddr_ll = &raw mut bound;
    // SAFETY: the kernel writes at most `bytes` bytes to an address that lives as long as the call.
    check(unsafe { libc::getsockname(socket.as_raw_fd(), place.cast(), &raw mut bytes) })?;
    Ok(bound.sll_hatype)
}

/// LINKTYPE_ETHERNET and LINKTYPE_RAW.
const ETHERNET: u16 = 1;
const RAW_IP: u16 = 101;

fn link_type(hardware: u16) -> Option<u16> {
    /// Of a tunnel that carries IP packets as they are.
    const RAW_IP_HARDWARE: u16 = 519;
    match hardware {
        libc::ARPHRD_ETHER | libc::ARPHRD_LOOPBACK => Some(ETHERNET),
        libc::ARPHRD_NONE | RAW_IP_HARDWARE => Some(RAW_IP),
        _ => None,
    }
}

/// A program of the kernel's for packets (struct bpf_program of libpcap).
#[repr(C)]
struct Program {
    length: c_uint,
    instructions: *mut libc::sock_filter,
}

/// A filter as tcpdump understands it (pcap-filter(7)).
pub struct Filter(Vec<libc::sock_filter>);

/// The names under which libpcap is installed.
const LIBPCAP: [&str; 3] = ["libpcap.so.0.8", "libpcap.so.1", "libpcap.so"];

impl Filter {
    /// Has libpcap, which is loaded for this alone, translate a filter.
    ///
    /// # Errors
    /// A sentence: when there is no libpcap, or it does not understand the filter.
    fn compile(text: &str, link_type: u16) -> Result<Self, Fault> {
        // SAFETY: libpcap's initialisers do nothing; the name is looked for where the system has its libraries.
        let library = LIBPCAP.iter().find_map(|name| unsafe { Library::new(*name) }.ok());
        let library = library.ok_or_else(|| {
            Fault::failure("a filter needs libpcap, which is not installed (package libpcap0.8)")
        })?;
        let expression =
            CString::new(text).map_err(|_| Fault::usage("the filter holds a byte that is zero"))?;
        // What the kernel has for IP packets as they are differs from what files have.
        let link_type = if link_type == RAW_IP { libc_raw() } else { c_int::from(link_type) };
        Self::by(&library, &expression, link_type)
            .map_err(|cause| Fault::failure(format!("libpcap is not what it should be: {cause}")))?
            .map_err(|why| Fault::usage(format!("the filter {text} is not understood: {why}")))
    }

    /// The outer error is of the library, the inner one what it says of the filter.
    fn by(
        library: &Library,
        expression: &CStr,
        link_type: c_int,
    ) -> Result<Result<Self, String>, libloading::Error> {
        type Handle = *mut c_void;
        // SAFETY: the types are those of pcap/pcap.h; none has changed since libpcap 1.0.
        let (open, compile, error, free, close) = unsafe {
            (
                library.get::<unsafe extern "C" fn(c_int, c_int) -> Handle>(b"pcap_open_dead\0")?,
                library.get::<unsafe extern "C" fn(
                    Handle,
                    *mut Program,
                    *const c_char,
                    c_int,
                    c_uint,
                ) -> c_int>(b"pcap_compile\0")?,
                library.get::<unsafe extern "C" fn(Handle) -> *const c_char>(b"pcap_geterr\0")?,
                library.get::<unsafe extern "C" fn(*mut Program)>(b"pcap_freecode\0")?,
                library.get::<unsafe extern "C" fn(Handle)>(b"pcap_close\0")?,
            )
        };
        let mut program = Program { length: 0, instructions: null_mut() };
        // SAFETY: called as the manual has it: a handle that is closed once, a program that is freed once and only if
        // it was made, a text that ends with a zero, and an error that is copied before the handle is closed.
        unsafe {
            let handle = open(link_type, RECORD_BYTES_MAX as c_int);
            if handle.is_null() {
                return Ok(Err("there is no memory".to_owned()));
            }
            let compiled = compile(handle, &raw mut program, expression.as_ptr(), 1, c_uint::MAX);
            let filter = if compiled == 0 {
                let length = program.length as usize;
                let instructions =
                    std::slice::from_raw_parts(program.instructions, length).to_vec();
                free(&raw mut program);
                Ok(Self(instructions))
            } else {
                Err(CStr::from_ptr(error(handle)).to_string_lossy().into_owned())
            };
            close(handle);
            Ok(filter)
        }
    }

    fn attach(&self, socket: &OwnedFd) -> io::Result<()> {
        let length = u16::try_from(self.0.len())
            .map_err(|_| io::Error::other("the filter is longer than the kernel takes"))?;
        let program = libc::sock_fprog { len: length, filter: self.0.as_ptr().cast_mut() };
        set(socket, libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, &program)
    }
}

/// DLT_RAW as libpcap numbers it on Linux.
fn libc_raw() -> c_int {
    12
}

/// Has the kernel itself cut an interface's packets and work out their checksums, so that those that are
/// recorded are those of a wire, not pieces of 64 KiB that a card would cut later. What an interface cannot
/// do it does not do anyway.
///
/// # Errors
/// Those of the system.
pub fn stop_offloading(interface: &str) -> io::Result<()> {
    /// Segmentation, checksums sent and received, and joining: ETHTOOL_STSO, _SGSO, _STXCSUM, _SGRO of
    /// linux/ethtool.h.
    const SWITCHES: [u32; 4] = [0x1f, 0x24, 0x17, 0x2c];
    #[repr(C)]
    struct Switch {
        command: u32,
        value: u32,
    }
    // SAFETY: a call without pointers; what it returns is ours alone.
    let socket = unsafe {
        let flags = libc::SOCK_DGRAM | libc::SOCK_CLOEXEC;
        OwnedFd::from_raw_fd(check(libc::socket(libc::AF_INET, flags, 0))?)
    };
    for command in SWITCHES {
        let mut switch = Switch { command, value: 0 };
        // SAFETY: zeroes are a valid request.
        let mut request: libc::ifreq = unsafe { zeroed() };
        // The last byte stays zero.
        let room = request.ifr_name.len() - 1;
        for (to, from) in request.ifr_name[..room].iter_mut().zip(interface.bytes()) {
            *to = from as c_char;
        }
        request.ifr_ifru.ifru_data = (&raw mut switch).cast();
        // SAFETY: the request and the switch behind it live as long as the call, and are of the form that it
        // asks for.
        match check(unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCETHTOOL, &raw mut request) })
        {
            Err(cause) if cause.raw_os_error() != Some(libc::EOPNOTSUPP) => return Err(cause),
            _ => {}
        }
    }
    Ok(())
}

/// The socket that whoever started this process left open for it under that number. To be called once.
///
/// # Errors
/// When nothing is open there.
pub fn inherited(number: RawFd) -> io::Result<UnixStream> {
    // SAFETY: a call that only asks.
    check(unsafe { libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC) })?;
    // SAFETY: it is open, and nothing else here has it: only who started this process knew the number.
    Ok(unsafe { UnixStream::from_raw_fd(number) })
}
