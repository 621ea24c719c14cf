//! The cells of workloads.

use serde_json::{Value, json};

use super::age;
use super::rows::{Row, labels, selector};
use crate::meta::text;

/// Returns the cells of one object.
pub(super) fn cells(kind: &str, row: &Row<'_>) -> Vec<Value> {
    const CONTAINERS: &str = "/spec/template/spec/containers";
    let [names, images] = row.containers(CONTAINERS);
    let own_selector = || selector(row.object.pointer("/spec/selector")).into();
    let number = |pointer: &str| Value::from(row.number(pointer));
    let ready = || {
        let (ready, wanted) = (row.number("/status/readyReplicas"), row.number("/spec/replicas"));
        Value::from(format!("{ready}/{wanted}"))
    };
    match kind {
        "Deployment" => vec![
            row.name(),
            ready(),
            number("/status/updatedReplicas"),
            number("/status/availableReplicas"),
            row.age(),
            names,
            images,
            own_selector(),
        ],
        "ReplicaSet" => vec![
            row.name(),
            number("/spec/replicas"),
            number("/status/replicas"),
            number("/status/readyReplicas"),
            row.age(),
            names,
            images,
            own_selector(),
        ],
        "StatefulSet" => vec![row.name(), ready(), row.age(), names, images],
        "DaemonSet" => vec![
            row.name(),
            number("/status/desiredNumberScheduled"),
            number("/status/currentNumberScheduled"),
            number("/status/numberReady"),
            number("/status/updatedNumberScheduled"),
            number("/status/numberAvailable"),
            labels(row.object.pointer("/spec/template/spec/nodeSelector")).into(),
            row.age(),
            names,
            images,
            own_selector(),
        ],
        "Job" => job(row, [names, images]),
        "CronJob" => cron_job(row),
        "HorizontalPodAutoscaler" => autoscaler(row),
        "PodDisruptionBudget" => {
            let or_na = |pointer: &str| match row.object.pointer(pointer) {
                None | Some(Value::Null) => "N/A".into(),
                Some(Value::String(text)) => Value::from(text.as_str()),
                Some(other) => other.to_string().into(),
            };
            vec![
                row.name(),
                or_na("/spec/minAvailable"),
                or_na("/spec/maxUnavailable"),
                number("/status/disruptionsAllowed"),
                row.age(),
            ]
        }
        _ => {
            let owner = row.list("/metadata/ownerReferences").iter();
            let mut owner =
                owner.filter(|one| one.get("controller").and_then(Value::as_bool) == Some(true));
            let controller = owner.next().map_or("<none>".to_owned(), |one| {
                let api_version = text(one, "/apiVersion");
                let group = api_version.rsplit_once('/').map_or("", |(group, _)| group);
                let kind = text(one, "/kind").to_lowercase();
                let kind = if group.is_empty() { kind } else { format!("{kind}.{group}") };
                format!("{kind}/{}", text(one, "/name"))
            });
            vec![row.name(), controller.into(), number("/revision"), row.age()]
        }
    }
}

fn has_condition(row: &Row<'_>, kind: &str) -> bool {
    let found = |one: &Value| text(one, "/type") == kind && text(one, "/status") == "True";
    row.list("/status/conditions").iter().any(found)
}

fn job(row: &Row<'_>, [names, images]: [Value; 2]) -> Vec<Value> {
    let status = match row {
        _ if has_condition(row, "Complete") => "Complete",
        _ if has_condition(row, "Failed") => "Failed",
        _ if crate::meta::is_deleting(row.object) => "Terminating",
        _ if has_condition(row, "Suspended") => "Suspended",
        _ if has_condition(row, "FailureTarget") => "FailureTarget",
        _ if has_condition(row, "SuccessCriteriaMet") => "SuccessCriteriaMet",
        _ => "Running",
    };
    let succeeded = row.number("/status/succeeded");
    let parallelism = row.number("/spec/parallelism");
    let completions = match row.object.pointer("/spec/completions").and_then(Value::as_i64) {
        Some(completions) => format!("{succeeded}/{completions}"),
        None if parallelism > 1 => format!("{succeeded}/1 of {parallelism}"),
        None => format!("{succeeded}/1"),
    };
    let (start, end) = (row.text("/status/startTime"), row.text("/status/completionTime"));
    let duration = match (start, end) {
        ("", _) => String::new(),
        (start, "") => age::since(start, row.now),
        (start, end) => age::between(start, end).unwrap_or_default(),
    };
    vec![
        row.name(),
        status.into(),
        completions.into(),
        duration.into(),
        row.age(),
        names,
        images,
        selector(row.object.pointer("/spec/selector")).into(),
    ]
}

