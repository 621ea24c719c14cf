//! A set of templates that can call each other.

use std::collections::BTreeMap;
use std::rc::Rc;

use flux_gostd::quote::quote;

use crate::builtin;
use crate::exec::Executor;
use crate::function::Functions;
use crate::node::Tree;
use crate::parse::parse;
use crate::value::Value;

/// Why a template gave no text; the texts are Go's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A file is no template.
    #[error("{0}")]
    Parse(String),
    /// A template failed at the place that the text names.
    #[error("{0}")]
    Execute(String),
    /// The set has no template of that name.
    #[error("template: no template {} associated with template {}", quote(.name), quote(.set))]
    Unknown {
        /// The name asked for.
        name: String,
        /// The name of the set.
        set: String,
    },
}

/// What a field of a map is that has no such entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissingKey {
    /// No value, printed as `<no value>`; so are its own fields.
    #[default]
    Invalid,
    /// The zero value of the map's elements: what Helm asks for.
    Zero,
    /// An error.
    Error,
}

/// What an execution may use up before it is stopped.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How deep templates may call templates, by `template` or by functions.
    pub depth: usize,
    /// How many bytes may be written, those of inner executions included.
    pub output: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 100, output: 256 << 20 }
    }
}

/// Parsed templates by name, with the functions that they may call.
#[derive(Clone, Debug)]
pub struct Templates {
    name: String,
    trees: BTreeMap<String, Rc<Tree>>,
    pub(crate) functions: Rc<Functions>,
    pub(crate) missing: MissingKey,
    pub(crate) limits: Limits,
}

impl Templates {
    /// Makes an empty set; `functions` go before Go's own of the same name.
    pub fn new(name: impl Into<String>, functions: Functions) -> Self {
        Self {
            name: name.into(),
            trees: BTreeMap::new(),
            functions: Rc::new(functions),
            missing: MissingKey::default(),
            limits: Limits::default(),
        }
    }

    /// Sets what a missing entry of a map is.
    #[must_use]
    pub fn with_missing_key(mut self, missing: MissingKey) -> Self {
        self.missing = missing;
        self
    }

    /// Sets what an execution may use up.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Adds a file under its name, and the templates that it defines; later ones replace earlier
    /// ones of the same name unless they are empty.
    ///
    /// # Errors
    /// The text is no template, or calls a function that does not exist.
    pub fn parse(&mut self, file: &str, text: &str) -> Result<(), Error> {
        let known = |name: &str| self.functions.contains_key(name) || builtin::exists(name);
        for tree in parse(file, text, &known).map_err(Error::Parse)? {
            if !(tree.is_empty() && self.trees.contains_key(&tree.name)) {
                self.trees.insert(tree.name.clone(), Rc::new(tree));
            }
        }
        Ok(())
    }

    /// Tells whether there is a template of that name.
    pub fn contains(&self, name: &str) -> bool {
        self.trees.contains_key(name)
    }

    /// Executes a template with `dot` as its value.
    ///
    /// # Errors
    /// There is no such template, or it fails, or uses up more than it may.
    pub fn execute(&self, name: &str, dot: &Value) -> Result<String, Error> {
        Executor::new(self).execute(name, dot)
    }

    pub(crate) fn find(&self, name: &str) -> Result<Rc<Tree>, Error> {
        let unknown = || Error::Unknown { name: name.to_owned(), set: self.name.clone() };
        self.trees.get(name).cloned().ok_or_else(unknown)
    }
}
