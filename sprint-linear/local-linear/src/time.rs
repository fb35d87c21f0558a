//! Times as the service writes and reads them. All are milliseconds since 1970, in UTC.

const DAY: u64 = 86_400_000;

/// Year, month and day of a day since 1970 (Hinnant's algorithm).
fn civil(days: u64) -> (u64, u64, u64) {
    let z = days + 719_468;
    let era = z / 146_097;
    let doe = z % 146_097;
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = doy - (153 * mp + 2) / 5 + 1;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (yoe + era * 400 + u64::from(month <= 2), month, day)
}

fn days(year: u64, month: u64, day: u64) -> u64 {
    let y = if month <= 2 { year - 1 } else { year };
    let mp = if month > 2 { month - 3 } else { month + 9 };
    let doy = (153 * mp + 2) / 5 + day - 1;
    let yoe = y % 400;
    (y / 400) * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468
}

/// `2026-01-31T12:00:00.000Z`
pub(crate) fn iso(ms: u64) -> String {
    let (year, month, day) = civil(ms / DAY);
    let t = ms % DAY;
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}Z",
        t / 3_600_000,
        t / 60_000 % 60,
        t / 1_000 % 60,
        t % 1_000
    )
}

/// `Sat, 31 Jan 2026 12:00:00 GMT`
pub(crate) fn http_date(ms: u64) -> String {
    let (year, month, day) = civil(ms / DAY);
    let weekday = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        [usize::try_from(ms / DAY % 7).unwrap_or(0)];
    let name = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ][usize::try_from(month - 1).unwrap_or(0)];
    let t = ms % DAY / 1_000;
    format!(
        "{weekday}, {day:02} {name} {year:04} {:02}:{:02}:{:02} GMT",
        t / 3_600,
        t / 60 % 60,
        t % 60
    )
}

/// An ISO time in UTC, or an ISO duration from now (`-P2W`, `P1D`, `-PT5M`); `None` for anything else.
pub(crate) fn parse(text: &str, now: u64) -> Option<u64> {
    if let Some(past) = text.strip_prefix("-P") {
        return Some(now.saturating_sub(duration(past)?));
    }
    if let Some(future) = text.strip_prefix('P') {
        return Some(now + duration(future)?);
    }
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<u64>().ok();
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    if year < 1970 || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let midnight = days(year, month, day) * DAY;
    let Some(clock) = text.get(10..).filter(|rest| !rest.is_empty()) else {
        return Some(midnight);
    };
    let clock = clock.strip_prefix('T')?.strip_suffix('Z')?;
    let (whole, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let mut parts = whole.split(':').map(str::parse::<u64>);
    let (hour, minute, second) = (
        parts.next()?.ok()?,
        parts.next()?.ok()?,
        parts.next()?.ok()?,
    );
    let milli = format!("{fraction:0<3}").get(..3)?.parse::<u64>().ok()?;
    Some(midnight + hour * 3_600_000 + minute * 60_000 + second * 1_000 + milli)
}

fn duration(text: &str) -> Option<u64> {
    let (date, clock) = text.split_once('T').unwrap_or((text, ""));
    let mut total = 0;
    for (part, units) in [
        (date, [('W', 7 * DAY), ('D', DAY), ('Y', 365 * DAY)]),
        (clock, [('H', 3_600_000), ('M', 60_000), ('S', 1_000)]),
    ] {
        let mut digits = String::new();
        for c in part.chars() {
            if c.is_ascii_digit() {
                digits.push(c);
            } else {
                let unit = units.iter().find(|(name, _)| *name == c)?.1;
                total += digits.parse::<u64>().ok()? * unit;
                digits.clear();
            }
        }
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_they_are_written() {
        for ms in [0, 951_782_400_000, 1_772_323_199_999, 4_102_444_800_001] {
            assert_eq!(parse(&iso(ms), 0), Some(ms));
        }
        assert_eq!(iso(951_782_400_000), "2000-02-29T00:00:00.000Z");
        assert_eq!(http_date(784_111_777_000), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(parse("-P2W", 20 * DAY), Some(6 * DAY));
        assert_eq!(parse("-PT5M", 400_000), Some(100_000));
        assert_eq!(parse("yesterday", 0), None);
    }
}
