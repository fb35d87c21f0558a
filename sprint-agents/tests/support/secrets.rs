//! Secrets that no agent may see.

use sprint_agents::Environment;

pub(crate) const SECRETS: [(&str, &str); 3] = [
    ("LINEAR_API_KEY", "planted-tracker-key"),
    ("GITHUB_TOKEN", "planted-forge-token"),
    ("DB_PASSWORD", "planted-password"),
];

/// What an agent is given of an environment that holds them, though they are asked for by name.
pub(crate) fn environment() -> Environment {
    let variables = SECRETS.map(|(name, value)| (name.into(), value.into()));
    Environment::select(variables, &SECRETS.map(|(name, _)| name))
}
