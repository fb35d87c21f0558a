//! `sprint`, the reference binary: tickets, in files or on Linear, become merged, verified code.
//!
//! Everything it does goes through the public interface of the libraries; `examples/embed.rs`
//! shows the least that another program needs.

mod agents;
mod checks;
mod cli;
mod conductor;
mod conflicts;
mod decide;
mod demo;
mod dry_run;
mod live;
mod money;
mod preflight;
mod problem;
mod resume;
mod run;
mod start;
mod status;
mod tracker;
mod undo;
mod verify;
mod wire;

use std::process::ExitCode;

use clap::Parser as _;

use cli::{Action, AgentsAction, Cli, TrackerAction};

/// Exit code for an error of ours or of the environment. 2, for wrong usage, is clap's.
const ERROR: u8 = 1;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let json = cli.json;
    let result = match &cli.action {
        Action::Demo(args) => demo::demo(&cli, args),
        Action::Run(args) => run::run(&cli, args),
        Action::Conflicts(args) => conflicts::conflicts(&cli, args),
        Action::Conductor(action) => conductor::conductor(&cli, action),
        Action::Preflight(args) => preflight::preflight(&cli, args),
        Action::DryRun(args) => Ok(dry_run::dry_run(&cli, args)),
        Action::Resume(args) => resume::resume(&cli, args),
        Action::Reattempt(args) => decide::reattempt(&cli, args),
        Action::Drop(args) => decide::drop_ticket(&cli, args),
        Action::Approve(args) => decide::approve(&cli, args),
        Action::RequestChanges(args) => decide::request_changes(&cli, args),
        Action::Status => status::status(&cli),
        Action::Agents(AgentsAction::Check(args)) => agents::check::check(&cli, args),
        Action::Agents(AgentsAction::Permissions) => agents::permissions(&cli),
        Action::Tracker(TrackerAction::Check(args)) => tracker::check::check(&cli, args),
        Action::Revert(args) => undo::revert(&cli, args),
        Action::Reland(args) => undo::reland(&cli, args),
        Action::Verify(args) => verify::verify(&cli, args),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            if json {
                let chain: Vec<_> = error.chain().map(ToString::to_string).collect();
                say(&serde_json::json!({ "error": chain.join(": ") }).to_string());
            } else {
                eprintln!("error: {error:#}");
            }
            ExitCode::from(if error.is::<cli::Usage>() {
                cli::USAGE
            } else {
                ERROR
            })
        }
    }
}

/// Prints to standard output; a closed pipe at the other end is not our error.
fn say(text: &str) {
    use std::io::Write as _;
    writeln!(std::io::stdout(), "{text}").unwrap_or_default();
}
