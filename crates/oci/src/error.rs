//! What can go wrong.

use std::error::Error as _;
use std::fmt;

use serde::Deserialize;
use serde_json::Value;

use crate::KeychainError;

/// One of the things that a registry says is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Problem {
    /// Such as `MANIFEST_UNKNOWN`.
    #[serde(default)]
    pub code: String,
    /// For a person.
    #[serde(default)]
    pub message: String,
    /// More of it.
    #[serde(default)]
    pub detail: Value,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.code.as_str(), self.message.as_str()) {
            ("", message) => f.write_str(message)?,
            (code, "") => f.write_str(code)?,
            (code, message) => write!(f, "{code}: {message}")?,
        }
        match &self.detail {
            Value::Null => Ok(()),
            Value::String(text) if text.is_empty() => Ok(()),
            Value::String(text) => write!(f, "; {text}"),
            other => write!(f, "; {other}"),
        }
    }
}

/// Why a registry did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It answered, but not with what was asked for.
    #[error("{method} {url}: {}", reason(*status, problems, body))]
    Refused {
        /// How it was asked.
        method: &'static str,
        /// What was asked for, without queries that hold secrets.
        url: String,
        /// The HTTP status.
        status: u16,
        /// What it says is wrong.
        problems: Vec<Problem>,
        /// The beginning of the answer, if it does not list problems.
        body: String,
    },
    /// It did not answer.
    #[error("{text}")]
    Connection {
        /// As Go words it.
        text: String,
    },
    /// Its answer is not what its digest says.
    #[error("{what} digest: {got:?} does not match requested digest: {wanted:?} for {name:?}")]
    Digest {
        /// `manifest` or `blob`.
        what: &'static str,
        /// What was asked for.
        name: String,
        /// The digest that was asked for.
        wanted: String,
        /// The digest of what came.
        got: String,
    },
    /// It is larger than it may be or says.
    #[error("{what} is larger than {limit} bytes")]
    TooLarge {
        /// What is.
        what: String,
        /// How much would have been accepted.
        limit: u64,
    },
    /// It is something else than it says.
    #[error("{what}: {why}")]
    Malformed {
        /// What is.
        what: String,
        /// Why.
        why: String,
    },
    /// There are no credentials.
    #[error(transparent)]
    Credentials(#[from] KeychainError),
    /// Certificates or proxy cannot be used.
    #[error("{0}")]
    Setup(String),
    /// What comes cannot be written.
    #[error("cannot keep what was pulled: {0}")]
    Sink(#[source] std::io::Error),
}

impl Error {
    /// Returns the HTTP status, if it answered.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Reports whether what was asked for is not there.
    pub fn is_not_found(&self) -> bool {
        self.status() == Some(404)
    }

    /// Reports whether the answer is about who asks.
    pub fn is_unauthorized(&self) -> bool {
        matches!(self.status(), Some(401 | 403)) || matches!(self, Self::Credentials(_))
    }
}

fn reason(status: u16, problems: &[Problem], body: &str) -> String {
    if !problems.is_empty() {
        let texts: Vec<_> = problems.iter().map(Problem::to_string).collect();
        return match texts.as_slice() {
            [text] => text.clone(),
            texts => format!("multiple errors returned: {}", texts.join("; ")),
        };
    }
    let name = reqwest::StatusCode::from_u16(status).ok();
    let name = name.and_then(|status| status.canonical_reason()).unwrap_or_default();
    let head = format!("unexpected status code {status} {name}");
    if body.is_empty() { head } else { format!("{head}: {body}") }
}

/// Words a connection that failed as Go does.
pub(crate) fn connection(method: &str, url: &reqwest::Url, error: &reqwest::Error) -> Error {
    let mut name = method.to_lowercase();
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    Error::Connection { text: format!("{name} \"{url}\": {}", cause(url, error)) }
}

fn cause(url: &reqwest::Url, error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "context deadline exceeded".to_owned();
    }
    let mut source = error.source();
    let mut text = error.to_string();
    while let Some(inner) = source {
        if let Some(io) = inner.downcast_ref::<std::io::Error>()
            && io.kind() == std::io::ErrorKind::ConnectionRefused
        {
            let address = url.host_str().unwrap_or_default();
            let port = url.port_or_known_default().unwrap_or_default();
            return format!("dial tcp {address}:{port}: connect: connection refused");
        }
        text = inner.to_string();
        source = inner.source();
    }
    text
}
