//! `export`: objects as somebody would write them.

mod typed;

use flux_cluster::{List, Target};
use flux_manifest::{GroupVersionKind, Object};
use serde_json::{Map, Value, json};

use crate::cobra::{Command, Flag, Matches};
use crate::context::Context;
use crate::create::print_export;
use crate::kind::{KINDS, Kind};
use crate::words::{Words, with_kinds};
use crate::{CliError, Exit};

/// Describes the command.
pub(crate) fn command() -> Command {
    let verb = Command::group("export", "Print objects as YAML")
        .long("Prints objects as YAML without what the cluster has added.")
        .persistent([Flag::bool("all", "all objects of the kind in the namespace")]);
    let mut verb = with_kinds(verb, KINDS, Words::Singular, |kind, word| {
        Command::leaf(word, &format!("Print {}s as YAML", kind.kind)).operands("[name]").example(
            &format!(
                "  # Print all of a namespace\n  flux export {0} --all > {1}.yaml\n\n  # Print one\n  flux export {0} my-{1}",
                kind.words(), kind.word,
            ),
        )
    });
    for group in verb.children.iter_mut().filter(|it| it.name == "source") {
        group.persistent.push(Flag::bool(
            "with-credentials",
            "print the Secret that the source refers to as well",
        ));
    }
    verb
}

/// Runs the command.
pub(crate) async fn run(matches: &Matches, cx: &mut Context<'_>) -> Result<Exit, CliError> {
    let found = Words::Singular.find(matches);
    let kind = found.ok_or_else(|| CliError::Usage("no kind given".to_owned()))?;
    let objects = if matches.is_on("all") {
        let list = List::namespace(&cx.global.namespace);
        let objects = cx.list(kind, &list).await?;
        if objects.is_empty() {
            let namespace = &cx.global.namespace;
            return Err(CliError::Failed(format!("no objects found in {namespace} namespace")));
        }
        objects
    } else {
        let name = matches.name().ok_or_else(|| CliError::Usage("name is required".to_owned()))?;
        vec![fetch(kind, name, cx).await?]
    };
    for object in &objects {
        print_export(&written(kind, object), cx)?;
        if matches.is_on("with-credentials")
            && let Some(secret) = secret_of(object)
        {
            print_secret(secret, cx).await?;
        }
    }
    Ok(Exit::SUCCESS)
}

/// Reads an object; one that is not there is told in the server's words.
pub(crate) async fn fetch(
    kind: &Kind,
    name: &str,
    cx: &mut Context<'_>,
) -> Result<Object, CliError> {
    let target = cx.target(kind, name);
    let found = cx.cluster().await?.get(&target).await;
    found.map_err(|error| CliError::Cluster(error.to_string()))
}

/// Leaves what somebody would write.
fn written(kind: &Kind, object: &Object) -> Value {
    let mut metadata = Map::new();
    for key in ["name", "namespace", "labels", "annotations"] {
        if let Some(value) = object.pointer(&format!("/metadata/{key}")) {
            metadata.insert(key.to_owned(), value.clone());
        }
    }
    let mut spec = object.pointer("/spec").cloned().unwrap_or_else(|| json!({}));
    typed::normalize(kind, &mut spec);
    json!({
        "apiVersion": kind.gvk().api_version(),
        "kind": kind.kind,
        "metadata": metadata,
        "spec": spec,
    })
}

fn secret_of(object: &Object) -> Option<Target> {
    let name = object.pointer("/spec/secretRef/name").and_then(Value::as_str)?;
    Some(Target::new(GroupVersionKind::new("", "v1", "Secret"), object.namespace(), name))
}

async fn print_secret(target: Target, cx: &mut Context<'_>) -> Result<(), CliError> {
    let found = cx.cluster().await?.get(&target).await;
    let secret = found.map_err(|error| {
        CliError::Cluster(format!("failed to retrieve secret {}, error: {error}", target.name))
    })?;
    let mut value = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": target.name, "namespace": target.namespace},
    });
    for key in ["data", "type"] {
        if let Some(part) = secret.pointer(&format!("/{key}")) {
            value[key] = part.clone();
        }
    }
    print_export(&value, cx)
}
