use std::sync::Arc;

use expect_test::{Expect, expect};
use flux_api::{Artifact, Kustomization, KustomizationSpec};
use flux_cluster::Key;
use serde_json::{Value, json};

use super::{Decision, decide};
use crate::observe::{Dependency, Observed, Source};
use crate::options::{GATES, Options};
use crate::report::Outcome;

fn kustomization(changes: Value) -> Kustomization {
    let mut value = json!({
        "metadata": {"name": "app", "namespace": "ns", "finalizers": ["finalizers.fluxcd.io"],
            "generation": 2},
        "spec": {"interval": "10m", "prune": true, "sourceRef": {"kind": "GitRepository",
            "name": "repo"}},
        "status": {"inventory": {"entries": [{"id": "ns_a__ConfigMap", "v": "v1"}]}},
    });
    merge(&mut value, changes);
    serde_json::from_value(value).unwrap()
}

fn merge(into: &mut Value, changes: Value) {
    match (into, changes) {
        (Value::Object(into), Value::Object(changes)) => {
            for (key, value) in changes {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, changes) => *into = changes,
    }
}

fn artifact() -> Artifact {
    serde_json::from_value(json!({
        "digest": "sha256:1", "lastUpdateTime": "2026-01-01T00:00:00Z", "path": "p",
        "revision": "main@sha1:1", "url": "http://artifacts/p",
    }))
    .unwrap()
}

fn dependency(value: Value) -> Dependency {
    let mut object =
        json!({"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization"});
    merge(&mut object, serde_json::to_value(kustomization(value)).unwrap());
    object["metadata"]["name"] = json!("base");
    Dependency {
        reference: flux_api::DependencyReference { name: "base".into(), ..Default::default() },
        key: Key::new("ns", "base"),
        found: Ok(Arc::new(object.try_into().unwrap())),
    }
}

/// Decides on a Kustomization that is fine but for what `change` does to it.
fn check(change: impl FnOnce(&mut Observed, &mut Options), want: Expect) {
    let mut seen = Observed {
        kustomization: kustomization(json!({})),
        source: Source::Found(Some(artifact())),
        dependencies: Vec::new(),
    };
    let mut options = Options::default();
    change(&mut seen, &mut options);
    let text = match decide(&seen, &options) {
        Decision::Settle(outcome) => match outcome {
            Outcome::DependencyNotReady { message, .. } => format!("not ready: {message}"),
            other => format!("{other:?}"),
        },
        Decision::Apply(artifact) => format!("apply {}", artifact.revision),
        other => format!("{other:?}"),
    };
    want.assert_eq(&text);
}

#[test]
fn what_is_fine_is_applied() {
    check(|_, _| {}, expect!["apply main@sha1:1"]);
}

#[test]
fn the_finalizer_comes_before_all_work() {
    check(|seen, _| seen.kustomization.metadata.finalizers.clear(), expect!["AddFinalizer"]);
}

#[test]
fn a_suspended_one_does_nothing() {
    check(|seen, _| seen.kustomization.spec.suspend = true, expect!["Suspended"]);
}

fn check_deletion(spec: Value, want: Expect) {
    let deleted = json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}, "spec": spec});
    check(|seen, _| seen.kustomization = kustomization(deleted), want);
}

#[test]
fn deletion_deletes_what_prune_would() {
    let all = expect![[r#"Finalize([InventoryEntry { id: "ns_a__ConfigMap", version: "v1" }])"#]];
    check_deletion(json!({}), all);
    check_deletion(json!({"prune": false}), expect!["Finalize([])"]);
}

#[test]
fn a_deletion_policy_decides_over_prune() {
    let all =
        || expect![[r#"Finalize([InventoryEntry { id: "ns_a__ConfigMap", version: "v1" }])"#]];
    check_deletion(json!({"prune": false, "deletionPolicy": "Delete"}), all());
    check_deletion(json!({"prune": false, "deletionPolicy": "WaitForTermination"}), all());
    check_deletion(json!({"deletionPolicy": "Orphan"}), expect!["Finalize([])"]);
    check_deletion(json!({"suspend": true, "deletionPolicy": "Delete"}), expect!["Finalize([])"]);
}

#[test]
fn a_source_without_artifact_is_waited_for() {
    check(|seen, _| seen.source = Source::Found(None), expect!["ArtifactMissing"]);
}

#[test]
fn a_source_in_another_namespace_can_be_forbidden() {
    let other = || kustomization(json!({"spec": {"sourceRef": {"namespace": "other"}}}));
    check(|seen, _| seen.kustomization = other(), expect!["apply main@sha1:1"]);
    check(
        |seen, options| {
            seen.kustomization = other();
            options.no_cross_namespace_refs = true;
        },
        expect![[
            r#"AccessDenied("can't access 'GitRepository/other/repo', cross-namespace references have been blocked")"#
        ]],
    );
}

#[test]
fn an_external_artifact_needs_its_gate() {
    let external = || kustomization(json!({"spec": {"sourceRef": {"kind": "ExternalArtifact"}}}));
    check(
        |seen, _| seen.kustomization = external(),
        expect![[
            r#"AccessDenied("can't access 'ExternalArtifact/ns/repo', ExternalArtifact feature gate is disabled")"#
        ]],
    );
    check(
        |seen, options| {
            seen.kustomization = external();
            options.gates = flux_runtime::Gates::parse(GATES, "ExternalArtifact=true").unwrap();
        },
        expect!["apply main@sha1:1"],
    );
}

fn check_dependency(status: Value, want: Expect) {
    check(|seen, _| seen.dependencies = vec![dependency(json!({"status": status}))], want);
}

fn ready(revision: &str, generation: i64) -> Value {
    json!({
        "observedGeneration": generation, "lastAppliedRevision": revision,
        "conditions": [{"type": "Ready", "status": "True", "reason": "x", "message": "",
            "lastTransitionTime": "2026-01-01T00:00:00Z"}],
    })
}

#[test]
fn a_dependency_must_be_ready_for_its_generation_and_the_same_revision() {
    check_dependency(ready("main@sha1:1", 2), expect!["apply main@sha1:1"]);
    check_dependency(
        ready("main@sha1:1", 1),
        expect!["not ready: dependency 'ns/base' is not ready"],
    );
    check_dependency(
        ready("main@sha1:0", 2),
        expect!["not ready: dependency 'ns/base' revision is not up to date"],
    );
    check_dependency(json!({}), expect!["not ready: dependency 'ns/base' is not ready"]);
}

#[test]
fn a_dependency_of_another_source_may_be_at_any_revision() {
    let other = json!({"spec": {"sourceRef": {"name": "else"}}, "status": ready("x", 2)});
    check(|seen, _| seen.dependencies = vec![dependency(other)], expect!["apply main@sha1:1"]);
}

#[test]
fn a_missing_dependency_is_named() {
    check(
        |seen, _| {
            let mut missing = dependency(json!({}));
            missing.found = Err("kustomizations \"base\" not found".to_owned());
            seen.dependencies = vec![missing];
        },
        expect![[r#"not ready: dependency 'ns/base' not found: kustomizations "base" not found"#]],
    );
}

#[test]
fn decryption_by_service_account_needs_its_gate() {
    let decryption = json!({"spec": {"decryption": {"provider": "sops",
        "serviceAccountName": "a"}}});
    check(|seen, _| seen.kustomization = kustomization(decryption), expect!["GateDisabled"]);
}

#[test]
fn the_spec_type_knows_its_kind() {
    assert_eq!(<KustomizationSpec as flux_api::Definition>::PLURAL, "kustomizations");
}
