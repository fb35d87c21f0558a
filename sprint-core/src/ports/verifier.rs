//! The port to mechanical verification.

use std::fmt;

use async_trait::async_trait;

use crate::domain::check::{CheckPlan, CheckReport, Subject};
use crate::ports::{EffectContext, Result};

/// Runs gate commands and reports exactly what they did.
///
/// # Contract
///
/// - Runs each command line as written, in `subject.directory`, with nothing substituted into it,
///   and with an environment that holds no secret.
/// - A command that outlives its limit is ended with everything it started and reported as such.
/// - Output is captured whole (up to a stated cap), redacted, stored through the context, and its
///   end is in the report.
/// - Dropping the future ends whatever runs.
/// - `Err` only if commands could not be run at all; a red gate is `Ok`.
#[async_trait]
pub trait Verifier: fmt::Debug + Send + Sync + 'static {
    /// Runs the plan on the subject.
    async fn verify(
        &self,
        subject: &Subject,
        plan: &CheckPlan,
        cx: &EffectContext,
    ) -> Result<CheckReport>;
}
