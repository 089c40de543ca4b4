//! Every struct with every field, and every constant of the header.

use tractor_plugin::abi::*;

/// A struct, and of each field: its name, where it is, and its bytes.
pub struct Struct {
    pub name: &'static str,
    pub bytes: usize,
    pub fields: Vec<(&'static str, usize, usize)>,
}

macro_rules! of {
    ($name:ident { $($field:ident),+ }) => {{
        // Fails to compile where a field is missing in the table.
        fn size<T, F>(_: fn(T) -> F) -> usize {
            size_of::<F>()
        }
        let _ = |whole: $name| {
            let $name { $($field: _),+ } = whole;
        };
        Struct {
            name: stringify!($name),
            bytes: size_of::<$name>(),
            fields: vec![$((
                stringify!($field),
                std::mem::offset_of!($name, $field),
                size(|whole: $name| whole.$field),
            )),+],
        }
    }};
}

pub fn structs() -> Vec<Struct> {
    vec![
        of!(tractor_text { data, length }),
        of!(tractor_bytes { data, length }),
        of!(tractor_option { key, value }),
        of!(tractor_label { group, name }),
        of!(tractor_packet {
            time_us,
            wire_bytes,
            payload_bytes,
            direction,
            tcp_flags,
            reserved,
            payload_at
        }),
        of!(tractor_flow {
            size,
            state,
            transport,
            ip_version,
            closed_by,
            client_ip,
            server_ip,
            client_port,
            server_port,
            reserved,
            start_us,
            end_us,
            packets,
            bytes,
            features,
            packet,
            feature_count,
            packet_count,
            payload,
            server_name,
            user_agent,
            alpn,
            ja3,
            ja4,
            server_name_from,
            reserved2,
            window_start_us
        }),
        of!(tractor_host {
            size,
            abi_minor,
            name,
            version,
            log,
            fail,
            tag,
            declare,
            extension,
            feature_names,
            feature_count,
            reserved
        }),
        of!(tractor_classifier {
            size,
            label_count,
            id,
            name,
            version,
            description,
            labels,
            columns,
            needs,
            when,
            payload_bytes,
            packets,
            early_after_us,
            window_us,
            create,
            destroy,
            classify,
            extension
        }),
        of!(tractor_entry { abi_major, abi_minor, abi_minor_required, reserved, classifiers }),
    ]
}

macro_rules! constants {
    ($($name:ident)+) => {
        [$((concat!("TRACTOR_", stringify!($name)), $name as i64)),+]
    };
}

pub const CONSTANTS: [(&str, i64); 37] = constants![
    ABI_MAJOR
    ABI_MINOR
    OK
    ERROR
    BAD_OPTION
    PANIC
    NOT_CONFIGURED
    NEEDS_PAYLOAD
    NEEDS_PACKETS
    NEEDS_FEATURES
    NEEDS_NAMES
    WHEN_EARLY
    WHEN_WINDOW
    WHEN_CLOSED
    EARLY
    WINDOW
    CLOSED
    CLOSED_BY_FIN
    CLOSED_BY_RST
    CLOSED_BY_IDLE
    CLOSED_BY_ACTIVE
    CLOSED_BY_REUSED
    CLOSED_BY_END_OF_CAPTURE
    CLOSED_BY_EVICTED
    NAME_NONE
    NAME_SNI
    NAME_QUIC_SNI
    NAME_HOST
    NAME_DNS
    NAME_BANNER
    CLIENT_TO_SERVER
    SERVER_TO_CLIENT
    LOG_ERROR
    LOG_WARNING
    LOG_INFO
    NOT_KEPT
    TAKE_BACK
];
