//! Answers of the roles that read code before tickets are written.
//!
//! Each statement about the code names a file and lines, so that it can be checked against the
//! commit it is about before anything is built on it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::path::RepoPath;
use crate::id::TicketId;

/// What an exploring agent found out about a code base.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExploreResult {
    /// Layers, module boundaries and how the modules talk, in Markdown with paths.
    pub architecture: String,
    /// Files that matter to the feature.
    pub files: Vec<CodeFile>,
    /// Types that matter to it, in full.
    #[serde(default)]
    pub types: Vec<CodeType>,
    /// What could go wrong.
    #[serde(default)]
    pub risks: Vec<Risk>,
    /// What the feature needs and does not exist yet.
    #[serde(default)]
    pub gaps: Vec<String>,
    /// How tests are written here.
    pub tests: TestSetup,
    /// How errors are told here.
    pub errors: ErrorStyles,
    /// Habits of the code base that new code should follow.
    #[serde(default)]
    pub conventions: Vec<String>,
    /// Files that are spoken of and were not read.
    #[serde(default)]
    pub unread: Vec<RepoPath>,
    /// What is worth remembering for the next exploration.
    #[serde(default)]
    pub memory_updates: Vec<MemoryUpdate>,
}

/// A file, with what it offers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CodeFile {
    /// The file, and the lines that matter.
    #[serde(flatten)]
    pub at: Range,
    /// Why it matters.
    pub role: FileRole,
    /// What it exports.
    #[serde(default)]
    pub exports: Vec<Export>,
    /// How many lines it has.
    pub line_count: u32,
    /// Whether it was read, and not only seen in a list.
    pub read: bool,
    /// Anything else about it.
    #[serde(default)]
    pub note: String,
}

/// Why a file matters to a feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FileRole {
    /// It does part of the work already.
    Existing,
    /// It does something comparable, and shows how.
    Pattern,
    /// New code attaches to it.
    Integration,
    /// It is a test.
    Test,
    /// It states rules of the project.
    Standards,
}

/// Something a file offers to others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Export {
    /// Its name, as it stands in the file.
    pub name: String,
    /// What it is: function, type, constant, component.
    pub kind: String,
    /// Its whole signature.
    #[serde(default)]
    pub signature: String,
}

/// Lines of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Range {
    /// The file, relative to the root of the repository.
    pub path: RepoPath,
    /// The first line, from 1.
    pub start: u32,
    /// The last line.
    pub end: u32,
}

/// A type of the code base.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CodeType {
    /// Its name, as it stands in the file.
    pub name: String,
    /// The file it is defined in.
    pub path: RepoPath,
    /// The line its definition starts on.
    pub line: u32,
    /// What it is.
    pub kind: TypeKind,
    /// All its fields.
    #[serde(default)]
    pub fields: Vec<Field>,
    /// All values or cases it has.
    #[serde(default)]
    pub variants: Vec<String>,
}

/// Kinds of types, over all languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TypeKind {
    /// A record or class.
    Struct,
    /// An interface or trait.
    Interface,
    /// One of several values.
    Enum,
    /// One of several types.
    Union,
    /// A description of data, as of a table or a message.
    Schema,
    /// Another name for a type.
    Alias,
}

/// A field of a type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its type, as written.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Whether it may be left out.
    #[serde(default)]
    pub optional: bool,
    /// Whether it may be null or none.
    #[serde(default)]
    pub nullable: bool,
    /// Anything else about it.
    #[serde(default)]
    pub note: String,
}

/// Something that could go wrong with a feature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Risk {
    /// A short name that tickets can refer to, such as `R1`.
    pub id: String,
    /// What kind of risk.
    pub kind: RiskKind,
    /// What could go wrong.
    pub text: String,
    /// The code that shows it.
    #[serde(default)]
    pub at: Option<Range>,
}

/// Kinds of risks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RiskKind {
    /// It contradicts code that exists.
    Conflict,
    /// It could be slow.
    Performance,
    /// There is no example to follow.
    MissingPattern,
    /// Anything else.
    Other,
}

