//! Filling the server, and what people and automations do on it.

use crate::linear::LocalLinear;
use crate::model::{Actor, Comment, Issue, Label, Project, Relation, State, Team, User};
use crate::mutate::{default_state, set_state, take_number};
use crate::store;

/// An issue to be added.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewIssue {
    /// The team's id.
    pub team: String,
    /// The title.
    pub title: String,
    /// The description, stored as it is.
    pub description: Option<String>,
    /// The state's id; the team's default without one.
    pub state: Option<String>,
    /// The ids of the labels.
    pub labels: Vec<String>,
    /// The project's id.
    pub project: Option<String>,
    /// The parent's id.
    pub parent: Option<String>,
    /// 0 none, 1 urgent to 4 low.
    pub priority: i64,
}

impl NewIssue {
    /// An issue of a team with a title and nothing else.
    pub fn new(team: &str, title: &str) -> Self {
        Self {
            team: team.to_owned(),
            title: title.to_owned(),
            ..Self::default()
        }
    }
}

/// A comment to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewComment {
    /// The issue's id.
    pub issue: String,
    /// The text, stored as it is.
    pub body: String,
    /// The author's id; the owner of the key without one.
    pub user: Option<String>,
    /// The comment it answers.
    pub parent: Option<String>,
}

impl NewComment {
    /// A comment of the owner of the key.
    pub fn new(issue: &str, body: &str) -> Self {
        Self {
            issue: issue.to_owned(),
            body: body.to_owned(),
            user: None,
            parent: None,
        }
    }
}

/// The five states a new team of the service has, by type.
const STATES: [(&str, &str); 5] = [
    ("Backlog", "backlog"),
    ("Todo", "unstarted"),
    ("In Progress", "started"),
    ("Done", "completed"),
    ("Canceled", "canceled"),
];

impl LocalLinear {
    /// Adds a person.
    pub fn add_user(&self, name: &str) -> String {
        let now = self.now();
        let store = &mut self.lock().store;
        let id = store.fresh_id();
        let email = format!("{}@example.org", name.to_lowercase().replace(' ', "."));
        let user = User {
            id: id.clone(),
            name: name.to_owned(),
            email,
            created_at: now,
        };
        store::put(&mut store.users, &id, user);
        id
    }

    /// Adds a team, and gives its id. It has no states yet.
    pub fn add_team(&self, team: Team) -> String {
        let now = self.now();
        let store = &mut self.lock().store;
        let id = store.fresh_id();
        store::put(
            &mut store.teams,
            &id,
            Team {
                id: id.clone(),
                created_at: now,
                ..team
            },
        );
        id
    }

    /// Changes the switches of a team.
    pub fn edit_team(&self, id: &str, change: impl FnOnce(&mut Team)) {
        let store = &mut self.lock().store;
        if let Some(team) = store.teams.get(id) {
            let mut team = Team::clone(team);
            change(&mut team);
            store::put(&mut store.teams, id, team);
        }
    }

    /// Adds a state to a team, after the others.
    pub fn add_state(&self, team: &str, name: &str, kind: &str) -> String {
        let now = self.now();
        let store = &mut self.lock().store;
        let id = store.fresh_id();
        let position = f64::from(u32::try_from(store.states.len()).unwrap_or(u32::MAX));
        let (team, name, kind) = (team.to_owned(), name.to_owned(), kind.to_owned());
        let state = State {
            id: id.clone(),
            team,
            name,
            kind,
            position,
            created_at: now,
            archived_at: None,
        };
        store::put(&mut store.states, &id, state);
        id
    }

    /// Adds the five states of a new team: Backlog, Todo, In Progress, Done, Canceled.
    pub fn add_states(&self, team: &str) -> [String; 5] {
        STATES.map(|(name, kind)| self.add_state(team, name, kind))
    }

    /// Renames a state.
    pub fn rename_state(&self, id: &str, name: &str) {
        self.edit_state(id, |state| state.name = name.to_owned());
    }

