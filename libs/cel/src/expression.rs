//! Expressions as the controllers of Flux use them, with the error texts that users see.

use crate::env::{CompileError, Env};
use crate::program::{Program, Variables};
use crate::types::Type;
use crate::value::{List, Value};

/// An expression of a Flux resource.
pub struct Expression {
    text: String,
    program: Program,
}

/// Why an expression cannot be used or has no value, in Flux's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExpressionError {
    /// It is not well-formed or not well-typed.
    #[error("failed to parse the CEL expression '{text}': {source}")]
    Parse {
        /// The expression.
        text: String,
        /// What is wrong with it.
        source: CompileError,
    },
    /// A constant part of it can never have a value.
    #[error("failed to create CEL program: {0}")]
    Program(String),
    /// Its result is of another type than asked for.
    #[error("CEL expression output type mismatch: expected {}, got {}", expected.full_name(), found.full_name())]
    OutputType {
        /// The type asked for.
        expected: Type,
        /// The type of the result.
        found: Type,
    },
    /// It failed while it ran.
    #[error("failed to evaluate the CEL expression '{text}': {problem}")]
    Evaluate {
        /// The expression.
        text: String,
        /// What went wrong.
        problem: crate::EvalError,
    },
    /// Its value is not what was asked for.
    #[error("failed to evaluate CEL expression as {wanted}: '{text}'")]
    Result {
        /// What was asked for.
        wanted: &'static str,
        /// The expression.
        text: String,
    },
    /// Its value is not a list of texts.
    #[error("failed to evaluate CEL expression '{text}' as []string: {problem}")]
    Texts {
        /// The expression.
        text: String,
        /// What it is instead.
        problem: String,
    },
}

impl Expression {
    /// Reads an expression without checking names and types.
    ///
    /// # Errors
    /// In Flux's words.
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        Self::new(text, Env::flux().parse(text))
    }

    /// Reads an expression and checks names and types: `structures` are the names of its variables,
    /// all of them objects of any fields.
    ///
    /// # Errors
    /// In Flux's words; also if the type of the result is not `output`.
    pub fn compile(
        text: &str,
        structures: &[&str],
        output: Option<Type>,
    ) -> Result<Self, ExpressionError> {
        let mut env = Env::flux();
        for name in structures {
            env = env.with_variable(name, Type::structure());
        }
        let expression = Self::new(text, env.compile(text))?;
        let found = expression.program.output_type();
        match output {
            Some(expected) if expected != *found => {
                Err(ExpressionError::OutputType { expected, found: found.clone() })
            }
            _ => Ok(expression),
        }
    }

    fn new(text: &str, program: Result<Program, CompileError>) -> Result<Self, ExpressionError> {
        match program {
            Ok(program) => Ok(Self { text: text.to_owned(), program }),
            Err(CompileError::Program(problem)) => Err(ExpressionError::Program(problem)),
            Err(source) => Err(ExpressionError::Parse { text: text.to_owned(), source }),
        }
    }

    /// Returns the expression as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Runs the expression for any value.
    ///
    /// # Errors
    /// In Flux's words.
    pub fn evaluate<'v>(
        &self,
        variables: &dyn Variables<'v>,
    ) -> Result<Value<'v>, ExpressionError> {
        self.program
            .evaluate(variables)
            .map_err(|problem| ExpressionError::Evaluate { text: self.text.clone(), problem })
    }

    /// Runs the expression for a truth value.
    ///
    /// # Errors
    /// In Flux's words; also if the value is none.
    pub fn evaluate_bool(&self, variables: &dyn Variables<'_>) -> Result<bool, ExpressionError> {
        self.evaluate(variables)?.as_bool().ok_or_else(|| self.unfit("boolean"))
    }

    /// Runs the expression for a text.
    ///
    /// # Errors
    /// In Flux's words; also if the value is none.
    pub fn evaluate_string(
        &self,
        variables: &dyn Variables<'_>,
    ) -> Result<String, ExpressionError> {
        let value = self.evaluate(variables)?;
        value.as_str().map(str::to_owned).ok_or_else(|| self.unfit("string"))
    }

    /// Runs the expression for a list of texts.
    ///
    /// # Errors
    /// In Flux's words; also if the value is none.
    pub fn evaluate_strings(
        &self,
        variables: &dyn Variables<'_>,
    ) -> Result<Vec<String>, ExpressionError> {
        let value = self.evaluate(variables)?;
        texts(&value).map_err(|problem| ExpressionError::Texts { text: self.text.clone(), problem })
    }

    fn unfit(&self, wanted: &'static str) -> ExpressionError {
        ExpressionError::Result { wanted, text: self.text.clone() }
    }
}

fn texts(value: &Value<'_>) -> Result<Vec<String>, String> {
    let Value::List(list) = value else {
        let found = value.type_of();
        return Err(format!("unsupported native conversion from {} to '[]string'", found.name()));
    };
    let text = |item: Result<Value<'_>, crate::EvalError>| match item {
        Ok(Value::String(text)) => Ok((*text).to_owned()),
        Ok(other) => {
            let found = other.type_of();
            Err(format!("unsupported type conversion from '{}' to string", found.name()))
        }
        Err(error) => Err(error.to_string()),
    };
    List::iter(list).map(text).collect()
}
