//! Switches for behaviour that differs between observations of the service, or that nobody has observed.

/// What happens to fields the schema has and this server does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unmodelled {
    /// An error that names the field.
    Refused,
    /// Null, or an empty value of the type: for clients that select every field.
    Empty,
}

/// What happens to the text of comments. Descriptions are always rewritten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommentMarkdown {
    /// Stored as sent.
    Kept,
    /// Rewritten like a description, but HTML comments stay byte for byte.
    Rewritten,
    /// Rewritten with the HTML comments in it; only code spans on one line stay.
    Harsh,
}

/// What a second identical relation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SameRelation {
    /// Makes a second relation.
    Doubled,
    /// Is refused.
    Refused,
    /// Answers with the first one.
    First,
}

/// What the page information of a connection costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageInfoPrice {
    /// Its own points.
    Once,
    /// Its own points for each row that was asked for.
    ByRow,
}

/// All switches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Fields that are not modelled.
    pub unmodelled: Unmodelled,
    /// The text of comments.
    pub comment_markdown: CommentMarkdown,
    /// A second identical relation.
    pub same_relation: SameRelation,
    /// HTTP status of a conflict on an issue.
    pub issue_conflict_status: u16,
    /// HTTP status of a conflict on a comment.
    pub comment_conflict_status: u16,
    /// HTTP status of a conflict on anything else.
    pub other_conflict_status: u16,
    /// Whether an issue of a batch may name a parent of the same batch.
    pub parents_in_batch: bool,
    /// Whether the key's owner is an administrator, who may delete for good.
    pub admin: bool,
    /// How long an address for an upload works, in ms.
    pub upload_lifetime_ms: u64,
    /// The price of page information.
    pub page_info_price: PageInfoPrice,
    /// Decides the order of answers to filters by a list of ids.
    pub order_seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            unmodelled: Unmodelled::Refused,
            comment_markdown: CommentMarkdown::Kept,
            same_relation: SameRelation::Doubled,
            issue_conflict_status: 400,
            comment_conflict_status: 200,
            other_conflict_status: 400,
            parents_in_batch: false,
            admin: false,
            upload_lifetime_ms: 600_000,
            page_info_price: PageInfoPrice::Once,
            order_seed: 1,
        }
    }
}
