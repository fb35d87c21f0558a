//! Amounts of money on the command line.

/// Dollars with at most so many decimal places, as a whole number of the smallest unit: no digit of
/// what was written is rounded away.
pub(crate) fn amount(text: &str, places: usize) -> Result<u64, String> {
    let wrong = || format!("{text:?} is not an amount; write dollars, for example 12 or 0.50");
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(part) || part.len() > places {
        return Err(wrong());
    }
    format!("{whole}{part:0<places$}")
        .parse()
        .map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_digit_counts() {
        for (text, places, expected) in [
            ("12", 2, Ok(1200)),
            ("0.5", 2, Ok(50)),
            ("0.000001", 6, Ok(1)),
            ("0", 6, Ok(0)),
        ] {
            assert_eq!(amount(text, places), expected, "{text}");
        }
        for text in [
            "",
            ".5",
            "-1",
            "1,5",
            "0.123",
            "1e3",
            "99999999999999999999",
        ] {
            assert!(amount(text, 2).is_err(), "{text}");
        }
    }
}
