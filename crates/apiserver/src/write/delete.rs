//! DELETE of objects and collections: preconditions, finalizers, grace.

use serde_json::{Value, json};

use super::Scope;
use crate::admission::{self, Operation};
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
    let warnings = warnings(info, &options);
    let (code, value) = match outcome {
        Outcome::Gone(object) if !info.strategy.returns_deleted_object() => {
            (200, success(info, &object))
        }
        Outcome::Gone(object) | Outcome::Marked(object) => (200, object),
    };
    Ok(Answer::value(code, value).encoded(accept.encoding).warning(warnings))
}

/// Returns what the kind has to say about a deletion that leaves the dependents to it.
fn warnings(info: &ResourceInfo, options: &DeleteOptions) -> Vec<String> {
    let said = options.propagation.is_none().then(|| info.strategy.deletion_warning());
    said.flatten().map(str::to_owned).into_iter().collect()
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
    Ok(list_answer(core, request, info, &items)?.warning(warnings(info, &options)))
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
    admission::validate(scope, Operation::Delete, None, Some(&old))?;
    if info.strategy.holds_deletion(&old) {
        return hold(scope, writer, key, old);
    }
    let mut object = old.clone();
    let grace = Grace::of(info, &object, options);
    match grace {
        Grace::Pending => return Ok(Outcome::Marked(old)),
        Grace::Seconds(seconds) => mark(scope, &mut object, seconds, Since::Anew),
        Grace::None => {}
    }
    let wanted = wanted_finalizers(info, &object, options);
    let changes_finalizers = wanted.is_some();
    if let Some(wanted) = wanted {
        meta::set_finalizers(&mut object, wanted);
    }
    let pending = !meta::finalizers(&object).is_empty();
    if pending && grace == Grace::None {
        mark(scope, &mut object, 0, Since::Before);
    }
    let waits = pending || matches!(grace, Grace::Seconds(1..));
    if waits || grace != Grace::None || changes_finalizers {
        object = write_mark(scope, writer, key, (&old, object));
    }
    if waits {
        return Ok(Outcome::Marked(object));
    }
    if !scope.options.dry_run
        && let Some(last) = writer.delete(scope.target(key))
    {
        info.strategy.committed(&ctx, Change::Deleted(&object));
        object = shown(info, &last);
    }
    Ok(Outcome::Gone(object))
}

/// Begins the deletion of an object that something beside its finalizers keeps.
fn hold(
    scope: &Scope<'_>,
    writer: &mut Writer<'_>,
    key: &str,
    old: Value,
) -> Result<Outcome, Status> {
    if meta::is_deleting(&old) {
        return Ok(Outcome::Marked(old));
    }
    let mut object = old.clone();
    let now = to_seconds_text(scope.core.now());
    meta::of(&mut object).insert("deletionTimestamp".into(), now.into());
    scope.info.strategy.mark_deleting(&mut object);
    Ok(Outcome::Marked(write_mark(scope, writer, key, (&old, object))))
}

/// Stores a deleted object that is still there, and returns it.
fn write_mark(
    scope: &Scope<'_>,
    writer: &mut Writer<'_>,
    key: &str,
    (old, object): (&Value, Value),
) -> Value {
    if object == *old || scope.options.dry_run {
        return object;
    }
    let mut kept = object;
    scope.info.strategy.encode_stored(scope.info, &mut kept);
    let stored = writer.put(scope.target(key), &mut kept);
    let object = shown(scope.info, &stored);
    scope.info.strategy.committed(&scope.context(), Change::Updated(old, &object));
    object
}

/// What a grace period does to a deletion.
#[derive(Clone, Copy, PartialEq)]
enum Grace {
    /// The kind knows none, or the object's is over.
    None,
    /// The object goes after so many seconds.
    Seconds(i64),
    /// The object goes already, and not later than now asked for.
    Pending,
}

impl Grace {
    fn of(info: &ResourceInfo, object: &Value, options: &DeleteOptions) -> Self {
        let asked = options.grace_period_seconds;
        let Some(seconds) = info.strategy.grace_period(object, asked) else {
            return Self::None;
        };
        if !meta::is_deleting(object) {
            return Self::Seconds(seconds);
        }
        let left = object.pointer("/metadata/deletionGracePeriodSeconds").and_then(Value::as_i64);
        match left.unwrap_or(0) {
            0 => Self::None,
            left if asked.is_some() && seconds < left => Self::Seconds(seconds),
            _ => Self::Pending,
        }
    }
}

/// From when a grace period counts.
#[derive(Clone, Copy, PartialEq)]
enum Since {
    /// From the first request for the deletion, which this may be.
    Anew,
    /// The time that is set already stays, unless it lies ahead.
    Before,
}

fn mark(scope: &Scope<'_>, object: &mut Value, seconds: i64, since: Since) {
    let now = scope.core.now();
    let span = jiff::SignedDuration::from_secs(seconds);
    let begun = |object: &Value| -> Option<jiff::Timestamp> {
        let at = meta::text(object, "/metadata/deletionTimestamp").parse().ok()?;
        let had = object.pointer("/metadata/deletionGracePeriodSeconds").and_then(Value::as_i64);
        jiff::Timestamp::checked_sub(at, jiff::SignedDuration::from_secs(had?)).ok()
    };
    let at = match (since, meta::is_deleting(object)) {
        (_, false) => now.checked_add(span).unwrap_or(now),
        (Since::Anew, true) => begun(object).unwrap_or(now).checked_add(span).unwrap_or(now),
        (Since::Before, true) => {
            let set = meta::text(object, "/metadata/deletionTimestamp").parse().unwrap_or(now);
            set.min(now)
        }
    };
    let counts = since == Since::Anew || !meta::is_deleting(object);
    let generation = meta::generation(object).filter(|generation| counts && *generation > 0);
    let metadata = meta::of(object);
    metadata.insert("deletionTimestamp".into(), to_seconds_text(at).into());
    metadata.insert("deletionGracePeriodSeconds".into(), json!(seconds));
    if let Some(generation) = generation {
        metadata.insert("generation".into(), json!(generation + 1));
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
    if info.strategy.deletion_defaults() == DeletionDefaults::Unsupported {
        return None;
    }
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
