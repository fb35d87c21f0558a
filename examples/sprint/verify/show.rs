//! What `sprint verify` prints.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sprint_core::domain::command::CheckRun;
use sprint_core::domain::verdict::{LayerId, Outcome, Verdict};
use sprint_core::evidence::{EvidenceReport, EvidenceStatus, Judged};
use sprint_core::run::ticket::Checked;

use super::Verified;
use crate::cli::Cli;
use crate::say;

/// Prints every ticket, then how many there are of each status.
pub(super) fn show(cli: &Cli, all: &[Verified<'_>]) {
    let mut count = BTreeMap::new();
    for verified in all {
        let name = verified.report.status().name();
        *count.entry(name.to_lowercase()).or_insert(0) += 1;
        if cli.json {
            say(&document(verified).to_string());
        } else {
            say(&text(verified));
        }
    }
    if cli.json {
        say(&json!({ "summary": count }).to_string());
    } else if all.is_empty() {
        say("no ticket of this sprint has evidence yet");
    } else {
        let counts: Vec<_> = count
            .iter()
            .map(|(name, n)| format!("{n} {name}"))
            .collect();
        say(&format!("{} tickets: {}", all.len(), counts.join(", ")));
    }
}

fn text(verified: &Verified<'_>) -> String {
    let EvidenceReport {
        ticket,
        counts,
        others,
    } = &verified.report;
    let status = verified.report.status();
    let mut lines = vec![format!("{ticket}  {}  {}", status.name(), status.why())];
    if let Some(judged) = counts {
        if let Some(trailer) = &judged.trailer {
            let marker = &trailer.marker;
            lines.push(format!("  commit {} of {}", marker.commit, marker.branch));
        }
        lines.push(format!("  comment {}", plain(&judged.comment.0)));
    }
    lines.push(format!("  ticket {}", verified.stage));
    for layer in layers(verified.checked) {
        lines.push(format!(
            "  {:20} {:8} {}",
            layer.name,
            layer.result,
            plain(layer.ground)
        ));
        let runs = layer.runs.iter();
        lines.extend(runs.map(|run| format!("    {}, output {}", outcome(run), run.output)));
    }
    lines.extend(remarks(&status).map(|remark| format!("  remark: {remark}")));
    for other in others {
        let (name, why) = (other.status.name(), other.status.why());
        lines.push(format!(
            "  besides {}: {name}, {why}",
            plain(&other.comment.0)
        ));
    }
    lines.push(String::new());
    lines.join("\n")
}

fn document(verified: &Verified<'_>) -> Value {
    let status = verified.report.status();
    let counts = verified.report.counts.as_ref();
    let marker = counts.and_then(|judged| judged.trailer.as_ref());
    let marker = marker.map(|trailer| &trailer.marker);
    let layers = layers(verified.checked).into_iter().map(|layer| {
        let runs = layer.runs.iter().map(|run| {
            json!({
                "check": run.check,
                "command": run.command,
                "exit": run.exit,
                "count": run.count,
                "output": run.output,
            })
        });
        json!({
            "layer": layer.name,
            "result": layer.result,
            "rests_on": layer.ground,
            "runs": runs.collect::<Vec<_>>(),
        })
    });
    let other = |other: &Judged| {
        json!({
            "comment": other.comment,
            "status": other.status.name(),
            "why": other.status.why(),
        })
    };
    json!({
        "ticket": verified.report.ticket,
        "stage": verified.stage,
        "status": status.name(),
        "why": status.why(),
        "remarks": remarks(&status).collect::<Vec<_>>(),
        "comment": counts.map(|judged| &judged.comment),
        "commit": marker.map(|marker| &marker.commit),
        "tree": marker.map(|marker| &marker.tree),
        "branch": marker.map(|marker| &marker.branch),
        "layers": layers.collect::<Vec<_>>(),
        "others": verified.report.others.iter().map(other).collect::<Vec<_>>(),
    })
}

fn remarks(status: &EvidenceStatus) -> impl Iterator<Item = String> {
    let remarks = match status {
        EvidenceStatus::Valid { remarks, .. } => remarks.as_slice(),
        EvidenceStatus::Missing(_) | EvidenceStatus::Mismatched(_) | EvidenceStatus::Voided(_) => {
            &[]
        }
    };
    remarks.iter().map(ToString::to_string)
}

/// A layer's decision, as the sprint saved it.
struct Layer<'a> {
    name: String,
    result: &'static str,
    /// What the decision rests on, or why there was nothing to decide.
    ground: &'a str,
    runs: &'a [CheckRun],
}

fn layers(checked: Option<&Checked>) -> Vec<Layer<'_>> {
    let Some(checked) = checked else {
        return Vec::new();
    };
    let verdict = |id| Some(layer(id, checked.verdicts.get(&id)?));
    LayerId::ALL.into_iter().filter_map(verdict).collect()
}

fn layer(id: LayerId, verdict: &Verdict) -> Layer<'_> {
    let (result, ground) = match &verdict.outcome {
        Outcome::Passed => ("passed", ground(id)),
        Outcome::Failed => ("failed", ground(id)),
        Outcome::Skipped(reason) => ("skipped", reason.as_str()),
    };
    Layer {
        name: id.to_string(),
        result,
        ground,
        runs: &verdict.runs,
    }
}

/// Whose word, or what sight, a layer rests on.
const fn ground(id: LayerId) -> &'static str {
    match id {
        LayerId::Exhaustion | LayerId::Preflight | LayerId::Evidence => "the worker's own words",
        LayerId::Mechanical | LayerId::Integration => "commands the engine ran",
        LayerId::Review => "the words of a reviewing agent",
        LayerId::EdgeCases => "the tests in the commit",
        LayerId::Human => "the decision of a person",
        LayerId::Completion => "the words of a judging agent",
        LayerId::Simplifier => "the words of a simplifying agent",
        LayerId::Host(_) => "a layer of the host",
        LayerId::StaleBase => "a merge with base in memory",
    }
}

fn outcome(run: &CheckRun) -> String {
    format!("{} {}, {}", run.check, run.exit, run.count)
}

/// Text of others, without what a terminal would act on.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}
