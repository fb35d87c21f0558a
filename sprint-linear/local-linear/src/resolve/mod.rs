//! Answers of the fields of all types, read from one view of the store.

mod blank;
mod comment;
mod index;
mod issue;
mod organisation;
mod payload;
mod query;

use std::cell::{Cell, OnceCell};
use std::rc::Rc;
use std::sync::Arc;

use apollo_compiler::resolvers::{FieldError, ObjectValue, ResolveInfo, ResolvedValue};
use serde_json::{Map, Value};

pub(crate) use self::blank::unmodelled;
use self::index::Index;
pub(crate) use self::payload::{Outcome, Payload};
pub(crate) use self::query::Query;
use crate::faults::PageFault;
use crate::filter::Filter;
use crate::limits::Budget;
use crate::settings::Settings;
use crate::store::{Store, Table};
use crate::{ids, time};

/// What resolving a field gives.
pub(crate) type Answer<'a> = Result<ResolvedValue<'a>, FieldError>;

/// What one request sees.
pub(crate) struct View {
    /// What reads by id see.
    pub(crate) store: Store,
    /// What lists see, when they lag behind.
    pub(crate) lists: Option<Store>,
    pub(crate) now: u64,
    pub(crate) viewer: String,
    pub(crate) organisation: String,
    pub(crate) settings: Settings,
    pub(crate) budgets: Vec<Budget>,
    /// Taken by the first connection that is resolved.
    pub(crate) page_fault: Cell<Option<PageFault>>,
    pub(crate) index: OnceCell<Index>,
}

impl View {
    /// The tables that lists are made from.
    pub(crate) fn listed(&self) -> &Store {
        self.lists.as_ref().unwrap_or(&self.store)
    }

    /// Filters for lists.
    pub(crate) fn filter(&self) -> Filter<'_> {
        Filter {
            store: self.listed(),
            now: self.now,
            viewer: &self.viewer,
        }
    }

    fn index(&self) -> &Index {
        self.index.get_or_init(|| Index::of(self.listed()))
    }
}

/// A kind of entity: how it is ordered in lists, and what its fields are.
pub(crate) trait Node: Sized + 'static {
    /// The name of the type in the schema.
    const TYPE: &'static str;
    fn id(&self) -> &str;
    fn created(&self) -> u64;
    fn updated(&self) -> u64 {
        self.created()
    }
    /// The order among rows of the same time; no two rows may have the same.
    fn seq(&self) -> u64 {
        ids::shuffle_key(0, self.id())
    }
    fn is_archived(&self) -> bool {
        false
    }
    fn field<'a>(self: &Arc<Self>, view: &Rc<View>, info: &'a ResolveInfo<'a>) -> Answer<'a>;
}

/// An entity as one request sees it.
pub(crate) struct Entity<T> {
    pub(crate) view: Rc<View>,
    pub(crate) value: Arc<T>,
}

impl<T: Node> ObjectValue for Entity<T> {
    fn type_name(&self) -> &str {
        T::TYPE
    }

    fn resolve_field<'a>(&'a self, info: &'a ResolveInfo<'a>) -> Answer<'a> {
        self.value.field(&self.view, info)
    }
}

/// An entity as the value of a field.
pub(crate) fn entity<'a, T: Node>(view: &Rc<View>, value: &Arc<T>) -> ResolvedValue<'a> {
    ResolvedValue::object(Entity {
        view: Rc::clone(view),
        value: Arc::clone(value),
    })
}

/// The entity with this id, or null.
pub(crate) fn reference<'a, T: Node>(
    view: &Rc<View>,
    table: &Table<T>,
    id: Option<&String>,
) -> Answer<'a> {
    Ok(id
        .and_then(|id| table.get(id))
        .map_or_else(ResolvedValue::null, |value| entity(view, value)))
}

/// The arguments of a field, coerced.
pub(crate) fn arguments(info: &ResolveInfo<'_>) -> Map<String, Value> {
    match serde_json::to_value(info.arguments()) {
        Ok(Value::Object(arguments)) => arguments,
        _ => Map::new(),
    }
}

fn date<'a>(ms: u64) -> ResolvedValue<'a> {
    ResolvedValue::leaf(time::iso(ms))
}

fn maybe_date<'a>(ms: Option<u64>) -> ResolvedValue<'a> {
    ResolvedValue::leaf(ms.map(time::iso))
}

#[expect(clippy::cast_precision_loss, reason = "numbers of issues are small")]
fn float<'a>(n: u64) -> ResolvedValue<'a> {
    ResolvedValue::leaf(n as f64)
}

fn strings<'a>(all: &[String]) -> ResolvedValue<'a> {
    let all: Vec<_> = all
        .iter()
        .map(|text| ResolvedValue::leaf(text.as_str()))
        .collect();
    ResolvedValue::list(all)
}
