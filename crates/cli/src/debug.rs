//! `debug`: what a Kustomization or HelmRelease works with.

mod values;

use std::collections::BTreeMap;

use flux_build::{Lookup, ReferenceKind, references};
use flux_cluster::Target;
use flux_manifest::{GroupVersionKind, Object};
use serde_json::{Value, json};

use crate::cobra::{Arity, Command, Flag, Matches};
use crate::context::Context;
use crate::export::fetch;
use crate::kind::{HELM_RELEASE, KUSTOMIZATION};
use crate::words::names_of;
use crate::{CliError, Exit};

/// Describes the command.
pub(crate) fn command() -> Command {
    let history = || Flag::bool("show-history", "print what was reconciled before");
    let helm_release = Command::leaf("helmrelease", "Print status, values or history of a HelmRelease")
        .operands("[name]")
        .alias(&["hr"])
        .long("Prints status, history or the values that a HelmRelease is installed with. Values may hold what Secrets hold.")
        .example("  # Print the status\n  flux debug hr podinfo --show-status\n\n  # Print the merged values\n  flux debug hr podinfo --show-values > values.yaml")
        .arity(Arity::Exactly(1))
        .complete(names_of(&HELM_RELEASE))
        .flag(Flag::bool("show-status", "print the status"))
        .flag(Flag::bool("show-values", "print the values with everything merged"))
        .flag(history());
    let kustomization = Command::leaf("kustomization", "Print status, variables or history of a Kustomization")
        .operands("[name]")
        .alias(&["ks"])
        .long("Prints status, history or the variables that a Kustomization is built with. Variables may hold what Secrets hold.")
        .example("  # Print the status\n  flux debug ks podinfo --show-status\n\n  # Print the variables in the form of an env file\n  flux debug ks podinfo --show-vars > vars.env")
        .arity(Arity::Exactly(1))
        .complete(names_of(&KUSTOMIZATION))
        .flag(Flag::bool("show-status", "print the status"))
        .flag(Flag::bool("show-vars", "print the variables with everything merged, in the form of an env file"))
        .flag(history());
    Command::group("debug", "Print what an object works with")
        .child(helm_release)
        .child(kustomization)
}

/// Runs the command.
pub(crate) async fn run(matches: &Matches, cx: &mut Context<'_>) -> Result<Exit, CliError> {
    let helm = matches.path.get(1) == Some(&"helmrelease");
    let (own, kind, docs) = match helm {
        true => ("values", &HELM_RELEASE, ("helm/helmreleases", "helmrelease-status")),
        false => ("vars", &KUSTOMIZATION, ("kustomize/kustomizations", "kustomization-status")),
    };
    let asked: Vec<&str> = ["status", own, "history"]
        .into_iter()
        .filter(|what| matches.is_on(&format!("show-{what}")))
        .collect();
    let [what] = asked[..] else {
        return Err(CliError::Usage(format!(
            "exactly one of --show-status, --show-{own}, or --show-history must be set"
        )));
    };
    let object = fetch(kind, matches.name().unwrap_or_default(), cx).await?;
    let url = format!("https://fluxcd.io/flux/components/{}/#", docs.0);
    let text = match what {
        "status" => {
            let status = object.pointer("/status").cloned().unwrap_or_else(|| json!({}));
            format!("# Status documentation: {url}{}\n{}", docs.1, flux_yaml::to_string(&status))
        }
        "history" => {
            let history = object.pointer("/status/history").cloned();
            let history = with_typed_nulls(history.unwrap_or_else(|| json!([])), helm);
            format!("# History documentation: {url}history\n{}", flux_yaml::to_string(&history))
        }
        _ if helm => flux_yaml::to_string(&values::merged(&object, cx).await?),
        _ => variables(&object, cx).await?,
    };
    cx.io.data(&text)?;
    Ok(Exit::SUCCESS)
}

/// Writes the times of a release that was not deleted as the original's types do: as null.
fn with_typed_nulls(mut history: Value, helm: bool) -> Value {
    if helm {
        for snapshot in history.as_array_mut().into_iter().flatten() {
            if let Some(fields) = snapshot.as_object_mut() {
                fields.entry("deleted").or_insert(Value::Null);
            }
        }
    }
    history
}

/// Returns the variables of a Kustomization as `KEY=value` lines.
async fn variables(object: &Object, cx: &mut Context<'_>) -> Result<String, CliError> {
    if object.pointer("/spec/postBuild").is_none() {
        return Err(CliError::Failed("no post build substitutions found".to_owned()));
    }
    let mut all: BTreeMap<String, String> = BTreeMap::new();
    for lookup in lookups(object.as_value(), object.namespace(), cx).await? {
        all.extend(found(lookup)?);
    }
    let inline = object.pointer("/spec/postBuild/substitute").and_then(Value::as_object);
    for (key, value) in inline.into_iter().flatten() {
        all.insert(key.clone(), value.as_str().unwrap_or_default().replace('\n', ""));
    }
    Ok(all.iter().map(|(key, value)| format!("{key}={value}\n")).collect())
}

fn found(lookup: Lookup) -> Result<BTreeMap<String, String>, CliError> {
    match lookup {
        Lookup::Found(variables) => Ok(variables.into_iter().collect()),
        Lookup::NotFound => Ok(BTreeMap::new()),
        Lookup::Failed(text) => Err(CliError::Failed(text)),
    }
}

/// Reads what `substituteFrom` names.
pub(crate) async fn lookups(
    kustomization: &Value,
    namespace: &str,
    cx: &mut Context<'_>,
) -> Result<Vec<Lookup>, CliError> {
    let mut lookups = Vec::new();
    for reference in references(kustomization) {
        let kind = match reference.kind {
            ReferenceKind::ConfigMap => "ConfigMap",
            ReferenceKind::Secret => "Secret",
        };
        let target = Target::new(GroupVersionKind::new("", "v1", kind), namespace, &reference.name);
        let found = cx.cluster().await?.find(&target).await;
        lookups.push(match found.map_err(|error| CliError::Cluster(error.to_string()))? {
            Some(object) => Lookup::of_object(object.as_value()),
            None => Lookup::NotFound,
        });
    }
    Ok(lookups)
}
