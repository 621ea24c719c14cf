//! Pods and templates of Pods.

mod admit;
mod default;
mod details;
mod quality;
pub(super) mod security;
mod validate;
pub(super) mod warnings;

use serde_json::{Value, json};

use super::strategy::{Generation, Rules};
use super::value::{Check, copy_field, each, int, is_set, items, make, text};
use crate::meta;
use crate::registry::{Context, Update};
use crate::status::{FieldErrors, Status};

pub(super) use default::{default_spec, default_template, round_up_to_milli};
pub(super) use validate::{check_port, check_template, check_template_with};

pub(super) struct Pod;

impl Rules for Pod {
    fn generation(&self) -> Generation {
        Generation::Counted
    }

    fn default(&self, object: &mut Value) {
        default_spec(make(object, "spec"));
        default::default_pod(object);
        super::value::fill_empty(make(object, "status"), "phase", "Pending");
    }

    fn prepare_create(&self, _: &Context<'_>, object: &mut Value) -> Result<(), Status> {
        object["status"] = json!({"phase": "Pending", "qosClass": quality::class(&object["spec"])});
        Ok(())
    }

    fn prepare_status(&self, _: &Context<'_>, update: Update<'_>) -> Result<(), Status> {
        let Update { object, old } = update;
        copy_field(make(object, "metadata"), &old["metadata"], "ownerReferences");
        Ok(())
    }

    fn prepare_part(&self, ctx: &Context<'_>, update: Update<'_>) -> Result<(), Status> {
        let Update { object, old } = update;
        copy_field(object, old, "status");
        let key = match ctx.subresource {
            "ephemeralcontainers" => "ephemeralContainers",
            _ => return Ok(()),
        };
        let changed = object["spec"].get(key).cloned();
        copy_field(object, old, "spec");
        meta::set(meta::map(&mut object["spec"]), key, changed);
        Ok(())
    }

    fn act(&self, ctx: &Context<'_>, update: Update<'_>, body: &Value) -> Result<Value, Status> {
        match ctx.subresource {
            "binding" => {
                let node = text(&body["target"], "name");
                make(update.object, "spec")["nodeName"] = node.into();
                Ok(
                    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}),
                )
            }
            _ => Err(Status::method_not_allowed()),
        }
    }

    fn admit(
        &self,
        ctx: &Context<'_>,
        object: &mut Value,
        old: Option<&Value>,
    ) -> Result<(), Status> {
        if old.is_none() {
            admit::create(ctx, object)?;
        }
        security::enforce(ctx, object, old)
    }

    fn validate(&self, _: &Context<'_>, object: &Value) -> FieldErrors {
        let mut check = Check::new();
        validate::check_spec(&mut check, "spec", &object["spec"], &[]);
        check.done()
    }

    fn validate_update(&self, ctx: &Context<'_>, object: &Value, old: &Value) -> FieldErrors {
        let mut check = Check::new();
        check.extend(self.validate(ctx, object));
        if !only_allowed_changes(&object["spec"], &old["spec"]) {
            check.forbidden(
                "spec",
                "pod updates may not change fields other than `spec.containers[*].image`,\
                 `spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` \
                 (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` \
                 (allow it to be set to 1 if it was previously negative)",
            );
        }
        check.done()
    }

    fn warnings(&self, ctx: &Context<'_>, object: &Value, old: Option<&Value>) -> Vec<String> {
        let mut all = Vec::new();
        if old.is_none() {
            // Updates of Pods are the work of programs, whom nobody has to warn.
            let place = "the Pod's hostname";
            all.extend(name_warning(object, place));
            all.extend(warnings::of_pod(object));
        }
        if old.is_none_or(|old| old["spec"] != object["spec"]) {
            all.extend(security::warnings(ctx, &object["metadata"], &object["spec"]));
        }
        all
    }

    fn grace_period(&self, object: &Value, requested: Option<i64>) -> Option<i64> {
        let spec = &object["spec"];
        let own = int(spec, "terminationGracePeriodSeconds").unwrap_or(30);
        let finished = matches!(text(&object["status"], "phase"), "Failed" | "Succeeded");
        match text(spec, "nodeName") {
            // Nobody runs it, nobody has to stop it.
            "" => Some(0),
            _ if finished => Some(0),
            _ => Some(requested.unwrap_or(own).max(0)),
        }
    }

    fn returns_deleted_object(&self) -> bool {
        true
    }

    fn selectable_fields(&self, object: &Value) -> Vec<(&'static str, String)> {
        let of = |part: &str, key: &str| text(&object[part], key).to_owned();
        vec![
            ("spec.nodeName", of("spec", "nodeName")),
            ("spec.restartPolicy", of("spec", "restartPolicy")),
            ("spec.schedulerName", of("spec", "schedulerName")),
            ("spec.serviceAccountName", of("spec", "serviceAccountName")),
            ("spec.hostNetwork", (object["spec"]["hostNetwork"] == true).to_string()),
            ("status.phase", of("status", "phase")),
            ("status.podIP", of("status", "podIP")),
            ("status.nominatedNodeName", of("status", "nominatedNodeName")),
        ]
    }
}

/// Returns the warning about a name that is no DNS label, where the name is used as one.
pub(super) fn name_warning(object: &Value, place: &str) -> Option<String> {
    let wrong = crate::names::dns_label_errors(meta::name(object), None);
    (!wrong.is_empty()).then(|| {
        format!(
            "metadata.name: this is used in {place}, which can result in surprising behavior; a \
             DNS label is recommended: [{}]",
            wrong.join(" ")
        )
    })
}

/// Tells whether two specs differ only where Pods may change.
fn only_allowed_changes(new: &Value, old: &Value) -> bool {
    let mut plain = new.clone();
    for list in ["containers", "initContainers"] {
        let images: Vec<Value> =
            items(old, list).iter().map(|container| container["image"].clone()).collect();
        if images.len() != items(new, list).len() {
            return false;
        }
        for (container, image) in each(&mut plain, list).zip(images) {
            meta::set(meta::map(container), "image", Some(image));
        }
    }
    let (added, had) = (items(new, "tolerations"), items(old, "tolerations"));
    if !had.iter().all(|toleration| added.contains(toleration)) {
        return false;
    }
    copy_field(&mut plain, old, "tolerations");
    copy_field(&mut plain, old, "activeDeadlineSeconds");
    let grace = |spec: &Value| int(spec, "terminationGracePeriodSeconds");
    if grace(old).is_some_and(|seconds| seconds < 0) && grace(new) == Some(1) {
        copy_field(&mut plain, old, "terminationGracePeriodSeconds");
    }
    if !is_set(old, "schedulingGates")
        || items(new, "schedulingGates").len() < items(old, "schedulingGates").len()
    {
        copy_field(&mut plain, old, "schedulingGates");
    }
    plain == *old
}
