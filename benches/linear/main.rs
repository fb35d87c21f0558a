//! What it takes to fetch tickets from Linear: requests, complexity points, time.
//!
//! Beside ours stand the poll query that OpenAI's Symphony publishes, page by page, and Linear's own
//! SDK with its defaults, asking each issue for its state, labels, blockers and comments, as its
//! documentation shows. All three ask the same local server over HTTP. The SDK needs Node and is
//! skipped where it is not installed (`.ci/run sdk`).
//!
//! Every issue has two labels, and one or two blockers; every tenth has a comment.
#![expect(clippy::print_stdout, reason = "the table is what this is for")]

mod rivals;
mod server;

use std::sync::Arc;
use std::time::Instant;

use futures_util::future::try_join_all;
use sprint_core::domain::config::TicketFilter;
use sprint_core::domain::ticket::TicketStatus;
use sprint_core::ports::{SystemClock, Tracker as _};
use sprint_linear::transport::Https;
use sprint_linear::{Budget, LinearConfig, LinearTracker, Token};

use server::{Server, Spent};

fn tracker(server: &Server) -> LinearTracker {
    let token = Token::api_key(&server.key()).expect("the key has the form of one");
    let config = LinearConfig::new(token)
        .with_team("T")
        .with_endpoint(server.url(), server.origin());
    let transport = Arc::new(Https::new().expect("certificates can be read"));
    LinearTracker::new(config, transport, Arc::new(SystemClock), Budget::new())
}

fn all() -> TicketFilter {
    TicketFilter::in_status([TicketStatus::Todo])
}

/// Everything of the process, the server included, in MiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.unwrap_or_default() / 1024
}

#[expect(clippy::disallowed_methods, reason = "benches measure time")]
fn now() -> Instant {
    Instant::now()
}

fn row(name: &str, spent: Spent, ours: Spent, seconds: f64) {
    let ratio = |theirs: u64, ours: u64| theirs as f64 / ours as f64;
    println!(
        "  {name:10} {:6} requests ({:5.1}×)  {:9} points ({:5.1}×)  {seconds:7.3} s",
        spent.requests,
        ratio(spent.requests, ours.requests),
        spent.points,
        ratio(spent.points, ours.points),
    );
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    // `cargo test` runs benches with this; there is nothing to test here.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    for tickets in [10, 100, 500] {
        println!("{tickets} tickets:");
        let server = Server::start(tickets).await;
        let start = now();
        let fetched = tracker(&server)
            .tickets(&all())
            .await
            .expect("Linear answers");
        let took = start.elapsed().as_secs_f64();
        assert_eq!(fetched.tickets.len(), tickets);
        let ours = server.spent();
        row("ours", ours, ours, took);
        let start = now();
        let issues = rivals::symphony(&server).await;
        let took = start.elapsed().as_secs_f64();
        assert_eq!(issues, tickets);
        row("Symphony", server.spent(), ours, took);
        let start = now();
        match rivals::sdk(&server) {
            Some(issues) => {
                let took = start.elapsed().as_secs_f64();
                assert_eq!(issues, tickets);
                row("SDK", server.spent(), ours, took);
            }
            None => println!("  SDK        SKIPPED: it is not installed"),
        }
    }
    println!("1000 tickets with blockers, comments and states:");
    let server = Server::start(1_000).await;
    let (tracker, before) = (tracker(&server), resident());
    let start = now();
    let fetched = tracker.tickets(&all()).await.expect("Linear answers");
    let took = start.elapsed().as_secs_f64();
    let listed = server.spent();
    println!(
        "  list    {took:7.3} s  {} requests  {} points",
        listed.requests, listed.points
    );
    let start = now();
    let read = fetched
        .tickets
        .iter()
        .map(|ticket| tracker.comments(&ticket.id));
    let comments = try_join_all(read).await.expect("Linear answers");
    let took = start.elapsed().as_secs_f64();
    let read = server.spent();
    let count: usize = comments.iter().map(Vec::len).sum();
    println!(
        "  read    {took:7.3} s  {} requests  {} points  ({count} comments)",
        read.requests, read.points
    );
    println!(
        "  memory  {} MiB more in the process, server included",
        resident().saturating_sub(before)
    );
}
