//! What the headers of an answer tell.

use std::time::Duration;

use http::HeaderMap;
use sprint_core::time::Timestamp;

/// What is left of an allowance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Allowed per hour.
    pub limit: u64,
    /// Still allowed.
    pub remaining: u64,
    /// When all of it is allowed again.
    pub reset: Timestamp,
}

/// What a user may still ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Requests.
    pub requests: Window,
    /// Complexity points, where they are told.
    pub points: Option<Window>,
}

/// Everything about limits in the headers of one answer; times are by the server's clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) requests: Option<Window>,
    pub(super) points: Option<Window>,
    /// Requests of this one operation.
    pub(super) endpoint: Option<Window>,
    pub(super) retry_after: Option<Duration>,
    /// The server's time, to the second.
    pub(super) date: Option<Timestamp>,
}

impl Told {
    pub(super) fn read(headers: &HeaderMap) -> Self {
        Self {
            requests: window(headers, "x-ratelimit-requests"),
            points: window(headers, "x-ratelimit-complexity"),
            endpoint: window(headers, "x-ratelimit-endpoint-requests"),
            retry_after: number(headers, "retry-after").map(Duration::from_secs),
            date: text(headers, "date").and_then(http_date),
        }
    }
}

fn window(headers: &HeaderMap, prefix: &str) -> Option<Window> {
    let part = |name| number(headers, &format!("{prefix}-{name}"));
    Some(Window {
        limit: part("limit").filter(|limit| *limit > 0)?,
        remaining: part("remaining")?,
        // In milliseconds, whatever the words "Unix timestamp" suggest.
        reset: Timestamp::from_millis(part("reset").unwrap_or_default()),
    })
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// A number that is not negative; a fraction is cut off.
fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    let text = text(headers, name)?.trim();
    let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
    whole.parse().ok()
}

/// A date of RFC 9110, 5.6.7, in the form that servers send: `Sun, 06 Nov 1994 08:49:37 GMT`.
fn http_date(text: &str) -> Option<Timestamp> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let (_, rest) = text.split_once(", ")?;
    let parts: Vec<_> = rest.split(' ').collect();
    let [day, month, year, time, "GMT"] = parts.as_slice() else {
        return None;
    };
    let month = 1 + MONTHS.iter().position(|name| name == month)?;
    format!("{year}-{month:02}-{day}T{time}Z").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read() {
        let read = http_date("Sun, 06 Nov 1994 08:49:37 GMT").map(|at| at.to_string());
        assert_eq!(read.as_deref(), Some("1994-11-06T08:49:37Z"));
        for wrong in [
            "",
            "Sun, 06 Nov 1994",
            "Sun, 06 Foo 1994 08:49:37 GMT",
            "now, a",
        ] {
            assert_eq!(http_date(wrong), None);
        }
    }
}
