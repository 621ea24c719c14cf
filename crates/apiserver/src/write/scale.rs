//! PUT and PATCH of `scale`.

use flux_ssa::{Apply, FieldManager, OnConflict, Update};
use serde_json::Value;

use super::Scope;
use super::update::{Changed, store_changed};
use crate::meta;
use crate::read::shown;
use crate::registry::ScalePaths;
use crate::respond::{Answer, Content};
use crate::scale::{self, ScaleVersions};
use crate::status::Status;

/// Makes the new `Scale` of the present one.
pub(crate) type Patch = dyn FnOnce(&Value) -> Result<Value, Status>;

/// What is to be written.
pub(crate) enum Write {
    /// A whole `Scale`.
    Put(Value),
    /// A change of the present one.
    Patch(Box<Patch>),
    /// A `Scale` that is to be so.
    Apply(Value),
}

/// Writes the number of replicas through the `Scale` of an object.
pub(crate) fn write(scope: &Scope<'_>, paths: &ScalePaths, write: Write) -> Result<Answer, Status> {
    let (core, info) = (scope.core, scope.info);
    let writer = core.store.writer();
    let stored = core.store.get(&info.storage, &scope.key()).ok_or_else(|| scope.not_found())?;
    let old = shown(info, &stored);
    let mut live = scale::of(&old, paths);
    scale::managed_of_scale(&old, paths).write_to(&mut live);
    let (versions, kind) = (ScaleVersions::new(), scale::kind());
    let manager = FieldManager { versions: &versions, kind: &kind, subresource: "scale" };
    let (name, now) = (scope.manager(), core.now());
    let update = |new| manager.update(Update { live: Some(&live), new, manager: &name, now });
    let written = match write {
        Write::Put(body) => update(body),
        Write::Patch(patch) => update(patch(&live)?),
        Write::Apply(applied) => {
            let on_conflict = match scope.options.force {
                Some(true) => OnConflict::Force,
                Some(false) | None => OnConflict::Refuse,
            };
            let request =
                Apply { live: Some(&live), applied: &applied, manager: &name, on_conflict, now };
            let merged = manager.apply(&request).map_err(super::apply::refusal)?;
            if info.is_custom {
                // The original cannot convert a Scale by the definition of another kind.
                return Err(unconvertible(&applied));
            }
            merged.object
        }
    };
    super::update::check_name(&written, &scope.request.target.name)?;
    scale::check(&written)?;
    let mut object = old.clone();
    if let Some(version) = written.pointer("/metadata/resourceVersion") {
        meta::of(&mut object).insert("resourceVersion".to_owned(), version.clone());
    }
    scale::set_replicas(&mut object, paths, &written);
    scale::managed_of_parent(&old, info, paths, &written).write_to(&mut object);
    let answer = store_changed(scope, writer, Changed { object, old, warnings: Vec::new() })?;
    Ok(shown_as_scale(answer, paths))
}

fn unconvertible(applied: &Value) -> Status {
    let (namespace, name) = (meta::namespace(applied), meta::name(applied));
    Status::new(
        500,
        "",
        format!(
            "failed to convert new object ({namespace}/{name}; autoscaling/v1, Kind=Scale) to \
             proper version: request to convert CR to an invalid group/version: autoscaling/v1"
        ),
    )
}

fn shown_as_scale(mut answer: Answer, paths: &ScalePaths) -> Answer {
    let object = match &answer.content {
        Content::Value(object) => object.clone(),
        Content::Json(bytes) => serde_json::from_slice(bytes).unwrap_or_default(),
        _ => return answer,
    };
    answer.content = Content::Value(scale::of(&object, paths));
    answer
}
