//! The price of a request, estimated from its text as the service documents it.

use apollo_compiler::executable::{Field, Operation, Selection, SelectionSet};
use apollo_compiler::response::JsonMap;
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::{ExecutableDocument, ast};
use serde_json::Value;

use crate::schema::{json_map, parse, schema};
use crate::settings::PageInfoPrice;

/// The page size of a connection asked for without one.
const PAGE: f64 = 50.0;

/// Returns the points of the only operation of a document: a scalar 0.1, an object 1, a connection its
/// children times `first` or `last` (50 without), rounded up. An invalid document costs nothing.
pub fn points(document: &str, variables: &Value) -> u32 {
    priced(document, variables, PageInfoPrice::Once)
}

/// Returns the points like [`points`], with the page information of a connection times its page too:
/// a client of the service reported prices that fit this better.
pub fn points_at_most(document: &str, variables: &Value) -> u32 {
    priced(document, variables, PageInfoPrice::ByRow)
}

fn priced(document: &str, variables: &Value, page_info: PageInfoPrice) -> u32 {
    let (Ok(document), Ok(variables)) = (parse(document), json_map(variables)) else {
        return 0;
    };
    let only = document.operations.iter().next();
    only.map_or(0, |operation| {
        round(exact(&document, operation, &variables, page_info))
    })
}

/// The sum before it is rounded.
pub(crate) fn exact(
    document: &ExecutableDocument,
    operation: &Operation,
    variables: &JsonMap,
    page_info: PageInfoPrice,
) -> f64 {
    Estimate {
        document,
        variables,
        page_info,
    }
    .set(&operation.selection_set)
}

/// The sum as it is charged.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sums are small and never negative"
)]
pub(crate) fn round(sum: f64) -> u32 {
    (sum - 1e-6).ceil().max(0.0) as u32
}

struct Estimate<'a> {
    document: &'a ExecutableDocument,
    variables: &'a JsonMap,
    page_info: PageInfoPrice,
}

impl Estimate<'_> {
    fn set(&self, set: &SelectionSet) -> f64 {
        set.selections
            .iter()
            .map(|selection| self.selection(selection, Self::field))
            .sum()
    }

    fn selection(&self, selection: &Selection, price: fn(&Self, &Field) -> f64) -> f64 {
        let inner = |set: &SelectionSet| {
            set.selections
                .iter()
                .map(|s| self.selection(s, price))
                .sum()
        };
        match selection {
            Selection::Field(field) => price(self, field),
            Selection::InlineFragment(fragment) => inner(&fragment.selection_set),
            Selection::FragmentSpread(spread) => self
                .document
                .fragments
                .get(&spread.fragment_name)
                .map_or(0.0, |f| inner(&f.selection_set)),
        }
    }

    fn field(&self, field: &Field) -> f64 {
        let name = field.definition.ty.inner_named_type();
        match schema().types.get(name) {
            Some(ExtendedType::Object(_) | ExtendedType::Interface(_) | ExtendedType::Union(_)) => {
            }
            Some(
                ExtendedType::Scalar(_) | ExtendedType::Enum(_) | ExtendedType::InputObject(_),
            )
            | None => return 0.1,
        }
        if name.ends_with("Connection") {
            let rows: f64 = field
                .selection_set
                .selections
                .iter()
                .map(|s| self.selection(s, Self::rows))
                .sum();
            let rest: f64 = field
                .selection_set
                .selections
                .iter()
                .map(|s| self.selection(s, Self::rest))
                .sum();
            match self.page_info {
                PageInfoPrice::Once => rows * self.page(field) + rest,
                PageInfoPrice::ByRow => (rows + rest) * self.page(field),
            }
        } else {
            1.0 + self.set(&field.selection_set)
        }
    }

    fn rows(&self, field: &Field) -> f64 {
        match field.name.as_str() {
            "nodes" => self.field(field),
            "edges" => self.set(&field.selection_set),
            _ => 0.0,
        }
    }

    fn rest(&self, field: &Field) -> f64 {
        if matches!(field.name.as_str(), "nodes" | "edges") {
            0.0
        } else {
            self.field(field)
        }
    }

    fn page(&self, field: &Field) -> f64 {
        let size = |name| match &**field.specified_argument_by_name(name)? {
            ast::Value::Int(n) => n.try_to_f64().ok(),
            ast::Value::Variable(v) => self.variables.get(v.as_str())?.as_f64(),
            ast::Value::Null
            | ast::Value::Enum(_)
            | ast::Value::String(_)
            | ast::Value::Float(_)
            | ast::Value::Boolean(_)
            | ast::Value::List(_)
            | ast::Value::Object(_) => None,
        };
        size("first").or_else(|| size("last")).unwrap_or(PAGE)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_documented_examples_cost_what_is_documented() {
        assert_eq!(points("{ viewer { id name } }", &Value::Null), 2);
        let page = "query($n: Int) { viewer { assignedIssues(first: $n) { nodes { id title priority } } } }";
        assert_eq!(points(page, &Value::Null), 66);
        assert_eq!(points(page, &json!({ "n": 10 })), 14);
    }

    #[test]
    fn a_page_of_projects_with_two_unbounded_connections_costs_13470_points() {
        let query = "query { projects(first: 100) { nodes { ...F } } }
            fragment F on Project { id name description state status { id name type } slugId priority
              priorityLabel health progress startDate targetDate url lead { id name }
              teams { nodes { id key name } } labels { nodes { id name color } } }";
        assert_eq!(points(query, &Value::Null), 13_470);
    }

    #[test]
    fn page_information_is_priced_once_or_by_row() {
        let query = "{ issues(first: 10) { nodes { id } pageInfo { hasNextPage endCursor } } }";
        assert_eq!(points(query, &Value::Null), 13);
        assert_eq!(points_at_most(query, &Value::Null), 23);
    }
}
