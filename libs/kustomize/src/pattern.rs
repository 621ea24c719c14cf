//! Regular expressions in the syntax of Go.

use flux_gostd::re2::Regexp;

use crate::error::{BuildError, Result};

/// A compiled regular expression.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    regex: Regexp,
}

impl Pattern {
    pub(crate) fn new(pattern: &str) -> Result<Self> {
        let built = Regexp::new(pattern);
        Ok(Self { regex: built.map_err(|error| BuildError::new(error.to_string()))? })
    }

    /// Compiles an expression that has to match the whole text; an empty one matches anything.
    pub(crate) fn anchored(pattern: &str) -> Result<Option<Self>> {
        if pattern.is_empty() {
            return Ok(None);
        }
        Self::new(&format!("^(?:{pattern})$")).map(Some)
    }

    pub(crate) fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}
