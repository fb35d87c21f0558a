//! Posting evidence, from whatever is there to what has to be there.

use std::sync::Arc;

use serde_json::json;
use sprint_core::domain::command::CheckRun;
use sprint_core::domain::evidence::{CommentRef, EvidenceMarker};
use sprint_core::failure::ErrorKind;
use sprint_core::ports::{BlobStore, Error, Result};
use sprint_core::run::effect::EffectKey;

use crate::call_error::{CallError, Problem};
use crate::comments::{self, EvidenceLine, FileLine, Posting, Stored};
use crate::evidence::file::OutputFile;
use crate::evidence::findings::digest;
use crate::evidence::text::{Handed, file_name};
use crate::evidence::trail::{self, Index, Trail};
use crate::files::{self, Asset};
use crate::link::Link;
use crate::once::once;
use crate::ops::comments::{CommentUpdate, NewBody, Update};
use crate::ops::evidence::{AttachmentCreate, AttachmentDelete, NewAttachment};
use crate::ops::{ById, Create};

/// What is to be posted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Evidence<'a> {
    /// The effect that it is posted for.
    pub(crate) key: &'a EffectKey,
    /// What it proves.
    pub(crate) marker: &'a EvidenceMarker,
    /// The runs whose outputs are kept.
    pub(crate) runs: &'a [CheckRun],
    /// The comment as the engine writes it: it ends in the trailer.
    pub(crate) comment: &'a str,
}

/// Posts evidence on an issue and proves that it is there; safe to repeat. Without `outputs`, or
/// without runs, there is no file, and the comment says so.
///
/// # Errors
///
/// `Invalid` if the comment does not end in the trailer of the marker, if there is other evidence
/// under the key, or a file that was lost cannot be sent again; else what the calls say.
pub(crate) async fn post(
    link: &Link,
    issue: &str,
    evidence: Evidence<'_>,
    outputs: Option<&Arc<dyn BlobStore>>,
) -> Result<CommentRef> {
    let job = Job {
        link,
        issue,
        handed: Handed::new(evidence.comment, evidence.marker)?,
        name: file_name(evidence.marker),
        evidence,
        outputs,
    };
    job.run().await
}

struct Job<'a> {
    link: &'a Link,
    issue: &'a str,
    evidence: Evidence<'a>,
    handed: Handed<'a>,
    /// Of the file.
    name: String,
    outputs: Option<&'a Arc<dyn BlobStore>>,
}

/// A file that is there: it was read since it was named.
type Proven = Option<FileLine>;

