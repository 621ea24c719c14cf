//! PATCH in its five forms.

use flux_ssa::patch::{self, JsonPatch, JsonPatchError, StrategicError};
use flux_ssa::{Plain, Type};
use serde_json::Value;

use super::Scope;
use super::apply::apply;
use super::ownership::book;
use super::scale;
use super::update::{Changed, check_name, store_changed};
use crate::builtin::print_patched;
use crate::decode::{self, Source, from_patched};
use crate::document;
use crate::meta;
use crate::read::shown;
use crate::registry::{ResourceInfo, built_in_type};
use crate::request::{FieldValidation, Request};
use crate::respond::Answer;
use crate::server::Core;
use crate::status::{FieldError, Status};

/// The forms of patches that are merged into an object.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    Json,
    Merge,
    Strategic,
}

/// Answers PATCH on an object.
pub(crate) fn patch(core: &Core, request: &Request, info: &ResourceInfo) -> Result<Answer, Status> {
    let content_type = request.header(http::header::CONTENT_TYPE).unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default();
    let form = match media_type {
        "application/json-patch+json" => Some(Form::Json),
        "application/merge-patch+json" => Some(Form::Merge),
        "application/strategic-merge-patch+json" if !info.is_custom => Some(Form::Strategic),
        "application/apply-patch+yaml" => None,
        _ => return Err(unsupported(info)),
    };
    let scope = Scope::new(core, request, info, "PatchOptions")?;
    crate::read::accept(request)?;
    let Some(form) = form else {
        return apply(&scope);
    };
    if scope.options.force.is_some() {
        let detail = "may not be specified for non-apply patch";
        let error = FieldError::forbidden("force", detail);
        return Err(Status::invalid("meta.k8s.io", "PatchOptions", "", &error.into()));
    }
    match crate::scale::paths(info, &request.target.subresource) {
        Some(paths) => {
            let Patch { value, .. } = read_patch(&scope, form)?;
            let of = built_in_type("io.k8s.api.autoscaling.v1.Scale");
            let patch = move |live: &Value| patched(form, live, value, &of);
            scale::write(&scope, paths, scale::Write::Patch(Box::new(patch)))
        }
        None => merge(&scope, form),
    }
}

fn unsupported(info: &ResourceInfo) -> Status {
    if info.is_custom {
        return decode::unsupported_media_type(&[
            "application/json-patch+json",
            "application/merge-patch+json",
            "application/apply-patch+yaml",
        ]);
    }
    let mut status = Status::new(415, "UnsupportedMediaType", "415: Unsupported Media Type");
    status.details = Some(Box::default());
    status
}

fn merge(scope: &Scope<'_>, form: Form) -> Result<Answer, Status> {
    let (core, info) = (scope.core, scope.info);
    let writer = core.store.writer();
    let stored = core.store.get(&info.storage, &scope.key()).ok_or_else(|| scope.not_found())?;
    let old = shown(info, &stored);
    let Patch { value, blamed } = read_patch(scope, form)?;
    let patch = value.clone();
    let patched = patched(form, &old, value, &info.typing().of)?;
    let source = if form == Form::Strategic { Source::Maps } else { Source::Text };
    let body = from_patched(info, (&patched, source), blamed, scope.options.field_validation)
        .map_err(|error| {
            let shown = match (form, info.strategy.schema_name()) {
                (Form::Strategic, _) => Plain(&patch).to_string(),
                (Form::Merge, Some(definition)) => print_patched(definition, &patched, &patch),
                (Form::Json, Some(definition)) => {
                    print_patched(definition, &patched, &touched(&patch))
                }
                (Form::Json | Form::Merge, None) => patched.to_string(),
            };
            error.of_patched(&shown)
        })?;
    let mut object = body.object;
    meta::normalize(&mut object);
    info.strategy.default(&mut object);
    let mut object = book(scope, Some(&old), object);
    scope.set_namespace(&mut object)?;
    check_name(&object, &scope.request.target.name)?;
    let warnings = body.warnings.clone();
    store_changed(scope, writer, Changed { object, old, warnings })
        .map_err(|status| status.warning(body.warnings))
}

