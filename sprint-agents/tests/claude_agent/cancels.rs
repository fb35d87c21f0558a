//! Runs that are given up, and engines that are killed, at moments spread over a whole run.
//!
//! `SPRINT_CANCEL_ROUNDS` says how many runs are given up; a quarter as many engines are killed.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use scripted_api::{Reply, Request};
use serde_json::json;
use sprint_agents::{ClaudeAgent, orphans};
use sprint_core::domain::agent::AgentTask;
use tokio::time::Instant;

use crate::stage::{MARK, Stage, worker_result};

const ROUNDS: u32 = 12;

/// The check of the worker: starts a process that leaves its session and its group, which starts
/// another one, and takes a while.
const CHECK: &str = "\
(setsid sh -c 'sleep 1000 & exec sleep 1001' > /dev/null 2>&1 < /dev/null &)
echo begun >> begun
sleep 0.5
";

/// A context agent that reports and answers, and a worker that asks, starts what stays, commits and
/// hands in.
fn script(request: &Request) -> Reply {
    let bash = |command: &str| Reply::tool("Bash", json!({ "command": command }));
    if !request.is_asked_for("branch") {
        return Reply::text("look into check.sh:1").delay(Duration::from_millis(300));
    }
    let tools = request.tools();
    match request.turn() {
        0 => {
            let ask = tools.iter().find(|name| name.ends_with("__ask_context"));
            Reply::tool(*ask.unwrap(), json!({ "question": "where?" }))
        }
        1 => bash("sh check.sh"),
        2 => bash("git add -A"),
        3 => bash("git commit -q -m begun"),
        _ => Reply::structured(worker_result()),
    }
}

async fn stage() -> Stage {
    let stage = Stage::set(script).await;
    fs::write(stage.work().join("check.sh"), CHECK).unwrap();
    stage
}

/// A task of its own, as every ticket has one.
fn task(stage: &Stage, key: &str) -> AgentTask {
    AgentTask {
        key: format!("sprint-20260131-090500/ENG-1/{key}/implement"),
        ..stage.team_task()
    }
}

/// The requests of a run to the model, and how many there are when the check has run.
const REQUESTS: u32 = 7;
const CHECKED: u32 = 5;

/// A moment of a run that begins now: a while after so many requests. No two rounds have the same.
#[derive(Debug)]
struct Moment {
    requests: u32,
    later: Duration,
}

impl Moment {
    fn of(round: u32, rounds: u32, whole: Duration) -> Self {
        let points = REQUESTS + 1;
        let most = rounds.div_ceil(points);
        Self {
            // All of them in turn, and not in their order: a few rounds see the end of a run too.
            requests: (4 + 5 * round) % points,
            // The longest wait between two requests is that for a start, a third of a run.
            later: whole / 3 * (round / points) / most,
        }
    }

    async fn comes(&self, stage: &Stage, before: usize) {
        let requests = usize::try_from(self.requests).unwrap();
        let made = stage.api.received(before + requests);
        let patience = Duration::from_secs(60);
        tokio::time::timeout(patience, made)
            .await
            .expect("it asks the model");
        tokio::time::sleep(self.later).await;
    }
}

/// How long a run takes that nobody disturbs. The first one takes longer than any other.
async fn whole(stage: &Stage) -> Duration {
    let mut took = Duration::MAX;
    for key in ["first", "second"] {
        let started = Instant::now();
        let report = stage.run(&stage.agent(), &task(stage, key)).await.unwrap();
        took = took.min(started.elapsed());
        assert!(report.teammate.unwrap().report.is_some());
        assert_eq!(
            stage.git(&["status", "--porcelain"]),
            "",
            "all is committed"
        );
        assert_eq!(stage.alive(), Vec::<String>::new());
    }
    took
}

#[expect(clippy::disallowed_methods, reason = "a setting of the test")]
fn rounds() -> u32 {
    let set = std::env::var("SPRINT_CANCEL_ROUNDS").ok();
    set.map_or(ROUNDS, |rounds| rounds.parse().unwrap())
}

