//! The interfaces of a pcapng section: what their packets' link type and time stamps mean.

use super::Resolution;
use super::bytes::ByteOrder;
use super::options::Options;
use crate::time::{SECOND_NS, Timestamp};

const OPTION_RESOLUTION: u16 = 9;
const OPTION_OFFSET: u16 = 14;

/// One interface description block (draft-ietf-opsawg-pcapng, section 4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct InterfaceDescription {
    pub(super) link_type: u16,
    /// Bytes kept of a packet at most; 0: no limit.
    pub(super) snaplen: u32,
    pub(super) resolution: Resolution,
    offset_seconds: i64,
}

impl InterfaceDescription {
    /// Reads a block's body. Options count as far as they can be read; one of a wrong length is as
    /// good as none. `None`: too short.
    pub(super) fn parse(order: ByteOrder, body: &[u8]) -> Option<Self> {
        let mut interface = Self {
            link_type: order.u16(body, 0)?,
            snaplen: order.u32(body, 4)?,
            resolution: Resolution::MICROSECONDS,
            offset_seconds: 0,
        };
        for option in Options::new(order, body.get(8..).unwrap_or_default()) {
            match option {
                (OPTION_RESOLUTION, [resolution]) => {
                    interface.resolution = Resolution::from_option(*resolution);
                }
                (OPTION_OFFSET, [_, _, _, _, _, _, _, _]) => {
                    interface.offset_seconds = order.i64(option.1, 0)?;
                }
                _ => {}
            }
        }
        Some(interface)
    }

    /// The moment that a packet's count of ticks means, rounded down to a nanosecond.
    #[inline]
    pub(super) fn time(&self, ticks: u64) -> Timestamp {
        let nanoseconds = self.resolution.nanoseconds(ticks);
        let offset_ns = i128::from(self.offset_seconds) * i128::from(SECOND_NS);
        Timestamp::from_wide(offset_ns + nanoseconds)
    }
}

impl Resolution {
    pub(super) const MICROSECONDS: Self = Self { base: 10, exponent: 6 };

    /// From the value of the option `if_tsresol`.
    fn from_option(value: u8) -> Self {
        let base = if value & 0x80 == 0 { 10 } else { 2 };
        Self { base, exponent: value & 0x7f }
    }

    /// Ticks as nanoseconds: below 2^94 for every resolution.
    #[inline]
    fn nanoseconds(self, ticks: u64) -> i128 {
        let ticks = i128::from(ticks);
        match self {
            // What nearly all files have, without the power.
            Self::MICROSECONDS => ticks * 1_000,
            Self { base: 2, exponent } => (ticks * i128::from(SECOND_NS)) >> exponent,
            Self { exponent: exponent @ ..=9, .. } => ticks * 10_i128.pow(9 - u32::from(exponent)),
            // A divisor that does not fit is larger than any count of ticks.
            Self { exponent, .. } => {
                10_i128.checked_pow(u32::from(exponent) - 9).map_or(0, |divisor| ticks / divisor)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_resolution_has_its_time() {
        let time = |option: u8, ticks| Resolution::from_option(option).nanoseconds(ticks);
        assert_eq!(time(6, 1_500_000), 1_500_000_000);
        assert_eq!(time(0, 7), 7_000_000_000);
        assert_eq!(time(9, 7), 7);
        assert_eq!(time(12, 7_999), 7);
        assert_eq!(time(127, u64::MAX), 0);
        assert_eq!(time(0x80, 3), 3_000_000_000);
        assert_eq!(time(0x8a, 512), 500_000_000);
        assert_eq!(time(0xff, u64::MAX), 0);
        for option in 0..=u8::MAX {
            assert!(time(option, u64::MAX) < 1 << 94);
        }
    }

    #[test]
    fn options_count_as_far_as_they_go() {
        let mut body = vec![1, 0, 0, 0, 96, 0, 0, 0];
        body.extend([9, 0, 2, 0, 3, 3, 0, 0]); // a resolution of two bytes
        body.extend([14, 0, 8, 0, 255, 255, 255, 255, 255, 255, 255, 255]);
        body.extend([9, 0, 1, 0, 9, 0, 0, 0]);
        body.extend([2, 0, 200, 0, b'e']); // a name that is cut
        let interface = InterfaceDescription::parse(ByteOrder::Little, &body).unwrap();
        assert_eq!((interface.link_type, interface.snaplen), (1, 96));
        assert_eq!(interface.time(5), Timestamp(5 - SECOND_NS));
        assert_eq!(InterfaceDescription::parse(ByteOrder::Little, &body[..7]), None);
    }
}
