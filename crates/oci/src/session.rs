//! Requests that are let in, and repeated when that may help.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use reqwest::{Method, Response, StatusCode, Url};
use serde::Deserialize;

use crate::auth::Challenge;
use crate::client::Client;
use crate::error::{Problem, connection};
use crate::{Credentials, Error, Repository};

/// So much of an answer that tells of a failure is read.
const MAX_FAILURE: u64 = 64 * 1024;

/// An answer with a token is no longer than this.
const MAX_TOKEN: u64 = 1024 * 1024;

/// Nobody waits longer than this because a registry says so.
const MAX_PAUSE: Duration = Duration::from_secs(30);

/// What is remembered of registries.
#[derive(Default)]
pub(crate) struct Sessions {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Which scheme a registry speaks.
    schemes: HashMap<String, &'static str>,
    /// What proves who asks, by repository and access.
    proofs: HashMap<(String, Access), HeaderValue>,
}

impl Sessions {
    fn proof(&self, key: &(String, Access)) -> Option<HeaderValue> {
        self.lock().proofs.get(key).cloned()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is wanted of a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Access {
    Pull,
    Push,
}

impl Access {
    fn scope(self, repository: &Repository) -> String {
        let actions = match self {
            Self::Pull => "pull",
            Self::Push => "push,pull",
        };
        format!("repository:{}:{actions}", repository.path())
    }
}

/// One request to a registry.
#[derive(Clone)]
pub(crate) struct Ask<'a> {
    pub(crate) method: Method,
    pub(crate) repository: &'a Repository,
    pub(crate) access: Access,
    /// Path and query behind the name of the registry, or a whole address that it gave.
    pub(crate) target: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Bytes,
}

impl<'a> Ask<'a> {
    pub(crate) fn new(method: Method, repository: &'a Repository, target: String) -> Self {
        let is_read = method == Method::GET || method == Method::HEAD;
        let access = if is_read { Access::Pull } else { Access::Push };
        Self { method, repository, access, target, headers: Vec::new(), body: Bytes::new() }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn body(mut self, body: Bytes) -> Self {
        self.body = body;
        self
    }

    /// Whether the same request twice does the same as once.
    fn is_repeatable(&self) -> bool {
        // A POST here only begins an upload.
        self.method != Method::PATCH
    }

    /// Whether a request that was answered so can be sent again as it is.
    fn may_repeat(&self, status: StatusCode) -> bool {
        self.is_repeatable() || status == StatusCode::TOO_MANY_REQUESTS
    }

    fn name(&self) -> &'static str {
        match self.method {
            Method::GET => "GET",
            Method::HEAD => "HEAD",
            Method::PUT => "PUT",
            Method::POST => "POST",
            Method::PATCH => "PATCH",
            _ => "DELETE",
        }
    }
}

impl Client {
    /// Sends a request until there is an answer that says something; a failure is an error.
    pub(crate) async fn ask(&self, ask: Ask<'_>) -> Result<Response, Error> {
        let mut attempt = 0;
        loop {
            let result = self.ask_once(&ask).await;
            let pause = match &result {
                Ok(response)
                    if is_transient(response.status()) && ask.may_repeat(response.status()) =>
                {
                    Some(self.pause(attempt, response.headers()))
                }
                // What was not heard, or not answered, may have been done.
                Err(Error::Connection { .. }) if ask.is_repeatable() => {
                    Some(self.pause(attempt, &HeaderMap::new()))
                }
                _ => None,
            };
            attempt += 1;
            match (result, pause) {
                (result, Some(pause)) if attempt < self.options.patience.attempts => {
                    drop(result);
                    tokio::time::sleep(pause).await;
                }
                (Ok(response), _) if response.status().is_success() => return Ok(response),
                (Ok(response), _) => return Err(refused(ask.name(), response).await),
                (Err(error), _) => return Err(error),
            }
        }
    }

    fn pause(&self, attempt: u32, headers: &HeaderMap) -> Duration {
        let asked = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let asked = asked.and_then(|text| text.trim().parse().ok()).map(Duration::from_secs);
        let usual = self.options.patience.first * 3_u32.saturating_pow(attempt);
        asked.unwrap_or(usual).min(MAX_PAUSE)
    }

