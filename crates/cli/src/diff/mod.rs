//! `diff`: what applying a Kustomization would change.

mod compare;
mod report;

use flux_apply::{Difference, Recreate, Settings, difference};
use flux_manifest::Object;
use flux_plan::{Action, ChangeSet, IgnoreRules, Inventory, Owner, Selector};
use serde_json::Value;

use crate::build::{Builder, MASK, decode, flags, is_kustomization};
use crate::cobra::{Command, Flag, Matches};
use crate::context::Context;
use crate::kind::KUSTOMIZATION;
use crate::words::names_of;
use crate::{CliError, Exit};

/// Whose fields are compared.
const MANAGER: &str = "kustomize-controller";

/// Describes the command.
pub(crate) fn command() -> Command {
    let kustomization = Command::leaf("kustomization", "Compare a Kustomization with the cluster")
        .operands("[name]")
        .alias(&["ks"])
        .long("Prints what applying a Kustomization from a local directory would change. Status 0 means nothing, 1 changes, 2 that it could not be found out.")
        .example("  # Compare a directory with what a Kustomization has applied\n  flux diff kustomization my-app --path ./path/to/local/manifests\n\n  # Go on with the Kustomizations that are built\n  flux diff kustomization my-app --path ./path/to/local/manifests --recursive --local-sources GitRepository/flux-system/my-repo=./")
        .complete(names_of(&KUSTOMIZATION))
        .flags(flags())
        .flags([
            Flag::bool("progress-bar", "show progress").default("true"),
            Flag::bool("ignore-not-found", "compare also if the Kustomization is not in the cluster; needs --kustomization-file"),
        ]);
    Command::group("diff", "Compare with what is there").child(kustomization)
}

/// Runs the command.
pub(crate) async fn run(matches: &Matches, cx: &mut Context<'_>) -> Result<Exit, CliError> {
    let Some(name) = matches.name() else {
        return Err(CliError::Usage("kustomization name is required".to_owned()));
    };
    let differs = |error: CliError| CliError::Differs(error.to_string());
    let builder = Builder::new(name, matches, cx).map_err(differs)?;
    let found = compare(builder, cx).await.map_err(differs)?;
    cx.io.data(&found.text)?;
    if let Some(error) = found.error {
        return Err(CliError::Differs(error));
    }
    if found.changed {
        let text = "identified at least one change, exiting with non-zero exit code";
        return Err(CliError::Changes(text.to_owned()));
    }
    Ok(Exit::SUCCESS)
}

/// What was found.
#[derive(Debug, Default)]
struct Found {
    text: String,
    changed: bool,
    /// Why some objects could not be compared.
    error: Option<String>,
}

/// Builds and compares a Kustomization.
async fn compare(mut builder: Builder, cx: &mut Context<'_>) -> Result<Found, CliError> {
    let mut objects = builder.build_alone(cx).await?;
    flux_plan::normalize_all(&mut objects);
    let kustomization = builder.kustomization().cloned();
    let kustomization = kustomization
        .ok_or_else(|| CliError::Failed("the Kustomization is not known".to_owned()))?;
    let settings = settings(&kustomization)?;
    let cluster = cx.cluster().await?;
    let (mut found, mut errors, mut changes) = (Found::default(), Vec::new(), ChangeSet::default());
    for object in &objects {
        let mut difference = match difference(&cluster, object, &settings).await {
            Ok(difference) => difference,
            Err(error) => {
                errors.push(error.to_string());
                continue;
            }
        };
        if let Some((live, merged)) = &mut difference.sides {
            // What others may change is no difference.
            let rules = (&settings.ignored, settings.manager);
            *merged = flux_plan::respect_ignored(merged, live, merged, rules);
        }
        let action = judge(object, &difference);
        tell(object, &difference, action, &mut found);
        changes.changes.push(difference.change);
        let nested = builder.is_recursive()
            && is_kustomization(object)
            && action != Action::Created
            && !builder.is_itself(object);
        if nested {
            nest(object, &builder, &mut found, &mut errors, cx).await;
        }
    }
    if errors.is_empty() && kustomization.pointer("/spec/prune") == Some(&Value::Bool(true)) {
        pruned(&kustomization, &changes, &mut found)?;
    }
    found.error = Some(aggregate(&errors)).filter(|_| !errors.is_empty());
    Ok(found)
}

/// Joins errors as the original does.
fn aggregate(errors: &[String]) -> String {
    match errors {
        [only] => only.clone(),
        all => format!("[{}]", all.join(", ")),
    }
}

fn settings(kustomization: &Object) -> Result<Settings, CliError> {
    let rules = kustomization.pointer("/spec/ignore").and_then(Value::as_array);
    let mut ignored: Vec<(Option<Selector>, Vec<String>)> = Vec::new();
    for rule in rules.into_iter().flatten() {
        let paths = rule.get("paths").and_then(Value::as_array).into_iter().flatten();
        let paths = paths.filter_map(Value::as_str).map(str::to_owned).collect();
        ignored.push((rule.get("target").map(selector), paths));
    }
    let pairs = ignored.iter().map(|(selector, paths)| (selector.as_ref(), paths.as_slice()));
    let ignored = IgnoreRules::new(pairs).map_err(|error| CliError::Failed(error.to_string()))?;
    Ok(Settings {
        manager: MANAGER,
        owner: Owner {
            group: KUSTOMIZATION.group.to_owned(),
            name: kustomization.name().to_owned(),
            namespace: kustomization.namespace().to_owned(),
        },
        recreate: Recreate::OnRequest,
        ignored,
        custom_stages: Vec::new(),
        takeover: Vec::new(),
        concurrency: 4,
        migrate_api_version: false,
    })
}

