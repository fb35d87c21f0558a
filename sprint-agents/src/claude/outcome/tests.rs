use std::fmt::Write as _;

use super::*;

fn failed() -> ResultMessage {
    ResultMessage {
        subtype: "success".into(),
        is_error: true,
        text: "text".into(),
        ..ResultMessage::default()
    }
}

fn named(outcome: &Outcome) -> String {
    let shown = format!("{outcome:?}");
    shown
        .split(['(', ' ', '{'])
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// How a failed turn with this status and this name of a failure is read.
fn by_status(status: Option<u16>, error: Option<&str>) -> String {
    let result = ResultMessage {
        api_status: status,
        ..failed()
    };
    let clues = Clues {
        error: error.map(str::to_owned),
        ..Clues::default()
    };
    named(&Outcome::of(result, &clues, false))
}

#[test]
fn every_status_and_every_name_of_a_failure_has_one_meaning() {
    let statuses = [
        None,
        Some(400),
        Some(401),
        Some(403),
        Some(404),
        Some(408),
        Some(413),
        Some(422),
        Some(429),
        Some(500),
        Some(503),
        Some(529),
    ];
    let errors = [
        None,
        Some("unknown"),
        Some("authentication_failed"),
        Some("billing_error"),
        Some("invalid_request"),
        Some("max_output_tokens"),
        Some("model_not_found"),
        Some("rate_limit"),
        Some("server_error"),
    ];
    let mut table = String::new();
    for error in errors {
        let row = statuses.map(|status| by_status(status, error));
        writeln!(table, "{}: {}", error.unwrap_or("-"), row.join(" ")).unwrap();
    }
    insta::assert_snapshot!(table, @r"
    -: Unknown Config Auth Auth Config Transient ContextExhausted Config RateLimited Transient Transient Transient
    unknown: Unknown Config Auth Auth Config Transient ContextExhausted Config RateLimited Transient Transient Transient
    authentication_failed: Auth Auth Auth Auth Config Transient ContextExhausted Auth RateLimited Transient Transient Transient
    billing_error: Auth Auth Auth Auth Config Transient ContextExhausted Auth RateLimited Transient Transient Transient
    invalid_request: Config Config Auth Auth Config Transient ContextExhausted Config RateLimited Transient Transient Transient
    max_output_tokens: OutputLimit Config Auth Auth Config Transient ContextExhausted Config RateLimited Transient Transient Transient
    model_not_found: Config Config Auth Auth Config Transient ContextExhausted Config RateLimited Transient Transient Transient
    rate_limit: RateLimited Config Auth Auth Config Transient ContextExhausted Config RateLimited Transient Transient Transient
    server_error: Transient Config Auth Auth Config Transient ContextExhausted Config RateLimited Transient Transient Transient
    ");
}

#[test]
fn the_reason_of_the_end_comes_before_the_status() {
    let read = |subtype: &str, terminal: Option<&str>, text: &str, stop: Option<&str>| {
        let result = ResultMessage {
            subtype: subtype.into(),
            terminal_reason: terminal.map(str::to_owned),
            text: text.into(),
            stop_reason: stop.map(str::to_owned),
            ..failed()
        };
        named(&Outcome::of(result, &Clues::default(), false))
    };
    for (subtype, terminal, text, stop, expect) in [
        ("error_max_turns", Some("max_turns"), "", None, "MaxTurns"),
        ("error_max_budget_usd", None, "", None, "Budget"),
        (
            "error_max_structured_output_retries",
            None,
            "",
            None,
            "SchemaRetries",
        ),
        (
            "error_during_execution",
            Some("aborted_tools"),
            "",
            None,
            "Cancelled",
        ),
        (
            "error_during_execution",
            Some("aborted_streaming"),
            "",
            None,
            "Cancelled",
        ),
        ("error_during_execution", None, "bug", None, "Unknown"),
        (
            "success",
            Some("blocking_limit"),
            "Prompt is too long",
            None,
            "ContextExhausted",
        ),
        (
            "success",
            Some("prompt_too_long"),
            "x",
            None,
            "ContextExhausted",
        ),
        (
            "success",
            None,
            "Prompt is too long · y",
            None,
            "ContextExhausted",
        ),
        (
            "success",
            None,
            "The model has reached its context window limit.",
            None,
            "ContextExhausted",
        ),
        (
            "success",
            None,
            "Not logged in · Please run /login",
            None,
            "Auth",
        ),
        ("success", None, "no", Some("refusal"), "Refusal"),
        ("success", None, "something new", None, "Unknown"),
        ("something_new", None, "", None, "Unknown"),
    ] {
        assert_eq!(
            read(subtype, terminal, text, stop),
            expect,
            "{subtype} {terminal:?} {text}"
        );
    }
}

#[test]
fn an_answer_is_judged_by_what_was_wanted() {
    let value = || Some(serde_json::json!({ "n": 7 }));
    for (text, structured, stop, wants_value, expect) in [
        ("text", None, "end_turn", false, "Done"),
        (" \n", None, "end_turn", false, "Empty"),
        ("", value(), "end_turn", true, "Done"),
        ("{}", None, "end_turn", true, "Unstructured"),
        ("", None, "end_turn", true, "Unstructured"),
        ("so far", None, "pause_turn", false, "Paused"),
        ("so far", None, "pause_turn", true, "Paused"),
        ("no", None, "refusal", false, "Refusal"),
    ] {
        let result = ResultMessage {
            is_error: false,
            text: text.into(),
            structured,
            stop_reason: Some(stop.into()),
            ..failed()
        };
        let read = named(&Outcome::of(result, &Clues::default(), wants_value));
        assert_eq!(read, expect, "{text:?} {stop} {wants_value}");
    }
}

#[test]
fn a_limit_says_how_long_to_wait() {
    let at = Timestamp::from_millis;
    let clues = Clues {
        error: None,
        rejected: true,
        until: Some(at(90_000)),
        wait: Some(Duration::from_secs(2)),
    };
    let limited = Outcome::of(failed(), &clues, false);
    for (now, wait_ms) in [(30_000, 60_000), (89_000, 2000), (100_000, 2000)] {
        let kind = ErrorKind::RateLimited {
            retry_after_ms: Some(wait_ms),
        };
        assert_eq!(
            limited.meaning(at(now)),
            Meaning::Trouble(kind, "text".into())
        );
    }
}

#[test]
fn every_outcome_has_a_meaning() {
    let text = || "why".to_owned();
    let outcomes = [
        Outcome::Done {
            text: text(),
            structured: None,
        },
        Outcome::Empty,
        Outcome::Unstructured { text: text() },
        Outcome::Paused { text: text() },
        Outcome::Cancelled,
        Outcome::TimedOut,
        Outcome::Silent,
        Outcome::Breach(text()),
        Outcome::Unexpected(text()),
        Outcome::Auth(text()),
        Outcome::RateLimited {
            message: text(),
            until: None,
            wait: None,
        },
        Outcome::Transient(text()),
        Outcome::Config(text()),
        Outcome::ContextExhausted(text()),
        Outcome::OutputLimit,
        Outcome::MaxTurns,
        Outcome::Budget,
        Outcome::SchemaRetries,
        Outcome::Refusal(text()),
        Outcome::Unknown(text()),
        Outcome::Overflow(7),
        Outcome::Crashed {
            exit: Exit::Code(1),
            stderr: text(),
        },
        Outcome::Crashed {
            exit: Exit::Signal(9),
            stderr: String::new(),
        },
    ];
    let mut table = String::new();
    for outcome in outcomes {
        let meaning = match outcome.meaning(Timestamp::from_millis(0)) {
            Meaning::Answered => "answered".to_owned(),
            Meaning::AgentFailed(why) => format!("agent failed: {why}"),
            Meaning::Trouble(kind, why) => format!("{kind:?}: {why}"),
        };
        writeln!(table, "{} | {meaning}", named(&outcome)).unwrap();
    }
    insta::assert_snapshot!(table, @r"
    Done | answered
    Empty | agent failed: the agent answered nothing
    Unstructured | agent failed: the agent did not answer in the form asked for
    Paused | agent failed: the agent stopped in the middle of its answer
    Cancelled | Transient: the turn was interrupted
    TimedOut | Timeout: the turn took longer than it may
    Silent | Timeout: the agent showed no sign of life for longer than it may
    Breach | Breach: why
    Unexpected | Invalid: why
    Auth | Fatal: why
    RateLimited | RateLimited { retry_after_ms: None }: why
    Transient | Transient: why
    Config | Invalid: why
    ContextExhausted | agent failed: the conversation became longer than the model can read: why
    OutputLimit | agent failed: the answer is longer than the model can write
    MaxTurns | agent failed: the agent took more rounds than it may
    Budget | agent failed: the agent spent more than it may
    SchemaRetries | agent failed: the agent gave no value of the form asked for
    Refusal | agent failed: the model refused: why
    Unknown | Transient: why
    Overflow | agent failed: the agent printed a line of 7 bytes, which is too long to be read
    Crashed | Transient: the agent's process ended: exit 1: why
    Crashed | Transient: the agent's process ended: signal 9
    ");
}

#[test]
fn texts_of_failures_are_cleaned_and_answers_are_not() {
    let clean = |outcome: Outcome| format!("{:?}", outcome.cleaned(|_| "clean".into()));
    let crashed = Outcome::Crashed {
        exit: Exit::Code(1),
        stderr: "secret".into(),
    };
    for dirty in [
        Outcome::Auth("secret".into()),
        Outcome::Unknown("secret".into()),
        crashed,
    ] {
        let shown = clean(dirty);
        assert!(
            shown.contains("clean") && !shown.contains("secret"),
            "{shown}"
        );
    }
    let done = Outcome::Done {
        text: "answer".into(),
        structured: None,
    };
    assert!(clean(done).contains("answer"));
}
