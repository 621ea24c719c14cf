//! Whether everything is Ready: a pure function of the Flux objects.

use std::collections::BTreeMap;

use flux_manifest::Object;
use serde_json::Value;

/// How far the objects of an installation are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Subjects of objects that are Ready as they are wanted now.
    pub ready: Vec<String>,
    /// Objects that will not become Ready by waiting.
    pub failed: Vec<Trouble>,
    /// Objects that are on their way, or wait for one that is.
    pub waiting: Vec<Trouble>,
}

/// An object that is not Ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// `Kind/namespace/name`.
    pub subject: String,
    /// The message of its Ready condition.
    pub message: String,
}

impl Standing {
    /// Returns the standing of an installation whose objects are not known yet.
    pub fn starting() -> Self {
        let subject = "flux-system".to_owned();
        let message = "starting".to_owned();
        Self { waiting: vec![Trouble { subject, message }], ..Self::default() }
    }

    /// Tells whether waiting changes nothing any more.
    pub fn is_settled(&self) -> bool {
        self.waiting.is_empty()
    }
}

/// One object on the way to its verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Verdict {
    Ready,
    Failed,
    Waiting,
    /// Decided by the objects with these subjects.
    BlockedBy(Vec<String>),
}

/// Judges Git repositories and Kustomizations together, since the latter wait for the former and
/// for each other.
///
/// An object that waits for one that has failed has failed as well. Suspended objects count as
/// Ready, as they would with upstream's `dependsOn`.
pub fn standing(objects: &[Object]) -> Standing {
    let revisions: BTreeMap<String, String> = objects
        .iter()
        .map(|it| (it.id().subject(), text(it, "/status/artifact/revision").to_owned()))
        .collect();
    let mut verdicts: BTreeMap<String, Verdict> =
        objects.iter().map(|it| (it.id().subject(), judge(it, &revisions))).collect();
    resolve(&mut verdicts);
    let mut standing = Standing::default();
    for object in objects {
        let subject = object.id().subject();
        let verdict = verdicts.get(&subject).unwrap_or(&Verdict::Waiting);
        let trouble = || Trouble { subject: subject.clone(), message: message(object) };
        match verdict {
            Verdict::Ready => standing.ready.push(subject),
            Verdict::Failed => standing.failed.push(trouble()),
            // Objects that wait for each other wait forever.
            Verdict::BlockedBy(_) => standing.failed.push(trouble()),
            Verdict::Waiting => standing.waiting.push(trouble()),
        }
    }
    standing
}

/// Hands verdicts on to the objects that are blocked, until nothing changes.
fn resolve(verdicts: &mut BTreeMap<String, Verdict>) {
    loop {
        let decided: Vec<(String, Verdict)> = verdicts
            .iter()
            .filter_map(|(subject, verdict)| {
                let Verdict::BlockedBy(blockers) = verdict else { return None };
                let of = |it: &String| verdicts.get(it).unwrap_or(&Verdict::Failed);
                if blockers.iter().any(|it| *of(it) == Verdict::Failed) {
                    return Some((subject.clone(), Verdict::Failed));
                }
                // Ready blockers mean that the next pass is on its way.
                let open = |it: &String| matches!(of(it), Verdict::Ready | Verdict::Waiting);
                blockers.iter().all(open).then(|| (subject.clone(), Verdict::Waiting))
            })
            .collect();
        if decided.is_empty() {
            return;
        }
        verdicts.extend(decided);
    }
}

fn judge(object: &Object, revisions: &BTreeMap<String, String>) -> Verdict {
    if object.pointer("/spec/suspend").and_then(Value::as_bool) == Some(true) {
        return Verdict::Ready;
    }
    let Some(ready) = condition(object, "Ready") else { return Verdict::Waiting };
    let generation = object.generation();
    if ready.get("observedGeneration").and_then(Value::as_i64).unwrap_or(generation) != generation {
        return Verdict::Waiting;
    }
    let source = (object.kind() == "Kustomization").then(|| source(object));
    match ready.get("status").and_then(Value::as_str) {
        Some("True") => match source.and_then(|it| revisions.get(&it)) {
            Some(revision) if revision != text(object, "/status/lastAppliedRevision") => {
                Verdict::Waiting
            }
            _ => Verdict::Ready,
        },
        Some("False") => failed(object, ready, source, revisions),
        _ => Verdict::Waiting,
    }
}

fn failed(
    object: &Object,
    ready: &Value,
    source: Option<String>,
    revisions: &BTreeMap<String, String>,
) -> Verdict {
    let reason = ready.get("reason").and_then(Value::as_str).unwrap_or_default();
    match (reason, source) {
        ("DependencyNotReady", _) => Verdict::BlockedBy(dependencies(object)),
        ("ArtifactFailed", Some(source)) => Verdict::BlockedBy(vec![source]),
        ("Progressing", _) => Verdict::Waiting,
        (_, Some(source)) => {
            let newest = revisions.get(&source).map(String::as_str).unwrap_or_default();
            if newest == text(object, "/status/lastAttemptedRevision") {
                Verdict::Failed
            } else {
                Verdict::Waiting
            }
        }
        (_, None) => Verdict::Failed,
    }
}

