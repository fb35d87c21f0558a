//! `sprint demo`: a small real repository, eight tickets, and a real sprint on them.

mod linear;
mod model;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use scripted_api::ScriptedApi;
use sprint_core::domain::command::CommandLine;
use sprint_core::id::ProblemId;
use tokio::runtime::Runtime;

use linear::Played;

use crate::agents::{AgentArgs, Agents, Scripted};
use crate::cli::{Cli, DemoAgents, DemoArgs, RunArgs, Usage};
use crate::run::{self, Sprint};
use crate::tracker::{Kind, TrackerArgs};

/// The files of the demo's repository.
const PROJECT: &[(&str, &str)] = &[
    ("README.md", include_str!("demo/project/README.md")),
    ("menu.txt", include_str!("demo/project/menu.txt")),
    ("hours.txt", include_str!("demo/project/hours.txt")),
    (".gitignore", include_str!("demo/project/gitignore")),
    ("lib/say.sh", include_str!("demo/project/lib/say.sh")),
    ("lib/greet.sh", include_str!("demo/project/lib/greet.sh")),
    ("tests/say.sh", include_str!("demo/project/tests/say.sh")),
    (
        "tests/greet.sh",
        include_str!("demo/project/tests/greet.sh"),
    ),
    (
        "scripts/build.sh",
        include_str!("demo/project/scripts/build.sh"),
    ),
    (
        "scripts/lint.sh",
        include_str!("demo/project/scripts/lint.sh"),
    ),
    (
        "scripts/test.sh",
        include_str!("demo/project/scripts/test.sh"),
    ),
];

/// Files beside it, which git ignores: configuration, agent and tickets.
const SETUP: &[(&str, &str)] = &[
    (
        ".claude/sprint-config.yml",
        include_str!("demo/project/sprint-config.yml"),
    ),
    (".claude/demo-agent.sh", include_str!("demo/agent.sh")),
    (
        ".claude/tickets/DEMO-1.md",
        include_str!("demo/tickets/DEMO-1.md"),
    ),
    (
        ".claude/tickets/DEMO-2.md",
        include_str!("demo/tickets/DEMO-2.md"),
    ),
    (
        ".claude/tickets/DEMO-3.md",
        include_str!("demo/tickets/DEMO-3.md"),
    ),
    (
        ".claude/tickets/DEMO-4.md",
        include_str!("demo/tickets/DEMO-4.md"),
    ),
    (
        ".claude/tickets/DEMO-5.md",
        include_str!("demo/tickets/DEMO-5.md"),
    ),
    (
        ".claude/tickets/DEMO-6.md",
        include_str!("demo/tickets/DEMO-6.md"),
    ),
    (
        ".claude/tickets/DEMO-7.md",
        include_str!("demo/tickets/DEMO-7.md"),
    ),
    (
        ".claude/tickets/DEMO-8.md",
        include_str!("demo/tickets/DEMO-8.md"),
    ),
];

/// Written last: a folder that has it is a demo that can be run, or gone on with.
const READY: &str = ".claude/demo-ready";

/// Creates the demo, unless it is there, and runs its sprint.
pub(crate) fn demo(cli: &Cli, args: &DemoArgs) -> Result<u8> {
    create(&args.dir)
        .with_context(|| format!("cannot create the demo in {}", args.dir.display()))?;
    let root = args.dir.canonicalize()?;
    if !cli.json {
        crate::say(&told(&root, args));
    }
    if args.create_only {
        return Ok(0);
    }
    let sprint = Sprint {
        problem: Some(ProblemId::new("demo")?),
        config: None,
        json: cli.json,
        root,
    };
    let runtime = Runtime::new()?;
    let tickets = Path::new(".claude/tickets");
    let played = match args.tracker {
        Kind::Files => None,
        Kind::Linear => {
            refuse_to_go_on(&sprint.root)?;
            let tickets = sprint.root.join(tickets);
            Some(runtime.block_on(Played::start(&tickets))?)
        }
    };
    let tracker = played.as_ref().map(Played::tracker);
    let tracker = tracker.unwrap_or_else(|| TrackerArgs::folder(tickets));
    let code = match args.agents {
        DemoAgents::Script => run::sprint(&sprint, &scripted(&sprint.root, tracker)),
        DemoAgents::Claude => claude(&runtime, &sprint, args, tracker),
    }?;
    if let Some(played) = played.filter(|_| !cli.json) {
        crate::say(&format!("\n{}", played.tell().trim_end()));
    }
    Ok(code)
}

