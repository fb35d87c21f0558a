//! The ban on the tracker: only the engine talks to it (spec 1.2).
//!
//! It is checked before an agent starts, with what it is to be given, and when it has started, with
//! what it says it has.

use std::fmt;

use crate::environment::Environment;

/// A tool server an agent is connected to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Server<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its address, if it is reached by one.
    pub url: Option<&'a str>,
    /// Its program and arguments, if it is started.
    pub command: Vec<&'a str>,
}

/// A way to the tracker that an agent has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Violation {
    /// A tool server.
    Server {
        /// Its name.
        name: String,
        /// What gives it away.
        by: String,
    },
    /// A tool.
    Tool(String),
    /// An environment variable; never its value.
    Variable(String),
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server { name, by } if name == by => {
                write!(f, "tool server {name:?} leads to the tracker")
            }
            Self::Server { name, by } => {
                write!(f, "tool server {name:?} leads to the tracker: {by:?}")
            }
            Self::Tool(name) => write!(f, "tool {name:?} leads to the tracker"),
            Self::Variable(name) => {
                write!(f, "environment variable {name:?} is a key to the tracker")
            }
        }
    }
}

/// Every way to the tracker among these servers, tools and names of environment variables.
pub fn check<'a>(
    servers: impl IntoIterator<Item = Server<'a>>,
    tools: impl IntoIterator<Item = &'a str>,
    variables: impl IntoIterator<Item = &'a str>,
) -> Vec<Violation> {
    let servers = servers.into_iter().filter_map(|server| {
        let mut words = [server.name]
            .into_iter()
            .chain(server.url)
            .chain(server.command);
        let by = words.find(|word| names_tracker(word))?;
        Some(Violation::Server {
            name: cut(server.name),
            by: cut(by),
        })
    });
    let tools = tools.into_iter().filter(|tool| names_tracker(tool));
    let variables = variables.into_iter().filter(|name| is_key(name));
    servers
        .chain(tools.map(|tool| Violation::Tool(cut(tool))))
        .chain(variables.map(|name| Violation::Variable(cut(name))))
        .collect()
}

/// The keys to the tracker in an environment.
pub fn keys(environment: &Environment) -> Vec<Violation> {
    let names = environment.iter().map(|(name, _)| name.to_string_lossy());
    let names: Vec<_> = names.collect();
    check([], [], names.iter().map(AsRef::as_ref))
}

/// Whether an environment variable of this name must not reach an agent: `LINEAR` starts it, or is
/// one of its words.
pub fn is_key(variable: &str) -> bool {
    let name = variable.to_ascii_uppercase();
    name.starts_with("LINEAR") || name.split('_').any(|word| word == "LINEAR")
}

fn names_tracker(text: &str) -> bool {
    text.to_ascii_lowercase().contains("linear")
}

fn cut(text: &str) -> String {
    text.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_sprint_gives_its_agents_passes() {
        let own = Server {
            name: "sprint",
            url: Some("http://127.0.0.1:4711/mcp"),
            command: Vec::new(),
        };
        let tools = [
            "Read",
            "Bash",
            "mcp__sprint__ask_context",
            "StructuredOutput",
        ];
        let variables = [
            "PATH",
            "HOME",
            "ANTHROPIC_API_KEY",
            "BILINEAR",
            "SPRINT_RUN_ID",
        ];
        assert_eq!(check([own], tools, variables), []);
    }

    #[test]
    fn every_way_to_the_tracker_is_named() {
        let servers = [
            Server {
                name: "linear",
                ..Server::default()
            },
            Server {
                name: "issues",
                url: Some("https://mcp.LINEAR.app/sse"),
                ..Server::default()
            },
            Server {
                name: "tickets",
                command: vec!["npx", "-y", "mcp-linear"],
                ..Server::default()
            },
        ];
        let tools = ["mcp__Linear_Server__save_issue"];
        let variables = ["LINEAR_API_KEY", "linear", "LINEARTOKEN", "MY_LINEAR_TOKEN"];
        let told: Vec<_> = check(servers, tools, variables)
            .iter()
            .map(ToString::to_string)
            .collect();
        insta::assert_snapshot!(told.join("\n"), @r#"
        tool server "linear" leads to the tracker
        tool server "issues" leads to the tracker: "https://mcp.LINEAR.app/sse"
        tool server "tickets" leads to the tracker: "mcp-linear"
        tool "mcp__Linear_Server__save_issue" leads to the tracker
        environment variable "LINEAR_API_KEY" is a key to the tracker
        environment variable "linear" is a key to the tracker
        environment variable "LINEARTOKEN" is a key to the tracker
        environment variable "MY_LINEAR_TOKEN" is a key to the tracker
        "#);
    }

    proptest::proptest! {
        #[test]
        fn no_name_with_the_prefix_passes(rest in "[A-Za-z0-9_]{0,12}", upper: bool) {
            let prefix = if upper { "LINEAR" } else { "Linear" };
            let name = format!("{prefix}{rest}");
            proptest::prop_assert_eq!(check([], [], [name.as_str()]).len(), 1);
        }
    }
}
