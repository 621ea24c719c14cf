//! A set of templates that can call each other.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

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
    #[error("{text}")]
    Execute {
        /// What went wrong and where.
        text: String,
        /// The texts of the errors in called functions that led to it, outermost first.
        causes: Vec<Arc<str>>,
    },
    /// The set has no template of that name.
    #[error("template: no template {} associated with template {}", quote(.name), quote(.set))]
    Unknown {
        /// The name asked for.
        name: String,
        /// The name of the set.
        set: String,
    },
}

impl Error {
    /// The texts of the errors that led to this one, outermost first.
    pub fn causes(&self) -> &[Arc<str>] {
        match self {
            Self::Execute { causes, .. } => causes,
            Self::Parse(_) | Self::Unknown { .. } => &[],
        }
    }
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
    /// How many nodes of templates may be walked.
    pub steps: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 100, output: 256 << 20, steps: 1_000_000_000 }
    }
}

/// Parsed templates by name, which may be kept and used by several threads.
#[derive(Clone, Debug, Default)]
pub struct Parsed(Arc<BTreeMap<String, Arc<Tree>>>);

/// Parsed templates by name, with the functions that they may call.
#[derive(Clone, Debug)]
pub struct Templates {
    name: String,
    /// What this set shares with those that it was cloned from.
    shared: Parsed,
    /// What was added since.
    own: BTreeMap<String, Arc<Tree>>,
    pub(crate) functions: Rc<Functions>,
    pub(crate) missing: MissingKey,
    pub(crate) limits: Limits,
}

impl Templates {
    /// Makes an empty set; `functions` go before Go's own of the same name.
    pub fn new(name: impl Into<String>, functions: Functions) -> Self {
        let mut all = builtin::functions();
        all.extend(functions);
        Self {
            name: name.into(),
            shared: Parsed::default(),
            own: BTreeMap::new(),
            functions: Rc::new(all),
            missing: MissingKey::default(),
            limits: Limits::default(),
        }
    }

    /// Puts templates in that were parsed before, with functions of the same names.
    #[must_use]
    pub fn with_parsed(mut self, parsed: Parsed) -> Self {
        self.shared = parsed;
        self
    }

    /// The templates of the set, to be kept.
    pub fn parsed(&mut self) -> Parsed {
        if !self.own.is_empty() {
            Arc::make_mut(&mut self.shared.0).append(&mut self.own);
        }
        self.shared.clone()
    }

    /// The name of the set.
    pub fn name(&self) -> &str {
        &self.name
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
        let known = |name: &str| self.functions.contains_key(name);
        for tree in parse(file, text, &known).map_err(Error::Parse)? {
            if !(tree.is_empty() && self.contains(&tree.name)) {
                self.own.insert(tree.name.clone(), Arc::new(tree));
            }
        }
        Ok(())
    }

    /// Puts an empty template there, in place of one of the same name.
    pub fn define(&mut self, name: &str) {
        self.own.insert(name.to_owned(), Arc::new(Tree::empty(name)));
    }

    /// Tells whether there is a template of that name.
    pub fn contains(&self, name: &str) -> bool {
        self.own.contains_key(name) || self.shared.0.contains_key(name)
    }

    /// Executes a template with `dot` as its value.
    ///
    /// # Errors
    /// There is no such template, or it fails, or uses up more than it may.
    pub fn execute(&self, name: &str, dot: &Value) -> Result<String, Error> {
        Executor::new(self).execute(name, dot)
    }

    pub(crate) fn find(&self, name: &str) -> Result<Arc<Tree>, Error> {
        let unknown = || Error::Unknown { name: name.to_owned(), set: self.name.clone() };
        self.own.get(name).or_else(|| self.shared.0.get(name)).cloned().ok_or_else(unknown)
    }
}
