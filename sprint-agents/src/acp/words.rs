//! What an agent is told.

use sprint_core::domain::agent::AgentTask;

/// The assignment.
pub(super) fn assignment(task: &AgentTask) -> String {
    let told = serde_json::to_string(task).unwrap_or_default();
    format!("Your task, as JSON. End with your result as one JSON object.\n{told}")
}

/// A worker's question to its context agent.
pub(super) fn question(question: &str) -> String {
    format!("The worker asks. Look at the files before you answer.\n{question}")
}

/// What an agent is told whose answer cannot be used.
pub(super) fn again(reason: &str) -> String {
    format!(
        "Your answer cannot be read: {reason}. Change nothing any more. Say only the result, as \
         one JSON object of the form you were given."
    )
}
