//! The functions of the language and of its libraries.

use crate::error::{ErrorKind, EvalError};
use crate::value::{Outcome, Value};

mod comprehensions;
mod conversion;
mod encoders;
pub(crate) mod format;
mod kubernetes;
mod optional;
mod sets;
mod standard;
mod strings;
mod time;

pub(crate) use conversion::{double_text, is_duration, is_timestamp, text_of};
pub(crate) use format::show;
pub(crate) use kubernetes::find_all;
pub(crate) use standard::{compile, concat};

/// Runs a function over its arguments, the target first; values of other types than it takes are
/// [`no_overload`].
pub(crate) type Run = for<'v> fn(&[Value<'v>]) -> Outcome<'v>;

/// A function of a library.
pub(crate) struct Function {
    pub(crate) name: &'static str,
    /// Ids and signatures of the ways to call it.
    pub(crate) overloads: &'static [(&'static str, &'static str)],
    pub(crate) run: Run,
}

/// Shorthand for the tables of the libraries.
pub(crate) const fn function(
    name: &'static str,
    overloads: &'static [(&'static str, &'static str)],
    run: Run,
) -> Function {
    Function { name, overloads, run }
}

/// A set of functions that environments take or leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Library {
    Standard,
    Conversions,
    Optional,
    Strings,
    /// The second version of the library, which the API server has.
    SecondStrings,
    Sets,
    Encoders,
    /// Maps made by macros over keys and values.
    Comprehensions,
    /// The extended functions over lists.
    Lists,
    Kubernetes,
}

impl Library {
    /// Returns its functions.
    pub(crate) fn functions(self) -> impl Iterator<Item = &'static Function> {
        let tables: &[&'static [Function]] = match self {
            Self::Standard => &[standard::FUNCTIONS],
            Self::Conversions => &[conversion::FUNCTIONS, time::FUNCTIONS],
            Self::Optional => &[optional::FUNCTIONS],
            Self::Strings => &[strings::FUNCTIONS, strings::NEWEST],
            Self::SecondStrings => &[strings::FUNCTIONS, strings::SECOND],
            Self::Sets => &[sets::FUNCTIONS],
            Self::Encoders => &[encoders::FUNCTIONS],
            Self::Comprehensions => &[comprehensions::FUNCTIONS],
            Self::Lists => &[kubernetes::lists::EXTENDED],
            Self::Kubernetes => &[
                kubernetes::REGEX,
                kubernetes::lists::KUBERNETES,
                kubernetes::urls::FUNCTIONS,
                kubernetes::net::FUNCTIONS,
                kubernetes::quantities::FUNCTIONS,
                kubernetes::semvers::FUNCTIONS,
                kubernetes::formats::FUNCTIONS,
            ],
        };
        tables.iter().copied().flatten()
    }
}

/// The outcome for values that a function does not take.
pub(crate) fn no_overload<'v>() -> Outcome<'v> {
    Err(EvalError::no_such_overload())
}

/// Words the refusal of arguments as the libraries outside of the standard one do.
pub(crate) fn name_overload(error: EvalError, name: &str, args: &[Value<'_>]) -> EvalError {
    if error.kind() != ErrorKind::NoSuchOverload {
        return error;
    }
    let types: Vec<_> = args.iter().map(|arg| arg.type_of().name().to_owned()).collect();
    EvalError::no_such_function(&format!("{name}({})", types.join(", ")))
}
