//! The plugin ABI in Rust, field by field as `include/tractor_plugin.h` has it; that header is the
//! truth and says what everything means, who owns it, and on which thread.

use std::ffi::{c_char, c_void};

pub const ABI_MAJOR: u32 = 1;
pub const ABI_MINOR: u32 = 0;

/// The symbol that a plugin exports.
pub const ENTRY_SYMBOL: &str = "tractor_plugin";

/// What a function returns.
pub type Status = i32;
pub const OK: Status = 0;
pub const ERROR: Status = -1;
pub const BAD_OPTION: Status = -2;
pub const PANIC: Status = -3;
pub const NOT_CONFIGURED: Status = -4;

pub const NEEDS_PAYLOAD: u32 = 1;
pub const NEEDS_PACKETS: u32 = 2;
pub const NEEDS_FEATURES: u32 = 4;
pub const NEEDS_NAMES: u32 = 8;

pub const WHEN_EARLY: u32 = 1;
pub const WHEN_WINDOW: u32 = 2;
pub const WHEN_CLOSED: u32 = 4;

pub const EARLY: u8 = 1;
pub const WINDOW: u8 = 2;
pub const CLOSED: u8 = 3;

pub const CLOSED_BY_FIN: u8 = 1;
pub const CLOSED_BY_RST: u8 = 2;
pub const CLOSED_BY_IDLE: u8 = 3;
pub const CLOSED_BY_ACTIVE: u8 = 4;
pub const CLOSED_BY_REUSED: u8 = 5;
pub const CLOSED_BY_END_OF_CAPTURE: u8 = 6;
pub const CLOSED_BY_EVICTED: u8 = 7;

pub const NAME_NONE: u32 = 0;
pub const NAME_SNI: u32 = 1;
pub const NAME_QUIC_SNI: u32 = 2;
pub const NAME_HOST: u32 = 3;
pub const NAME_DNS: u32 = 4;
pub const NAME_BANNER: u32 = 5;

pub const CLIENT_TO_SERVER: u8 = 0;
pub const SERVER_TO_CLIENT: u8 = 1;

pub const LOG_ERROR: i32 = 1;
pub const LOG_WARNING: i32 = 2;
pub const LOG_INFO: i32 = 3;

/// [`tractor_packet::payload_at`]: nothing of the packet's payload is in the flow's.
pub const NOT_KEPT: u32 = u32::MAX;
/// A label for [`tractor_host::tag`]: takes the classifier's verdict back.
pub const TAKE_BACK: u32 = u32::MAX;

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tractor_text {
    pub data: *const c_char,
    pub length: usize,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tractor_bytes {
    pub data: *const u8,
    pub length: usize,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tractor_option {
    pub key: *const c_char,
    pub value: *const c_char,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tractor_label {
    pub group: *const c_char,
    pub name: *const c_char,
}

#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct tractor_packet {
    pub time_us: u64,
    pub wire_bytes: u32,
    pub payload_bytes: u32,
    pub direction: u8,
    pub tcp_flags: u8,
    pub reserved: [u8; 2],
    pub payload_at: u32,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tractor_flow {
    pub size: u32,
    pub state: u8,
    pub transport: u8,
    pub ip_version: u8,
    pub closed_by: u8,
    pub client_ip: [u8; 16],
    pub server_ip: [u8; 16],
    pub client_port: u16,
    pub server_port: u16,
    pub reserved: u32,
    pub start_us: i64,
    pub end_us: i64,
    pub packets: [u64; 2],
    pub bytes: [u64; 2],
    pub features: *const f64,
    pub packet: *const tractor_packet,
    pub feature_count: u32,
    pub packet_count: u32,
    pub payload: [tractor_bytes; 2],
    pub server_name: tractor_text,
    pub user_agent: tractor_text,
    pub alpn: tractor_text,
    pub ja3: tractor_text,
    pub ja4: tractor_text,
    pub server_name_from: u32,
    pub reserved2: u32,
    pub window_start_us: i64,
}

/// The host's own; a plugin only hands it on.
#[repr(C)]
pub struct tractor_tags {
    _opaque: [u8; 0],
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tractor_host {
    pub size: u32,
    pub abi_minor: u32,
    pub name: *const c_char,
    pub version: *const c_char,
    pub log: Option<unsafe extern "C" fn(*const tractor_host, i32, *const c_char)>,
    pub fail: Option<unsafe extern "C" fn(*const tractor_host, *const c_char)>,
    pub tag:
        Option<unsafe extern "C" fn(*mut tractor_tags, u32, u32, f32, *const c_char) -> Status>,
    pub declare: Option<
        unsafe extern "C" fn(
            *const tractor_host,
            *const tractor_label,
            u32,
            *const c_char,
            u64,
        ) -> Status,
    >,
    pub extension:
        Option<unsafe extern "C" fn(*const tractor_host, *const c_char) -> *const c_void>,
    pub feature_names: *const *const c_char,
    pub feature_count: u32,
    pub reserved: u32,
}

pub type Create = unsafe extern "C" fn(
    *const tractor_host,
    *const tractor_option,
    u32,
    *mut *mut c_void,
) -> Status;
pub type Destroy = unsafe extern "C" fn(*mut c_void);
pub type Classify =
    unsafe extern "C" fn(*mut c_void, *const *const tractor_flow, u32, *mut tractor_tags) -> Status;
pub type Extension = unsafe extern "C" fn(*const c_char) -> *const c_void;

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tractor_classifier {
    pub size: u32,
    pub label_count: u32,
    pub id: *const c_char,
    pub name: *const c_char,
    pub version: *const c_char,
    pub description: *const c_char,
    pub labels: *const tractor_label,
    pub columns: *const c_char,
    pub needs: u32,
    pub when: u32,
    pub payload_bytes: u32,
    pub packets: u32,
    pub early_after_us: u64,
    pub window_us: u64,
    pub create: Option<Create>,
    pub destroy: Option<Destroy>,
    pub classify: Option<Classify>,
    pub extension: Option<Extension>,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tractor_entry {
    pub abi_major: u32,
    pub abi_minor: u32,
    pub abi_minor_required: u32,
    pub reserved: u32,
    pub classifiers: *const *const tractor_classifier,
}
