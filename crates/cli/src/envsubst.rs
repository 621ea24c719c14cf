//! `envsubst`: substitutes variables of the environment in what is read.

use clap::{ArgMatches, Command};
use flux_envsubst::{Undefined, expand};

use crate::context::Context;
use crate::frame::{flag, is_on};
use crate::{CliError, Exit};

/// Describes the command.
pub(crate) fn command() -> Command {
    Command::new("envsubst").about("envsubst substitutes the values of environment variables").arg(
        flag(
            "strict",
            "fail if a variable without a default in the input is missing from the environment",
        ),
    )
}

/// Runs the command: standard input to standard output, line by line.
pub(crate) fn run(matches: &ArgMatches, cx: &mut Context<'_>) -> Result<Exit, CliError> {
    let undefined = if is_on(matches, "strict") { Undefined::Refuse } else { Undefined::Empty };
    let text = cx.io.read_input()?;
    for line in text.lines() {
        let substituted = expand(line, &cx.environment.variables, undefined);
        let substituted = substituted.map_err(|error| CliError::Failed(error.to_string()))?;
        cx.io.data(&format!("{}\n", String::from_utf8_lossy(&substituted)))?;
    }
    Ok(Exit::SUCCESS)
}
