//! Regular expressions of schemas, compiled once each.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use regex_automata::meta::Regex;

type Compiled = Arc<Result<Regex, String>>;

/// The compiled patterns of one schema. A pattern that cannot be compiled is kept as its error.
#[derive(Default)]
pub(crate) struct Patterns {
    known: RwLock<HashMap<Box<str>, Compiled>>,
}

impl Patterns {
    /// Tells whether `text` contains a match.
    ///
    /// # Errors
    /// What is wrong with the pattern, in the words of Go's `regexp`.
    pub(crate) fn is_match(&self, pattern: &str, text: &str) -> Result<bool, String> {
        match &*self.get(pattern) {
            Ok(regex) => Ok(regex.is_match(text)),
            Err(error) => Err(error.clone()),
        }
    }

    fn get(&self, pattern: &str) -> Compiled {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner).get(pattern).cloned();
        known.unwrap_or_else(|| {
            let compiled = Arc::new(compile(pattern));
            let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
            known.insert(pattern.into(), Arc::clone(&compiled));
            compiled
        })
    }
}

/// Compiles a pattern as Go's `regexp` reads it.
///
/// # Errors
/// Go's text for what is wrong with the pattern.
pub(crate) fn compile(pattern: &str) -> Result<Regex, String> {
    Regex::new(pattern).map_err(|error| {
        let known = match error.syntax_error().map(ToString::to_string) {
            Some(text) if text.contains("unclosed group") => "missing closing )",
            Some(text) if text.contains("unopened group") => "unexpected )",
            Some(text) if text.contains("unclosed character class") => "missing closing ]",
            _ => "invalid syntax",
        };
        format!("error parsing regexp: {known}: `{pattern}`")
    })
}
