//! Tools an agent may only use if a person says so.

use serde::{Deserialize, Serialize};

/// A use of a tool that nobody has decided about yet. All of it is untrusted text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PermissionRequest {
    /// The tool, as the agent calls it.
    pub tool: String,
    /// What it would be used with: a command line, or the arguments as JSON; redacted, and cut if
    /// it is long.
    pub input: String,
    /// A digest of tool and whole input: the same use has the same digest.
    pub digest: String,
}

/// A decision of a person about one use of a tool. It holds for the rest of the ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// The use.
    pub request: PermissionRequest,
    /// Whether it is allowed.
    pub allowed: bool,
}
