//! Writing, changing and deleting comments.

use super::{Input, Mutator};
use crate::errors::Failure;
use crate::model::Comment;
use crate::resolve::Outcome;
use crate::settings::CommentMarkdown;
use crate::{markdown, store};

/// The members that say where a comment belongs. A null counts as one.
const HOMES: [&str; 7] = [
    "issueId",
    "projectId",
    "projectUpdateId",
    "initiativeId",
    "initiativeUpdateId",
    "documentContentId",
    "postId",
];

impl Mutator {
    pub(super) fn comment_create(&mut self, input: &Input<'_>) -> Result<Outcome, Failure> {
        let homes = HOMES
            .iter()
            .filter(|home| input.given(home).is_some())
            .count();
        if homes > 1 || homes == 0 && input.given("parentId").is_none() {
            return Err(Failure::input(
                "A comment must belong to exactly one entity.",
            ));
        }
        input.only(&["id", "issueId", "parentId", "body"])?;
        let parent = match input.text("parentId") {
            Some(id) => Some(
                self.store
                    .comments
                    .get(id)
                    .cloned()
                    .ok_or_else(|| Failure::not_found("Comment"))?,
            ),
            None => None,
        };
        let issue = match (input.text("issueId"), &parent) {
            (Some(id), _) => self
                .store
                .issue(id)
                .ok_or_else(|| Failure::not_found("Issue"))?
                .id
                .clone(),
            (None, Some(parent)) => parent.issue.clone(),
            (None, None) => return Err(Failure::input("issueId must not be empty")),
        };
        if parent.as_ref().is_some_and(|parent| parent.issue != issue) {
            return Err(Failure::input(
                "The parent comment belongs to another issue.",
            ));
        }
        let body = self.comment_text(input.required("body")?);
        let id = self.claim_id("Comment", input, self.settings.comment_conflict_status)?;
        let comment = Comment {
            seq: self.store.next(),
            issue,
            parent: parent.map(|parent| parent.id.clone()),
            body,
            user: self.viewer.clone(),
            created_at: self.now,
            updated_at: self.now,
            edited_at: None,
            id: id.clone(),
        };
        store::put(&mut self.store.comments, &id, comment);
        Ok(Outcome::Comment(id))
    }

    pub(super) fn comment_update(
        &mut self,
        id: &str,
        input: &Input<'_>,
        silent: bool,
    ) -> Result<Outcome, Failure> {
        input.only(&["body"])?;
        let mut comment = self.own_comment(id)?;
        if input.given("body").is_some() {
            let body = self.comment_text(input.required("body")?);
            if body != comment.body && !silent {
                comment.edited_at = Some(self.now);
            }
            comment.body = body;
        }
        comment.updated_at = self.now;
        store::put(&mut self.store.comments, id, comment);
        Ok(Outcome::Comment(id.to_owned()))
    }

    pub(super) fn comment_delete(&mut self, id: &str) -> Result<Outcome, Failure> {
        self.own_comment(id)?;
        store::take(&mut self.store.comments, id);
        Ok(Outcome::Deleted(id.to_owned()))
    }

    fn own_comment(&self, id: &str) -> Result<Comment, Failure> {
        let Some(comment) = self.store.comments.get(id) else {
            return Err(Failure::not_found("Comment"));
        };
        if comment.user != self.viewer && !self.settings.admin {
            return Err(Failure::new(
                403,
                "FORBIDDEN",
                "forbidden",
                "Forbidden",
                "The comment is another user's.",
            ));
        }
        Ok(Comment::clone(comment))
    }

    fn comment_text(&self, body: &str) -> String {
        match self.settings.comment_markdown {
            CommentMarkdown::Kept => body.to_owned(),
            CommentMarkdown::Rewritten => markdown::rewrite_around_html_comments(body),
            CommentMarkdown::Harsh => markdown::rewrite_harshly(body),
        }
    }
}
