//! Stores of objects in memory: S3, Google and Azure, as far as they are read from.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::Method;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::http::{Answer, Request, Running, pairs, start, unescape};

#[derive(Default)]
struct State {
    bucket: String,
    objects: BTreeMap<String, Bytes>,
    page: usize,
    /// What must be in the `Authorization` header.
    authorization: Option<String>,
    /// Users and passwords that get temporary credentials.
    users: BTreeMap<String, String>,
    requests: Vec<String>,
    broken: usize,
    /// Goes away as soon as it was listed.
    vanishing: Option<String>,
    is_strange: bool,
}

/// A running store of one bucket, which ends with this value.
pub struct Server {
    running: Running,
    state: Arc<Mutex<State>>,
}

impl Server {
    /// Starts a store with an empty bucket.
    ///
    /// # Errors
    /// There is no free port.
    pub fn start(bucket: &str, tls: Option<Arc<rustls::ServerConfig>>) -> anyhow::Result<Self> {
        let state = State { bucket: bucket.to_owned(), page: 1000, ..State::default() };
        let state = Arc::new(Mutex::new(state));
        let served = Arc::clone(&state);
        let running = start(tls, move |request| {
            let mut state = served.lock().unwrap_or_else(PoisonError::into_inner);
            std::future::ready(Some(state.respond(&request)))
        })?;
        Ok(Self { running, state })
    }

    /// Returns host and port.
    pub fn host(&self) -> String {
        self.running.address().to_string()
    }

    /// Stores an object.
    pub fn put(&self, key: &str, content: impl Into<Bytes>) {
        self.lock().objects.insert(key.to_owned(), content.into());
    }

    /// Removes an object.
    pub fn remove(&self, key: &str) {
        self.lock().objects.remove(key);
    }

    /// From now on removes an object as soon as it was listed.
    pub fn let_vanish(&self, key: &str) {
        self.lock().vanishing = Some(key.to_owned());
    }

    /// From now on lists so many objects on a page.
    pub fn set_page(&self, page: usize) {
        self.lock().page = page;
    }

    /// From now on lets in only who sends this in the `Authorization` header.
    pub fn set_authorization(&self, part: &str) {
        self.lock().authorization = Some(part.to_owned());
    }

    /// From now on gives temporary credentials to this user.
    pub fn add_user(&self, name: &str, password: &str) {
        self.lock().users.insert(name.to_owned(), password.to_owned());
    }

    /// Answers the next requests with 503.
    pub fn break_down(&self, times: usize) {
        self.lock().broken = times;
    }

    /// From now on says that each page is followed by itself.
    pub fn be_strange(&self) {
        self.lock().is_strange = true;
    }

