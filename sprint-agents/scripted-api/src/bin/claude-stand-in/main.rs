//! A stand-in for `claude`, for those who do not have the real one.
//!
//! It speaks the live stream-json protocol of Claude Code, asks whatever API
//! `ANTHROPIC_BASE_URL` names, and really runs Bash, Read, Write and Edit under the permission
//! rules. It has no subagents, no hooks, no compaction, no fallback models, starts no MCP servers
//! of its own, and reads no settings. What tests see of it proves the host, not Claude Code.

#![expect(clippy::future_not_send, reason = "one thread runs everything")]

mod api;
mod conversation;
mod options;
mod rules;
mod schema;
mod servers;
mod session;
mod tools;
mod turn;
mod wire;

use std::env;
use std::path::PathBuf;
use std::pin::pin;
use std::process::ExitCode;

use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};

use crate::conversation::Conversation;
use crate::options::Options;
use crate::rules::Mode;
use crate::session::Session;
use crate::turn::Turn;
use crate::wire::Line;

/// The version of Claude Code that it is like.
const VERSION: &str = "2.1.197";

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    if let [flag, command] = &arguments[..]
        && flag == tools::AS_SHELL
    {
        eprintln!("{}", tools::become_shell(command));
        return ExitCode::FAILURE;
    }
    match start(arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("Error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn start(arguments: Vec<String>) -> Result<ExitCode, String> {
    let options = Options::parse(arguments)?;
    if options.version {
        wire::say(&format!("{VERSION} (stand-in)"));
        return Ok(ExitCode::SUCCESS);
    }
    if options.input_format != "stream-json" || options.output_format != "stream-json" {
        return Err("the stand-in speaks stream-json only, both ways".to_owned());
    }
    if !options.verbose {
        return Err("--output-format=stream-json requires --verbose".to_owned());
    }
    let root = rustix::process::geteuid().is_root();
    if options.mode == Mode::Bypass && root && env::var_os("IS_SANDBOX").is_none() {
        return Err("permissions cannot be skipped with root privileges".to_owned());
    }
    let here = env::current_dir().map_err(|error| error.to_string())?;
    let config = env::var_os("CLAUDE_CONFIG_DIR").map(PathBuf::from);
    let home = || env::var_os("HOME").map(|home| PathBuf::from(home).join(".claude"));
    let config = config
        .or_else(home)
        .ok_or("neither CLAUDE_CONFIG_DIR nor HOME is set")?;
    let opened = Conversation::open(&options, &config, &here)?;
    let session = Session::new(options, here, opened);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let served = runtime.block_on(serve(&session));
    // Nothing waits for a stdin that is still open.
    runtime.shutdown_background();
    served.map(|failed| ExitCode::from(u8::from(failed)))
}

/// Takes turns until the input ends. Returns whether the last one failed.
async fn serve(session: &Session) -> Result<bool, String> {
    let mut lines = wire::lines();
    let mut stop = signal(SignalKind::interrupt()).map_err(|error| error.to_string())?;
    let mut said = Vec::new();
    let (mut open, mut stopped, mut failed) = (true, false, false);
    while !stopped {
        if said.is_empty() {
            let line = tokio::select! {
                _ = stop.recv() => break,
                line = lines.recv() => line,
            };
            let Some(line) = line.filter(|_| open) else {
                break;
            };
            hear(session, line, &mut said).await?;
            continue;
        }
        let turn = Turn::new(session);
        let ended = {
            let mut running = pin!(turn.run(together(said.drain(..))));
            loop {
                tokio::select! {
                    failed = &mut running => break Some(failed),
                    _ = stop.recv() => {
                        stopped = true;
                        break None;
                    }
                    line = lines.recv(), if open => match line {
                        None => open = false,
                        Some(line) => if hear(session, line, &mut said).await? == Heard::Interrupt {
                            break None;
                        }
                    }
                }
            }
        };
        failed = ended.unwrap_or_else(|| turn.interrupted());
    }
    Ok(failed && !stopped)
}

#[derive(Debug, PartialEq, Eq)]
enum Heard {
    Interrupt,
    Other,
}

/// Takes one line: answers it, hands it on, or keeps it in `said` for the next turn.
async fn hear(session: &Session, line: Line, said: &mut Vec<Value>) -> Result<Heard, String> {
    let mut line = match line {
        Line::Message(line) => line,
        Line::Garbage(error) => return Err(format!("a line on stdin is no JSON: {error}")),
    };
    match line["type"].as_str().unwrap_or_default() {
        "user" => said.push(line["message"]["content"].take()),
        "control_response" => session.wire.answered(line),
        "control_request" => {
            let (id, request) = (&line["request_id"], &line["request"]);
            if request["subtype"] == "interrupt" {
                session.wire.reply(id, Ok(Value::Null));
                return Ok(Heard::Interrupt);
            }
            let answer = session.control(request).await;
            session.wire.reply(id, answer);
        }
        // The real one takes no notice either.
        _ => {}
    }
    Ok(Heard::Other)
}

/// What was said while a turn ran is one message of the next.
fn together(mut said: impl ExactSizeIterator<Item = Value>) -> Value {
    match said.next() {
        Some(only) if said.len() == 0 => only,
        first => {
            let texts = first.into_iter().chain(said);
            let texts: Vec<_> = texts
                .filter_map(|text| Some(text.as_str()?.to_owned()))
                .collect();
            json!(texts.join("\n"))
        }
    }
}
