//! DELETE of objects and collections: preconditions, finalizers, grace.

use serde_json::{Value, json};

use super::Scope;
use crate::clock::to_seconds_text;
use crate::decode::{BodyFormat, document};
use crate::meta;
use crate::read::{Filter, Items, list_answer, shown};
use crate::registry::{Change, DeletionDefaults, ResourceInfo};
use crate::request::{DeleteOptions, ListOptions, Propagation, Request, WriteOptions};
use crate::respond::Answer;
use crate::server::Core;
use crate::status::{Details, Status};
use crate::store::{self, Writer};

const FOREGROUND: &str = "foregroundDeletion";
const ORPHAN: &str = "orphan";

/// Answers DELETE on an object.
pub(crate) fn delete(
    core: &Core,
    request: &Request,
    info: &ResourceInfo,
) -> Result<Answer, Status> {
    let accept = crate::read::accept(request)?;
    let options = options(request)?;
    let write = WriteOptions { dry_run: options.dry_run, ..WriteOptions::default() };
    let scope = Scope { core, request, info, options: write };
    let mut writer = core.store.writer();
    let outcome = delete_one(&scope, &mut writer, &scope.key(), &options)?;
    drop(writer);
    let (code, value) = match outcome {
        Outcome::Gone(object) if !info.strategy.returns_deleted_object() => {
            (200, success(info, &object))
        }
        Outcome::Gone(object) | Outcome::Marked(object) => (200, object),
    };
    Ok(Answer::value(code, value).encoded(accept.encoding))
}

/// Answers DELETE on a collection with what was deleted.
pub(crate) fn delete_collection(
    core: &Core,
    request: &Request,
    info: &ResourceInfo,
) -> Result<Answer, Status> {
    crate::read::accept(request)?;
    let options = options(request)?;
    let listed = ListOptions::from_query(&request.query)?;
    let filter = Filter::parse(info, &listed)?;
    let write = WriteOptions { dry_run: options.dry_run, ..WriteOptions::default() };
    let scope = Scope { core, request, info, options: write };
    let mut writer = core.store.writer();
    let page = core.store.page(&info.storage, &store::prefix(scope.namespace()));
    let mut items = page.items;
    items.retain(|stored| filter.matches(info, stored));
    for stored in &items {
        delete_one(&scope, &mut writer, &stored.key, &options)?;
    }
    drop(writer);
    let revision = core.store.revision();
    let items = Items { items, revision, continue_token: None, remaining: None };
    list_answer(core, request, info, &items)
}

fn success(info: &ResourceInfo, object: &Value) -> Value {
    let mut status = Status::new(200, "", "");
    status.details = Some(Box::new(Details {
        name: meta::name(object).to_owned(),
        group: info.group.clone(),
        kind: info.plural.clone(),
        uid: meta::uid(object).to_owned(),
        ..Details::default()
    }));
    status.to_value()
}

fn options(request: &Request) -> Result<DeleteOptions, Status> {
    if request.body.is_empty() {
        return DeleteOptions::read(None, &request.query);
    }
    let format = BodyFormat::of(request)?;
    let body = document(format, &request.body).map_err(|error| {
        Status::bad_request(format!("couldn't get version/kind; json parse error: {error}"))
    })?;
    let body = body.into_value();
    let kind = meta::text(&body, "/kind");
    if !matches!(kind, "" | "DeleteOptions") {
        let version = meta::text(&body, "/apiVersion");
        return Err(Status::bad_request(format!(
            "no kind \"{kind}\" is registered for version \"{version}\" in scheme \
             \"pkg/runtime/scheme.go:111\""
        )));
    }
    DeleteOptions::read(Some(&body), &request.query)
}

/// What a deletion came to.
pub(crate) enum Outcome {
    /// The object is gone; its last state.
    Gone(Value),
    /// The object waits for finalizers or its grace period.
    Marked(Value),
}

