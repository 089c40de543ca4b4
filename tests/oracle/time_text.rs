//! Nanoseconds since the epoch as RFC 3339 has them, in UTC.

use super::SECOND;

/// `2024-03-14T09:00:00.000000000Z`.
pub fn rfc3339(time: i128) -> String {
    let [year, month, day, hour, minute, second] = civil(time);
    let nanoseconds = time.rem_euclid(SECOND);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{nanoseconds:09}Z")
}

/// `14/03/2024 09:00:00 AM`.
pub fn twelve_hours(time: i128) -> String {
    let [year, month, day, hour, minute, second] = civil(time);
    let half = if hour < 12 { "AM" } else { "PM" };
    let hour = if hour % 12 == 0 { 12 } else { hour % 12 };
    format!("{day:02}/{month:02}/{year:04} {hour:02}:{minute:02}:{second:02} {half}")
}

/// Year, month, day, hour, minute and second.
fn civil(time: i128) -> [i128; 6] {
    let seconds = time.div_euclid(SECOND);
    let (mut day, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let mut year = 1970;
    while day < 0 {
        year -= 1;
        day += days_of_year(year);
    }
    while day >= days_of_year(year) {
        day -= days_of_year(year);
        year += 1;
    }
    let february = days_of_year(year) - 337;
    let mut month = 1;
    for days in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if day < days {
            break;
        }
        day -= days;
        month += 1;
    }
    [year, month, day + 1, second / 3_600, second / 60 % 60, second % 60]
}

/// Of the Gregorian calendar.
fn days_of_year(year: i128) -> i128 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if leap { 366 } else { 365 }
}
