use serde_json::{Value, json};

use super::round_trip;

fn check(definition: &'static str, value: Value, want: Value) {
    assert_eq!(round_trip(definition, &value), Ok(want));
}

#[test]
fn structs_are_written_and_unknown_fields_go() {
    check(
        "io.k8s.api.core.v1.Container",
        json!({"name": "a", "imagine": 1, "command": []}),
        json!({"name": "a", "resources": {}}),
    );
}

#[test]
fn quantities_times_and_bytes_take_their_canonical_form() {
    check(
        "io.k8s.api.core.v1.ResourceRequirements",
        json!({"limits": {"cpu": 0.5, "memory": "1024Mi"}}),
        json!({"limits": {"cpu": "500m", "memory": "1Gi"}}),
    );
    let secret = round_trip("io.k8s.api.core.v1.Secret", &json!({"data": {"a": "eA==\n"}}));
    assert_eq!(secret.unwrap()["data"], json!({"a": "eA=="}));
}

#[test]
fn pointers_keep_their_zeros() {
    let spec = json!({"replicas": 0, "minReadySeconds": 0});
    let got = round_trip("io.k8s.api.apps.v1.DeploymentSpec", &spec).unwrap();
    assert_eq!((&got["replicas"], got.get("minReadySeconds")), (&json!(0), None));
    assert_eq!(got["selector"], Value::Null);
}

#[test]
fn a_value_of_another_type_is_refused() {
    assert!(round_trip("io.k8s.api.apps.v1.DeploymentSpec", &json!({"replicas": "3"})).is_err());
    assert!(round_trip("io.k8s.api.core.v1.Container", &json!({"ports": {}})).is_err());
    assert!(round_trip("io.k8s.api.core.v1.ConfigMap", &json!({"data": {"a": 1}})).is_err());
}
