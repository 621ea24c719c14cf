//! PUT, and the common end of PUT and PATCH.

use serde_json::Value;

use super::create::{duplicate_owner_warning, store_new};
use super::ownership::book;
use super::scale;
use super::{Part, Scope};
use crate::admission::{self, Operation};
use crate::authz;
use crate::decode;
use crate::meta;
use crate::read::shown;
use crate::registry::{Change, ResourceInfo, Update};
use crate::request::Request;
use crate::respond::Answer;
use crate::server::Core;
use crate::status::{FieldError, Status};
use crate::store::Writer;

/// Answers PUT on an object.
pub(crate) fn update(
    core: &Core,
    request: &Request,
    info: &ResourceInfo,
) -> Result<Answer, Status> {
    let scope = Scope::new(core, request, info, "UpdateOptions")?;
    crate::read::accept(request)?;
    if let Some(paths) = crate::scale::paths(info, &request.target.subresource) {
        let format = decode::BodyFormat::of(request)?;
        let body = decode::document(format, &request.body).map_err(Status::bad_request)?;
        return scale::write(&scope, paths, scale::Write::Put(body.into_value()));
    }
    let body = decode::object(request, info, scope.options.field_validation)?;
    let mut object = body.object;
    meta::normalize(&mut object);
    check_name(&object, &request.target.name)?;
    scope.set_namespace(&mut object)?;
    info.strategy.default(&mut object);
    let writer = core.store.writer();
    let Some(stored) = core.store.get(&info.storage, &scope.key()) else {
        drop(writer);
        if info.strategy.allows_create_on_update() {
            return store_new(&scope, book(&scope, None, object), body.warnings);
        }
        return Err(scope.not_found());
    };
    let old = shown(info, &stored);
    let object = book(&scope, Some(&old), object);
    let warnings = body.warnings.clone();
    store_changed(&scope, writer, Changed { object, old, warnings })
        .map_err(|status| status.warning(body.warnings))
}

/// Refuses a body whose name is not the path's.
pub(crate) fn check_name(object: &Value, wanted: &str) -> Result<(), Status> {
    match meta::name(object) {
        "" => Err(Status::bad_request(format!(
            "the name of the object ({wanted} based on URL) was undeterminable: name must be \
             provided"
        ))),
        name if name != wanted => Err(Status::bad_request(format!(
            "the name of the object ({name}) does not match the name on the URL ({wanted})"
        ))),
        _ => Ok(()),
    }
}

/// An object that is to replace another.
pub(crate) struct Changed {
    pub(crate) object: Value,
    pub(crate) old: Value,
    pub(crate) warnings: Vec<String>,
}

/// Stores an object over an old one.
pub(crate) fn store_changed(
    scope: &Scope<'_>,
    mut writer: Writer<'_>,
    changed: Changed,
) -> Result<Answer, Status> {
    let Changed { mut object, old, mut warnings } = changed;
    let info = scope.info;
    warnings.extend(duplicate_owner_warning(&meta::dedup_owner_references(&mut object)));
    check_version(scope, &mut object, &old)?;
    let ctx = scope.context();
    info.strategy.admit(&ctx, &mut object, Some(&old))?;
    warnings.extend(admission::mutate(scope, &mut object, Some(&old))?);
    authz::check_escalation(scope, &object, Some(&old))?;
    let kept = meta::generation(&old).map(Value::from);
    meta::set(meta::of(&mut object), "generation", kept);
    let part = scope.part();
    let update = Update { object: &mut object, old: &old };
    match part {
        Part::Whole => info.strategy.prepare_update(&ctx, update)?,
        Part::Status => info.strategy.prepare_status_update(&ctx, update)?,
        Part::Other => info.strategy.prepare_subresource_update(&ctx, update)?,
    }
    let mut errors = meta::check_update(info, &mut object, &old);
    errors.extend(match part {
        Part::Whole => info.strategy.validate_update(&ctx, &object, &old),
        Part::Status | Part::Other => info.strategy.validate_status_update(&ctx, &object, &old),
    });
    if !errors.is_empty() {
        return Err(Status::invalid(&info.storage.group, &info.kind, meta::name(&object), &errors));
    }
    if part == Part::Whole && info.strategy.generation_changed(&object, &old) == Some(true) {
        let next = meta::generation(&old).unwrap_or(0) + 1;
        meta::of(&mut object).insert("generation".into(), next.into());
    }
    warnings.extend(info.strategy.warnings(&ctx, &object, Some(&old)));
    warnings.extend(admission::validate(scope, Operation::Update, Some(&object), Some(&old))?);
    flux_ssa::keep_times(&old, &mut object);
    if scope.options.dry_run || object == old && is_stored(scope, &object) {
        return Ok(scope.answer_value(200, object)?.warning(warnings));
    }
    let key = scope.key();
    if was_the_last_hold(info, &object, &old) {
        // The removal replaces the update: its version is not the answer's.
        writer.delete(scope.target(&key));
        info.strategy.committed(&ctx, Change::Deleted(&object));
        drop(writer);
        return Ok(scope.answer_value(200, object)?.warning(warnings));
    }
    let mut kept = object.clone();
    info.strategy.encode_stored(info, &mut kept);
    let stored = writer.put(scope.target(&key), &mut kept);
    info.strategy.committed(&ctx, Change::Updated(&old, &object));
    drop(writer);
    Ok(scope.answer(200, &stored)?.warning(warnings))
}

