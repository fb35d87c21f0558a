//! Fields the schema has and this server does not know.

use std::rc::Rc;

use apollo_compiler::ast::Type;
use apollo_compiler::resolvers::{ObjectValue, ResolveInfo, ResolvedValue};
use apollo_compiler::response::{JsonMap, JsonValue};
use apollo_compiler::schema::ExtendedType;

use super::{Answer, View};
use crate::errors::Failure;
use crate::schema::schema;
use crate::settings::Unmodelled;
use crate::time;

/// Refuses a field, or answers with an empty value of its type.
pub(crate) fn unmodelled<'a>(
    view: &Rc<View>,
    info: &ResolveInfo<'_>,
    type_name: &str,
) -> Answer<'a> {
    let name = info.field_name();
    match view.settings.unmodelled {
        Unmodelled::Refused => {
            Err(Failure::unmodelled(format_args!("field {name} of {type_name}")).into())
        }
        Unmodelled::Empty => empty(view, &info.field_definition().ty, name),
    }
}

fn empty<'a>(view: &Rc<View>, ty: &Type, field: &str) -> Answer<'a> {
    if !ty.is_non_null() {
        return Ok(ResolvedValue::null());
    }
    if ty.is_list() {
        return Ok(ResolvedValue::list([]));
    }
    let name = ty.inner_named_type();
    Ok(match schema().types.get(name) {
        Some(ExtendedType::Object(_)) => ResolvedValue::object(Blank {
            type_name: name.to_string(),
            view: Rc::clone(view),
        }),
        Some(ExtendedType::Enum(values)) => {
            ResolvedValue::leaf(values.values.keys().next().map(ToString::to_string))
        }
        Some(ExtendedType::Scalar(_)) => ResolvedValue::leaf(match name.as_str() {
            "Boolean" => JsonValue::Bool(false),
            "Int" => JsonValue::from(0),
            "Float" => JsonValue::from(0.0),
            "DateTime" => JsonValue::from(time::iso(0)),
            "JSON" | "JSONObject" => JsonValue::Object(JsonMap::new()),
            _ => JsonValue::from(""),
        }),
        Some(
            ExtendedType::Interface(_) | ExtendedType::Union(_) | ExtendedType::InputObject(_),
        )
        | None => {
            return Err(Failure::unmodelled(format_args!("field {field}")).into());
        }
    })
}

/// An object with nothing in it.
struct Blank {
    type_name: String,
    view: Rc<View>,
}

impl ObjectValue for Blank {
    fn type_name(&self) -> &str {
        &self.type_name
    }

    fn resolve_field<'a>(&'a self, info: &'a ResolveInfo<'a>) -> Answer<'a> {
        empty(&self.view, &info.field_definition().ty, info.field_name())
    }
}
