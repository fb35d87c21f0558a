//! What was asked of the server.

use serde_json::Value;

/// The kind of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestKind {
    /// A GraphQL query.
    Query,
    /// A GraphQL mutation.
    Mutation,
    /// A GraphQL request that was refused before it was understood.
    Refused,
    /// Bytes of a file going in.
    Upload,
    /// Bytes of a file coming out.
    Download,
}

/// One request.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// The kind.
    pub kind: RequestKind,
    /// The name of the operation; empty for files and for anonymous operations.
    pub operation: String,
    /// The root fields; `upload` or `download` for files.
    pub fields: Vec<String>,
    /// The document; the path for files.
    pub document: String,
    /// The variables.
    pub variables: Value,
    /// The price in points; for files the length in bytes is in `bytes`.
    pub points: u32,
    /// Bytes of the request for GraphQL and uploads, of the answer for downloads.
    pub bytes: usize,
    /// When it came, in ms since 1970.
    pub at: u64,
    /// Whether it carried an `Authorization` header.
    pub authorized: bool,
    /// The status it was answered with; `None` when the answer was lost.
    pub status: Option<u16>,
}
