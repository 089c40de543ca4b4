//! Spans of time on the command line.

use jiff::SignedDuration;

/// Nanoseconds of a text like `15s`, `500ms`, `2m`, `1h30m`, or a plain number of seconds.
///
/// # Errors
/// A sentence for the user.
pub fn parse(text: &str) -> Result<i64, String> {
    let said = match text.parse::<f64>() {
        Ok(seconds) => SignedDuration::try_from_secs_f64(seconds).ok(),
        Err(_) => text.parse::<SignedDuration>().ok(),
    };
    let nanoseconds = said.and_then(|span| i64::try_from(span.as_nanos()).ok());
    nanoseconds.filter(|&nanoseconds| nanoseconds > 0).ok_or_else(|| {
        "give a time above 0, at most 292 years, such as 15 (seconds), 500ms, 2m or 1h30m"
            .to_owned()
    })
}

/// A span, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrNever(pub Option<i64>);

/// The same, or `never`.
///
/// # Errors
/// A sentence for the user.
pub fn parse_or_never(text: &str) -> Result<OrNever, String> {
    match text {
        "never" => Ok(OrNever(None)),
        _ => parse(text).map(|ns| OrNever(Some(ns))).map_err(|why| format!("{why}, or never")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_units_and_plain_seconds() {
        assert_eq!(parse("15s"), Ok(15_000_000_000));
        assert_eq!(parse("15"), Ok(15_000_000_000));
        assert_eq!(parse("0.5"), Ok(500_000_000));
        assert_eq!(parse("1h30m"), Ok(5_400_000_000_000));
        for wrong in ["", "0", "-1s", "soon", "1e300", "15 parsecs"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
