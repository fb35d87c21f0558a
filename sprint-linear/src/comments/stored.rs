//! A comment as it is on Linear.

use sprint_core::domain::evidence::{
    Author, Comment, CommentRef, EVIDENCE_HEADING, EvidenceMarker, EvidenceTrailer,
};

use crate::comments::{EvidenceLine, NoteLine};
use crate::machine;
use crate::ops::comments::Node;
use crate::ops::identity;

/// A comment, and what it says to machines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) id: String,
    /// The issue it is on.
    pub(crate) issue: Option<String>,
    /// When it was written, as Linear says it.
    pub(crate) created: String,
    /// The text as it is now.
    pub(crate) body: String,
    /// Whether it was edited after it was written, by whomever.
    pub(crate) edited: bool,
    /// Whether it is there only as something that was.
    pub(crate) archived: bool,
    /// The comment that it answers.
    pub(crate) reply_to: Option<String>,
    /// Who wrote it, for people. Untrusted.
    pub(crate) author: String,
    /// Whether the owner of the key wrote it.
    pub(crate) by_us: bool,
    /// What its machine line says, if it ends in one, whoever wrote it.
    pub(crate) said: Option<Said>,
}

/// What a machine line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// It is a note.
    Note(NoteLine),
    /// It is evidence.
    Evidence(EvidenceLine),
}

impl Stored {
    pub(crate) fn of(node: Node, me: &identity::Data) -> Self {
        let by_us = is_ours(&node, me);
        let said = machine::read(&node.body).map(|(line, _)| Said::Note(line));
        let evidence = || machine::read(&node.body).map(|(line, _)| Said::Evidence(line));
        let said = said.or_else(evidence);
        let bot = node.bot_actor.and_then(|bot| bot.name);
        let name = node.user.map(|user| user.name).or(bot);
        Self {
            author: name.unwrap_or_else(|| "unknown".into()),
            by_us,
            said,
            id: node.id,
            issue: node.issue_id,
            created: node.created_at,
            body: node.body,
            edited: node.edited_at.is_some(),
            archived: node.archived_at.is_some(),
            reply_to: node.parent_id,
        }
    }

    pub(crate) fn reference(&self) -> CommentRef {
        CommentRef(self.id.clone())
    }

    /// The key that we posted it under; `None` if we did not.
    pub(crate) fn key(&self) -> Option<&String> {
        match self.said.as_ref().filter(|_| self.by_us)? {
            Said::Note(line) => Some(&line.key),
            Said::Evidence(line) => Some(&line.key),
        }
    }

    /// What it says as evidence of ours.
    pub(crate) fn evidence(&self) -> Option<&EvidenceLine> {
        match self.said.as_ref().filter(|_| self.by_us)? {
            Said::Evidence(line) => Some(line),
            Said::Note(_) => None,
        }
    }

    /// What it is evidence of, if it is evidence of ours.
    pub(crate) fn marker(&self) -> Option<EvidenceMarker> {
        self.evidence()?.marker()
    }

    /// Whether somebody edited it after it was posted. We edit evidence ourselves when its file is
    /// uploaded again; after that the time of the last edit says nothing.
    pub(crate) fn edited_by_others(&self) -> bool {
        let mended = self.evidence().is_some_and(|line| line.rev > 1);
        self.edited && !mended
    }

    /// The comment as it was posted, as far as meaning goes: of evidence the last line is again
    /// the one that `sprint-core` reads. What the owner of the key wrote by hand was not posted by
    /// us.
    pub(crate) fn into_comment(self) -> Comment {
        let reference = self.reference();
        let edited = self.edited_by_others();
        let author = match self.key() {
            Some(_) => Author::Us,
            None => Author::Other(self.author.clone()),
        };
        let above = |text: &str| match machine::read::<EvidenceLine>(text) {
            Some((_, above)) => above.to_owned(),
            None => text.to_owned(),
        };
        let body = match (&self.said, self.evidence()) {
            (_, Some(line)) => {
                let text = above(&self.body);
                // The line is what makes it evidence; a heading may have got lost to an edit.
                let headed = text.trim_start().starts_with(EVIDENCE_HEADING);
                let heading = if headed { "" } else { EVIDENCE_HEADING };
                let text = format!("{heading}\n\n{text}");
                format!("{}\n\n{}\n", text.trim(), line.comment())
            }
            (Some(Said::Note(_)), None) => {
                let above = machine::read::<NoteLine>(&self.body).map(|(_, above)| above);
                format!("{}\n", above.unwrap_or_default())
            }
            (Some(Said::Evidence(_)) | None, None) => self.body,
        };
        Comment {
            reference,
            body,
            author,
            edited,
        }
    }
}

impl EvidenceLine {
    /// The trailer as `sprint-core` writes it.
    pub(crate) fn comment(&self) -> String {
        format!("<!-- {} -->", self.trailer)
    }

    /// What it is evidence of; `None` if the trailer is damaged.
    pub(crate) fn marker(&self) -> Option<EvidenceMarker> {
        let comment = format!("{EVIDENCE_HEADING}\n\n{}", self.comment());
        let trailer = EvidenceTrailer::read(&comment).ok()?;
        Some(trailer.marker)
    }
}

/// Whether the owner of the key wrote it: the person, or the application, which some answers show
/// as an actor of its own.
fn is_ours(node: &Node, me: &identity::Data) -> bool {
    match (&node.user, &node.bot_actor) {
        (Some(user), _) => user.id == me.viewer.id,
        (None, Some(bot)) => {
            let same = |id: &String| *id == me.viewer.id;
            let named = || bot.name.as_ref() == Some(&me.viewer.name);
            me.viewer.app && bot.id.as_ref().map_or_else(named, same)
        }
        (None, None) => false,
    }
}
