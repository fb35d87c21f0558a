//! Whether a sprint could use the tracker: looked at without writing anything.

use std::fmt;

use serde_json::json;
use sprint_core::failure::ErrorKind;
use sprint_core::ports::{Error, Result};

use crate::budget::Allowance;
use crate::call_error::{CallError, printable};
use crate::ops::issues::{Issues, IssuesPage};
use crate::team::{State, Team};
use crate::tracker::LinearTracker;

/// One thing that was looked at. Names are cut and on one line.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CheckItem {
    /// The credential is good.
    Identity {
        /// Whom it belongs to.
        name: String,
        /// Whether that is an application.
        app: bool,
        /// The name of the workspace.
        workspace: String,
        /// What the workspace is called in addresses.
        url_key: String,
    },
    /// The team is there.
    Team {
        /// What its identifiers begin with.
        key: String,
        /// Its name.
        name: String,
    },
    /// The workflow state is there.
    State {
        /// What it is for: `begun`, `finished`.
        work: &'static str,
        /// Its name.
        name: String,
    },
    /// Issues of the team can be read.
    Reading,
    /// What cannot be seen, or is worth knowing.
    Remark(String),
    /// What is left of the allowance.
    Allowance(Allowance),
    /// A sprint could not use it.
    Failed {
        /// What the engine would do about it.
        kind: ErrorKind,
        /// What failed and why.
        message: String,
    },
}

impl CheckItem {
    /// Whether a sprint could not use the tracker for this.
    pub const fn is_failure(&self) -> bool {
        matches!(self, Self::Failed { .. })
    }
}

impl From<Error> for CheckItem {
    fn from(error: Error) -> Self {
        Self::Failed {
            kind: error.kind(),
            message: error.chain(),
        }
    }
}

impl fmt::Display for CheckItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Identity {
                name,
                app,
                workspace,
                url_key,
            } => {
                let who = if *app { "application" } else { "user" };
                write!(
                    f,
                    "the key is of {who} {name:?} in workspace {workspace:?} ({url_key})"
                )
            }
            Self::Team { key, name } => write!(f, "team {key} is {name:?}"),
            Self::State { work, name } => write!(f, "{work} work is in state {name:?}"),
            Self::Reading => f.write_str("issues can be read"),
            Self::Remark(text) => f.write_str(text),
            Self::Allowance(Allowance { requests, points }) => {
                let (left, limit) = (requests.remaining, requests.limit);
                write!(f, "{left} of {limit} requests are left")?;
                if let Some(points) = points {
                    let (left, limit) = (points.remaining, points.limit);
                    write!(f, ", and {left} of {limit} points")?;
                }
                write!(f, "; all are allowed again at {}", requests.reset)
            }
            Self::Failed { message, .. } => f.write_str(message),
        }
    }
}

impl LinearTracker {
    /// Looks at everything that a sprint needs, and writes nothing: the credential, the team, its
    /// states, whether issues can be read, and what is left of the allowance. If the credential or
    /// the team is not good, what rests on it is not looked at.
    pub async fn check(&self) -> Vec<CheckItem> {
        let mut items = Vec::new();
        if let Err(error) = self.look(&mut items).await {
            items.push(error.into());
        }
        let client = &self.link().client;
        let allowance = client.budget().allowance(client.now());
        items.extend(allowance.map(CheckItem::Allowance));
        items
    }