    /// Sends a request, and once more with a new proof if the registry wants one.
    async fn ask_once(&self, ask: &Ask<'_>) -> Result<Response, Error> {
        let key = (ask.repository.to_string(), ask.access);
        let response = self.send(ask, self.sessions.proof(&key)).await?;
        if response.status() != StatusCode::UNAUTHORIZED {
            return Ok(response);
        }
        let headers = response.headers().get_all(WWW_AUTHENTICATE);
        let challenge = Challenge::parse(headers.iter().filter_map(|value| value.to_str().ok()));
        let Some(challenge) = challenge else { return Ok(response) };
        let Some(proof) = self.prove(ask, challenge, response.url().scheme()).await? else {
            return Ok(response);
        };
        self.sessions.lock().proofs.insert(key, proof.clone());
        self.send(ask, Some(proof)).await
    }

    async fn send(&self, ask: &Ask<'_>, proof: Option<HeaderValue>) -> Result<Response, Error> {
        let host = ask.repository.registry().host();
        let known = self.sessions.lock().schemes.get(host).copied();
        let schemes: &[&'static str] = match known {
            Some("http") => &["http"],
            Some(_) => &["https"],
            None if ask.repository.registry().may_be_plain() => &["https", "http"],
            None => &["https"],
        };
        let mut failures = Vec::new();
        for scheme in schemes {
            let url = target(scheme, host, &ask.target)?;
            // What the registry sends elsewhere goes there without its proof.
            let is_home = url.scheme() == *scheme && authority(&url) == host_of(scheme, host);
            let mut request = self.http.request(ask.method.clone(), url.clone());
            for (name, value) in &ask.headers {
                request = request.header(*name, value);
            }
            if let (true, Some(proof)) = (is_home, &proof) {
                request = request.header(AUTHORIZATION, proof.clone());
            }
            if !ask.body.is_empty() || matches!(ask.method, Method::POST | Method::PUT) {
                request = request.body(ask.body.clone());
            }
            match request.send().await {
                Ok(response) => {
                    self.sessions.lock().schemes.insert(host.to_owned(), scheme);
                    return Ok(response);
                }
                Err(error) => failures.push(connection(ask.name(), &url, &error)),
            }
        }
        let texts: Vec<_> = failures.iter().map(Error::to_string).collect();
        Err(Error::Connection { text: texts.join("; ") })
    }

    /// Returns what proves who asks; `None` if nobody can.
    async fn prove(
        &self,
        ask: &Ask<'_>,
        challenge: Challenge,
        scheme: &str,
    ) -> Result<Option<HeaderValue>, Error> {
        let credentials = self.options.keychain.resolve(ask.repository).await?;
        let text = match (challenge, credentials) {
            (_, Credentials::Bearer(token)) => format!("Bearer {token}"),
            (Challenge::Basic, Credentials::Basic { username, password }) => {
                basic(&username, &password)
            }
            (Challenge::Basic, Credentials::Anonymous | Credentials::Identity(_)) => {
                return Ok(None);
            }
            (Challenge::Bearer { realm, service, scope }, credentials) => {
                let usual = ask.access.scope(ask.repository);
                let mut scopes = vec![usual.clone()];
                scopes.extend(scope.filter(|scope| *scope != usual));
                let wanted = Wanted { realm, service, scopes, scheme: scheme.to_owned() };
                format!("Bearer {}", self.token(wanted, credentials).await?)
            }
        };
        let mut value = HeaderValue::from_str(&text)
            .map_err(|_| Error::Setup("credentials are no valid header".to_owned()))?;
        value.set_sensitive(true);
        Ok(Some(value))
    }

