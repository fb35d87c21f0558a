//! The protocol. Nothing else here knows the crate that speaks it.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use agent_client_protocol::schema::ProtocolVersion;
use agent_client_protocol::v1::ConnectionTo;
use agent_client_protocol::v1::schema::{
    CancelNotification, ContentBlock, HttpHeader, Implementation, InitializeRequest,
    LoadSessionRequest, McpServer, McpServerHttp, Meta, NewSessionRequest, PermissionOption,
    PermissionOptionKind, PromptRequest, RequestPermissionOutcome, RequestPermissionRequest,
    RequestPermissionResponse, SelectedPermissionOutcome, SessionConfigKind, SessionConfigOption,
    SessionConfigOptionCategory, SessionConfigOptionValue, SessionConfigSelectOption,
    SessionConfigSelectOptions, SessionNotification, SessionUpdate, SetSessionConfigOptionRequest,
    StopReason, TextContent, ToolCallStatus, ToolCallUpdateFields, ToolKind,
};
use agent_client_protocol::{Agent, Client, Error, ErrorCode, Lines};
use futures_util::{Sink, Stream, StreamExt as _, sink, stream};
use tokio::io::AsyncWriteExt as _;
use tokio::process::{ChildStdin, ChildStdout};
use tokio::sync::{Notify, oneshot};
use tokio::task::AbortHandle;
use tokio_util::codec::{FramedRead, LinesCodec, LinesCodecError};

use crate::acp::child::{Record, Speaker};
use crate::acp::heard::{Heard, ToolNews};
use crate::acp::live::Opening;
use crate::acp::policy::{Decision, Kind, Policy};
use crate::ask::{self, HttpServer};

/// The longest line that is read. A file of 5 MB that is written makes one of 6.
const LINE: usize = 32 << 20;

/// What an agent offers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Offers {
    /// Its name and version, if it told them.
    pub(super) name: Option<String>,
    /// Whether a session can be loaded again.
    pub(super) load: bool,
    /// Whether it takes MCP servers over HTTP.
    pub(super) http: bool,
}

/// How a turn ended, as the agent tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    Finished,
    MaxTokens,
    MaxTurns,
    Refusal,
    Cancelled,
    /// For a reason that this version does not know.
    Unknown,
}

/// Why the agent did not do what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// It wants to be logged in first.
    Login(String),
    /// It says that it knows no such session.
    NotFound,
    /// It refused, or failed.
    Said(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let mut text = error.message.clone();
        if let Some(data) = &error.data {
            let more = data
                .as_str()
                .map_or_else(|| data.to_string(), str::to_owned);
            text = format!("{text}: {more}");
        }
        if error.code == ErrorCode::AUTH_REQUIRED {
            Self::Login(text)
        } else if error.code == ErrorCode::RESOURCE_NOT_FOUND {
            Self::NotFound
        } else {
            Self::Said(text)
        }
    }
}

/// A connection to an agent. It ends, and with it the agent's input, when the value is dropped.
#[derive(Debug)]
pub(super) struct Connection {
    to: ConnectionTo<Agent>,
    pub(super) offers: Offers,
    heard: Arc<Mutex<Heard>>,
    asked: Arc<Notify>,
    driver: AbortHandle,
}

