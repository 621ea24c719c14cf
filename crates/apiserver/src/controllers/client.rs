//! Requests of controllers to their own server, without a socket.

use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use http_body_util::BodyExt;
use serde_json::Value;

use crate::handle;
use crate::meta;
use crate::registry::ResourceInfo;
use crate::server::Core;

/// Why a request of a controller failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} ({code})")]
pub(super) struct Failure {
    /// HTTP status code.
    pub(super) code: u16,
    /// The text of the answer.
    pub(super) message: String,
}

impl Failure {
    /// Tells whether the object is gone or changed: the next event brings what is needed.
    pub(super) fn is_stale(&self) -> bool {
        matches!(self.code, 404 | 409)
    }
}

/// Makes requests in the name of a component of the cluster.
#[derive(Clone)]
pub(super) struct Client {
    core: Arc<Core>,
    /// The component, which becomes the field manager of what it writes.
    component: &'static str,
}

impl Client {
    pub(super) fn new(core: Arc<Core>, component: &'static str) -> Self {
        Self { core, component }
    }

    /// Creates an object.
    pub(super) async fn create(
        &self,
        info: &ResourceInfo,
        object: &Value,
    ) -> Result<Value, Failure> {
        let path = collection_path(info, meta::namespace(object));
        self.send(Method::POST, &path, "application/json", Some(object)).await
    }

    /// Replaces an object.
    pub(super) async fn update(
        &self,
        info: &ResourceInfo,
        object: &Value,
    ) -> Result<Value, Failure> {
        let path = object_path(info, meta::namespace(object), meta::name(object));
        self.send(Method::PUT, &path, "application/json", Some(object)).await
    }

    /// Replaces the status of an object.
    pub(super) async fn update_status(
        &self,
        info: &ResourceInfo,
        object: &Value,
    ) -> Result<Value, Failure> {
        let path = object_path(info, meta::namespace(object), meta::name(object));
        let path = format!("{path}/status");
        self.send(Method::PUT, &path, "application/json", Some(object)).await
    }

    /// Replaces an object through one of its subresources.
    pub(super) async fn update_part(
        &self,
        info: &ResourceInfo,
        object: &Value,
        subresource: &str,
    ) -> Result<Value, Failure> {
        let path = object_path(info, meta::namespace(object), meta::name(object));
        let path = format!("{path}/{subresource}");
        self.send(Method::PUT, &path, "application/json", Some(object)).await
    }

    /// Changes an object by a JSON merge patch.
    pub(super) async fn patch(
        &self,
        info: &ResourceInfo,
        object: &Value,
        patch: &Value,
    ) -> Result<Value, Failure> {
        let path = object_path(info, meta::namespace(object), meta::name(object));
        self.send(Method::PATCH, &path, "application/merge-patch+json", Some(patch)).await
    }

    /// Deletes an object, with DeleteOptions.
    pub(super) async fn delete(
        &self,
        info: &ResourceInfo,
        object: &Value,
        options: &Value,
    ) -> Result<Value, Failure> {
        let path = object_path(info, meta::namespace(object), meta::name(object));
        self.send(Method::DELETE, &path, "application/json", Some(options)).await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        body: Option<&Value>,
    ) -> Result<Value, Failure> {
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header(http::header::CONTENT_TYPE, content_type)
            .header(http::header::USER_AGENT, self.component)
            .header(http::header::AUTHORIZATION, format!("Bearer {}", self.core.admin_token()))
            .body(());
        let request = request.map_err(|error| Failure { code: 0, message: error.to_string() })?;
        let body = body.map(Value::to_string).unwrap_or_default();
        let (parts, ()) = request.into_parts();
        let response = handle::respond(self.core.clone(), parts, Bytes::from(body)).await;
        let code = response.status().as_u16();
        let Ok(collected) = response.into_body().collect().await;
        let answer: Value = serde_json::from_slice(&collected.to_bytes()).unwrap_or_default();
        match code {
            200..=299 => Ok(answer),
            code => Err(Failure { code, message: meta::text(&answer, "/message").to_owned() }),
        }
    }
}

fn collection_path(info: &ResourceInfo, namespace: &str) -> String {
    let root = match info.group.as_str() {
        "" => format!("/api/{}", info.version),
        group => format!("/apis/{group}/{}", info.version),
    };
    match namespace {
        "" => format!("{root}/{}", info.plural),
        namespace => format!("{root}/namespaces/{namespace}/{}", info.plural),
    }
}

fn object_path(info: &ResourceInfo, namespace: &str, name: &str) -> String {
    // RBAC names may hold what a path must not.
    let name = name.replace('%', "%25").replace(' ', "%20").replace('?', "%3F").replace('#', "%23");
    format!("{}/{name}", collection_path(info, namespace))
}
