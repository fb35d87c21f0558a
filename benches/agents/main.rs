//! What a live agent costs beside what a user would do by hand with the same program: ask a
//! question in a process of its own, run an agent with `claude -p`, hold a session open.
//!
//! The program is Claude Code itself if it is installed (see `scripted_api::claude_for_tests`),
//! else the stand-in, and then the numbers say so. The model is scripted and answers at once, so
//! that what is measured is all that is not the model. Where one run of an agent is compared, samples
//! of both sides alternate: a machine
//! that is busy for a while is busy for both.

mod demo;
mod memory;
mod round_trip;
mod stage;
mod turn;

use std::time::Duration;

use scripted_api::claude_for_tests;
use tokio::runtime::Builder;

fn main() {
    let cli = claude_for_tests();
    let label = if cli.real {
        "Claude Code"
    } else {
        "THE STAND-IN, not Claude Code"
    };
    eprintln!("agents: {label}, scripted model");
    // `cargo test --benches` only looks whether it works.
    let measures = std::env::args().any(|argument| argument == "--bench");
    let samples = if measures { 10 } else { 1 };
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        // First, while nothing has been allocated and freed that it could use.
        memory::measure(&cli).await;
        round_trip::measure(&cli, samples).await;
        turn::measure(&cli, samples).await;
        demo::measure(&cli).await;
    });
}

/// Samples of one duration.
#[derive(Clone, Debug, Default)]
struct Samples(Vec<Duration>);

impl Samples {
    fn add(&mut self, sample: Duration) {
        self.0.push(sample);
    }

    fn median(&self) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        sorted.get(sorted.len() / 2).copied().unwrap_or_default()
    }

    fn line(&self, what: &str) {
        if self.0.is_empty() {
            return eprintln!("  {what:<52} SKIPPED: the stand-in does not do that");
        }
        let ms = |sample: Option<&Duration>| sample.map_or(0, Duration::as_millis);
        eprintln!(
            "  {what:<52} median {:>6.1} ms, {} to {} ms, {} samples",
            self.median().as_secs_f64() * 1e3,
            ms(self.0.iter().min()),
            ms(self.0.iter().max()),
            self.0.len()
        );
    }

    /// How many times `other` this is, if both were measured.
    fn ratio(&self, other: &Self) -> Option<f64> {
        let measured = !self.0.is_empty() && !other.0.is_empty();
        measured.then(|| self.median().as_secs_f64() / other.median().as_secs_f64())
    }
}
