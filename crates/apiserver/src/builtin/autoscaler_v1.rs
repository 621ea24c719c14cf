//! HorizontalPodAutoscalers of version 1: what this version cannot say is kept in annotations.

use serde_json::{Map, Value, json};

use super::autoscaling::{check_autoscaler, cpu_metric};
use super::strategy::Rules;
use super::value::{Check, drop_field, fill, int, is_set, items, make, text};
use crate::meta;
use crate::registry::Context;
use crate::status::FieldErrors;

/// Metrics beside the share of the CPU.
const METRICS: &str = "autoscaling.alpha.kubernetes.io/metrics";
/// What was last measured.
const CURRENT: &str = "autoscaling.alpha.kubernetes.io/current-metrics";
const CONDITIONS: &str = "autoscaling.alpha.kubernetes.io/conditions";
const BEHAVIOR: &str = "autoscaling.alpha.kubernetes.io/behavior";
/// The share of the CPU that is aimed at when nobody says.
const SHARE: i64 = 80;

/// Version 1: the same object with the share of the CPU as its only metric.
pub(super) struct AutoscalerV1;

impl Rules for AutoscalerV1 {
    fn default(&self, object: &mut Value) {
        let annotated = is_set(&object["metadata"]["annotations"], METRICS);
        let spec = make(object, "spec");
        fill(spec, "minReplicas", 1);
        // Other metrics take the place of the default.
        if !annotated {
            fill(spec, "targetCPUUtilizationPercentage", SHARE);
        }
    }

    fn validate(&self, _: &Context<'_>, object: &Value) -> FieldErrors {
        let mut check = Check::new();
        check_autoscaler(&mut check, &object["spec"]);
        check.done()
    }

    fn decode_stored(&self, object: &mut Value) {
        let mut notes: Vec<(&str, String)> = Vec::new();
        let spec = make(object, "spec");
        let metrics = items(spec, "metrics").to_vec();
        let share = metrics.iter().find(|metric| is_cpu_share(metric));
        let share = share.map(|metric| metric["resource"]["target"]["averageUtilization"].clone());
        let others: Vec<String> =
            metrics.iter().filter(|metric| !is_cpu_share(metric)).map(old_metric).collect();
        if !others.is_empty() {
            notes.push((METRICS, format!("[{}]", others.join(","))));
        }
        if is_set(spec, "behavior") {
            notes.push((BEHAVIOR, old_behavior(&spec["behavior"])));
        }
        for key in ["metrics", "behavior"] {
            drop_field(spec, key);
        }
        if let Some(share) = share {
            spec["targetCPUUtilizationPercentage"] = share;
        }
        let status = make(object, "status");
        let current = items(status, "currentMetrics").to_vec();
        if let Some(metric) = current.iter().find(|metric| is_current_cpu_share(metric)) {
            status["currentCPUUtilizationPercentage"] =
                metric["resource"]["current"]["averageUtilization"].clone();
        }
        if !current.is_empty() {
            let current: Vec<String> = current.iter().map(old_current).collect();
            notes.push((CURRENT, format!("[{}]", current.join(","))));
        }
        let conditions = items(status, "conditions").to_vec();
        if !conditions.is_empty() {
            let keys = ["type", "status", "lastTransitionTime", "reason", "message"];
            let conditions: Vec<String> =
                conditions.iter().map(|one| ordered(&pick(one, &keys))).collect();
            notes.push((CONDITIONS, format!("[{}]", conditions.join(","))));
        }
        for key in ["currentMetrics", "conditions"] {
            drop_field(status, key);
        }
        fill(status, "currentReplicas", 0);
        fill(status, "desiredReplicas", 0);
        if !notes.is_empty() {
            let annotations = meta::map(make(make(object, "metadata"), "annotations"));
            for (key, text) in notes {
                annotations.insert(key.to_owned(), text.into());
            }
        }
    }

