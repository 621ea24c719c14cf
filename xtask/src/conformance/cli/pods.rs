//! `flux logs`: the log of a controller's pod, which an API server gets from a node.

use std::convert::Infallible;
use std::path::Path;

use anyhow::Context;
use bytes::Bytes;
use flux_cluster::{Body, Cluster, Write};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};

use super::{compare, list, object, run, start, target, text_of};

type Answer = UnsyncBoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>;

/// Runs `logs` against a pod whose log is the recorded one.
pub(super) async fn logs_case(dir: &Path, case: &Value) -> anyhow::Result<()> {
    let (server, cluster) = start().await?;
    let labels = json!({"app.kubernetes.io/part-of": "flux", "app": "source-controller"});
    let metadata =
        json!({"name": "source-controller", "namespace": "flux-system", "labels": labels});
    let pod = json!({"containers": [{"name": "manager", "image": "manager:v1"}]});
    let objects = [
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "flux-system"}}),
        json!({
            "apiVersion": "v1", "kind": "ServiceAccount",
            "metadata": {"name": "default", "namespace": "flux-system"},
        }),
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata,
            "spec": {
                "selector": {"matchLabels": {"app": "source-controller"}},
                "template": {"metadata": {"labels": labels}, "spec": pod},
            },
        }),
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": pod}),
    ];
    for it in objects {
        cluster.create(&object(it)?, &Write::by("test")).await?;
    }
    cluster.get(&target("Pod", "flux-system", "source-controller")).await?;
    let log = Bytes::from(std::fs::read(dir.join(text_of(case, "input")))?);
    let service = server.service();
    let with_log = tower::service_fn(move |request: http::Request<Body>| {
        let (service, log) = (service.clone(), log.clone());
        async move {
            if request.uri().path().ends_with("/log") {
                return Ok::<_, Infallible>(http::Response::new(boxed(Full::new(log))));
            }
            Ok(service.respond(request).await.map(boxed))
        }
    });
    let cluster = Cluster::from_service(with_log, server.admin_token());
    let (exit, said) = run(&arguments(case)?, dir, Vec::new(), cluster).await;
    let golden = std::fs::read_to_string(dir.join(text_of(case, "golden")))?;
    compare(&golden, &said.output()).with_context(|| format!("status {}: {}", exit.0, said.both()))
}

fn boxed<B>(body: B) -> Answer
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    body.map_err(Into::into).boxed_unsync()
}

/// Turns the recorded fields into flags.
fn arguments(case: &Value) -> anyhow::Result<Vec<String>> {
    let flags = case.get("flags").and_then(Value::as_object).context("flags")?;
    let mut words = vec!["logs".to_owned(), format!("--namespace={}", text_of(case, "namespace"))];
    for (name, value) in flags {
        let flag = match name.as_str() {
            "allNamespaces" => "all-namespaces",
            "logLevel" => "level",
            "fluxNamespace" => "flux-namespace",
            "sinceDuration" => "since",
            "sinceTime" => "since-time",
            other => other,
        };
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        words.push(format!("--{flag}={value}"));
    }
    debug_assert!(list(case, "unknown").is_empty());
    Ok(words)
}
