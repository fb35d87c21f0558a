//! How a case ended.

use sprint_core::domain::verdict::{FindingKind, LayerId};

use crate::case::{Case, Expect};

#[derive(Clone, Debug)]
pub(crate) enum Ended {
    /// The work is on base, and its ticket is done.
    Landed,
    /// Base did not move and the ticket is not done.
    Refused(Refusal),
    /// An attack that may land was looked at: it had no effect, or this one.
    Looked(Result<(), String>),
    /// The evidence verifier was asked: its status, and why.
    Judged(&'static str, String),
    /// Something that the case needs is not on this machine.
    Skipped(&'static str),
    /// Neither: what is wrong, in words.
    Broken(String),
}

/// Who refused, and why.
#[derive(Clone, Debug, Default)]
pub(crate) struct Refusal {
    pub(crate) layer: Option<LayerId>,
    pub(crate) kind: Option<FindingKind>,
    pub(crate) why: String,
}

impl Ended {
    /// Whether it is what the case expects.
    pub(crate) fn is_expected(&self, case: &Case) -> bool {
        match (case.expect, self) {
            (Expect::Lands, Self::Landed) => true,
            (Expect::Caught(kinds), Self::Refused(refusal)) => {
                refusal.kind.is_some_and(|kind| kinds.contains(&kind))
            }
            (Expect::Harmless(_), Self::Looked(found)) => found.is_ok(),
            (Expect::Refused, Self::Refused(_)) => true,
            (Expect::Judged(expected, _), Self::Judged(status, _)) => expected == *status,
            (
                Expect::Lands
                | Expect::Caught(_)
                | Expect::Refused
                | Expect::Harmless(_)
                | Expect::Judged(..),
                _,
            ) => false,
        }
    }

    /// By what it was caught, in the words of the table.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Landed => "landed".into(),
            Self::Refused(Refusal { layer, kind, why }) => {
                let layer =
                    layer.map_or_else(|| "engine".to_owned(), |layer| layer.name().to_owned());
                match kind {
                    Some(kind) => format!("{layer}: {kind}"),
                    None => format!("{layer}: {}", first_line(why)),
                }
            }
            Self::Looked(Ok(())) => "no effect".into(),
            Self::Looked(Err(effect)) => effect.clone(),
            Self::Judged(status, _) => format!("evidence is {status}"),
            Self::Skipped(what) => format!("SKIPPED: no {what} here"),
            Self::Broken(why) => format!("BROKEN: {}", first_line(why)),
        }
    }

    /// More, for what did not end as expected.
    pub(crate) fn why(&self) -> &str {
        match self {
            Self::Refused(refusal) => &refusal.why,
            Self::Broken(why) | Self::Looked(Err(why)) | Self::Judged(_, why) => why,
            Self::Landed | Self::Looked(Ok(())) | Self::Skipped(_) => "",
        }
    }
}

fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line.chars().take(60).collect()
}
