//! HorizontalPodAutoscalers as they are stored, and disruption budgets.

use serde_json::{Value, json};

use super::strategy::{Generation, Rules};
use super::value::{Check, check_selector, fill, inside, int, is_set, items, make, text};
use super::workload::check_amount;
use crate::names;
use crate::registry::Context;
use crate::status::{FieldError, FieldErrors};

/// Version 2, which is stored.
pub(super) struct AutoscalerV2;

impl Rules for AutoscalerV2 {
    fn default(&self, object: &mut Value) {
        let spec = make(object, "spec");
        fill(spec, "minReplicas", 1);
        if items(spec, "metrics").is_empty() {
            spec["metrics"] = json!([cpu_metric(80)]);
        }
        if let Some(behavior) = inside(spec, "behavior") {
            let up = make(behavior, "scaleUp");
            fill(up, "stabilizationWindowSeconds", 0);
            fill(up, "selectPolicy", "Max");
            fill(
                up,
                "policies",
                json!([
                    {"type": "Pods", "value": 4, "periodSeconds": 15},
                    {"type": "Percent", "value": 100, "periodSeconds": 15},
                ]),
            );
            let down = make(behavior, "scaleDown");
            fill(down, "selectPolicy", "Max");
            fill(down, "policies", json!([{"type": "Percent", "value": 100, "periodSeconds": 15}]));
        }
    }

    fn validate(&self, _: &Context<'_>, object: &Value) -> FieldErrors {
        let mut check = Check::new();
        check_autoscaler(&mut check, &object["spec"]);
        for (at, metric) in items(&object["spec"], "metrics").iter().enumerate() {
            let path = format!("spec.metrics[{at}]");
            let kinds = ["ContainerResource", "External", "Object", "Pods", "Resource"];
            check.one_of(format!("{path}.type"), text(metric, "type"), &kinds);
        }
        check.done()
    }
}

pub(super) fn cpu_metric(percent: i64) -> Value {
    json!({"type": "Resource", "resource": {
        "name": "cpu", "target": {"type": "Utilization", "averageUtilization": percent},
    }})
}

pub(super) fn check_autoscaler(check: &mut Check, spec: &Value) {
    let (min, max) = (int(spec, "minReplicas"), int(spec, "maxReplicas").unwrap_or(0));
    if let Some(min) = min.filter(|min| *min < 1) {
        check.invalid("spec.minReplicas", min, "must be greater than or equal to 1");
    }
    if max < 1 {
        check.required("spec.maxReplicas", "must be set and greater than 0");
    }
    if min.is_some_and(|min| max < min) {
        check.invalid("spec.maxReplicas", max, "must be greater than or equal to `minReplicas`");
    }
    let target = &spec["scaleTargetRef"];
    for key in ["kind", "name"] {
        match text(target, key) {
            "" => check.required(format!("spec.scaleTargetRef.{key}"), ""),
            value => {
                let wrong = names::path_segment_errors(value, None);
                check.all(format!("spec.scaleTargetRef.{key}"), value, wrong);
            }
        }
    }
    let version = text(target, "apiVersion");
    if version.is_empty() {
        check.invalid(
            "spec.scaleTargetRef.apiVersion",
            version,
            "apiVersion must specify API group",
        );
    }
}

pub(super) struct DisruptionBudget;

impl Rules for DisruptionBudget {
    fn generation(&self) -> Generation {
        Generation::Counted
    }

    fn validate(&self, _: &Context<'_>, object: &Value) -> FieldErrors {
        let mut check = Check::new();
        let spec = &object["spec"];
        if is_set(spec, "minAvailable") && is_set(spec, "maxUnavailable") {
            let why = "minAvailable and maxUnavailable cannot be both set";
            let shown = budget_text(spec);
            check.push(FieldError::invalid("spec", Value::Null, why).showing(shown));
        }
        for key in ["minAvailable", "maxUnavailable"] {
            if is_set(spec, key) {
                check_amount(&mut check, &format!("spec.{key}"), &spec[key]);
            }
        }
        check_selector(&mut check, "spec.selector", &spec["selector"]);
        let policy = text(spec, "unhealthyPodEvictionPolicy");
        if !policy.is_empty() {
            let allowed = ["AlwaysAllow", "IfHealthyBudget"];
            check.one_of("spec.unhealthyPodEvictionPolicy", policy, &allowed);
        }
        check.done()
    }
}

/// Prints a budget in the order of the original's type.
fn budget_text(spec: &Value) -> String {
    let part = |key: &str| spec.get(key).unwrap_or(&Value::Null).to_string();
    format!(
        "{{\"MinAvailable\":{},\"Selector\":{},\"MaxUnavailable\":{},\
         \"UnhealthyPodEvictionPolicy\":{}}}",
        part("minAvailable"),
        part("selector"),
        part("maxUnavailable"),
        part("unhealthyPodEvictionPolicy")
    )
}
