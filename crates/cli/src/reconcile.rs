//! `reconcile`: asks a controller to do its work now, and waits until it has.

use clap::{Arg, ArgMatches, Command};
use flux_api::names;
use flux_cluster::{Patch, Write};
use flux_manifest::Object;
use serde_json::{Value, json};

use crate::context::Context;
use crate::frame::{flag, is_on, text};
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
    let verb = Command::new("reconcile").about("Reconcile sources and resources");
    with_kinds(verb, &kinds(), Words::Singular, |kind, word| {
        let command = Command::new(word)
            .about(format!("Reconcile a {} resource", kind.kind))
            .arg(Arg::new("name").num_args(0..=1));
        let source = || flag("with-source", "reconcile the source as well");
        match kind.kind {
            "HelmRelease" => command
                .arg(source())
                .arg(flag(
                    "force",
                    "force a one-off install or upgrade of the HelmRelease resource",
                ))
                .arg(flag("reset", "reset the failure count for this HelmRelease resource")),
            "Kustomization" | "HelmChart" => command.arg(source()),
            _ => command,
        }
    })
}

/// Runs the command.
pub(crate) async fn run(matches: &ArgMatches, cx: &mut Context<'_>) -> Result<Exit, CliError> {
    let Some((kind, rest)) = Words::Singular.find(KINDS, matches) else {
        return Err(CliError::Usage("no kind given".to_owned()));
    };
    let Some(name) = text(rest, "name") else {
        return Err(CliError::Usage(format!("{} name is required", kind.human)));
    };
    let object = cx.get(kind, name).await?;
    if is_suspended(&object) {
        return Err(CliError::Failed("resource is suspended".to_owned()));
    }
    let on = |flag: &str| rest.try_contains_id(flag).is_ok() && is_on(rest, flag);
    if on("with-source") {
        sources(&object, cx).await?;
    }
    let request = Request { force: on("force"), reset: on("reset") };
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
