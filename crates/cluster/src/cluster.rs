//! Requests to an API server.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use flux_api::{Definition, Resource};
use flux_manifest::{GroupVersionKind, Object};
use http::{HeaderValue, Method, Request, header};
use kube::client::Body;
use serde_json::Value;
use tower::{BoxError, Service};

use crate::discovery::{self, ApiResource, Cache};
use crate::watch::Watches;
use crate::{
    ConnectError, Connection, Deletion, Error, Identity, List, Patch, Result, Target, TokenAccess,
    Trust, Write, path,
};

/// A connection to an API server, cheap to clone.
///
/// All clones share discovery and watches. A clone that speaks for somebody else (see
/// [`Cluster::impersonate`]) never reads what was watched by the owner of the connection.
#[derive(Clone, Debug)]
pub struct Cluster {
    pub(crate) shared: Arc<Shared>,
    headers: Arc<http::HeaderMap>,
    identity: Option<Arc<Identity>>,
}

pub(crate) struct Shared {
    pub(crate) client: kube::Client,
    pub(crate) watches: Watches,
    discovery: Cache,
    /// By method and code; 0 where there was no answer.
    requests: Mutex<BTreeMap<(String, u16), u64>>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

/// The lines of an answer without an end.
pub struct TextLines(crate::watch::Lines);

impl TextLines {
    /// Returns the next line without its end; `None` once the answer has ended.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn next(&mut self) -> Result<Option<String>> {
        let line = self.0.next().await?;
        Ok(line.map(|line| String::from_utf8_lossy(&line).into_owned()))
    }
}

/// What a request asks for, before the headers that all requests share.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) accept: &'static str,
    pub(crate) body: Option<(&'static str, Vec<u8>)>,
}

impl Call {
    pub(crate) fn get(path: String) -> Self {
        Self { method: Method::GET, path, accept: JSON, body: None }
    }
}

pub(crate) const JSON: &str = "application/json";
const METADATA: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
pub(crate) const METADATA_LIST: &str =
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
const AGGREGATED: &str =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
/// How many objects one answer of a list holds at most.
pub(crate) const PAGE: &str = "500";

impl Cluster {
    /// Connects to a real API server. Nothing is sent before the first request.
    ///
    /// # Errors
    /// A kubeconfig that is missing or wrong.
    pub async fn connect(connection: &Connection) -> std::result::Result<Self, ConnectError> {
        Ok(Self::from_client(crate::connect::client(connection).await?, http::HeaderMap::new()))
    }

    /// Connects with the text of a kubeconfig that a user of this cluster has written: paths of
    /// files and impersonation in it are left out, and so are programs to run and switched-off
    /// checks unless the operator trusts them.
    ///
    /// # Errors
    /// A text that is no kubeconfig, or one that nothing can connect with.
    pub async fn from_kubeconfig(
        text: &str,
        trust: Trust,
    ) -> std::result::Result<Self, ConnectError> {
        let client = crate::connect::client_from_text(text, trust).await?;
        Ok(Self::from_client(client, http::HeaderMap::new()))
    }

    /// Connects to a cluster that is reached by a token.
    ///
    /// # Errors
    /// An address or an authority that is none.
    pub async fn from_token(access: &TokenAccess) -> std::result::Result<Self, ConnectError> {
        let client = crate::connect::client_with_token(access).await?;
        Ok(Self::from_client(client, http::HeaderMap::new()))
    }

