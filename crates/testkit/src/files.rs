//! Files over HTTP: Helm repositories and the like.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use crate::http::{Answer, Running, start};

#[derive(Default)]
struct State {
    files: BTreeMap<String, (u16, Bytes)>,
    /// The `Authorization` header without which nobody gets anything.
    authorization: Option<String>,
    requests: Vec<Seen>,
}

/// A request that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Path and query.
    pub path: String,
    /// The `Authorization` header.
    pub authorization: String,
}

/// A running server, which ends with this value.
pub struct Server {
    running: Running,
    scheme: &'static str,
    state: Arc<Mutex<State>>,
}

impl Server {
    /// Starts a server without files.
    ///
    /// # Errors
    /// There is no free port.
    pub fn start(tls: Option<Arc<rustls::ServerConfig>>) -> anyhow::Result<Self> {
        let state = Arc::new(Mutex::new(State::default()));
        let scheme = if tls.is_some() { "https" } else { "http" };
        let served = Arc::clone(&state);
        let running = start(tls, move |request| {
            let mut state = served.lock().unwrap_or_else(PoisonError::into_inner);
            let authorization = request.header("authorization").to_owned();
            let path = request.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
            state.requests.push(Seen { path, authorization: authorization.clone() });
            let is_let_in =
                state.authorization.as_ref().is_none_or(|wanted| *wanted == authorization);
            let answer = match state.files.get(request.uri.path()) {
                _ if !is_let_in => Answer::text(401, "who are you?"),
                Some((status, bytes)) => {
                    Answer::bytes(*status, "application/octet-stream", bytes.clone())
                }
                None => Answer::text(404, "404 page not found"),
            };
            std::future::ready(Some(answer))
        })?;
        Ok(Self { running, scheme, state })
    }

    /// Returns the address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.running.address())
    }

    /// Serves a file.
    pub fn put(&self, path: &str, content: impl Into<Bytes>) {
        self.lock().files.insert(path.to_owned(), (200, content.into()));
    }

    /// Answers a path with a status.
    pub fn put_status(&self, path: &str, status: u16, content: impl Into<Bytes>) {
        self.lock().files.insert(path.to_owned(), (status, content.into()));
    }

    /// From now on lets in only who sends this `Authorization` header.
    pub fn set_authorization(&self, header: Option<String>) {
        self.lock().authorization = header;
    }

    /// Returns and forgets the requests so far.
    pub fn take_requests(&self) -> Vec<Seen> {
        std::mem::take(&mut self.lock().requests)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
