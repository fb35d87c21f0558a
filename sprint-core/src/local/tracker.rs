//! Tickets as Markdown files in a folder.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use async_trait::async_trait;

use crate::domain::config::TicketFilter;
use crate::domain::evidence::{Author, Comment, CommentRef, EvidenceMarker, Note};
use crate::domain::reality::{Fetched, TicketReality};
use crate::domain::selection::select;
use crate::domain::ticket::{Ticket, TicketStatus};
use crate::failure::ErrorKind;
use crate::id::TicketId;
use crate::local::comment_file;
use crate::local::disk::{Durability, read_regular, replace};
use crate::local::layout::show;
use crate::local::lock::open_lock;
use crate::local::ticket_file::TicketFile;
use crate::ports::{Error, Result, Tracker};
use crate::run::effect::EffectKey;
use crate::run::proof::Proof;

/// One `{ID}.md` per ticket, with its comments in `{ID}.comments.md`.
///
/// Files are written as a whole under the lock of the folder, so processes do not lose each
/// other's changes. An editor knows nothing of that lock: what a person saves in the very moment
/// of a write may be overwritten, or overwrite it.
#[derive(Clone, Debug)]
pub struct FileTracker {
    folder: PathBuf,
}

/// A larger ticket is not read.
const MAX_TICKET: u64 = 2 << 20;

/// A larger file of comments is not read.
const MAX_COMMENTS: u64 = 64 << 20;

const TICKET_SUFFIX: &str = ".md";
const COMMENTS_SUFFIX: &str = ".comments.md";

/// A ticket file and its text.
struct Read {
    path: PathBuf,
    text: String,
    file: TicketFile,
}

impl FileTracker {
    /// The tickets in `folder`.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// Reads every ticket, whatever its state.
    fn read_all(&self) -> Result<(BTreeMap<TicketId, Ticket>, Vec<String>)> {
        let failed = |error: io::Error| {
            self.error(ErrorKind::Invalid, "read tickets in")
                .because(error)
        };
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(failed)? {
            names.push(entry.map_err(failed)?.file_name());
        }
        names.sort();
        let mut tickets = BTreeMap::new();
        let mut malformed = Vec::new();
        for name in names {
            let shown = name.to_string_lossy();
            if shown.starts_with('.')
                || !shown.ends_with(TICKET_SUFFIX)
                || shown.ends_with(COMMENTS_SUFFIX)
            {
                continue;
            }
            match self.read_named(&name.to_string_lossy(), &self.folder.join(&name)) {
                Ok(read) => {
                    tickets.insert(read.file.ticket.id.clone(), read.file.ticket);
                }
                Err(reason) => malformed.push(format!("{}: {reason}", shown.escape_debug())),
            }
        }
        Ok((tickets, malformed))
    }

    /// Reads one file; the error says why it is no ticket.
    fn read_named(&self, name: &str, path: &Path) -> Result<Read, String> {
        let bytes = read_regular(path, MAX_TICKET).map_err(|error| error.to_string())?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = 1 + good.iter().filter(|byte| **byte == b'\n').count();
            format!("line {line}: the text is not UTF-8")
        })?;
        let file = TicketFile::parse(&text).map_err(|error| error.to_string())?;
        let id = &file.ticket.id;
        if name.strip_suffix(TICKET_SUFFIX) != Some(id.as_str()) {
            return Err(format!("ticket {id} has to be in a file named {id}.md"));
        }
        Ok(Read {
            path: path.to_owned(),
            text,
            file,
        })
    }

    fn read(&self, id: &TicketId) -> Result<Read> {
        let failed = |kind| Error::new(kind, "read ticket", id.as_str());
        let name = format!("{id}{TICKET_SUFFIX}");
        let path = self.folder.join(&name);
        let missing = matches!(
            fs::symlink_metadata(&path),
            Err(error) if error.kind() == io::ErrorKind::NotFound
        );
        if missing || name.ends_with(COMMENTS_SUFFIX) {
            return Err(failed(ErrorKind::NotFound));
        }
        let reason = |reason| failed(ErrorKind::Invalid).because(format!("{name}: {reason}"));
        self.read_named(&name, &path).map_err(reason)
    }

    /// The text of a ticket's comments; empty where there are none.
    fn comments_text(&self, id: &TicketId) -> Result<String> {
        let path = self.comments_path(id);
        let failed = || Error::new(ErrorKind::Invalid, "read comments", show(&path));
        match read_regular(&path, MAX_COMMENTS) {
            Ok(bytes) => {
                String::from_utf8(bytes).map_err(|error| failed().because(error.utf8_error()))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
            Err(error) => Err(failed().because(error)),
        }
    }

    fn comments_path(&self, id: &TicketId) -> PathBuf {
        self.folder.join(format!("{id}{COMMENTS_SUFFIX}"))
    }

    /// Keeps other processes from writing until dropped.
    fn lock(&self) -> Result<File> {
        let path = self.folder.join(".lock");
        let failed = |error| self.error(ErrorKind::Transient, "lock").because(error);
        let file = open_lock(&path).map_err(failed)?;
        file.lock().map_err(failed)?;
        Ok(file)
    }

    /// Sets the status, if it is one of `from`.
    fn move_status(&self, read: &Read, from: &[TicketStatus], to: TicketStatus) -> Result<()> {
        if !from.contains(&read.file.ticket.status) {
            return Ok(());
        }
        let text = read.file.with_status(&read.text, to);
        replace(&read.path, text.as_bytes(), Durability::PowerCut).map_err(|error| {
            Error::new(ErrorKind::Transient, "write", show(&read.path)).because(error)
        })
    }

    /// Posts `text` unless there is a comment of this key. Called with the lock held.
    fn post(&self, id: &TicketId, key: &EffectKey, text: &str) -> Result<CommentRef> {
        let file = self.comments_text(id)?;
        let key = key.to_string();
        let path = self.comments_path(id);
        if !has_comment(&file, &key) {
            let next = comment_file::append(&file, &key, text);
            let failed = |kind| Error::new(kind, "write", show(&path));
            if next.len() as u64 > MAX_COMMENTS {
                return Err(failed(ErrorKind::Invalid).because("it would grow too large"));
            }
            replace(&path, next.as_bytes(), Durability::PowerCut)
                .map_err(|error| failed(ErrorKind::Transient).because(error))?;
        }
        Ok(reference(id, &key))
    }

    fn error(&self, kind: ErrorKind, operation: &'static str) -> Error {
        Error::new(kind, operation, show(&self.folder))
    }
}

