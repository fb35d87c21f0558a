//! Twenty processes want one phase at the same moment, again and again, and holders are killed with
//! signal 9: never do two have it (C-015, C-114). The processes are this program itself, which is why it
//! has a `main` of its own.
//!
//! `SPRINT_ROUNDS=500 cargo test --release -p sprint-core --test conductor_processes` runs as many
//! rounds as the specification asks for.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test"
)]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sprint_core::id::{AgentName, PhaseName};
use sprint_core::local::conductor::{
    Conductor, ConductorError, Durability, Live, Options, StartRequest,
};
use sprint_core::local::{Layout, NetworkFiles, SystemLiveness};
use sprint_core::phases::board::Claim;
use sprint_core::phases::decide::{ClaimRequest, How};
use sprint_core::phases::event::Settings;
use sprint_core::phases::graph::{ArtifactRule, Concurrency, Node, PhaseGraph};
use sprint_core::phases::refused::Refused;
use sprint_core::ports::SystemClock;

const PROCESSES: usize = 20;
const PER_SPRINT: usize = 250;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match &arguments[1..] {
        [word, root] if word == "contend" => contend(Path::new(root)),
        // What a test harness is asked for when its tests are listed.
        words if words.iter().any(|word| word == "--list") => {}
        _ => {
            if cfg!(target_os = "linux") {
                run_rounds();
            }
        }
    }
}

fn open(root: &Path, round: usize) -> Conductor {
    let options = Options {
        durability: match round % 4 {
            0 => Durability::PowerCut,
            _ => Durability::Atomic,
        },
        wait: Duration::from_secs(60),
        network: NetworkFiles::Accept,
    };
    let liveness = Arc::new(SystemLiveness::new());
    let layout = Layout::of_default(root);
    Conductor::open(&layout, Arc::new(SystemClock), liveness, options).unwrap()
}

fn phase(round: usize) -> PhaseName {
    PhaseName::new(format!("p{}", round % PER_SPRINT)).unwrap()
}

fn now_ms() -> u128 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    since.as_millis()
}

/// One of the processes: for each line `round moment` it claims the phase of that round at that moment,
/// and says what came of it.
fn contend(root: &Path) {
    let me = std::process::id();
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        let (round, moment) = line.split_once(' ').unwrap();
        let (round, moment): (usize, u128) = (round.parse().unwrap(), moment.parse().unwrap());
        while now_ms() < moment {
            std::hint::spin_loop();
        }
        let conductor = open(root, round);
        let agent = AgentName::new(format!("agent-{me}")).unwrap();
        let request = ClaimRequest::new(conductor.owner(agent, Some(me)));
        let said = match conductor.claim(&phase(round), &request) {
            Ok(got) => {
                let how = match got.how {
                    How::Fresh => "fresh",
                    How::Reclaimed { .. } => "reclaimed",
                    How::Again => "again",
                    How::Forced { .. } => "forced",
                };
                got.claim.keep();
                how.to_owned()
            }
            Err(ConductorError::Refused(Refused::Claimed { .. })) => "taken".to_owned(),
            Err(error) => format!("error {error}"),
        };
        println!("{said}");
    }
}

struct Contender {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Contender {
    fn spawn(root: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["contend", root.to_str().unwrap()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            orders: child.stdin.take().unwrap(),
            answers: BufReader::new(child.stdout.take().unwrap()),
            child,
        }
    }

    fn order(&mut self, round: usize, moment: u128) {
        writeln!(self.orders, "{round} {moment}").unwrap();
    }

