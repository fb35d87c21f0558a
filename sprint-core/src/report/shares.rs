//! Dividing room among those who want it.

/// How much each gets of `total`, if these are wanted: all of it where it is enough for all, and
/// otherwise nobody gets less than an equal share because another wants more.
pub(super) fn shares(wanted: &[usize], total: usize) -> Vec<usize> {
    let mut ascending = wanted.to_vec();
    ascending.sort_unstable();
    let mut left = total;
    let mut level = usize::MAX;
    for (served, want) in ascending.iter().enumerate() {
        let equal = left / (wanted.len() - served);
        if *want > equal {
            level = equal;
            break;
        }
        left -= want;
    }
    wanted.iter().map(|want| (*want).min(level)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_small_ones_leave_goes_to_the_large() {
        let check = |wanted: &[usize], total, expected: &[usize]| {
            assert_eq!(shares(wanted, total), expected, "{wanted:?} of {total}");
        };
        check(&[], 10, &[]);
        check(&[3, 4], 10, &[3, 4]);
        check(&[100, 1, 100], 21, &[10, 1, 10]);
        check(&[7, 100, 2], 21, &[7, 12, 2]);
        check(&[5, 5], 0, &[0, 0]);
    }

    proptest::proptest! {
        #[test]
        fn nobody_gets_too_much_or_starves(
            wanted in proptest::collection::vec(0usize..1000, 1..8), total in 0usize..4000,
        ) {
            let given = shares(&wanted, total);
            proptest::prop_assert!(given.iter().sum::<usize>() <= total);
            for (given, wanted) in given.iter().zip(&wanted) {
                proptest::prop_assert!(given <= wanted);
                proptest::prop_assert!(*given >= (*wanted).min(total / 8));
            }
        }
    }
}
