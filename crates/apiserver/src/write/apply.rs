//! Server-side apply.

use flux_ssa::{Apply, ApplyError, Conflicts, OnConflict};
use serde_json::Value;

use super::Scope;
use super::create::store_new;
use super::ownership::KindVersions;
use super::scale;
use super::update::{Changed, check_name, store_changed};
use crate::decode::from_document;
use crate::document::Document;
use crate::meta;
use crate::read::shown;
use crate::registry::ResourceInfo;
use crate::request::FieldValidation;
use crate::respond::Answer;
use crate::status::{Cause, FieldError, Status};

/// Answers a PATCH with an object as YAML that is to be so.
pub(crate) fn apply(scope: &Scope<'_>) -> Result<Answer, Status> {
    if scope.options.field_manager.is_empty() {
        let error = FieldError::required("fieldManager", "is required for apply patch");
        return Err(Status::invalid("meta.k8s.io", "PatchOptions", "", &error.into()));
    }
    let (core, info) = (scope.core, scope.info);
    let text = String::from_utf8_lossy(&scope.request.body);
    let applied = flux_yaml::from_str(&text)
        .map_err(|error| Status::bad_request(format!("error decoding YAML: {error}")))?;
    if !applied.is_object() && !applied.is_null() {
        let kind = if applied.is_array() { "array" } else { scalar_kind(&applied) };
        return Err(Status::bad_request(format!(
            "error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot \
             unmarshal {kind} into Go value of type map[string]interface {{}}"
        )));
    }
    if let Some(paths) = crate::scale::paths(info, &scope.request.target.subresource) {
        return scale::write(scope, paths, scale::Write::Apply(applied));
    }
    let writer = core.store.writer();
    let stored = core.store.get(&info.storage, &scope.key());
    if stored.is_none() && !scope.request.target.subresource.is_empty() {
        return Err(scope.not_found());
    }
    let live = stored.map(|stored| shown(info, &stored));
    let versions = KindVersions::of(scope);
    let on_conflict = match scope.options.force {
        Some(true) => OnConflict::Force,
        Some(false) | None => OnConflict::Refuse,
    };
    let request = Apply {
        live: live.as_ref(),
        applied: &applied,
        manager: &scope.options.field_manager,
        on_conflict,
        now: core.now(),
    };
    let merged = versions
        .field_manager(&scope.request.target.subresource)
        .apply(&request)
        .map_err(refusal)?;
    let warnings = duplicate_keys(scope, &text)?;
    let mut object = converted(info, merged.object)?;
    meta::normalize(&mut object);
    info.strategy.default(&mut object);
    if live.is_none() && !meta::uid(&object).is_empty() {
        let (name, uid) = (&scope.request.target.name, meta::uid(&object));
        let why = format!(
            "uid mismatch: the provided object specified uid {uid}, and no existing object was \
             found"
        );
        return Err(Status::conflict(info.group_resource(), name, &why));
    }
    scope.set_namespace(&mut object)?;
    check_name(&object, &scope.request.target.name)?;
    match live {
        Some(old) => store_changed(scope, writer, Changed { object, old, warnings }),
        None => {
            drop(writer);
            store_new(scope, object, warnings)
        }
    }
}

/// Reads a merged object as its kind does. Custom resources are what they are: what their schema
/// refuses is left to validation.
fn converted(info: &ResourceInfo, merged: Value) -> Result<Value, Status> {
    if info.is_custom {
        return Ok(merged);
    }
    from_document(info, Document::from(&merged), FieldValidation::Ignore).map(|body| body.object)
}

fn scalar_kind(value: &Value) -> &'static str {
    match value {
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        _ => "string",
    }
}

pub(super) fn refusal(error: ApplyError) -> Status {
    match error {
        ApplyError::Conflicts(conflicts) => conflict(&conflicts),
        ApplyError::BadRequest(why) => Status::bad_request(why),
        ApplyError::Failed(why) => Status::new(500, "", why),
    }
}

fn conflict(conflicts: &Conflicts) -> Status {
    let mut status = Status::new(409, "Conflict", conflicts.to_string());
    let details = status.details.get_or_insert_default();
    details.causes = conflicts
        .0
        .iter()
        .map(|conflict| Cause {
            reason: "FieldManagerConflict".to_owned(),
            message: conflict.message(),
            field: conflict.path.to_string(),
        })
        .collect();
    status
}

/// Reports keys that stand twice in the text, as the request wants it.
fn duplicate_keys(scope: &Scope<'_>, text: &str) -> Result<Vec<String>, Status> {
    if scope.options.field_validation == FieldValidation::Ignore {
        return Ok(Vec::new());
    }
    let Err(error) = flux_yaml::from_str_strict(text) else { return Ok(Vec::new()) };
    if scope.options.field_validation == FieldValidation::Strict {
        return Err(Status::bad_request(format!("error strict decoding YAML: {error}")));
    }
    let error = error.to_string();
    let lines = error.lines().filter(|line| line.contains("already set in map"));
    Ok(lines.map(|line| line.trim().to_owned()).collect())
}
