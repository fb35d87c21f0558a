//! An artifact taken from an agent (spec 9.3).

use serde_json::{Map, Value};

use crate::id::{AgentName, BlobId, BranchName, PhaseName, ProblemId, SprintId, TreeId};
use crate::phases::artifact::problem::{Problem, Rejected};
use crate::phases::artifact::shorten::Hidden;
use crate::phases::artifact::vocabulary::Vocabulary;
use crate::phases::artifact::{Artifact, canonical, document, integrity, read, shorten};
use crate::time::Timestamp;

/// What whoever saves an artifact knows better than the agent. It stands in place of what the agent
/// wrote there.
#[derive(Clone, Debug)]
pub struct Stamp {
    /// The sprint.
    pub sprint: SprintId,
    /// The problem that the sprint is about.
    pub project: ProblemId,
    /// Who had claimed the phase.
    pub agent: AgentName,
    /// Which claim of the phase it was.
    pub epoch: u64,
    /// When.
    pub at: Timestamp,
    /// The branch that was checked out.
    pub branch: Option<BranchName>,
    /// The tree of files that was there. A tree that the agent names itself is kept: then it looked
    /// at that one.
    pub tree: Option<TreeId>,
}

/// How artifacts of a project are taken.
#[derive(Clone, Copy)]
pub struct Rules<'a> {
    /// Takes secrets out of a text.
    pub redact: &'a dyn Fn(&str) -> String,
    /// What findings may be about.
    pub vocabulary: &'a Vocabulary,
    /// More findings than this are cut; [`MOST_FINDINGS`] unless a project says otherwise.
    pub most_findings: usize,
}

impl std::fmt::Debug for Rules<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rules")
            .field("most_findings", &self.most_findings)
            .finish_non_exhaustive()
    }
}

/// How many findings an artifact keeps by default (spec 9.3).
pub const MOST_FINDINGS: usize = 50;

/// An artifact as it is stored.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// What it says.
    pub artifact: Artifact,
    /// The file: one JSON document with its hash.
    pub bytes: Vec<u8>,
    /// The hash of the file.
    pub sha256: BlobId,
    /// A second file with all findings, if some had to go.
    pub all_findings: Option<Vec<u8>>,
}

/// Members that whoever saves an artifact writes, and nobody else.
const RESERVED: &[&str] = &[
    integrity::MEMBER,
    "timestamp",
    "project",
    "branch",
    "sprint",
    "agent",
    "epoch",
    "schema_legacy",
];

/// Checks what an agent handed in for the phase it claimed, and makes of it what is stored.
///
/// In this order: one JSON object; secrets removed, so that nothing after this can tell them;
/// reserved members removed; the form of the phase; long lists cut; stamped; hashed. Everything that
/// is wrong is told at once.
pub fn prepare(
    bytes: &[u8],
    phase: &PhaseName,
    stamp: &Stamp,
    rules: &Rules<'_>,
) -> Result<Prepared, Rejected> {
    let rejected = |problems: Vec<Problem>| Rejected {
        phase: phase.clone(),
        problems,
    };
    let document = document::parse(bytes).map_err(|problem| rejected(vec![problem]))?;
    let mut document = crate::phases::artifact::redact::document(document, rules.redact);
    for member in RESERVED {
        document.remove(*member);
    }
    let mut artifact = read::artifact(document, phase).map_err(rejected)?;
    let problems = rules.vocabulary.problems(artifact.findings());
    if !problems.is_empty() {
        return Err(rejected(problems));
    }
    let all_findings = cut(&mut artifact, rules.most_findings);
    artifact.sprint = Some(stamp.sprint.clone());
    artifact.tree = artifact.tree.or_else(|| stamp.tree.clone());
    let sealed = object(&artifact)
        .map(|document| stamped(document, stamp))
        .and_then(integrity::seal);
    let unwritable = || rejected(vec![Problem::whole("cannot be written as JSON")]);
    let bytes = sealed.ok_or_else(unwritable)?;
    // What is given is what will be read back, to the last digit.
    let read = |document| read::artifact(document, phase);
    let stored = document::parse(&bytes).map_err(|problem| vec![problem]);
    let artifact = stored.and_then(read).map_err(rejected)?;
    Ok(Prepared {
        artifact,
        sha256: BlobId::of(&bytes),
        bytes,
        all_findings,
    })
}

/// Cuts the list of findings, and gives the full one as a file.
fn cut(artifact: &mut Artifact, most: usize) -> Option<Vec<u8>> {
    let findings = artifact.findings.as_mut()?;
    let all = (findings.len() > most).then(|| serde_json::to_value(&*findings).ok())??;
    let hidden = shorten::worst(findings, most)?;
    let before = artifact.truncated.get_or_insert_with(Hidden::default);
    before.add(&hidden);
    canonical::rfc8785(&all)
}

fn object(artifact: &Artifact) -> Option<Map<String, Value>> {
    match serde_json::to_value(artifact).ok()? {
        Value::Object(document) => Some(document),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            None
        }
    }
}

fn stamped(mut document: Map<String, Value>, stamp: &Stamp) -> Map<String, Value> {
    let mut put = |name: &str, value: Value| document.insert(name.to_owned(), value);
    put("schema_version", "1".into());
    put("project", stamp.project.as_str().into());
    put("agent", stamp.agent.as_str().into());
    put("epoch", stamp.epoch.into());
    put("timestamp", stamp.at.to_string().into());
    if let Some(branch) = &stamp.branch {
        put("branch", branch.as_str().into());
    }
    document
}
