//! Pages of a connection: cursors, order, limits of the page size.

use std::rc::Rc;
use std::sync::Arc;

use apollo_compiler::resolvers::{FieldError, ObjectValue, ResolveInfo, ResolvedValue};
use serde_json::{Map, Value};

use crate::errors::Failure;
use crate::faults::PageFault;
use crate::ids;
use crate::resolve::{Answer, Entity, Node, View, arguments, unmodelled};

/// The page size without `first` and `last`.
const DEFAULT: usize = 50;
/// The largest page size.
const LARGEST: usize = 250;

/// Where a row stands among the rows of a connection; also its cursor.
type Place = (u64, u64);

/// Answers a connection with those of the rows that the arguments of the field ask for.
pub(crate) fn connection<'a, T: Node>(
    view: &Rc<View>,
    info: &ResolveInfo<'_>,
    rows: Vec<Arc<T>>,
) -> Answer<'a> {
    let arguments = arguments(info);
    let page = cut(view, &arguments, rows)?;
    Ok(ResolvedValue::object(Connection {
        type_name: info.field_definition().ty.inner_named_type().to_string(),
        view: Rc::clone(view),
        page,
    }))
}

struct Page<T> {
    rows: Vec<(String, Arc<T>)>,
    start: Option<String>,
    end: Option<String>,
    more_after: bool,
    more_before: bool,
}

fn cut<T: Node>(
    view: &View,
    arguments: &Map<String, Value>,
    rows: Vec<Arc<T>>,
) -> Result<Page<T>, Failure> {
    let archived = arguments
        .get("includeArchived")
        .and_then(Value::as_bool)
        .unwrap_or(false);
    let (first, last) = (size(arguments, "first")?, size(arguments, "last")?);
    let fault = view.page_fault.take();
    let given_after = arguments.get("after").and_then(Value::as_str);
    let after = if fault == Some(PageFault::Endless) {
        None
    } else {
        given_after.map(place).transpose()?
    };
    let before = arguments
        .get("before")
        .and_then(Value::as_str)
        .map(place)
        .transpose()?;
    let order = Order::of(arguments);
    let mut rows: Vec<(Place, Arc<T>)> = rows
        .into_iter()
        .filter(|row| archived || !row.is_archived())
        .map(|row| (order.place(view.settings.order_seed, row.as_ref()), row))
        .collect();
    rows.sort_by_key(|(place, _)| *place);
    let all = rows.len();
    rows.retain(|(place, _)| {
        after.is_none_or(|after| *place > after) && before.is_none_or(|before| *place < before)
    });
    let (mut more_after, mut more_before) = (
        before.is_some() && rows.len() < all,
        after.is_some() && rows.len() < all,
    );
    if let (Some(last), None) = (last, first) {
        if rows.len() > last {
            rows.drain(..rows.len() - last);
            more_before = true;
        }
    } else {
        let first = first.unwrap_or(DEFAULT);
        if rows.len() > first {
            rows.truncate(first);
            more_after = true;
        }
    }
    let rows: Vec<_> = rows
        .into_iter()
        .map(|(place, row)| (cursor(place), row))
        .collect();
    let mut page = Page {
        start: rows.first().map(|(cursor, _)| cursor.clone()),
        end: rows.last().map(|(cursor, _)| cursor.clone()),
        rows,
        more_after,
        more_before,
    };
    if let Some(fault) = fault {
        page.more_after = true;
        page.end = match fault {
            PageFault::NullCursor => None,
            PageFault::RepeatedCursor => given_after
                .map(str::to_owned)
                .or_else(|| page.start.clone()),
            PageFault::Endless => {
                let turn = given_after
                    .map(place)
                    .transpose()?
                    .map_or(0, |(_, turn)| turn + 1);
                Some(cursor((u64::MAX, turn)))
            }
        };
    }
    Ok(page)
}

fn size(arguments: &Map<String, Value>, name: &str) -> Result<Option<usize>, Failure> {
    match arguments
        .get(name)
        .and_then(Value::as_u64)
        .map(usize::try_from)
    {
        Some(Ok(n)) if n > LARGEST => Err(Failure::input(format!(
            "{name} must not be greater than {LARGEST}"
        ))),
        Some(Ok(n)) => Ok(Some(n)),
        Some(Err(_)) => Err(Failure::input(format!("{name} is too large"))),
        None if arguments.get(name).is_some_and(Value::is_number) => {
            Err(Failure::input(format!("{name} must not be less than 0")))
        }
        None => Ok(None),
    }
}