fn dependencies(object: &Object) -> Vec<String> {
    let listed = object.pointer("/spec/dependsOn").and_then(Value::as_array);
    let subject = |it: &Value| reference("Kustomization", it, object.namespace());
    listed.into_iter().flatten().map(subject).collect()
}

fn source(object: &Object) -> String {
    let none = Value::Null;
    let wanted = object.pointer("/spec/sourceRef").unwrap_or(&none);
    let kind = wanted.get("kind").and_then(Value::as_str).unwrap_or_default();
    reference(kind, wanted, object.namespace())
}

fn reference(kind: &str, wanted: &Value, own: &str) -> String {
    let field = |key: &str| wanted.get(key).and_then(Value::as_str).unwrap_or_default();
    let namespace = if field("namespace").is_empty() { own } else { field("namespace") };
    format!("{kind}/{namespace}/{}", field("name"))
}

fn condition<'a>(object: &'a Object, kind: &str) -> Option<&'a Value> {
    let conditions = object.pointer("/status/conditions")?.as_array()?;
    conditions.iter().find(|it| it.get("type").and_then(Value::as_str) == Some(kind))
}

fn message(object: &Object) -> String {
    let message = condition(object, "Ready").and_then(|it| it.get("message")?.as_str());
    message.unwrap_or("waiting to be reconciled").to_owned()
}

fn text<'a>(object: &'a Object, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn git(status: &str, reason: &str, revision: &str) -> Object {
        object(
            "GitRepository",
            "repo",
            json!({}),
            json!({
                "conditions": [{"type": "Ready", "status": status, "reason": reason, "message": reason}],
                "artifact": {"revision": revision},
            }),
        )
    }

    fn kustomization(name: &str, dependency: Option<&str>, status: Value) -> Object {
        let depends_on: Vec<Value> =
            dependency.map(|name| json!({"name": name})).into_iter().collect();
        let spec = json!({"sourceRef": {"kind": "GitRepository", "name": "repo"}, "dependsOn": depends_on});
        object("Kustomization", name, spec, status)
    }

    fn object(kind: &str, name: &str, spec: Value, status: Value) -> Object {
        let metadata = json!({"name": name, "namespace": "ns", "generation": 1});
        json!({"apiVersion": "x/v1", "kind": kind, "metadata": metadata, "spec": spec, "status": status})
            .try_into()
            .unwrap()
    }

    fn ready(status: &str, reason: &str, revision: &str) -> Value {
        json!({
            "conditions": [{"type": "Ready", "status": status, "reason": reason, "message": reason}],
            "lastAppliedRevision": revision, "lastAttemptedRevision": revision,
        })
    }

    fn names(troubles: &[Trouble]) -> Vec<&str> {
        troubles.iter().map(|it| it.subject.as_str()).collect()
    }

    #[test]
    fn everything_ready_at_the_newest_revision_is_settled() {
        let objects = [
            git("True", "Succeeded", "r1"),
            kustomization("a", None, ready("True", "ReconciliationSucceeded", "r1")),
        ];
        let standing = standing(&objects);
        assert!(standing.is_settled() && standing.failed.is_empty());
        assert_eq!(standing.ready, ["GitRepository/ns/repo", "Kustomization/ns/a"]);
    }

    #[test]
    fn an_older_revision_is_waited_for() {
        let objects = [
            git("True", "Succeeded", "r2"),
            kustomization("a", None, ready("True", "ReconciliationSucceeded", "r1")),
        ];
        assert_eq!(names(&standing(&objects).waiting), ["Kustomization/ns/a"]);
    }

    #[test]
    fn whatever_waits_for_a_failed_object_has_failed() {
        let objects = [
            git("True", "Succeeded", "r1"),
            kustomization("a", None, ready("False", "BuildFailed", "r1")),
            kustomization("b", Some("a"), ready("False", "DependencyNotReady", "")),
            kustomization("c", Some("b"), ready("False", "DependencyNotReady", "")),
        ];
        let standing = standing(&objects);
        assert!(standing.is_settled());
        assert_eq!(
            names(&standing.failed),
            ["Kustomization/ns/a", "Kustomization/ns/b", "Kustomization/ns/c"]
        );
    }

    #[test]
    fn a_dependency_on_its_way_is_waited_for_and_a_circle_is_not() {
        let waiting = |name, dependency| {
            kustomization(name, Some(dependency), ready("False", "DependencyNotReady", ""))
        };
        let objects = [
            git("True", "Succeeded", "r1"),
            kustomization("a", None, json!({})),
            waiting("b", "a"),
        ];
        assert_eq!(
            names(&standing(&objects).waiting),
            ["Kustomization/ns/a", "Kustomization/ns/b"]
        );
        let circle = [git("True", "Succeeded", "r1"), waiting("a", "b"), waiting("b", "a")];
        assert_eq!(names(&standing(&circle).failed), ["Kustomization/ns/a", "Kustomization/ns/b"]);
    }

    #[test]
    fn a_failed_source_fails_what_is_made_from_it() {
        let objects = [
            git("False", "GitOperationFailed", ""),
            kustomization("a", None, ready("False", "ArtifactFailed", "")),
        ];
        assert_eq!(
            names(&standing(&objects).failed),
            ["GitRepository/ns/repo", "Kustomization/ns/a"]
        );
    }
}
