//! A plan on the local server: what is in its store in the end.

mod crash;
mod faults;
mod happy;
mod journal;
mod random;
mod rollback;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex};

use local_linear::{Issue, NewComment, NewIssue, Project, Relation};
use sprint_core::domain::draft::{CheckedDraft, PlanDraft, ProjectDraft, TicketDraft};
use sprint_core::domain::ticket::{Priority, Size};
use sprint_core::id::{DraftKey, ProblemId};
use sprint_core::ports;

use crate::create::mark::TicketMark;
use crate::create::{CreatedPlan, JournalStore, Plans, TakenBack, digest};
use crate::machine;
use crate::testing::{Fixture, Side};

/// A server on which others work too, and what there was before anything of ours.
struct Scene {
    fixture: Fixture,
    journal: Memory,
    before: Before,
}

/// What others have.
#[derive(Debug, PartialEq)]
struct Before {
    issues: Vec<Issue>,
    relations: Vec<Relation>,
    projects: Vec<Project>,
    labels: BTreeSet<String>,
}

impl Scene {
    /// Others have a project with the name of ours, and two issues with our label and titles.
    fn new() -> Self {
        let fixture = Fixture::new();
        let linear = &fixture.linear;
        let label = linear.add_label(Some(&fixture.team), "Planned");
        let project = linear.add_project("Sign in", &[&fixture.team]);
        let mut ids = Vec::new();
        for title in ["Ticket a", "Ticket b"] {
            ids.push(linear.add_issue(NewIssue {
                labels: vec![label.clone()],
                project: Some(project.clone()),
                state: Some(fixture.state("Todo")),
                ..NewIssue::new(&fixture.team, title)
            }));
        }
        linear.add_relation(&ids[0], &ids[1], "blocks");
        let before = Before {
            issues: linear.issues(),
            relations: linear.relations(),
            projects: linear.projects(),
            labels: linear.labels().into_iter().map(|label| label.id).collect(),
        };
        Self {
            fixture,
            journal: Memory::default(),
            before,
        }
    }

    /// As after a restart.
    fn plans(&self) -> Plans {
        let fixture = &self.fixture;
        let clock = Arc::new(fixture.clock.clone());
        Plans::new(
            fixture.config(),
            fixture.transport(),
            clock,
            fixture.budget.clone(),
        )
    }

    fn create(&self, draft: &CheckedDraft) -> ports::Result<CreatedPlan> {
        let mut journal = self.journal.clone();
        self.fixture.run(self.plans().create(draft, &mut journal))
    }

    fn take_back(&self) -> ports::Result<TakenBack> {
        let mut journal = self.journal.clone();
        self.fixture.run(self.plans().take_back(&mut journal))
    }

    /// Creates until the `request`-th request, and forgets everything but the journal there.
    fn create_until(&self, draft: &CheckedDraft, request: u64, side: Side) -> bool {
        let mut journal = self.journal.clone();
        let plans = self.plans();
        let create = plans.create(draft, &mut journal);
        self.fixture.run_until(request, side, create).is_none()
    }

    fn take_back_until(&self, request: u64, side: Side) -> bool {
        let mut journal = self.journal.clone();
        let plans = self.plans();
        let take_back = plans.take_back(&mut journal);
        self.fixture.run_until(request, side, take_back).is_none()
    }

    /// Live issues that were not there before.
    fn ours(&self) -> Vec<Issue> {
        let others: BTreeSet<_> = self.before.issues.iter().map(|issue| &issue.id).collect();
        let issues = self.fixture.linear.issues().into_iter();
        issues
            .filter(|issue| issue.archived_at.is_none() && !others.contains(&issue.id))
            .collect()
    }

    fn our_projects(&self) -> Vec<Project> {
        let others: BTreeSet<_> = self
            .before
            .projects
            .iter()
            .map(|project| &project.id)
            .collect();
        let projects = self.fixture.linear.projects().into_iter();
        projects
            .filter(|project| project.archived_at.is_none() && !others.contains(&project.id))
            .collect()
    }

    fn our_relations(&self) -> Vec<Relation> {
        let others: BTreeSet<_> = self
            .before
            .relations
            .iter()
            .map(|relation| &relation.id)
            .collect();
        let relations = self.fixture.linear.relations().into_iter();
        relations
            .filter(|relation| !others.contains(&relation.id))
            .collect()
    }

    /// What others have is as it was.
    fn assert_others_untouched(&self) {
        let linear = &self.fixture.linear;
        let is_theirs = |id: &str| self.before.issues.iter().any(|issue| issue.id == id);
        let issues = linear
            .issues()
            .into_iter()
            .filter(|issue| is_theirs(&issue.id));
        assert_eq!(issues.collect::<Vec<_>>(), self.before.issues);
        for project in &self.before.projects {
            assert!(linear.projects().contains(project));
        }
        for relation in &self.before.relations {
            assert!(linear.relations().contains(relation));
        }
        let labels: BTreeSet<_> = linear.labels().into_iter().map(|label| label.id).collect();
        assert!(labels.is_superset(&self.before.labels));
    }

