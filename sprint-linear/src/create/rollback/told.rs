//! What is told of a rollback.

use std::fmt;

/// What was taken back, and what was not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TakenBack {
    /// How many issues, relations and projects of the journal are gone now.
    pub gone: usize,
    /// What is still there. While there is anything, a later call goes on with it.
    pub survivors: Vec<Survivor>,
}

/// Something of ours that is still there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survivor {
    /// `ENG-12` for an issue, the name of a project, or which ticket blocks which.
    pub name: String,
    /// Its address, if it has one.
    pub url: Option<String>,
    /// Why it is still there.
    pub why: Why,
}

/// Why something was not taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Why {
    /// The line by which it is known as ours is gone.
    Unmarked,
    /// Somebody moved it to this state.
    Moved(String),
    /// Others have commented on it.
    Commented,
    /// It is the parent of an issue that stays, or that is not ours.
    Parent,
    /// It is a project with an issue that stays.
    Holds(String),
    /// It connects issues that stay.
    Connects,
    /// A relation of it could not be deleted.
    Related,
    /// It could not be deleted.
    Failed(String),
}

impl fmt::Display for Survivor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if let Some(url) = &self.url {
            write!(f, " ({url})")?;
        }
        match &self.why {
            Why::Unmarked => f.write_str(": the line by which it is known as ours is gone"),
            Why::Moved(state) => write!(f, ": somebody moved it to {state}"),
            Why::Commented => f.write_str(": others have commented on it"),
            Why::Parent => f.write_str(": it is the parent of an issue that stays"),
            Why::Holds(issue) => write!(f, ": it holds {issue}, which stays"),
            Why::Connects => f.write_str(": it connects tickets that stay"),
            Why::Related => f.write_str(": a relation of it could not be deleted"),
            Why::Failed(why) => write!(f, ": {why}"),
        }
    }
}
