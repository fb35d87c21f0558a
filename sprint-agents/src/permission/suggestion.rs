//! Permission settings for users to add to their own (spec 3.5). They are shown and never written:
//! settings belong to the user.

use serde_json::json;
use sprint_core::domain::config::SprintConfig;

use crate::permission::rules::{BadCommand, Rules};

/// The rules that a sprint needs, for whoever wants to keep them in settings of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// For agents: no way to the tracker.
    pub agent: Vec<String>,
    /// For a session that plays the engine's part itself: the same, and the tracker.
    pub host: Vec<String>,
    /// What neither should do.
    pub deny: Vec<String>,
}

/// What a session needs of the tracker's tool server.
const TRACKER_TOOLS: [&str; 5] = [
    "mcp__plugin_linear_linear__save_comment",
    "mcp__plugin_linear_linear__save_issue",
    "mcp__plugin_linear_linear__get_issue",
    "mcp__plugin_linear_linear__list_comments",
    "mcp__plugin_linear_linear__list_issues",
];

impl Suggestion {
    /// What this sprint needs: tools, commands in gate order, installing, the development server,
    /// end-to-end tests, git. What is not configured gives no rule.
    ///
    /// # Errors
    ///
    /// A configured command that cannot become a rule.
    pub fn of(config: &SprintConfig) -> Result<Self, BadCommand> {
        let mut rules = Rules::default();
        rules.workspace();
        let other = &config.other;
        let install = config.install_cmd.iter().map(|line| line.as_str());
        let checks = config.checks.values().map(|line| line.as_str());
        let more = [&other.dev_server_cmd, &other.e2e_test_cmd];
        let more = more.into_iter().flatten().map(String::as_str);
        for command in checks.chain(install).chain(more) {
            rules.command(command)?;
        }
        if let Some(driver) = &other.e2e_cmd {
            rules.with_arguments(driver)?;
            // Where the driver is not installed, it is started like this.
            rules.with_arguments("npx agent-browser")?;
        }
        rules.git_work();
        let agent = rules.into_vec();
        let tracker = TRACKER_TOOLS.map(str::to_owned);
        Ok(Self {
            host: agent.iter().cloned().chain(tracker).collect(),
            agent,
            deny: Rules::forbidden().into_vec(),
        })
    }

    /// Settings for agents, as JSON.
    pub fn agent_settings(&self) -> String {
        settings(&self.agent, &self.deny)
    }

    /// Settings for a session that uses the tracker, as JSON.
    pub fn host_settings(&self) -> String {
        let tracker = |rule: &&String| !rule.starts_with("mcp__");
        let deny: Vec<_> = self.deny.iter().filter(tracker).cloned().collect();
        settings(&self.host, &deny)
    }
}

fn settings(allow: &[String], deny: &[String]) -> String {
    let settings = json!({ "permissions": { "allow": allow, "deny": deny } });
    format!("{settings:#}")
}

#[cfg(test)]
mod tests {
    use sprint_core::testing::fixture;

    use super::*;

    #[test]
    fn people_can_copy_what_a_sprint_needs() {
        let mut config = fixture::config();
        config.other.e2e_cmd = Some("agent-browser".into());
        config.other.dev_server_cmd = Some("npm run dev".into());
        let suggestion = Suggestion::of(&config).unwrap();
        insta::assert_snapshot!(suggestion.agent_settings(), @r#"
        {
          "permissions": {
            "allow": [
              "Edit(./**)",
              "Bash(make build)",
              "Bash(make lint)",
              "Bash(make test)",
              "Bash(make install)",
              "Bash(npm run dev)",
              "Bash(agent-browser:*)",
              "Bash(npx agent-browser:*)",
              "Bash(git add:*)",
              "Bash(git commit:*)",
              "Bash(git mv:*)",
              "Bash(git rm:*)"
            ],
            "deny": [
              "mcp__linear",
              "mcp__*inear*",
              "Bash(git push:*)",
              "Bash(git reset --hard:*)",
              "Bash(git branch -D:*)",
              "Bash(git branch -d:*)",
              "Bash(git branch -f:*)",
              "Bash(git branch -M:*)",
              "Bash(git branch -m:*)",
              "Bash(git branch --delete:*)",
              "Bash(git branch --force:*)",
              "Bash(git branch --move:*)",
              "Bash(git switch:*)",
              "Bash(git checkout -b:*)",
              "Bash(git checkout -B:*)",
              "Bash(git worktree:*)",
              "Bash(git config:*)",
              "Bash(git remote:*)",
              "Bash(git stash:*)",
              "Bash(git tag:*)",
              "Bash(git update-ref:*)",
              "Bash(git symbolic-ref:*)",
              "Bash(git reflog:*)",
              "Bash(git gc:*)",
              "Bash(claude:*)"
            ]
          }
        }
        "#);
        let more: Vec<_> = suggestion
            .host
            .iter()
            .filter(|rule| !suggestion.agent.contains(rule))
            .cloned()
            .collect();
        assert_eq!(more, TRACKER_TOOLS);
        assert!(!suggestion.host_settings().contains("inear*"));
    }

    #[test]
    fn what_is_not_configured_gives_no_rule() {
        let suggestion = Suggestion::of(&fixture::config()).unwrap();
        assert!(!suggestion.agent.iter().any(|rule| rule.contains("browser")));
    }
}