fn selector(target: &Value) -> Selector {
    let text = |key: &str| target.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    Selector {
        group: text("group"),
        version: text("version"),
        kind: text("kind"),
        name: text("name"),
        namespace: text("namespace"),
        annotations: text("annotationSelector"),
        labels: text("labelSelector"),
    }
}

/// Decides whether an object changes: an encrypted Secret only if its keys do.
fn judge(object: &Object, difference: &Difference) -> Action {
    let Some((live, merged)) = &difference.sides else { return difference.change.action };
    if !is_masked(object) {
        return difference.change.action;
    }
    if keys(live) == keys(merged) { Action::Unchanged } else { Action::Configured }
}

/// Tells whether an object is a Secret with masked values.
fn is_masked(object: &Object) -> bool {
    let data = object.pointer("/data").and_then(Value::as_object);
    let masked = |value: &Value| {
        let bytes = decode(value.as_str().unwrap_or_default());
        String::from_utf8_lossy(&bytes).contains(MASK)
    };
    object.kind() == "Secret" && data.is_some_and(|data| data.values().any(masked))
}

fn keys(object: &Object) -> Vec<&String> {
    object
        .pointer("/data")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|it| it.0)
        .collect()
}

/// Adds what becomes of an object.
fn tell(object: &Object, difference: &Difference, action: Action, found: &mut Found) {
    let subject = difference.change.id.subject();
    match action {
        Action::Skipped => found.text.push_str(&format!("► {subject} skipped\n")),
        Action::Created => {
            found.text.push_str(&format!("► {subject} created\n"));
            found.changed = true;
        }
        Action::Configured => {
            found.text.push_str(&format!("► {subject} drifted\n"));
            found.changed = true;
            if let Some((live, merged)) = &difference.sides {
                let (live, merged) = shown(object, live, merged);
                found.text.push_str(&report::report(&compare::compare(&live, &merged)));
            }
        }
        Action::Unchanged | Action::Deleted | Action::Unknown => {}
    }
}

/// Returns both sides as they are shown: without values of Secrets and what the server keeps.
fn shown(object: &Object, live: &Object, merged: &Object) -> (Value, Value) {
    let (mut live, mut merged) = (live.as_value().clone(), merged.as_value().clone());
    for side in [&mut live, &mut merged] {
        if let Some(metadata) = side.pointer_mut("/metadata").and_then(Value::as_object_mut) {
            for key in
                ["managedFields", "resourceVersion", "generation", "creationTimestamp", "uid"]
            {
                metadata.remove(key);
            }
        }
        if let Some(fields) = side.as_object_mut() {
            fields.remove("status");
        }
    }
    if is_masked(object) {
        for side in [&mut live, &mut merged] {
            let data = side.pointer_mut("/data").and_then(Value::as_object_mut);
            data.into_iter().flatten().for_each(|it| *it.1 = "*****".into());
        }
    } else if object.kind() == "Secret" {
        flux_plan::mask_secrets(&mut live, &mut merged);
    }
    (live, merged)
}

/// Compares a Kustomization that is among the objects.
async fn nest(
    object: &Object,
    builder: &Builder,
    found: &mut Found,
    errors: &mut Vec<String>,
    cx: &mut Context<'_>,
) {
    let subject = object.id().subject();
    if object.pointer("/spec/kubeConfig").is_some() {
        let text = format!("⚠️ {subject} skipped: diff not supported for remote clusters\n");
        found.text.push_str(&text);
        return;
    }
    let below = match builder.nested(object, cx) {
        Ok(nested) => Box::pin(compare(nested.live_only(), cx)).await,
        Err(error) => Err(error),
    };
    match below {
        Ok(below) => {
            if below.changed {
                found.changed = true;
                found.text.push_str(&format!("📁 {subject} changed\n{}", below.text));
            }
            errors.extend(below.error);
        }
        Err(error) => errors.push(error.to_string()),
    }
}

/// Adds the objects that the inventory holds and the build no longer does.
fn pruned(kustomization: &Object, changes: &ChangeSet, found: &mut Found) -> Result<(), CliError> {
    let Some(inventory) = kustomization.pointer("/status/inventory") else { return Ok(()) };
    let fail = |error: String| CliError::Failed(error);
    let old: Inventory =
        serde_json::from_value(inventory.clone()).map_err(|error| fail(error.to_string()))?;
    let stale = old.stale(&Inventory::from_changes(changes));
    let ids = stale.ids().map_err(|error| fail(error.to_string()))?;
    for (id, _) in &ids {
        found.changed = true;
        found.text.push_str(&format!("► {} deleted\n", id.subject()));
    }
    Ok(())
}
