//! The security grade of a sprint (spec 11.2).

use std::fmt;

use serde::{Deserialize, Serialize};

/// The security grade of a sprint. The best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Grade {
    /// Nothing critical or high, and at most three medium.
    A,
    /// One or two high, or more than three medium.
    B,
    /// Three high or more.
    C,
    /// One or two critical.
    D,
    /// Three critical or more.
    F,
}

impl Grade {
    /// The grade of so many findings of each severity.
    pub const fn of(critical: u64, high: u64, medium: u64) -> Self {
        match (critical, high, medium) {
            (3.., _, _) => Self::F,
            (1.., _, _) => Self::D,
            (0, 3.., _) => Self::C,
            (0, 1.., _) | (0, 0, 4..) => Self::B,
            (0, 0, _) => Self::A,
        }
    }
}

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grade_follows_from_what_is_critical_then_high_then_medium() {
        let mut rows = vec!["          medium 0..5 with high 0, 1, 2, 3, 4".to_owned()];
        for critical in 0..5 {
            let cells = (0..5).map(|high| {
                (0..6)
                    .map(|medium| Grade::of(critical, high, medium).to_string())
                    .collect::<String>()
            });
            rows.push(format!(
                "{critical} critical {}",
                cells.collect::<Vec<_>>().join(" ")
            ));
        }
        insta::assert_snapshot!(rows.join("\n"), @r#"
          medium 0..5 with high 0, 1, 2, 3, 4
0 critical AAAABB BBBBBB BBBBBB CCCCCC CCCCCC
1 critical DDDDDD DDDDDD DDDDDD DDDDDD DDDDDD
2 critical DDDDDD DDDDDD DDDDDD DDDDDD DDDDDD
3 critical FFFFFF FFFFFF FFFFFF FFFFFF FFFFFF
4 critical FFFFFF FFFFFF FFFFFF FFFFFF FFFFFF
"#);
    }
}
