//! The rules of the kind CustomResourceDefinition.

use serde_json::{Value, json};

use super::definition::{self, condition, list, set_condition};
use super::validate;
use crate::builtin::{Generation, Rules};
use crate::meta;
use crate::registry::{Change, Context, Update};
use crate::status::{FieldErrors, Status};

/// Keeps a deleted definition until its objects are gone.
pub(crate) const FINALIZER: &str = "customresourcecleanup.apiextensions.k8s.io";

/// The rules of definitions.
pub(crate) struct DefinitionRules;

impl Rules for DefinitionRules {
    fn generation(&self) -> Generation {
        Generation::Counted
    }

    fn default(&self, object: &mut Value) {
        let spec = meta::map(meta::map(object).entry("spec").or_insert_with(|| json!({})));
        let conversion = spec.entry("conversion").or_insert(Value::Null);
        if conversion.is_null() {
            *conversion = json!({"strategy": "None"});
        }
        if let Some(service) = conversion.pointer_mut("/webhook/clientConfig/service") {
            meta::map(service).entry("port").or_insert(json!(443));
        }
        let names = meta::map(spec.entry("names").or_insert_with(|| json!({})));
        let kind = names.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut fill = |key: &str, value: String| {
            if names.get(key).and_then(Value::as_str).unwrap_or_default().is_empty()
                && !kind.is_empty()
            {
                names.insert(key.to_owned(), value.into());
            }
        };
        fill("singular", kind.to_lowercase());
        fill("listKind", format!("{kind}List"));
    }

    fn prepare_create(&self, _: &Context<'_>, object: &mut Value) -> Result<(), Status> {
        object["status"] = json!({
            "acceptedNames": {"kind": "", "plural": ""}, "conditions": null, "storedVersions": null,
        });
        note_storage_version(object);
        Ok(())
    }

    fn prepare_update(&self, _: &Context<'_>, update: Update<'_>) -> Result<(), Status> {
        note_storage_version(update.object);
        Ok(())
    }

    fn validate(&self, _: &Context<'_>, object: &Value) -> FieldErrors {
        validate::create(object)
    }

    fn validate_update(&self, _: &Context<'_>, object: &Value, old: &Value) -> FieldErrors {
        validate::update(object, old)
    }

    fn validate_status(&self, _: &Context<'_>, object: &Value, _: &Value) -> FieldErrors {
        validate::status(object)
    }

    fn warnings(&self, _: &Context<'_>, object: &Value, old: Option<&Value>) -> Vec<String> {
        validate::warnings(object, old)
    }

    fn allows_unconditional_update(&self) -> bool {
        false
    }

    fn holds_deletion(&self, object: &Value) -> bool {
        !meta::is_deleting(object)
    }

    fn mark_deleting(&self, object: &mut Value) {
        let now = meta::text(object, "/metadata/deletionTimestamp").to_owned();
        let mut finalizers = meta::finalizers(object);
        if !finalizers.iter().any(|one| one == FINALIZER) {
            finalizers.push(FINALIZER.to_owned());
        }
        meta::set_finalizers(object, finalizers);
        let message =
            "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon";
        set_condition(object, ["Terminating", "True", "InstanceDeletionPending", message], &now);
    }

    fn committed(&self, ctx: &Context<'_>, change: Change<'_>) {
        let (object, served) = match change {
            Change::Created(object) | Change::Updated(_, object) => {
                (object, definition::resources(object))
            }
            Change::Deleted(object) => (object, Vec::new()),
        };
        let group = meta::text(object, "/spec/group");
        let plural = meta::text(object, "/spec/names/plural");
        let current = ctx.registry.resources();
        if served.is_empty() && current.any_version(group, plural).is_none_or(|i| !i.is_custom) {
            return;
        }
        ctx.registry.change(|resources| {
            resources.remove(group, plural);
            served.into_iter().for_each(|info| resources.insert(info));
        });
    }
}

/// Tells whether a group that belongs to Kubernetes may be used, in a condition; returns whether that
/// changed anything.
pub(crate) fn set_approval(object: &mut Value, now: &str) -> bool {
    const KIND: &str = "KubernetesAPIApprovalPolicyConformant";
    let Some(approval) = validate::Approval::of(object) else { return false };
    let (status, reason) = approval.condition();
    let same = condition(object, KIND).is_some_and(|old| {
        old["status"] == status && old["reason"] == reason && old["message"] == approval.message
    });
    if !same {
        set_condition(object, [KIND, status, reason, &approval.message], now);
    }
    !same
}

/// Books the storage version among those in which objects may be stored.
fn note_storage_version(object: &mut Value) {
    let storage = list(object, "/spec/versions").find(|one| one["storage"].as_bool() == Some(true));
    let Some(name) = storage.map(|one| meta::text(one, "/name").to_owned()) else { return };
    let status = meta::map(meta::map(object).entry("status").or_insert_with(|| json!({})));
    let stored = status.entry("storedVersions").or_insert(Value::Null);
    match stored {
        Value::Array(versions) if versions.iter().any(|one| one == name.as_str()) => {}
        Value::Array(versions) => versions.push(name.into()),
        other => *other = json!([name]),
    }
}
