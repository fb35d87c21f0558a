//! What a whole sprint asks of Linear: the real engine on a fake world, with its tickets on the
//! local server.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use local_linear::{Recorded, RequestKind};
use sprint_core::domain::config::TicketFilter;
use sprint_core::domain::evidence::{Comment, CommentRef, Note};
use sprint_core::domain::reality::{Fetched, TicketReality};
use sprint_core::engine::{Engine, control};
use sprint_core::id::TicketId;
use sprint_core::ports::{Result, Tracker};
use sprint_core::run::admit::Limits;
use sprint_core::run::effect::EffectKey;
use sprint_core::run::proof::Proof;
use sprint_core::run::ticket::Stage;
use sprint_core::testing::fake::{FakeStore, Recorder, ports};
use sprint_core::testing::fixture;
use sprint_core::testing::world::World;

use crate::testing::Fixture;
use crate::tracker::LinearTracker;

/// Tickets on Linear, of which the fake world hears as well: it checks the order of things.
#[derive(Debug)]
struct Both {
    linear: LinearTracker,
    world: Arc<dyn Tracker>,
}

impl fmt::Display for Both {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.linear.fmt(f)
    }
}

#[async_trait]
impl Tracker for Both {
    async fn tickets(&self, filter: &TicketFilter) -> Result<Fetched> {
        self.linear.tickets(filter).await
    }

    async fn reality(&self, id: &TicketId) -> Result<TicketReality> {
        self.world.reality(id).await?;
        self.linear.reality(id).await
    }

    async fn comments(&self, id: &TicketId) -> Result<Vec<Comment>> {
        self.linear.comments(id).await
    }

    async fn start(&self, id: &TicketId, key: &EffectKey) -> Result<()> {
        self.world.start(id, key).await?;
        self.linear.start(id, key).await
    }

    async fn post_evidence(
        &self,
        proof: &Proof,
        comment: &str,
        key: &EffectKey,
    ) -> Result<CommentRef> {
        self.world.post_evidence(proof, comment, key).await?;
        self.linear.post_evidence(proof, comment, key).await
    }

    async fn close(&self, proof: &Proof, key: &EffectKey) -> Result<()> {
        self.world.close(proof, key).await?;
        self.linear.close(proof, key).await
    }

    async fn reopen(&self, id: &TicketId, note: &Note, key: &EffectKey) -> Result<()> {
        self.world.reopen(id, note, key).await?;
        self.linear.reopen(id, note, key).await
    }

    async fn comment(&self, id: &TicketId, note: &Note, key: &EffectKey) -> Result<()> {
        self.world.comment(id, note, key).await?;
        self.linear.comment(id, note, key).await
    }
}

