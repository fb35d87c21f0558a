//! A layer of the host that asks an agent: a second reviewer with a question of its own.

use std::sync::Arc;

use async_trait::async_trait;

use crate::domain::agent::{AgentTask, Role};
use crate::domain::check::LayerSubject;
use crate::domain::verdict::{LayerName, Verdict};
use crate::failure::ErrorKind;
use crate::ports::{AgentRunner, EffectContext, Error, Layer, Result};
use crate::run::review;

/// Seconds an agent may take, unless said otherwise.
const TIMEOUT_S: u64 = 1800;

/// Has a review agent, of any runner, answer one question about every commit: is it safe, is it
/// fast, does it keep to the licence? What it finds blocks as in layer 3.
///
/// ```
/// use std::sync::Arc;
/// use sprint_core::engine::AgentLayer;
/// use sprint_core::ports::{AgentRunner, Layer};
///
/// fn security(runner: Arc<dyn AgentRunner>) -> Arc<dyn Layer> {
///     let name = "security".parse().expect("a name");
///     Arc::new(AgentLayer::new(name, runner, "Look for injection, leaked secrets and unsafe defaults."))
/// }
/// ```
#[derive(Clone, Debug)]
pub struct AgentLayer {
    name: LayerName,
    runner: Arc<dyn AgentRunner>,
    question: String,
    model: Option<String>,
    timeout_s: u64,
}

impl AgentLayer {
    /// A layer of this name, whose agents are asked this question.
    pub fn new(name: LayerName, runner: Arc<dyn AgentRunner>, question: impl Into<String>) -> Self {
        Self {
            name,
            runner,
            question: question.into(),
            model: None,
            timeout_s: TIMEOUT_S,
        }
    }

    /// The same layer, with a model by name.
    #[must_use]
    pub fn with_model(mut self, model: impl Into<String>) -> Self {
        self.model = Some(model.into());
        self
    }

    /// The same layer, with another limit in seconds.
    #[must_use]
    pub const fn with_timeout(mut self, seconds: u64) -> Self {
        self.timeout_s = seconds;
        self
    }

    fn task(&self, subject: &LayerSubject, cx: &EffectContext) -> AgentTask {
        let LayerSubject {
            ticket,
            workspace,
            changed,
            ..
        } = subject;
        let key = format!("{}/{}", cx.key, self.name);
        AgentTask {
            model: self.model.clone(),
            title: ticket.title.clone(),
            // What is asked stands first: what follows is untrusted.
            description: format!("{}\n\n{}", self.question, ticket.body),
            attempt: cx.key.effect.attempt,
            changed: changed.iter().map(|change| change.path.clone()).collect(),
            timeout_s: self.timeout_s,
            ..AgentTask::new(key, Role::Review, ticket.id.clone(), workspace)
        }
    }
}

#[async_trait]
impl Layer for AgentLayer {
    fn name(&self) -> LayerName {
        self.name
    }

    async fn judge(&self, subject: &LayerSubject, cx: &EffectContext) -> Result<Verdict> {
        let report = self.runner.run(&self.task(subject, cx), cx).await?;
        if let Some((verdict, _)) = review(&report.answer) {
            return Ok(verdict);
        }
        let why = report.answer.shortfall();
        Err(Error::new(
            ErrorKind::Transient,
            "hear the verdict of",
            self.name.as_str(),
        )
        .because(why))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::agent::{
        AgentReport, Answer, Claimed, ContextResult, ReviewFinding, ReviewResult, RoleResult,
    };
    use crate::domain::verdict::Severity;
    use crate::domain::workspace::Workspace;
    use crate::id::{BranchName, CommitId, SprintId, TreeId};
    use crate::memory::MemoryBlobs;
    use crate::ports::AgentCapabilities;
    use crate::run::effect::{EffectId, EffectKey, Step};
    use crate::testing::fixture;

    /// Gives one answer, to the question it was hired for.
    #[derive(Debug)]
    struct Hired(Answer);

    #[async_trait]
    impl AgentRunner for Hired {
        fn capabilities(&self) -> AgentCapabilities {
            AgentCapabilities::default()
        }

        async fn run(&self, task: &AgentTask, _: &EffectContext) -> Result<AgentReport> {
            assert_eq!(task.role, Role::Review);
            assert!(task.description.starts_with("Is it safe?\n\n"));
            assert!(task.key.ends_with("A/2/layers/safety"), "{}", task.key);
            Ok(AgentReport::of(self.0.clone()))
        }
    }

    fn judged(answer: Answer) -> Result<Verdict> {
        let name = "safety".parse().unwrap();
        let layer = AgentLayer::new(name, Arc::new(Hired(answer)), "Is it safe?");
        let commit = CommitId::new("a".repeat(40)).unwrap();
        let subject = LayerSubject {
            ticket: fixture::tickets("A").remove(0),
            workspace: Workspace {
                path: "/w".into(),
                branch: BranchName::new("a").unwrap(),
                base: commit.clone(),
                work_base: commit.clone(),
            },
            commit,
            tree: TreeId::new("b".repeat(40)).unwrap(),
            changed: Vec::new(),
        };
        let cx = EffectContext {
            key: EffectKey {
                sprint: SprintId::new("sprint-1").unwrap(),
                effect: EffectId::ticket(fixture::id("A"), 2, Step::Layers),
            },
            blobs: Arc::new(MemoryBlobs::default()),
        };
        futures_executor::block_on(layer.judge(&subject, &cx))
    }

    #[test]
    fn its_agent_decides_as_a_reviewer_does() {
        let review = |severity| {
            let finding = ReviewFinding {
                severity,
                place: Some("a.rs:1".into()),
                message: "runs what it reads".into(),
            };
            Answer::Result(Claimed(RoleResult::Review(ReviewResult {
                findings: vec![finding],
                summary: String::new(),
            })))
        };
        assert!(judged(review(Severity::Medium)).unwrap().accepts());
        assert!(!judged(review(Severity::High)).unwrap().accepts());
    }

    #[test]
    fn what_is_no_answer_is_asked_for_again() {
        let other = RoleResult::Context(ContextResult::default());
        for answer in [
            Answer::Malformed("half a wor".into()),
            Answer::Result(Claimed(other)),
        ] {
            assert!(judged(answer).unwrap_err().kind().may_pass());
        }
    }
}