/// What there is now, and what can be done with it.
fn told(root: &Path, args: &DemoArgs) -> String {
    let dir = args.dir.to_string_lossy();
    let agents = format!("command:{}", agent_line(root));
    let (quoted, agents) = (shell_words::quote(&dir), shell_words::quote(&agents));
    let (on, by) = (format!("--repo {quoted}"), format!("--agents {agents}"));
    let here = format!("A repository with eight tickets is in {dir}.\n");
    if args.create_only {
        return format!(
            "{here}\nWhat a sprint on it would meet:\n  sprint dry-run {on}\nThe sprint:\n  \
             sprint run {on} {by}\n"
        );
    }
    if args.tracker == Kind::Files && args.agents == DemoAgents::Script {
        return format!(
            "{here}Kill its sprint when you like. This shows what is left to do, and goes on:\n  \
             sprint resume {on} {by}\n"
        );
    }
    here
}

/// The Linear of an interrupted demo is gone, with what it knew.
fn refuse_to_go_on(root: &Path) -> Result<()> {
    if root.join(".claude/sprints/demo").exists() {
        let text = "this demo has begun already, and its Linear ended with the program that played \
                    it; name another folder with --dir";
        return Err(Usage(text.into()).into());
    }
    Ok(())
}

/// The demo's agent; quoting keeps odd folders in one word.
fn agent_line(root: &Path) -> String {
    let agent = root.join(".claude/demo-agent.sh");
    let agent = agent.to_string_lossy();
    format!("sh {}", shell_words::quote(&agent))
}

/// A run with the demo's shell script as every agent.
fn scripted(root: &Path, tracker: TrackerArgs) -> RunArgs {
    RunArgs {
        agents: AgentArgs {
            agents: CommandLine::new(agent_line(root)).map(Agents::Command),
            ..AgentArgs::default()
        },
        ..RunArgs::on(tracker)
    }
}

/// A run with the real Claude Code as every agent, which asks a model that is played here.
fn claude(runtime: &Runtime, sprint: &Sprint, args: &DemoArgs, tracker: TrackerArgs) -> Result<u8> {
    let api = runtime
        .block_on(ScriptedApi::start(model::reply))
        .context("cannot play the model on this machine")?;
    let args = RunArgs {
        agents: AgentArgs {
            agents: Some(Agents::Claude),
            claude: args.claude.clone(),
            scripted: Some(Scripted {
                base_url: api.base_url(),
                config_directory: sprint.root.join(".claude/demo-claude"),
            }),
            ..AgentArgs::default()
        },
        ..RunArgs::on(tracker)
    };
    let code = run::sprint(sprint, &args)?;
    // What the script did not understand would be a flaw of the demo.
    for complaint in api.complaints() {
        eprintln!("note: the scripted model: {complaint}");
    }
    Ok(code)
}

fn create(dir: &Path) -> Result<()> {
    if dir.join(READY).exists() {
        return Ok(());
    }
    let leftover = dir.join(".git").exists() && dir.join(".claude/demo-agent.sh").exists();
    let empty = !dir.exists() || fs::read_dir(dir)?.next().is_none();
    if !empty && !leftover {
        bail!("the folder is not empty; name an empty or missing one with --dir");
    }
    fs::create_dir_all(dir)?;
    write(dir, SETUP)?;
    git(dir, &["init", "-q", "-b", "base"])?;
    git(dir, &["config", "user.name", "Demo"])?;
    git(dir, &["config", "user.email", "demo@localhost"])?;
    if git(dir, &["rev-parse", "-q", "--verify", "HEAD"]).is_err() {
        write(dir, PROJECT)?;
        git(dir, &["add", "-A"])?;
        git(dir, &["commit", "-q", "-m", "A kiosk that greets"])?;
    }
    fs::write(dir.join(READY), "")?;
    Ok(())
}

fn write(dir: &Path, files: &[(&str, &str)]) -> Result<()> {
    for (name, text) in files {
        let path = dir.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, text)?;
    }
    Ok(())
}

fn git(dir: &Path, args: &[&str]) -> Result<()> {
    let output = Command::new("git")
        .arg("-C")
        .arg(dir)
        .args(args)
        .stdin(Stdio::null())
        .output()
        .context("cannot run git; is it installed?")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "git {} failed: {}",
        args.join(" "),
        said.trim()
    );
    Ok(())
}
