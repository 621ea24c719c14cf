//! Why a directory could not be built.

use std::fmt;

/// What stands behind a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The files: the same tree fails again.
    Content,
    /// A base or file on the network: it may be there later.
    Remote,
    /// A base or file on the network, which the caller did not allow.
    RemoteRefused,
    /// The original crashes here instead of reporting an error.
    Crash,
}

/// Why a directory could not be built, in the words of the original.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildError {
    text: String,
    cause: Cause,
}

impl BuildError {
    /// Makes an error about the content of the files.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), cause: Cause::Content }
    }

    /// Makes an error with another cause.
    pub fn with_cause(text: impl Into<String>, cause: Cause) -> Self {
        Self { text: text.into(), cause }
    }

    /// Puts `context` and a colon in front of the text, unless the original crashes.
    #[must_use]
    pub fn context(self, context: impl fmt::Display) -> Self {
        if self.cause == Cause::Crash {
            return self;
        }
        Self { text: format!("{context}: {}", self.text), cause: self.cause }
    }

    /// Returns what stands behind the failure.
    pub fn cause(&self) -> Cause {
        self.cause
    }

    /// Returns the text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Replaces the text and keeps the cause.
    #[must_use]
    pub(crate) fn reworded(self, text: impl Into<String>) -> Self {
        Self { text: text.into(), cause: self.cause }
    }

    /// Reports whether a YAML text could not be read.
    pub(crate) fn is_malformed_yaml(&self) -> bool {
        self.text.contains("MalformedYAMLError")
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for BuildError {}

impl From<flux_yaml::Error> for BuildError {
    fn from(error: flux_yaml::Error) -> Self {
        Self::new(error.to_string())
    }
}

/// Short for the results of this crate.
pub(crate) type Result<T, E = BuildError> = std::result::Result<T, E>;

/// Makes an error about the content from a format string.
macro_rules! fail {
    ($($arg:tt)*) => { Err($crate::BuildError::new(format!($($arg)*))) };
}
pub(crate) use fail;