impl Connection {
    /// Connects and shakes hands.
    pub(super) async fn open(
        stdin: ChildStdin,
        stdout: ChildStdout,
        record: Arc<Record>,
        policy: Policy,
    ) -> Result<Self, Failure> {
        let heard = Arc::new(Mutex::new(Heard::default()));
        let (hears, judges) = (Arc::clone(&heard), Arc::clone(&heard));
        let asked = Arc::new(Notify::new());
        let asks = Arc::clone(&asked);
        let (send, receive) = oneshot::channel();
        let lines = Lines::new(
            outgoing(stdin, Arc::clone(&record)),
            incoming(stdout, record),
        );
        let connected = Client
            .v1()
            .name("sprint")
            .on_receive_notification(
                async move |news: SessionNotification, _| {
                    hear(&mut locked(&hears), news.update);
                    Ok(())
                },
                agent_client_protocol::on_receive_notification!(),
            )
            .on_receive_request(
                async move |request: RequestPermissionRequest,
                            responder,
                            to: ConnectionTo<Agent>| {
                    let outcome = judge(&policy, &mut locked(&judges), &request);
                    if outcome.is_none() {
                        // The turn has to end for a person to decide.
                        asks.notify_one();
                        to.send_notification(CancelNotification::new(request.session_id))?;
                    }
                    let outcome = outcome.unwrap_or(RequestPermissionOutcome::Cancelled);
                    responder.respond(RequestPermissionResponse::new(outcome))
                },
                agent_client_protocol::on_receive_request!(),
            )
            .connect_with(lines, async move |to: ConnectionTo<Agent>| {
                // Whoever waits for it may have gone.
                drop(send.send(to.clone()));
                to.incoming_closed().await;
                Ok(())
            });
        let driver = tokio::spawn(async move {
            if let Err(error) = connected.await {
                tracing::debug!(%error, "the connection to an agent ended");
            }
        });
        let gone = |_| Failure::Said("the connection ended at once".into());
        let mut connection = Self {
            to: receive.await.map_err(gone)?,
            offers: Offers::default(),
            heard,
            asked,
            driver: driver.abort_handle(),
        };
        connection.offers = connection.shake_hands().await?;
        Ok(connection)
    }

    async fn shake_hands(&self) -> Result<Offers, Failure> {
        let ours = Implementation::new("sprint", env!("CARGO_PKG_VERSION"));
        let hello = InitializeRequest::new(ProtocolVersion::V1).client_info(ours);
        let theirs = self.to.send_request(hello).block_task().await?;
        if theirs.protocol_version != ProtocolVersion::V1 {
            return Err(Failure::Said(format!(
                "it speaks version {} of ACP and not version 1",
                theirs.protocol_version
            )));
        }
        let can = theirs.agent_capabilities;
        Ok(Offers {
            name: theirs
                .agent_info
                .map(|info| format!("{} {}", info.name, info.version)),
            load: can.load_session,
            http: can.mcp_capabilities.http,
        })
    }

    /// Opens a session with our own server and no other.
    pub(super) async fn open_session(&self, opening: &Opening<'_>) -> Result<String, Failure> {
        let request = NewSessionRequest::new(opening.directory)
            .mcp_servers(servers(opening.server))
            .meta(only_ours(opening.reads_settings));
        let opened = self.to.send_request(request).block_task().await?;
        if let Some(model) = opening.model {
            let offered = opened.config_options.unwrap_or_default();
            match offered.iter().find(|option| offers_model(option, model)) {
                Some(option) => {
                    let choice = SetSessionConfigOptionRequest::new(
                        opened.session_id.clone(),
                        option.id.clone(),
                        SessionConfigOptionValue::value_id(model.to_owned()),
                    );
                    self.to.send_request(choice).block_task().await?;
                }
                None => tracing::warn!(model, "the agent offers no such model and uses its own"),
            }
        }
        Ok(opened.session_id.0.to_string())
    }

    /// Opens an earlier session again.
    pub(super) async fn load_session(
        &self,
        session: &str,
        opening: &Opening<'_>,
    ) -> Result<(), Failure> {
        let request = LoadSessionRequest::new(session.to_owned(), opening.directory)
            .mcp_servers(servers(opening.server))
            .meta(only_ours(opening.reads_settings));
        self.to.send_request(request).block_task().await?;
        Ok(())
    }

