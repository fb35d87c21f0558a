//! What was asked and answered, for the record.

use std::fmt::Write as _;
use std::time::Duration;

use sprint_core::domain::agent::TeammateReport;

/// One question and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Exchange {
    pub(super) question: String,
    /// The answer, or why there is none.
    pub(super) outcome: Result<String, String>,
    /// Signs of degradation in the answer.
    pub(super) signs: Vec<String>,
    pub(super) took: Duration,
}

impl Exchange {
    /// What the worker is told.
    pub(super) fn told(&self) -> Result<String, String> {
        match &self.outcome {
            Ok(answer) if self.signs.is_empty() => Ok(answer.clone()),
            Ok(answer) => Ok(format!(
                "{answer}\n\n[Do not rely on this answer: {}. Read the files yourself.]",
                self.signs.join("; ")
            )),
            Err(reason) => Err(format!(
                "The context agent gave no answer: {reason}. Read the files yourself, go on, and \
                 note it in your result."
            )),
        }
    }
}

pub(super) fn count(exchanges: &[Exchange]) -> TeammateReport {
    let number = |of: fn(&Exchange) -> bool| {
        u32::try_from(exchanges.iter().filter(|exchange| of(exchange)).count()).unwrap_or(u32::MAX)
    };
    TeammateReport {
        questions: number(|_| true),
        answered: number(|exchange| exchange.outcome.is_ok()),
        degraded: number(|exchange| !exchange.signs.is_empty()),
        ..TeammateReport::default()
    }
}

/// All of it, to be read by people. What was said is quoted, so that it cannot pass for anything
/// else.
pub(super) fn text(exchanges: &[Exchange]) -> Option<String> {
    let mut text = String::new();
    for (number, exchange) in (1..).zip(exchanges) {
        let (outcome, said) = match &exchange.outcome {
            Ok(answer) => ("answered".to_owned(), Some(answer)),
            Err(reason) => (format!("not answered, {}", one_line(reason)), None),
        };
        let took = exchange.took.as_millis();
        _ = writeln!(text, "question {number}, {outcome}, after {took} ms:");
        quote(&mut text, &exchange.question);
        if let Some(answer) = said {
            text.push_str("answer:\n");
            quote(&mut text, answer);
        }
        for sign in &exchange.signs {
            _ = writeln!(text, "sign of degradation: {}", one_line(sign));
        }
    }
    (!text.is_empty()).then_some(text)
}

fn quote(text: &mut String, said: &str) {
    for line in said.lines() {
        _ = writeln!(text, "> {line}");
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
