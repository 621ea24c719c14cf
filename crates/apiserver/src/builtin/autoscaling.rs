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
            check_metric(&mut check, &format!("spec.metrics[{at}]"), metric);
        }
        for direction in ["scaleUp", "scaleDown"] {
            let rules = &object["spec"]["behavior"][direction];
            if rules.is_object() {
                check_scaling(&mut check, &format!("spec.behavior.{direction}"), rules);
            }
        }
        check.done()
    }

    fn validate_status(&self, _: &Context<'_>, object: &Value, _: &Value) -> FieldErrors {
        let mut check = Check::new();
        for key in ["currentReplicas", "desiredReplicas"] {
            check.not_negative(&object["status"], "status", key);
        }
        check.done()
    }
}

fn check_metric(check: &mut Check, path: &str, metric: &Value) {
    const KINDS: [&str; 5] = ["ContainerResource", "External", "Object", "Pods", "Resource"];
    const FIELDS: [(&str, &str); 5] = [
        ("Object", "object"),
        ("Pods", "pods"),
        ("Resource", "resource"),
        ("ContainerResource", "containerResource"),
        ("External", "external"),
    ];
    let kind = text(metric, "type");
    if kind.is_empty() {
        check.required(format!("{path}.type"), "must specify a metric source type");
    } else {
        check.one_of(format!("{path}.type"), kind, &KINDS);
    }
    for (own, field) in FIELDS {
        let path = format!("{path}.{field}");
        match (own == kind, is_set(metric, field)) {
            (true, false) => {
                check.required(path, "must populate information for the given metric source");
            }
            (false, true) if KINDS.contains(&kind) => {
                check.forbidden(path, "must populate the given metric source only");
            }
            (_, true) => check_source(check, &path, field, &metric[field]),
            _ => {}
        }
    }
}

fn check_source(check: &mut Check, path: &str, field: &str, source: &Value) {
    let target = &source["target"];
    if matches!(field, "resource" | "containerResource") {
        if text(source, "name").is_empty() {
            check.required(format!("{path}.name"), "must specify a resource name");
        }
        if field == "containerResource" && text(source, "container").is_empty() {
            check.required(format!("{path}.container"), "must specify a container");
        }
    } else if text(&source["metric"], "name").is_empty() {
        check.required(format!("{path}.metric.name"), "must specify a metric name");
    }
    if field == "object" {
        for key in ["kind", "name"] {
            if text(&source["describedObject"], key).is_empty() {
                check.required(format!("{path}.describedObject.{key}"), "");
            }
        }
    }
    check_target(check, &format!("{path}.target"), target);
    let (value, average) = (is_set(target, "value"), is_set(target, "averageValue"));
    let share = is_set(target, "averageUtilization");
    match field {
        "resource" | "containerResource" if !share && !average => check.required(
            format!("{path}.target.averageUtilization"),
            "must set either a target raw value or a target utilization",
        ),
        "resource" | "containerResource" if share && average => check.forbidden(
            format!("{path}.target.averageValue"),
            "may not set both a target raw value and a target utilization",
        ),
        "pods" if !average => check.required(
            format!("{path}.target.averageValue"),
            "must specify a positive target averageValue",
        ),
        "object" | "external" if !value && !average => check.required(
            format!("{path}.target.averageValue"),
            "must set either a target value or averageValue",
        ),
        "external" if value && average => check.forbidden(
            format!("{path}.target.value"),
            "may not set both a target value for metric and a per-pod target",
        ),
        _ => {}
    }
}

fn check_target(check: &mut Check, path: &str, target: &Value) {
    match text(target, "type") {
        "" => check.required(format!("{path}.type"), "must specify a metric target type"),
        "Utilization" | "Value" | "AverageValue" => {}
        other => {
            let why = "must be either Utilization, Value, or AverageValue";
            check.invalid(format!("{path}.type"), other, why);
        }
    }
    for key in ["value", "averageValue"] {
        let quantity = text(target, key).parse::<flux_schema::Quantity>();
        if quantity.is_ok_and(|quantity| quantity <= flux_schema::Quantity::ZERO) {
            check.invalid(format!("{path}.{key}"), text(target, key), "must be positive");
        }
    }
    if let Some(share) = int(target, "averageUtilization").filter(|share| *share < 1) {
        check.invalid(format!("{path}.averageUtilization"), share, "must be greater than 0");
    }
}

fn check_scaling(check: &mut Check, path: &str, rules: &Value) {
    if let Some(window) = int(rules, "stabilizationWindowSeconds") {
        let field = format!("{path}.stabilizationWindowSeconds");
        if window < 0 {
            check.invalid(&field, window, "must be greater than or equal to zero");
        } else if window > 3600 {
            check.invalid(&field, window, "must be less than or equal to 3600");
        }
    }
    if is_set(rules, "selectPolicy") {
        let allowed = ["Disabled", "Max", "Min"];
        check.one_of(format!("{path}.selectPolicy"), text(rules, "selectPolicy"), &allowed);
    }
    let policies = items(rules, "policies");
    if policies.is_empty() {
        check.required(format!("{path}.policies"), "must specify at least one Policy");
    }
    for (at, policy) in policies.iter().enumerate() {
        let path = format!("{path}.policies[{at}]");
        check.one_of(format!("{path}.type"), text(policy, "type"), &["Percent", "Pods"]);
        let value = int(policy, "value").unwrap_or(0);
        if value <= 0 {
            check.invalid(format!("{path}.value"), value, "must be greater than zero");
        }
        match int(policy, "periodSeconds").unwrap_or(0) {
            ..=0 => check.invalid(
                format!("{path}.periodSeconds"),
                policy["periodSeconds"].clone(),
                "must be greater than zero",
            ),
            period if period > 1800 => {
                let why = "must be less than or equal to 1800";
                check.invalid(format!("{path}.periodSeconds"), period, why);
            }
            _ => {}
        }
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