fn cron_job(row: &Row<'_>) -> Vec<Value> {
    let [names, images] = row.containers("/spec/jobTemplate/spec/template/spec/containers");
    let last = match row.text("/status/lastScheduleTime") {
        "" => "<none>".to_owned(),
        time => age::since(time, row.now),
    };
    let suspended = row.object.pointer("/spec/suspend").and_then(Value::as_bool) == Some(true);
    vec![
        row.name(),
        row.text("/spec/schedule").into(),
        row.or_none("/spec/timeZone"),
        if suspended { "True" } else { "False" }.into(),
        row.count("/status/active").into(),
        last.into(),
        row.age(),
        names,
        images,
        selector(row.object.pointer("/spec/jobTemplate/spec/selector")).into(),
    ]
}

fn autoscaler(row: &Row<'_>) -> Vec<Value> {
    let target = format!(
        "{}/{}",
        row.text("/spec/scaleTargetRef/kind"),
        row.text("/spec/scaleTargetRef/name")
    );
    let minimum = match row.object.pointer("/spec/minReplicas").and_then(Value::as_i64) {
        Some(number) => number.to_string(),
        None => "<unset>".to_owned(),
    };
    vec![
        row.name(),
        target.into(),
        targets(row).into(),
        minimum.into(),
        row.number("/spec/maxReplicas").into(),
        row.number("/status/currentReplicas").into(),
        row.age(),
    ]
}

fn targets(row: &Row<'_>) -> String {
    let current = row.list("/status/currentMetrics");
    let shown = |metric: &Value, at: usize| -> Option<String> {
        let kind = text(metric, "/type");
        let part = format!("{}{}", kind.get(..1)?.to_lowercase(), kind.get(1..)?);
        let target = metric.get(&part)?.get("target")?;
        let now = current.get(at).and_then(|one| one.get(&part)?.get("current"));
        let name = text(metric, &format!("/{part}/name"));
        let value = match target.get("averageUtilization").and_then(Value::as_i64) {
            Some(wanted) => {
                let now = now.and_then(|now| now.get("averageUtilization")?.as_i64());
                let now = now.map_or("<unknown>".to_owned(), |now| format!("{now}%"));
                format!("{now}/{wanted}%")
            }
            None => {
                let key =
                    ["averageValue", "value"].into_iter().find(|key| target.get(key).is_some())?;
                let now = now.and_then(|now| now.get(key)?.as_str()).unwrap_or("<unknown>");
                format!("{now}/{}", target.get(key)?.as_str()?)
            }
        };
        Some(if kind == "Resource" { format!("{name}: {value}") } else { value })
    };
    let metrics = row.list("/spec/metrics");
    let mut all: Vec<String> =
        metrics.iter().enumerate().filter_map(|(at, metric)| shown(metric, at)).collect();
    let more = all.len().saturating_sub(2);
    all.truncate(2);
    match (all.as_slice(), more) {
        ([], _) => "<none>".to_owned(),
        (all, 0) => all.join(", "),
        (all, more) => format!("{} + {more} more...", all.join(", ")),
    }
}

/// Returns what marks a row as done: a Pod or Job that has ended.
pub(super) fn row_conditions(object: &Value) -> Option<Value> {
    let phase = text(object, "/status/phase");
    let (reason, message) = match phase {
        "Succeeded" => ("Succeeded", "The pod has completed successfully."),
        "Failed" => ("Failed", "The pod failed."),
        _ => return None,
    };
    Some(json!([{"type": "Completed", "status": "True", "reason": reason, "message": message}]))
}
