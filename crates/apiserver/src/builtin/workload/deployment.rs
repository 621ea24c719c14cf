//! Deployments, ReplicaSets and ReplicationControllers.

use serde_json::{Value, json};

use super::super::pod::default_template;
use super::super::strategy::{Generation, Rules};
use super::super::value::{Check, copy_field, drop_field, fill, fill_empty, int, make, text};
use super::{Amount, Template, check_amount, check_numbers, status, template_warnings};
use crate::registry::{Context, DeletionDefaults, Update};
use crate::status::{FieldErrors, Status};

pub(in super::super) struct Deployment;

impl Rules for Deployment {
    fn generation(&self) -> Generation {
        // Annotations are copied to ReplicaSets.
        Generation::CountedWithAnnotations
    }

    fn prepare_status(&self, _: &Context<'_>, update: Update<'_>) -> Result<(), Status> {
        let Update { object, old } = update;
        copy_field(make(object, "metadata"), &old["metadata"], "labels");
        Ok(())
    }

    fn default(&self, object: &mut Value) {
        let spec = make(object, "spec");
        default_template(make(spec, "template"));
        fill(spec, "replicas", 1);
        let strategy = make(spec, "strategy");
        fill_empty(strategy, "type", "RollingUpdate");
        if text(strategy, "type") == "RollingUpdate" {
            let update = make(strategy, "rollingUpdate");
            fill(update, "maxUnavailable", "25%");
            fill(update, "maxSurge", "25%");
        }
        fill(spec, "revisionHistoryLimit", 10);
        fill(spec, "progressDeadlineSeconds", 600);
    }

    fn validate(&self, _: &Context<'_>, object: &Value) -> FieldErrors {
        let mut check = Check::new();
        check_deployment(&mut check, &object["spec"]);
        check.done()
    }

    fn validate_update(&self, _: &Context<'_>, object: &Value, old: &Value) -> FieldErrors {
        let mut check = Check::new();
        check_deployment(&mut check, &object["spec"]);
        check.immutable("spec.selector", &object["spec"]["selector"], &old["spec"]["selector"]);
        check.done()
    }

    fn validate_status(&self, _: &Context<'_>, object: &Value, old: &Value) -> FieldErrors {
        status::check(&status::DEPLOYMENT, object, old)
    }

    fn warnings(&self, ctx: &Context<'_>, object: &Value, old: Option<&Value>) -> Vec<String> {
        template_warnings(ctx, "spec.template", object, old)
    }
}

fn check_deployment(check: &mut Check, spec: &Value) {
    let template = Template { spec, noun: "deployment", restart_policies: &["Always"] };
    check_numbers(check, spec, &["replicas"]);
    template.check_selector(check);
    template.check_template(check);
    let strategy = &spec["strategy"];
    let update = &strategy["rollingUpdate"];
    match text(strategy, "type") {
        "Recreate" if !update.is_null() => {
            let why = "may not be specified when strategy `type` is 'Recreate'";
            check.forbidden("spec.strategy.rollingUpdate", why);
        }
        "RollingUpdate" if update.is_null() => {
            check.required(
                "spec.strategy.rollingUpdate",
                "this should be defaulted and never be nil",
            );
        }
        "RollingUpdate" => {
            let path = "spec.strategy.rollingUpdate";
            check_amount(check, &format!("{path}.maxUnavailable"), &update["maxUnavailable"]);
            if !matches!(Amount::read(&update["maxSurge"]), Amount::Percent(_)) {
                check_amount(check, &format!("{path}.maxSurge"), &update["maxSurge"]);
            }
            if Amount::is_zero(&update["maxUnavailable"]) && Amount::is_zero(&update["maxSurge"]) {
                let shown = update["maxUnavailable"].clone();
                let why = "may not be 0 when `maxSurge` is 0";
                check.invalid(format!("{path}.maxUnavailable"), shown, why);
            }
        }
        "Recreate" => {}
        other => {
            check.one_of("spec.strategy", other, &["Recreate", "RollingUpdate"]);
        }
    }
    check_numbers(
        check,
        spec,
        &["minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"],
    );
    let ready = int(spec, "minReadySeconds").unwrap_or(0);
    if let Some(deadline) =
        int(spec, "progressDeadlineSeconds").filter(|deadline| *deadline <= ready)
    {
        check.invalid(
            "spec.progressDeadlineSeconds",
            deadline,
            "must be greater than minReadySeconds",
        );
    }
}

pub(in super::super) struct ReplicaSet;

impl Rules for ReplicaSet {
    fn generation(&self) -> Generation {
        Generation::Counted
    }

    fn default(&self, object: &mut Value) {
        let spec = make(object, "spec");
        default_template(make(spec, "template"));
        fill(spec, "replicas", 1);
    }

    fn validate(&self, _: &Context<'_>, object: &Value) -> FieldErrors {
        let mut check = Check::new();
        check_replica_set(&mut check, &object["spec"]);
        check.done()
    }

    fn validate_update(&self, _: &Context<'_>, object: &Value, old: &Value) -> FieldErrors {
        let mut check = Check::new();
        check_replica_set(&mut check, &object["spec"]);
        check.immutable("spec.selector", &object["spec"]["selector"], &old["spec"]["selector"]);
        check.done()
    }

    fn validate_status(&self, _: &Context<'_>, object: &Value, old: &Value) -> FieldErrors {
        status::check(&status::REPLICA_SET, object, old)
    }

    fn warnings(&self, ctx: &Context<'_>, object: &Value, old: Option<&Value>) -> Vec<String> {
        template_warnings(ctx, "spec.template", object, old)
    }
}

fn check_replica_set(check: &mut Check, spec: &Value) {
    let template = Template { spec, noun: "deployment", restart_policies: &["Always"] };
    check_numbers(check, spec, &["replicas", "minReadySeconds"]);
    template.check_selector(check);
    template.check_template(check);
}

pub(in super::super) struct ReplicationController;

impl Rules for ReplicationController {
    fn generation(&self) -> Generation {
        Generation::Counted
    }

    fn default(&self, object: &mut Value) {
        let spec = make(object, "spec");
        fill(spec, "replicas", 1);
        let labels = spec["template"]["metadata"]["labels"].clone();
        if labels.is_object() {
            if spec["selector"].as_object().is_none_or(serde_json::Map::is_empty) {
                spec["selector"] = labels.clone();
            }
            fill(make(object, "metadata"), "labels", labels);
        }
        let spec = make(object, "spec");
        if spec["template"].is_object() {
            default_template(&mut spec["template"]);
        } else {
            drop_field(spec, "template");
        }
    }

    fn validate(&self, _: &Context<'_>, object: &Value) -> FieldErrors {
        let mut check = Check::new();
        let mut spec = object["spec"].clone();
        spec["selector"] = json!({"matchLabels": spec["selector"]});
        check_numbers(&mut check, &spec, &["replicas", "minReadySeconds"]);
        let template = Template { spec: &spec, noun: "deployment", restart_policies: &["Always"] };
        template.check_template(&mut check);
        check.done()
    }

    fn deletion_defaults(&self) -> DeletionDefaults {
        DeletionDefaults::Orphan
    }

    fn validate_status(&self, _: &Context<'_>, object: &Value, old: &Value) -> FieldErrors {
        status::check(&status::REPLICA_SET, object, old)
    }

    fn warnings(&self, ctx: &Context<'_>, object: &Value, old: Option<&Value>) -> Vec<String> {
        template_warnings(ctx, "spec.template", object, old)
    }
}
