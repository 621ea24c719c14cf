//! Environments: which functions, macros and variables expressions may use.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use crate::check;
use crate::cost::{self, CostRange};
use crate::functions::format::Dialect;
use crate::functions::{Library, Run};
use crate::parser::{self, MacroSet, Parsed, Syntax};
use crate::plan;
use crate::program::Program;
use crate::schema::Schema;
use crate::source::Issues;
use crate::types::{Overload, Type};

/// The functions, macros and variables that expressions may use.
///
/// Cheap to clone; variables are added to a copy.
#[derive(Clone)]
pub struct Env {
    base: Arc<Base>,
    variables: BTreeMap<Arc<str>, Type>,
    schemas: BTreeMap<Arc<str>, Arc<Schema>>,
}

/// What environments of one kind share.
pub(crate) struct Base {
    pub(crate) functions: BTreeMap<&'static str, Callable>,
    pub(crate) syntax: Syntax,
    pub(crate) literals: LiteralRules,
}

/// Which literals are refused although their types are right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LiteralRules {
    /// Lists and maps that mix types, formats that do not fit.
    Mixing,
    /// Also durations, timestamps and patterns that cannot be read.
    Unreadable,
}

/// A function by its name, over all libraries that define it.
pub(crate) struct Callable {
    pub(crate) name: &'static str,
    pub(crate) overloads: Vec<Overload>,
    /// Tried one after the other until one takes the arguments.
    pub(crate) runs: Vec<Run>,
    /// Whether refused arguments are told with their types.
    pub(crate) names_types: bool,
}

/// Why an expression cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompileError {
    /// It is not well-formed or not well-typed.
    #[error(transparent)]
    Issues(#[from] Issues),
    /// It is, but a constant part of it can never have a value.
    #[error("{0}")]
    Program(String),
}

static FLUX: LazyLock<Arc<Base>> = LazyLock::new(|| {
    Arc::new(Base::new(
        &[
            Library::Standard,
            Library::Conversions,
            Library::Optional,
            Library::Strings,
            Library::Sets,
            Library::Encoders,
        ],
        Syntax { macros: MacroSet { optionals: true, ..MacroSet::default() }, optionals: true },
        LiteralRules::Mixing,
    ))
});

static KUBERNETES: LazyLock<Arc<Base>> = LazyLock::new(|| {
    Arc::new(Base::new(
        &[
            Library::Standard,
            Library::Conversions,
            Library::Optional,
            Library::SecondStrings,
            Library::Sets,
            Library::Comprehensions,
            Library::Lists,
            Library::Kubernetes,
        ],
        Syntax {
            macros: MacroSet {
                optionals: true,
                two_variables: true,
                sorting: true,
                bindings: false,
            },
            optionals: true,
        },
        LiteralRules::Unreadable,
    ))
});

impl LiteralRules {
    /// Returns how formats are read that the rules are about.
    pub(crate) fn dialect(self) -> Dialect {
        match self {
            Self::Mixing => Dialect::Newest,
            Self::Unreadable => Dialect::Second,
        }
    }
}

impl Base {
    fn new(libraries: &[Library], syntax: Syntax, literals: LiteralRules) -> Self {
        let mut functions: BTreeMap<&'static str, Callable> = BTreeMap::new();
        for library in libraries {
            for function in library.functions() {
                let entry = functions.entry(function.name).or_insert_with(|| Callable {
                    name: function.name,
                    overloads: Vec::new(),
                    runs: Vec::new(),
                    names_types: *library != Library::Standard,
                });
                let overloads = function.overloads.iter();
                entry.overloads.extend(overloads.map(|(id, text)| Overload::read(id, text)));
                entry.runs.push(function.run);
            }
        }
        Self { functions, syntax, literals }
    }
}

impl cost::Sizes for Env {
    fn schema(&self, variable: &str) -> Option<&Schema> {
        self.schemas.get(variable).map(|schema| &**schema)
    }
}

impl Env {
    /// Returns the environment of Flux: health checks, `readyExpr`, receivers' filters.
    pub fn flux() -> Self {
        Self { base: FLUX.clone(), variables: BTreeMap::new(), schemas: BTreeMap::new() }
    }

    /// Returns the environment of the API server: validation rules of custom resources.
    pub fn kubernetes() -> Self {
        Self { base: KUBERNETES.clone(), variables: BTreeMap::new(), schemas: BTreeMap::new() }
    }

    /// Declares a variable for checked expressions.
    #[must_use]
    pub fn with_variable(mut self, name: &str, of: Type) -> Self {
        self.variables.insert(Arc::from(name), of);
        self
    }

    /// Declares a variable whose values are parts of documents that follow a schema.
    ///
    /// The sizes that the schema allows go into the cost of expressions.
    #[must_use]
    pub fn with_schema(mut self, name: &str, schema: Arc<Schema>) -> Self {
        let of = schema.declared_type();
        self.schemas.insert(Arc::from(name), schema);
        self.with_variable(name, of)
    }

    /// Declares such a variable whose value may be missing, as `oldSelf` may be.
    #[must_use]
    pub fn with_optional_schema(mut self, name: &str, schema: Arc<Schema>) -> Self {
        let of = Type::optional(schema.declared_type());
        self.schemas.insert(Arc::from(name), schema);
        self.with_variable(name, of)
    }

    pub(crate) fn base(&self) -> &Base {
        &self.base
    }

    /// Returns the type of a declared variable.
    pub(crate) fn variable(&self, name: &str) -> Option<&Type> {
        self.variables.get(name)
    }

    /// Parses an expression and checks names and types.
    ///
    /// # Errors
    /// In cel-go's words.
    pub fn compile(&self, expression: &str) -> Result<Program, CompileError> {
        let parsed = parser::parse(expression, self.base.syntax)?;
        let checked = check::check(self, &parsed)?;
        let output_type = checked.type_of(parsed.root.id).clone();
        let plan =
            plan::plan(&self.base, Some(&checked), &parsed.root).map_err(CompileError::Program)?;
        let cost = cost::estimate(&parsed.root, &checked, self);
        Ok(Program::new(plan, output_type, cost))
    }

    /// Parses an expression without checking names and types.
    ///
    /// # Errors
    /// In cel-go's words.
    pub fn parse(&self, expression: &str) -> Result<Program, CompileError> {
        let Parsed { root, .. } = parser::parse(expression, self.base.syntax)?;
        let plan = plan::plan(&self.base, None, &root).map_err(CompileError::Program)?;
        Ok(Program::new(plan, Type::Dyn, CostRange { min: 0, max: u64::MAX }))
    }
}
