//! Asking whether the base branch is the right one: on a terminal only.

use std::io::{BufRead, IsTerminal as _, Write};
use std::path::Path;

use anyhow::Result;
use sprint_core::domain::path::RepoPath;
use sprint_core::id::BranchName;
use sprint_core::preflight::facts::Confirmed;
use sprint_git::{GitConfig, GitVcs};

/// What a person answers.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Answer {
    /// This branch it is.
    Yes,
    /// Another one.
    Other(BranchName),
    /// Stop.
    No,
}

/// Has the base branch confirmed where there is somebody to ask: shows it with its last commits, and
/// again after another one was named. `None` if the answer is no.
pub(crate) async fn confirm_branch(
    root: &Path,
    base: &mut BranchName,
    yes: bool,
) -> Result<Option<Confirmed>> {
    let terminal = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    if yes || !terminal {
        return Ok(Some(Confirmed::ByConfiguration));
    }
    loop {
        let vcs = GitVcs::open(GitConfig::new(root, base.clone())).await?;
        for commit in vcs.overview(base).await?.recent {
            let subject = RepoPath::from(commit.subject.as_str());
            eprintln!("  {} {subject}", &commit.id.as_str()[..10]);
        }
        match ask(
            base,
            &mut std::io::stdin().lock(),
            &mut std::io::stderr().lock(),
        ) {
            Answer::Yes => return Ok(Some(Confirmed::ByPerson)),
            Answer::No => return Ok(None),
            Answer::Other(other) => *base = other,
        }
    }
}

fn ask(base: &BranchName, input: &mut impl BufRead, output: &mut impl Write) -> Answer {
    loop {
        let question = format!("Run the sprint on {base}? [Y/n, or another branch] ");
        let mut line = String::new();
        let asked = output
            .write_all(question.as_bytes())
            .and_then(|()| output.flush());
        match asked.and_then(|()| input.read_line(&mut line)) {
            // Nobody is there any more.
            Err(_) | Ok(0) => return Answer::No,
            Ok(_) => {}
        }
        match line.trim().to_ascii_lowercase().as_str() {
            "" | "y" | "yes" => return Answer::Yes,
            "n" | "no" | "q" | "quit" => return Answer::No,
            _ => match BranchName::new(line.trim()) {
                Ok(other) => return Answer::Other(other),
                Err(error) => writeln!(output, "{error}").unwrap_or_default(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_means_one_thing_and_nonsense_is_asked_again() {
        let main = BranchName::new("main").unwrap();
        let topic = Answer::Other(BranchName::new("topic").unwrap());
        for (typed, expected) in [
            ("\n", Answer::Yes),
            ("Y\n", Answer::Yes),
            ("no\n", Answer::No),
            ("", Answer::No),
            ("topic\n", topic.clone()),
            ("a..b\n topic \n", topic),
        ] {
            let mut shown = Vec::new();
            assert_eq!(
                ask(&main, &mut typed.as_bytes(), &mut shown),
                expected,
                "{typed:?}"
            );
            assert!(shown.starts_with(b"Run the sprint on main?"));
        }
    }
}
