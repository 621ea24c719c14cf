//! `uninstall`: takes controllers, finalizers, definitions and the namespace away; workloads stay.

use flux_cluster::{Deletion, List, Patch, Target, Write};
use flux_manifest::{GroupVersionKind, Object};
use serde_json::json;

use crate::cobra::{Arity, Command, Flag, Matches};
use crate::context::Context;
use crate::frame::shared;
use crate::kind::KINDS;
use crate::{CliError, Exit};

const PART_OF_FLUX: &str = "app.kubernetes.io/part-of=flux";

/// Describes `uninstall`.
pub(crate) fn command() -> Command {
    Command::leaf("uninstall", "Uninstall Flux and its definitions")
        .long("Deletes the controllers, the definitions and the namespace. What Kustomizations and HelmReleases have applied stays.")
        .example("  # Uninstall everything\n  flux uninstall\n\n  # Keep the namespace, and do not ask\n  flux uninstall --keep-namespace --silent")
        .arity(Arity::None)
        .flags([
            Flag::bool("keep-namespace", "do not delete the namespace"),
            Flag::bool("dry-run", "only print what would be deleted"),
            shared::silent("do not ask for confirmation"),
        ])
}

/// Runs `uninstall`; what cannot be deleted is told and no failure.
pub(crate) async fn run(matches: &Matches, cx: &mut Context<'_>) -> Result<Exit, CliError> {
    let dry_run = matches.is_on("dry-run");
    let asks = !matches.is_on("silent") && !dry_run;
    if asks
        && !cx
            .io
            .confirm("Are you sure you want to delete Flux and its custom resource definitions")?
    {
        return Err(CliError::Failed("aborting".to_owned()));
    }
    let namespace = cx.global.namespace.clone();
    let namespaced = List::namespace(&namespace).labelled(PART_OF_FLUX);
    let everywhere = List::all().labelled(PART_OF_FLUX);
    cx.io.action(&format!("deleting components in {namespace} namespace"))?;
    let own = [
        ("apps", "Deployment"),
        ("", "Service"),
        ("networking.k8s.io", "NetworkPolicy"),
        ("", "ServiceAccount"),
    ];
    for (group, kind) in own {
        delete_all(&GroupVersionKind::new(group, "v1", kind), &namespaced, dry_run, cx).await?;
    }
    for kind in ["ClusterRole", "ClusterRoleBinding"] {
        let kind = GroupVersionKind::new("rbac.authorization.k8s.io", "v1", kind);
        delete_all(&kind, &everywhere, dry_run, cx).await?;
    }
    cx.io.action("deleting toolkit.fluxcd.io finalizers in all namespaces")?;
    for kind in KINDS.iter().filter(|kind| kind.kind != "ExternalArtifact") {
        release(&kind.gvk(), dry_run, cx).await?;
    }
    cx.io.action("deleting toolkit.fluxcd.io custom resource definitions")?;
    let definitions =
        GroupVersionKind::new("apiextensions.k8s.io", "v1", "CustomResourceDefinition");
    delete_all(&definitions, &everywhere, dry_run, cx).await?;
    if !matches.is_on("keep-namespace") {
        let target = Target::new(GroupVersionKind::new("", "v1", "Namespace"), "", &namespace);
        delete(&target, dry_run, cx).await?;
    }
    cx.io.success("uninstall finished")?;
    Ok(Exit::SUCCESS)
}

fn suffix(dry_run: bool) -> &'static str {
    if dry_run { " (dry run)" } else { "" }
}

async fn listed(
    kind: &GroupVersionKind,
    list: &List,
    cx: &mut Context<'_>,
) -> Result<Vec<Object>, CliError> {
    // A kind that is not served has no objects.
    Ok(cx.cluster().await?.list(kind, list).await.unwrap_or_default())
}

async fn delete_all(
    kind: &GroupVersionKind,
    list: &List,
    dry_run: bool,
    cx: &mut Context<'_>,
) -> Result<(), CliError> {
    for object in listed(kind, list, cx).await? {
        delete(&Target::of(&object), dry_run, cx).await?;
    }
    Ok(())
}

async fn delete(target: &Target, dry_run: bool, cx: &mut Context<'_>) -> Result<(), CliError> {
    let namespace = match target.namespace.as_str() {
        "" => String::new(),
        namespace => format!("{namespace}/"),
    };
    let subject = format!("{}/{namespace}{}", target.kind.kind, target.name);
    let deletion = Deletion { dry_run, ..Deletion::default() };
    match cx.cluster().await?.delete(target, &deletion).await {
        Ok(()) => cx.io.success(&format!("{subject} deleted{}", suffix(dry_run))),
        Err(error) => cx.io.failure(&format!("{subject} deletion failed: {error}")),
    }
}

/// Takes the finalizers of all objects of a kind away, after the controllers are gone.
async fn release(
    kind: &GroupVersionKind,
    dry_run: bool,
    cx: &mut Context<'_>,
) -> Result<(), CliError> {
    for object in listed(kind, &List::all(), cx).await? {
        let subject = object.id().subject();
        let mut write = Write::by("flux");
        write.dry_run = dry_run;
        let patch = Patch::Merge(json!({"metadata": {"finalizers": null}}));
        match cx.cluster().await?.patch(&Target::of(&object), &patch, &write).await {
            Ok(_) => cx.io.success(&format!("{subject} finalizers deleted{}", suffix(dry_run)))?,
            Err(error) => {
                cx.io.failure(&format!("{subject} removing finalizers failed: {error}"))?
            }
        }
    }
    Ok(())
}
