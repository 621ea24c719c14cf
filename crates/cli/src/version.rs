//! `version`: the command's own and that of what runs in the cluster.

use std::collections::BTreeMap;

use flux_cluster::{List, Target};
use flux_manifest::{GroupVersionKind, Object};
use serde_json::Value;

use crate::cobra::{Command, Flag, Matches};
use crate::context::Context;
use crate::frame::shared;
use crate::tree::pretty_json;
use crate::{CliError, Exit};

/// The version of this program, with upstream's `v`.
pub(crate) const VERSION: &str = concat!("v", env!("CARGO_PKG_VERSION"));

/// The version of this program.
pub(crate) const NUMBER: &str = env!("CARGO_PKG_VERSION");

const PART_OF: &str = "app.kubernetes.io/part-of";

/// Describes the command.
pub(crate) fn command() -> Command {
    Command::leaf("version", "Print the versions of this program and of what runs in the cluster")
        .long("Prints the version of this program, and of the distribution and controllers in the cluster.")
        .example("  # Print all versions\n  flux version\n\n  # Print that of this program as JSON\n  flux version --client -o json")
        .flag(Flag::bool("client", "print the version of this program only"))
        .flag(shared::output("format of the output: json or yaml").default("yaml"))
}

/// Runs the command.
pub(crate) async fn run(matches: &Matches, cx: &mut Context<'_>) -> Result<Exit, CliError> {
    let format = matches.text("output");
    if !matches!(format, "yaml" | "json") {
        return Err(CliError::Usage(format!("--output must be json or yaml, not {format}")));
    }
    let mut entries = BTreeMap::from([("flux".to_owned(), VERSION.to_owned())]);
    if !matches.is_on("client") {
        entries.extend(installed(cx).await?);
    }
    let printed = if format == "json" {
        pretty_json(&entries.into_iter().collect())? + "\n"
    } else {
        yaml(&entries)
    };
    cx.io.data(&printed)?;
    Ok(Exit::SUCCESS)
}

/// Prints the command first, then the distribution, then the components.
fn yaml(entries: &BTreeMap<String, String>) -> String {
    let first = ["flux", "distribution"];
    let named = first.iter().filter_map(|key| Some((*key, entries.get(*key)?.as_str())));
    let rest = entries.iter().filter(|(key, _)| !first.contains(&key.as_str()));
    let lines = named.chain(rest.map(|(key, value)| (key.as_str(), value.as_str())));
    lines.map(|(key, value)| format!("{key}: {value}\n")).collect()
}

/// Returns what the Deployments in the cluster run, by component.
async fn installed(cx: &mut Context<'_>) -> Result<BTreeMap<String, String>, CliError> {
    let cluster = cx.cluster().await?;
    let fail = |error: flux_cluster::Error| CliError::Cluster(error.to_string());
    let deployments = List::namespace(&cx.global.namespace).labelled(&format!("{PART_OF}=flux"));
    let kind = GroupVersionKind::new("apps", "v1", "Deployment");
    let deployments = cluster.list(&kind, &deployments).await.map_err(fail)?;
    if deployments.is_empty() {
        let namespace = &cx.global.namespace;
        return Err(CliError::Failed(format!("no deployments found in {namespace} namespace")));
    }
    let mut entries = BTreeMap::new();
    let crd = GroupVersionKind::new("apiextensions.k8s.io", "v1", "CustomResourceDefinition");
    let crd = Target::new(crd, "", "gitrepositories.source.toolkit.fluxcd.io");
    if let Some(crd) = cluster.find_metadata(&crd).await.map_err(fail)? {
        let label = |key: &str| crd.label(key).unwrap_or_default().to_owned();
        let version = label("app.kubernetes.io/version");
        if !version.is_empty() {
            entries.insert("distribution".to_owned(), format!("{}-{version}", label(PART_OF)));
        }
    }
    for image in deployments.iter().flat_map(images) {
        let (name, tag) = split_image(&image)?;
        entries.insert(name, tag);
    }
    Ok(entries)
}

/// Returns the images of a Deployment's containers.
pub(crate) fn images(deployment: &Object) -> Vec<String> {
    let containers = deployment.pointer("/spec/template/spec/containers").and_then(Value::as_array);
    let image = |it: &Value| it.get("image").and_then(Value::as_str).map(str::to_owned);
    containers.into_iter().flatten().filter_map(image).collect()
}

/// Splits an image into the last element of its name and its tag.
fn split_image(image: &str) -> Result<(String, String), CliError> {
    let last = image.rsplit('/').next().unwrap_or(image);
    let (name, tag) = last
        .split_once(':')
        .ok_or_else(|| CliError::Failed(format!("missing image tag in image {image}")))?;
    Ok((name.to_owned(), tag.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_named_by_its_last_element() {
        let (name, tag) = split_image("ghcr.io:443/fluxcd/source-controller:v1.9.4").unwrap();
        assert_eq!((name.as_str(), tag.as_str()), ("source-controller", "v1.9.4"));
        assert!(split_image("ghcr.io:443/fluxcd/source-controller").is_err());
    }

    #[test]
    fn the_command_and_the_distribution_are_printed_first() {
        let entry = |key: &str| (key.to_owned(), "v1".to_owned());
        let entries = BTreeMap::from(["a-controller", "distribution", "flux"].map(entry));
        assert_eq!(yaml(&entries), "flux: v1\ndistribution: v1\na-controller: v1\n");
    }
}
