//! Changes outside the workspace of an agent, seen by looking before and after it ran.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::{BranchName, TicketId};

/// A place that an agent has no business to change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// The user's own checkout: its head, its index, its files.
    Checkout,
    /// Branches and tags, other than those of this sprint's tickets.
    Refs,
    /// The workspace or the branch of another ticket.
    Ticket(TicketId),
    /// Somewhere else, seen because the agent named the path to a tool that wrote it.
    Outside,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Checkout => f.write_str("your checkout"),
            Self::Refs => f.write_str("branches and tags"),
            Self::Ticket(id) => write!(f, "the workspace of {id}"),
            Self::Outside => f.write_str("files outside the repository's workspaces"),
        }
    }
}

/// Something that changed where the agent had no business.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Stray {
    /// Where.
    pub place: Place,
    /// What: a path, a branch, `HEAD`.
    pub what: String,
}

impl fmt::Display for Stray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}", self.what, self.place)
    }
}

/// What the engine saw of a run of an agent, by looking before and after it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Around {
    /// What changed outside its workspace meanwhile, whoever did it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Stray>,
    /// How the workspace was left.
    #[serde(default)]
    pub workspace: Whereabouts,
    /// Whether the branch that is checked out instead of its own was there before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub known_branch: bool,
}

impl Around {
    /// Nothing was seen, and the workspace is where it was.
    pub const fn quiet() -> Self {
        Self {
            changes: Vec::new(),
            workspace: Whereabouts::There,
            known_branch: false,
        }
    }

    /// Whether there is nothing to tell.
    pub fn is_quiet(&self) -> bool {
        *self == Self::quiet()
    }
}

/// Where a workspace is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whereabouts {
    /// In its directory, on its branch.
    #[default]
    There,
    /// Its directory is no longer a workspace.
    Gone,
    /// In its directory, with something else checked out.
    Elsewhere {
        /// The branch; `None` if the head is detached, or the branch has a name that no branch of
        /// ours could have.
        branch: Option<BranchName>,
    },
}

/// What the places around one workspace look like at one moment: for each, the things in it by
/// name, with a fingerprint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    places: BTreeMap<Place, BTreeMap<String, String>>,
}

impl Surroundings {
    /// Nothing around it.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one thing.
    pub fn note(&mut self, place: Place, what: impl Into<String>, fingerprint: impl Into<String>) {
        let things = self.places.entry(place).or_default();
        things.insert(what.into(), fingerprint.into());
    }

    /// Whether a thing is known in a place.
    pub fn knows(&self, place: &Place, what: &str) -> bool {
        let things = self.places.get(place);
        things.is_some_and(|things| things.contains_key(what))
    }

    /// What differs in `after`, in places that are known at both moments: a workspace that was
    /// opened or given back meanwhile is no difference.
    pub fn strays(&self, after: &Self) -> Vec<Stray> {
        let mut strays = Vec::new();
        for (place, before) in &self.places {
            let Some(after) = after.places.get(place) else {
                continue;
            };
            let gone = before.keys().filter(|what| !after.contains_key(*what));
            let changed = after
                .iter()
                .filter(|(what, print)| before.get(*what) != Some(print))
                .map(|(what, _)| what);
            strays.extend(gone.chain(changed).map(|what| Stray {
                place: place.clone(),
                what: what.clone(),
            }));
        }
        strays.sort();
        strays
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn around(things: &[(Place, &str, &str)]) -> Surroundings {
        let mut found = Surroundings::new();
        for (place, what, print) in things {
            found.note(place.clone(), *what, *print);
        }
        found
    }

    #[test]
    fn what_appears_changes_or_goes_is_named_and_places_that_come_and_go_are_not() {
        let ticket = Place::Ticket(TicketId::new("A").expect("an id"));
        let other = Place::Ticket(TicketId::new("B").expect("an id"));
        let before = around(&[
            (Place::Checkout, "HEAD", "1"),
            (Place::Checkout, "a.txt", "1"),
            (Place::Refs, "main", "1"),
            (ticket, "HEAD", "1"),
        ]);
        let after = around(&[
            (Place::Checkout, "HEAD", "1"),
            (Place::Checkout, "b.txt", "1"),
            (Place::Refs, "main", "2"),
            (other, "HEAD", "1"),
        ]);
        let strays: Vec<_> = before.strays(&after).iter().map(Stray::to_string).collect();
        insta::assert_snapshot!(strays.join("\n"), @r"
        a.txt in your checkout
        b.txt in your checkout
        main in branches and tags
        ");
        assert_eq!(before.strays(&before), []);
    }
}