/// A sprint of so many tickets, in chains of five; at most `parallel` agents at once.
fn sprint(tickets: usize, parallel: usize) -> Vec<Recorded> {
    let line = |number: usize| match number % 5 {
        1 => format!("T-{number}"),
        _ => format!("T-{number} <- T-{}", number - 1),
    };
    let lines: Vec<_> = (1..=tickets).map(line).collect();
    let (world, _) = World::planned(&lines.join(", "));
    // A step of an agent or of the gate takes a minute: a ticket about ten.
    world.with(|state| state.latency = Duration::from_secs(60));
    let linear = Fixture::at(world.clock());
    linear.wire.latency(Duration::from_millis(150));
    let ids: Vec<_> = (1..=tickets)
        .map(|number| linear.issue(&format!("ticket {number}"), "Todo"))
        .collect();
    for number in (1..=tickets).filter(|number| number % 5 != 1) {
        let (blocked, by) = (&ids[number - 1], &ids[number - 2]);
        linear.linear.add_relation(by, blocked, "blocks");
    }
    let store = FakeStore::default();
    let mut ports = ports(&world, &store);
    let tracker = LinearTracker::new(
        linear.config(),
        linear.transport(),
        Arc::clone(&ports.clock),
        linear.budget.clone(),
    );
    ports.tracker = Arc::new(Both {
        linear: tracker.with_outputs(Arc::clone(&ports.blobs)),
        world: ports.tracker,
    });
    let limits = Limits::new(Some(parallel), None);
    let engine = Engine::new(ports, limits, Arc::new(Recorder::default()));
    let (_control, mut inbox) = control();
    let lease = FakeStore::lease(1);
    let mut config = fixture::config();
    config.filter.team = Some("T".into());
    let finished = linear.run(async {
        let problem = "problem".parse().expect("it is an id");
        let plan = engine.plan(problem, config).await.expect("Linear answers");
        assert_eq!(plan.tickets.len(), tickets);
        engine.start(plan, &lease, &mut inbox).await
    });
    let run = finished.expect("the sprint ends").run;
    let merged = |stage: &Stage| matches!(stage, Stage::Merged { .. });
    let snapshot = run.snapshot();
    assert!(
        snapshot
            .tickets
            .values()
            .all(|ticket| merged(&ticket.stage))
    );
    let done = linear.state("Done");
    assert!(
        linear
            .linear
            .issues()
            .iter()
            .all(|issue| issue.state == done)
    );
    assert_eq!(linear.linear.comments().len(), tickets, "one evidence each");
    linear.linear.requests()
}

fn is_operation(request: &&Recorded) -> bool {
    !matches!(request.kind, RequestKind::Upload | RequestKind::Download)
}

/// The most operations within any hour.
fn busiest(requests: &[Recorded]) -> usize {
    let at: Vec<_> = requests
        .iter()
        .filter(is_operation)
        .map(|one| one.at)
        .collect();
    let within = |(first, start): (usize, &u64)| {
        let end = at.partition_point(|at| *at < start + 3_600_000);
        end - first
    };
    at.iter().enumerate().map(within).max().unwrap_or_default()
}

/// How often each operation was sent, per hundred tickets, and its points.
fn table(requests: &[Recorded], tickets: usize) -> String {
    let mut by_name: BTreeMap<&str, (usize, u64)> = BTreeMap::new();
    for request in requests.iter().filter(is_operation) {
        let entry = by_name.entry(&request.operation).or_default();
        entry.0 += 1;
        entry.1 += u64::from(request.points);
    }
    let sum = by_name
        .values()
        .fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    by_name.insert("all", sum);
    let lines = by_name.iter().map(|(name, (count, points))| {
        let hundredths = count * 100 / tickets;
        format!(
            "{name:16} {count:5}  {}.{:02} per ticket, {points} points",
            hundredths / 100,
            hundredths % 100
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_sprint_of_500_tickets_stays_within_2500_requests_an_hour() {
    let requests = sprint(500, 20);
    let refused = requests
        .iter()
        .filter(|one| one.kind == RequestKind::Refused);
    assert_eq!(refused.count(), 0, "nothing was refused for its rate");
    let busiest = busiest(&requests);
    assert!(busiest <= 2_500, "{busiest} requests in an hour");
    let table = table(&requests, 500);
    insta::assert_snapshot!(format!("{table}\nin the busiest hour: {busiest}"), @r#"
AttachmentCreate   500  1.00 per ticket, 2000 points
CommentById        500  1.00 per ticket, 2500 points
CommentCreate      500  1.00 per ticket, 3000 points
FileUpload         500  1.00 per ticket, 2000 points
Identity             1  0.00 per ticket, 3 points
IssueEvidence      500  1.00 per ticket, 167000 points
IssueStates       2967  5.93 per ticket, 599384 points
Issues              10  0.02 per ticket, 67220 points
MoveIssue          995  1.99 per ticket, 3980 points
TeamByKey            1  0.00 per ticket, 286 points
all               6474  12.94 per ticket, 847373 points
in the busiest hour: 632
"#);
}
