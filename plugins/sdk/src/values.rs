//! The header's values as types.

use crate::abi;

/// What a classifier wants of a flow; what it does not ask for is not filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needs(u32);

impl Needs {
    /// Addresses, ports, counts and times, which are always there.
    pub const NONE: Needs = Needs(0);
    pub const PAYLOAD: Needs = Needs(abi::NEEDS_PAYLOAD);
    pub const PACKETS: Needs = Needs(abi::NEEDS_PACKETS);
    pub const FEATURES: Needs = Needs(abi::NEEDS_FEATURES);
    pub const NAMES: Needs = Needs(abi::NEEDS_NAMES);

    /// Both, such as `Needs::PAYLOAD.and(Needs::NAMES)`.
    pub const fn and(self, other: Needs) -> Needs {
        Needs(self.0 | other.0)
    }

    pub const fn has(self, other: Needs) -> bool {
        self.0 & other.0 == other.0
    }

    pub const fn bits(self) -> u32 {
        self.0
    }
}

/// When a classifier is shown a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct When(u32);

impl When {
    /// Once, at the first packet that fulfils the wish for packets, payload or time, or at the very
    /// first without such a wish.
    pub const EARLY: When = When(abi::WHEN_EARLY);
    /// At the end of each window that has a packet.
    pub const WINDOW: When = When(abi::WHEN_WINDOW);
    /// When the flow has ended.
    pub const CLOSED: When = When(abi::WHEN_CLOSED);

    /// Both, such as `When::EARLY.and(When::CLOSED)`.
    pub const fn and(self, other: When) -> When {
        When(self.0 | other.0)
    }

    pub const fn has(self, other: When) -> bool {
        self.0 & other.0 == other.0
    }

    pub const fn bits(self) -> u32 {
        self.0
    }
}

/// Whose packets or payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    ClientToServer = abi::CLIENT_TO_SERVER as isize,
    ServerToClient = abi::SERVER_TO_CLIENT as isize,
}

impl Direction {
    pub const BOTH: [Direction; 2] = [Direction::ClientToServer, Direction::ServerToClient];
}

/// How much of its life a flow has behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Everything is of the flow so far.
    Early,
    /// Features, and the counts of packets and bytes, are of one window; the rest is of the flow so
    /// far.
    Window,
    Closed,
}

impl State {
    /// A host that knows more states shows them only to who asks for them.
    pub(crate) fn of(value: u8) -> State {
        match value {
            abi::EARLY => State::Early,
            abi::WINDOW => State::Window,
            _ => State::Closed,
        }
    }

    pub(crate) fn value(self) -> u8 {
        match self {
            State::Early => abi::EARLY,
            State::Window => abi::WINDOW,
            State::Closed => abi::CLOSED,
        }
    }
}

/// An enum of the header to which later hosts may add.
macro_rules! open_enum {
    ($(#[$text:meta])* $name:ident: $number:ty { $($variant:ident = $value:expr,)+ }) => {
        $(#[$text])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($variant,)+
            /// A newer host's.
            Other($number),
        }

        impl $name {
            pub(crate) fn of(value: $number) -> Self {
                match value {
                    $(value if value == $value => $name::$variant,)+
                    other => $name::Other(other),
                }
            }

            pub(crate) fn value(self) -> $number {
                match self {
                    $($name::$variant => $value,)+
                    $name::Other(value) => value,
                }
            }
        }
    };
}

open_enum! {
    /// Why a flow ended.
    ClosedBy: u8 {
        Fin = abi::CLOSED_BY_FIN,
        Rst = abi::CLOSED_BY_RST,
        Idle = abi::CLOSED_BY_IDLE,
        Active = abi::CLOSED_BY_ACTIVE,
        Reused = abi::CLOSED_BY_REUSED,
        EndOfCapture = abi::CLOSED_BY_END_OF_CAPTURE,
        Evicted = abi::CLOSED_BY_EVICTED,
    }
}

open_enum! {
    /// Where a server's name comes from.
    NameFrom: u32 {
        Sni = abi::NAME_SNI,
        QuicSni = abi::NAME_QUIC_SNI,
        Host = abi::NAME_HOST,
        Dns = abi::NAME_DNS,
        Banner = abi::NAME_BANNER,
    }
}

/// How much a message matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Error = abi::LOG_ERROR as isize,
    Warning = abi::LOG_WARNING as isize,
    Info = abi::LOG_INFO as isize,
}
