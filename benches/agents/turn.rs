//! A run of one agent with one answer, beside the same program with the same prompt and the same
//! form, started by hand.

use std::fs;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use scripted_api::{Reply, Request, TestCli};
use serde_json::json;
use sprint_agents::prompt::{AnswerForm, PromptFacts, render};
use sprint_agents::schema::schema;
use sprint_core::domain::agent::{Answer, Role};
use tokio::time::Instant;

use crate::Samples;
use crate::stage::Stage;

const ROLE: Role = Role::Context;

pub(crate) async fn measure(cli: &TestCli, samples: usize) {
    let asked = Arc::new(Mutex::new(Instant::now()));
    let noted = Arc::clone(&asked);
    let script = move |_: &Request| {
        *noted.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        Reply::structured(json!({ "report": "See check.sh:1." }))
    };
    let last = || *asked.lock().unwrap_or_else(PoisonError::into_inner);
    let stage = Stage::set(cli, script).await;
    let facts = PromptFacts {
        answer: AnswerForm::Tool,
        resumed: false,
        ask_tool: None,
        allowed: None,
    };
    let told = render(&stage.task(ROLE, "by-hand"), &facts);
    let form = schema(ROLE).to_string();
    let by_hand = [
        // It takes as many words as it gets, so it does not come last.
        "--tools",
        "Read,Grep,Glob",
        "--output-format",
        "json",
        "--json-schema",
        &form,
        "--append-system-prompt",
        &told.system,
        &told.user,
    ];

    let [mut ours, mut theirs, mut ours_after, mut theirs_after] = <[Samples; 4]>::default();
    let (mut requests, mut cpu) = ([0, 0], Duration::ZERO);
    for sample in 0..samples {
        let before = stage.api.requests().len();
        if let Some(took) = stage.once(&by_hand).await {
            theirs_after.add(last().elapsed());
            theirs.add(took);
        }
        let between = stage.api.requests().len();

        let task = stage.task(ROLE, &format!("run-{sample}"));
        let (start, worked) = (Instant::now(), cpu_of_self());
        let report = stage.run(&task).await;
        ours.add(start.elapsed());
        ours_after.add(last().elapsed());
        cpu += cpu_of_self().saturating_sub(worked);
        assert!(matches!(report.answer, Answer::Result(_)), "{report:?}");
        requests[0] += stage.api.requests().len() - between;
        requests[1] += between - before;
    }

    eprintln!("\none agent, one answer");
    ours.line("through ClaudeAgent");
    ours_after.line("  of that after its model's answer");
    theirs.line("by hand, claude -p --output-format json");
    theirs_after.line("  of that after its model's answer");
    if let Some(times) = ours.ratio(&theirs) {
        let more = ours.median().as_secs_f64() - theirs.median().as_secs_f64();
        let more = more * 1e3;
        eprintln!("  {times:.2} times as long, {more:+.0} ms");
    }
    let runs = u32::try_from(samples).unwrap_or(u32::MAX);
    let computed = (cpu / runs).as_secs_f64() * 1e3;
    let [ours, theirs] = requests;
    eprintln!(
        "  requests to the API {ours} and {theirs}; this process, the API among it, computes \
         {computed:.1} ms per run"
    );
}

/// What this process has computed so far, in steps of 10 ms; nothing where there is no `/proc`.
fn cpu_of_self() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name, in parentheses, may contain anything.
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks = ticks.filter_map(|field| field.parse::<u64>().ok());
    Duration::from_millis(10 * ticks.sum::<u64>())
}