    async fn look(&self, items: &mut Vec<CheckItem>) -> Result<()> {
        let link = self.link();
        let failed = |error: CallError, doing: &'static str| {
            error.during(doing, String::new(), link.client.now())
        };
        let me = link.identity().await;
        let me = me.map_err(|error| failed(error, "ask whose the key is"))?;
        items.push(CheckItem::Identity {
            name: printable(&me.viewer.name),
            app: me.viewer.app,
            workspace: printable(&me.organization.name),
            url_key: printable(&me.organization.url_key),
        });
        let Some(key) = &link.config.team else {
            let text = "no team is configured; a filter has to name one".to_owned();
            items.push(CheckItem::Remark(text));
            return Ok(());
        };
        let team = self.teams().by_key(key).await?;
        items.push(CheckItem::Team {
            key: printable(&team.key),
            name: printable(&team.name),
        });
        items.extend(self.states(&team));
        if team.auto_closes_parents {
            let text = "the team completes parents when their last part is done, without evidence";
            items.push(CheckItem::Remark(text.to_owned()));
        }
        let variables = IssuesPage {
            filter: json!({ "team": { "id": { "eq": team.id } } }),
            first: 1,
            after: None,
            archived: false,
        };
        let read = link.client.read::<Issues>(&variables).await;
        read.map_err(|error| failed(error, "read issues of the team"))?;
        items.push(CheckItem::Reading);
        let text = "whether the key may write is seen when something is written first";
        items.push(CheckItem::Remark(text.to_owned()));
        Ok(())
    }

    fn states(&self, team: &Team) -> [CheckItem; 2] {
        let config = &self.link().config;
        let item = |work, chosen: Result<&State, _>| match chosen {
            Ok(state) => CheckItem::State {
                work,
                name: printable(&state.name),
            },
            Err(unclear) => {
                let work = format!("{work} work");
                let error = Error::new(ErrorKind::Invalid, "choose a state for", work);
                error.because(unclear).into()
            }
        };
        let started = team.started(config.started_state.as_deref());
        let done = team.done(config.done_state.as_deref());
        [item("begun", started), item("finished", done)]
    }
}

#[cfg(test)]
mod tests {
    use local_linear::{Fault, Team, When};

    use super::*;
    use crate::testing::Fixture;

    fn shown(fixture: &Fixture) -> String {
        let tracker = LinearTracker::over(fixture.link());
        let items = fixture.run(tracker.check());
        let line = |item: &CheckItem| match item.is_failure() {
            true => format!("FAILED {item}"),
            false => item.to_string(),
        };
        items.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_good_key_and_team_pass_with_what_is_left_of_the_allowance() {
        let fixture = Fixture::new();
        let before = fixture.linear.requests().len();
        insta::assert_snapshot!(shown(&fixture), @r#"
        the key is of user "Owner" in workspace "Local" (local)
        team T is "Test"
        begun work is in state "In Progress"
        finished work is in state "Done"
        issues can be read
        whether the key may write is seen when something is written first
        2497 of 2500 requests are left, and 2999642 of 3000000 points; all are allowed again at 2023-11-14T22:13:24.320Z
        "#);
        let requests = fixture.linear.requests().split_off(before);
        let written = requests.iter().any(|r| r.document.contains("mutation"));
        assert!(!written && requests.len() == 3, "{requests:?}");
    }

    #[test]
    fn what_a_sprint_could_not_use_is_named() {
        let fixture = Fixture::new();
        fixture
            .linear
            .add_state(&fixture.team, "Released", "completed");
        fixture
            .linear
            .edit_team(&fixture.team, |team| team.auto_close_parents = true);
        insta::assert_snapshot!(shown(&fixture), @r#"
        the key is of user "Owner" in workspace "Local" (local)
        team T is "Test"
        begun work is in state "In Progress"
        FAILED failed to choose a state for finished work: team T has several states of type completed, one has to be configured: "Done" (completed), "Released" (completed)
        the team completes parents when their last part is done, without evidence
        issues can be read
        whether the key may write is seen when something is written first
        2497 of 2500 requests are left, and 2999642 of 3000000 points; all are allowed again at 2023-11-14T22:13:24.320Z
        "#);
        fixture.linear.fault(When::any(), Fault::AuthExpired);
        let expired = shown(&fixture);
        assert!(
            expired.starts_with("FAILED failed to ask whose the key is"),
            "{expired}"
        );
        assert!(!expired.contains(&fixture.linear.api_key()));
        fixture.linear.add_team(Team::new("Other", "OTH"));
        fixture
            .linear
            .edit_team(&fixture.team, |team| team.key = "ENG".into());
        let renamed = shown(&fixture);
        assert!(
            renamed.contains("FAILED failed to find team T: "),
            "{renamed}"
        );
    }
}
