//! Requests made of bytes: the first byte chooses where and how, the rest is the body. The fuzz
//! target and the deterministic run share it.

use bytes::Bytes;
use flux_apiserver::Server;
use http_body_util::{BodyExt, Full};

const DEPLOYMENT: &str = "/apis/apps/v1/namespaces/default/deployments/d";
const MAP: &str = "/api/v1/namespaces/default/configmaps/m";

/// Method, path and content type of the writes.
const WRITES: [(&str, &str, &str, &str); 10] = [
    ("POST", "/api/v1/namespaces/default/configmaps", "", "application/json"),
    ("POST", "/apis/apps/v1/namespaces/default/deployments", "", "application/json"),
    ("PUT", MAP, "", "application/json"),
    ("PATCH", MAP, "", "application/json-patch+json"),
    ("PATCH", MAP, "", "application/merge-patch+json"),
    ("PATCH", DEPLOYMENT, "", "application/strategic-merge-patch+json"),
    ("PATCH", DEPLOYMENT, "?fieldManager=a&force=true", "application/apply-patch+yaml"),
    ("PATCH", MAP, "?fieldManager=b", "application/apply-patch+yaml"),
    ("POST", "/api/v1/namespaces/default/services", "", "application/vnd.kubernetes.protobuf"),
    (
        "POST",
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
        "?dryRun=All",
        "application/json",
    ),
];

/// Sends what the bytes stand for and returns the code of the answer.
pub(crate) async fn send(server: &Server, input: &[u8]) -> u16 {
    let (first, body) = input.split_first().unwrap_or((&0, &[]));
    let at = usize::from(*first) % WRITES.len();
    let (method, path, query, content_type) = WRITES[at];
    let request = http::Request::builder()
        .method(method)
        .uri(format!("{path}{query}"))
        .header("content-type", content_type)
        .header("user-agent", "fuzz/1")
        .header("authorization", format!("Bearer {}", server.admin_token()))
        .body(Full::new(Bytes::copy_from_slice(body)))
        .expect("constant parts");
    let response = server.service().respond(request).await;
    let code = response.status().as_u16();
    let bytes = response.into_body().collect().await.map(|body| body.to_bytes());
    let answer: serde_json::Value =
        serde_json::from_slice(&bytes.unwrap_or_default()).expect("an answer that is no JSON");
    if code >= 400 {
        assert_eq!(answer["kind"], "Status");
        assert_eq!(answer["code"], code);
    }
    code
}
