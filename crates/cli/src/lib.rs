//! The commands of `flux`.
//!
//! In: arguments, environment, streams ([`Io`]) and, where a command needs one, an API server.
//! Out: text on the streams and an [`Exit`]. Never: global state, `process::exit`; two commands
//! can run in one process.
//!
//! Start at [`run`]; [`start`] chooses between the command and the controllers. Each verb is one module; what all kinds share stands in `kind`.

mod args;
mod context;
mod dev;
mod envsubst;
mod error;
mod events;
mod face;
mod frame;
mod get;
mod interrupt;
mod io;
mod kind;
mod reconcile;
mod suspend;
mod table;
mod tree;
mod version;
mod wait;
mod words;

use std::ffi::OsString;

use clap::Command;
use flux_cluster::Cluster;

pub use args::Environment;
pub use error::{CliError, Exit};
pub use face::start;
pub use io::{Captured, Io};

use crate::context::Context;
use crate::frame::{Global, global_flags};

/// Describes `flux` and all of its commands.
fn command() -> Command {
    let root = Command::new("flux")
        .about("Command line utility for assembling Kubernetes CD pipelines the GitOps way.")
        .disable_version_flag(true)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .arg(
            clap::Arg::new("version")
                .long("version")
                .short('v')
                .action(clap::ArgAction::SetTrue)
                .help("version for flux"),
        )
        .subcommand(dev::command())
        .subcommand(envsubst::command())
        .subcommand(events::command())
        .subcommand(get::command())
        .subcommand(reconcile::command())
        .subcommand(suspend::resume_command())
        .subcommand(suspend::suspend_command())
        .subcommand(tree::command())
        .subcommand(version::command());
    global_flags(root)
}

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
    match dispatch(arguments, environment, io, cluster).await {
        Ok(exit) => exit,
        // Whoever closed the pipe has what it wanted.
        Err(CliError::BrokenPipe) => Exit::SUCCESS,
        Err(error) => {
            // Without a stream there is nobody to tell; the status still says it.
            let _ = io.failure(&error.to_string());
            Exit::FAILURE
        }
    }
}

async fn dispatch(
    arguments: Vec<OsString>,
    environment: &Environment,
    io: &mut Io,
    cluster: Option<Cluster>,
) -> Result<Exit, CliError> {
    if arguments.len() == 2 && arguments.get(1).is_some_and(|it| it == "--version" || it == "-v") {
        io.data(&format!("flux version {}\n", version::VERSION))?;
        return Ok(Exit::SUCCESS);
    }
    let matches = match command().try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) if !error.use_stderr() || is_bare(&error) => {
            io.data(&error.render().to_string())?;
            return Ok(Exit::SUCCESS);
        }
        Err(error) => return Err(CliError::Usage(usage(&error))),
    };
    let global = Global::read(&matches, environment)?;
    let mut cx = Context { environment, global, io, cluster };
    match matches.subcommand() {
        Some(("dev", rest)) => dev::run(rest, &mut cx).await,
        Some(("envsubst", rest)) => envsubst::run(rest, &mut cx),
        Some(("events", rest)) => events::run(rest, &mut cx).await,
        Some(("get", rest)) => get::run(rest, &mut cx).await,
        Some(("reconcile", rest)) => reconcile::run(rest, &mut cx).await,
        Some(("resume", rest)) => suspend::resume(rest, &mut cx).await,
        Some(("suspend", rest)) => suspend::suspend(rest, &mut cx).await,
        Some(("tree", rest)) => tree::run(rest, &mut cx).await,
        Some(("version", rest)) => version::run(rest, &mut cx).await,
        _ => Err(CliError::Usage("unknown command".to_owned())),
    }
}

/// Tells whether a group was called without a command, which prints its help.
fn is_bare(error: &clap::Error) -> bool {
    error.kind() == clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
}

/// Returns the first paragraph of a usage error without clap's `error: `.
fn usage(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let first = text.split("\n\n").next().unwrap_or_default();
    first.trim_start_matches("error: ").trim_end().to_owned()
}
