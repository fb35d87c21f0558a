//! Recognising a provider's rate limit in what a failed agent printed.

use std::time::Duration;

/// Phrases that say so by themselves.
const PHRASES: &[&str] = &[
    "rate limit",
    "rate-limit",
    "rate_limit",
    "ratelimit",
    "too many requests",
];

/// Words beside which the number 429 is a status code.
const STATUS: &[&str] = &["http", "status", "error", "code", "response"];

/// `Some` if the text speaks of a rate limit, with the wait it asks for, if it names one.
pub(crate) fn find(text: &str) -> Option<Option<Duration>> {
    let text = text.to_lowercase();
    let limited = PHRASES.iter().any(|phrase| text.contains(phrase))
        || text.lines().any(|line| {
            let mut words = line.split(|c: char| !c.is_alphanumeric());
            words.any(|word| word == "429") && STATUS.iter().any(|word| line.contains(word))
        });
    limited.then(|| wait(&text))
}

/// The number after `retry after`, in seconds unless a unit says otherwise.
fn wait(text: &str) -> Option<Duration> {
    let at = text
        .find("retry-after")
        .or_else(|| text.find("retry after"))
        .or_else(|| text.find("retry_after"))
        .or_else(|| text.find("try again in"))?;
    let named = text[at..].trim_start_matches(|c: char| !c.is_ascii_digit() && c != '\n');
    let digits = named.bytes().take_while(u8::is_ascii_digit).count();
    // More digits than these are a date or nonsense.
    let number: u64 = named[..digits].parse().ok().filter(|n| *n < 1_000_000)?;
    let unit = named[digits..].trim_start();
    Some(if unit.starts_with("ms") || unit.starts_with("milli") {
        Duration::from_millis(number)
    } else if unit.starts_with('m') {
        Duration::from_secs(number * 60)
    } else if unit.starts_with('h') {
        Duration::from_secs(number * 3600)
    } else {
        Duration::from_secs(number)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rate_limits_are_recognised_with_their_wait() {
        let seconds = |n| Some(Some(Duration::from_secs(n)));
        for (text, expect) in [
            ("API Error: 429 {\"type\":\"rate_limit_error\"}", Some(None)),
            ("HTTP/1.1 429", Some(None)),
            ("status code: 429", Some(None)),
            ("Rate limit reached, please try again in 20s", seconds(20)),
            ("Too Many Requests\nRetry-After: 120", seconds(120)),
            ("rate limited; retry after 5 minutes", seconds(300)),
            (
                "rate limit, retry-after-ms: 1500 ms",
                Some(Some(Duration::from_millis(1500))),
            ),
            ("rate limit; retry after 99999999999999999999", Some(None)),
            ("rate limit; retry after", Some(None)),
            ("line 429 of the file", None),
            ("error E0429: 1429 things", None),
            ("", None),
        ] {
            assert_eq!(find(text), expect, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_fine(text: String) {
            find(&format!("rate limit retry after {text}"));
            find(&text);
        }
    }
}