    /// Takes one turn. What is said in it is [`heard`](Self::heard).
    pub(super) async fn prompt(&self, session: &str, text: &str) -> Result<Stop, Failure> {
        self.heard().begin();
        let text = ContentBlock::Text(TextContent::new(text));
        let request = PromptRequest::new(session.to_owned(), vec![text]);
        let ended = self.to.send_request(request).block_task().await?;
        Ok(match ended.stop_reason {
            StopReason::EndTurn => Stop::Finished,
            StopReason::MaxTokens => Stop::MaxTokens,
            StopReason::MaxTurnRequests => Stop::MaxTurns,
            StopReason::Refusal => Stop::Refusal,
            StopReason::Cancelled => Stop::Cancelled,
            _ => Stop::Unknown,
        })
    }

    /// Asks it to end the turn.
    pub(super) fn cancel(&self, session: &str) {
        let notice = CancelNotification::new(session.to_owned());
        if let Err(error) = self.to.send_notification(notice) {
            tracing::debug!(%error, "nobody is there to be cancelled");
        }
    }

    /// Waits until a person is to decide about a use. Safe to cancel.
    pub(super) async fn asks(&self) {
        self.asked.notified().await;
    }

    pub(super) fn heard(&self) -> MutexGuard<'_, Heard> {
        locked(&self.heard)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// What is behind this lock is whole at every moment, whoever panics.
fn locked(heard: &Mutex<Heard>) -> MutexGuard<'_, Heard> {
    heard.lock().unwrap_or_else(PoisonError::into_inner)
}

fn servers(server: Option<&HttpServer>) -> Vec<McpServer> {
    let ours = |server: &HttpServer| {
        let header = HttpHeader::new("Authorization", server.token().header());
        let ours = McpServerHttp::new(ask::SERVER, server.url()).headers(vec![header]);
        McpServer::Http(ours)
    };
    server.map(ours).into_iter().collect()
}

/// Whether this is the choice of the model, with this one among those to choose.
fn offers_model(option: &SessionConfigOption, model: &str) -> bool {
    let SessionConfigKind::Select(select) = &option.kind else {
        return false;
    };
    let has = |options: &[SessionConfigSelectOption]| {
        options.iter().any(|option| &*option.value.0 == model)
    };
    option.category == Some(SessionConfigOptionCategory::Model)
        && match &select.options {
            SessionConfigSelectOptions::Ungrouped(options) => has(options),
            SessionConfigSelectOptions::Grouped(groups) => {
                groups.iter().any(|group| has(&group.options))
            }
            _ => false,
        }
}

/// What keeps an agent that runs Claude Code from the servers, hooks and settings of the user and
/// of the repository. To others it means nothing.
fn only_ours(reads_settings: bool) -> Meta {
    let sources: &[&str] = if reads_settings {
        &["user", "project", "local"]
    } else {
        &[]
    };
    let options = serde_json::json!({ "options": {
        "strictMcpConfig": true,
        "settingSources": sources,
        "disallowedTools": ["mcp__linear", "mcp__*inear*"],
    } });
    Meta::from_iter([("claudeCode".to_owned(), options)])
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "kinds of news are added all the time"
)]
fn hear(heard: &mut Heard, update: SessionUpdate) {
    match update {
        SessionUpdate::AgentMessageChunk(chunk) => {
            if let ContentBlock::Text(text) = chunk.content {
                heard.says(&text.text);
            }
        }
        SessionUpdate::ToolCall(call) => {
            let id = call.tool_call_id.clone();
            let fields = ToolCallUpdateFields::new()
                .title(call.title)
                .name(call.name)
                .kind(call.kind)
                .status(call.status)
                .locations(call.locations)
                .raw_input(call.raw_input);
            heard.uses(&id.0, news(fields));
        }
        SessionUpdate::ToolCallUpdate(update) => {
            heard.uses(&update.tool_call_id.0, news(update.fields));
        }
        SessionUpdate::UsageUpdate(usage) => {
            heard.tokens = heard.tokens.max(usage.used);
            if let Some(cost) = usage.cost.filter(|cost| cost.currency == "USD") {
                heard.cost_micro_usd = (cost.amount.max(0.0) * 1e6).round() as u64;
            }
        }
        _ => {}
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "what is not known is not harmless"
)]
fn news(fields: ToolCallUpdateFields) -> ToolNews {
    ToolNews {
        tool: fields.name.or(fields.title),
        kind: fields.kind.map(|kind| match kind {
            ToolKind::Read | ToolKind::Search | ToolKind::Think => Kind::Look,
            ToolKind::Edit | ToolKind::Delete | ToolKind::Move => Kind::Change,
            ToolKind::Execute => Kind::Execute,
            _ => Kind::Other,
        }),
        paths: fields
            .locations
            .unwrap_or_default()
            .into_iter()
            .map(|place| place.path)
            .collect(),
        input: fields.raw_input,
        over: match fields.status {
            Some(ToolCallStatus::Completed) => Some(true),
            Some(ToolCallStatus::Failed) => Some(false),
            _ => None,
        },
    }
}