    /// Deletes a state, which archives it.
    pub fn delete_state(&self, id: &str) {
        let now = self.now();
        self.edit_state(id, |state| state.archived_at = Some(now));
    }

    fn edit_state(&self, id: &str, change: impl FnOnce(&mut State)) {
        let store = &mut self.lock().store;
        if let Some(state) = store.states.get(id) {
            let mut state = State::clone(state);
            change(&mut state);
            store::put(&mut store.states, id, state);
        }
    }

    /// Adds a label to a team, or to the organisation.
    pub fn add_label(&self, team: Option<&str>, name: &str) -> String {
        let now = self.now();
        let store = &mut self.lock().store;
        let id = store.fresh_id();
        let label = Label {
            id: id.clone(),
            team: team.map(str::to_owned),
            name: name.to_owned(),
            color: "#bec2c8".to_owned(),
            description: None,
            created_at: now,
        };
        store::put(&mut store.labels, &id, label);
        id
    }

    /// Adds a project of some teams.
    pub fn add_project(&self, name: &str, teams: &[&str]) -> String {
        let now = self.now();
        let mut state = self.lock();
        let creator = state.owner.clone();
        let store = &mut state.store;
        let id = store.fresh_id();
        let project = Project {
            id: id.clone(),
            teams: teams.iter().map(|&team| team.to_owned()).collect(),
            name: name.to_owned(),
            description: String::new(),
            content: None,
            creator,
            created_at: now,
            updated_at: now,
            archived_at: None,
            trashed: false,
        };
        store::put(&mut store.projects, &id, project);
        id
    }

    /// Adds an issue, and gives its id.
    ///
    /// # Panics
    /// On an unknown team, and on a team without states.
    pub fn add_issue(&self, new: NewIssue) -> String {
        let now = self.now();
        let mut state = self.lock();
        let creator = state.owner.clone();
        let store = &mut state.store;
        let team = store
            .teams
            .get(&new.team)
            .cloned()
            .expect("the team of a seeded issue exists");
        let id = store.fresh_id();
        let number = take_number(store, &new.team);
        let to = new
            .state
            .clone()
            .or_else(|| default_state(store, &team))
            .expect("the team has states");
        let first = default_state(store, &team).unwrap_or_else(|| to.clone());
        let issue = Issue {
            id: id.clone(),
            seq: store.next(),
            identifier: format!("{}-{number}", team.key),
            number,
            previous_identifiers: Vec::new(),
            team: new.team,
            title: new.title,
            description: new.description,
            state: first,
            priority: new.priority,
            estimate: None,
            labels: new.labels,
            project: new.project,
            parent: new.parent,
            assignee: None,
            creator: creator.clone(),
            created_at: now,
            updated_at: now,
            started_at: None,
            completed_at: None,
            canceled_at: None,
            archived_at: None,
            trashed: false,
        };
        store::put(&mut store.issues, &id, issue);
        set_state(store, &id, &to, Actor::User(creator), now)
            .expect("the state of a seeded issue fits its team");
        id
    }

    /// Adds a comment, and gives its id.
    pub fn add_comment(&self, new: NewComment) -> String {
        let now = self.now();
        let mut state = self.lock();
        let owner = state.owner.clone();
        let store = &mut state.store;
        let id = store.fresh_id();
        let comment = Comment {
            id: id.clone(),
            seq: store.next(),
            issue: new.issue,
            parent: new.parent,
            body: new.body,
            user: new.user.unwrap_or(owner),
            created_at: now,
            updated_at: now,
            edited_at: None,
        };
        store::put(&mut store.comments, &id, comment);
        id
    }

    /// Adds a relation: for `blocks`, the first issue blocks the second.
    pub fn add_relation(&self, issue: &str, related: &str, kind: &str) -> String {
        let now = self.now();
        let store = &mut self.lock().store;
        let id = store.fresh_id();
        let relation = Relation {
            id: id.clone(),
            seq: store.next(),
            issue: issue.to_owned(),
            related: related.to_owned(),
            kind: kind.to_owned(),
            created_at: now,
        };
        store::put(&mut store.relations, &id, relation);
        id
    }
}
