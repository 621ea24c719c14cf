//! `envsubst`: substitutes variables of the environment in what is read.

use flux_envsubst::{Undefined, expand};

use crate::cobra::{Arity, Command, Flag, Matches};
use crate::context::Context;
use crate::{CliError, Exit};

/// Describes the command.
pub(crate) fn command() -> Command {
    Command::leaf("envsubst", "Replace variables of the environment in what is read")
        .long("Reads standard input and writes it to standard output with variables of the environment replaced, line by line and by the rules of a Kustomization's post-build substitution.")
        .example("  # Replace variables in what kustomize builds\n  kustomize build . | flux envsubst\n\n  # Refuse variables that are not set\n  cat app.yaml | flux envsubst --strict")
        .arity(Arity::None)
        .flag(Flag::bool("strict", "fail if a variable without a default is not set"))
}

/// Runs the command: standard input to standard output, line by line.
pub(crate) fn run(matches: &Matches, cx: &mut Context<'_>) -> Result<Exit, CliError> {
    let undefined = if matches.is_on("strict") { Undefined::Refuse } else { Undefined::Empty };
    let text = cx.io.read_input()?;
    for line in text.lines() {
        let substituted = expand(line, &cx.environment.variables, undefined);
        let substituted = substituted.map_err(|error| CliError::Failed(error.to_string()))?;
        cx.io.data(&format!("{}\n", String::from_utf8_lossy(&substituted)))?;
    }
    Ok(Exit::SUCCESS)
}
