//! The last line of an evidence comment: its form, written and read.

use std::collections::BTreeMap;
use std::fmt;

use crate::domain::command::{CheckKind, CheckRun, Count, Exit};
use crate::domain::evidence::{EVIDENCE_HEADING, EvidenceMarker};
use crate::id::{BlobId, BranchName, CommitId, EnvironmentId, SprintId, TicketId, TreeId};

/// The machine-readable last line of an evidence comment; its form is in the
/// [module](crate::domain::evidence) documentation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvidenceTrailer {
    /// What the evidence is about.
    pub marker: EvidenceMarker,
    /// What it rests on; `None` in the earlier form, which does not say.
    pub details: Option<Details>,
}

/// What evidence rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Details {
    /// The part for people, when it was written.
    pub text: TextDigest,
    /// What the commands ran in, if known.
    pub environment: Option<EnvironmentId>,
    /// The checks that ran.
    pub checks: BTreeMap<CheckKind, CheckMark>,
}

/// One check, as the trailer keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckMark {
    /// How it ended.
    pub exit: Exit,
    /// How many tests or files it reports.
    pub count: Count,
    /// The whole output.
    pub output: BlobId,
}

/// The SHA-256 of text for people, without what changes when it is stored and read back: kinds of
/// line ends, spaces at line ends, runs of blank lines, blank lines at either end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextDigest(BlobId);

/// Why a comment is not evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotEvidence {
    /// It does not begin with the heading: it never was evidence.
    #[error("it does not begin with the heading of evidence")]
    NoHeading,
    /// The last line is no trailer: cut off, written on, or words of a person.
    #[error("its last line is not the machine-readable one")]
    NoTrailer,
    /// The last line was a trailer once.
    #[error("its machine-readable line is damaged or was changed")]
    Damaged,
    /// The trailer is of a version that is not known here.
    #[error("its machine-readable line has a form that this version cannot read")]
    UnknownVersion,
}

const OPEN: &str = "<!-- sprint-evidence ";
const CLOSE: &str = " -->";
const VERSION: &str = "v=";
const CURRENT: &str = "2";
const SEAL: &str = " seal=";

impl EvidenceTrailer {
    /// The whole comment: `text` for people, then the trailer.
    pub fn close(
        text: &str,
        marker: &EvidenceMarker,
        environment: Option<EnvironmentId>,
        checks: BTreeMap<CheckKind, CheckMark>,
    ) -> String {
        let details = Details {
            text: TextDigest::of(text),
            environment,
            checks,
        };
        let trailer = Self {
            marker: marker.clone(),
            details: Some(details),
        };
        format!("{}\n\n{trailer}\n", text.trim_end())
    }

    /// Reads the trailer of an evidence comment.
    ///
    /// # Errors
    ///
    /// What the comment lacks.
    pub fn read(comment: &str) -> Result<Self, NotEvidence> {
        if !comment.trim_start().starts_with(EVIDENCE_HEADING) {
            return Err(NotEvidence::NoHeading);
        }
        let (_, line) = parts(comment);
        let Some(rest) = line.strip_prefix(OPEN) else {
            return Err(NotEvidence::NoTrailer);
        };
        let fields = rest.strip_suffix(CLOSE).ok_or(NotEvidence::Damaged)?;
        let mut fields = Fields(fields.split(' '));
        let Some(rest) = rest.strip_prefix(VERSION) else {
            let marker = fields.marker(|branch| Some(branch.replace("%3E", ">")));
            let marker = marker.filter(|_| fields.0.next().is_none());
            return Ok(Self {
                marker: marker.ok_or(NotEvidence::Damaged)?,
                details: None,
            });
        };
        if rest.split(' ').next() != Some(CURRENT) {
            return Err(NotEvidence::UnknownVersion);
        }
        let trailer = fields.current().ok_or(NotEvidence::Damaged)?;
        // What is written in another way than ours was not written by us: this compares the seal.
        if trailer.to_string() == line {
            Ok(trailer)
        } else {
            Err(NotEvidence::Damaged)
        }
    }

    /// Whether the part of `comment` that is for people says what it said when it was written;
    /// `None` if the trailer does not know.
    pub fn is_verbatim(&self, comment: &str) -> Option<bool> {
        let details = self.details.as_ref()?;
        Some(TextDigest::of(parts(comment).0) == details.text)
    }
}

impl TextDigest {
    /// The digest of a text.
    pub fn of(text: &str) -> Self {
        let mut normal = String::with_capacity(text.len());
        let mut blank = false;
        for line in text.lines().map(str::trim_end) {
            if line.is_empty() {
                blank = !normal.is_empty();
                continue;
            }
            if blank {
                normal.push('\n');
                blank = false;
            }
            normal.push_str(line);
            normal.push('\n');
        }
        Self(BlobId::of(normal.as_bytes()))
    }
}

impl fmt::Display for TextDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<&CheckRun> for CheckMark {
    fn from(run: &CheckRun) -> Self {
        Self {
            exit: run.exit,
            count: run.count,
            output: run.output.clone(),
        }
    }
}

