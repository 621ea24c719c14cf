//! Which objects a list, a watch or a deletion is about.

use flux_manifest::LabelSelector;
use serde_json::Value;

use crate::registry::ResourceInfo;
use crate::request::ListOptions;
use crate::selector::{FieldOperator, FieldSelector};
use crate::status::Status;
use crate::store::Stored;

/// What objects are wanted.
#[derive(Clone)]
pub(crate) struct Filter {
    labels: LabelSelector,
    fields: FieldSelector,
}

impl Filter {
    /// Reads the selectors of a request.
    pub(crate) fn parse(info: &ResourceInfo, options: &ListOptions) -> Result<Self, Status> {
        let labels = LabelSelector::parse(&options.label_selector)
            .map_err(|error| Status::bad_request(error.to_string()))?;
        let fields = FieldSelector::parse(&options.field_selector).map_err(Status::bad_request)?;
        check_fields(info, &fields)?;
        Ok(Self { labels, fields })
    }

    /// Tells whether everything is wanted.
    pub(crate) fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// Adds the requirement of a name.
    pub(crate) fn with_name(mut self, name: &str) -> Self {
        self.fields.require("metadata.name", name);
        self
    }

    /// Tells whether an object is wanted.
    pub(crate) fn matches(&self, info: &ResourceInfo, stored: &Stored) -> bool {
        if !self.labels.is_empty() && !self.labels.matches(|key| stored.label(key)) {
            return false;
        }
        let (namespace, name) = stored.namespace_and_name();
        let mut parsed = None;
        self.fields.iter().all(|(field, operator, wanted)| {
            let equal = match field {
                "metadata.name" => name == wanted,
                "metadata.namespace" => namespace == wanted,
                _ => {
                    let object = parsed.get_or_insert_with(|| super::shown(info, stored));
                    selectable(info, object, field) == wanted
                }
            };
            equal == (operator == FieldOperator::Equals)
        })
    }
}

/// Returns the value of a field that selectors may name.
fn selectable(info: &ResourceInfo, object: &Value, field: &str) -> String {
    if info.is_custom {
        let pointer = format!("/{}", field.replace('.', "/"));
        return match object.pointer(&pointer) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
    }
    let own = info.strategy.selectable_fields(object);
    own.into_iter().find(|(name, _)| *name == field).map(|(_, value)| value).unwrap_or_default()
}

fn check_fields(info: &ResourceInfo, fields: &FieldSelector) -> Result<(), Status> {
    for (field, _, _) in fields.iter() {
        if matches!(field, "metadata.name" | "metadata.namespace") {
            continue;
        }
        let unsupported =
            || Err(Status::bad_request(format!("field label not supported: {field}")));
        if info.is_custom {
            if !info.selectable_fields.iter().any(|path| path.trim_start_matches('.') == field) {
                return unsupported();
            }
            continue;
        }
        let known = info.strategy.selectable_fields(&Value::Null);
        if known.is_empty() {
            return Err(Status::bad_request(format!(
                "\"{field}\" is not a known field selector: only \"metadata.name\", \
                 \"metadata.namespace\""
            )));
        }
        if !known.iter().any(|(name, _)| *name == field) {
            return unsupported();
        }
    }
    Ok(())
}
