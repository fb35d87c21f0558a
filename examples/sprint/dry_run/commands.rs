//! Whether what the gate's commands need is there. Nothing is run.

use std::path::Path;

use serde_json::Value;
use sprint_agents::Environment;
use sprint_agents::claude::binary;
use sprint_core::domain::config::SprintConfig;
use sprint_core::readiness::{CommandFacts, Need, needs};

use super::files::read;

/// Where projects keep tools of their own.
const TOOLS: [&str; 4] = ["node_modules/.bin", ".venv/bin", "venv/bin", "vendor/bin"];

/// A larger `package.json` is not read, in bytes.
const LARGEST: usize = 1 << 20;

/// Looks for what each command needs.
pub(super) fn look(root: &Path, config: &SprintConfig) -> Vec<CommandFacts> {
    let environment = Environment::inherit();
    let checks = config.checks.iter().map(|(check, line)| {
        let needs = needs(line.as_str());
        let missing = needs
            .iter()
            .find_map(|need| missing(root, need, &environment));
        CommandFacts {
            check: *check,
            line: line.to_string(),
            missing,
        }
    });
    checks.collect()
}

/// How the tool for browser tests can be called. It is not called, so a package that could be
/// downloaded does not count.
pub(super) fn browser_tool(root: &Path) -> Option<String> {
    let name = "agent-browser";
    if binary::find(Path::new(name), &Environment::inherit()).is_some() {
        return Some(name.into());
    }
    let package = root.join("node_modules/.bin").join(name);
    package.exists().then(|| format!("npx {name}"))
}

fn missing(root: &Path, need: &Need, environment: &Environment) -> Option<String> {
    let own = |name: &str| {
        TOOLS
            .iter()
            .any(|folder| root.join(folder).join(name).exists())
    };
    match need {
        Need::Program(name) => {
            let there = match name.contains('/') {
                true => root.join(name).exists(),
                false => own(name) || binary::find(Path::new(name), environment).is_some(),
            };
            (!there).then(|| format!("no program {name}"))
        }
        Need::File(path) => (!root.join(path).exists()).then(|| format!("no file {path}")),
        Need::Script { manager, name } => {
            let text = read(&root.join("package.json"), LARGEST).ok().flatten();
            let Some(text) = text else {
                return Some(format!("no package.json for {manager}"));
            };
            let value: Value = serde_json::from_slice(&text).unwrap_or_default();
            let there = value["scripts"][name].is_string() || manager != "npm" && own(name);
            (!there).then(|| format!("package.json has no script {name}"))
        }
    }
}
