//! Text formats of the configuration: the YAML file and the inline block.
//!
//! Every value is checked where it is read, with its line; everything wrong with a text is
//! reported at once. [`resolve`] puts the sources together.

mod fault;
mod inline;
mod keys;
mod settings;
mod yaml;

#[cfg(test)]
mod tests;

pub use crate::config::fault::{ConfigError, Fault, Issue, Source};
pub use crate::config::settings::Settings;
use crate::config::settings::{Decoded, decode};
use crate::domain::config::SprintConfig;
use crate::id::{BranchName, ProblemId};

/// A text that could be read.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// What it sets.
    pub settings: Settings,
    /// What a person should know about it, such as unknown keys.
    pub warnings: Vec<Issue>,
}

/// A configuration and what a person should know about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The configuration.
    pub config: SprintConfig,
    /// Unknown keys.
    pub warnings: Vec<Issue>,
}

/// The texts a configuration is made from.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sources<'a> {
    /// The YAML file.
    pub file: Option<&'a str>,
    /// The block given at the start of the sprint; wins over the file.
    pub inline: Option<&'a str>,
    /// The problem whose section of the file wins over its general part.
    pub problem: Option<&'a ProblemId>,
    /// The base branch as a person confirmed it; wins over everything.
    pub branch: Option<&'a BranchName>,
}

/// Reads the YAML file, with the section of `problem` over its general part.
pub fn parse_yaml(text: &str, problem: Option<&ProblemId>) -> Result<Parsed, ConfigError> {
    finish(read(text, problem, Source::File))
}

/// Reads the inline block, wherever it stands in `text`.
pub fn parse_inline(text: &str) -> Result<Parsed, ConfigError> {
    finish(read(&inline::to_yaml(text), None, Source::Inline))
}

/// Puts settings over one another, later ones winning leaf by leaf, and fills in defaults.
///
/// Lists replace each other as a whole. Fails if a required key is in none of them.
pub fn merge(
    layers: impl IntoIterator<Item = Settings>,
    branch: Option<&BranchName>,
) -> Result<SprintConfig, ConfigError> {
    let mut settings = Settings::default();
    for layer in layers {
        settings.override_with(layer);
    }
    let missing = |key: &&str| {
        let confirmed = *key == "branch_base" && branch.is_some();
        !confirmed && !settings.keys().any(|set| set == *key)
    };
    let mut issues: Vec<_> = keys::REQUIRED
        .into_iter()
        .filter(missing)
        .map(|key| Issue::of_key(None, key, Fault::Missing))
        .collect();
    if issues.is_empty() {
        let mut config = settings::scratch();
        match settings.apply_to(&mut config) {
            Ok(()) => {
                if let Some(branch) = branch {
                    config.branch_base = branch.clone();
                }
                return Ok(config);
            }
            Err(issue) => issues.push(issue),
        }
    }
    Err(ConfigError {
        issues,
        warnings: Vec::new(),
    })
}

/// Reads all sources and merges them; one error tells everything that is wrong with any of them.
pub fn resolve(sources: Sources<'_>) -> Result<Resolved, ConfigError> {
    let file = sources.file.unwrap_or_default();
    let file = read(file, sources.problem, Source::File);
    let block = inline::to_yaml(sources.inline.unwrap_or_default());
    let block = read(&block, None, Source::Inline);
    let warnings = [file.warnings, block.warnings].concat();
    let mut issues = [file.errors, block.errors].concat();
    // A key with a bad value is not missing as well.
    let named: Vec<_> = issues
        .iter()
        .filter_map(|issue| issue.key.clone())
        .collect();
    match merge([file.settings, block.settings], sources.branch) {
        Ok(config) if issues.is_empty() => {
            return Ok(Resolved { config, warnings });
        }
        Ok(_) => {}
        // Where a text could not be read at all, what it would have set is unknown.
        Err(_) if issues.iter().any(|issue| issue.key.is_none()) => {}
        Err(error) => issues.extend(
            error
                .issues
                .into_iter()
                .filter(|issue| !named.iter().any(|key| Some(key) == issue.key.as_ref())),
        ),
    }
    Err(ConfigError { issues, warnings })
}

fn read(text: &str, problem: Option<&ProblemId>, source: Source) -> Decoded {
    let decoded = match yaml::parse(text) {
        Ok(root) => decode(root.as_ref(), problem),
        Err(issue) => Decoded {
            errors: vec![issue],
            ..Decoded::default()
        },
    };
    decoded.from(source)
}

fn finish(decoded: Decoded) -> Result<Parsed, ConfigError> {
    if decoded.errors.is_empty() {
        Ok(Parsed {
            settings: decoded.settings,
            warnings: decoded.warnings,
        })
    } else {
        Err(ConfigError {
            issues: decoded.errors,
            warnings: decoded.warnings,
        })
    }
}
