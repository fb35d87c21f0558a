//! The key to Linear: from the environment or from a program, never from a file of ours.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use sprint_linear::Token;
use tokio::process::Command;

use crate::cli::Usage;
use crate::tracker::TrackerArgs;

const VARIABLE: &str = "LINEAR_API_KEY";
/// A person may have to unlock something first.
const PATIENCE: Duration = Duration::from_secs(120);

/// The key that the options name. It appears in no message.
pub(super) async fn token(args: &TrackerArgs) -> Result<Token> {
    if let Some(key) = &args.demo_key {
        return Ok(Token::api_key(key)?);
    }
    if let Some(line) = &args.linear_key_command {
        return printed(line).await;
    }
    #[expect(
        clippy::disallowed_methods,
        reason = "binaries may read the environment"
    )]
    let key = std::env::var(VARIABLE).unwrap_or_default();
    if key.trim().is_empty() {
        let text = format!(
            "Linear needs a key: make a personal API key in Linear's settings (Security & access), \
             and set {VARIABLE}, or name a program that prints it with --linear-key-command"
        );
        return Err(Usage(text).into());
    }
    Token::parse(&key).with_context(|| format!("cannot use {VARIABLE}"))
}

async fn printed(line: &str) -> Result<Token> {
    let words = shell_words::split(line).context("cannot read --linear-key-command")?;
    let Some((program, arguments)) = words.split_first() else {
        return Err(Usage("--linear-key-command names no program".into()).into());
    };
    let run = Command::new(program)
        .args(arguments)
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(PATIENCE, run)
        .await
        .with_context(|| format!("{program} printed no key within {} s", PATIENCE.as_secs()))?
        .with_context(|| format!("cannot run {program}"))?;
    if !output.status.success() {
        bail!(
            "{program}, which should print the key to Linear, ended with {}",
            output.status
        );
    }
    let Ok(key) = String::from_utf8(output.stdout) else {
        bail!("what {program} printed is no key: it is not UTF-8");
    };
    Token::parse(&key).with_context(|| format!("cannot use what {program} printed"))
}