/// Tells whether an object is stored just like this, and not in the shape of an older definition.
fn is_stored(scope: &Scope<'_>, object: &Value) -> bool {
    let Some(stored) = scope.core.store.get(&scope.info.storage, &scope.key()) else { return true };
    if stored.shape == scope.info.shape {
        return true;
    }
    let mut kept = object.clone();
    scope.info.strategy.encode_stored(scope.info, &mut kept);
    stored.to_value() == kept
}

/// Tells whether an update takes away the last thing that kept a deleted object.
fn was_the_last_hold(info: &ResourceInfo, object: &Value, old: &Value) -> bool {
    let grace = old.pointer("/metadata/deletionGracePeriodSeconds").and_then(Value::as_i64);
    meta::is_deleting(old)
        && grace.unwrap_or(0) == 0
        && meta::finalizers(object).is_empty()
        && !info.strategy.holds_deletion(object)
}

/// Compares the version that an update was made from with the stored one.
fn check_version(scope: &Scope<'_>, object: &mut Value, old: &Value) -> Result<(), Status> {
    let given = meta::text(object, "/metadata/resourceVersion").to_owned();
    let current = meta::text(old, "/metadata/resourceVersion").to_owned();
    let info = scope.info;
    let conflict =
        |why: &str| Err(Status::conflict(info.group_resource(), &scope.request.target.name, why));
    let uid = meta::uid(object);
    if !uid.is_empty() && uid != meta::uid(old) && scope.request.target.verb == "update" {
        return conflict(&format!(
            "StorageError: invalid object, Code: 4, Key: /registry/{}/{}, ResourceVersion: 0, \
             AdditionalErrorMsg: Precondition failed: UID in precondition: {uid}, UID in object \
             meta: {}",
            info.plural,
            scope.key(),
            meta::uid(old)
        ));
    }
    match given.parse::<u64>() {
        _ if matches!(given.as_str(), "" | "0") => {
            if !info.strategy.allows_unconditional_update() {
                let detail = "must be specified for an update";
                let error = FieldError::invalid("metadata.resourceVersion", 0, detail);
                let name = meta::name(object);
                // The original takes the resource for the kind here.
                return Err(Status::invalid(&info.group, &info.plural, name, &error.into()));
            }
        }
        Err(_) => {
            let quoted = Value::from(given);
            let text = format!("strconv.ParseUint: parsing {quoted}: invalid syntax");
            return Err(Status::new(500, "", text));
        }
        Ok(_) if given == current => {}
        Ok(_) => return Err(Status::modified(info.group_resource(), meta::name(object))),
    }
    meta::of(object).insert("resourceVersion".into(), current.into());
    Ok(())
}
