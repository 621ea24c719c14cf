//! Waiting, by watch, until objects have been reconciled.

use std::time::Duration;

use flux_cluster::{Change, Cluster, List, Target, Topic};
use flux_manifest::Object;
use serde_json::Value;

use crate::CliError;
use crate::context::Context;
use crate::get::{condition, is_static, plain};
use crate::kind::{Kind, Success};

/// What is waited for.
#[derive(Clone, Debug)]
pub(crate) struct Goal {
    target: Target,
    /// `status.lastHandledReconcileAt` before a reconciliation was asked for.
    handled_before: Option<String>,
}

impl Goal {
    /// Waits until the object is Ready for its current generation.
    pub(crate) fn ready(target: Target) -> Self {
        Self { target, handled_before: None }
    }

    /// Waits until a request has been handled that came after `object` was read.
    pub(crate) fn handled(target: Target, object: &Object) -> Self {
        Self { target, handled_before: Some(handled_at(object)) }
    }

    /// Tells whether the object has got there: `None` while it has not.
    fn reached(&self, object: &Object) -> Option<Result<(), String>> {
        if self.handled_before.as_ref().is_some_and(|before| *before == handled_at(object)) {
            return None;
        }
        if is_static(object) || matches!(object.kind(), "Alert" | "Provider") {
            return Some(Ok(()));
        }
        let generation = object.generation();
        let observed = object.pointer("/status/observedGeneration").and_then(Value::as_i64);
        if condition(object, "Stalled").is_some_and(is_true) {
            return Some(Err(message(object, "Stalled")));
        }
        if condition(object, "Reconciling").is_some_and(is_true) && self.handled_before.is_none() {
            return None;
        }
        let ready = condition(object, "Ready")?;
        let seen = ready.get("observedGeneration").and_then(Value::as_i64).unwrap_or(generation);
        if seen != generation {
            return None;
        }
        match ready.get("status").and_then(Value::as_str) {
            Some("True") if observed == Some(generation) => Some(Ok(())),
            Some("False") => Some(Err(message(object, "Ready"))),
            _ => None,
        }
    }
}

fn is_true(condition: &Value) -> bool {
    condition.get("status").and_then(Value::as_str) == Some("True")
}

fn message(object: &Object, kind: &str) -> String {
    condition(object, kind).and_then(|it| it.get("message")).map(plain).unwrap_or_default()
}

fn handled_at(object: &Object) -> String {
    object.pointer("/status/lastHandledReconcileAt").map(plain).unwrap_or_default()
}

/// Waits for all goals side by side; the outcomes come in their order.
pub(crate) async fn wait_all(
    goals: Vec<Goal>,
    cx: &mut Context<'_>,
) -> Result<Vec<Result<Object, String>>, CliError> {
    let cluster = cx.cluster().await?;
    let timeout = cx.global.timeout;
    let tasks: Vec<_> = goals
        .into_iter()
        .map(|goal| tokio::spawn(wait_one(cluster.clone(), goal, timeout)))
        .collect();
    let mut outcomes = Vec::new();
    for task in tasks {
        outcomes.push(task.await.map_err(|error| CliError::Failed(error.to_string()))?);
    }
    Ok(outcomes)
}

/// Waits for one goal.
pub(crate) async fn wait_for(goal: Goal, cx: &mut Context<'_>) -> Result<Object, CliError> {
    let cluster = cx.cluster().await?;
    let outcome = wait_one(cluster, goal, cx.global.timeout).await;
    outcome.map_err(CliError::Failed)
}

async fn wait_one(cluster: Cluster, goal: Goal, timeout: Duration) -> Result<Object, String> {
    let list = List {
        namespace: Some(goal.target.namespace.clone()),
        fields: format!("metadata.name={}", goal.target.name),
        ..List::default()
    };
    let mut changes = cluster.watch(Topic::all(goal.target.kind.clone()).only(list));
    let seen = async {
        loop {
            match changes.next().await {
                Change::Applied { new, .. } => {
                    if let Some(outcome) = goal.reached(&new) {
                        return outcome.map(|()| (*new).clone());
                    }
                }
                Change::Deleted(_) => return Err("the object was deleted".to_owned()),
                Change::Synced | Change::Interrupted(_) => {}
            }
        }
    };
    match tokio::time::timeout(timeout, seen).await {
        Ok(outcome) => outcome,
        Err(_) => Err("timed out waiting for the condition".to_owned()),
    }
}

/// Says what a reconciliation achieved, such as `applied revision X`.
pub(crate) fn success_line(kind: &Kind, object: &Object) -> String {
    match kind.success {
        Success::Revision(words, pointer) => {
            let revision = object.pointer(pointer).map(plain).unwrap_or_default();
            format!("{words} {revision}")
        }
        Success::Words(words) => words.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use flux_manifest::GroupVersionKind;
    use serde_json::json;

    use super::*;

    fn object(status: Value) -> Object {
        let metadata = json!({"name": "a", "namespace": "b", "generation": 2});
        let object =
            json!({"apiVersion": "x/v1", "kind": "Y", "metadata": metadata, "status": status});
        object.try_into().unwrap()
    }

    fn target() -> Target {
        Target::new(GroupVersionKind::new("x", "v1", "Y"), "b", "a")
    }

    fn status(ready: &str, observed: i64, handled: &str) -> Value {
        json!({
            "observedGeneration": observed,
            "lastHandledReconcileAt": handled,
            "conditions": [{"type": "Ready", "status": ready, "message": "why", "observedGeneration": observed}],
        })
    }

    #[test]
    fn ready_for_an_older_generation_is_not_enough() {
        let goal = Goal::ready(target());
        assert_eq!(goal.reached(&object(status("True", 1, ""))), None);
        assert_eq!(goal.reached(&object(status("True", 2, ""))), Some(Ok(())));
        assert_eq!(goal.reached(&object(status("False", 2, ""))), Some(Err("why".to_owned())));
    }

    #[test]
    fn a_request_is_handled_when_the_time_differs_from_before() {
        let goal = Goal::handled(target(), &object(status("True", 2, "one")));
        assert_eq!(goal.reached(&object(status("True", 2, "one"))), None);
        assert_eq!(goal.reached(&object(status("True", 2, "two"))), Some(Ok(())));
    }
}
