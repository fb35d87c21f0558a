//! Agents that misbehave, as processes beside an honest one, on real repositories: how each ends,
//! what of the user's has changed then, whether a process survives, and what the event log says.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sprint_agents::{CommandAgent, CommandVerifier, Environment};
use sprint_core::domain::agent::Role;
use sprint_core::domain::command::{CheckKind, CommandLine};
use sprint_core::domain::config::SprintConfig;
use sprint_core::domain::ticket::{Priority, Size, Ticket, TicketStatus};
use sprint_core::engine::{Engine, Ports, Why, control};
use sprint_core::id::{BranchName, ProblemId, TicketId};
use sprint_core::memory::{MemoryBlobs, MemoryLease, MemoryStore, MemoryTracker};
use sprint_core::ports::{Clock as _, LeaseHolder as _, Owner, SystemClock};
use sprint_core::run::Outcome;
use sprint_core::run::admit::Limits;
use sprint_core::run::event::Event;
use sprint_core::run::ticket::{Stage, TicketRun};
use sprint_core::time::Timestamp;
use sprint_git::{GitConfig, GitVcs};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// A sprint that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(240);

/// Seconds an agent may take here.
const LIMIT: u64 = 15;

/// How long an agent may print nothing here.
const SILENCE: Duration = Duration::from_secs(6);

/// Sprints at the same time.
const SIDE_BY_SIDE: usize = 4;

