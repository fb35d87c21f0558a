//! Stub until merged.
use crate::domain::path::RepoPath;
use crate::domain::ticket::Ticket;

#[derive(Clone, Debug)]
pub struct EdgeCase(pub String);

impl std::fmt::Display for EdgeCase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

pub fn of(_ticket: &Ticket) -> Vec<EdgeCase> {
    vec![]
}

pub fn uncovered(_cases: &[EdgeCase], _sources: &[(RepoPath, String)]) -> Vec<EdgeCase> {
    vec![]
}

pub fn is_test_file(_path: &RepoPath, _globs: &[String]) -> bool {
    true
}
