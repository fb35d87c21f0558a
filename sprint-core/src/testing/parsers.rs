//! Every parser of files that people or other programs write, by name, for fuzzing.
//!
//! Each takes any bytes, as they may stand in a file, and panics where a rule of the parser is broken.
//! `fuzz/` runs them under libFuzzer, `tests/parsers.rs` on the corpus and on what grows from it.

mod phases;
mod sources;

use crate::config;
use crate::domain::agent::{Role, RoleResult};
use crate::domain::evidence::EvidenceTrailer;
use crate::domain::markdown;
use crate::domain::ticket::TicketStatus;
use crate::domain::{failure_patterns, hints, pipeline_state, statement};
use crate::local::journal::replay_bytes;
use crate::local::store::parse_state;
use crate::local::{comment_file, lessons, ticket_file::TicketFile};
use crate::plan::edge_cases::EdgeCase;
use crate::plan::files;

/// A parser and the name of its corpus.
#[derive(Clone, Copy, Debug)]
pub struct Parser {
    /// The name of its target and of its corpus.
    pub name: &'static str,
    /// Parses, and checks what came of it.
    pub run: fn(&[u8]),
}

/// All of them.
pub const PARSERS: [Parser; 18] = [
    Parser {
        name: "ticket_file",
        run: ticket_file,
    },
    Parser {
        name: "comment_file",
        run: comments,
    },
    Parser {
        name: "config",
        run: configuration,
    },
    Parser {
        name: "hints",
        run: hint_file,
    },
    Parser {
        name: "failure_patterns",
        run: patterns,
    },
    Parser {
        name: "statement",
        run: problem_statement,
    },
    Parser {
        name: "state",
        run: state,
    },
    Parser {
        name: "journal",
        run: journal,
    },
    Parser {
        name: "lessons",
        run: progress,
    },
    Parser {
        name: "trailer",
        run: trailer,
    },
    Parser {
        name: "agent_result",
        run: agent_result,
    },
    Parser {
        name: "source",
        run: sources::source,
    },
    Parser {
        name: "manifest",
        run: sources::manifest,
    },
    Parser {
        name: "change",
        run: sources::change,
    },
    Parser {
        name: "command_line",
        run: sources::command_line,
    },
    Parser {
        name: "phase_graph",
        run: phases::phase_graph,
    },
    Parser {
        name: "artifact",
        run: phases::artifact,
    },
    Parser {
        name: "precedents",
        run: phases::precedents,
    },
];

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

fn ticket_file(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let Ok(file) = TicketFile::parse(text) else {
        return;
    };
    for path in files::planned(&file.ticket) {
        let outside = path.as_str().split('/').any(|part| part == "..");
        assert!(!outside && !path.as_str().starts_with('/'), "{path}");
    }
    for case in EdgeCase::of(&file.ticket) {
        drop(case.keyword());
    }
    for status in [TicketStatus::Todo, TicketStatus::Done] {
        let changed = file.with_status(text, status);
        let again = TicketFile::parse(&changed).map(|file| file.ticket);
        let mut expected = file.ticket.clone();
        expected.status = status;
        assert_eq!(again.ok(), Some(expected), "only the status changes");
    }
}

fn comments(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let before = comment_file::parse(text);
    let next = comment_file::append(text, "key", text);
    let after = comment_file::parse(&next);
    assert_eq!(after.len(), before.len() + 1, "one comment is one comment");
    assert!(after.starts_with(&before) || before.is_empty() || open_at_end(text));
}

/// Whether the last comment lacks its end, so that what follows may lengthen it.
fn open_at_end(text: &str) -> bool {
    let mut open = false;
    for line in text.split('\n') {
        let line = line.strip_suffix('\r').unwrap_or(line);
        open |= line.starts_with("<!-- sprint-comment key=") && line.ends_with(" -->");
        open &= line != "<!-- /sprint-comment -->";
    }
    open
}

fn configuration(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    drop(config::parse_inline(text));
    if let Err(error) = config::parse_yaml(text, None) {
        assert!(!error.issues.is_empty(), "a refusal has a reason");
    }
}

fn hint_file(bytes: &[u8]) {
    if let Ok((hints, faults)) = hints::parse(bytes) {
        for fault in &faults {
            assert!(!fault.to_string().contains('\n'), "one line each");
        }
        let paths = hints.tickets.values().flat_map(hints::TicketHint::files);
        for path in paths {
            let outside = path.as_str().split('/').any(|part| part == "..");
            assert!(!outside && !path.as_str().starts_with('/'), "{path}");
        }
    }
}

fn patterns(bytes: &[u8]) {
    drop(failure_patterns::parse(bytes));
}

fn problem_statement(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let (found, _) = statement::parse(text);
    if let Some(problem) = found.problem {
        assert!(text.contains(&problem));
    }
    for heading in markdown::headings(text) {
        assert!(
            markdown::section(text, heading.text).is_some(),
            "what is there is found"
        );
    }
}

fn state(bytes: &[u8]) {
    if let Ok(state) = pipeline_state::parse(bytes) {
        let (complete, total) = state.progress();
        assert!(complete <= total && state.owned().count() <= total);
    }
    drop(parse_state(bytes));
}

fn journal(bytes: &[u8]) {
    if let Ok(Some(tail)) = replay_bytes(bytes) {
        assert!(bytes.ends_with(&tail), "the tail is the end");
    }
}

fn progress(bytes: &[u8]) {
    if let Some(told) = lessons::told(&String::from_utf8_lossy(bytes)) {
        assert!(!told.is_empty());
    }
}

fn trailer(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    if let Ok(trailer) = EvidenceTrailer::read(text) {
        assert!(
            trailer.details.is_none() || text.contains(&trailer.to_string()),
            "its own words"
        );
        trailer.is_verbatim(text);
    }
}

fn agent_result(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    for role in Role::ALL {
        drop(RoleResult::parse(role, text));
    }
}
