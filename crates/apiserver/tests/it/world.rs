//! A server in memory and requests to it.

use bytes::Bytes;
use flux_apiserver::{Body, Controllers, Options, Server};
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};

pub(crate) struct World {
    pub(crate) server: Server,
}

impl World {
    /// Starts a server with the namespace `a` and without controllers.
    pub(crate) async fn new() -> Self {
        let options =
            Options { seed: Some(1), controllers: Controllers::NONE, ..Options::default() };
        let world = Self { server: Server::start(options).unwrap() };
        let namespace = json!({"metadata": {"name": "a"}});
        assert_eq!(world.json("POST", "/api/v1/namespaces", namespace).await.0, 201);
        world
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        url: &str,
        content_type: &str,
        body: impl Into<Bytes>,
    ) -> http::Response<Body> {
        let request = http::Request::builder()
            .method(method)
            .uri(url)
            .header("content-type", content_type)
            .header("user-agent", "test/1")
            .header("authorization", format!("Bearer {}", self.server.admin_token()))
            .body(Full::new(body.into()))
            .unwrap();
        self.server.service().respond(request).await
    }

    pub(crate) async fn json(&self, method: &str, url: &str, body: Value) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let response = self.send(method, url, "application/json", body).await;
        let code = response.status().as_u16();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (code, serde_json::from_slice(&bytes).unwrap_or_default())
    }
}