    /// Returns and forgets the requests so far, such as `GET /bucket/key`.
    pub fn take_requests(&self) -> Vec<String> {
        std::mem::take(&mut self.lock().requests)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn etag(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn error(status: u16, code: &str, message: &str) -> Answer {
    let text = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
    Answer::bytes(status, "application/xml", text)
}

impl State {
    fn respond(&mut self, request: &Request) -> Answer {
        let path = request.uri.path().to_owned();
        self.requests.push(format!("{} {path}", request.method));
        if self.broken > 0 {
            self.broken -= 1;
            return error(503, "SlowDown", "Please reduce your request rate.");
        }
        if path == "/sts" {
            return self.temporary(request);
        }
        if path == "/token" || path.ends_with("/oauth2/v2.0/token") {
            return Answer::json(200, &json!({ "access_token": "the-token", "expires_in": 3600 }));
        }
        let given = request.header("authorization");
        if self.authorization.as_ref().is_some_and(|wanted| !given.contains(wanted.as_str())) {
            return error(403, "AccessDenied", "Access Denied.");
        }
        if let Some(rest) = path.strip_prefix("/storage/v1/b/") {
            return self.google(rest, request);
        }
        let mut parts = path.trim_start_matches('/').splitn(2, '/');
        let bucket = parts.next().unwrap_or_default();
        let key = unescape(&parts.next().unwrap_or_default().replace('+', "%2B"));
        if bucket != self.bucket {
            return error(404, "NoSuchBucket", "The specified bucket does not exist");
        }
        if !key.is_empty() {
            return self.object(&key);
        }
        if request.method == Method::HEAD {
            return Answer::text(200, "");
        }
        match request.parameter("location").is_some() {
            true => Answer::bytes(200, "application/xml", "<LocationConstraint/>"),
            false if request.parameter("comp").is_some() => self.azure_list(request),
            false => self.list(request),
        }
    }

    fn object(&self, key: &str) -> Answer {
        match self.objects.get(key) {
            Some(bytes) => Answer::bytes(200, "application/octet-stream", bytes.clone())
                .with("etag", format!("\"{}\"", etag(bytes))),
            None => error(404, "NoSuchKey", "The specified key does not exist."),
        }
    }

    /// Returns the keys of a page and whether there are more.
    fn page(&mut self, prefix: &str, after: &str) -> (Vec<(String, String)>, bool) {
        let mut keys: Vec<_> = self
            .objects
            .iter()
            .filter(|(key, _)| key.starts_with(prefix) && key.as_str() > after)
            .map(|(key, bytes)| (key.clone(), etag(bytes)))
            .collect();
        let is_more = keys.len() > self.page || self.is_strange;
        keys.truncate(self.page);
        if let Some(key) = self.vanishing.take() {
            self.objects.remove(&key);
        }
        (keys, is_more)
    }

    fn list(&mut self, request: &Request) -> Answer {
        let prefix = request.parameter("prefix").unwrap_or_default();
        let after = request.parameter("continuation-token").unwrap_or_default();
        let after = if self.is_strange { String::new() } else { after };
        let (keys, is_more) = self.page(&prefix, &after);
        let mut text = format!("<ListBucketResult><IsTruncated>{is_more}</IsTruncated>");
        for (key, etag) in &keys {
            let key = key.replace('%', "%25").replace('+', "%2B").replace(' ', "+");
            text += &format!(
                "<Contents><Key>{}</Key><ETag>&quot;{etag}&quot;</ETag></Contents>",
                escaped(&key)
            );
        }
        if let (Some((last, _)), true) = (keys.last(), is_more) {
            text += &format!("<NextContinuationToken>{last}</NextContinuationToken>");
        }
        Answer::bytes(200, "application/xml", text + "</ListBucketResult>")
    }

    fn azure_list(&mut self, request: &Request) -> Answer {
        let prefix = request.parameter("prefix").unwrap_or_default();
        let after = request.parameter("marker").unwrap_or_default();
        let (keys, is_more) = self.page(&prefix, &after);
        let mut text = "<EnumerationResults><Blobs>".to_owned();
        for (key, etag) in &keys {
            text += &format!(
                "<Blob><Name>{}</Name><Properties><Etag>{etag}</Etag></Properties></Blob>",
                escaped(key)
            );
        }
        let next = keys.last().filter(|_| is_more).map(|(key, _)| key.as_str());
        text += &format!("</Blobs><NextMarker>{}</NextMarker>", next.unwrap_or_default());
        Answer::bytes(200, "application/xml", text + "</EnumerationResults>")
    }

    fn google(&mut self, rest: &str, request: &Request) -> Answer {
        let (bucket, object) = rest.split_once("/o").unwrap_or((rest, ""));
        if bucket != self.bucket {
            return Answer::json(404, &json!({ "error": { "message": "no such bucket" } }));
        }
        if !rest.contains("/o") {
            return Answer::json(200, &json!({ "name": bucket }));
        }
        if let Some(key) = object.strip_prefix('/') {
            let key = unescape(key);
            let Some(bytes) = self.objects.get(&key) else {
                return Answer::json(404, &json!({ "error": { "message": "no such object" } }));
            };
            return match request.parameter("alt").as_deref() {
                Some("media") => self.object(&key),
                _ => Answer::json(
                    200,
                    &json!({ "name": key, "etag": etag(bytes), "generation": "1" }),
                ),
            };
        }
        let prefix = request.parameter("prefix").unwrap_or_default();
        let after = request.parameter("pageToken").unwrap_or_default();
        let (keys, is_more) = self.page(&prefix, &after);
        let next = keys.last().filter(|_| is_more).map(|(key, _)| key.clone());
        let items: Vec<_> =
            keys.iter().map(|(key, etag)| json!({ "name": key, "etag": etag })).collect();
        Answer::json(200, &json!({ "items": items, "nextPageToken": next }))
    }

    fn temporary(&self, request: &Request) -> Answer {
        let form = pairs(&String::from_utf8_lossy(&request.body));
        let field =
            |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let is_known = field("LDAPUsername")
            .and_then(|name| self.users.get(name))
            .is_some_and(|password| Some(password.as_str()) == field("LDAPPassword"));
        if !is_known {
            return error(400, "InvalidParameterValue", "LDAP server error");
        }
        let text = "<Credentials><AccessKeyId>temporary</AccessKeyId>\
                    <SecretAccessKey>secret</SecretAccessKey>\
                    <SessionToken>session</SessionToken></Credentials>";
        Answer::bytes(200, "application/xml", text)
    }
}