    /// The store holds the plan exactly once, and what others have as it was.
    fn assert_holds(&self, draft: &CheckedDraft) {
        self.assert_others_untouched();
        let plan = draft.plan();
        let ours = self.ours();
        let mark = |issue: &Issue| {
            let text = issue.description.clone().unwrap_or_default();
            let (mark, _) = machine::read::<TicketMark>(&text).expect("it bears its mark");
            assert_eq!(mark.problem, plan.problem.as_str());
            assert_eq!(mark.plan, digest(plan));
            mark.key
        };
        let by_key: BTreeMap<_, _> = ours.iter().map(|issue| (mark(issue), issue)).collect();
        assert_eq!(ours.len(), plan.tickets.len(), "each ticket is there once");
        let projects = self.our_projects();
        assert_eq!(projects.len(), usize::from(plan.project.is_some()));
        let labels = self.fixture.linear.labels();
        let names: BTreeSet<_> = labels
            .iter()
            .map(|label| label.name.to_lowercase())
            .collect();
        assert_eq!(names.len(), labels.len(), "each label is there once");
        for ticket in &plan.tickets {
            let issue = by_key
                .get(ticket.key.as_str())
                .expect("each ticket is there");
            assert_eq!(issue.title, ticket.title);
            assert_eq!(issue.state, self.fixture.state("Todo"));
            assert_eq!(
                issue.project.as_ref(),
                projects.first().map(|project| &project.id)
            );
            let parent = ticket.parent.as_ref().map(|key| &by_key[key.as_str()].id);
            assert_eq!(issue.parent.as_ref(), parent, "{}", ticket.key);
            let worn = labels
                .iter()
                .filter(|label| issue.labels.contains(&label.id));
            let worn: BTreeSet<_> = worn.map(|label| label.name.to_lowercase()).collect();
            let wanted = draft
                .labels(ticket)
                .into_iter()
                .map(str::to_lowercase)
                .collect();
            assert_eq!(worn, wanted, "{}", ticket.key);
        }
        let mut relations: Vec<_> = self
            .our_relations()
            .into_iter()
            .map(|relation| (relation.issue, relation.related, relation.kind))
            .collect();
        relations.sort();
        let wanted = draft.relations().into_iter().map(|(blocked, blocker)| {
            let id = |key: &DraftKey| by_key[key.as_str()].id.clone();
            (id(blocker), id(blocked), "blocks".to_owned())
        });
        let mut wanted: Vec<_> = wanted.collect();
        wanted.sort();
        assert_eq!(
            relations, wanted,
            "each relation is there once, in its direction"
        );
    }

    /// Nothing of ours is there but labels and what is in the trash.
    fn assert_empty(&self) {
        self.assert_others_untouched();
        assert_eq!(self.ours(), []);
        assert_eq!(self.our_projects(), []);
        assert_eq!(self.our_relations(), []);
    }
}

/// A journal that outlives whoever writes it, and fails when a test says so.
#[derive(Clone, Debug, Default)]
struct Memory(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    bytes: Option<Vec<u8>>,
    saves: u64,
    /// The save that fails, and whether before or after it is durable.
    fails: Option<(u64, bool)>,
}

impl Memory {
    /// Fails at the `save`-th save from now, counted from 0.
    fn fail_at(&self, save: u64, side: Side) {
        let mut kept = self.0.lock().unwrap();
        kept.fails = Some((kept.saves + save, side == Side::After));
    }

    fn recover(&self) {
        self.0.lock().unwrap().fails = None;
    }

    fn saves(&self) -> u64 {
        self.0.lock().unwrap().saves
    }

    fn text(&self) -> String {
        let bytes = self.0.lock().unwrap().bytes.clone().unwrap_or_default();
        String::from_utf8(bytes).unwrap()
    }
}

impl JournalStore for Memory {
    fn load(&self) -> io::Result<Option<Vec<u8>>> {
        Ok(self.0.lock().unwrap().bytes.clone())
    }

    fn save(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut kept = self.0.lock().unwrap();
        let number = kept.saves;
        kept.saves += 1;
        let fails = kept.fails.filter(|(at, _)| number >= *at);
        if fails.is_none_or(|(at, after)| number == at && after) {
            kept.bytes = Some(bytes.to_vec());
        }
        match fails {
            None => Ok(()),
            Some(_) => Err(io::Error::other("the disk is gone")),
        }
    }
}

fn key(text: &str) -> DraftKey {
    DraftKey::new(text).unwrap()
}

fn ticket(name: &str, parent: Option<&str>, blocked_by: &[&str]) -> TicketDraft {
    TicketDraft {
        key: key(name),
        title: format!("Ticket {name}"),
        body: format!("## Overview\n\n- what {name} is about\n- [x] <b>`x`</b>\n"),
        priority: Priority::High,
        size: Size::M,
        labels: Vec::new(),
        blocked_by: blocked_by.iter().map(|name| key(name)).collect(),
        parent: parent.map(key),
    }
}

/// Six tickets on three levels, with a label that is there in another case and one that is not.
fn small() -> CheckedDraft {
    let mut tickets = vec![
        ticket("a", None, &[]),
        ticket("b", None, &["a"]),
        ticket("a1", Some("a"), &[]),
        ticket("a2", Some("a"), &["a1", "b"]),
        ticket("a1x", Some("a1"), &[]),
        ticket("b1", Some("b"), &["a1x"]),
    ];
    tickets[3].labels.push("Backend".into());
    plan(tickets)
}

fn plan(tickets: Vec<TicketDraft>) -> CheckedDraft {
    let draft = PlanDraft {
        problem: ProblemId::new("sign-in").unwrap(),
        project: Some(ProjectDraft {
            name: "Sign in".into(),
            description: "How people sign in.\n\nWith *keys*.".into(),
        }),
        labels: vec!["planned".into()],
        tickets,
    };
    draft.check().unwrap()
}

/// A person other than the owner of the key writes a comment.
fn comment_by_another(scene: &Scene, issue: &str) {
    let user = scene.fixture.linear.add_user("Another");
    scene.fixture.linear.add_comment(NewComment {
        user: Some(user),
        ..NewComment::new(issue, "I have begun with this.")
    });
}
