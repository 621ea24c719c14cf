//! `suspend` and `resume`.

use flux_cluster::{List, Patch, Write};
use serde_json::json;

use crate::cobra::{Command, Flag, Matches};
use crate::context::{Context, not_found};
use crate::kind::{KINDS, Kind};
use crate::wait::{Goal, success_line, wait_all};
use crate::words::{Words, with_kinds};
use crate::{CliError, Exit};

/// Kinds that can be suspended: an external artifact and a generator cannot.
fn kinds() -> Vec<&'static Kind> {
    let excluded = ["ExternalArtifact", "ArtifactGenerator"];
    KINDS.iter().copied().filter(|kind| !excluded.contains(&kind.kind)).collect()
}

/// Describes `suspend`.
pub(crate) fn suspend_command() -> Command {
    let verb = Command::group("suspend", "Stop the reconciliation of objects")
        .long("Stops the reconciliation of objects until they are resumed. What they have applied stays in the cluster.")
        .persistent([Flag::bool("all", "all objects of the kind in the namespace")]);
    with_kinds(verb, &kinds(), Words::Singular, |kind, word| {
        Command::leaf(word, &format!("Stop the reconciliation of {}s", kind.kind))
            .operands("[name]")
            .example(&format!(
                "  # Suspend one\n  flux suspend {0} my-{1}\n\n  # Suspend all of the namespace\n  flux suspend {0} --all",
                kind.words(), kind.word,
            ))
    })
}

/// Describes `resume`.
pub(crate) fn resume_command() -> Command {
    let verb = Command::group("resume", "Go on with the reconciliation of objects")
        .long("Goes on with the reconciliation of objects that were suspended, and waits for one if it is the only one.")
        .persistent([
            Flag::bool("all", "all objects of the kind in the namespace"),
            Flag::bool("wait", "wait until the objects are reconciled; the default for a single name"),
        ]);
    with_kinds(verb, &kinds(), Words::Singular, |kind, word| {
        Command::leaf(word, &format!("Go on with the reconciliation of {}s", kind.kind))
            .operands("[name]")
            .example(&format!(
                "  # Resume one and wait for it\n  flux resume {0} my-{1}\n\n  # Resume all of the namespace\n  flux resume {0} --all",
                kind.words(), kind.word,
            ))
    })
}

/// Runs `suspend`.
pub(crate) async fn suspend(matches: &Matches, cx: &mut Context<'_>) -> Result<Exit, CliError> {
    let kind = chosen(matches)?;
    for name in names(kind, matches, cx).await? {
        say(cx, "suspending", kind, &name)?;
        if set_suspended(kind, &name, true, cx).await? {
            cx.io.success(&format!("{} suspended", kind.human))?;
        }
    }
    Ok(Exit::SUCCESS)
}

/// Runs `resume`; waits for a single name unless told otherwise.
pub(crate) async fn resume(matches: &Matches, cx: &mut Context<'_>) -> Result<Exit, CliError> {
    let kind = chosen(matches)?;
    let names = names(kind, matches, cx).await?;
    let alone = !matches.given("wait") && matches.arguments.len() == 1;
    let wait = alone || matches.is_on("wait");
    let mut resumed = Vec::new();
    for name in names {
        say(cx, "resuming", kind, &name)?;
        if set_suspended(kind, &name, false, cx).await? {
            cx.io.success(&format!("{} resumed", kind.human))?;
            resumed.push(name);
        }
    }
    if !wait || resumed.is_empty() {
        return Ok(Exit::SUCCESS);
    }
    cx.io.waiting(&format!("waiting for {} reconciliation", kind.kind))?;
    resumed.sort();
    let goals: Vec<Goal> = resumed.iter().map(|name| Goal::ready(cx.target(kind, name))).collect();
    let mut failures = 0;
    for (name, outcome) in resumed.iter().zip(wait_all(goals, cx).await?) {
        match outcome {
            Ok(object) => {
                cx.io.success(&format!("{} {name} reconciliation completed", kind.kind))?;
                cx.io.success(&success_line(kind, &object))?;
            }
            Err(error) => {
                failures += 1;
                cx.io.failure(&error)?;
            }
        }
    }
    if failures > 0 {
        return Err(CliError::Failed(format!(
            "reconciliation failed for {failures} {}(s)",
            kind.kind
        )));
    }
    Ok(Exit::SUCCESS)
}

fn chosen(matches: &Matches) -> Result<&'static Kind, CliError> {
    let found = Words::Singular.find(matches);
    found.ok_or_else(|| CliError::Usage("no kind given".to_owned()))
}

/// Returns the names that are given, each once, or all in the namespace.
async fn names(
    kind: &Kind,
    matches: &Matches,
    cx: &mut Context<'_>,
) -> Result<Vec<String>, CliError> {
    let mut names: Vec<String> = Vec::new();
    for name in matches.arguments.clone() {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if !matches.is_on("all") {
        if names.is_empty() {
            return Err(CliError::Usage(format!("{} name is required", kind.human)));
        }
        return Ok(names);
    }
    let listed = cx.list(kind, &List::namespace(&cx.global.namespace.clone())).await?;
    if listed.is_empty() {
        return Err(CliError::Failed(format!(
            "no {} objects found in {} namespace",
            kind.kind, cx.global.namespace
        )));
    }
    Ok(listed.iter().map(|object| object.name().to_owned()).collect())
}

fn say(cx: &mut Context<'_>, doing: &str, kind: &Kind, name: &str) -> Result<(), CliError> {
    let text = format!("{doing} {} {name} in {} namespace", kind.human, cx.global.namespace);
    cx.io.action(&text)
}

/// Sets `spec.suspend`; says so and returns false if there is no such object.
async fn set_suspended(
    kind: &Kind,
    name: &str,
    on: bool,
    cx: &mut Context<'_>,
) -> Result<bool, CliError> {
    let target = cx.target(kind, name);
    let patch = Patch::Merge(json!({"spec": {"suspend": on}}));
    match cx.cluster().await?.patch(&target, &patch, &Write::by("flux")).await {
        Ok(_) => Ok(true),
        Err(error) if error.is_not_found() => {
            let text = not_found(kind, name, &cx.global.namespace).replace('"', "");
            cx.io.failure(&text)?;
            Ok(false)
        }
        Err(error) => Err(CliError::Cluster(error.to_string())),
    }
}