    /// Talks to an API server that is a service in this process, showing `token` as bearer.
    ///
    /// Must be called inside a tokio runtime.
    pub fn from_service<S, B>(service: S, token: &str) -> Self
    where
        S: Service<Request<Body>, Response = http::Response<B>> + Send + 'static,
        S::Future: Send + 'static,
        S::Error: Into<BoxError>,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let mut headers = http::HeaderMap::new();
        if let Ok(mut value) = HeaderValue::from_str(&format!("Bearer {token}")) {
            value.set_sensitive(true);
            headers.insert(header::AUTHORIZATION, value);
        }
        Self::from_client(kube::Client::new(service, "default"), headers)
    }

    fn from_client(client: kube::Client, headers: http::HeaderMap) -> Self {
        let shared = Shared {
            client,
            watches: Watches::default(),
            discovery: Cache::default(),
            requests: Mutex::default(),
        };
        Self { shared: Arc::new(shared), headers: Arc::new(headers), identity: None }
    }

    /// Returns a connection that speaks for somebody else.
    pub fn impersonate(&self, identity: &Identity) -> Self {
        let mut headers = (*self.headers).clone();
        if let Ok(user) = HeaderValue::from_str(&identity.user) {
            headers.insert("impersonate-user", user);
        }
        for group in identity.groups.iter().filter_map(|g| HeaderValue::from_str(g).ok()) {
            headers.append("impersonate-group", group);
        }
        Self {
            shared: Arc::clone(&self.shared),
            headers: Arc::new(headers),
            identity: Some(Arc::new(identity.clone())),
        }
    }

    /// Returns whom the connection speaks for, if not its owner.
    pub fn identity(&self) -> Option<&Identity> {
        self.identity.as_deref()
    }

    /// Reads an object.
    ///
    /// # Errors
    /// Not found among others; [`Cluster::find`] makes that no error.
    pub async fn get(&self, target: &Target) -> Result<Object> {
        let path = self.path(target, "").await?;
        self.object(Call::get(path), &target.kind).await
    }

    /// Reads an object that may be missing. A kind that the server does not serve is an error.
    ///
    /// # Errors
    /// All but not found.
    pub async fn find(&self, target: &Target) -> Result<Option<Object>> {
        absent_is_none(self.get(target).await)
    }

    /// Reads the metadata of an object that may be missing.
    ///
    /// # Errors
    /// All but not found.
    pub async fn find_metadata(&self, target: &Target) -> Result<Option<Object>> {
        let call = Call { accept: METADATA, ..Call::get(self.path(target, "").await?) };
        absent_is_none(self.object(call, &target.kind).await)
    }

    /// Reads a custom resource.
    ///
    /// # Errors
    /// Not found among others, and an object that does not fit its type.
    pub async fn fetch<S: Definition>(&self, namespace: &str, name: &str) -> Result<Resource<S>> {
        let target = Target::new(Resource::<S>::gvk(), namespace, name);
        let object = self.get(&target).await?;
        Resource::from_object(&object).map_err(|e| Error::Malformed(e.to_string()))
    }

    /// Lists objects of a kind, page by page.
    ///
    /// # Errors
    /// Whatever the server answers; nothing is returned in part.
    pub async fn list(&self, kind: &GroupVersionKind, list: &List) -> Result<Vec<Object>> {
        Ok(self.list_as(kind, list, JSON).await?.0)
    }

    /// Lists the metadata of objects of a kind.
    ///
    /// # Errors
    /// Whatever the server answers; nothing is returned in part.
    pub async fn list_metadata(&self, kind: &GroupVersionKind, list: &List) -> Result<Vec<Object>> {
        Ok(self.list_as(kind, list, METADATA_LIST).await?.0)
    }

    /// Lists custom resources.
    ///
    /// # Errors
    /// Whatever the server answers, and an object that does not fit its type.
    pub async fn fetch_all<S: Definition>(&self, list: &List) -> Result<Vec<Resource<S>>> {
        let objects = self.list(&Resource::<S>::gvk(), list).await?;
        let typed = |object: &Object| {
            Resource::from_object(object).map_err(|e| Error::Malformed(e.to_string()))
        };
        objects.iter().map(typed).collect()
    }

    /// Lists objects together with the resource version that the list is of.
    pub(crate) async fn list_as(
        &self,
        kind: &GroupVersionKind,
        list: &List,
        accept: &'static str,
    ) -> Result<(Vec<Object>, String)> {
        let resource = self.resolve(kind).await?;
        let (mut objects, mut token) = (Vec::new(), String::new());
        loop {
            let namespace = list.namespace.as_deref().unwrap_or_default();
            let path = path::with_query(
                path::resource(&resource, namespace, &[]),
                &[
                    ("labelSelector", &list.labels),
                    ("fieldSelector", &list.fields),
                    ("limit", PAGE),
                    ("continue", &token),
                ],
            );
            let mut page = self.value(Call { accept, ..Call::get(path) }).await?;
            let metadata = |page: &Value, key: &str| {
                let value = page.pointer("/metadata").and_then(|m| m.get(key));
                value.and_then(Value::as_str).unwrap_or_default().to_owned()
            };
            token = metadata(&page, "continue");
            let version = metadata(&page, "resourceVersion");
            if let Some(Value::Array(items)) = page.get_mut("items").map(Value::take) {
                let wrapped = items.into_iter().map(|item| as_kind(item, kind));
                objects.append(&mut wrapped.collect::<Result<Vec<_>>>()?);
            }
            if token.is_empty() {
                return Ok((objects, version));
            }
        }
    }

    /// Makes an object.
    ///
    /// # Errors
    /// Already there among others.
    pub async fn create(&self, object: &Object, write: &Write<'_>) -> Result<Object> {
        let kind = object.gvk();
        let resource = self.resolve(&kind).await?;
        let path = path::resource(&resource, object.namespace(), &[]);
        let call = Call {
            method: Method::POST,
            path: write_query(path, write),
            accept: JSON,
            body: Some((JSON, encode(object.as_value())?)),
        };
        self.forgetting(self.object(call, &kind).await, &kind, write)
    }

    /// Replaces an object. With a resource version in it, only that version is replaced.
    ///
    /// # Errors
    /// A conflict among others.
    pub async fn update(&self, object: &Object, write: &Write<'_>) -> Result<Object> {
        let target = Target::of(object);
        let path = self.path(&target, write.subresource).await?;
        let call = Call {
            method: Method::PUT,
            path: write_query(path, write),
            accept: JSON,
            body: Some((JSON, encode(object.as_value())?)),
        };
        self.forgetting(self.object(call, &target.kind).await, &target.kind, write)
    }

    /// Changes an object.
    ///
    /// # Errors
    /// Whatever the server answers.
    pub async fn patch(&self, target: &Target, patch: &Patch, write: &Write<'_>) -> Result<Object> {
        let path = self.path(target, write.subresource).await?;
        let call = Call {
            method: Method::PATCH,
            path: write_query(path, write),
            accept: JSON,
            body: Some((patch.content_type(), encode(patch.body())?)),
        };
        self.forgetting(self.object(call, &target.kind).await, &target.kind, write)
    }

    /// Applies an object by server-side apply: it holds all that the manager wants.
    ///
    /// # Errors
    /// A conflict with another manager unless forced, among others.
    pub async fn apply(&self, object: &Object, write: &Write<'_>) -> Result<Object> {
        let target = Target::of(object);
        self.patch(&target, &Patch::Apply(object.as_value().clone()), write).await
    }

    /// Deletes an object. Dependents and finalizers may keep it for a while.
    ///
    /// # Errors
    /// Not found among others.
    pub async fn delete(&self, target: &Target, deletion: &Deletion) -> Result<()> {
        let call = Call {
            method: Method::DELETE,
            path: self.path(target, "").await?,
            accept: JSON,
            body: Some((JSON, encode(&deletion.body())?)),
        };
        self.value(call).await?;
        if target.kind.kind == "CustomResourceDefinition" {
            self.shared.discovery.forget(target.name.split_once('.').map_or("", |(_, g)| g));
        }
        Ok(())
    }

    /// Sends any request and returns the body of the answer.
    ///
    /// # Errors
    /// A code that is no success.
    pub async fn raw(&self, method: Method, path: &str, body: Option<Value>) -> Result<Bytes> {
        let body = body.as_ref().map(encode).transpose()?.map(|bytes| (JSON, bytes));
        self.bytes(Call { method, path: path.to_owned(), accept: JSON, body }).await
    }

    /// Sends a request whose answer is text without an end, such as a log, and returns its lines.
    ///
    /// # Errors
    /// A code that is no success.
    pub async fn raw_lines(&self, path: &str) -> Result<TextLines> {
        Ok(TextLines(crate::watch::Lines::new(self.stream(Call::get(path.to_owned())).await?)))
    }

    /// Returns where objects of a kind are found.
    ///
    /// A kind that is not known yet is asked for once; the answer stays until a definition of
    /// its group is written through this connection or the server no longer serves it.
    ///
    /// # Errors
    /// [`Error::NoMatch`] if the server does not serve the kind.
    pub async fn resolve(&self, kind: &GroupVersionKind) -> Result<Arc<ApiResource>> {
        let GroupVersionKind { group, version, kind: name } = kind;
        let cache = &self.shared.discovery;
        if let Some(resource) = cache.find(group, version, name) {
            return Ok(resource);
        }
        let no_match = || Error::NoMatch { kind: name.clone(), api_version: kind.api_version() };
        if group.contains('/') || version.contains('/') || version.is_empty() {
            return Err(no_match());
        }
        match self.value(Call::get(path::group_version(group, version))).await {
            Ok(list) => {
                cache.learn(group, version, discovery::from_resource_list(group, version, &list));
            }
            Err(error) if error.is_not_found() => return Err(no_match()),
            Err(error) => return Err(error),
        }
        cache.find(group, version, name).ok_or_else(no_match)
    }

    /// Returns every kind that the server serves, preferred versions first.
    ///
    /// # Errors
    /// Whatever the server answers.
    pub async fn api_resources(&self) -> Result<Vec<ApiResource>> {
        let mut kinds = Vec::new();
        for root in ["/api", "/apis"] {
            let call = Call { accept: AGGREGATED, ..Call::get(root.to_owned()) };
            let answer = self.value(call).await?;
            if answer.get("kind").and_then(Value::as_str) == Some("APIGroupDiscoveryList") {
                kinds.append(&mut discovery::from_aggregated(&answer));
                continue;
            }
            for (group, version) in group_versions(&answer) {
                let list = self.value(Call::get(path::group_version(&group, &version))).await?;
                kinds.append(&mut discovery::from_resource_list(&group, &version, &list));
            }
        }
        Ok(kinds)
    }

    pub(crate) async fn path(&self, target: &Target, part: &str) -> Result<String> {
        if target.name.is_empty() {
            return Err(Error::Malformed("resource name may not be empty".to_owned()));
        }
        let resource = self.resolve(&target.kind).await?;
        Ok(path::resource(&resource, &target.namespace, &[&target.name, part]))
    }

    /// Forgets what was known of a group when one of its definitions was written.
    fn forgetting(
        &self,
        result: Result<Object>,
        kind: &GroupVersionKind,
        write: &Write<'_>,
    ) -> Result<Object> {
        if let (Ok(object), "CustomResourceDefinition", false) =
            (&result, kind.kind.as_str(), write.dry_run)
        {
            let group = object.pointer("/spec/group").and_then(Value::as_str);
            self.shared.discovery.forget(group.unwrap_or_default());
        }
        result
    }

    async fn object(&self, call: Call, kind: &GroupVersionKind) -> Result<Object> {
        let result = self.value(call).await;
        if let Err(error) = &result
            && error.status().is_some_and(|s| s.message == "404 page not found")
        {
            self.shared.discovery.forget(&kind.group);
        }
        as_kind(result?, kind)
    }

    async fn value(&self, call: Call) -> Result<Value> {
        let bytes = self.bytes(call).await?;
        serde_json::from_slice(&bytes).map_err(|e| Error::Malformed(e.to_string()))
    }

    async fn bytes(&self, call: Call) -> Result<Bytes> {
        let request = self.request(call)?;
        let response = self.send(request.map(Body::from)).await?;
        let code = response.status();
        let bytes = response.into_body().collect_bytes().await?;
        if code.is_success() { Ok(bytes) } else { Err(Error::from_answer(code.as_u16(), &bytes)) }
    }

    async fn send(&self, request: Request<Body>) -> Result<http::Response<Body>> {
        let method = request.method().to_string();
        let answer = self.shared.client.send(request).await;
        let code = answer.as_ref().map_or(0, |answer| answer.status().as_u16());
        let mut requests = self.shared.requests.lock().unwrap_or_else(PoisonError::into_inner);
        *requests.entry((method, code)).or_default() += 1;
        Ok(answer?)
    }

    /// Returns how many requests there were through this connection, by method and code of the
    /// answer; 0 where there was none.
    pub fn requests(&self) -> BTreeMap<(String, u16), u64> {
        self.shared.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sends a request whose answer has no end.
    pub(crate) async fn stream(&self, call: Call) -> Result<Body> {
        let mut request = self.request(call)?.map(Body::from);
        // Some servers compress each event by itself, which decoders take for the whole.
        let identity = HeaderValue::from_static("identity");
        request.headers_mut().insert(header::ACCEPT_ENCODING, identity);
        let response = self.send(request).await?;
        let code = response.status();
        if code.is_success() {
            return Ok(response.into_body());
        }
        let bytes = response.into_body().collect_bytes().await?;
        Err(Error::from_answer(code.as_u16(), &bytes))
    }

    fn request(&self, call: Call) -> Result<Request<Vec<u8>>> {
        let Call { method, path, accept, body } = call;
        let mut request = Request::builder().method(method).uri(path);
        if let Some(headers) = request.headers_mut() {
            headers.extend((*self.headers).clone());
            headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
        }
        let (request, body) = match body {
            Some((content_type, body)) => {
                (request.header(header::CONTENT_TYPE, content_type), body)
            }
            None => (request, Vec::new()),
        };
        request.body(body).map_err(|e| Error::Malformed(e.to_string()))
    }
}

