//! One wrong field and lists of them, printed as the original prints them.

use serde_json::Value;

use super::Cause;

/// What is wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldErrorKind {
    /// `Not found`
    NotFound,
    /// `Required value`
    Required,
    /// `Duplicate value`
    Duplicate,
    /// `Invalid value`
    Invalid,
    /// `Unsupported value`
    NotSupported,
    /// `Forbidden`
    Forbidden,
    /// `Too long`
    TooLong,
    /// `Too many`
    TooMany,
    /// `Internal error`
    Internal,
    /// `Invalid value` with reason `FieldValueTypeInvalid`
    TypeInvalid,
}

impl FieldErrorKind {
    fn title(self) -> &'static str {
        match self {
            Self::NotFound => "Not found",
            Self::Required => "Required value",
            Self::Duplicate => "Duplicate value",
            Self::Invalid | Self::TypeInvalid => "Invalid value",
            Self::NotSupported => "Unsupported value",
            Self::Forbidden => "Forbidden",
            Self::TooLong => "Too long",
            Self::TooMany => "Too many",
            Self::Internal => "Internal error",
        }
    }

    fn reason(self) -> &'static str {
        match self {
            Self::NotFound => "FieldValueNotFound",
            Self::Required => "FieldValueRequired",
            Self::Duplicate => "FieldValueDuplicate",
            Self::Invalid => "FieldValueInvalid",
            Self::NotSupported => "FieldValueNotSupported",
            Self::Forbidden => "FieldValueForbidden",
            Self::TooLong => "FieldValueTooLong",
            Self::TooMany => "FieldValueTooMany",
            Self::Internal => "InternalError",
            Self::TypeInvalid => "FieldValueTypeInvalid",
        }
    }
}

/// One wrong field.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldError {
    /// What is wrong.
    pub kind: FieldErrorKind,
    /// Path such as `spec.ports[0].name`; `<nil>` for the root.
    pub field: String,
    /// The offending value as it is printed; `None` leaves it out of the text.
    pub value: Option<String>,
    /// What would be right.
    pub detail: String,
}

impl FieldError {
    /// An invalid value with the reason.
    pub fn invalid(field: impl Into<String>, value: impl Into<Value>, detail: &str) -> Self {
        Self::new(FieldErrorKind::Invalid, field, Some(value.into()), detail)
    }

    /// A missing value.
    pub fn required(field: impl Into<String>, detail: &str) -> Self {
        Self::new(FieldErrorKind::Required, field, None, detail)
    }

    /// A value that occurs twice.
    pub fn duplicate(field: impl Into<String>, value: impl Into<Value>) -> Self {
        Self::new(FieldErrorKind::Duplicate, field, Some(value.into()), "")
    }

    /// A value that may not be set.
    pub fn forbidden(field: impl Into<String>, detail: &str) -> Self {
        Self::new(FieldErrorKind::Forbidden, field, None, detail)
    }

    /// A value that names something that is not there.
    pub fn not_found(field: impl Into<String>, value: impl Into<Value>) -> Self {
        Self::new(FieldErrorKind::NotFound, field, Some(value.into()), "")
    }

    /// A value that is none of the allowed ones, which are printed in the given order.
    pub fn not_supported(
        field: impl Into<String>,
        value: impl Into<Value>,
        supported: &[&str],
    ) -> Self {
        let list: Vec<String> = supported.iter().map(|one| Value::from(*one).to_string()).collect();
        let detail = match list.is_empty() {
            true => String::new(),
            false => format!("supported values: {}", list.join(", ")),
        };
        Self::new(FieldErrorKind::NotSupported, field, Some(value.into()), &detail)
    }

    /// A text or list of more than `limit` bytes.
    pub fn too_long(field: impl Into<String>, limit: usize) -> Self {
        let detail = format!("may not be more than {limit} bytes");
        Self::new(FieldErrorKind::TooLong, field, None, &detail)
    }

    /// Any error from its parts.
    pub fn new(
        kind: FieldErrorKind,
        field: impl Into<String>,
        value: Option<Value>,
        detail: &str,
    ) -> Self {
        let value = value.map(|value| value.to_string());
        Self { kind, field: field.into(), value, detail: detail.to_owned() }
    }

    /// Replaces the value by a text that is printed as it is: JSON in another order of keys.
    #[must_use]
    pub fn showing(mut self, text: String) -> Self {
        self.value = Some(text);
        self
    }

    /// Returns the text without the field.
    pub fn body(&self) -> String {
        use FieldErrorKind::{Forbidden, Internal, Required, TooLong};
        let title = self.kind.title();
        let mut text = match (&self.kind, &self.value) {
            (Required | Forbidden | TooLong | Internal, _) | (_, None) => title.to_owned(),
            (_, Some(value)) => format!("{title}: {value}"),
        };
        if !self.detail.is_empty() {
            text.push_str(": ");
            text.push_str(&self.detail);
        }
        text
    }

    pub(super) fn to_cause(&self) -> Cause {
        Cause {
            reason: self.kind.reason().to_owned(),
            message: self.body(),
            field: self.field.clone(),
        }
    }
}

impl std::fmt::Display for FieldError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.field, self.body())
    }
}

/// Every wrong field of an object, in the order of the checks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FieldErrors(Vec<FieldError>);

impl FieldErrors {
    /// Returns an empty list.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends an error.
    pub fn push(&mut self, error: FieldError) {
        self.0.push(error);
    }

    /// Appends all errors of another list.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Tells whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Goes over the errors.
    pub fn iter(&self) -> std::slice::Iter<'_, FieldError> {
        self.0.iter()
    }

    /// Returns the texts in one line, equal ones once, in brackets if there are several.
    pub fn to_text(&self) -> String {
        let mut seen: Vec<String> = Vec::new();
        for text in self.0.iter().map(ToString::to_string) {
            if !seen.contains(&text) {
                seen.push(text);
            }
        }
        match seen.as_slice() {
            [one] => one.clone(),
            [] => String::new(),
            _ => format!("[{}]", seen.join(", ")),
        }
    }
}

impl FromIterator<FieldError> for FieldErrors {
    fn from_iter<I: IntoIterator<Item = FieldError>>(errors: I) -> Self {
        Self(errors.into_iter().collect())
    }
}

impl From<FieldError> for FieldErrors {
    fn from(error: FieldError) -> Self {
        Self(vec![error])
    }
}
