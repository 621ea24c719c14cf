//! DaemonSets.

use serde_json::Value;

use super::super::pod::default_template;
use super::super::strategy::{Generation, Rules};
use super::super::value::{Check, fill, fill_empty, make, text};
use super::{Amount, Template, check_amount, check_numbers, status, template_warnings};
use crate::meta;
use crate::registry::{Context, Update};
use crate::status::{FieldErrors, Status};

/// Counts changes of the template, for clients of long ago.
const TEMPLATE_GENERATION: &str = "deprecated.daemonset.template.generation";

pub(in super::super) struct DaemonSet;

impl Rules for DaemonSet {
    fn generation(&self) -> Generation {
        Generation::Counted
    }

    fn default(&self, object: &mut Value) {
        let spec = make(object, "spec");
        default_template(make(spec, "template"));
        let strategy = make(spec, "updateStrategy");
        fill_empty(strategy, "type", "RollingUpdate");
        if text(strategy, "type") == "RollingUpdate" {
            let update = make(strategy, "rollingUpdate");
            fill(update, "maxUnavailable", 1);
            fill(update, "maxSurge", 0);
        }
        fill(spec, "revisionHistoryLimit", 10);
        // Written with every object, so it belongs to the client that wrote the object first.
        fill(make(make(object, "metadata"), "annotations"), TEMPLATE_GENERATION, "0");
    }

    fn prepare_create(&self, _: &Context<'_>, object: &mut Value) -> Result<(), Status> {
        set_template_generation(object, 1);
        Ok(())
    }

    fn prepare_update(&self, _: &Context<'_>, update: Update<'_>) -> Result<(), Status> {
        let Update { object, old } = update;
        let annotations = &old["metadata"]["annotations"];
        let current = text(annotations, TEMPLATE_GENERATION).parse().unwrap_or(1);
        let changed = object["spec"]["template"] != old["spec"]["template"];
        set_template_generation(object, if changed { current + 1 } else { current });
        Ok(())
    }

    fn validate(&self, _: &Context<'_>, object: &Value) -> FieldErrors {
        let mut check = Check::new();
        check_daemon_set(&mut check, &object["spec"]);
        check.done()
    }

    fn validate_update(&self, _: &Context<'_>, object: &Value, old: &Value) -> FieldErrors {
        let mut check = Check::new();
        check_daemon_set(&mut check, &object["spec"]);
        check.immutable("spec.selector", &object["spec"]["selector"], &old["spec"]["selector"]);
        check.done()
    }

    fn validate_status(&self, _: &Context<'_>, object: &Value, old: &Value) -> FieldErrors {
        status::check(&status::DAEMON_SET, object, old)
    }

    fn warnings(&self, ctx: &Context<'_>, object: &Value, old: Option<&Value>) -> Vec<String> {
        template_warnings(ctx, "spec.template", object, old)
    }
}

fn set_template_generation(object: &mut Value, generation: i64) {
    let annotations = make(make(object, "metadata"), "annotations");
    meta::map(annotations).insert(TEMPLATE_GENERATION.into(), generation.to_string().into());
}

fn check_daemon_set(check: &mut Check, spec: &Value) {
    let template = Template { spec, noun: "daemonset", restart_policies: &["Always"] };
    template.check_selector(check);
    template.check_template(check);
    check_numbers(check, spec, &["minReadySeconds"]);
    let strategy = &spec["updateStrategy"];
    let update = &strategy["rollingUpdate"];
    match text(strategy, "type") {
        "OnDelete" => {}
        "RollingUpdate" if update.is_null() => {
            check.required("spec.updateStrategy.rollingUpdate", "");
        }
        "RollingUpdate" => {
            let path = "spec.updateStrategy.rollingUpdate";
            check_amount(check, &format!("{path}.maxUnavailable"), &update["maxUnavailable"]);
            check_amount(check, &format!("{path}.maxSurge"), &update["maxSurge"]);
            let none = Amount::is_zero(&update["maxUnavailable"]);
            if none && Amount::is_zero(&update["maxSurge"]) {
                let why = "cannot be 0 when maxSurge is 0";
                check.invalid(
                    format!("{path}.maxUnavailable"),
                    update["maxUnavailable"].clone(),
                    why,
                );
            }
        }
        other => check.one_of("spec.updateStrategy.type", other, &["RollingUpdate", "OnDelete"]),
    }
    check_numbers(check, spec, &["revisionHistoryLimit"]);
}