impl fmt::Display for EvidenceTrailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let EvidenceMarker {
            sprint,
            ticket,
            branch,
            commit,
            tree,
        } = &self.marker;
        let Some(details) = &self.details else {
            // A branch name may hold `-` and `>`, which together would end the comment.
            let branch = branch.as_str().replace('>', "%3E");
            return write!(
                f,
                "{OPEN}sprint={sprint} ticket={ticket} branch={branch} commit={commit} tree={tree}{CLOSE}"
            );
        };
        let branch = encode(branch.as_str());
        let mut line = format!(
            "{OPEN}{VERSION}{CURRENT} sprint={sprint} ticket={ticket} branch={branch} commit={commit} tree={tree}"
        );
        let environment = details.environment.iter();
        line.extend(environment.map(|id| format!(" env={id}")));
        line.extend([format!(" text={}", details.text)]);
        let checks = details.checks.iter();
        line.extend(checks.map(|(kind, mark)| format!(" {kind}={mark}")));
        let seal = BlobId::of(line.as_bytes());
        write!(f, "{line}{SEAL}{seal}{CLOSE}")
    }
}

impl fmt::Display for CheckMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.exit {
            Exit::Code(code) => write!(f, "{code}")?,
            Exit::Signal(signal) => write!(f, "signal-{signal}")?,
            Exit::TimedOut => f.write_str("timeout")?,
            Exit::Silent => f.write_str("silent")?,
        }
        match self.count {
            Count::Known {
                passed,
                failed,
                skipped,
            } => write!(f, ":{passed}/{failed}/{skipped}")?,
            Count::Unknown => f.write_str(":?")?,
        }
        write!(f, ":{}", self.output)
    }
}

/// A comment without its last line, and that line; blank lines at the end do not count.
fn parts(comment: &str) -> (&str, &str) {
    let comment = comment.trim_end();
    let (text, line) = comment.rsplit_once('\n').unwrap_or(("", comment));
    (text, line.trim())
}

/// The fields of a trailer that are not read yet.
struct Fields<'a>(std::str::Split<'a, char>);

impl<'a> Fields<'a> {
    /// The value of the next field, which must have this name.
    fn next(&mut self, name: &str) -> Option<&'a str> {
        self.0.next()?.strip_prefix(name)?.strip_prefix('=')
    }

    fn marker(&mut self, branch: impl Fn(&str) -> Option<String>) -> Option<EvidenceMarker> {
        Some(EvidenceMarker {
            sprint: SprintId::new(self.next("sprint")?).ok()?,
            ticket: TicketId::new(self.next("ticket")?).ok()?,
            branch: BranchName::new(branch(self.next("branch")?)?).ok()?,
            commit: CommitId::new(self.next("commit")?).ok()?,
            tree: TreeId::new(self.next("tree")?).ok()?,
        })
    }

    /// The current form. What is left unread or out of order shows when it is written again.
    fn current(mut self) -> Option<EvidenceTrailer> {
        let _version = self.next("v")?;
        let marker = self.marker(decode)?;
        let (mut environment, mut text, mut checks) = (None, None, BTreeMap::new());
        for field in self.0 {
            let (name, value) = field.split_once('=')?;
            match name {
                "env" => environment = Some(EnvironmentId::new(value).ok()?),
                "text" => text = Some(TextDigest(BlobId::new(value).ok()?)),
                "seal" => {}
                name => {
                    let kind = CheckKind::ALL.into_iter().find(|k| k.name() == name)?;
                    checks.insert(kind, mark(value)?);
                }
            }
        }
        let details = Details {
            text: text?,
            environment,
            checks,
        };
        Some(EvidenceTrailer {
            marker,
            details: Some(details),
        })
    }
}

fn mark(text: &str) -> Option<CheckMark> {
    let mut parts = text.splitn(3, ':');
    let exit = match parts.next()? {
        "timeout" => Exit::TimedOut,
        "silent" => Exit::Silent,
        other => match other.strip_prefix("signal-") {
            Some(signal) => Exit::Signal(signal.parse().ok()?),
            None => Exit::Code(other.parse().ok()?),
        },
    };
    let count = match parts.next()? {
        "?" => Count::Unknown,
        numbers => {
            let mut numbers = numbers.splitn(3, '/').map(str::parse);
            Count::Known {
                passed: numbers.next()?.ok()?,
                failed: numbers.next()?.ok()?,
                skipped: numbers.next()?.ok()?,
            }
        }
    };
    let output = BlobId::new(parts.next()?).ok()?;
    Some(CheckMark {
        exit,
        count,
        output,
    })
}

/// Percent-encodes everything a tracker might act on.
fn encode(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
    let bytes = name.bytes().map(|byte| match plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    });
    bytes.collect()
}

fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let byte = match byte {
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            byte => byte,
        };
        bytes.push(byte);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
#[path = "trailer_tests.rs"]
mod tests;
