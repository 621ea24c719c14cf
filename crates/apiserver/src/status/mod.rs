//! Refusals as `metav1.Status`, with the exact words of the original.

mod field;
#[cfg(test)]
mod tests;

pub use field::{FieldError, FieldErrorKind, FieldErrors};

use serde_json::{Map, Value, json};

/// An answer that is no object: a failure, rarely a success, with HTTP code and reason.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    /// HTTP status code.
    pub code: u16,
    /// Machine-readable reason such as `NotFound`; empty where the original has none.
    pub reason: &'static str,
    /// The text that users see.
    pub message: String,
    /// What the message is about, printed unless `None`.
    pub details: Option<Box<Details>>,
    /// A continue token for a list that expired.
    pub continue_token: Option<String>,
    /// Texts for `Warning` headers.
    pub warnings: Vec<String>,
}

/// The `details` of a [`Status`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Details {
    /// Name of the object.
    pub name: String,
    /// Group of the kind or resource.
    pub group: String,
    /// Kind or plural resource name.
    pub kind: String,
    /// uid of the object.
    pub uid: String,
    /// Causes: field, message, reason.
    pub causes: Vec<Cause>,
    /// Seconds after which a retry makes sense; sent as header too.
    pub retry_after_seconds: Option<u32>,
}

/// One cause of a refusal.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cause {
    /// Machine-readable reason.
    pub reason: String,
    /// The text.
    pub message: String,
    /// The field in dotted notation.
    pub field: String,
}

/// A group with a plural resource name, as messages print it.
#[derive(Clone, Copy, Debug)]
pub struct GroupResource<'a> {
    /// API group, empty for the core group.
    pub group: &'a str,
    /// Plural name.
    pub resource: &'a str,
}

impl std::fmt::Display for GroupResource<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.group {
            "" => f.write_str(self.resource),
            group => write!(f, "{}.{group}", self.resource),
        }
    }
}

