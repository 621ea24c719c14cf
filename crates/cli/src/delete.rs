//! `delete`.

use flux_cluster::Deletion;

use crate::cobra::{Command, Matches};
use crate::context::Context;
use crate::export::fetch;
use crate::frame::shared;
use crate::kind::{KINDS, Kind};
use crate::words::{Words, with_kinds};
use crate::{CliError, Exit};

fn kinds() -> Vec<&'static Kind> {
    let excluded = ["ExternalArtifact", "ArtifactGenerator"];
    KINDS.iter().copied().filter(|kind| !excluded.contains(&kind.kind)).collect()
}

/// Describes the command.
pub(crate) fn command() -> Command {
    let verb = Command::group("delete", "Delete objects")
        .long("Deletes objects. What they have applied is removed by their controllers if they prune.")
        .persistent([shared::silent("do not ask for confirmation")]);
    with_kinds(verb, &kinds(), Words::Singular, |kind, word| {
        Command::leaf(word, &format!("Delete a {}", kind.kind))
            .operands("[name]")
            .example(&format!("  # Delete one\n  flux delete {} my-{}", kind.words(), kind.word))
    })
}

/// Runs the command; finalizers are not waited for.
pub(crate) async fn run(matches: &Matches, cx: &mut Context<'_>) -> Result<Exit, CliError> {
    let found = Words::Singular.find(matches);
    let kind = found.ok_or_else(|| CliError::Usage("no kind given".to_owned()))?;
    let required = || CliError::Usage(format!("{} name is required", kind.human));
    let name = matches.name().ok_or_else(required)?;
    fetch(kind, name, cx).await?;
    let question = format!("Are you sure you want to delete this {}", kind.human);
    if !matches.is_on("silent") && !cx.io.confirm(&question)? {
        return Err(CliError::Failed("aborting".to_owned()));
    }
    let namespace = cx.global.namespace.clone();
    cx.io.action(&format!("deleting {} {name} in {namespace} namespace", kind.human))?;
    let target = cx.target(kind, name);
    let deleted = cx.cluster().await?.delete(&target, &Deletion::default()).await;
    deleted.map_err(|error| CliError::Cluster(error.to_string()))?;
    cx.io.success(&format!("{} deleted", kind.human))?;
    Ok(Exit::SUCCESS)
}
