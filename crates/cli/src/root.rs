//! The tree of all commands, and what runs for each.

use crate::cobra::{Arity, Command, Flag, Matches};
use crate::context::Context;
use crate::frame::global_flags;
use crate::{CliError, Environment, Exit};
use crate::{
    build, check, completion, create, debug, delete, dev, diff, envsubst, events, export, get,
    install, logs, migrate, plugin, reconcile, stats, suspend, trace, tree, version,
};

const EXAMPLE: &str = "  # Apply a directory with an API server and controllers on this machine
  flux dev ./clusters/staging

  # Print everything and how it stands
  flux get all -A

  # Fetch a source and apply it now
  flux reconcile kustomization my-app --with-source

  # Stop and continue the reconciliation of a Kustomization
  flux suspend kustomization my-app
  flux resume kustomization my-app";

/// Describes `flux` and all of its commands.
pub(crate) fn command(environment: &Environment) -> Command {
    let mut root =
        Command::group("flux", "Command line utility for assembling Kubernetes CD pipelines")
            .long("Command line utility for assembling Kubernetes CD pipelines the GitOps way.")
            .example(EXAMPLE)
            .persistent(global_flags(environment))
            .flag(Flag::bool("version", "version for flux").short('v'))
            .children([
                build::command(),
                check::command(),
                completion::command(),
                create::command(),
                debug::command(),
                delete::command(),
                dev::command(),
                diff::command(),
                envsubst::command(),
                events::command(),
                export::command(),
                get::command(),
                install::command(),
                install::uninstall_command(),
                logs::command(),
                migrate::command(),
                plugin::command(),
                reconcile::command(),
                stats::command(),
                suspend::resume_command(),
                suspend::suspend_command(),
                trace::command(),
                tree::command(),
                version::command(),
            ]);
    root.children.push(
        Command::leaf("help", "Help about any command")
            .operands("[command]")
            .long("Prints the help of a command: flux help, followed by the words of the command.")
            .arity(Arity::Any),
    );
    add_help(&mut root);
    root
}

/// Gives every command the flag that prints its help.
fn add_help(command: &mut Command) {
    command.flags.push(Flag::bool("help", &format!("help for {}", command.name)).short('h'));
    command.children.iter_mut().for_each(add_help);
}

/// Runs the command that was asked for.
pub(crate) async fn run(matches: &Matches, cx: &mut Context<'_>) -> Result<Exit, CliError> {
    match matches.path.as_slice() {
        ["build", ..] => build::run(matches, cx).await,
        ["check"] => check::run(matches, cx).await,
        ["completion", shell] => completion::run(shell, cx),
        ["create", ..] => create::run(matches, cx).await,
        ["debug", ..] => debug::run(matches, cx).await,
        ["delete", ..] => delete::run(matches, cx).await,
        ["dev"] => dev::run(matches, cx).await,
        ["diff", ..] => diff::run(matches, cx).await,
        ["envsubst"] => envsubst::run(matches, cx),
        ["events"] => events::run(matches, cx).await,
        ["export", ..] => export::run(matches, cx).await,
        ["get", ..] => get::run(matches, cx).await,
        ["install"] => install::run(matches, cx).await,
        ["logs"] => logs::run(matches, cx).await,
        ["migrate"] => migrate::run(matches, cx).await,
        ["plugin", ..] => plugin::run(matches, cx),
        ["reconcile", ..] => reconcile::run(matches, cx).await,
        ["resume", ..] => suspend::resume(matches, cx).await,
        ["stats"] => stats::run(matches, cx).await,
        ["suspend", ..] => suspend::suspend(matches, cx).await,
        ["trace"] => trace::run(matches, cx).await,
        ["tree", ..] => tree::run(matches, cx).await,
        ["uninstall"] => install::uninstall(matches, cx).await,
        ["version"] => version::run(matches, cx).await,
        other => Err(CliError::Usage(format!("flux {} does nothing", other.join(" ")))),
    }
}