/// Deletes one object, or begins to.
pub(crate) fn delete_one(
    scope: &Scope<'_>,
    writer: &mut Writer<'_>,
    key: &str,
    options: &DeleteOptions,
) -> Result<Outcome, Status> {
    let info = scope.info;
    let stored = scope.core.store.get(&info.storage, key).ok_or_else(|| scope.not_found())?;
    let old = shown(info, &stored);
    check_preconditions(info, &old, options)?;
    let ctx = scope.context();
    info.strategy.admit_delete(&ctx, &old)?;
    let mut object = old.clone();
    let wanted = wanted_finalizers(info, &object, options);
    if let Some(wanted) = wanted {
        meta::set_finalizers(&mut object, wanted);
    }
    let held = info.strategy.holds_deletion(&object);
    let grace = info.strategy.grace_period(&object, options.grace_period_seconds);
    let waits = held || !meta::finalizers(&object).is_empty() || grace.is_some_and(|s| s > 0);
    if !waits {
        let mut kept = object.clone();
        info.strategy.encode_stored(info, &mut kept);
        if !scope.options.dry_run {
            writer.delete(scope.target(key), &mut kept);
            info.strategy.committed(&ctx, Change::Deleted(&object));
        }
        return Ok(Outcome::Gone(object));
    }
    if !meta::is_deleting(&object) {
        mark(scope, &mut object, grace, held);
    }
    if object != old && !scope.options.dry_run {
        let mut kept = object.clone();
        info.strategy.encode_stored(info, &mut kept);
        let stored = writer.put(scope.target(key), &mut kept);
        object = shown(info, &stored);
        info.strategy.committed(&ctx, Change::Updated(&old, &object));
    }
    Ok(Outcome::Marked(object))
}

fn mark(scope: &Scope<'_>, object: &mut Value, grace: Option<i64>, held: bool) {
    let seconds = grace.unwrap_or(0);
    let now = scope.core.now();
    let span = jiff::SignedDuration::from_secs(seconds);
    let at = to_seconds_text(now.checked_add(span).unwrap_or(now));
    let generation = meta::generation(object).filter(|generation| *generation > 0);
    let metadata = meta::of(object);
    metadata.insert("deletionTimestamp".into(), at.into());
    if !held {
        metadata.insert("deletionGracePeriodSeconds".into(), json!(seconds));
        meta::set(metadata, "generation", generation.map(|generation| json!(generation + 1)));
    }
    scope.info.strategy.mark_deleting(object);
}

fn check_preconditions(
    info: &ResourceInfo,
    object: &Value,
    options: &DeleteOptions,
) -> Result<(), Status> {
    let name = meta::name(object);
    let uid = meta::uid(object);
    if let Some(wanted) = options.uid.as_deref().filter(|wanted| *wanted != uid) {
        let why = format!(
            "the UID in the precondition ({wanted}) does not match the UID in record ({uid}). The \
             object might have been deleted and then recreated"
        );
        return Err(Status::conflict(info.group_resource(), name, &why));
    }
    let version = meta::text(object, "/metadata/resourceVersion");
    if let Some(wanted) = options.resource_version.as_deref().filter(|wanted| *wanted != version) {
        let why = format!(
            "the ResourceVersion in the precondition ({wanted}) does not match the \
             ResourceVersion in record ({version}). The object might have been modified"
        );
        return Err(Status::conflict(info.group_resource(), name, &why));
    }
    Ok(())
}

/// Returns the finalizers for the garbage collector, if they have to change.
fn wanted_finalizers(
    info: &ResourceInfo,
    object: &Value,
    options: &DeleteOptions,
) -> Option<Vec<String>> {
    let current = meta::finalizers(object);
    let has = |name: &str| current.iter().any(|one| one == name);
    let by_default = info.strategy.deletion_defaults() == DeletionDefaults::Orphan;
    let orphan = match options.propagation {
        Some(policy) => policy == Propagation::Orphan,
        None => has(ORPHAN) || by_default && !has(FOREGROUND),
    };
    let foreground = match options.propagation {
        Some(policy) => policy == Propagation::Foreground,
        None => has(FOREGROUND),
    };
    let mut wanted: Vec<String> =
        current.iter().filter(|one| *one != ORPHAN && *one != FOREGROUND).cloned().collect();
    wanted.extend(orphan.then(|| ORPHAN.to_owned()));
    wanted.extend(foreground.then(|| FOREGROUND.to_owned()));
    let (mut a, mut b) = (wanted.clone(), current);
    a.sort();
    b.sort();
    (a != b).then_some(wanted)
}
