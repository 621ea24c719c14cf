//! Lists: selectors, versions, chunks.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{accept, shown};
use crate::registry::ResourceInfo;
use crate::request::{ListOptions, Request};
use crate::respond::Answer;
use crate::selector::FieldSelector;
use crate::server::Core;
use crate::status::Status;
use crate::store::{self, Stored};

/// What objects are wanted.
#[derive(Clone)]
pub(crate) struct Filter {
    labels: flux_manifest::LabelSelector,
    fields: FieldSelector,
}

impl Filter {
    /// Reads the selectors of a request.
    pub(crate) fn parse(info: &ResourceInfo, options: &ListOptions) -> Result<Self, Status> {
        let labels = flux_manifest::LabelSelector::parse(&options.label_selector)
            .map_err(|error| Status::bad_request(error.to_string()))?;
        let fields = FieldSelector::parse(&options.field_selector).map_err(Status::bad_request)?;
        check_fields(info, &fields)?;
        Ok(Self { labels, fields })
    }

    /// Tells whether everything is wanted.
    pub(crate) fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// Tells whether an object is wanted.
    pub(crate) fn matches(&self, info: &ResourceInfo, stored: &Stored) -> bool {
        if !self.labels.is_empty() && !self.labels.matches(|key| stored.label(key)) {
            return false;
        }
        if self.fields.is_empty() {
            return true;
        }
        let (namespace, name) = stored.namespace_and_name();
        let mut parsed = None;
        self.fields.iter().all(|(field, operator, wanted)| {
            let value = match field {
                "metadata.name" => name.to_owned(),
                "metadata.namespace" => namespace.to_owned(),
                _ => {
                    let object = parsed.get_or_insert_with(|| stored.to_value());
                    selectable(info, object, field)
                }
            };
            (value == wanted) == (operator == crate::selector::FieldOperator::Equals)
        })
    }
}

fn selectable(info: &ResourceInfo, object: &Value, field: &str) -> String {
    let own = info.strategy.selectable_fields(object);
    own.into_iter().find(|(name, _)| *name == field).map(|(_, value)| value).unwrap_or_default()
}

fn check_fields(info: &ResourceInfo, fields: &FieldSelector) -> Result<(), Status> {
    for (field, _, _) in fields.iter() {
        if matches!(field, "metadata.name" | "metadata.namespace") {
            continue;
        }
        if info.is_custom {
            if info.selectable_fields.iter().any(|path| path.trim_start_matches('.') == field) {
                continue;
            }
            return Err(Status::bad_request(format!("field label not supported: {field}")));
        }
        let known = info.strategy.selectable_fields(&Value::Null);
        if known.is_empty() {
            return Err(Status::bad_request(format!(
                "\"{field}\" is not a known field selector: only \"metadata.name\", \
                 \"metadata.namespace\""
            )));
        }
        if !known.iter().any(|(name, _)| *name == field) {
            return Err(Status::bad_request(format!("field label not supported: {field}")));
        }
    }
    Ok(())
}

/// Answers with a list.
pub(crate) async fn list(
    core: &Core,
    request: &Request,
    info: &ResourceInfo,
) -> Result<Answer, Status> {
    let accept = accept(request)?;
    let options = ListOptions::from_query(&request.query)?;
    let filter = Filter::parse(info, &options)?;
    let page = core.store.page(&info.storage, &store::prefix(request.target.object_namespace()));
    let items: Vec<&Arc<Stored>> =
        page.items.iter().filter(|stored| filter.matches(info, stored)).collect();
    let items: Vec<Value> = items.iter().map(|stored| item(info, stored)).collect();
    let metadata = json!({"resourceVersion": page.revision.to_string()});
    let mut list = Map::new();
    list.insert("kind".into(), info.list_kind.as_str().into());
    list.insert("apiVersion".into(), info.api_version().into());
    list.insert("metadata".into(), metadata);
    list.insert("items".into(), Value::Array(items));
    Ok(Answer::value(200, Value::Object(list)).encoded(accept.encoding))
}

/// Returns an object as lists show it: without its type, unless it is a custom one.
fn item(info: &ResourceInfo, stored: &Stored) -> Value {
    let mut object = shown(info, stored);
    if !info.is_custom
        && let Some(map) = object.as_object_mut()
    {
        map.remove("kind");
        map.remove("apiVersion");
    }
    object
}
