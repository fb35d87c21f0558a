//! An agent that speaks ACP and does what its script says.

use std::io::{BufRead as _, Read as _, StdinLock, Write as _};
use std::process::{Command, exit};

use serde_json::{Value, json};

/// Plays `script` on standard input and output until the input ends.
pub(crate) fn play(script: &str) {
    let mut stage = Stage {
        script: script.to_owned(),
        input: std::io::stdin().lock(),
        session: "none".into(),
        server: Value::Null,
        model: "small".into(),
        prompts: 0,
    };
    while let Some(message) = stage.read() {
        stage.answer(&message);
    }
    exit(0);
}

struct Stage {
    script: String,
    input: StdinLock<'static>,
    session: String,
    server: Value,
    model: String,
    prompts: u32,
}

impl Stage {
    fn read(&mut self) -> Option<Value> {
        let mut line = String::new();
        self.input.read_line(&mut line).unwrap();
        (!line.is_empty()).then(|| serde_json::from_str(&line).unwrap())
    }

    fn send(&self, message: Value) {
        print_line(&message.to_string());
    }

    fn update(&self, update: Value) {
        let params = json!({ "sessionId": self.session, "update": update });
        self.send(json!({ "jsonrpc": "2.0", "method": "session/update", "params": params }));
    }

    fn say(&self, text: &str) {
        let content = json!({ "type": "text", "text": text });
        self.update(json!({ "sessionUpdate": "agent_message_chunk", "content": content }));
    }

    fn report(&self, text: &str) {
        self.say(&json!({ "report": text }).to_string());
    }

    fn answer(&mut self, message: &Value) {
        let Some(id) = message.get("id") else { return };
        let params = &message["params"];
        let result = match message["method"].as_str().unwrap() {
            "initialize" => json!({
                "protocolVersion": 1,
                "agentInfo": { "name": "scripted", "version": "1" },
                "agentCapabilities": {
                    "loadSession": self.script != "forgets",
                    "mcpCapabilities": { "http": true },
                },
            }),
            "session/new" if self.script == "login" => {
                let error = json!({ "code": -32000, "message": "Authentication required" });
                return self.send(json!({ "jsonrpc": "2.0", "id": id, "error": error }));
            }
            "session/new" => {
                self.session = "new".into();
                self.server = params["mcpServers"][0].clone();
                let models = ["small", "large"].map(|id| json!({ "value": id, "name": id }));
                json!({ "sessionId": self.session, "configOptions": [{
                    "id": "which", "name": "Model", "category": "model", "type": "select",
                    "currentValue": "small", "options": models,
                }] })
            }
            "session/set_config_option" => {
                assert_eq!(params["configId"], "which");
                self.model = params["value"].as_str().unwrap().to_owned();
                json!({ "configOptions": [] })
            }
            "session/load" if params["sessionId"] == "lost" => {
                let error = json!({ "code": -32002, "message": "Resource not found" });
                return self.send(json!({ "jsonrpc": "2.0", "id": id, "error": error }));
            }
            "session/load" => {
                let name = params["sessionId"].as_str().unwrap();
                std::fs::write("loaded", name).unwrap();
                self.session = format!("loaded {name}");
                self.report("what was said before");
                json!({})
            }
            "session/prompt" => {
                self.prompts += 1;
                match self.prompt(params["prompt"][0]["text"].as_str().unwrap()) {
                    Ok(stop) => json!({ "stopReason": stop }),
                    Err(error) => {
                        return self.send(json!({ "jsonrpc": "2.0", "id": id, "error": error }));
                    }
                }
            }
            other => panic!("unexpected {other}"),
        };
        self.send(json!({ "jsonrpc": "2.0", "id": id, "result": result }));
    }

