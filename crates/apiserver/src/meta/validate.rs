//! The checks of `metadata` that the original runs on every kind.

use serde_json::Value;

use super::{finalizers, generation, is_deleting, name, namespace, of, set, text};
use crate::names;
use crate::registry::{ResourceInfo, Scope};
use crate::status::{FieldError, FieldErrors};

/// All annotations of an object together may have this many bytes.
const MAX_ANNOTATIONS: usize = 256 << 10;

/// Checks names, labels, annotations, owners and finalizers of a new object.
pub(crate) fn check_create(resource: &ResourceInfo, object: &Value) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let prefix = text(object, "/metadata/generateName");
    let own = name(object);
    let wrong = |text: &str, prefix| resource.strategy.name_errors(text, prefix);
    if !prefix.is_empty() {
        for detail in wrong(prefix, Some(prefix)) {
            errors.push(FieldError::invalid("metadata.generateName", prefix, &detail));
        }
    }
    if own.is_empty() {
        let detail = "name or generateName is required";
        errors.push(FieldError::required("metadata.name", detail));
    } else {
        for detail in wrong(own, None) {
            errors.push(FieldError::invalid("metadata.name", own, &detail));
        }
    }
    check_namespace(resource.scope, object, &mut errors);
    check_common(is_core(resource), object, &mut errors);
    errors
}

/// Checks the metadata of a resource inside another one, which may have no name.
pub(crate) fn check_embedded(object: &Value) -> FieldErrors {
    let mut errors = FieldErrors::new();
    for (key, prefix) in [("generateName", Some("")), ("name", None)] {
        let given = text(object, &format!("/metadata/{key}"));
        for detail in names::path_segment_errors(given, prefix) {
            errors.push(FieldError::invalid(format!("metadata.{key}"), given, &detail));
        }
    }
    if !namespace(object).is_empty() {
        check_namespace(Scope::Namespaced, object, &mut errors);
    }
    check_common(false, object, &mut errors);
    errors
}

fn check_namespace(scope: Scope, object: &Value, errors: &mut FieldErrors) {
    const FIELD: &str = "metadata.namespace";
    let namespace = namespace(object);
    match scope {
        Scope::Namespaced if namespace.is_empty() => {
            errors.push(FieldError::required(FIELD, ""));
        }
        Scope::Namespaced => {
            for detail in names::dns_label_errors(namespace, None) {
                errors.push(FieldError::invalid(FIELD, namespace, &detail));
            }
        }
        Scope::Cluster if !namespace.is_empty() => {
            errors.push(FieldError::forbidden(FIELD, "not allowed on this type"));
        }
        Scope::Cluster => {}
    }
}

fn check_common(is_core: bool, object: &Value, errors: &mut FieldErrors) {
    if let Some(generation) = generation(object).filter(|generation| *generation < 0) {
        let detail = "must be greater than or equal to 0";
        errors.push(FieldError::invalid("metadata.generation", generation, detail));
    }
    check_labels(object, errors);
    check_annotations(object, errors);
    check_owners(object, errors);
    check_finalizers(is_core, object, errors);
}

fn check_labels(object: &Value, errors: &mut FieldErrors) {
    const FIELD: &str = "metadata.labels";
    let labels = object.pointer("/metadata/labels").and_then(Value::as_object);
    for (key, value) in labels.into_iter().flatten() {
        for detail in names::qualified_name_errors(key) {
            errors.push(FieldError::invalid(FIELD, key.as_str(), &detail));
        }
        let value = value.as_str().unwrap_or_default();
        for detail in names::label_value_errors(value) {
            errors.push(FieldError::invalid(FIELD, value, &detail));
        }
    }
}

fn check_annotations(object: &Value, errors: &mut FieldErrors) {
    const FIELD: &str = "metadata.annotations";
    let annotations = object.pointer("/metadata/annotations").and_then(Value::as_object);
    let mut size = 0;
    for (key, value) in annotations.into_iter().flatten() {
        for detail in names::qualified_name_errors(&key.to_lowercase()) {
            errors.push(FieldError::invalid(FIELD, key.as_str(), &detail));
        }
        size += key.len() + value.as_str().unwrap_or_default().len();
    }
    if size > MAX_ANNOTATIONS {
        errors.push(FieldError::too_long(FIELD, MAX_ANNOTATIONS));
    }
}

