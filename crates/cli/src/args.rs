//! What surrounds every command: its environment.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// The environment in which a command runs.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// Environment variables.
    pub variables: BTreeMap<String, String>,
    /// The working directory; relative paths of arguments start there.
    pub directory: PathBuf,
}

impl Environment {
    /// Returns the environment of the process; variables that are no UTF-8 are left out.
    pub fn process() -> Self {
        let variables = std::env::vars_os()
            .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)));
        let directory = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
        Self { variables: variables.collect(), directory }
    }

    /// Returns a variable that is set and not empty.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}
