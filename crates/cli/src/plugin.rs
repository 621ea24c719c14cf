//! `plugin`: programs that add commands.
//!
//! A program `flux-NAME` in the directory of plugins is the command `flux NAME`. All arguments go
//! to it, also those of completion.

use std::path::{Path, PathBuf};

use crate::cobra::{Command, Matches};
use crate::context::Context;
use crate::table::table;
use crate::{CliError, Environment, Exit};

/// Describes `plugin`.
pub(crate) fn command() -> Command {
    Command::group("plugin", "Programs that add commands")
        .long("Programs named flux-NAME in $FLUXCD_PLUGINS, or in ~/.fluxcd/plugins, are commands of flux.")
        .child(
            Command::leaf("list", "Print the plugins that are installed")
                .alias(&["ls"])
                .example("  # Print the plugins that are installed\n  flux plugin list"),
        )
}

/// Runs `plugin list`.
pub(crate) fn run(_: &Matches, cx: &mut Context<'_>) -> Result<Exit, CliError> {
    let mut rows = Vec::new();
    for (name, path) in programs(cx.environment) {
        let version = receipt(&path).unwrap_or_else(|| "manual".to_owned());
        rows.push(vec![name, version, path.display().to_string()]);
    }
    cx.io.data(&table(&["NAME", "VERSION", "PATH"], &rows))?;
    Ok(Exit::SUCCESS)
}

/// Reads the version from what an installation has left beside a program.
fn receipt(program: &Path) -> Option<String> {
    let text = std::fs::read_to_string(program.with_extension("yaml")).ok()?;
    let value = flux_yaml::from_str(&text).ok()?;
    Some(value.get("version")?.as_str()?.to_owned())
}

/// Returns the plugins as commands, except those that are named like a command.
pub(crate) fn installed(root: &Command, environment: &Environment) -> Vec<Command> {
    let all = programs(environment).into_iter().filter(|(name, _)| root.find(name).is_none());
    let command = |(name, path): (String, PathBuf)| {
        let short = format!("Runs {}", path.display());
        // Names live as long as the process: there are as many as there are plugins.
        Command::leaf(String::leak(name), &short)
    };
    all.map(command).collect()
}

fn directory(environment: &Environment) -> Option<PathBuf> {
    if let Some(path) = environment.variable("FLUXCD_PLUGINS") {
        return Some(environment.directory.join(path));
    }
    Some(Path::new(environment.variable("HOME")?).join(".fluxcd/plugins"))
}

/// Finds the programs in the directory of plugins, sorted by name.
fn programs(environment: &Environment) -> Vec<(String, PathBuf)> {
    let entries = directory(environment).and_then(|path| std::fs::read_dir(path).ok());
    let mut found = Vec::new();
    for entry in entries.into_iter().flatten().flatten() {
        let file = entry.file_name();
        let name = file.to_str().and_then(|it| it.strip_prefix("flux-"));
        let name = name.map(|it| it.strip_suffix(".exe").unwrap_or(it));
        if let Some(name) = name
            && !name.is_empty()
            && is_program(&entry.path())
        {
            found.push((name.to_owned(), entry.path()));
        }
    }
    found.sort();
    found
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.extension().is_some_and(|it| it == "exe") && path.is_file()
}

/// A plugin that was called.
pub(crate) struct Called {
    program: PathBuf,
    arguments: Vec<String>,
}

/// Finds the plugin that the first word names; the words of commands come first.
pub(crate) fn find(root: &Command, words: &[String], environment: &Environment) -> Option<Called> {
    let (name, arguments) = words.split_first()?;
    if name.starts_with('-') || root.find(name).is_some() {
        return None;
    }
    let (_, program) = programs(environment).into_iter().find(|(it, _)| it == name)?;
    Some(Called { program, arguments: arguments.to_vec() })
}

impl Called {
    /// Runs the program with the streams of this process and ends as it ends.
    pub(crate) fn run(self, environment: &Environment) -> Result<Exit, CliError> {
        let status = std::process::Command::new(&self.program)
            .args(&self.arguments)
            .current_dir(&environment.directory)
            .envs(&environment.variables)
            .status();
        let status = status.map_err(|error| {
            CliError::Failed(format!("cannot run {}: {error}", self.program.display()))
        })?;
        let code = status.code().and_then(|code| u8::try_from(code).ok());
        Ok(code.map_or(Exit::FAILURE, Exit))
    }
}
