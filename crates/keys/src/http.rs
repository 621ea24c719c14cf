//! Requests to key services.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::Value;
use tokio::runtime::Handle;
use zeroize::Zeroizing;

/// Longest answer.
const MOST: usize = 1 << 20;
/// Longest time that an answer takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// How key services are reached.
#[derive(Clone)]
pub struct Services {
    /// Sends requests; made when the first one is sent, unless the caller has one.
    pub client: OnceLock<reqwest::Client>,
    /// Where requests run. The caller's thread waits for them, so it must be none of the
    /// runtime's own.
    pub runtime: Handle,
    /// Returns the seconds since 1970.
    pub now: Arc<dyn Fn() -> i64 + Send + Sync>,
    /// Where services are, if not where they always are.
    pub endpoints: Endpoints,
}

/// Where services are, if not where they always are.
#[derive(Clone, Debug, Default)]
pub struct Endpoints {
    /// AWS Key Management Service.
    pub aws_kms: Option<String>,
    /// AWS Security Token Service.
    pub aws_sts: Option<String>,
    /// Google Cloud Key Management Service.
    pub gcp_kms: Option<String>,
    /// The instance metadata service of Azure.
    pub azure_metadata: Option<String>,
}

impl fmt::Debug for Services {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Services").field("endpoints", &self.endpoints).finish_non_exhaustive()
    }
}

/// What is sent.
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) url: String,
    pub(crate) headers: Vec<(&'static str, Zeroizing<String>)>,
    pub(crate) body: Zeroizing<Vec<u8>>,
}

/// What comes back.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    headers: reqwest::header::HeaderMap,
    pub(crate) body: Zeroizing<Vec<u8>>,
}

impl Request {
    pub(crate) fn new(method: Method, url: impl Into<String>) -> Self {
        Self { method, url: url.into(), headers: Vec::new(), body: Zeroizing::default() }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, Zeroizing::new(value.into())));
        self
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        let body = Zeroizing::new(body.to_string().into_bytes());
        Self { body, ..self }.header("content-type", "application/json")
    }

    /// Takes a form as body.
    pub(crate) fn form(self, fields: &[(&str, &str)]) -> Self {
        let fields: Vec<String> =
            fields.iter().map(|(k, v)| format!("{}={}", escaped(k), escaped(v))).collect();
        let body = Zeroizing::new(fields.join("&").into_bytes());
        Self { body, ..self }.header("content-type", "application/x-www-form-urlencoded")
    }
}

/// Escapes all but letters, digits and `-_.~`.
pub(crate) fn escaped(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let one =
        |byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(one).collect()
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Reads the body; null if it is no JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Services {
    /// Reaches services where they always are.
    pub fn new(runtime: Handle, now: Arc<dyn Fn() -> i64 + Send + Sync>) -> Self {
        Self { client: OnceLock::new(), runtime, now, endpoints: Endpoints::default() }
    }

    fn client(&self) -> Result<&reqwest::Client, String> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build();
        let client = client.map_err(|error| format!("cannot make an HTTP client: {error}"))?;
        Ok(self.client.get_or_init(|| client))
    }

    /// Sends a request and waits for the answer.
    ///
    /// # Errors
    /// There was none, or it was too long.
    pub(crate) fn send(&self, request: Request) -> Result<Answer, String> {
        let shown = request.url.split('?').next().unwrap_or_default().to_owned();
        let method = request.method.clone();
        let fault = |error: reqwest::Error| {
            let mut text = error.without_url().to_string();
            text.truncate(500);
            format!("{method} \"{shown}\": {text}")
        };
        let client = self.client()?;
        self.runtime.block_on(async {
            let mut sent = client.request(request.method, &request.url).timeout(PATIENCE);
            for (name, value) in &request.headers {
                sent = sent.header(*name, value.as_str());
            }
            let mut answer = sent.body(request.body.to_vec()).send().await.map_err(fault)?;
            let (status, headers) = (answer.status(), answer.headers().clone());
            let mut body = Zeroizing::new(Vec::new());
            while let Some(chunk) = answer.chunk().await.map_err(fault)? {
                if body.len() + chunk.len() > MOST {
                    return Err(format!("{method} \"{shown}\": the answer is too long"));
                }
                body.extend_from_slice(&chunk);
            }
            Ok(Answer { status, headers, body })
        })
    }

    pub(crate) fn now(&self) -> i64 {
        (self.now)()
    }
}
