//! Regular expressions of schemas, compiled once each.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use flux_gostd::re2::Regexp;

type Compiled = Arc<Result<Regexp, String>>;

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
            Ok(regexp) => Ok(regexp.is_match(text)),
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
pub(crate) fn compile(pattern: &str) -> Result<Regexp, String> {
    Regexp::new(pattern).map_err(|error| error.to_string())
}
