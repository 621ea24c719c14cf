//! `reconcile`: asks a controller to do its work now, and waits until it has.

use flux_api::names;
use flux_cluster::{Patch, Write};
use flux_manifest::Object;
use serde_json::{Value, json};

use crate::cobra::{Command, Flag, Matches};
use crate::context::Context;
use crate::get::{is_static, is_suspended};
use crate::kind::{self, KINDS, Kind};
use crate::wait::{Goal, success_line, wait_for};
use crate::words::{Words, with_kinds};
use crate::{CliError, Exit};

/// Kinds that a controller reconciles on request.
fn kinds() -> Vec<&'static Kind> {
    let excluded = ["ExternalArtifact", "ArtifactGenerator", "Provider", "Alert"];
    KINDS.iter().copied().filter(|kind| !excluded.contains(&kind.kind)).collect()
}

/// Describes the command.
pub(crate) fn command() -> Command {
    let verb = Command::group("reconcile", "Reconcile objects now")
        .long("Asks a controller to reconcile an object now, and waits until it has.");
    with_kinds(verb, &kinds(), Words::Singular, |kind, word| {
        let command = Command::leaf(word, &format!("Reconcile a {} now", kind.kind))
            .operands("[name]")
            .example(&format!(
                "  # Reconcile one now\n  flux reconcile {} my-{}",
                kind.words(),
                kind.word
            ));
        let source = || Flag::bool("with-source", "reconcile the source first");
        match kind.kind {
            "HelmRelease" => command
                .flag(source())
                .flag(Flag::bool("force", "install or upgrade once even if nothing has changed"))
                .flag(Flag::bool("reset", "forget failed attempts")),
            "Kustomization" | "HelmChart" => command.flag(source()),
            _ => command,
        }
    })
}

/// Runs the command.
pub(crate) async fn run(matches: &Matches, cx: &mut Context<'_>) -> Result<Exit, CliError> {
    let found = Words::Singular.find(matches);
    let kind = found.ok_or_else(|| CliError::Usage("no kind given".to_owned()))?;
    let Some(name) = matches.name() else {
        return Err(CliError::Usage(format!("{} name is required", kind.human)));
    };
    let object = cx.get(kind, name).await?;
    if is_suspended(&object) {
        return Err(CliError::Failed("resource is suspended".to_owned()));
    }
    if matches.is_on("with-source") {
        sources(&object, cx).await?;
    }
    let request = Request { force: matches.is_on("force"), reset: matches.is_on("reset") };
    request_and_wait(kind, &object, request, cx).await?;
    Ok(Exit::SUCCESS)
}

/// What is asked for besides the reconciliation itself.
#[derive(Clone, Copy, Debug, Default)]
struct Request {
    force: bool,
    reset: bool,
}

/// Reconciles what an object is made from, the chart's own source first.
async fn sources(object: &Object, cx: &mut Context<'_>) -> Result<(), CliError> {
    for (kind, namespace, name) in chain(object)? {
        let working = std::mem::replace(&mut cx.global.namespace, namespace);
        let outcome = source(kind, &name, cx).await;
        cx.global.namespace = working;
        outcome?;
    }
    Ok(())
}

async fn source(kind: &'static Kind, name: &str, cx: &mut Context<'_>) -> Result<(), CliError> {
    let object = cx.get(kind, name).await?;
    if is_suspended(&object) {
        return Err(CliError::Failed("resource is suspended".to_owned()));
    }
    request_and_wait(kind, &object, Request::default(), cx).await
}

/// Returns the sources of an object, those that others need first.
fn chain(object: &Object) -> Result<Vec<(&'static Kind, String, String)>, CliError> {
    let mut found = Vec::new();
    let chart = object.pointer("/spec/chart/spec/sourceRef");
    let reference = ["/spec/sourceRef", "/spec/chartRef"].iter().find_map(|it| object.pointer(it));
    for reference in reference.into_iter().chain(chart) {
        let field = |key: &str| reference.get(key).and_then(Value::as_str).unwrap_or_default();
        let word = field("kind");
        let kind = KINDS
            .iter()
            .copied()
            .find(|kind| kind.kind == word && kind.group == names::group::SOURCE);
        let kind = kind
            .filter(|kind| kind.kind != "ExternalArtifact")
            .ok_or_else(|| CliError::Failed(format!("cannot reconcile source of kind {word}")))?;
        let namespace = match field("namespace") {
            "" => object.namespace(),
            namespace => namespace,
        };
        found.push((kind, namespace.to_owned(), field("name").to_owned()));
        if chart.is_some() {
            let name = format!("{}-{}", object.namespace(), object.name());
            found.push((&kind::HELM_CHART, namespace.to_owned(), name));
        }
    }
    Ok(found)
}

async fn request_and_wait(
    kind: &'static Kind,
    object: &Object,
    request: Request,
    cx: &mut Context<'_>,
) -> Result<(), CliError> {
    if is_static(object) {
        return cx.io.success("reconciliation not supported by the object");
    }
    let (name, namespace) = (object.name(), cx.global.namespace.clone());
    cx.io.action(&format!("annotating {} {name} in {namespace} namespace", kind.kind))?;
    let now = jiff::Timestamp::now().to_string();
    let mut annotations = json!({ names::REQUESTED_AT: now });
    if request.force {
        annotations[names::FORCE_AT] = now.clone().into();
    }
    if request.reset {
        annotations[names::RESET_AT] = now.into();
    }
    let target = cx.target(kind, name);
    let patch = Patch::Merge(json!({"metadata": {"annotations": annotations}}));
    let patched = cx.cluster().await?.patch(&target, &patch, &Write::by("flux")).await;
    patched.map_err(|error| CliError::Cluster(error.to_string()))?;
    cx.io.success(&format!("{} annotated", kind.kind))?;
    cx.io.waiting(&format!("waiting for {} reconciliation", kind.kind))?;
    let reconciled = wait_for(Goal::handled(target, object), cx).await?;
    cx.io.success(&success_line(kind, &reconciled))
}