    fn encode_stored(&self, object: &mut Value) {
        let spec = make(object, "spec");
        let share = int(spec, "targetCPUUtilizationPercentage");
        drop_field(spec, "targetCPUUtilizationPercentage");
        let mut metrics: Vec<Value> = share.map(cpu_metric).into_iter().collect();
        let annotations = meta::map(make(make(object, "metadata"), "annotations"));
        let mut note = |key: &str| -> Option<Value> {
            serde_json::from_str(annotations.remove(key)?.as_str()?).ok()
        };
        let (others, current) = (note(METRICS), note(CURRENT));
        let (conditions, behavior) = (note(CONDITIONS), note(BEHAVIOR));
        if annotations.is_empty() {
            drop_field(&mut object["metadata"], "annotations");
        }
        let list = |value: &Option<Value>| -> Vec<Value> {
            value.as_ref().and_then(Value::as_array).cloned().unwrap_or_default()
        };
        metrics.extend(list(&others).iter().map(new_metric));
        if metrics.is_empty() {
            metrics.push(cpu_metric(SHARE));
        }
        object["spec"]["metrics"] = metrics.into();
        if let Some(behavior) = behavior.filter(Value::is_object) {
            object["spec"]["behavior"] = behavior;
        }
        let status = make(object, "status");
        let share = int(status, "currentCPUUtilizationPercentage");
        drop_field(status, "currentCPUUtilizationPercentage");
        if int(status, "currentReplicas") == Some(0) {
            drop_field(status, "currentReplicas");
        }
        let measured: Vec<Value> = match current {
            Some(_) => list(&current).iter().map(new_current).collect(),
            None => share.map(current_share).into_iter().collect(),
        };
        let measured = if measured.is_empty() { Value::Null } else { measured.into() };
        status["currentMetrics"] = measured;
        if let Some(conditions) = conditions.filter(Value::is_array) {
            status["conditions"] = conditions;
        }
    }
}

fn is_cpu_share(metric: &Value) -> bool {
    text(metric, "type") == "Resource"
        && text(&metric["resource"], "name") == "cpu"
        && is_set(&metric["resource"]["target"], "averageUtilization")
}

fn is_current_cpu_share(metric: &Value) -> bool {
    text(metric, "type") == "Resource"
        && text(&metric["resource"], "name") == "cpu"
        && is_set(&metric["resource"]["current"], "averageUtilization")
}

fn current_share(percent: i64) -> Value {
    json!({"type": "Resource", "resource": {
        "name": "cpu", "current": {"averageUtilization": percent},
    }})
}

/// A key with its value as text.
type Part = (&'static str, String);

/// Prints an object with its keys in the order of Go's fields.
fn ordered(parts: &[Part]) -> String {
    let parts: Vec<String> =
        parts.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
    format!("{{{}}}", parts.join(","))
}

/// Returns the fields that are there, in the order of `keys`.
fn pick(value: &Value, keys: &[&'static str]) -> Vec<Part> {
    let set = keys.iter().filter(|key| is_set(value, key));
    set.map(|key| (*key, value[*key].to_string())).collect()
}

fn reference(value: &Value) -> String {
    ordered(&pick(value, &["kind", "name", "apiVersion"]))
}

/// Names the fields of a metric in version 1 and where version 2 has them: `target` for what is
/// aimed at, `current` for what was measured.
struct Words {
    place: &'static str,
    value: &'static str,
    average: &'static str,
    utilization: &'static str,
}

const AIM: Words = Words {
    place: "target",
    value: "targetValue",
    average: "targetAverageValue",
    utilization: "targetAverageUtilization",
};

const MEASURED: Words = Words {
    place: "current",
    value: "currentValue",
    average: "currentAverageValue",
    utilization: "currentAverageUtilization",
};

fn old_metric(metric: &Value) -> String {
    old(metric, &AIM)
}

fn old_current(metric: &Value) -> String {
    old(metric, &MEASURED)
}

fn new_metric(metric: &Value) -> Value {
    new(metric, &AIM)
}

fn new_current(metric: &Value) -> Value {
    new(metric, &MEASURED)
}

/// Prints a metric as version 1 has it.
fn old(metric: &Value, words: &Words) -> String {
    let mut parts: Vec<Part> = pick(metric, &["type"]);
    let number = |of: &Value, from: &str, to: &'static str| -> Option<Part> {
        let value = of[words.place].get(from).filter(|value| !value.is_null())?;
        Some((to, value.to_string()))
    };
    let text_of = |of: &Value, key: &str| of[key].to_string();
    let selector = |of: &Value, to: &'static str| -> Option<Part> {
        is_set(&of["metric"], "selector").then(|| (to, of["metric"]["selector"].to_string()))
    };
    if is_set(metric, "object") {
        let of = &metric["object"];
        let mut own = vec![
            ("target", reference(&of["describedObject"])),
            ("metricName", text_of(&of["metric"], "name")),
        ];
        own.push(number(of, "value", words.value).unwrap_or((words.value, "\"0\"".to_owned())));
        own.extend(selector(of, "selector"));
        own.extend(number(of, "averageValue", "averageValue"));
        parts.push(("object", ordered(&own)));
    }
    if is_set(metric, "pods") {
        let of = &metric["pods"];
        let mut own = vec![("metricName", text_of(&of["metric"], "name"))];
        own.extend(number(of, "averageValue", words.average));
        own.extend(selector(of, "selector"));
        parts.push(("pods", ordered(&own)));
    }
    for kind in ["resource", "containerResource"] {
        if is_set(metric, kind) {
            let of = &metric[kind];
            let mut own = vec![("name", text_of(of, "name"))];
            own.extend(number(of, "averageUtilization", words.utilization));
            own.extend(number(of, "averageValue", words.average));
            own.extend(pick(of, &["container"]));
            parts.push((kind, ordered(&own)));
        }
    }
    if is_set(metric, "external") {
        let of = &metric["external"];
        let mut own = vec![("metricName", text_of(&of["metric"], "name"))];
        own.extend(selector(of, "metricSelector"));
        own.extend(number(of, "value", words.value));
        own.extend(number(of, "averageValue", words.average));
        parts.push(("external", ordered(&own)));
    }
    ordered(&parts)
}

