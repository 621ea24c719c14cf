//! Groups that belong to Kubernetes: definitions in them need somebody's word.

use flux_schema::FieldError;
use serde_json::Value;

use crate::meta;

const ANNOTATION: &str = "api-approved.kubernetes.io";
const SEE: &str = "see https://github.com/kubernetes/enhancements/pull/1111";

/// What the annotation of a definition says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::crd) enum State {
    Invalid,
    Approved,
    Bypassed,
    Missing,
}

/// What an annotation says, and the sentence for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::crd) struct Approval {
    pub(in crate::crd) state: State,
    pub(in crate::crd) message: String,
}

impl Approval {
    /// Reads the annotation of a definition; `None` for groups that need none.
    pub(in crate::crd) fn of(object: &Value) -> Option<Self> {
        let group = meta::text(object, "/spec/group");
        let is_protected = ["k8s.io", "kubernetes.io"].iter().any(|domain| {
            group.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        });
        is_protected.then(|| Self::read(annotation(object)))
    }

    fn read(annotation: &str) -> Self {
        let (state, message) = if annotation.is_empty() {
            let needed =
                format!("protected groups must have approval annotation \"{ANNOTATION}\", {SEE}");
            (State::Missing, needed)
        } else if annotation.starts_with("unapproved") {
            (State::Bypassed, format!("not approved: {}", Value::from(annotation)))
        } else if is_address(annotation) {
            (State::Approved, format!("approved in {annotation}"))
        } else {
            let needed = format!(
                "protected groups must have approval annotation \"{ANNOTATION}\" with either a URL \
                 or a reason starting with \"unapproved\", {SEE}"
            );
            (State::Invalid, needed)
        };
        Self { state, message }
    }

    /// Returns status and reason of the condition that tells the state.
    pub(in crate::crd) fn condition(&self) -> (&'static str, &'static str) {
        match self.state {
            State::Invalid => ("False", "InvalidAnnotation"),
            State::Approved => ("True", "ApprovedAnnotation"),
            State::Bypassed => ("False", "UnapprovedAnnotation"),
            State::Missing => ("False", "MissingAnnotation"),
        }
    }
}

fn annotation(object: &Value) -> &str {
    let annotations = &object["metadata"]["annotations"];
    annotations[ANNOTATION].as_str().unwrap_or_default()
}

/// Tells whether a text is a URL with scheme and host.
fn is_address(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    let letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(letters)
        && !host.is_empty()
        && !text.chars().any(|c| c.is_ascii_control() || c == ' ')
}

/// Refuses a definition without approval, unless it is as it was.
pub(super) fn check(object: &Value, old: Option<&Value>) -> Option<FieldError> {
    let approval = Approval::of(object)?;
    if old.is_some_and(|old| Approval::read(annotation(old)).state == approval.state) {
        return None;
    }
    let field = format!("metadata.annotations[{ANNOTATION}]");
    match approval.state {
        State::Approved | State::Bypassed => None,
        State::Missing => Some(FieldError::required(field, approval.message)),
        State::Invalid => {
            Some(FieldError::invalid(field, &annotation(object).into(), approval.message))
        }
    }
}
