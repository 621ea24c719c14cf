//! Pods: scheduled, started, ready, or whatever their behaviour asks for.

use std::time::Duration;

use serde_json::{Value, json};

use super::behaviour::Behaviour;
use super::{Cluster, Later, Outcome, PODS, set_condition};
use crate::meta;

/// Brings a Pod into the state that it has at an age.
pub(super) async fn run(cluster: &Cluster, pod: &Value, age: Duration) -> Outcome {
    if meta::is_deleting(pod) {
        if meta::finalizers(pod).is_empty()
            && let Some(info) = cluster.info(PODS)
        {
            let options = json!({"gracePeriodSeconds": 0});
            // Gone already is what is wanted.
            _ = cluster.client().delete(&info, pod, &options).await;
        }
        return Ok(Later::Never);
    }
    if matches!(meta::text(pod, "/status/phase"), "Succeeded" | "Failed") {
        return Ok(Later::Never);
    }
    let (state, later) = state(pod, age);
    cluster.write_status(PODS, pod, status(cluster, pod, state)).await?;
    Ok(later)
}

/// What the containers of a Pod do.
#[derive(Clone, Copy, PartialEq)]
enum State {
    Ready,
    Unready,
    Crashing,
    Succeeded,
    Failed,
}

fn state(pod: &Value, age: Duration) -> (State, Later) {
    let policy = meta::text(pod, "/spec/restartPolicy");
    let ends = policy != "Always";
    let good = if ends { State::Succeeded } else { State::Ready };
    let bad = if policy == "Never" { State::Failed } else { State::Crashing };
    match Behaviour::of(pod) {
        Behaviour::Normal => (good, Later::Never),
        Behaviour::NeverReady => (State::Unready, Later::Never),
        Behaviour::CrashLoop => (bad, Later::Never),
        Behaviour::ReadyAfter(span) if age < span => (State::Unready, Later::At(span)),
        Behaviour::ReadyAfter(_) => (good, Later::Never),
        Behaviour::FailAfter(span) if age < span => (State::Ready, Later::At(span)),
        Behaviour::FailAfter(_) => (bad, Later::Never),
    }
}

fn status(cluster: &Cluster, pod: &Value, state: State) -> Value {
    let mut status = pod["status"].clone();
    let now = cluster.now();
    let phase = match state {
        State::Ready | State::Unready | State::Crashing => "Running",
        State::Succeeded => "Succeeded",
        State::Failed => "Failed",
    };
    let fields = meta::map(&mut status);
    fields.insert("phase".into(), phase.into());
    fields.entry("startTime").or_insert_with(|| now.as_str().into());
    let address = address(meta::uid(pod));
    fields.insert("podIPs".into(), json!([{"ip": address}]));
    fields.insert("podIP".into(), address.into());
    fields.insert("hostIP".into(), "127.0.0.1".into());
    fields.insert("hostIPs".into(), json!([{"ip": "127.0.0.1"}]));
    let started = fields.get("startTime").cloned().unwrap_or_default();
    let containers = containers(pod, "containers", state, &started, &now);
    fields.insert("containerStatuses".into(), containers);
    if pod["spec"]["initContainers"].as_array().is_some_and(|list| !list.is_empty()) {
        let list = init_containers(pod, &started);
        fields.insert("initContainerStatuses".into(), list);
    }
    let names: Vec<&str> = pod["spec"]["containers"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|container| meta::text(container, "/name"))
        .collect();
    let unready = format!("containers with unready status: [{}]", names.join(" "));
    let ready = match state {
        State::Ready => ("True", "", ""),
        State::Unready | State::Crashing => ("False", "ContainersNotReady", unready.as_str()),
        State::Succeeded => ("False", "PodCompleted", ""),
        State::Failed => ("False", "PodFailed", ""),
    };
    for (kind, (status_text, reason, message)) in [
        ("PodReadyToStartContainers", ("True", "", "")),
        ("Initialized", ("True", "", "")),
        ("Ready", ready),
        ("ContainersReady", ready),
        ("PodScheduled", ("True", "", "")),
    ] {
        set_condition(cluster, &mut status, [kind, status_text, reason, message]);
    }
    for condition in status["conditions"].as_array_mut().into_iter().flatten() {
        let fields = meta::map(condition);
        fields.retain(|key, value| !matches!(key.as_str(), "reason" | "message") || *value != "");
        fields.entry("lastProbeTime").or_insert(Value::Null);
    }
    status
}

fn containers(pod: &Value, list: &str, state: State, started: &Value, now: &str) -> Value {
    let previous = pod["status"]["containerStatuses"].as_array();
    let statuses = pod["spec"][list].as_array().into_iter().flatten().map(|container| {
        let name = meta::text(container, "/name");
        let before = previous.into_iter().flatten().find(|one| meta::text(one, "/name") == name);
        let ended = before
            .and_then(|one| one.pointer("/state/terminated/finishedAt").cloned())
            .unwrap_or_else(|| now.into());
        let state_of = match state {
            State::Ready | State::Unready => json!({"running": {"startedAt": started}}),
            State::Crashing => json!({"waiting": {
                "reason": "CrashLoopBackOff",
                "message": format!("back-off 5m0s restarting failed container={name} pod={}", meta::name(pod)),
            }}),
            State::Succeeded => json!({"terminated": {
                "exitCode": 0, "reason": "Completed", "startedAt": started, "finishedAt": ended,
            }}),
            State::Failed => json!({"terminated": {
                "exitCode": 1, "reason": "Error", "startedAt": started, "finishedAt": ended,
            }}),
        };
        json!({
            "name": name,
            "image": container["image"],
            "imageID": "",
            "containerID": format!("simulated://{}/{name}", meta::uid(pod)),
            "ready": state == State::Ready,
            "started": matches!(state, State::Ready | State::Unready),
            "restartCount": if state == State::Crashing { 5 } else { 0 },
            "state": state_of,
            "lastState": {},
        })
    });
    statuses.collect::<Vec<_>>().into()
}

fn init_containers(pod: &Value, started: &Value) -> Value {
    let statuses = pod["spec"]["initContainers"].as_array().into_iter().flatten().map(|container| {
        let name = meta::text(container, "/name");
        json!({
            "name": name,
            "image": container["image"],
            "imageID": "",
            "containerID": format!("simulated://{}/{name}", meta::uid(pod)),
            "ready": true,
            "started": false,
            "restartCount": 0,
            "state": {"terminated": {
                "exitCode": 0, "reason": "Completed", "startedAt": started, "finishedAt": started,
            }},
            "lastState": {},
        })
    });
    statuses.collect::<Vec<_>>().into()
}

/// An address of the Pod network, the same for a Pod at all times.
fn address(uid: &str) -> String {
    let hash =
        uid.bytes().fold(0_u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(u32::from(byte)));
    let [_, _, high, low] = hash.to_be_bytes();
    format!("10.244.{high}.{}", low.max(1))
}