fn write_query(path: String, write: &Write<'_>) -> String {
    let Write { manager, dry_run, force, subresource: _, field_validation } = write;
    path::with_query(
        path,
        &[
            ("dryRun", if *dry_run { "All" } else { "" }),
            ("fieldManager", manager),
            ("fieldValidation", field_validation),
            ("force", if *force { "true" } else { "" }),
        ],
    )
}

fn encode(value: &Value) -> Result<Vec<u8>> {
    serde_json::to_vec(value).map_err(|e| Error::Malformed(e.to_string()))
}

fn absent_is_none(result: Result<Object>) -> Result<Option<Object>> {
    match result {
        Ok(object) => Ok(Some(object)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Wraps a value, writing the kind into it: items of lists lack it, metadata has another one.
pub(crate) fn as_kind(mut value: Value, kind: &GroupVersionKind) -> Result<Object> {
    if let Some(map) = value.as_object_mut() {
        map.insert("apiVersion".to_owned(), kind.api_version().into());
        map.insert("kind".to_owned(), kind.kind.clone().into());
    }
    Object::try_from(value).map_err(|e| Error::Malformed(e.to_string()))
}

/// Reads `APIVersions` or `APIGroupList`.
fn group_versions(answer: &Value) -> Vec<(String, String)> {
    let list = |key: &str| answer.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let core = list("versions");
    let core = core.iter().filter_map(Value::as_str).map(|v| (String::new(), v.to_owned()));
    let groups = list("groups");
    let split = |v: &Value| {
        let (group, version) = v.get("groupVersion")?.as_str()?.split_once('/')?;
        Some((group.to_owned(), version.to_owned()))
    };
    let named = groups.iter().flat_map(|group| {
        let versions = group.get("versions").and_then(Value::as_array);
        versions.map(Vec::as_slice).unwrap_or_default().iter().filter_map(split)
    });
    core.chain(named).collect()
}
