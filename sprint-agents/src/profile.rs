//! What an agent of each role gets: model, tools, limits.

use std::collections::BTreeMap;

use sprint_core::domain::agent::{AgentTask, Assignment, ModelTier, Role, is_too_weak};

/// What an agent may do to its workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// It sees nothing but its prompt.
    Nothing,
    /// It reads.
    Read,
    /// It changes files and commits.
    Write,
}

/// How an agent of one role is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The role.
    pub role: Role,
    /// The class of model, where no model is named.
    pub tier: ModelTier,
    /// The built-in tools it is offered; no others. Tools of our own server are not among them.
    pub tools: &'static [&'static str],
    /// What it may do to its workspace.
    pub access: Access,
    /// Turns it may take per message, answers of tools included.
    pub max_turns: u32,
    /// What it may cost, in millionths of a US dollar, where nothing is reserved for it.
    pub budget_micro_usd: u64,
    /// Whether a context agent may be alive beside it.
    pub may_have_teammate: bool,
    /// Whether its session is worth keeping after it has answered.
    pub keeps_session: bool,
}

const NOTHING: &[&str] = &[];
const READ: &[&str] = &["Read", "Grep", "Glob"];
const READ_AND_RUN: &[&str] = &["Read", "Grep", "Glob", "Bash"];
const WRITE: &[&str] = &["Read", "Grep", "Glob", "Edit", "Write", "Bash"];

const USD: u64 = 1_000_000;

impl Profile {
    /// The profile of `role` for this assignment. Corrections get less than work from the start.
    pub const fn of(role: Role, assignment: &Assignment) -> Self {
        let corrects = match assignment {
            Assignment::Fix { .. } => true,
            Assignment::First | Assignment::FreshAgent { .. } | Assignment::Continue { .. } => {
                false
            }
        };
        let (tools, access, max_turns, budget_micro_usd) = match role {
            Role::Worker if corrects => (WRITE, Access::Write, 150, 12 * USD),
            Role::Worker => (WRITE, Access::Write, 250, 24 * USD),
            Role::Simplifier => (WRITE, Access::Write, 100, 8 * USD),
            Role::Conflict => (WRITE, Access::Write, 120, 12 * USD),
            Role::Context => (READ, Access::Read, 80, 6 * USD),
            Role::Review | Role::Completion => (READ_AND_RUN, Access::Read, 80, 4 * USD),
            Role::E2e => (READ_AND_RUN, Access::Read, 150, 8 * USD),
            Role::Explore => (READ, Access::Read, 150, 12 * USD),
            Role::TicketContext => (READ, Access::Read, 80, 6 * USD),
            // A few turns, because an answer in a form is given by a tool and may be refused.
            Role::Retrospective | Role::Scheduler => (NOTHING, Access::Nothing, 8, 2 * USD),
        };
        Self {
            role,
            tier: role.tier(),
            tools,
            access,
            max_turns,
            budget_micro_usd,
            may_have_teammate: matches!(role, Role::Worker),
            keeps_session: matches!(role, Role::Worker),
        }
    }

    /// The profile of the context agent that is alive beside a worker. If it dies, its session is
    /// continued.
    pub const fn teammate() -> Self {
        Self {
            max_turns: 40,
            budget_micro_usd: 8 * USD,
            keeps_session: true,
            ..Self::of(Role::Context, &Assignment::First)
        }
    }

    /// What an agent with this task may cost, in millionths of a US dollar.
    pub fn budget(&self, task: &AgentTask) -> u64 {
        task.max_cost_micro_usd.unwrap_or(self.budget_micro_usd)
    }

    /// Whether it can run shell commands.
    pub fn runs_commands(&self) -> bool {
        self.tools.contains(&"Bash")
    }
}

/// Which model each role gets, where its task names none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Models {
    tiers: BTreeMap<ModelTier, String>,
    roles: BTreeMap<Role, String>,
}

impl Default for Models {
    /// The newest model of each class, by its alias.
    fn default() -> Self {
        Self {
            tiers: ModelTier::ALL
                .map(|tier| (tier, tier.name().to_owned()))
                .into(),
            roles: BTreeMap::new(),
        }
    }
}

/// A model name that is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefusedModel {
    /// It belongs to a family that is too weak for every role.
    TooWeak(String),
    /// It is no name of a model.
    NoName(String),
}

impl std::fmt::Display for RefusedModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooWeak(name) => write!(
                f,
                "model {name:?} is not allowed: haiku models are too weak for any role; name a \
                 model of the sonnet or opus class"
            ),
            Self::NoName(name) => write!(
                f,
                "model {name:?} is no model name: it has to start with a letter or a digit and to \
                 go on without spaces"
            ),
        }
    }
}

impl std::error::Error for RefusedModel {}

impl Models {
    /// The same, with another model for a class.
    pub fn with_tier(mut self, tier: ModelTier, model: &str) -> Result<Self, RefusedModel> {
        self.tiers.insert(tier, checked(model)?);
        Ok(self)
    }

