//! The cells of Pods: what their containers' states come to.

use serde_json::Value;

use super::age;
use super::rows::Row;
use crate::meta::text;

/// Returns the cells of one Pod.
pub(super) fn cells(row: &Row<'_>) -> Vec<Value> {
    let summary = summarize(row);
    let restarts = match summary.last_restart {
        Some(time) if summary.restarts > 0 => {
            format!("{} ({} ago)", summary.restarts, age::since(time, row.now))
        }
        _ => summary.restarts.to_string(),
    };
    let gates = row.list("/spec/readinessGates");
    let gate = match gates.len() {
        0 => "<none>".to_owned(),
        all => {
            let met = gates.iter().filter(|gate| {
                row.list("/status/conditions").iter().any(|one| {
                    text(one, "/type") == text(gate, "/conditionType")
                        && text(one, "/status") == "True"
                })
            });
            format!("{}/{all}", met.count())
        }
    };
    vec![
        row.name(),
        format!("{}/{}", summary.ready, row.count("/spec/containers")).into(),
        summary.reason.into(),
        restarts.into(),
        row.age(),
        row.or_none("/status/podIP"),
        row.or_none("/spec/nodeName"),
        row.or_none("/status/nominatedNodeName"),
        gate.into(),
    ]
}

struct Summary<'a> {
    reason: String,
    ready: usize,
    restarts: i64,
    last_restart: Option<&'a str>,
}

fn restarts(status: &Value) -> i64 {
    status.get("restartCount").and_then(Value::as_i64).unwrap_or(0)
}

fn summarize<'a>(row: &'a Row<'a>) -> Summary<'a> {
    let reason = match row.text("/status/reason") {
        "" => row.text("/status/phase"),
        reason => reason,
    };
    let mut summary =
        Summary { reason: reason.to_owned(), ready: 0, restarts: 0, last_restart: None };
    if !initialising(row, &mut summary) {
        running(row, &mut summary);
    }
    if crate::meta::is_deleting(row.object) {
        let lost = row.text("/status/reason") == "NodeLost";
        summary.reason = if lost { "Unknown" } else { "Terminating" }.to_owned();
    }
    summary
}

/// Looks at init containers; tells whether they still hold the Pod up.
fn initialising(row: &Row<'_>, summary: &mut Summary<'_>) -> bool {
    let all = row.count("/spec/initContainers");
    for (at, status) in row.list("/status/initContainerStatuses").iter().enumerate() {
        summary.restarts += restarts(status);
        let terminated = status.pointer("/state/terminated");
        let started = status.get("started").and_then(Value::as_bool) == Some(true);
        let sidecar = row.text(&format!("/spec/initContainers/{at}/restartPolicy")) == "Always";
        if sidecar && started {
            if status.get("ready").and_then(Value::as_bool) == Some(true) {
                summary.ready += 1;
            }
            continue;
        }
        match terminated {
            Some(state) if state.get("exitCode").and_then(Value::as_i64) == Some(0) => continue,
            Some(state) => summary.reason = format!("Init:{}", ended(state)),
            None => match text(status, "/state/waiting/reason") {
                "" | "PodInitializing" => summary.reason = format!("Init:{at}/{all}"),
                reason => summary.reason = format!("Init:{reason}"),
            },
        }
        return true;
    }
    false
}

fn running<'a>(row: &'a Row<'a>, summary: &mut Summary<'a>) {
    let mut has_running = false;
    for status in row.list("/status/containerStatuses").iter().rev() {
        summary.restarts += restarts(status);
        let last = text(status, "/lastState/terminated/finishedAt");
        if !last.is_empty() && summary.last_restart.is_none_or(|known| known < last) {
            summary.last_restart = Some(last);
        }
        let waiting = text(status, "/state/waiting/reason");
        let terminated = status.pointer("/state/terminated");
        let ready = status.get("ready").and_then(Value::as_bool) == Some(true);
        match terminated {
            _ if !waiting.is_empty() => summary.reason = waiting.to_owned(),
            Some(state) => summary.reason = ended(state),
            None if ready && status.pointer("/state/running").is_some() => {
                has_running = true;
                summary.ready += 1;
            }
            None => {}
        }
    }
    if summary.reason == "Completed" && has_running {
        let ready = row
            .list("/status/conditions")
            .iter()
            .any(|one| text(one, "/type") == "Ready" && text(one, "/status") == "True");
        summary.reason = if ready { "Running" } else { "NotReady" }.to_owned();
    }
}

fn ended(state: &Value) -> String {
    match text(state, "/reason") {
        "" => match state.get("signal").and_then(Value::as_i64).unwrap_or(0) {
            0 => {
                let code = state.get("exitCode").and_then(Value::as_i64).unwrap_or(0);
                format!("ExitCode:{code}")
            }
            signal => format!("Signal:{signal}"),
        },
        reason => reason.to_owned(),
    }
}
