//! What one required phase says about shipping (spec 11.2 step 4).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::phases::standing::Standing;

/// What one required phase says about shipping. The worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// Nothing stands against it.
    Ok,
    /// Something should be known.
    Warn,
    /// A person decided to go on without it: it has not signed off.
    Waived,
    /// It could not be done.
    Failed,
    /// It found something that must not be shipped.
    Blocked,
    /// It looked at other files than those that would be shipped.
    Stale,
    /// What it saved cannot be read.
    Invalid,
    /// It has saved nothing, or is not complete.
    Missing,
    /// What it saved was changed afterwards.
    Tampered,
}

impl Status {
    /// All, the worst last.
    pub const ALL: [Self; 9] = [
        Self::Ok,
        Self::Warn,
        Self::Waived,
        Self::Failed,
        Self::Blocked,
        Self::Stale,
        Self::Invalid,
        Self::Missing,
        Self::Tampered,
    ];

    /// The name, as people see it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Warn => "WARN",
            Self::Waived => "WAIVED",
            Self::Failed => "FAILED",
            Self::Blocked => "BLOCKED",
            Self::Stale => "STALE",
            Self::Invalid => "INVALID",
            Self::Missing => "MISSING",
            Self::Tampered => "TAMPERED",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What there is of a phase, as far as its status goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Saved {
    /// It needs no artifact.
    NotApplicable,
    /// Nothing.
    Missing,
    /// Something that was changed.
    Tampered,
    /// Something unreadable.
    Invalid,
    /// An artifact about other files.
    Stale,
    /// An artifact about the files that would be shipped, and what it says.
    Fresh(Content),
}

/// What an artifact says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Content {
    /// Nothing against shipping.
    Ok,
    /// Something that should be known.
    Warn,
    /// Something that must not be shipped.
    Blocked,
}

/// The status of a phase. What was recorded of its end comes before what it saved.
pub(super) const fn status(standing: Standing, saved: Saved) -> Status {
    match (standing, saved) {
        (Standing::Failed, _) => Status::Failed,
        (Standing::Waived, _) => Status::Waived,
        (Standing::Blocked | Standing::Ready | Standing::Claimed | Standing::Stale, _)
        | (Standing::Complete, Saved::Missing) => Status::Missing,
        (Standing::Complete, Saved::Tampered) => Status::Tampered,
        (Standing::Complete, Saved::Invalid) => Status::Invalid,
        (Standing::Complete, Saved::Stale) => Status::Stale,
        (Standing::Complete, Saved::Fresh(Content::Blocked)) => Status::Blocked,
        (Standing::Complete, Saved::Fresh(Content::Warn)) => Status::Warn,
        (Standing::Complete, Saved::Fresh(Content::Ok) | Saved::NotApplicable) => Status::Ok,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_of_a_phase_follows_from_its_end_and_from_what_it_saved() {
        use Standing::{Blocked, Claimed, Complete, Failed, Ready, Stale, Waived};
        let saved = [
            Saved::NotApplicable,
            Saved::Missing,
            Saved::Tampered,
            Saved::Invalid,
            Saved::Stale,
            Saved::Fresh(Content::Ok),
            Saved::Fresh(Content::Warn),
            Saved::Fresh(Content::Blocked),
        ];
        let row = |standing: Standing| {
            let cells = saved.map(|saved| format!("{:<9}", status(standing, saved)));
            let name = format!("{standing:?}");
            format!("{name:<9}{}", cells.join("")).trim_end().to_owned()
        };
        let head = [
            "n/a", "missing", "tampered", "invalid", "stale", "ok", "warn", "blocked",
        ];
        let head = format!(
            "         {}",
            head.map(|name| format!("{name:<9}")).join("")
        );
        let mut table = vec![head.trim_end().to_owned()];
        table.extend([Blocked, Ready, Claimed, Stale, Complete, Failed, Waived].map(row));
        insta::assert_snapshot!(table.join("\n"), @r#"
         n/a      missing  tampered invalid  stale    ok       warn     blocked
Blocked  MISSING  MISSING  MISSING  MISSING  MISSING  MISSING  MISSING  MISSING
Ready    MISSING  MISSING  MISSING  MISSING  MISSING  MISSING  MISSING  MISSING
Claimed  MISSING  MISSING  MISSING  MISSING  MISSING  MISSING  MISSING  MISSING
Stale    MISSING  MISSING  MISSING  MISSING  MISSING  MISSING  MISSING  MISSING
Complete OK       MISSING  TAMPERED INVALID  STALE    OK       WARN     BLOCKED
Failed   FAILED   FAILED   FAILED   FAILED   FAILED   FAILED   FAILED   FAILED
Waived   WAIVED   WAIVED   WAIVED   WAIVED   WAIVED   WAIVED   WAIVED   WAIVED
"#);
    }
}
