//! The port to mechanical verification.

use std::fmt;

use async_trait::async_trait;

use crate::domain::check::{CheckPlan, CheckReport, Subject};
use crate::id::EnvironmentId;
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
/// - What it remarks about the way in which commands run goes into the report's findings.
/// - `Err` only if commands could not be run at all; a red gate is `Ok`.
#[async_trait]
pub trait Verifier: fmt::Debug + Send + Sync + 'static {
    /// What the plan's commands would run in: equal for two calls only if nothing around the
    /// commands has changed between them that could change what they say. It is what
    /// [`CheckReport::environment`] of a run at this moment would be.
    async fn environment(&self, subject: &Subject, plan: &CheckPlan) -> Result<EnvironmentId>;

    /// Runs the plan on the subject.
    async fn verify(
        &self,
        subject: &Subject,
        plan: &CheckPlan,
        cx: &EffectContext,
    ) -> Result<CheckReport>;
}
