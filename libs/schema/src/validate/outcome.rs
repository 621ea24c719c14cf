//! What a check found, before it becomes field errors.

use serde_json::Value;

use crate::field::{FieldError, Path};
use crate::number::json_text;

/// The result of a check: problems, and how much of the schema matched.
///
/// The number of matches decides which branch of a combination is the most telling one.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    problems: Vec<Problem>,
    pub(super) matches: usize,
}

impl Outcome {
    pub(super) fn matched() -> Self {
        Self { problems: Vec::new(), matches: 1 }
    }

    pub(super) fn is_valid(&self) -> bool {
        self.problems.is_empty()
    }

    pub(super) fn count(&mut self) {
        self.matches += 1;
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.matches += other.matches;
        other.problems.into_iter().for_each(|problem| self.push(problem));
    }

    pub(super) fn merge_and_count(&mut self, other: Self) {
        self.merge(other);
        self.count();
    }

    /// Adds a problem unless one with the same text is there.
    pub(super) fn push(&mut self, problem: Problem) {
        if !self.problems.iter().any(|known| known.message == problem.message) {
            self.problems.push(problem);
        }
    }

    /// Forgets the problems: they were there before.
    pub(super) fn excused(self) -> Self {
        Self { problems: Vec::new(), matches: self.matches }
    }

    pub(super) fn into_field_errors(self, base: &Path<'_>) -> Vec<FieldError> {
        self.problems.into_iter().map(|problem| problem.into_field_error(base)).collect()
    }
}

impl From<Problem> for Outcome {
    fn from(problem: Problem) -> Self {
        Self { problems: vec![problem], matches: 0 }
    }
}

/// One thing that is wrong.
#[derive(Debug)]
pub(super) struct Problem {
    kind: ProblemKind,
    path: String,
    value: Value,
    message: String,
}

#[derive(Debug)]
pub(super) enum ProblemKind {
    Required,
    Type,
    Enum(Vec<Value>),
    TooLong(i64),
    TooMany(i64),
    Invalid,
    /// Reported for the whole object, whatever the path.
    Whole,
}

impl Problem {
    pub(super) fn new(kind: ProblemKind, path: &Path<'_>, value: Value, message: String) -> Self {
        Self { kind, path: path.to_text(), value, message }
    }

    pub(super) fn invalid(path: &Path<'_>, value: Value, message: String) -> Self {
        Self::new(ProblemKind::Invalid, path, value, message)
    }

    pub(super) fn whole(message: String) -> Self {
        Self { kind: ProblemKind::Whole, path: String::new(), value: Value::from(""), message }
    }

    fn into_field_error(self, base: &Path<'_>) -> FieldError {
        let Self { kind, path, value, message } = self;
        if matches!(kind, ProblemKind::Whole) {
            return FieldError::invalid(base, &value, message);
        }
        let inside = base.child(&path);
        let field = if path.is_empty() { base } else { &inside };
        let shown = if value.is_null() { Value::from("") } else { value };
        match kind {
            ProblemKind::Required => FieldError::required(field, ""),
            ProblemKind::Type => FieldError::type_invalid(field, &shown, message),
            ProblemKind::Enum(allowed) => {
                let allowed: Vec<String> = allowed.iter().map(enum_text).collect();
                FieldError::not_supported(field, &shown, &allowed)
            }
            ProblemKind::TooLong(most) => FieldError::too_long(field, most),
            ProblemKind::TooMany(most) => {
                let actual = shown.as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
                FieldError::too_many(field, actual, most)
            }
            ProblemKind::Invalid | ProblemKind::Whole => {
                FieldError::invalid(field, &shown, message)
            }
        }
    }
}

fn enum_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => json_text(other),
    }
}
