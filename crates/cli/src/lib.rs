//! The commands of `flux`.
//!
//! In: arguments, environment, streams ([`Io`]) and, where a command needs one, an API server.
//! Out: text on the streams and an [`Exit`]. Never: global state, `process::exit`; two commands
//! can run in one process.
//!
//! Start at [`run`]; [`start`] chooses between the command and the controllers. `root` holds the
//! tree of commands and says what runs for each; each verb is one module; what all kinds share
//! stands in `kind`, how arguments are read and help is written in `cobra`.

mod args;
mod build;
mod check;
mod cobra;
mod completion;
mod context;
mod create;
mod debug;
mod delete;
mod dev;
mod diff;
mod envsubst;
mod error;
mod events;
mod export;
mod face;
mod frame;
mod get;
mod install;
mod interrupt;
mod io;
mod kind;
mod logs;
mod migrate;
mod plugin;
mod reconcile;
mod root;
mod stats;
mod suspend;
mod table;
mod trace;
mod tree;
mod version;
mod wait;
mod words;

use std::ffi::OsString;

use flux_cluster::Cluster;

pub use args::Environment;
pub use error::{CliError, Exit};
pub use face::start;
pub use io::{Captured, Io};

use crate::cobra::{Matches, Parsed, help, parse};
use crate::context::Context;
use crate::frame::Global;

/// Runs one command.
///
/// `arguments` begins with the program's name. The API server is found by the flags and the
/// environment unless `cluster` gives one.
pub async fn run(
    arguments: Vec<OsString>,
    environment: &Environment,
    io: &mut Io,
    cluster: Option<Cluster>,
) -> Exit {
    let failed = match dispatch(arguments, environment, io, cluster).await {
        Ok(exit) => return exit,
        // Whoever closed the pipe has what it wanted.
        Err(CliError::BrokenPipe) => return Exit::SUCCESS,
        Err(failed) => failed,
    };
    let text = failed.to_string();
    // Without a stream there is nobody to tell; the status still says it.
    let _ = match failed {
        CliError::Changes(_) => io.warning(&text),
        _ => io.failure(&text),
    };
    if let CliError::Differs(_) = failed { Exit(2) } else { Exit::FAILURE }
}

async fn dispatch(
    arguments: Vec<OsString>,
    environment: &Environment,
    io: &mut Io,
    cluster: Option<Cluster>,
) -> Result<Exit, CliError> {
    let words: Vec<String> =
        arguments.into_iter().skip(1).map(|it| it.to_string_lossy().into_owned()).collect();
    let mut root = root::command(environment);
    let plugin = plugin::find(&root, &words, environment);
    root.children.extend(plugin::installed(&root, environment));
    if let Some(described) = completion::is_request(&words) {
        let asked = words.get(1..).unwrap_or_default();
        return completion::answer((&root, asked), described, environment, (io, cluster)).await;
    }
    if let Some(plugin) = plugin {
        return plugin.run(environment);
    }
    let matches = match parse(&root, &words).map_err(|error| CliError::Usage(error.0))? {
        Parsed::Run(matches) => matches,
        Parsed::Help(path) => return show_help(&root, &path, io),
        Parsed::Version => {
            io.data(&format!("flux version {}\n", version::NUMBER))?;
            return Ok(Exit::SUCCESS);
        }
    };
    if matches.path == ["help"] {
        let path: Vec<&str> = matches.arguments.iter().map(String::as_str).collect();
        return show_help(&root, &path, io);
    }
    execute(&matches, environment, io, cluster).await
}

fn show_help(root: &cobra::Command, path: &[&str], io: &mut Io) -> Result<Exit, CliError> {
    io.data(&help(root, path))?;
    Ok(Exit::SUCCESS)
}

async fn execute(
    matches: &Matches,
    environment: &Environment,
    io: &mut Io,
    cluster: Option<Cluster>,
) -> Result<Exit, CliError> {
    for warning in &matches.warnings {
        io.notice(&format!("{warning}\n"))?;
    }
    let global = Global::read(matches, environment)?;
    if let Some(warning) = &global.warning {
        io.warning(warning)?;
    }
    let mut cx = Context { environment, global, io, cluster };
    root::run(matches, &mut cx).await
}