/// Turns a metric of version 1 into one of version 2.
fn new(metric: &Value, words: &Words) -> Value {
    let mut out = Map::new();
    out.insert("type".into(), metric["type"].clone());
    let amount = |of: &Value, average: &str| {
        let mut amount = Map::new();
        for (from, to, kind) in [
            (words.value, "value", "Value"),
            (average, "averageValue", "AverageValue"),
            (words.utilization, "averageUtilization", "Utilization"),
        ] {
            if is_set(of, from) && of[from] != "0" {
                amount.insert(to.into(), of[from].clone());
                if words.place == "target" {
                    amount.insert("type".into(), kind.into());
                }
            }
        }
        Value::Object(amount)
    };
    let named = |of: &Value, selector: &str| {
        let mut named = Map::new();
        named.insert("name".into(), of["metricName"].clone());
        if is_set(of, selector) {
            named.insert("selector".into(), of[selector].clone());
        }
        Value::Object(named)
    };
    for kind in ["object", "pods", "resource", "containerResource", "external"] {
        if !is_set(metric, kind) {
            continue;
        }
        let of = &metric[kind];
        let value = match kind {
            "object" => json!({
                "describedObject": of["target"], "metric": named(of, "selector"),
                words.place: amount(of, "averageValue"),
            }),
            "pods" => {
                json!({"metric": named(of, "selector"), words.place: amount(of, words.average)})
            }
            "external" => json!({
                "metric": named(of, "metricSelector"), words.place: amount(of, words.average),
            }),
            _ => {
                let mut value = json!({"name": of["name"], words.place: amount(of, words.average)});
                if is_set(of, "container") {
                    value["container"] = of["container"].clone();
                }
                value
            }
        };
        out.insert(kind.into(), value);
    }
    Value::Object(out)
}

/// Prints how an autoscaler moves, with the keys in Go's order.
fn old_behavior(behavior: &Value) -> String {
    let mut parts: Vec<Part> = Vec::new();
    for key in ["scaleUp", "scaleDown"] {
        if !is_set(behavior, key) {
            continue;
        }
        let rules = &behavior[key];
        let mut own = pick(rules, &["stabilizationWindowSeconds", "selectPolicy"]);
        let policies: Vec<String> = items(rules, "policies")
            .iter()
            .map(|policy| ordered(&pick(policy, &["type", "value", "periodSeconds"])))
            .collect();
        if !policies.is_empty() {
            own.push(("policies", format!("[{}]", policies.join(","))));
        }
        own.extend(pick(rules, &["tolerance"]));
        parts.push((key, ordered(&own)));
    }
    ordered(&parts)
}
