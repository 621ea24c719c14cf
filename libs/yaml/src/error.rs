//! Why a text could not be read, in go-yaml's words.

use std::fmt;

/// Why a text could not be read or a tree could not be turned into a value.
///
/// The text is the one that go-yaml and sigs.k8s.io/yaml print.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The text is no YAML, or refers to something that it does not define.
    Yaml {
        /// The line that go-yaml names, which is not always the one where the mistake is.
        line: Option<u32>,
        /// What is wrong.
        problem: String,
    },
    /// The text is YAML, but single values do not fit (duplicate keys, for instance).
    Values(Vec<String>),
    /// The text is YAML and its value has no form in JSON.
    Json(String),
    /// A document as a whole could not be turned into JSON.
    Convert(Box<Error>),
}

impl Error {
    pub(crate) fn problem(problem: impl Into<String>) -> Self {
        Self::Yaml { line: None, problem: problem.into() }
    }

    /// Returns the line that the text names, if it names one.
    pub fn line(&self) -> Option<u32> {
        match self {
            Self::Yaml { line, .. } => *line,
            Self::Convert(inner) => inner.line(),
            Self::Values(_) | Self::Json(_) => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Yaml { line: Some(line), problem } => write!(f, "yaml: line {line}: {problem}"),
            Self::Yaml { line: None, problem } => write!(f, "yaml: {problem}"),
            Self::Values(errors) => {
                f.write_str("yaml: unmarshal errors:")?;
                errors.iter().try_for_each(|error| write!(f, "\n  {error}"))
            }
            Self::Json(text) => f.write_str(text),
            Self::Convert(inner) => write!(f, "error converting YAML to JSON: {inner}"),
        }
    }
}

impl std::error::Error for Error {}