/// The gate; all of a project's files are shell functions and checks of them.
const GATE: &str = r#"
count=0
failed=0
check() {
    count=$((count + 1))
    if [ "$2" = "$3" ]; then echo "ok $count - $1"; else echo "not ok $count - $1"; failed=1; fi
}
for file in lib/*.sh; do . "./$file"; done
for file in tests/*.sh; do . "./$file"; done
echo "1..$count"
[ "$failed" -eq 0 ]
"#;

/// Plays every role. The worker on BAD-1 does its deed first; the one on GOOD-1 waits for that, so
/// that both are at work at the time.
const AGENT: &str = r#"
set -u
cat > /dev/null
name=$(echo "$SPRINT_TICKET" | tr 'A-Z-' 'a-z_')
work() {
    echo "$name() { echo $name; }" > "lib/$name.sh"
    echo "check 'says $name' \"\$($name)\" '$name'" > "tests/$name.sh"
    git add -A && git commit -q -m "feat: $name"
}
answer() {
    ok='{"exit_code":0}'
    printf '{"ticket_id":"%s","branch":"%s","status":"SUCCESS","commit_hash":"%s",' \
        "$SPRINT_TICKET" "$SPRINT_BRANCH" "$(git rev-parse HEAD)"
    printf '"evidence":{"preflight_ran":true,"build":%s,"lint":%s,"test":%s}}\n' "$ok" "$ok" "$ok"
}
case "$SPRINT_ROLE/$SPRINT_TICKET" in
worker/BAD-1)
    . "$STAGE/deed.sh"
    touch "$STAGE/done"
    work
    answer ;;
worker/*)
    touch "$STAGE/ready"
    until [ -e "$STAGE/done" ]; do sleep 0.05; echo waiting; done
    work
    answer ;;
review/*) echo '{"findings":[],"summary":"fine"}' ;;
completion/*)
    printf '{"requirements":[{"requirement":"%s says its name","met":true,"place":"lib/%s.sh:1"}]}\n' \
        "$name" "$name" ;;
esac
"#;

/// What a deed begins with: the other one is at work.
const READY: &str = r#"
echo begun
until [ -e "$STAGE/ready" ]; do sleep 0.05; echo waiting; done
did() { touch "$STAGE/done"; }
other=$ROOT/.claude/worktrees/GOOD-1
commit() { git commit-tree -m planted -p "$1" "$1^{tree}"; }
"#;

struct Case {
    name: &'static str,
    deed: &'static str,
}

const fn case(name: &'static str, deed: &'static str) -> Case {
    Case { name, deed }
}

const CASES: &[Case] = &[
    case("nothing", ""),
    case("stalls", "did; exec sleep 1000"),
    case("floods", "head -c 100000000 /dev/zero | tr '\\0' 'x'; echo"),
    case(
        "half a JSON",
        r#"did; work; echo '{"ticket_id":"BAD-1","bra'; exit 0"#,
    ),
    case(
        "never stops",
        "did; while :; do echo still here; sleep 0.1; done",
    ),
    case(
        "leaves a daemon",
        "setsid sh -c 'sleep 1000 & exec sleep 1000' > /dev/null 2>&1 < /dev/null &",
    ),
    case(
        "changes a file of the checkout",
        r#"echo planted >> "$ROOT/README.md""#,
    ),
    case(
        "changes an untracked file of the checkout",
        r#"echo planted >> "$ROOT/notes.txt""#,
    ),
    case(
        "changes the other worktree",
        r#"echo planted >> "$other/README.md""#,
    ),
    case("writes outside", r#"echo planted > "$STAGE/outside.txt""#),
    case("switches branch", "git checkout -q -b elsewhere"),
    case("detaches HEAD", "git checkout -q --detach"),
    case("makes a branch", "git branch planted"),
    case("moves a tag", r#"git tag -f v1 "$(commit v1)" > /dev/null"#),
    case(
        "commits to base",
        r#"git update-ref refs/heads/main "$(commit main)""#,
    ),
    case(
        "commits in the checkout",
        r#"echo planted >> "$ROOT/README.md"; git -C "$ROOT" commit -q -a -m planted"#,
    ),
    case(
        "deletes its worktree",
        r#"here=$PWD; cd /; rm -rf "$here"; did; exit 0"#,
    ),
    case("deletes .git of its worktree", "rm .git"),
    case("deletes the other's worktree", r#"rm -rf "$other""#),
    case(
        "plants a hook",
        r#"echo 'exit 1' > "$ROOT/.git/hooks/pre-commit"; chmod +x "$ROOT/.git/hooks/pre-commit""#,
    ),
];

/// The stage: what an agent finds around it.
struct Scene {
    folder: tempfile::TempDir,
}

impl Scene {
    fn new(deed: &str) -> Self {
        let scene = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let root = scene.root();
        fs::create_dir(&root).unwrap();
        git(&root, &["init", "-q", "-b", "main"]);
        git(&root, &["config", "user.name", "agent"]);
        git(&root, &["config", "user.email", "agent@localhost"]);
        for (path, text) in [
            ("README.md", "# Names\n"),
            ("check.sh", GATE),
            ("lib/greet.sh", "greet() { echo hello; }\n"),
            ("tests/greet.sh", "check 'greets' \"$(greet)\" hello\n"),
        ] {
            write(&root.join(path), text);
        }
        git(&root, &["add", "-A"]);
        git(&root, &["commit", "-q", "-m", "start"]);
        git(&root, &["tag", "v1"]);
        git(&root, &["branch", "feature"]);
        write(&root.join("notes.txt"), "the user's own\n");
        write(&scene.path("agent.sh"), AGENT);
        write(&scene.path("deed.sh"), &format!("{READY}{deed}\n"));
        scene
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    fn root(&self) -> PathBuf {
        self.path("project")
    }

    /// What is the user's, in words.
    fn users(&self) -> BTreeMap<String, String> {
        let root = self.root();
        let file = |name: &str| fs::read_to_string(root.join(name)).unwrap_or_default();
        let rev = |name: &str| git(&root, &["rev-parse", "--verify", "-q", name]);
        [
            ("README.md", file("README.md")),
            ("notes.txt", file("notes.txt")),
            ("feature", rev("feature")),
            ("v1", rev("v1")),
            ("HEAD", file(".git/HEAD")),
        ]
        .map(|(what, look)| (what.to_owned(), look))
        .into()
    }

    /// Processes that carry the mark of this scene.
    fn survivors(&self) -> usize {
        let mark = format!("SPRINT_OWNER={}", self.path("").display());
        let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
        processes
            .filter_map(|process| fs::read(process.path().join("environ")).ok())
            .filter(|environment| environment.split(|b| *b == 0).any(|v| v == mark.as_bytes()))
            .count()
    }
}

/// Plays a case, and says how it ended.
async fn play(case: &Case) -> String {
    let scene = Scene::new(case.deed);
    let users = scene.users();
    let (ends, told) = run(&scene).await;
    let mut said = format!("{}: {ends}\n", case.name);
    let now = scene.users();
    for what in users
        .keys()
        .filter(|what| now.get(*what) != users.get(*what))
    {
        writeln!(said, "  {what} changed").unwrap();
    }
    if scene.survivors() > 0 {
        writeln!(said, "  A PROCESS SURVIVES").unwrap();
    }
    let stage = scene.path("").display().to_string();
    for line in told {
        writeln!(said, "  {}", line.replace(&stage, "{stage}/")).unwrap();
    }
    said
}

type Told = Arc<Mutex<Vec<String>>>;

/// How the tickets ended, and what was told about it.
async fn run(scene: &Scene) -> (String, Vec<String>) {
    let base = BranchName::new("main").unwrap();
    let line = |text: &str| CommandLine::new(text).unwrap();
    let gate = [
        (CheckKind::Build, line("sh -n check.sh")),
        (CheckKind::Lint, line("test -z \"$(grep -rl XXX lib)\"")),
        (CheckKind::Test, line("sh check.sh")),
    ];
    let mut config = SprintConfig::new(base.clone(), gate.into());
    config.max_loop_iterations = 1;
    config.worker_timeout_s = LIMIT;
    let environment = Environment::inherit().owned_by(scene.path(""));
    let agents = environment
        .clone()
        .with("ROOT", scene.root())
        .with("STAGE", scene.path(""))
        .with("GIT_CONFIG_GLOBAL", "/dev/null");
    let roles = [Role::Worker, Role::Review, Role::Completion];
    let commands = roles.map(|role| (role, line("sh \"$STAGE/agent.sh\"")));
    let tracker = MemoryTracker::new(["BAD-1", "GOOD-1"].map(ticket));
    let ports = Ports {
        tracker: Arc::new(tracker),
        agents: Arc::new(CommandAgent::new(commands.into(), agents).with_silence_limit(SILENCE)),
        vcs: Arc::new(
            GitVcs::open(GitConfig::new(scene.root(), base))
                .await
                .unwrap(),
        ),
        verifier: Arc::new(CommandVerifier::new(environment)),
        layers: Vec::new(),
        blobs: Arc::new(MemoryBlobs::default()),
        store: Arc::new(MemoryStore::default()),
        clock: Arc::new(SystemClock),
    };
    let told = Told::default();
    let heard = Arc::clone(&told);
    let observer = move |_: Timestamp, event: &Event| {
        if let Some(line) = tell(event) {
            heard.lock().unwrap().push(line);
        }
    };
    let engine = Engine::new(ports, Limits::new(Some(2), Some(2)), Arc::new(observer));
    let plan = engine
        .plan(ProblemId::new("deeds").unwrap(), config)
        .await
        .unwrap();
    let owner = Owner {
        pid: std::process::id(),
        host: "here".into(),
        since: SystemClock.now(),
    };
    let lease = MemoryLease::default().acquire(&owner).unwrap();
    let (_control, mut inbox) = control();
    let finished = tokio::time::timeout(PATIENCE, engine.start(plan, &lease, &mut inbox)).await;
    let finished = finished.expect("a sprint that ends").unwrap();
    // Two tickets tell in no certain order, and trouble is told once for every try.
    let mut told = std::mem::take(&mut *told.lock().unwrap());
    told.sort();
    told.dedup();
    if let Why::Outcome(Outcome::AwaitingHuman { requests }) = &finished.why {
        let asked = requests
            .iter()
            .map(|request| format!("a person is asked: {request}"));
        told.extend(asked);
    }
    let end = |(id, ticket): (&TicketId, &TicketRun)| {
        if let Stage::Stuck { reason, .. } = &ticket.stage {
            return format!("{id} is stuck ({})", reason.name());
        }
        format!("{id} is {}", ticket.stage.name())
    };
    let ends: Vec<_> = finished.run.tickets().iter().map(end).collect();
    (ends.join(", "), told)
}

/// An event with a message, which says that something is wrong, and one about changes elsewhere.
fn tell(event: &Event) -> Option<String> {
    if let Event::Strayed {
        ticket,
        strays,
        breach,
    } = event
    {
        let strays: Vec<_> = strays.iter().map(ToString::to_string).collect();
        let weight = if *breach { "breach" } else { "remark" };
        return Some(format!("{ticket} strayed {weight}: {}", strays.join(", ")));
    }
    let event = serde_json::to_value(event).unwrap();
    let word = |name: &str| event.get(name).and_then(|value| value.as_str());
    let message = word("message")?.lines().next().unwrap_or_default();
    let words = ["ticket", "effect", "event", "kind", "reason"];
    let words: Vec<_> = words.iter().filter_map(|name| word(name)).collect();
    Some(format!("{}: {message}", words.join(" ")))
}

fn ticket(id: &str) -> Ticket {
    Ticket {
        id: TicketId::new(id).unwrap(),
        title: format!("{} says its name", id.to_lowercase().replace('-', "_")),
        status: TicketStatus::Todo,
        priority: Priority::default(),
        labels: Vec::new(),
        blocked_by: Vec::new(),
        size: Size::S,
        body: String::new(),
        updated_at: None,
        parent: None,
    }
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn git(root: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .arg("-C")
        .arg(root)
        .args(arguments)
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn how_each_misdeed_ends() {
    let room = Arc::new(Semaphore::new(SIDE_BY_SIDE));
    let mut running = JoinSet::new();
    for (at, case) in CASES.iter().enumerate() {
        let room = Arc::clone(&room);
        running.spawn(async move {
            let _place = room.acquire_owned().await.unwrap();
            (at, play(case).await)
        });
    }
    let mut said = running.join_all().await;
    said.sort();
    let said: Vec<_> = said.into_iter().map(|(_, said)| said).collect();
    insta::assert_snapshot!(said.concat(), @r#"
    nothing: BAD-1 is merged, GOOD-1 is merged
    stalls: BAD-1 is stuck (context_exhausted), GOOD-1 is merged
      BAD-1 attempt_failed context_exhaustion: failed to run agent worker with `sh "$STAGE/agent.sh"`: the agent ended: went silent; its last lines:
      BAD-1 stuck context_exhausted: failed to run agent worker with `sh "$STAGE/agent.sh"`: the agent ended: went silent; its last lines:
    floods: BAD-1 is merged, GOOD-1 is merged
    half a JSON: BAD-1 is stuck (context_exhausted), GOOD-1 is merged
      BAD-1 attempt_failed context_exhaustion: the agent ended with exit 0 and its answer is not a worker result: EOF while parsing a string at line 1 column 25; its last lines:
      BAD-1 stuck context_exhausted: the agent ended with exit 0 and its answer is not a worker result: EOF while parsing a string at line 1 column 25; its last lines:
    never stops: BAD-1 is stuck (context_exhausted), GOOD-1 is merged
      BAD-1 attempt_failed context_exhaustion: failed to run agent worker with `sh "$STAGE/agent.sh"`: the agent ended: timed out; its last lines:
      BAD-1 stuck context_exhausted: failed to run agent worker with `sh "$STAGE/agent.sh"`: the agent ended: timed out; its last lines:
    leaves a daemon: BAD-1 is merged, GOOD-1 is merged
    changes a file of the checkout: BAD-1 is verified, GOOD-1 is verified
      README.md changed
      BAD-1 strayed remark: README.md in your checkout
      GOOD-1 strayed remark: README.md in your checkout
      a person is asked: {stage}/project is on main and has uncommitted changes ("README.md"); commit or stash them
    changes an untracked file of the checkout: BAD-1 is merged, GOOD-1 is merged
      notes.txt changed
      BAD-1 strayed remark: notes.txt in your checkout
      GOOD-1 strayed remark: notes.txt in your checkout
    changes the other worktree: BAD-1 is merged, GOOD-1 is merged
      README.md changed
    writes outside: BAD-1 is merged, GOOD-1 is merged
    switches branch: BAD-1 is stuck (max_loops), GOOD-1 is merged
      BAD-1 attempt_failed wrong_branch: the branch elsewhere is checked out in the workspace instead of its own branch: check that one out again and bring your work onto it
      BAD-1 strayed remark: elsewhere in branches and tags
      BAD-1 stuck max_loops: the branch elsewhere is checked out in the workspace instead of its own branch: check that one out again and bring your work onto it
      GOOD-1 strayed remark: elsewhere in branches and tags
    detaches HEAD: BAD-1 is stuck (max_loops), GOOD-1 is merged
      BAD-1 attempt_failed wrong_branch: a commit without a branch is checked out in the workspace instead of its own branch: check that one out again and bring your work onto it
      BAD-1 stuck max_loops: a commit without a branch is checked out in the workspace instead of its own branch: check that one out again and bring your work onto it
    makes a branch: BAD-1 is merged, GOOD-1 is merged
      BAD-1 strayed remark: planted in branches and tags
      GOOD-1 strayed remark: planted in branches and tags
    moves a tag: BAD-1 is merged, GOOD-1 is merged
      v1 changed
      BAD-1 strayed remark: refs/tags/v1 in branches and tags
      GOOD-1 strayed remark: refs/tags/v1 in branches and tags
    commits to base: BAD-1 is merged, GOOD-1 is merged
      BAD-1 strayed remark: main in branches and tags
      GOOD-1 strayed remark: main in branches and tags
    commits in the checkout: BAD-1 is merged, GOOD-1 is merged
      README.md changed
      BAD-1 strayed remark: main in branches and tags
      GOOD-1 strayed remark: main in branches and tags
    deletes its worktree: BAD-1 is stuck (max_loops), GOOD-1 is merged
      BAD-1 attempt_failed workspace_lost: the workspace was gone after an agent ran in it; it is there again with everything that was committed, and what was not is lost: look at the branch, and leave the directory where it is
      BAD-1 stuck max_loops: the workspace was gone after an agent ran in it; it is there again with everything that was committed, and what was not is lost: look at the branch, and leave the directory where it is
    deletes .git of its worktree: BAD-1 is merged, GOOD-1 is merged
      BAD-1 strayed remark: notes.txt in your checkout, main in branches and tags
      GOOD-1 strayed remark: notes.txt in your checkout, main in branches and tags
    deletes the other's worktree: BAD-1 is merged, GOOD-1 is stuck (max_loops)
      GOOD-1 attempt_failed workspace_lost: the workspace was gone after an agent ran in it; it is there again with everything that was committed, and what was not is lost: look at the branch, and leave the directory where it is
      GOOD-1 stuck max_loops: the workspace was gone after an agent ran in it; it is there again with everything that was committed, and what was not is lost: look at the branch, and leave the directory where it is
    plants a hook: BAD-1 is merged, GOOD-1 is merged
      BAD-1 strayed remark: .git/hooks/pre-commit in your checkout
      GOOD-1 strayed remark: .git/hooks/pre-commit in your checkout
    "#);
}
