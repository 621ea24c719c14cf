//! POST, and PUT or apply where nothing is yet.

use serde_json::Value;

use super::Scope;
use super::ownership::book;
use crate::admission::{self, Operation};
use crate::authz;
use crate::clock::to_seconds_text;
use crate::decode;
use crate::meta;
use crate::registry::{Change, ResourceInfo};
use crate::request::Request;
use crate::respond::Answer;
use crate::server::Core;
use crate::status::Status;
use crate::store;

/// Answers POST on a collection.
pub(crate) fn create(
    core: &Core,
    request: &Request,
    info: &ResourceInfo,
) -> Result<Answer, Status> {
    let scope = Scope::new(core, request, info, "CreateOptions")?;
    crate::read::accept(request)?;
    let body = decode::object(request, info, scope.options.field_validation)?;
    let mut object = body.object;
    meta::normalize(&mut object);
    drop_system_fields(&mut object);
    scope.set_namespace(&mut object)?;
    info.strategy.default(&mut object);
    let object = book(&scope, None, object);
    if let Some(review) = authz::answer_review(&scope, &object) {
        return Ok(Answer::value(201, review?).warning(body.warnings));
    }
    store_new(&scope, object, body.warnings.clone()).map_err(|status| status.warning(body.warnings))
}

/// Stores an object that is decoded and has its defaults.
pub(crate) fn store_new(
    scope: &Scope<'_>,
    mut object: Value,
    mut warnings: Vec<String>,
) -> Result<Answer, Status> {
    let info = scope.info;
    warnings.extend(duplicate_owner_warning(&meta::dedup_owner_references(&mut object)));
    let mut writer = scope.core.store.writer();
    let ctx = scope.context();
    check_namespace(scope, &object)?;
    info.strategy.admit(&ctx, &mut object, None)?;
    warnings.extend(admission::mutate(scope, &mut object, None)?);
    authz::check_escalation(scope, &object, None)?;
    set_system_fields(scope, &mut object);
    info.strategy.prepare_create(&ctx, &mut object)?;
    let mut errors = meta::check_create(info, &object);
    errors.extend(info.strategy.validate(&ctx, &object));
    if !errors.is_empty() {
        return Err(Status::invalid(&info.storage.group, &info.kind, meta::name(&object), &errors));
    }
    warnings.extend(info.strategy.warnings(&ctx, &object, None));
    warnings.extend(admission::validate(scope, Operation::Create, Some(&object), None)?);
    let name = meta::name(&object).to_owned();
    let key = store::key(scope.namespace(), &name);
    let charges = admission::quota::check(scope, &object)?;
    if let Some(existing) = scope.core.store.get(&info.storage, &key) {
        let mut status = Status::already_exists(info.group_resource(), &name);
        if meta::is_deleting(&existing.to_value()) {
            status.message.insert_str(0, "object is being deleted: ");
        }
        return Err(status);
    }
    if scope.options.dry_run {
        return Ok(Answer::value(201, object).warning(warnings));
    }
    let mut kept = object.clone();
    info.strategy.encode_stored(info, &mut kept);
    let stored = writer.put(scope.target(&key), &mut kept);
    info.strategy.committed(&ctx, Change::Created(&object));
    admission::quota::charge(&mut writer, charges);
    drop(writer);
    Ok(scope.answer(201, &stored)?.warning(warnings))
}

/// Drops what only the server sets, before anything is booked to the client.
fn drop_system_fields(object: &mut Value) {
    let metadata = meta::of(object);
    for key in ["creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "uid"] {
        metadata.remove(key);
    }
}

fn set_system_fields(scope: &Scope<'_>, object: &mut Value) {
    let now = to_seconds_text(scope.core.now());
    let uid = scope.request.random.uuid();
    drop_system_fields(object);
    let metadata = meta::of(object);
    metadata.remove("resourceVersion");
    metadata.insert("creationTimestamp".into(), now.into());
    metadata.insert("uid".into(), uid.into());
    let prefix = metadata.get("generateName").and_then(Value::as_str).unwrap_or_default();
    let named = metadata.get("name").and_then(Value::as_str).is_some_and(|name| !name.is_empty());
    if !named && !prefix.is_empty() {
        let kept: String = prefix.chars().take(58).collect();
        let name = format!("{kept}{}", scope.request.random.suffix(5));
        metadata.insert("name".into(), name.into());
    }
}

/// Returns the warning about owner references that occur twice.
pub(crate) fn duplicate_owner_warning(uids: &[String]) -> Option<String> {
    if uids.is_empty() {
        return None;
    }
    Some(format!(
        ".metadata.ownerReferences contains duplicate entries; API server dedups owner references \
         in 1.20+, and may reject such requests as early as 1.24; please fix your requests; \
         duplicate UID(s) observed: {}",
        uids.join(", ")
    ))
}

/// Refuses new objects in namespaces that are missing or go.
fn check_namespace(scope: &Scope<'_>, object: &Value) -> Result<(), Status> {
    if !scope.info.is_namespaced() {
        return Ok(());
    }
    let name = scope.namespace();
    let namespaces = store::Collection::new("", "namespaces");
    let resource = crate::status::GroupResource { group: "", resource: "namespaces" };
    let found = scope.core.store.get(&namespaces, name);
    let namespace = found.ok_or_else(|| Status::not_found(resource, name))?.to_value();
    if !meta::is_deleting(&namespace) {
        return Ok(());
    }
    let why =
        format!("unable to create new content in namespace {name} because it is being terminated");
    let status = Status::forbidden(scope.info.group_resource(), meta::name(object), &why);
    Err(status.with_cause(
        "NamespaceTerminating",
        "metadata.namespace",
        &format!("namespace {name} is being terminated"),
    ))
}
