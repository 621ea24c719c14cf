//! StatefulSets.

use serde_json::Value;

use super::super::pod::default_template;
use super::super::storage::default_claim;
use super::super::strategy::{Generation, Rules};
use super::super::value::{Check, copy_field, each, fill, fill_empty, inside, is_set, make, text};
use super::{Template, check_numbers, claim_templates, status, template_warnings};
use crate::registry::Context;
use crate::status::{FieldError, FieldErrors};

pub(in super::super) struct StatefulSet;

impl Rules for StatefulSet {
    fn generation(&self) -> Generation {
        Generation::Counted
    }

    fn default(&self, object: &mut Value) {
        let spec = make(object, "spec");
        default_template(make(spec, "template"));
        fill_empty(spec, "podManagementPolicy", "OrderedReady");
        let strategy = make(spec, "updateStrategy");
        if text(strategy, "type").is_empty() {
            strategy["type"] = "RollingUpdate".into();
            make(strategy, "rollingUpdate");
        }
        if text(strategy, "type") == "RollingUpdate"
            && let Some(update) = inside(strategy, "rollingUpdate")
        {
            fill(update, "partition", 0);
        }
        let retention = make(spec, "persistentVolumeClaimRetentionPolicy");
        fill_empty(retention, "whenDeleted", "Retain");
        fill_empty(retention, "whenScaled", "Retain");
        fill(spec, "replicas", 1);
        fill(spec, "revisionHistoryLimit", 10);
        for claim in each(spec, "volumeClaimTemplates") {
            fill_empty(claim, "apiVersion", "v1");
            fill_empty(claim, "kind", "PersistentVolumeClaim");
            default_claim(claim);
        }
    }

    fn validate(&self, _: &Context<'_>, object: &Value) -> FieldErrors {
        let mut check = Check::new();
        check_stateful_set(&mut check, &object["spec"]);
        check.done()
    }

    fn validate_update(&self, ctx: &Context<'_>, object: &Value, old: &Value) -> FieldErrors {
        let mut check = Check::new();
        let mut kept = object["spec"].clone();
        for key in [
            "replicas",
            "ordinals",
            "template",
            "updateStrategy",
            "revisionHistoryLimit",
            "persistentVolumeClaimRetentionPolicy",
            "minReadySeconds",
        ] {
            copy_field(&mut kept, &old["spec"], key);
        }
        check.extend(self.validate(ctx, object));
        if kept != old["spec"] {
            check.forbidden(
                "spec",
                "updates to statefulset spec for fields other than 'replicas', 'ordinals', \
                 'template', 'updateStrategy', 'revisionHistoryLimit', \
                 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
            );
        }
        check.done()
    }

    fn validate_status(&self, _: &Context<'_>, object: &Value, old: &Value) -> FieldErrors {
        status::check(&status::STATEFUL_SET, object, old)
    }

    fn warnings(&self, ctx: &Context<'_>, object: &Value, old: Option<&Value>) -> Vec<String> {
        template_warnings(ctx, "spec.template", object, old)
    }
}

fn check_stateful_set(check: &mut Check, spec: &Value) {
    let policy = text(spec, "podManagementPolicy");
    if !["OrderedReady", "Parallel"].contains(&policy) {
        let why = "must be 'OrderedReady' or 'Parallel'";
        check.invalid("spec.podManagementPolicy", policy, why);
    }
    let strategy = &spec["updateStrategy"];
    match text(strategy, "type") {
        "" => check.required("spec.updateStrategy", ""),
        "OnDelete" if is_set(strategy, "rollingUpdate") => {
            let why = "only allowed for updateStrategy 'RollingUpdate'";
            check.invalid(
                "spec.updateStrategy.rollingUpdate",
                strategy["rollingUpdate"].clone(),
                why,
            );
        }
        "OnDelete" => {}
        "RollingUpdate" => {
            let path = "spec.updateStrategy.rollingUpdate";
            check.not_negative(&strategy["rollingUpdate"], path, "partition");
        }
        _ => {
            let why = "must be 'RollingUpdate' or 'OnDelete'";
            check.invalid("spec.updateStrategy", strategy.clone(), why);
        }
    }
    for key in ["whenDeleted", "whenScaled"] {
        let path = format!("spec.persistentVolumeClaimRetentionPolicy.{key}");
        let value = text(&spec["persistentVolumeClaimRetentionPolicy"], key);
        check.one_of(path, value, &["Retain", "Delete"]);
    }
    check_numbers(check, spec, &["replicas", "minReadySeconds"]);
    let template = Template { spec, noun: "statefulset", restart_policies: &["Always"] };
    template.check_selector(check);
    template.check_template(check);
    for (at, claim) in claim_templates(spec).iter().enumerate() {
        if crate::meta::name(claim).is_empty() {
            let field = format!("spec.volumeClaimTemplates[{at}].metadata.name");
            check.push(FieldError::required(field, ""));
        }
    }
}