    /// The same, with a model for one role, whatever its class.
    pub fn with_role(mut self, role: Role, model: &str) -> Result<Self, RefusedModel> {
        self.roles.insert(role, checked(model)?);
        Ok(self)
    }

    /// The model for `role`: the one that is `asked` for if there is one, else the one set for
    /// the role, else that of its class.
    pub fn model(&self, role: Role, asked: Option<&str>) -> Result<String, RefusedModel> {
        let tier = role.tier();
        match asked {
            Some(asked) => checked(asked),
            None => Ok(self
                .roles
                .get(&role)
                .or_else(|| self.tiers.get(&tier))
                .map_or_else(|| tier.name().to_owned(), Clone::clone)),
        }
    }
}

/// A model name becomes an argument of a program.
fn checked(model: &str) -> Result<String, RefusedModel> {
    let told = || model.chars().take(80).collect();
    if is_too_weak(model) {
        return Err(RefusedModel::TooWeak(told()));
    }
    let is_name = model.starts_with(|c: char| c.is_ascii_alphanumeric())
        && model.len() <= 200
        && model.bytes().all(|b| b.is_ascii_graphic());
    if is_name {
        Ok(model.to_owned())
    } else {
        Err(RefusedModel::NoName(told()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_gets_what_it_needs() {
        let rows: Vec<String> = Role::ALL
            .into_iter()
            .map(|role| {
                let profile = Profile::of(role, &Assignment::First);
                format!(
                    "{:14} {:6} {:34} {:4} turns {:.2} USD{}{}",
                    role.name(),
                    profile.tier.name(),
                    profile.tools.join(" "),
                    profile.max_turns,
                    profile.budget_micro_usd as f64 / 1e6,
                    ["", " teammate"][usize::from(profile.may_have_teammate)],
                    ["", " session"][usize::from(profile.keeps_session)],
                )
            })
            .collect();
        insta::assert_snapshot!(rows.join("\n"), @r"
        context        sonnet Read Grep Glob                       80 turns 6.00 USD
        worker         opus   Read Grep Glob Edit Write Bash      250 turns 24.00 USD teammate session
        simplifier     opus   Read Grep Glob Edit Write Bash      100 turns 8.00 USD
        review         sonnet Read Grep Glob Bash                  80 turns 4.00 USD
        completion     sonnet Read Grep Glob Bash                  80 turns 4.00 USD
        conflict       opus   Read Grep Glob Edit Write Bash      120 turns 12.00 USD
        e2e            sonnet Read Grep Glob Bash                 150 turns 8.00 USD
        retrospective  sonnet                                       8 turns 2.00 USD
        explore        sonnet Read Grep Glob                      150 turns 12.00 USD
        ticket_context sonnet Read Grep Glob                       80 turns 6.00 USD
        scheduler      sonnet                                       8 turns 2.00 USD
        ");
    }

    #[test]
    fn access_and_tools_say_the_same() {
        for role in Role::ALL {
            let profile = Profile::of(role, &Assignment::First);
            let has = |tool| profile.tools.contains(&tool);
            assert_eq!(profile.access == Access::Write, role.writes(), "{role}");
            assert_eq!(profile.access == Access::Write, has("Edit"), "{role}");
            assert_eq!(profile.access >= Access::Read, has("Read"), "{role}");
            assert!(!has("Agent") && !has("WebFetch") && !has("SendMessage"));
        }
    }

    #[test]
    fn a_correction_gets_less_than_work_from_the_start() {
        let feedback = String::new;
        let budget = |assignment| Profile::of(Role::Worker, &assignment).budget_micro_usd;
        let fix = budget(Assignment::Fix {
            feedback: feedback(),
        });
        let fresh = budget(Assignment::FreshAgent {
            feedback: feedback(),
        });
        assert!(fix < budget(Assignment::First));
        assert_eq!(fresh, budget(Assignment::First));
    }

    #[test]
    fn models_come_from_the_task_then_the_role_then_the_class() {
        let models = Models::default()
            .with_tier(ModelTier::Sonnet, "claude-sonnet-5")
            .unwrap()
            .with_role(Role::Review, "opus")
            .unwrap();
        let model = |role, asked| models.model(role, asked).unwrap();
        assert_eq!(model(Role::Worker, None), "opus");
        assert_eq!(model(Role::Context, None), "claude-sonnet-5");
        assert_eq!(model(Role::Review, None), "opus");
        assert_eq!(model(Role::Review, Some("opus[1m]")), "opus[1m]");
    }

    #[test]
    fn weak_models_and_other_words_are_refused_wherever_they_come_from() {
        let models = Models::default();
        for weak in ["haiku", "Claude-Haiku-4", "x/haiku-9"] {
            let told = models.model(Role::Context, Some(weak));
            assert_eq!(told, Err(RefusedModel::TooWeak(weak.into())));
            assert!(models.clone().with_tier(ModelTier::Opus, weak).is_err());
            assert!(models.clone().with_role(Role::Worker, weak).is_err());
        }
        for word in ["", "--dangerous", "a b", "a\nb", "é"] {
            let told = models.model(Role::Context, Some(word));
            assert_eq!(told, Err(RefusedModel::NoName(word.into())));
        }
    }
}
