//! Money as whole millionths of a US dollar, so that nothing is ever rounded.

/// Whether something that may cost `new` stays within a limit, all in millionths of a US dollar.
/// What has no known cost may start as long as something is left. A limit of 0 allows nothing: where
/// 0 is to mean no limit, the caller does not ask.
pub const fn fits(spent: u64, new: u64, limit: u64) -> bool {
    spent < limit && spent.saturating_add(new) <= limit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_reached_and_never_exceeded() {
        for (spent, new, limit, expected) in [
            (0, 0, 0, false),
            (0, 1, 0, false),
            (0, 10, 10, true),
            (0, 11, 10, false),
            (9, 0, 10, true),
            (10, 0, 10, false),
            (u64::MAX, u64::MAX, u64::MAX, false),
        ] {
            assert_eq!(fits(spent, new, limit), expected, "{spent} {new} {limit}");
        }
    }
}
