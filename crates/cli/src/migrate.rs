//! `migrate`: brings objects to the versions of their kinds that Flux now stores.
//!
//! In a cluster, stored objects are written again; in files, the text of versions is replaced and
//! nothing else.

mod files;

use flux_cluster::{List, Patch, Target, Write};
use flux_manifest::{GroupVersionKind, Object};
use serde_json::{Value, json};

use crate::cobra::{Arity, Command, Flag, Matches};
use crate::context::Context;
use crate::{CliError, Exit};

/// Describes the command.
pub(crate) fn command() -> Command {
    Command::leaf("migrate", "Bring objects to the latest versions of their kinds")
        .long("Brings objects to the latest versions of their kinds: those that the cluster stores, or with --path those in files.")
        .example("  # Write what the cluster stores in the latest versions\n  flux migrate\n\n  # Change the files of the working directory\n  flux migrate -f .\n\n  # Show what would change, in templates as well\n  flux migrate -f . --extensions=.yml,.yaml,.tpl --dry-run")
        .arity(Arity::None)
        .flags([
            Flag::text("path", "file or directory whose manifests are changed").short('f'),
            Flag::list("extensions", "how names of files with manifests end").short('e').default("[.yaml,.yml]"),
            Flag::text("version", "minor version of Flux to migrate files to; that of this program by default").short('v'),
            Flag::bool("yes", "do not ask for confirmation").short('y'),
            Flag::bool("dry-run", "show what would change in files and stop"),
        ])
}

/// Runs the command.
pub(crate) async fn run(matches: &Matches, cx: &mut Context<'_>) -> Result<Exit, CliError> {
    match matches.some("path") {
        Some(path) => files::run(path, matches, cx)?,
        None => cluster(cx).await?,
    }
    Ok(Exit::SUCCESS)
}

async fn cluster(cx: &mut Context<'_>) -> Result<(), CliError> {
    cx.io.action("starting migration of custom resources")?;
    let kind = GroupVersionKind::new("apiextensions.k8s.io", "v1", "CustomResourceDefinition");
    let list = List::all().labelled("app.kubernetes.io/part-of=flux");
    let definitions = cx.cluster().await?.list(&kind, &list).await;
    let definitions =
        definitions.map_err(|error| CliError::Cluster(format!("failed to list CRDs: {error}")))?;
    for definition in &definitions {
        migrate(definition, cx).await?;
    }
    cx.io.success("custom resources migrated successfully")
}

/// Writes all objects of a kind again, and then forgets older versions.
async fn migrate(definition: &Object, cx: &mut Context<'_>) -> Result<(), CliError> {
    let name = definition.name();
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let versions = definition.pointer("/spec/versions").and_then(Value::as_array);
    let storage = versions.into_iter().flatten().find(|it| it["storage"] == true);
    let version = text(storage.and_then(|it| it.get("name")));
    if version.is_empty() {
        return Err(CliError::Failed(format!("no storage version found for CRD {name}")));
    }
    let group = text(definition.pointer("/spec/group"));
    let kind = text(definition.pointer("/spec/names/kind"));
    let gvk = GroupVersionKind::new(&group, &version, &kind);
    let fail = |error: flux_cluster::Error| {
        CliError::Cluster(format!("failed to migrate resources for CRD {name}: {error}"))
    };
    let cluster = cx.cluster().await?;
    for object in cluster.list(&gvk, &List::all()).await.map_err(fail)? {
        let patch = match managed_fields(&object, &gvk.api_version()) {
            Some(fields) => Patch::Json(json!([
                {"op": "replace", "path": "/metadata/managedFields", "value": fields},
                {"op": "replace", "path": "/metadata/resourceVersion", "value": object.resource_version()},
            ])),
            None => Patch::Merge(json!({})),
        };
        match cluster.patch(&Target::of(&object), &patch, &Write::by("flux")).await {
            Ok(_) => {}
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(fail(error)),
        }
        let (namespace, name) = (object.namespace(), object.name());
        cx.io.success(&format!("{kind}/{namespace}/{name} migrated to version {version}"))?;
    }
    let stored = definition.pointer("/status/storedVersions").and_then(Value::as_array);
    if stored.is_some_and(|it| it.as_slice() != [Value::from(version.as_str())]) {
        let patch = Patch::Merge(json!({"status": {"storedVersions": [version]}}));
        let written =
            cluster.patch(&Target::of(definition), &patch, &Write::by("flux").to("status")).await;
        written.map_err(|error| {
            CliError::Cluster(format!("failed to update CRD {name} status: {error}"))
        })?;
        cx.io.success(&format!("{name} migrated to storage version {version}"))?;
    }
    Ok(())
}

/// Returns the managed fields with all entries in one version, if that changes any.
fn managed_fields(object: &Object, api_version: &str) -> Option<Value> {
    let mut fields = object.pointer("/metadata/managedFields")?.as_array()?.clone();
    let mut changed = false;
    for entry in &mut fields {
        let other = entry.get("apiVersion").and_then(Value::as_str) != Some(api_version);
        if let Some(entry) = entry.as_object_mut().filter(|_| other) {
            entry.insert("apiVersion".to_owned(), api_version.into());
            changed = true;
        }
    }
    changed.then(|| fields.into())
}