fn cursor((key, seq): Place) -> String {
    format!("{key:016x}{seq:016x}")
}

fn place(cursor: &str) -> Result<Place, Failure> {
    let half = |range| {
        cursor
            .get(range)
            .and_then(|digits| u64::from_str_radix(digits, 16).ok())
    };
    match (cursor.len(), half(0..16), half(16..32)) {
        (32, Some(key), Some(seq)) => Ok((key, seq)),
        _ => Err(Failure::input("cursor is not valid")),
    }
}

/// The order of rows: newest first; or by chance for a filter with a list of ids.
#[derive(Clone, Copy)]
enum Order {
    Created,
    Updated,
    Chance,
}

impl Order {
    fn of(arguments: &Map<String, Value>) -> Self {
        if arguments.get("filter").is_some_and(asks_for_ids) {
            Self::Chance
        } else if arguments.get("orderBy").and_then(Value::as_str) == Some("updatedAt") {
            Self::Updated
        } else {
            Self::Created
        }
    }

    fn place<T: Node>(self, seed: u64, row: &T) -> Place {
        let key = match self {
            Self::Created => u64::MAX - row.created(),
            Self::Updated => u64::MAX - row.updated(),
            Self::Chance => ids::shuffle_key(seed, row.id()),
        };
        (key, u64::MAX - row.seq())
    }
}

fn asks_for_ids(filter: &Value) -> bool {
    match filter {
        Value::Object(members) => members
            .iter()
            .any(|(name, inner)| name == "id" && inner.get("in").is_some() || asks_for_ids(inner)),
        Value::Array(items) => items.iter().any(asks_for_ids),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

struct Connection<T> {
    type_name: String,
    view: Rc<View>,
    page: Page<T>,
}

impl<T: Node> ObjectValue for Connection<T> {
    fn type_name(&self) -> &str {
        &self.type_name
    }

    fn resolve_field<'a>(
        &'a self,
        info: &'a ResolveInfo<'a>,
    ) -> Result<ResolvedValue<'a>, FieldError> {
        let entity = |row: &Arc<T>| Entity {
            view: Rc::clone(&self.view),
            value: Arc::clone(row),
        };
        Ok(match info.field_name() {
            "nodes" => ResolvedValue::list(
                self.page
                    .rows
                    .iter()
                    .map(move |(_, row)| ResolvedValue::object(entity(row))),
            ),
            "edges" => ResolvedValue::list(self.page.rows.iter().map(move |(cursor, row)| {
                ResolvedValue::object(Edge {
                    type_name: self.type_name.replace("Connection", "Edge"),
                    cursor: cursor.clone(),
                    node: entity(row),
                })
            })),
            "pageInfo" => ResolvedValue::object(PageInfo {
                start: self.page.start.clone(),
                end: self.page.end.clone(),
                more_after: self.page.more_after,
                more_before: self.page.more_before,
            }),
            _ => return unmodelled(&self.view, info, &self.type_name),
        })
    }
}

struct Edge<T> {
    type_name: String,
    cursor: String,
    node: Entity<T>,
}

impl<T: Node> ObjectValue for Edge<T> {
    fn type_name(&self) -> &str {
        &self.type_name
    }

    fn resolve_field<'a>(
        &'a self,
        info: &'a ResolveInfo<'a>,
    ) -> Result<ResolvedValue<'a>, FieldError> {
        match info.field_name() {
            "cursor" => Ok(ResolvedValue::leaf(self.cursor.as_str())),
            "node" => Ok(ResolvedValue::object(Entity {
                view: Rc::clone(&self.node.view),
                value: Arc::clone(&self.node.value),
            })),
            _ => Err(self.unknown_field_error(info)),
        }
    }
}

struct PageInfo {
    start: Option<String>,
    end: Option<String>,
    more_after: bool,
    more_before: bool,
}

impl ObjectValue for PageInfo {
    fn type_name(&self) -> &str {
        "PageInfo"
    }

    fn resolve_field<'a>(
        &'a self,
        info: &'a ResolveInfo<'a>,
    ) -> Result<ResolvedValue<'a>, FieldError> {
        Ok(match info.field_name() {
            "startCursor" => ResolvedValue::leaf(self.start.clone()),
            "endCursor" => ResolvedValue::leaf(self.end.clone()),
            "hasNextPage" => ResolvedValue::leaf(self.more_after),
            "hasPreviousPage" => ResolvedValue::leaf(self.more_before),
            _ => return Err(self.unknown_field_error(info)),
        })
    }
}