/// How tests are written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TestSetup {
    /// What runs them.
    pub runner: String,
    /// How they assert.
    #[serde(default)]
    pub assertion: String,
    /// How they replace what they do not test.
    #[serde(default)]
    pub mocking: String,
    /// Where shared test data is.
    #[serde(default)]
    pub fixtures: Vec<RepoPath>,
    /// What runs before and after them.
    #[serde(default)]
    pub setup: String,
    /// A test that shows all this.
    #[serde(default)]
    pub example: Option<Range>,
}

/// How errors are told, with examples.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorStyles {
    /// The usual way.
    pub style: ErrorStyle,
    /// Code that shows it.
    #[serde(default)]
    pub examples: Vec<Range>,
}

/// Ways to tell an error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorStyle {
    /// An exception or a panic.
    Throws,
    /// Null or none.
    Null,
    /// A value that is either a result or an error.
    Result,
    /// A code.
    Code,
    /// Several of them.
    #[default]
    Mixed,
}

/// A fact about the code base that outlives one exploration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MemoryUpdate {
    /// What it is about: architecture, tests, errors, integration, corrections.
    pub topic: String,
    /// Where it is seen.
    pub at: Range,
    /// The fact, in one sentence.
    pub note: String,
}

/// What was read for one planned ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TicketContextResult {
    /// The ticket, by the name the plan gives it.
    pub ticket: TicketId,
    /// The files it changes, and neighbours of those it creates.
    pub files: Vec<PlannedFile>,
    /// How these files tell errors.
    pub errors: ErrorStyles,
    /// How their tests are written.
    pub tests: TestSetup,
    /// Cases that deserve a test.
    #[serde(default)]
    pub suggested_edge_cases: Vec<EdgeCaseIdea>,
    /// Files that are spoken of and were not read.
    #[serde(default)]
    pub unread: Vec<RepoPath>,
}

/// A file of a planned ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlannedFile {
    /// The file.
    pub path: RepoPath,
    /// Whether the ticket changes it; false for a neighbour of a file it creates.
    pub modifies: bool,
    /// Whether it was read in full.
    pub read: bool,
    /// How many lines it has.
    pub line_count: u32,
    /// Its functions.
    #[serde(default)]
    pub functions: Vec<Function>,
    /// Its types.
    #[serde(default)]
    pub types: Vec<CodeType>,
    /// Who uses it.
    #[serde(default)]
    pub callers: Vec<Caller>,
}

/// A function, as its callers see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// The line it starts on.
    pub line: u32,
    /// Its whole signature.
    pub signature: String,
    /// What goes in.
    #[serde(default)]
    pub params: Vec<Parameter>,
    /// The type that comes out, as written.
    #[serde(default)]
    pub returns: String,
    /// What it does, in one sentence.
    pub behavior: String,
    /// What it changes outside of itself.
    #[serde(default)]
    pub side_effects: Vec<SideEffect>,
    /// How it tells errors.
    #[serde(default)]
    pub errors: ErrorStyle,
    /// Whether it reads or writes state that others share.
    #[serde(default)]
    pub shared_state: bool,
    /// Whether calling it twice is the same as once, where that is known.
    #[serde(default)]
    pub idempotent: Option<bool>,
}

/// A parameter of a function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its type, as written.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Whether it may be left out.
    #[serde(default)]
    pub optional: bool,
    /// Whether it may be null or none.
    #[serde(default)]
    pub nullable: bool,
}

/// What a function changes outside of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SideEffect {
    /// It writes to a database.
    DbWrite,
    /// It calls another service.
    ApiCall,
    /// It tells others that something happened.
    Event,
    /// It touches files.
    Fs,
    /// Anything else.
    Other,
}

/// One use of a file by another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Caller {
    /// The file that uses it.
    pub path: RepoPath,
    /// The function of ours that is used.
    pub function: String,
    /// How it is used.
    pub usage: String,
}

/// A case that deserves a test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EdgeCaseIdea {
    /// The function.
    pub function: String,
    /// The input or situation.
    pub input: String,
    /// What should happen.
    pub expected: String,
}