    fn prompt(&mut self, text: &str) -> Result<&'static str, Value> {
        match self.script.as_str() {
            "team" => self.team(text),
            "session" | "forgets" => self.report(&self.session),
            "names its model" => self.report(&self.model),
            "prose" => self.say("I did it."),
            "prose first" if self.prompts == 1 => self.say("I did it."),
            "prose first" => self.report(text),
            "tokens" => return Ok("max_tokens"),
            "refuses" => return Ok("refusal"),
            "limited" => {
                let data = json!({ "details": "429 rate limit, retry after 7 s" });
                return Err(json!({ "code": -32603, "message": "Internal error", "data": data }));
            }
            "hangs" => {
                self.until_cancelled();
                return Ok("cancelled");
            }
            "is deaf" => {
                Command::new("/bin/sh")
                    .args(["-c", "setsid sleep 600 & echo > started; sleep 600"])
                    .status()
                    .unwrap();
            }
            "dies" => {
                eprintln!("no more memory");
                exit(3);
            }
            "spends" => {
                let cost = json!({ "amount": 0.25, "currency": "USD" });
                self.update(json!({
                    "sessionUpdate": "usage_update", "used": 1200, "size": 200_000, "cost": cost,
                }));
                self.report("x");
            }
            "talks nonsense" => self.talk_nonsense(),
            "tells secrets" => {
                eprintln!("password=hunter2");
                self.report(&format!("the key is {}", variable("MODEL_KEY")));
            }
            "writes what it sees" => {
                write_what_is_seen();
                self.report("x");
            }
            "shows its environment" => self.report(&names_of_variables()),
            "runs a command" => {
                let told = self.ask(
                    "execute",
                    "npm publish",
                    &json!({ "command": "npm publish" }),
                    &[],
                );
                self.say(&worker_result(&told));
                if told == "cancelled" {
                    return Ok("cancelled");
                }
            }
            "stops when refused" if self.prompts < 3 => {
                self.ask("execute", "ls", &json!({ "command": "ls" }), &[]);
            }
            "stops when refused" => self.report(text),
            "reads" => {
                let told = self.ask("execute", "ls", &json!({ "command": "ls" }), &[]);
                self.report(&told);
            }
            "reaches the tracker" => self.reach_the_tracker(),
            "edits" => {
                let file = std::env::current_dir().unwrap().join("a.txt");
                let told = self.ask("edit", "Write a.txt", &json!({}), &[file.to_str().unwrap()]);
                let outside = self.ask("edit", "Write b.txt", &json!({}), &["/elsewhere/b.txt"]);
                self.say(&worker_result(&format!("{told}, {outside}")));
            }
            _ => self.report("x"),
        }
        Ok("end_turn")
    }

    /// Asks whether a tool may be used: the option that was chosen, or `cancelled`.
    fn ask(&mut self, kind: &str, title: &str, input: &Value, paths: &[&str]) -> String {
        let paths: Vec<_> = paths.iter().map(|path| json!({ "path": path })).collect();
        let call = json!({
            "toolCallId": title, "title": title, "kind": kind, "rawInput": input,
            "locations": paths,
        });
        let options = [
            ("yes", "allow_once"),
            ("always", "allow_always"),
            ("no", "reject_once"),
        ];
        let options = options.map(|(id, kind)| json!({ "optionId": id, "name": id, "kind": kind }));
        let params = json!({ "sessionId": self.session, "toolCall": call, "options": options });
        self.send(json!({
            "jsonrpc": "2.0", "id": title, "method": "session/request_permission",
            "params": params,
        }));
        loop {
            let message = self.read().unwrap();
            if message["id"] == title {
                let outcome = &message["result"]["outcome"];
                let told = outcome.get("optionId").or_else(|| outcome.get("outcome"));
                return told.unwrap().as_str().unwrap().to_owned();
            }
        }
    }

    fn talk_nonsense(&self) {
        print_line("welcome\n{\"half\": ");
        print_line("{\"jsonrpc\":\"2.0\",\"method\":\"session/update\",\"params\":7}");
        std::io::stdout().write_all(b"caf\xe9\n").unwrap();
        print_line(&"x".repeat(40 << 20));
        self.update(json!({ "sessionUpdate": "something_new", "x": 1 }));
        self.say(&" ".repeat(5 << 20));
        self.report("x");
    }

    fn reach_the_tracker(&self) {
        for status in ["in_progress", "completed"] {
            self.update(json!({
                "sessionUpdate": "tool_call", "toolCallId": "1", "status": status,
                "title": "mcp__Linear_Server__save_issue", "kind": "other",
            }));
        }
        self.report("x");
    }

    fn until_cancelled(&mut self) {
        while self
            .read()
            .is_some_and(|message| message["method"] != "session/cancel")
        {}
    }

    /// A context agent reports, and then answers questions; a worker asks it twice.
    fn team(&mut self, text: &str) {
        if variable("SPRINT_ROLE") == "context" {
            if self.prompts == 1 {
                return self.say("start in src/lib.rs");
            }
            if text.contains("and then die") {
                exit(1);
            }
            return self.say(&format!("src/lib.rs:7, says number {}", self.prompts));
        }
        let asked = ["where is it?", "where is it? and then die", "where is it?"];
        let told = asked.map(|question| self.call(question));
        let mut told = told.join("\n");
        if !text.contains("start in src/lib.rs") {
            told.push_str("\nnothing of the report");
        }
        self.say(&worker_result(&told));
    }

    /// Calls the tool of the server it was given.
    fn call(&self, question: &str) -> String {
        let url = self.server["url"].as_str().unwrap();
        let address = url
            .strip_prefix("http://")
            .unwrap()
            .split('/')
            .next()
            .unwrap();
        let header = &self.server["headers"][0];
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
            "name": "ask_context", "arguments": { "question": question },
        } });
        let body = body.to_string();
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        write!(
            stream,
            "POST /mcp HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
             Accept: application/json, text/event-stream\r\nConnection: close\r\n\
             {}: {}\r\nContent-Length: {}\r\n\r\n{body}",
            header["name"].as_str().unwrap(),
            header["value"].as_str().unwrap(),
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let data = answer.lines().find_map(|line| line.strip_prefix("data: {"));
        let answer: Value = serde_json::from_str(&format!("{{{}", data.unwrap())).unwrap();
        answer["result"]["content"][0]["text"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}

fn names_of_variables() -> String {
    let names = std::env::vars_os().map(|(name, _)| name.into_string().unwrap());
    let names: std::collections::BTreeSet<_> = names.collect();
    names.into_iter().collect::<Vec<_>>().join(" ")
}

fn write_what_is_seen() {
    let seen = std::env::vars().map(|(name, value)| format!("{name}={value}\n"));
    std::fs::write("seen", seen.collect::<String>()).unwrap();
    let place = std::env::current_dir().unwrap();
    std::fs::write("where", place.to_str().unwrap()).unwrap();
}

fn print_line(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}

fn worker_result(note: &str) -> String {
    json!({
        "ticket_id": variable("SPRINT_TICKET"), "branch": "feat/eng-1", "status": "SUCCESS",
        "notes": [note],
    })
    .to_string()
}

fn variable(name: &str) -> String {
    std::env::var_os(name)
        .unwrap_or_default()
        .into_string()
        .unwrap()
}
