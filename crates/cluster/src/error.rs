//! What an API server, or the way to it, can answer instead of an object.

use serde::Deserialize;

/// Why a request failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The server answered with a status.
    #[error("{}", .0.message)]
    Status(Box<Status>),
    /// The server does not serve the kind.
    #[error("no matches for kind \"{kind}\" in version \"{api_version}\"")]
    NoMatch {
        /// The kind.
        kind: String,
        /// Group and version.
        api_version: String,
    },
    /// The server could not be reached, or the connection broke.
    #[error("{0}")]
    Transport(String),
    /// The answer, or the request, is not what it should be.
    #[error("{0}")]
    Malformed(String),
}

/// A failure in the server's words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Status {
    /// The HTTP code.
    pub code: u16,
    /// The reason in one word, such as `NotFound`.
    pub reason: String,
    /// The reason for a person.
    pub message: String,
    /// What the reason is about.
    #[serde(deserialize_with = "causes", rename = "details")]
    pub causes: Vec<Cause>,
}

/// One detail of a failure.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Cause {
    /// The reason in one word, such as `FieldManagerConflict`.
    pub reason: String,
    /// The reason for a person.
    pub message: String,
    /// The field that it is about.
    pub field: String,
}

fn causes<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Cause>, D::Error> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Details {
        causes: Option<Vec<Cause>>,
    }
    let details = Option::<Details>::deserialize(deserializer)?;
    Ok(details.and_then(|details| details.causes).unwrap_or_default())
}

impl Error {
    /// Returns the server's status, if it answered with one.
    pub fn status(&self) -> Option<&Status> {
        match self {
            Self::Status(status) => Some(status),
            Self::NoMatch { .. } | Self::Transport(_) | Self::Malformed(_) => None,
        }
    }

    /// Returns the server's reason in one word; empty if there is none.
    pub fn reason(&self) -> &str {
        self.status().map_or("", |status| &status.reason)
    }

    fn is(&self, code: u16, reason: &str) -> bool {
        let of = |s: &Status| s.reason == reason || (s.reason.is_empty() && s.code == code);
        self.status().is_some_and(of)
    }

    /// Tells whether the object, or its resource, is not there.
    pub fn is_not_found(&self) -> bool {
        self.is(404, "NotFound")
    }

    /// Tells whether the object was changed by somebody else in the meantime.
    pub fn is_conflict(&self) -> bool {
        self.is(409, "Conflict")
    }

    /// Tells whether the object is there already.
    pub fn is_already_exists(&self) -> bool {
        self.is(409, "AlreadyExists")
    }

    /// Tells whether the user has no right to do this.
    pub fn is_forbidden(&self) -> bool {
        self.is(403, "Forbidden")
    }

    /// Tells whether the server does not know the user.
    pub fn is_unauthorized(&self) -> bool {
        self.is(401, "Unauthorized")
    }

    /// Tells whether the object is not valid.
    pub fn is_invalid(&self) -> bool {
        self.is(422, "Invalid")
    }

    /// Tells whether the requested version of a list is too old to watch from.
    pub fn is_expired(&self) -> bool {
        self.is(410, "Expired") || self.is(410, "Gone")
    }

    /// Tells whether the server does not serve the kind.
    pub fn is_no_match(&self) -> bool {
        matches!(self, Self::NoMatch { .. })
    }

    /// Tells whether a fight about fields with another field manager was lost.
    pub fn is_field_manager_conflict(&self) -> bool {
        let of = |cause: &Cause| cause.reason == "FieldManagerConflict";
        self.status().is_some_and(|status| status.causes.iter().any(of))
    }

    /// Tells whether the same request can work later without any change.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Transport(_) => true,
            Self::Status(status) => status.code == 429 || status.code >= 500,
            Self::NoMatch { .. } | Self::Malformed(_) => false,
        }
    }

    /// Makes the error of an answer that is no success.
    pub(crate) fn from_answer(code: u16, body: &[u8]) -> Self {
        match serde_json::from_slice::<Status>(body) {
            Ok(mut status) if !status.message.is_empty() || !status.reason.is_empty() => {
                if status.code == 0 {
                    status.code = code;
                }
                Self::Status(Box::new(status))
            }
            _ => {
                let text = String::from_utf8_lossy(body).trim().to_owned();
                let message = if text.is_empty() { format!("HTTP status {code}") } else { text };
                let reason = match code {
                    401 => "Unauthorized",
                    403 => "Forbidden",
                    404 => "NotFound",
                    410 => "Expired",
                    429 => "TooManyRequests",
                    _ => "",
                };
                let message = match code {
                    404 => "the server could not find the requested resource".to_owned(),
                    _ => message,
                };
                Self::Status(Box::new(Status {
                    code,
                    reason: reason.to_owned(),
                    message,
                    causes: Vec::new(),
                }))
            }
        }
    }
}

impl From<kube::Error> for Error {
    fn from(error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => {
                let cause = |cause: kube::core::response::StatusCause| Cause {
                    reason: cause.reason,
                    message: cause.message,
                    field: cause.field,
                };
                let causes = status.details.map(|d| d.causes).unwrap_or_default();
                Self::Status(Box::new(Status {
                    code: status.code,
                    reason: status.reason,
                    message: status.message,
                    causes: causes.into_iter().map(cause).collect(),
                }))
            }
            kube::Error::SerdeError(error) => Self::Malformed(error.to_string()),
            other => Self::Transport(chain(&other)),
        }
    }
}

/// Writes an error and what caused it, without saying anything twice.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let words = cause.to_string();
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests;
