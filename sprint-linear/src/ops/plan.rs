//! Operations that build a plan and take it back.

pub(crate) mod issues;
pub(crate) mod labels;
pub(crate) mod project;
pub(crate) mod relations;

#[cfg(test)]
mod tests {
    use local_linear::{check_document, check_variables, points};
    use serde_json::to_value;

    use super::*;
    use crate::ops::{ById, ByIds, Create, Next, Operation};

    /// The largest that is asked: a valid document, variables that coerce, and the right price.
    fn check<O: Operation>(variables: &O::Variables) {
        let sent = to_value(variables).unwrap();
        check_document(O::DOCUMENT).unwrap();
        check_variables(O::DOCUMENT, O::NAME, &sent).unwrap();
        assert_eq!(
            O::points(variables),
            points(O::DOCUMENT, &sent),
            "{}",
            O::NAME
        );
        assert!(O::points(variables) < 9_000, "{}", O::NAME);
        assert_eq!(
            O::WRITES,
            O::DOCUMENT.starts_with("mutation"),
            "{}",
            O::NAME
        );
    }

    #[test]
    fn every_document_is_valid_and_costs_what_is_counted() {
        let id = || "fc502961-2c7c-4d62-be5d-0fa7693f35b8".to_owned();
        let ids = |first: u32| ByIds::new((0..first).map(|_| id()).collect());
        let input = || issues::Input {
            id: id(),
            team_id: id(),
            title: "t".into(),
            description: "d".into(),
            state_id: id(),
            priority: 1,
            label_ids: vec![id()],
            project_id: Some(id()),
            parent_id: None,
        };
        for first in [1, 50] {
            check::<issues::PlanIssues>(&ids(first));
            check::<issues::PlanIssueTouches>(&ids(first));
        }
        check::<issues::PlanIssue>(&ById { id: id() });
        check::<issues::PlanIssueCreate>(&Create { input: input() });
        check::<issues::PlanIssueBatchCreate>(&Create {
            input: issues::BatchInput {
                issues: vec![input(), input()],
            },
        });
        check::<issues::PlanIssueDelete>(&ById { id: id() });
        check::<labels::PlanLabels>(&labels::ListVariables {
            team: id(),
            first: 250,
            after: None,
        });
        check::<labels::PlanLabel>(&ById { id: id() });
        check::<labels::PlanLabelCreate>(&Create {
            input: labels::Input {
                id: id(),
                name: "n".into(),
                team_id: id(),
            },
        });
        check::<project::PlanProjects>(&project::NameVariables { name: "n".into() });
        for first in [1, 100] {
            check::<project::PlanProject>(&project::Variables {
                id: id(),
                first,
                after: None,
            });
        }
        check::<project::PlanProjectCreate>(&Create {
            input: project::Input {
                id: id(),
                name: "n".into(),
                team_ids: vec![id()],
                description: "d".into(),
                content: "c".into(),
            },
        });
        check::<project::PlanProjectDelete>(&ById { id: id() });
        check::<relations::PlanRelation>(&ById { id: id() });
        check::<relations::PlanRelationCreate>(&Create {
            input: relations::Input {
                id: id(),
                issue_id: id(),
                related_issue_id: id(),
                r#type: "blocks",
            },
        });
        check::<relations::PlanRelationDelete>(&ById { id: id() });
        check::<relations::PlanBlockers>(&Next {
            id: id(),
            after: None,
        });
    }
}
