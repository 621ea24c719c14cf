use serde_json::json;

use super::*;

const DEPLOYMENT: &str = "io.k8s.api.apps.v1.Deployment";
const SERVICE: &str = "io.k8s.api.core.v1.Service";

fn read(definition: &'static str, body: &str) -> Result<Decoded, String> {
    decode(definition, &crate::document::parse(body.as_bytes()).unwrap())
}

#[test]
fn empty_values_go_and_zero_values_come_as_go_writes_them() {
    let body = r#"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d","labels":{},
        "creationTimestamp":null},"spec":{"replicas":0,"minReadySeconds":0,"paused":false,
        "template":{"spec":{"containers":[{"name":"c","env":[{"name":"E","value":""}],
        "resources":{"requests":{"cpu":1,"memory":"1024Mi"}}}]}}}}"#;
    let decoded = read(DEPLOYMENT, body).unwrap();
    assert_eq!(
        decoded.object,
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": {
            "replicas": 0, "selector": null, "strategy": {}, "template": {"metadata": {}, "spec": {
                "containers": [{"name": "c", "env": [{"name": "E"}],
                    "resources": {"requests": {"cpu": "1", "memory": "1Gi"}}}]}}},
            "status": {}})
    );
    assert_eq!(decoded.strict_errors, Vec::<String>::new());
}

#[test]
fn strict_errors_come_in_the_order_of_the_text() {
    let body = r#"{"spec":{"zz":1,"ports":[{"port":80,"foo":1,"port":81}],"aa":2},"bb":3}"#;
    let decoded = read(SERVICE, body).unwrap();
    assert_eq!(
        decoded.strict_errors,
        [
            "unknown field \"spec.zz\"",
            "unknown field \"spec.ports[0].foo\"",
            "duplicate field \"spec.ports[0].port\"",
            "unknown field \"spec.aa\"",
            "unknown field \"bb\"",
        ]
    );
    assert_eq!(decoded.object["spec"]["ports"][0], json!({"port": 81, "targetPort": 0}));
}

#[test]
fn wrong_types_name_the_struct_and_the_path() {
    let error = |definition, body| read(definition, body).unwrap_err();
    assert_eq!(
        error(SERVICE, r#"{"spec":{"ports":[{"port":"x"}]}}"#),
        "json: cannot unmarshal string into Go struct field ServicePort.spec.ports.port of type int32"
    );
    assert_eq!(
        error(DEPLOYMENT, r#"{"metadata":{"labels":{"a":1}}}"#),
        "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string"
    );
    assert_eq!(
        error(DEPLOYMENT, r#"{"spec":{"template":{"spec":{"containers":{}}}}}"#),
        "json: cannot unmarshal object into Go struct field \
         PodSpec.spec.template.spec.containers of type []v1.Container"
    );
    assert_eq!(
        error("io.k8s.api.core.v1.Secret", r#"{"data":{"a":"***"}}"#),
        "illegal base64 data at input byte 0"
    );
}
