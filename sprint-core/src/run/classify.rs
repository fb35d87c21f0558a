//! Stub until the table is merged.

use crate::domain::command::CheckKind;
use crate::domain::verdict::FindingKind;

pub fn classify(check: CheckKind, _text: &str) -> FindingKind {
    match check {
        CheckKind::Build => FindingKind::BuildError,
        CheckKind::Lint => FindingKind::LintError,
        CheckKind::Typecheck => FindingKind::TypeError,
        CheckKind::Test => FindingKind::TestFailure,
    }
}

pub fn signature(text: &str, _workspace: &str) -> String {
    text.lines().next().unwrap_or_default().to_lowercase()
}
