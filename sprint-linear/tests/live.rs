//! The real Linear, for those who have a key: `LINEAR_API_KEY` and `LINEAR_TEST_TEAM`, the key of a
//! team that may be written to. Everything that is made there is taken back at the end.
//!
//! Without them this reports SKIPPED. What is only known from a local server is printed here as
//! the service does it: how texts come back, whether files can be read, how long writes lag.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that tells what it saw"
)]

use std::sync::Arc;

use sprint_core::domain::config::TicketFilter;
use sprint_core::domain::draft::{PlanDraft, ProjectDraft, TicketDraft};
use sprint_core::domain::evidence::Note;
use sprint_core::domain::ticket::{Priority, Size, TicketStatus};
use sprint_core::memory::MemoryBlobs;
use sprint_core::ports::{Clock as _, SystemClock, Tracker as _};
use sprint_core::run::effect::Step;
use sprint_core::testing::sample;
use sprint_linear::transport::Https;
use sprint_linear::{Budget, LinearConfig, LinearTracker, MemoryJournal, Plans, Token};

/// Texts of kinds that are known to be rewritten.
const TEXT: &str = "* a list\n- another\n\n- [ ] open\n- [x] closed\n\n```text\nin a fence: [a](b) me@example.org\n```\n\n| a | b |\n| --- | --- |\n| 1 | 2 |";

fn config() -> Option<LinearConfig> {
    #[expect(clippy::disallowed_methods, reason = "tests of a real account")]
    let variable = |name| std::env::var(name).ok().filter(|text| !text.is_empty());
    let token = Token::parse(&variable("LINEAR_API_KEY")?).unwrap();
    Some(LinearConfig::new(token).with_team(variable("LINEAR_TEST_TEAM")?))
}

fn draft(key: &str, blocked_by: &[&str], parent: Option<&str>) -> TicketDraft {
    TicketDraft {
        key: key.parse().unwrap(),
        title: format!("sprint live test {key}"),
        body: TEXT.to_owned(),
        priority: Priority::Low,
        size: Size::S,
        labels: Vec::new(),
        blocked_by: blocked_by.iter().map(|key| key.parse().unwrap()).collect(),
        parent: parent.map(|key| key.parse().unwrap()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_built_worked_on_and_taken_back() {
    let Some(config) = config() else {
        println!("SKIPPED: LINEAR_API_KEY and LINEAR_TEST_TEAM name no account to test with");
        return;
    };
    let transport = Arc::new(Https::new().unwrap());
    let (clock, budget) = (Arc::new(SystemClock), Budget::new());
    let plans = Plans::new(
        config.clone(),
        Arc::<Https>::clone(&transport),
        Arc::<SystemClock>::clone(&clock),
        budget.clone(),
    );
    let tracker = LinearTracker::new(config, transport, clock, budget);
    let tracker = tracker.with_outputs(Arc::new(MemoryBlobs::default()));
    for item in tracker.check().await {
        println!("{item}");
        assert!(!item.is_failure());
    }
    let plan = PlanDraft {
        problem: "live-test".parse().unwrap(),
        project: Some(ProjectDraft {
            name: format!("sprint live test {}", SystemClock.now().compact()),
            description: TEXT.to_owned(),
        }),
        labels: Vec::new(),
        tickets: vec![
            draft("A", &[], None),
            draft("B", &["A"], None),
            draft("C", &["B"], Some("A")),
        ],
    };
    let plan = plan.check().unwrap();
    let mut journal = MemoryJournal::new();
    let created = plans.create(&plan, &mut journal).await;
    let worked = match &created {
        Ok(created) => {
            println!("findings: {:?}", created.findings);
            let first = created.tickets.values().next().unwrap();
            work(&tracker, &first.id).await
        }
        Err(error) => Err(error.chain()),
    };
    // Whatever happened: nothing of ours is left there.
    let back = plans.take_back(&mut journal).await.unwrap();
    for survivor in &back.survivors {
        println!("left: {survivor}");
    }
    worked.unwrap();
    created.unwrap();
    println!("taken back: {}", back.gone);
}

/// Everything that a sprint does to a ticket.
async fn work(tracker: &LinearTracker, id: &sprint_core::id::TicketId) -> Result<(), String> {
    let told = |error: sprint_core::ports::Error| error.chain();
    let started = SystemClock.now();
    let key = |step| sample::key(id, 1, step);
    let filter = TicketFilter::in_status([TicketStatus::Todo]);
    let fetched = tracker.tickets(&filter).await.map_err(told)?;
    let found = fetched.tickets.iter().find(|ticket| ticket.id == *id);
    println!("body comes back as {:?}", found.map(|ticket| &ticket.body));
    tracker.start(id, &key(Step::Start)).await.map_err(told)?;
    let note = Note {
        body: TEXT.to_owned(),
    };
    tracker
        .comment(id, &note, &key(Step::Note))
        .await
        .map_err(told)?;
    let proof = sample::proof(id, 'a');
    let evidence = sample::evidence(&proof, &"long ".repeat(10_000));
    let post = key(Step::Post);
    for _ in 0..2 {
        let posted = tracker.post_evidence(&proof, &evidence, &post);
        posted.await.map_err(told)?;
    }
    tracker
        .close(&proof, &key(Step::Close))
        .await
        .map_err(told)?;
    let reality = tracker.reality(id).await.map_err(told)?;
    println!("closed: {reality:?}");
    if reality.status != TicketStatus::Done || reality.evidence != [proof.marker().clone()] {
        return Err("it is not Done with one evidence".into());
    }
    for finding in tracker.check_evidence(id).await.map_err(told)? {
        println!("evidence: {finding}");
    }
    for comment in tracker.comments(id).await.map_err(told)? {
        let start: String = comment.body.chars().take(400).collect();
        println!("comment {:?}: {start:?}", comment.author);
    }
    println!("moved: {:?}", tracker.moved(id).await.map_err(told)?);
    let took = SystemClock.now().since(started);
    println!("all of it took {} ms", took.as_millis());
    Ok(())
}