impl Job<'_> {
    async fn run(&self) -> Result<CommentRef> {
        let trail = self.call(trail::read(self.link, self.issue).await)?;
        if trail.trashed {
            return Err(self.error(ErrorKind::NotFound, "the ticket was deleted"));
        }
        if trail.archived {
            return Err(self.error(ErrorKind::Invalid, "the ticket is archived"));
        }
        let key = self.evidence.key.to_string();
        let is_it = |comment: &&Stored| comment.evidence().is_some_and(|line| line.key == key);
        let (comment, proven) = match trail.comments.iter().find(is_it) {
            Some(found) => (found.clone(), None),
            None => self.create(&trail).await?,
        };
        let line = self.line_of(&comment)?;
        let (comment, line) = match &line.file {
            Some(file) if proven.as_ref() != Some(file) => self.proved(comment, line).await?,
            Some(_) | None => (comment, line),
        };
        if let Some(file) = &line.file {
            self.index(&trail, &comment, file).await?;
        }
        let so = |found: &Stored| found.evidence() == Some(&line);
        let confirmed = comments::confirmed(self.link, &comment.id, so).await;
        match self.call(confirmed)? {
            Some(confirmed) => Ok(confirmed.reference()),
            None => Err(self.error(
                ErrorKind::Transient,
                "the comment was written, and does not show what was written",
            )),
        }
    }

    /// Sends the file, then creates the comment that names it.
    async fn create(&self, trail: &Trail) -> Result<(Stored, Proven)> {
        let client = &self.link.client;
        let proven = match self.file()? {
            Some(file) => Some(self.keep(&file, &trail.indexes).await?),
            None => None,
        };
        let line = EvidenceLine {
            key: self.evidence.key.to_string(),
            file: proven.clone(),
            rev: 1,
            trailer: self.handed.trailer.to_owned(),
        };
        let body = self.handed.body(&line, &self.name);
        let posting = Posting::new(self.link, self.issue, self.evidence.key, body).await;
        let posting = self.call(posting)?;
        let epoch = self.epoch(&posting, trail).await?;
        let created = self.call(once(client, &posting, epoch, false).await)?;
        Ok((created.entity, proven))
    }

    /// The first epoch whose id is not known to be used up: of a comment that was deleted an index
    /// may be left.
    async fn epoch(&self, posting: &Posting<'_>, trail: &Trail) -> Result<u32> {
        let mut epoch = posting.epoch(&trail.comments);
        for index in &trail.indexes {
            let Some(named) = posting.epoch_of(&index.facts.comment) else {
                continue;
            };
            let there = comments::by_id(self.link, &index.facts.comment).await;
            // One that is there after all was only missing in the list.
            epoch = epoch.max(named + u32::from(self.call(there)?.is_none()));
        }
        Ok(epoch)
    }

    /// The file with the outputs, if there are any to keep.
    fn file(&self) -> Result<Option<OutputFile>> {
        let outputs = self.outputs.filter(|_| !self.evidence.runs.is_empty());
        let Some(outputs) = outputs else {
            return Ok(None);
        };
        let Evidence {
            key, marker, runs, ..
        } = self.evidence;
        OutputFile::measure(&key.to_string(), marker, runs, outputs).map(Some)
    }

    /// Has the file kept by Linear: an earlier run may have sent it.
    async fn keep(&self, file: &OutputFile, indexes: &[Index]) -> Result<FileLine> {
        let content = &file.content;
        let line = |asset: String| FileLine {
            sha256: content.sha256.clone(),
            bytes: content.bytes,
            asset,
        };
        for index in indexes.iter().filter(|i| i.facts.sha256 == content.sha256) {
            let found = files::find(self.link, &index.url, content).await;
            if self.call(found)? == Asset::Intact {
                return Ok(line(index.url.clone()));
            }
        }
        let body = || file.body();
        let sent = files::upload(self.link, &self.name, content, &body).await;
        self.call(sent).map(line)
    }

    /// Looks whether the file that a comment names is there. If it is not, it is sent again and the
    /// comment is written anew, as the next revision.
    async fn proved(&self, comment: Stored, line: EvidenceLine) -> Result<(Stored, EvidenceLine)> {
        let Some(file) = &line.file else {
            return Ok((comment, line));
        };
        let found = files::find(self.link, &file.asset, &file.content()).await;
        let found = match found {
            // Somebody wrote another address over ours.
            Err(error) if error.problem == Problem::Invalid => Asset::Altered,
            found => self.call(found)?,
        };
        if found == Asset::Intact {
            return Ok((comment, line));
        }
        tracing::warn!(
            comment = comment.id,
            ?found,
            "a file of evidence is damaged"
        );
        let Some(file) = self.file()? else {
            let text = "its file on Linear is damaged, and the outputs are not at hand";
            return Err(self.error(ErrorKind::Invalid, text));
        };
        let line = EvidenceLine {
            file: Some(self.keep(&file, &[]).await?),
            rev: line.rev + 1,
            ..line
        };
        let body = self.handed.body(&line, &self.name);
        let update = Update {
            id: comment.id.clone(),
            input: NewBody { body },
        };
        let client = &self.link.client;
        let update = client
            .persistently(|| client.call::<CommentUpdate>(&update))
            .await;
        let updated = self.call(update)?.comment_update;
        if !updated.success {
            return Err(self.error(ErrorKind::Transient, "the comment could not be changed"));
        }
        let me = self.call(self.link.identity().await)?;
        Ok((Stored::of(updated.comment, me), line))
    }

    /// Has exactly one attachment for the key: the one for this file.
    async fn index(&self, trail: &Trail, comment: &Stored, file: &FileLine) -> Result<()> {
        let client = &self.link.client;
        let key = self.evidence.key.to_string();
        let (right, wrong): (Vec<_>, Vec<_>) = trail
            .indexes
            .iter()
            .filter(|index| index.facts.key == key)
            .partition(|index| index.url == file.asset);
        if !right.iter().any(|index| index.facts.comment == comment.id) {
            let input = self.attachment(comment, file);
            let create = Create { input };
            let made = client
                .persistently(|| client.call::<AttachmentCreate>(&create))
                .await;
            let made = self.call(made)?.attachment_create;
            if !made.success || made.attachment.url != file.asset {
                return Err(self.error(ErrorKind::Transient, "the file could not be linked"));
            }
        }
        for index in wrong {
            let id = ById::new(&index.id);
            let deleted = client
                .persistently(|| client.call::<AttachmentDelete>(&id))
                .await;
            match deleted {
                // A repetition finds what the first time did.
                Err(error) if error.problem == Problem::NotFound => {}
                deleted => {
                    if !self.call(deleted)?.attachment_delete.success {
                        let text = "a link to an old file could not be removed";
                        return Err(self.error(ErrorKind::Transient, text));
                    }
                }
            }
        }
        Ok(())
    }

    fn attachment(&self, comment: &Stored, file: &FileLine) -> NewAttachment {
        let Evidence {
            key, marker, runs, ..
        } = self.evidence;
        let checks: Vec<_> = runs.iter().map(|run| run.check.name()).collect();
        NewAttachment {
            issue_id: self.issue.to_owned(),
            url: file.asset.clone(),
            title: format!("Evidence for {}", &marker.commit.as_str()[..12]),
            subtitle: format!("Outputs of {}: {} bytes", checks.join(", "), file.bytes),
            metadata: json!({
                "key": key.to_string(),
                "sha256": file.sha256,
                "bytes": file.bytes,
                "commit": marker.commit.as_str(),
                "comment": comment.id,
                "body": digest(&comment.body),
            }),
        }
    }

    /// What a comment under our key says, if it is about what we have to prove.
    fn line_of(&self, comment: &Stored) -> Result<EvidenceLine> {
        let line = comment.evidence();
        match line.filter(|line| line.marker().as_ref() == Some(self.evidence.marker)) {
            Some(line) => Ok(line.clone()),
            None => Err(self.error(
                ErrorKind::Invalid,
                "a comment for the same step is there, and is evidence of something else",
            )),
        }
    }

    fn call<T>(&self, done: Result<T, CallError>) -> Result<T> {
        let subject = || comments::subject(self.evidence.key);
        done.map_err(|e| e.during("post evidence on", subject(), self.link.client.now()))
    }

    fn error(&self, kind: ErrorKind, why: &'static str) -> Error {
        let subject = comments::subject(self.evidence.key);
        Error::new(kind, "post evidence on", subject).because(why)
    }
}

#[cfg(test)]
#[path = "post_tests.rs"]
mod tests;