/// The workspace is as good as any: git reads it, and takes another commit.
fn assert_usable(stage: &Stage) {
    stage.git(&["status", "--porcelain"]);
    // What a git leaves that is killed; whoever takes in the work of an agent removes it.
    for lock in ["index.lock", "HEAD.lock"] {
        drop(fs::remove_file(stage.work().join(".git").join(lock)));
    }
    stage.git(&["add", "-A"]);
    stage.git(&["commit", "-q", "--allow-empty", "-m", "goes on"]);
}

#[tokio::test]
async fn whenever_a_run_is_given_up_nothing_is_left_of_it() {
    let stage = stage().await;
    let (agent, whole, rounds) = (stage.agent(), whole(&stage).await, rounds());
    fs::remove_file(stage.work().join("begun")).unwrap();
    let (mut begun, mut ended) = (0, 0);
    for round in 0..rounds {
        let task = task(&stage, &round.to_string());
        let (moment, before) = (Moment::of(round, rounds, whole), stage.api.requests().len());
        tokio::select! {
            biased;
            report = stage.run(&agent, &task) => {
                report.unwrap();
                ended += 1;
            }
            () = moment.comes(&stage, before) => {}
        }
        begun += usize::from(moment.requests >= CHECKED);
        assert_eq!(stage.alive(), Vec::<String>::new(), "{moment:?}");
        assert_usable(&stage);
    }
    let checks = fs::read_to_string(stage.work().join("begun")).unwrap();
    let checks = checks.lines().count();
    eprintln!("{rounds} runs of {whole:?}: {checks} checks begun, {ended} runs at their end");
    assert!(checks >= begun, "{checks} checks begun, not {begun}");
    stage.git(&["fsck", "--no-progress", "--no-dangling"]);
}

/// Tells the second run of this test that it is the engine.
const ENGINE: &str = "SPRINT_TEST_ENGINE";

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a message to another process")]
async fn whenever_the_engine_is_killed_the_next_one_clears_up() {
    if let Ok(message) = std::env::var(ENGINE) {
        let mut words = message.splitn(3, ' ');
        let mut word = || words.next().unwrap();
        return be_killed(word(), word(), word().as_ref()).await;
    }
    let stage = stage().await;
    let (whole, kills) = (whole(&stage).await, rounds().div_ceil(4));
    let mut orphans = 0;
    for round in 0..kills {
        let (moment, before) = (Moment::of(round, kills, whole), stage.api.requests().len());
        let (url, folder) = (stage.api.base_url(), stage.folder().display());
        let mut engine = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "cancels::whenever_the_engine_is_killed_the_next_one_clears_up",
            ])
            .env(ENGINE, format!("{round} {url} {folder}"))
            .env("TMPDIR", stage.path("elsewhere"))
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        moment.comes(&stage, before).await;
        engine.kill().unwrap();
        engine.wait().unwrap();
        orphans += orphans::reap(stage.folder()).await;
        assert_eq!(stage.alive(), Vec::<String>::new(), "{moment:?}");
        assert_usable(&stage);
    }
    eprintln!("{kills} engines killed, {orphans} orphans ended");
    assert!(orphans > 0, "some are killed with agents alive");
    stage.git(&["fsck", "--no-progress", "--no-dangling"]);
}

/// Runs an agent in the workspace of another stage.
async fn be_killed(round: &str, base_url: &str, folder: &Path) {
    let own = stage().await;
    let environment = own
        .environment()
        .with("ANTHROPIC_BASE_URL", base_url)
        .with(MARK, folder)
        .owned_by(folder);
    let agent = ClaudeAgent::new(&own.cli.program, environment).with_max_retries(0);
    let task = AgentTask {
        workspace: folder.join("work"),
        ..task(&own, round)
    };
    own.run(&agent, &task).await.unwrap();
}