    /// What it says; nothing if it was killed before.
    fn answer(&mut self) -> Option<String> {
        let mut line = String::new();
        match self.answers.read_line(&mut line) {
            Ok(0) | Err(_) => None,
            Ok(_) => Some(line.trim().to_owned()),
        }
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Contender {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn start(conductor: &Conductor) {
    let node = |round| Node {
        name: phase(round),
        depends_on: Vec::new(),
        concurrency: Concurrency::Read,
        artifact: ArtifactRule::Optional,
        priority: 0,
    };
    let request = StartRequest {
        id: None,
        graph: PhaseGraph::new((0..PER_SPRINT).map(node).collect()).unwrap(),
        settings: Settings::default(),
        base: None,
        by: conductor.owner(AgentName::new("starter").unwrap(), None),
        live: Live::Replace,
    };
    conductor.start(request).unwrap();
}

/// A sequence that is the same in every run, and looks like chance.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }
}

fn run_rounds() {
    let set = std::env::var("SPRINT_ROUNDS").ok();
    let rounds: usize = set.map_or(50, |text| text.parse().unwrap());
    let root = tempfile::tempdir().unwrap();
    let mut contenders: Vec<_> = (0..PROCESSES)
        .map(|_| Contender::spawn(root.path()))
        .collect();
    let mut chance = Chance(7);
    let (mut killed, mut reclaimed) = (0, 0);
    let began = std::time::Instant::now();
    for round in 0..rounds {
        let conductor = open(root.path(), 1);
        if round % PER_SPRINT == 0 {
            start(&conductor);
        }
        // All at once, or one after the other as fast as they are told.
        let moment = if round % 2 == 0 { now_ms() + 3 } else { 0 };
        for contender in &mut contenders {
            contender.order(round, moment);
        }
        // Somebody is killed in the middle of it, whatever they are doing.
        let victim = (round % 3 == 0).then(|| chance.below(PROCESSES));
        if let Some(victim) = victim {
            contenders[victim].kill();
            killed += 1;
        }
        let said: Vec<_> = contenders.iter_mut().map(Contender::answer).collect();
        let (winner, events) = judge(&conductor, round, &said, &contenders, victim);
        // The holder is killed, and the others want what it had.
        contenders[winner].kill();
        killed += 1;
        contenders[winner] = Contender::spawn(root.path());
        if let Some(victim) = victim.filter(|victim| *victim != winner) {
            contenders[victim] = Contender::spawn(root.path());
        }
        let moment = if round % 2 == 0 { now_ms() + 3 } else { 0 };
        for contender in &mut contenders {
            contender.order(round, moment);
        }
        let said: Vec<_> = contenders.iter_mut().map(Contender::answer).collect();
        let got: Vec<_> = said
            .iter()
            .flatten()
            .filter(|said| *said != "taken")
            .collect();
        assert_eq!(got, ["reclaimed"], "round {round}: {said:?}");
        assert_eq!(
            conductor.board().unwrap().epoch(&phase(round)).0,
            events + 1
        );
        reclaimed += 1;
    }
    println!(
        "{rounds} rounds of {PROCESSES} processes in {:?}: one winner in each, {killed} killed, \
         {reclaimed} claims of killed holders taken over by exactly one",
        began.elapsed()
    );
}

/// Sees that exactly one has the phase, and says which process and which claim of it that is. If the
/// one that was killed had it, its claim may have been taken over by one other.
fn judge(
    conductor: &Conductor,
    round: usize,
    said: &[Option<String>],
    contenders: &[Contender],
    victim: Option<usize>,
) -> (usize, u64) {
    let board = conductor.board().unwrap();
    let phase = phase(round);
    let claims: Vec<&Claim> = board
        .claims()
        .filter(|claim| claim.grant.phase == phase)
        .collect();
    let [claim] = claims[..] else {
        panic!("round {round}: {} claims, {said:?}", claims.len())
    };
    let pid = claim.grant.owner.process.as_ref().unwrap().pid;
    let holder = contenders
        .iter()
        .position(|contender| contender.child.id() == pid);
    let holder = holder.unwrap();
    let epoch = claim.grant.epoch.0;
    for (number, said) in said.iter().enumerate() {
        match said.as_deref() {
            Some("fresh") => assert!(epoch == 1 && number == holder || victim == Some(number)),
            Some("reclaimed") => assert!(epoch == 2 && number == holder && victim.is_some()),
            Some("taken") => assert_ne!(number, holder, "round {round}"),
            None => assert_eq!(
                victim,
                Some(number),
                "round {round}: only the victim is silent"
            ),
            Some(other) => panic!("round {round}: {other}"),
        }
    }
    (holder, epoch)
}