fn check_owners(object: &Value, errors: &mut FieldErrors) {
    const FIELD: &str = "metadata.ownerReferences";
    let owners = object.pointer("/metadata/ownerReferences").and_then(Value::as_array);
    let mut controller = String::new();
    for owner in owners.into_iter().flatten() {
        let api_version = text(owner, "/apiVersion");
        let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version));
        if version.is_empty() {
            let detail = "version must not be empty";
            let field = format!("{FIELD}.apiVersion");
            errors.push(FieldError::invalid(field, api_version, detail));
        }
        for key in ["kind", "name", "uid"] {
            if text(owner, &format!("/{key}")).is_empty() {
                errors.push(FieldError::invalid(format!("{FIELD}.{key}"), "", "must not be empty"));
            }
        }
        let kind = text(owner, "/kind");
        if kind == "Event" && matches!(group, "" | "events.k8s.io") {
            let detail =
                format!("{group}/{version}, Kind={kind} is disallowed from being an owner");
            let shown = owner_text(owner);
            errors.push(FieldError::invalid(FIELD, Value::Null, &detail).showing(shown));
        }
        if owner.get("controller").and_then(Value::as_bool) == Some(true) {
            if !controller.is_empty() {
                let detail = format!(
                    "Only one reference can have Controller set to true. Found \"true\" in \
                     references for {controller} and {kind}/{}",
                    text(owner, "/name")
                );
                let list: Vec<String> = owners.into_iter().flatten().map(owner_text).collect();
                let shown = format!("[{}]", list.join(","));
                errors.push(FieldError::invalid(FIELD, Value::Null, &detail).showing(shown));
            }
            controller = format!("{kind}/{}", text(owner, "/name"));
        }
    }
}

/// Prints an owner reference with its keys in the original's order.
fn owner_text(owner: &Value) -> String {
    let keys = ["apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion"];
    let parts = keys.iter().filter_map(|key| Some(format!("\"{key}\":{}", owner.get(*key)?)));
    format!("{{{}}}", parts.collect::<Vec<_>>().join(","))
}

/// Tells whether the finalizers of a kind must be known or have a domain. Custom resources and the
/// servers of definitions and of API services take all qualified names.
fn is_core(resource: &ResourceInfo) -> bool {
    let elsewhere = ["apiextensions.k8s.io", "apiregistration.k8s.io"];
    !resource.is_custom && !elsewhere.contains(&resource.group.as_str())
}

fn check_finalizers(is_core: bool, object: &Value, errors: &mut FieldErrors) {
    const FIELD: &str = "metadata.finalizers";
    let all = finalizers(object);
    for (at, finalizer) in all.iter().enumerate() {
        for detail in names::qualified_name_errors(finalizer) {
            errors.push(FieldError::invalid(FIELD, finalizer.as_str(), &detail));
        }
        let known = ["foregroundDeletion", "orphan", "kubernetes"];
        if is_core && !finalizer.contains('/') && !known.contains(&finalizer.as_str()) {
            let detail = "name is neither a standard finalizer name nor is it fully qualified";
            let field = format!("{FIELD}[{at}]");
            errors.push(FieldError::invalid(field, finalizer.as_str(), detail));
        }
    }
    let has = |name: &str| all.iter().any(|finalizer| finalizer == name);
    if has("orphan") && has("foregroundDeletion") {
        let detail = "finalizer foregroundDeletion and orphan cannot be both set";
        errors.push(FieldError::invalid(FIELD, Value::from(all.clone()), detail));
    }
}

/// Keeps what a client cannot change and checks the rest of an update. Errors of the update come
/// twice, as they do in the original, which checks in general and then per kind.
pub(crate) fn check_update(
    resource: &ResourceInfo,
    object: &mut Value,
    old: &Value,
) -> FieldErrors {
    keep_server_fields(object, old);
    let mut errors = FieldErrors::new();
    check_common(is_core(resource), object, &mut errors);
    let update = update_errors(object, old);
    errors.extend(update.clone());
    errors.extend(update);
    errors
}

fn keep_server_fields(object: &mut Value, old: &Value) {
    let kept = |key: &str| old.pointer(&format!("/metadata/{key}")).cloned();
    let metadata = of(object);
    if metadata.get("uid").is_none() {
        set(metadata, "uid", kept("uid"));
    }
    set(metadata, "creationTimestamp", kept("creationTimestamp"));
    if is_deleting(old) {
        set(metadata, "deletionTimestamp", kept("deletionTimestamp"));
    }
    if metadata.get("deletionGracePeriodSeconds").is_none() {
        set(metadata, "deletionGracePeriodSeconds", kept("deletionGracePeriodSeconds"));
    }
}

fn update_errors(object: &Value, old: &Value) -> FieldErrors {
    let mut errors = FieldErrors::new();
    if is_deleting(old) {
        let before = finalizers(old);
        let new: Vec<String> =
            finalizers(object).into_iter().filter(|one| !before.contains(one)).collect();
        if !new.is_empty() {
            let detail = format!(
                "no new finalizers can be added if the object is being deleted, found new \
                 finalizers []string{{{}}}",
                new.iter().map(|one| format!("{one:?}")).collect::<Vec<_>>().join(", ")
            );
            errors.push(FieldError::forbidden("metadata.finalizers", &detail));
        }
    }
    for key in ["name", "namespace", "uid", "deletionTimestamp", "deletionGracePeriodSeconds"] {
        let pointer = format!("/metadata/{key}");
        let (new, old) = (object.pointer(&pointer), old.pointer(&pointer));
        if new != old {
            let value = new.cloned().unwrap_or_default();
            errors.push(FieldError::invalid(
                format!("metadata.{key}"),
                value,
                "field is immutable",
            ));
        }
    }
    errors
}