/// What the agent is told about a use; `None` if a person is to decide.
fn judge(
    policy: &Policy,
    heard: &mut Heard,
    request: &RequestPermissionRequest,
) -> Option<RequestPermissionOutcome> {
    let call = &request.tool_call;
    let wanted = heard.uses(&call.tool_call_id.0, news(call.fields.clone()));
    let kinds = match policy.decide(&wanted) {
        Decision::Allow => [
            PermissionOptionKind::AllowOnce,
            PermissionOptionKind::AllowAlways,
        ],
        Decision::Refuse => {
            heard.refused = true;
            [
                PermissionOptionKind::RejectOnce,
                PermissionOptionKind::RejectAlways,
            ]
        }
        Decision::Ask => {
            heard.asks.get_or_insert_with(|| wanted.request());
            return None;
        }
    };
    Some(choose(kinds, &request.options))
}

fn choose(
    kinds: [PermissionOptionKind; 2],
    options: &[PermissionOption],
) -> RequestPermissionOutcome {
    let option = |kind| options.iter().find(|option| option.kind == kind);
    kinds
        .into_iter()
        .find_map(option)
        .map_or(RequestPermissionOutcome::Cancelled, |option| {
            let id = option.option_id.clone();
            RequestPermissionOutcome::Selected(SelectedPermissionOutcome::new(id))
        })
}

/// Lines to the agent.
fn outgoing(
    stdin: ChildStdin,
    record: Arc<Record>,
) -> impl Sink<String, Error = io::Error> + Send + 'static {
    sink::unfold(stdin, move |mut stdin, mut line: String| {
        record.said(Speaker::Us, &line);
        line.push('\n');
        async move {
            stdin.write_all(line.as_bytes()).await?;
            Ok(stdin)
        }
    })
}

/// Lines from the agent. What is no message, such as a word of greeting, or too long for one, is
/// left out; the record has it.
fn incoming(
    stdout: ChildStdout,
    record: Arc<Record>,
) -> impl Stream<Item = io::Result<String>> + Send + 'static {
    let lines = FramedRead::new(stdout, LinesCodec::new_with_max_length(LINE));
    stream::unfold((lines, record), async |(mut lines, record)| {
        loop {
            match lines.next().await? {
                Ok(line) => {
                    record.said(Speaker::Agent, &line);
                    if line.trim_start().starts_with('{') {
                        return Some((Ok(line), (lines, record)));
                    }
                }
                Err(LinesCodecError::Io(error)) if error.kind() != io::ErrorKind::InvalidData => {
                    return Some((Err(error), (lines, record)));
                }
                Err(error) => {
                    record.said(
                        Speaker::Agent,
                        &format!("[a line that was left out: {error}]"),
                    );
                    // After an error the reader says once that it has ended, and then goes on.
                    lines.next().await;
                }
            }
        }
    })
}
