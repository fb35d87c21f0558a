//! What the service keeps. All times are milliseconds since 1970.

use serde_json::{Map, Value};

/// A person of the organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The id, a UUID.
    pub id: String,
    /// The full name.
    pub name: String,
    /// The e-mail address.
    pub email: String,
    /// When the account was made.
    pub created_at: u64,
}

/// A team, and the switches that move its issues.
#[derive(Debug, Clone, PartialEq)]
pub struct Team {
    /// The id, a UUID; empty until the team is added.
    pub id: String,
    /// The name.
    pub name: String,
    /// The prefix of the identifiers.
    pub key: String,
    /// The number of the next issue.
    pub next_number: u64,
    /// The state of an issue created without one; the first unstarted one if none is said.
    pub default_state: Option<String>,
    /// The triage state, when triage is on and new issues without a state go there.
    pub triage_state: Option<String>,
    /// Whether a parent is completed when its last child is.
    pub auto_close_parents: bool,
    /// When the team was retired.
    pub retired_at: Option<u64>,
    /// When the team was made.
    pub created_at: u64,
}

impl Team {
    /// A team with no states; its first issue gets number 1.
    pub fn new(name: &str, key: &str) -> Self {
        Self {
            id: String::new(),
            name: name.to_owned(),
            key: key.to_owned(),
            next_number: 1,
            default_state: None,
            triage_state: None,
            auto_close_parents: false,
            retired_at: None,
            created_at: 0,
        }
    }
}

/// A workflow state of one team.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// The id, a UUID.
    pub id: String,
    /// The team's id.
    pub team: String,
    /// The name.
    pub name: String,
    /// `triage backlog unstarted started completed canceled duplicate`, or a word of the future.
    pub kind: String,
    /// The order among states.
    pub position: f64,
    /// When the state was made.
    pub created_at: u64,
    /// When the state was deleted.
    pub archived_at: Option<u64>,
}

/// A label of a team or, without one, of the organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The id, a UUID.
    pub id: String,
    /// The team's id.
    pub team: Option<String>,
    /// The name.
    pub name: String,
    /// The colour, `#rrggbb`.
    pub color: String,
    /// The description.
    pub description: Option<String>,
    /// When the label was made.
    pub created_at: u64,
}

/// A project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// The id, a UUID.
    pub id: String,
    /// The ids of the teams.
    pub teams: Vec<String>,
    /// The name.
    pub name: String,
    /// The short description.
    pub description: String,
    /// The long text.
    pub content: Option<String>,
    /// Who made it.
    pub creator: String,
    /// When it was made.
    pub created_at: u64,
    /// When it was changed last.
    pub updated_at: u64,
    /// When it was archived or deleted.
    pub archived_at: Option<u64>,
    /// Whether it was deleted.
    pub trashed: bool,
}

/// An issue.
#[derive(Debug, Clone, PartialEq)]
pub struct Issue {
    /// The id, a UUID.
    pub id: String,
    /// The order of creation in the whole server.
    pub seq: u64,
    /// The team's id.
    pub team: String,
    /// The number in the team.
    pub number: u64,
    /// The name for people, `ENG-12`.
    pub identifier: String,
    /// The names it had before.
    pub previous_identifiers: Vec<String>,
    /// The title.
    pub title: String,
    /// The description as stored.
    pub description: Option<String>,
    /// The state's id.
    pub state: String,
    /// 0 none, 1 urgent to 4 low.
    pub priority: i64,
    /// The estimate.
    pub estimate: Option<i64>,
    /// The ids of the labels.
    pub labels: Vec<String>,
    /// The project's id.
    pub project: Option<String>,
    /// The parent's id.
    pub parent: Option<String>,
    /// The assignee's id.
    pub assignee: Option<String>,
    /// Who made it.
    pub creator: String,
    /// When it was made.
    pub created_at: u64,
    /// When it was changed last.
    pub updated_at: u64,
    /// When work began.
    pub started_at: Option<u64>,
    /// When it was completed.
    pub completed_at: Option<u64>,
    /// When it was canceled.
    pub canceled_at: Option<u64>,
    /// When it was archived or deleted.
    pub archived_at: Option<u64>,
    /// Whether it was deleted.
    pub trashed: bool,
}

/// A comment on an issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// The id, a UUID.
    pub id: String,
    /// The order of creation in the whole server.
    pub seq: u64,
    /// The issue's id.
    pub issue: String,
    /// The comment it answers.
    pub parent: Option<String>,
    /// The text as stored.
    pub body: String,
    /// Who wrote it.
    pub user: String,
    /// When it was written.
    pub created_at: u64,
    /// When it was changed last.
    pub updated_at: u64,
    /// When its text was changed.
    pub edited_at: Option<u64>,
}

/// A relation from one issue to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// The id, a UUID.
    pub id: String,
    /// The order of creation in the whole server.
    pub seq: u64,
    /// The source: for `blocks`, the issue that blocks.
    pub issue: String,
    /// The target: for `blocks`, the issue that is blocked.
    pub related: String,
    /// `blocks duplicate related similar`.
    pub kind: String,
    /// When it was made.
    pub created_at: u64,
}

/// A link of an issue.
#[derive(Debug, Clone, PartialEq)]
pub struct Attachment {
    /// The id, a UUID.
    pub id: String,
    /// The order of creation in the whole server.
    pub seq: u64,
    /// The issue's id.
    pub issue: String,
    /// The address; one attachment per issue and address.
    pub url: String,
    /// The title.
    pub title: String,
    /// The second line.
    pub subtitle: Option<String>,
    /// Facts of the client.
    pub metadata: Map<String, Value>,
    /// Who made it.
    pub creator: String,
    /// When it was made.
    pub created_at: u64,
    /// When it was changed last.
    pub updated_at: u64,
}

/// Who did something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// The person with this id.
    User(String),
    /// An automation of this name.
    Bot(String),
}

/// One change of an issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEntry {
    /// The id, a UUID.
    pub id: String,
    /// The order of creation in the whole server.
    pub seq: u64,
    /// The issue's id.
    pub issue: String,
    /// Who did it.
    pub actor: Actor,
    /// When.
    pub created_at: u64,
    /// The state before, when it changed.
    pub from_state: Option<String>,
    /// The state after, when it changed.
    pub to_state: Option<String>,
    /// The team before, when it changed.
    pub from_team: Option<String>,
    /// The team after, when it changed.
    pub to_team: Option<String>,
    /// Whether the issue went to the trash.
    pub trashed: bool,
}

/// An uploaded file, or one that was announced and not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFile {
    /// The id in both addresses.
    pub id: String,
    /// The name the client gave.
    pub filename: String,
    /// The type the client gave.
    pub content_type: String,
    /// The announced length in bytes.
    pub size: u64,
    /// Where it can be read.
    pub asset_url: String,
    /// The headers the upload must carry.
    pub headers: Vec<(String, String)>,
    /// When the address for the upload stops working.
    pub expires_at: u64,
    /// What was uploaded.
    pub bytes: Option<bytes::Bytes>,
}