fn reference(id: &TicketId, key: &str) -> CommentRef {
    CommentRef(format!("{id}{COMMENTS_SUFFIX}#{key}"))
}

fn has_comment(file: &str, key: &str) -> bool {
    comment_file::parse(file)
        .iter()
        .any(|comment| comment.key == key)
}

impl fmt::Display for FileTracker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ticket files in {}", self.folder.display())
    }
}

#[async_trait]
impl Tracker for FileTracker {
    async fn tickets(&self, filter: &TicketFilter) -> Result<Fetched> {
        let refused = |why| {
            self.error(ErrorKind::Invalid, "list tickets in")
                .because(why)
        };
        filter.without_names().map_err(refused)?;
        let (tickets, malformed) = self.read_all()?;
        Ok(Fetched {
            tickets: select(&tickets, filter),
            malformed,
        })
    }

    async fn reality(&self, id: &TicketId) -> Result<TicketReality> {
        let status = self.read(id)?.file.ticket.status;
        let comments = comment_file::parse(&self.comments_text(id)?);
        Ok(TicketReality {
            status,
            evidence: comments
                .iter()
                .filter_map(|comment| EvidenceMarker::find(&comment.text))
                .collect(),
        })
    }

    async fn comments(&self, id: &TicketId) -> Result<Vec<Comment>> {
        self.read(id)?;
        let filed = comment_file::parse(&self.comments_text(id)?);
        let comments = filed.into_iter().map(|filed| Comment {
            reference: reference(id, &filed.key),
            body: filed.text,
            // Whoever may write the file may write any of it.
            author: Author::Unknown,
            edited: false,
        });
        Ok(comments.collect())
    }

    async fn start(&self, id: &TicketId, _key: &EffectKey) -> Result<()> {
        let _lock = self.lock()?;
        self.move_status(
            &self.read(id)?,
            &[TicketStatus::Todo],
            TicketStatus::InProgress,
        )
    }

    async fn post_evidence(
        &self,
        proof: &Proof,
        comment: &str,
        key: &EffectKey,
    ) -> Result<CommentRef> {
        let id = proof.ticket();
        if EvidenceMarker::find(comment).as_ref() != Some(proof.marker()) {
            let error = Error::new(ErrorKind::Invalid, "post evidence on", id.as_str());
            return Err(error.because("the comment does not end in the marker of its proof"));
        }
        let _lock = self.lock()?;
        self.read(id)?;
        self.post(id, key, comment)
    }

    async fn close(&self, proof: &Proof, _key: &EffectKey) -> Result<()> {
        let _lock = self.lock()?;
        let open = [
            TicketStatus::Todo,
            TicketStatus::InProgress,
            TicketStatus::Cancelled,
        ];
        self.move_status(&self.read(proof.ticket())?, &open, TicketStatus::Done)
    }

    async fn reopen(&self, id: &TicketId, note: &Note, key: &EffectKey) -> Result<()> {
        let _lock = self.lock()?;
        let read = self.read(id)?;
        // The comment comes last: where it is, a person may have closed the ticket since.
        if has_comment(&self.comments_text(id)?, &key.to_string()) {
            return Ok(());
        }
        self.move_status(&read, &[TicketStatus::Done], TicketStatus::InProgress)?;
        self.post(id, key, &note.body).map(drop)
    }

    async fn comment(&self, id: &TicketId, note: &Note, key: &EffectKey) -> Result<()> {
        let _lock = self.lock()?;
        self.read(id)?;
        self.post(id, key, &note.body).map(drop)
    }
}

#[cfg(test)]
mod tests;
