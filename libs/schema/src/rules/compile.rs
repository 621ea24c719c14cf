//! From rules to programs.

use std::sync::Arc;

use flux_cel::{CompileError, Env, Program, Type};

use super::field_path;
use crate::schema::{Rule, Schema};

/// Compiles rules about values of one schema.
pub(crate) struct Compiler {
    plain: Env,
    optional: Env,
}

/// A rule, ready to run.
pub(crate) struct Compiled {
    pub(crate) rule: Rule,
    /// `None` for a rule that says nothing.
    pub(crate) program: Option<Result<Program, String>>,
    pub(crate) message: Option<Result<Program, String>>,
    /// Where errors are reported, relative to the value.
    pub(super) field: Option<String>,
}

impl Compiler {
    pub(crate) fn new(view: Arc<flux_cel::Schema>) -> Self {
        let base = Env::kubernetes().with_schema("self", view.clone());
        Self {
            plain: base.clone().with_schema("oldSelf", view.clone()),
            optional: base.with_optional_schema("oldSelf", view),
        }
    }

    pub(crate) fn compile(&self, rule: &Rule, schema: &Schema) -> Compiled {
        let env = match rule.optional_old_self {
            Some(true) => &self.optional,
            _ => &self.plain,
        };
        let program = (!rule.rule.trim().is_empty()).then(|| rule_program(env, &rule.rule));
        let runs = matches!(program, Some(Ok(_)));
        let message = (runs && !rule.message_expression.is_empty())
            .then(|| message_program(env, &rule.message_expression));
        let field = match rule.field_path.as_str() {
            "" => None,
            path => field_path::resolve(path, schema).ok().map(|found| found.text),
        };
        Compiled { rule: rule.clone(), program, message, field }
    }
}

impl Compiled {
    pub(crate) fn uses_old_self(&self) -> bool {
        matches!(&self.program, Some(Ok(program)) if program.reads("oldSelf"))
    }
}

fn rule_program(env: &Env, text: &str) -> Result<Program, String> {
    let program = env.compile(text).map_err(|error| match error {
        CompileError::Issues(issues) => format!("compilation failed: {issues}"),
        CompileError::Program(text) => format!("program instantiation failed: {text}"),
    })?;
    match program.output_type() {
        Type::Bool => Ok(program),
        _ => Err("cel expression must evaluate to a bool".to_owned()),
    }
}

fn message_program(env: &Env, text: &str) -> Result<Program, String> {
    let program = env.compile(text).map_err(|error| match error {
        CompileError::Issues(issues) => format!("messageExpression compilation failed: {issues}"),
        CompileError::Program(text) => format!("messageExpression instantiation failed: {text}"),
    })?;
    match program.output_type() {
        Type::String => Ok(program),
        _ => Err("messageExpression must evaluate to a string".to_owned()),
    }
}