/// Returns the tree of the places that the operations of a JSON patch reach.
fn touched(patch: &Value) -> Value {
    let mut tree = serde_json::json!({});
    for operation in patch.as_array().into_iter().flatten() {
        let mut at = &mut tree;
        for step in meta::text(operation, "/path").split('/').skip(1) {
            let step = step.replace("~1", "/").replace("~0", "~");
            at = meta::map(at).entry(step).or_insert(Value::Null);
        }
    }
    tree
}

/// A patch that could be read.
struct Patch {
    value: Value,
    /// What a strict decoder objects to.
    blamed: Vec<String>,
}

fn read_patch(scope: &Scope<'_>, form: Form) -> Result<Patch, Status> {
    let validation = scope.options.field_validation;
    let prefix = match (form, validation) {
        (Form::Strategic, _) | (_, FieldValidation::Ignore) => "",
        _ => "error decoding patch: ",
    };
    let document = document::parse(&scope.request.body)
        .map_err(|error| Status::bad_request(format!("{prefix}{error}")))?;
    let duplicates = match validation {
        FieldValidation::Ignore => Vec::new(),
        FieldValidation::Warn | FieldValidation::Strict => document.duplicates(),
    };
    let blamed = duplicates.iter().map(|path| {
        let text = document::Node::duplicate_text(path);
        if form == Form::Json { format!("json patch {text}") } else { text }
    });
    let blamed = blamed.collect();
    Ok(Patch { value: document.into_value(), blamed })
}

fn patched(form: Form, old: &Value, patch: Value, of: &Type) -> Result<Value, Status> {
    let mut object = old.clone();
    match form {
        Form::Json => {
            let patch = JsonPatch::from_value(patch).map_err(json_refusal)?;
            patch.apply(&mut object).map_err(json_refusal)?;
        }
        Form::Merge => {
            check_map(&patch, "error decoding patch: ")?;
            if patch.is_null() {
                return Err(Status::bad_request("Invalid JSON Patch"));
            }
            patch::merge(&mut object, patch);
        }
        Form::Strategic => {
            check_map(&patch, "")?;
            let patch = if patch.is_null() { serde_json::json!({}) } else { patch };
            patch::strategic(&mut object, patch, of).map_err(strategic_refusal)?;
        }
    }
    Ok(object)
}

fn check_map(patch: &Value, prefix: &str) -> Result<(), Status> {
    let kind = match patch {
        Value::Object(_) | Value::Null => return Ok(()),
        Value::Array(_) => "array",
        Value::String(_) => "string",
        Value::Number(_) => "number",
        Value::Bool(_) => "bool",
    };
    Err(Status::bad_request(format!(
        "{prefix}json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}"
    )))
}

fn json_refusal(error: JsonPatchError) -> Status {
    match error {
        JsonPatchError::Malformed(why) => {
            Status::bad_request(format!("error decoding patch: {why}"))
        }
        JsonPatchError::TooManyOperations(_) => {
            Status::new(413, "RequestEntityTooLarge", format!("Request entity too large: {error}"))
        }
        JsonPatchError::DoesNotApply(_) => unprocessable(),
    }
}

fn strategic_refusal(error: StrategicError) -> Status {
    match error {
        StrategicError::BadRequest(why) => Status::bad_request(why),
        StrategicError::Unprocessable(_) => unprocessable(),
        StrategicError::Failed(why) => Status::new(500, "", why),
    }
}

/// 422 with the one text that the original has where it wants to hide the reason.
fn unprocessable() -> Status {
    let why = "the server rejected our request due to an error in our request";
    let mut status = Status::new(422, "Invalid", why);
    status.details = Some(Box::default());
    status
}
