//! A gate in memory.

use async_trait::async_trait;

use crate::domain::check::{CheckPlan, CheckReport, Subject};
use crate::id::EnvironmentId;
use crate::ports::{EffectContext, Result, Verifier};
use crate::testing::world::World;

/// The gate of a world.
#[derive(Clone, Debug)]
pub struct FakeVerifier(World);

impl FakeVerifier {
    /// The gate of `world`.
    pub fn new(world: &World) -> Self {
        Self(world.clone())
    }
}

#[async_trait]
impl Verifier for FakeVerifier {
    async fn environment(&self, subject: &Subject, plan: &CheckPlan) -> Result<EnvironmentId> {
        let commit = subject.commit.as_str();
        self.0
            .call("environment", commit, |state| Ok(state.environment(plan)))
            .await
    }

    async fn verify(
        &self,
        subject: &Subject,
        plan: &CheckPlan,
        cx: &EffectContext,
    ) -> Result<CheckReport> {
        let commit = subject.commit.as_str();
        let report = self
            .0
            .call("verify", commit, |state| Ok(state.verify(subject, plan)))
            .await?;
        // The commands of a world print nothing beside the end of their output.
        for run in &report.runs {
            cx.blobs.put(run.tail.as_bytes())?;
        }
        Ok(report)
    }
}
