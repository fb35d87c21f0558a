//! An input object: which members are known, which are absent, which are null.

use serde_json::{Map, Value};

use crate::errors::Failure;

/// A coerced input object.
pub(crate) struct Input<'a> {
    name: &'static str,
    members: Option<&'a Map<String, Value>>,
}

impl<'a> Input<'a> {
    pub(crate) fn new(name: &'static str, members: Option<&'a Map<String, Value>>) -> Self {
        Self { name, members }
    }

    /// Refuses members that the server does not know.
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), Failure> {
        match self
            .members
            .into_iter()
            .flat_map(Map::keys)
            .find(|key| !known.contains(&key.as_str()))
        {
            Some(key) => Err(Failure::unmodelled(format_args!(
                "member {key} of {}",
                self.name
            ))),
            None => Ok(()),
        }
    }

    /// The member, also when it is null; `None` when it is absent.
    pub(crate) fn given(&self, key: &str) -> Option<&'a Value> {
        self.members.and_then(|members| members.get(key))
    }

    /// The text of a member; `None` when it is absent or null.
    pub(crate) fn text(&self, key: &str) -> Option<&'a str> {
        self.given(key).and_then(Value::as_str)
    }

    /// The text of a member that must be there.
    pub(crate) fn required(&self, key: &str) -> Result<&'a str, Failure> {
        self.text(key)
            .filter(|text| !text.trim().is_empty())
            .ok_or_else(|| Failure::input(format!("{key} must not be empty")))
    }

    /// The number of a member; `None` when it is absent or null.
    pub(crate) fn number(&self, key: &str) -> Option<i64> {
        self.given(key).and_then(Value::as_i64)
    }

    /// The texts of a member; `None` when it is absent or null.
    pub(crate) fn texts(&self, key: &str) -> Option<Vec<String>> {
        let items = self.given(key)?.as_array()?;
        Some(
            items
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
        )
    }
}
