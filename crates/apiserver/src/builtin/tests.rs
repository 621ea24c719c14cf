//! Refusals of built-in kinds: what is sent, what is wrong with it.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};

use crate::{Controllers, Options, Server};

/// Creates an object in a dry run and returns the texts of what is wrong.
async fn errors(path: &str, body: Value) -> Vec<String> {
    let options = Options { seed: Some(1), controllers: Controllers::NONE, ..Options::default() };
    let server = Server::start(options).unwrap();
    let request = http::Request::post(format!("{path}?dryRun=All"))
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {}", server.admin_token()))
        .body(Full::new(Bytes::from(body.to_string())))
        .unwrap();
    let response = server.service().respond(request).await;
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    let answer: Value = serde_json::from_slice(&bytes).unwrap();
    let causes = answer["details"]["causes"].as_array().cloned().unwrap_or_default();
    let line = |cause: &Value| {
        format!("{}: {}", cause["field"].as_str().unwrap(), cause["message"].as_str().unwrap())
    };
    causes.iter().map(line).collect()
}

fn deployment(pod: Value) -> Value {
    let mut spec = json!({"containers": [{"name": "c", "image": "i"}]});
    for (key, value) in pod.as_object().unwrap() {
        spec[key] = value.clone();
    }
    json!({"metadata": {"name": "d"}, "spec": {"selector": {"matchLabels": {"a": "b"}},
        "template": {"metadata": {"labels": {"a": "b"}}, "spec": spec}}})
}

const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/default/deployments";

#[tokio::test]
async fn placement_and_dns_of_pods_are_checked() {
    let pod = json!({
        "dnsPolicy": "None",
        "topologySpreadConstraints": [{"maxSkew": 0, "topologyKey": "",
            "whenUnsatisfiable": "Never", "labelSelector": {}}],
        "affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [
            {"weight": 101, "podAffinityTerm": {"topologyKey": "zone", "labelSelector": {}}}]}},
        "hostAliases": [{"ip": "1.2.3", "hostnames": ["A"]}],
    });
    let found = errors(DEPLOYMENTS, deployment(pod)).await;
    let fields: Vec<&str> = found.iter().map(|one| one.split(": ").next().unwrap()).collect();
    let base = "spec.template.spec";
    let spread = format!("{base}.topologySpreadConstraints[0]");
    let anti =
        format!("{base}.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution");
    assert_eq!(
        fields,
        [
            format!("{base}.dnsConfig"),
            format!("{base}.hostAliases[0].ip"),
            format!("{base}.hostAliases[0].hostnames[0]"),
            format!("{anti}[0].weight"),
            format!("{spread}.maxSkew"),
            format!("{spread}.topologyKey"),
            format!("{spread}.whenUnsatisfiable"),
        ]
    );
}

#[tokio::test]
async fn volumes_that_are_wrong_are_not_found_by_mounts() {
    let pod = json!({
        "containers": [{"name": "c", "image": "i", "volumeMounts": [
            {"name": "v", "mountPath": "/v", "subPath": "../x"}]}],
        "volumes": [{"name": "v", "nfs": {"server": "", "path": "x"}}],
    });
    assert_eq!(
        errors(DEPLOYMENTS, deployment(pod)).await,
        [
            "spec.template.spec.volumes[0].nfs.server: Required value",
            "spec.template.spec.volumes[0].nfs.path: Invalid value: \"x\": must be an absolute path",
            "spec.template.spec.containers[0].volumeMounts[0].name: Not found: \"v\"",
            "spec.template.spec.containers[0].volumeMounts[0].subPath: Invalid value: \"../x\": \
             must not contain '..'",
        ]
    );
}

#[tokio::test]
async fn claims_of_a_stateful_set_are_volumes() {
    let mut set = deployment(json!({"containers": [{"name": "c", "image": "i",
        "volumeMounts": [{"name": "data", "mountPath": "/data"}]}]}));
    set["spec"]["volumeClaimTemplates"] = json!([{"metadata": {"name": "data"}, "spec": {
        "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}]);
    let path = "/apis/apps/v1/namespaces/default/statefulsets";
    assert_eq!(errors(path, set).await, Vec::<String>::new());
}

#[tokio::test]
async fn autoscalers_need_what_their_metrics_name() {
    let autoscaler = json!({"metadata": {"name": "h"}, "spec": {"maxReplicas": 3,
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"},
        "metrics": [{"type": "Resource"}, {"type": "Pods", "pods": {"metric": {"name": ""},
            "target": {"type": "Sum"}}}],
        "behavior": {"scaleDown": {"stabilizationWindowSeconds": 4000}}}});
    let path = "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers";
    assert_eq!(
        errors(path, autoscaler).await,
        [
            "spec.metrics[0].resource: Required value: must populate information for the given \
             metric source",
            "spec.metrics[1].pods.metric.name: Required value: must specify a metric name",
            "spec.metrics[1].pods.target.type: Invalid value: \"Sum\": must be either \
             Utilization, Value, or AverageValue",
            "spec.metrics[1].pods.target.averageValue: Required value: must specify a positive \
             target averageValue",
            "spec.behavior.scaleDown.stabilizationWindowSeconds: Invalid value: 4000: must be \
             less than or equal to 3600",
        ]
    );
}

#[tokio::test]
async fn schedules_take_their_time_zone_from_its_field() {
    let job = |schedule: &str, zone: &str| {
        json!({"metadata": {"name": "c"}, "spec": {"schedule": schedule, "timeZone": zone,
            "jobTemplate": {"spec": {"template": {"spec": {"restartPolicy": "Never",
                "containers": [{"name": "c", "image": "i"}]}}}}}})
    };
    let path = "/apis/batch/v1/namespaces/default/cronjobs";
    assert_eq!(errors(path, job("0 1 * * *", "Europe/Berlin")).await, Vec::<String>::new());
    assert_eq!(
        errors(path, job("TZ=UTC 0 1 * * *", "Nowhere")).await,
        [
            "spec.schedule: Invalid value: \"TZ=UTC 0 1 * * *\": cannot use TZ or CRON_TZ in \
             schedule, use timeZone field instead",
            "spec.timeZone: Invalid value: \"Nowhere\": unknown time zone Nowhere",
        ]
    );
}

#[tokio::test]
async fn services_and_classes_are_checked() {
    let service = json!({"metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}],
        "ipFamilyPolicy": "RequireDualStack", "externalIPs": ["127.0.0.1"],
        "loadBalancerSourceRanges": ["10.0.0.0/8"]}});
    assert_eq!(
        errors("/api/v1/namespaces/default/services", service).await,
        [
            "spec.ipFamilyPolicy: Invalid value: \"RequireDualStack\": this cluster is not \
             configured for dual-stack services",
            "spec.externalIPs[0]: Invalid value: \"127.0.0.1\": may not be in the loopback range \
             (127.0.0.0/8, ::1/128)",
            "spec.loadBalancerSourceRanges: Forbidden: may only be used when `type` is \
             'LoadBalancer'",
        ]
    );
    let class = json!({"metadata": {"name": "c"}, "spec": {"controller": "nginx"}});
    assert_eq!(
        errors("/apis/networking.k8s.io/v1/ingressclasses", class).await,
        ["spec.controller: Invalid value: \"nginx\": must be a domain-prefixed path (such as \
          \"acme.io/foo\")"]
    );
}
