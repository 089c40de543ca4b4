//! Packet time: the only time the engine knows.

use jiff::fmt::temporal::DateTimePrinter;
use serde::{Deserialize, Serialize};

/// A moment: nanoseconds since the Unix epoch. Covers the years 1677 to 2262.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Timestamp(pub i64);

/// Nanoseconds in a microsecond, millisecond and second.
pub const MICROSECOND_NS: i64 = 1_000;
pub const MILLISECOND_NS: i64 = 1_000_000;
pub const SECOND_NS: i64 = 1_000_000_000;

impl Timestamp {
    /// The earliest moment; the stream clock starts here.
    pub const MIN: Self = Self(i64::MIN);

    /// From whole seconds and nanoseconds, clamped to the range that can be kept.
    pub fn from_parts(seconds: i64, nanoseconds: i64) -> Self {
        Self(seconds.saturating_mul(SECOND_NS).saturating_add(nanoseconds))
    }

    /// From a wide count of nanoseconds, clamped.
    pub fn from_wide(nanoseconds: i128) -> Self {
        Self(nanoseconds.clamp(i64::MIN.into(), i64::MAX.into()) as i64)
    }

    /// Nanoseconds from `earlier` to `self`, clamped; negative when time went back.
    #[inline]
    pub fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// `self` plus a span in nanoseconds, clamped.
    #[inline]
    pub fn plus(self, nanoseconds: i64) -> Self {
        Self(self.0.saturating_add(nanoseconds))
    }

    /// Rounded down to a whole number of units; at the lower end of the range, up to the first.
    #[inline]
    pub fn floor_to(self, unit_ns: i64) -> Self {
        let beyond = self.0.rem_euclid(unit_ns);
        Self(self.0.checked_sub(beyond).unwrap_or(self.0 + (unit_ns - beyond)))
    }

    /// Whole seconds since the epoch, rounded down.
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(SECOND_NS)
    }

    /// Writes the moment as `24/11/2026 03:57:02 PM`, in UTC.
    ///
    /// # Errors
    /// Those of the formatter.
    pub fn twelve_hour(self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // A 64-bit count of nanoseconds lies within jiff's years.
        match jiff::Timestamp::from_nanosecond(self.0.into()) {
            Ok(moment) => write!(formatter, "{}", moment.strftime("%d/%m/%Y %I:%M:%S %p")),
            Err(_) => Ok(()),
        }
    }

    /// Appends the moment as RFC 3339 in UTC with nine decimals, e.g. `2026-11-24T03:57:02.000000001Z`.
    pub fn write_rfc3339(self, out: &mut Vec<u8>) {
        const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(9));
        self.write(&PRINTER, out);
    }

    /// The same with six decimals: what is finer is cut off.
    pub fn write_rfc3339_microseconds(self, out: &mut Vec<u8>) {
        const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(6));
        self.floor_to(MICROSECOND_NS).write(&PRINTER, out);
    }

    fn write(self, printer: &DateTimePrinter, out: &mut Vec<u8>) {
        // A 64-bit count of nanoseconds lies within jiff's years -9999 to 9999.
        if let Ok(moment) = jiff::Timestamp::from_nanosecond(self.0.into()) {
            // Writing to a vector cannot fail.
            let _ = printer.print_timestamp(&moment, jiff::fmt::StdIoWrite(out));
        }
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = Vec::with_capacity(32);
        self.write_rfc3339(&mut text);
        formatter.write_str(&String::from_utf8_lossy(&text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_rfc3339_with_nanoseconds() {
        assert_eq!(
            Timestamp::from_parts(1_700_000_000, 7).to_string(),
            "2023-11-14T22:13:20.000000007Z"
        );
        assert_eq!(Timestamp(-1).to_string(), "1969-12-31T23:59:59.999999999Z");
    }

    #[test]
    fn clamps_what_it_cannot_keep() {
        assert_eq!(Timestamp::from_parts(i64::MAX, 0), Timestamp(i64::MAX));
        assert_eq!(Timestamp::from_wide(i128::MIN), Timestamp::MIN);
        assert_eq!(Timestamp(i64::MAX).since(Timestamp::MIN), i64::MAX);
    }

    #[test]
    fn rounds_down_before_the_epoch_too() {
        assert_eq!(Timestamp(-1).floor_to(MICROSECOND_NS), Timestamp(-1_000));
        assert_eq!(Timestamp(1_999).floor_to(MICROSECOND_NS), Timestamp(1_000));
        assert_eq!(Timestamp::MIN.floor_to(MICROSECOND_NS), Timestamp(i64::MIN + 808));
    }
}