    /// Gets a token for some scopes.
    async fn token(&self, wanted: Wanted, credentials: Credentials) -> Result<String, Error> {
        let realm = wanted.realm()?;
        let request = match &credentials {
            Credentials::Identity(token) => {
                let mut form = vec![
                    ("grant_type", "refresh_token".to_owned()),
                    ("refresh_token", token.clone()),
                    ("client_id", self.options.user_agent.clone()),
                    ("scope", wanted.scopes.join(" ")),
                ];
                form.extend(wanted.service.map(|service| ("service", service)));
                self.http.post(realm.clone()).form(&form)
            }
            credentials => {
                let mut query: Vec<_> =
                    wanted.scopes.iter().map(|scope| ("scope", scope.clone())).collect();
                query.extend(wanted.service.map(|service| ("service", service)));
                let request = self.http.get(realm.clone()).query(&query);
                match credentials {
                    Credentials::Basic { username, password } => {
                        request.header(AUTHORIZATION, basic(username, password))
                    }
                    _ => request,
                }
            }
        };
        let is_post = matches!(credentials, Credentials::Identity(_));
        let method = if is_post { "POST" } else { "GET" };
        let response = request.send().await.map_err(|error| connection(method, &realm, &error))?;
        if !response.status().is_success() {
            return Err(refused(method, response).await);
        }
        let bytes = read(response, MAX_TOKEN, "token").await?;
        let malformed = |why: String| Error::Malformed { what: "token".to_owned(), why };
        let answer: Answer =
            serde_json::from_slice(&bytes).map_err(|error| malformed(error.to_string()))?;
        let token = [answer.token, answer.access_token].into_iter().flatten();
        let mut token = token.filter(|token| !token.is_empty());
        token.next().ok_or_else(|| malformed("no token in bearer response".to_owned()))
    }
}

/// Which token a registry wants to see.
struct Wanted {
    realm: String,
    service: Option<String>,
    scopes: Vec<String>,
    /// How the registry is spoken to.
    scheme: String,
}

impl Wanted {
    /// Returns where tokens are given. Passwords do not go over a weaker line than the registry's.
    fn realm(&self) -> Result<Url, Error> {
        let malformed = |why: &str| Error::Malformed {
            what: format!("token realm {:?}", self.realm),
            why: why.to_owned(),
        };
        let realm = Url::parse(&self.realm).map_err(|_| malformed("is no address"))?;
        let is_allowed =
            realm.scheme() == "https" || (realm.scheme() == "http" && self.scheme == "http");
        if is_allowed { Ok(realm) } else { Err(malformed("is not encrypted")) }
    }
}

#[derive(Deserialize)]
struct Answer {
    token: Option<String>,
    access_token: Option<String>,
}

fn basic(username: &str, password: &str) -> String {
    use base64::Engine as _;
    let pair = base64::engine::general_purpose::STANDARD.encode(format!("{username}:{password}"));
    format!("Basic {pair}")
}

fn is_transient(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504)
}

/// Docker Hub's registry has another name than its images.
fn host_of(scheme: &str, host: &str) -> String {
    let host = if host == "index.docker.io" { "registry-1.docker.io" } else { host };
    // As addresses are shown: without the usual port.
    let usual = if scheme == "http" { ":80" } else { ":443" };
    host.strip_suffix(usual).unwrap_or(host).to_lowercase()
}

fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Returns a whole address for what may be a path or an address already.
fn target(scheme: &str, host: &str, target: &str) -> Result<Url, Error> {
    let malformed = |why: &dyn std::fmt::Display| Error::Malformed {
        what: format!("address {target:?}"),
        why: why.to_string(),
    };
    let base = format!("{scheme}://{}/", host_of(scheme, host));
    let base = Url::parse(&base).map_err(|error| malformed(&error))?;
    base.join(target).map_err(|error| malformed(&error))
}

/// Reads an answer that is no longer than allowed.
pub(crate) async fn read(mut response: Response, limit: u64, what: &str) -> Result<Bytes, Error> {
    let url = response.url().clone();
    let mut bytes = Vec::new();
    while let Some(chunk) =
        response.chunk().await.map_err(|error| connection("GET", &url, &error))?
    {
        bytes.extend_from_slice(&chunk);
        if bytes.len() as u64 > limit {
            return Err(Error::TooLarge { what: what.to_owned(), limit });
        }
    }
    Ok(bytes.into())
}

#[derive(Deserialize)]
struct Problems {
    #[serde(default)]
    errors: Vec<Problem>,
}

/// Turns an answer that is no success into an error.
pub(crate) async fn refused(method: &'static str, response: Response) -> Error {
    let status = response.status().as_u16();
    let mut url = response.url().clone();
    // Addresses of storage carry signatures.
    if url.query().is_some_and(|query| query.to_lowercase().contains("sig")) {
        url.set_query(None);
    }
    let body = read(response, MAX_FAILURE, "answer").await.unwrap_or_default();
    let problems = serde_json::from_slice::<Problems>(&body).map(|it| it.errors);
    let problems = problems.unwrap_or_default();
    let body = if problems.is_empty() {
        String::from_utf8_lossy(&body).into_owned()
    } else {
        String::new()
    };
    let mut body = body.trim().to_owned();
    if body.len() > 512 {
        let end = (0..=512).rev().find(|end| body.is_char_boundary(*end)).unwrap_or_default();
        body.truncate(end);
    }
    Error::Refused { method, url: url.to_string(), status, problems, body }
}