impl Status {
    /// Makes a failure without details.
    pub fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        let (details, continue_token, warnings) = (None, None, Vec::new());
        Self { code, reason, message: message.into(), details, continue_token, warnings }
    }

    /// Adds warnings.
    #[must_use]
    pub fn warning(mut self, warnings: Vec<String>) -> Self {
        self.warnings.extend(warnings);
        self
    }

    fn about(mut self, resource: GroupResource<'_>, name: &str) -> Self {
        self.details = Some(Box::new(Details {
            name: name.to_owned(),
            group: resource.group.to_owned(),
            kind: resource.resource.to_owned(),
            ..Details::default()
        }));
        self
    }

    /// 400 with the text as it is.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// 401 with the one text that it has.
    pub fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized")
    }

    /// 403 for an admission or authorization decision about one object.
    pub fn forbidden(resource: GroupResource<'_>, name: &str, why: &str) -> Self {
        let message = match (resource.resource, name) {
            ("", _) => format!("forbidden: {why}"),
            (_, "") => format!("{resource} is forbidden: {why}"),
            _ => format!("{resource} \"{name}\" is forbidden: {why}"),
        };
        Self::new(403, "Forbidden", message).about(resource, name)
    }

    /// 404 for one object.
    pub fn not_found(resource: GroupResource<'_>, name: &str) -> Self {
        Self::new(404, "NotFound", format!("{resource} \"{name}\" not found")).about(resource, name)
    }

    /// 404 for a path below a known group.
    pub fn no_such_resource() -> Self {
        let mut status =
            Self::new(404, "NotFound", "the server could not find the requested resource");
        status.details = Some(Box::default());
        status
    }

    /// 405 for a path that has no such method at all.
    pub fn method_not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource";
        let mut status = Self::new(405, "MethodNotAllowed", message);
        status.details = Some(Box::default());
        status
    }

    /// 405 for a verb that a resource does not have.
    pub fn method_not_supported(resource: GroupResource<'_>, verb: &str) -> Self {
        let message = format!("{verb} is not supported on resources of kind \"{resource}\"");
        Self::new(405, "MethodNotAllowed", message).about(resource, "")
    }

    /// 409 for a name that is taken.
    pub fn already_exists(resource: GroupResource<'_>, name: &str) -> Self {
        Self::new(409, "AlreadyExists", format!("{resource} \"{name}\" already exists"))
            .about(resource, name)
    }

    /// 409 for a write that lost a race or missed a precondition.
    pub fn conflict(resource: GroupResource<'_>, name: &str, why: &str) -> Self {
        let message = format!("Operation cannot be fulfilled on {resource} \"{name}\": {why}");
        Self::new(409, "Conflict", message).about(resource, name)
    }

    /// 409 for an update that was made from an old version.
    pub fn modified(resource: GroupResource<'_>, name: &str) -> Self {
        let why = "the object has been modified; please apply your changes to the latest version \
                   and try again";
        Self::conflict(resource, name, why)
    }

    /// 422 with every field that is wrong.
    pub fn invalid(group: &str, kind: &str, name: &str, errors: &FieldErrors) -> Self {
        let full = GroupResource { group, resource: kind };
        let message = match errors.to_text() {
            text if text.is_empty() => format!("{full} \"{name}\" is invalid"),
            text => format!("{full} \"{name}\" is invalid: {text}"),
        };
        let mut status = Self::new(422, "Invalid", message).about(full, name);
        if let Some(details) = &mut status.details {
            details.causes = errors.iter().map(FieldError::to_cause).collect();
        }
        status
    }

    /// 410 for a version that is no longer known.
    pub fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message)
    }

    /// 500 with the cause.
    pub fn internal(message: &str) -> Self {
        let mut status =
            Self::new(500, "InternalError", format!("Internal error occurred: {message}"));
        status.details = Some(Box::new(Details {
            causes: vec![Cause { message: message.to_owned(), ..Cause::default() }],
            ..Details::default()
        }));
        status
    }

    /// Adds a cause to the details.
    #[must_use]
    pub fn with_cause(mut self, reason: &str, field: &str, message: &str) -> Self {
        let cause = Cause {
            reason: reason.to_owned(),
            message: message.to_owned(),
            field: field.to_owned(),
        };
        self.details.get_or_insert_default().causes.push(cause);
        self
    }

    /// Returns the answer as JSON.
    pub fn to_value(&self) -> Value {
        let mut metadata = Map::new();
        if let Some(token) = &self.continue_token {
            metadata.insert("continue".into(), token.as_str().into());
        }
        let mut out = Map::new();
        out.insert("kind".into(), "Status".into());
        out.insert("apiVersion".into(), "v1".into());
        out.insert("metadata".into(), Value::Object(metadata));
        let success = self.code < 400;
        out.insert("status".into(), if success { "Success" } else { "Failure" }.into());
        if !self.message.is_empty() {
            out.insert("message".into(), self.message.as_str().into());
        }
        if !self.reason.is_empty() {
            out.insert("reason".into(), self.reason.into());
        }
        if let Some(details) = &self.details {
            out.insert("details".into(), details.to_value());
        }
        if !success {
            out.insert("code".into(), self.code.into());
        }
        Value::Object(out)
    }
}

impl Details {
    fn to_value(&self) -> Value {
        let mut out = Map::new();
        let texts = [
            ("name", &self.name),
            ("group", &self.group),
            ("kind", &self.kind),
            ("uid", &self.uid),
        ];
        for (key, text) in texts {
            if !text.is_empty() {
                out.insert(key.into(), text.as_str().into());
            }
        }
        if !self.causes.is_empty() {
            out.insert("causes".into(), self.causes.iter().map(Cause::to_value).collect());
        }
        if let Some(seconds) = self.retry_after_seconds {
            out.insert("retryAfterSeconds".into(), json!(seconds));
        }
        Value::Object(out)
    }
}

impl Cause {
    fn to_value(&self) -> Value {
        let mut out = Map::new();
        for (key, text) in
            [("reason", &self.reason), ("message", &self.message), ("field", &self.field)]
        {
            if !text.is_empty() {
                out.insert(key.into(), text.as_str().into());
            }
        }
        Value::Object(out)
    }
}
