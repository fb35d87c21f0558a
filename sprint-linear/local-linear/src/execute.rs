//! Running one valid operation against the store.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;

use apollo_compiler::ExecutableDocument;
use apollo_compiler::executable::{Operation, Selection, SelectionSet};
use apollo_compiler::resolvers::{Execution, ObjectValue, ResolveInfo, ResolvedValue};
use apollo_compiler::response::JsonMap;
use apollo_compiler::validation::Valid;
use serde_json::{Value, json};

use crate::errors::Failure;
use crate::faults::PageFault;
use crate::limits::Budget;
use crate::mutate::Mutator;
use crate::resolve::{Answer, Outcome, Payload, Query, View, arguments};
use crate::schema::schema;
use crate::store::Store;

/// How mutations are made to go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Twist {
    NoEffect,
    SuccessFalse,
    NullEntity,
}

/// One operation of a valid document, with variables that coerced.
pub(crate) struct Call<'a> {
    pub(crate) document: &'a Valid<ExecutableDocument>,
    pub(crate) operation: &'a Operation,
    pub(crate) variables: &'a Valid<JsonMap>,
}

/// What an execution is told beside the call.
pub(crate) struct Surroundings {
    pub(crate) organisation: String,
    pub(crate) budgets: Vec<Budget>,
    pub(crate) lists: Option<Store>,
    pub(crate) stale: Option<Store>,
    pub(crate) page_fault: Option<PageFault>,
    pub(crate) twist: Option<Twist>,
}

/// Executes a call. What it changed is in the mutator afterwards.
pub(crate) fn execute(
    call: &Call<'_>,
    mutator: Mutator,
    around: Surroundings,
) -> (u16, Value, Mutator) {
    let view = View {
        store: around.stale.unwrap_or_else(|| mutator.store.clone()),
        lists: around.lists,
        now: mutator.now,
        viewer: mutator.viewer.clone(),
        organisation: around.organisation,
        settings: mutator.settings.clone(),
        budgets: around.budgets,
        page_fault: Cell::new(around.page_fault),
        index: OnceCell::new(),
    };
    let execution = Execution::new(schema(), call.document)
        .operation(call.operation)
        .coerced_variable_values(call.variables)
        .enable_schema_introspection(true);
    let (response, mutator) = if call.operation.is_mutation() {
        let root = Mutation {
            mutator: RefCell::new(mutator),
            seen: view,
            twist: around.twist,
        };
        let response = execution.execute_sync(&root);
        (response, root.mutator.into_inner())
    } else {
        (
            execution.execute_sync(&Query {
                view: Rc::new(view),
            }),
            mutator,
        )
    };
    let (status, body) = match response {
        Err(refused) => (
            400,
            json!({ "errors": [invalid(&refused.message().to_string())] }),
        ),
        Ok(response) => {
            let mut status = 200;
            let mut errors = Vec::new();
            for error in &response.errors {
                let failure = Failure::from_message(&error.message);
                status = status.max(failure.status);
                let mut entry = failure.entry();
                entry["path"] = serde_json::to_value(&error.path).unwrap_or_default();
                errors.push(entry);
            }
            let data = serde_json::to_value(&response.data).unwrap_or_default();
            let body = if errors.is_empty() {
                json!({ "data": data })
            } else {
                json!({ "errors": errors, "data": data })
            };
            (status, body)
        }
    };
    (status, body, mutator)
}

/// The entry of `errors` for a document or variables the schema does not allow.
pub(crate) fn invalid(message: &str) -> Value {
    Failure::new(
        400,
        "GRAPHQL_VALIDATION_FAILED",
        "graphql error",
        message,
        "",
    )
    .entry()
}

/// The names of the root fields of an operation.
pub(crate) fn root_fields(document: &ExecutableDocument, operation: &Operation) -> Vec<String> {
    fn collect(document: &ExecutableDocument, set: &SelectionSet, names: &mut Vec<String>) {
        for selection in &set.selections {
            match selection {
                Selection::Field(field) => names.push(field.name.to_string()),
                Selection::InlineFragment(fragment) => {
                    collect(document, &fragment.selection_set, names);
                }
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = document.fragments.get(&spread.fragment_name) {
                        collect(document, &fragment.selection_set, names);
                    }
                }
            }
        }
    }
    let mut names = Vec::new();
    collect(document, &operation.selection_set, &mut names);
    names
}

/// The root of mutations.
struct Mutation {
    mutator: RefCell<Mutator>,
    /// What is the same for the views of all payloads.
    seen: View,
    twist: Option<Twist>,
}

impl ObjectValue for Mutation {
    fn type_name(&self) -> &str {
        "Mutation"
    }

    fn resolve_field<'a>(&'a self, info: &'a ResolveInfo<'a>) -> Answer<'a> {
        let mut mutator = self.mutator.borrow_mut();
        let before = mutator.store.clone();
        let outcome = mutator.run(info.field_name(), &arguments(info))?;
        let view = View {
            store: mutator.store.clone(),
            lists: None,
            now: self.seen.now,
            viewer: self.seen.viewer.clone(),
            organisation: self.seen.organisation.clone(),
            settings: self.seen.settings.clone(),
            budgets: self.seen.budgets.clone(),
            page_fault: Cell::new(None),
            index: OnceCell::new(),
        };
        let nullable = matches!(
            outcome,
            Outcome::Issue(_) | Outcome::Project(_) | Outcome::Upload(..)
        );
        let (success, bare) = match self.twist {
            None => (true, false),
            Some(Twist::NoEffect) => (true, false),
            Some(Twist::SuccessFalse) => (false, nullable),
            Some(Twist::NullEntity) => (true, true),
        };
        if matches!(self.twist, Some(Twist::NoEffect | Twist::SuccessFalse)) {
            mutator.store = before;
        }
        Ok(ResolvedValue::object(Payload {
            type_name: info.field_definition().ty.inner_named_type().to_string(),
            view: Rc::new(view),
            outcome,
            success,
            bare,
        }))
    }
}
